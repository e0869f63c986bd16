"""The graph of spots that the embedding passes messages along."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from traitmap.ledger import Ledger


def spatial_graph(coordinates: np.ndarray, neighbors: int, ledger: Ledger) -> sparse.csr_matrix:
    """Link every spot with its nearest ones, with those that it is nearest to, and with itself.

    Parameters
    ----------
    coordinates
        n x 2 or n x 3, any unit. Spots at one place are neighbours at distance 0, like any others.
    neighbors
        Nearest spots of each, itself not counted; clipped to n - 1.

    Returns
    -------
    n x n CSR float32 of ones: symmetric, with a full diagonal, indices sorted.
    """
    from sklearn.neighbors import kneighbors_graph

    n = len(coordinates)
    k = min(neighbors, n - 1)
    if k < neighbors:
        ledger.warn(f"{n} spots have {k} neighbours each; {neighbors} were asked for")
    nearest = kneighbors_graph(coordinates, k, include_self=False)
    graph = sparse.csr_matrix(nearest + nearest.T + sparse.eye_array(n), dtype=np.float32)
    graph.data[:] = 1.0
    graph.sort_indices()
    ledger.fact("graph_neighbors_mean", float((graph.nnz - n) / n))
    ledger.fact("graph_parts", sparse.csgraph.connected_components(graph, directed=False)[0])
    return graph
