"""The graph of spots that the embedding passes messages along: within slices, and between adjacent ones of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from traitmap.ledger import Ledger

BETWEEN = 5  # nearest spots of each adjacent slice that a spot is linked with


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
    graph = _ones(nearest + nearest.T + sparse.eye_array(n))
    ledger.fact("graph_neighbors_mean", float((graph.nnz - n) / n))
    ledger.fact("graph_parts", sparse.csgraph.connected_components(graph, directed=False)[0])
    return graph


def joined_graph(
    graphs: Sequence[sparse.csr_matrix], coordinates: Sequence[np.ndarray], heights: Sequence[float | None]
) -> sparse.csr_matrix:
    """The graph of all slices: theirs side by side and, where all have a height, links between adjacent ones.

    Slices of a stack must be aligned: a spot is linked with the 5 spots of the next slice up or down that are nearest
    in x and y, as far as these are no farther than the farthest that it is linked with in its own slice; and with those
    that so link with it. Slices of the same height are not linked with each other.
    """
    whole = _ones(sparse.block_diag(graphs, format="csr"))
    if any(height is None for height in heights) or len(set(heights)) == 1:
        return whole
    starts = np.concatenate([[0], np.cumsum([len(places) for places in coordinates])])
    levels = sorted(set(heights))
    pairs = []
    for low, high in pairwise(levels):
        for one in np.flatnonzero(np.equal(heights, low)):
            for other in np.flatnonzero(np.equal(heights, high)):
                for a, b in ((one, other), (other, one)):
                    here, there = _across(graphs[a], coordinates[a], coordinates[b])
                    pairs.append((here + starts[a], there + starts[b]))
    rows, columns = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    links = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=whole.shape)
    return _ones(whole + links + links.T)


def _across(graph: sparse.csr_matrix, here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import KDTree

    spot = np.repeat(np.arange(len(here)), np.diff(graph.indptr))
    reach = np.zeros(len(here))
    np.maximum.at(reach, spot, np.linalg.norm(here[spot, :2] - here[graph.indices, :2], axis=1))
    distance, member = KDTree(there[:, :2]).query(here[:, :2], np.arange(1, min(BETWEEN, len(there)) + 1))
    near = distance <= reach[:, None]
    return np.nonzero(near)[0], member[near]


def _ones(links: sparse.sparray | sparse.spmatrix) -> sparse.csr_matrix:
    graph = sparse.csr_matrix(links, dtype=np.float32)
    graph.data[:] = 1.0
    graph.sort_indices()
    return graph
