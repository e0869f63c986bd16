"""Principal components averaged over like neighbours: attention whose weights nothing has to be trained for."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from traitmap.embedding_model import UNLABELLED, Embedded, Inputs, Settings
from traitmap.ledger import Ledger
from traitmap.microdomains import unit_vectors


def embed_by_smoothing(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """The leading component scores, averaged over each spot's links (itself among them) by how alike the ends are.

    A spot is guided by its surroundings, g: the weighted components averaged over its links, where a single spot's
    noise is small, scaled to length 1. A link weighs

        exp(-|g_i - g_j|^2 / (2 s^2)),     s^2 the median of |g_i - g_j|^2 over the links between spots,

    so that noise is averaged out and borders are not: a bilateral filter (Tomasi and Manduchi, ICCV 1998) on a graph,
    its range kernel on smoothed values (Buades, Coll and Morel, CVPR 2005) and as wide as the median heuristic has it.
    Spots without counts give nothing, and get what their neighbours have; without such neighbours they lie at the
    origin, and that is told. Labels, where they guide, cut the links between spots of different ones.
    """
    links = _kept_links(inputs)
    guide = unit_vectors(_averaged(links, inputs.features))
    smoothed = _averaged(_weighted_by_likeness(links, guide), inputs.components[:, : settings.dimensions])
    alone = np.diff(links.indptr) == 0
    if alone.any():
        ledger.warn(
            f"{alone.sum()} spots without counts or neighbours with them lie at the origin of the embedding: "
            "they are similar to no spot"
        )
    noted = {
        "without counts, embedded as their neighbours are": ~inputs.measured & ~alone,
        "without counts or neighbours with them, embedded at the origin": alone,
    }
    return Embedded(smoothed.astype(np.float32), noted=noted)


def _kept_links(inputs: Inputs) -> sparse.csr_matrix:
    """The links that lead to spots with counts, self loops among them, of no other label: n x n CSR float64 of ones."""
    links = sparse.csr_matrix(inputs.graph, dtype=np.float64, copy=True)
    kept = inputs.measured[links.indices]
    if inputs.labels is not None:
        here, there = np.repeat(inputs.labels, np.diff(links.indptr)), inputs.labels[links.indices]
        kept &= (here == there) | (here == UNLABELLED) | (there == UNLABELLED)
    links.data[~kept] = 0
    links.eliminate_zeros()
    return links


def _averaged(weights: sparse.csr_matrix, values: np.ndarray) -> np.ndarray:
    """Mean of ``values`` (n x d) by each row of ``weights``; 0 where a row is empty."""
    total = np.asarray(weights.sum(axis=1)).ravel()
    return np.asarray(weights @ values.astype(np.float64)) / np.where(total > 0, total, 1)[:, None]


def _weighted_by_likeness(links: sparse.csr_matrix, guide: np.ndarray) -> sparse.csr_matrix:
    """Each link's weight, from unit vectors of the spots' surroundings (n x d)."""
    spot = np.repeat(np.arange(len(guide)), np.diff(links.indptr))
    distance = np.maximum(2 - 2 * np.einsum("id,id->i", guide[spot], guide[links.indices]), 0)  # squared
    distance[spot == links.indices] = 0
    between = distance[spot != links.indices]
    scale = float(np.median(between)) if len(between) else 0.0
    weights = np.exp(-distance / (2 * scale)) if scale > 1e-12 else np.ones(len(distance))
    return sparse.csr_matrix((weights, links.indices, links.indptr), shape=links.shape)
