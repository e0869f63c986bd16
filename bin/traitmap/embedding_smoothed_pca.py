"""Principal components averaged over like neighbours: attention whose weights nothing has to be trained for."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from traitmap.embedding_features import spatial_weights
from traitmap.embedding_model import UNLABELLED, Embedded, Inputs, Settings
from traitmap.ledger import Ledger
from traitmap.microdomains import unit_vectors


def embed_by_smoothing(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """The leading component scores, shrunk towards the average of each spot's links, like ends counting more.

    Scores are shrunk twice (``_shrunk``): towards the plain average, where they give each spot a guide g, the weighted
    components scaled to length 1; then towards the average over links that weigh

        exp(-|g_i - g_j|^2 / (2 s^2)),     s^2 the median of |g_i - g_j|^2 over the links between spots.

    Noise is averaged out and borders are not: a bilateral filter (Tomasi and Manduchi, ICCV 1998) on a graph, its range
    kernel on smoothed values (Buades, Coll and Morel, CVPR 2005) and as wide as the median heuristic has it. Spots
    without counts give nothing, and get what their neighbours have; without such neighbours they lie at the origin, and
    that is told. Labels, where they guide, cut the links between spots of different ones.
    """
    links = _kept_links(inputs)
    importance = spatial_weights(inputs.components, inputs.graph, inputs.measured)
    guide = unit_vectors(_shrunk(links, inputs) * importance)
    smoothed = _shrunk(_weighted_by_likeness(links, guide), inputs)[:, : settings.dimensions]
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


def _shrunk(weights: sparse.csr_matrix, inputs: Inputs) -> np.ndarray:
    """All component scores (n x k, float64), each spot's moved towards the average of its links: m + a (x - m).

    m is the average by ``weights`` over the other ends. What a spot keeps of its own, a, is of each slice and component

        1 - v (1 + q) / mean (x - m)^2,     q the mean over spots of the sum of squares of the shares in m,

    the share of x - m that is more than noise, after James and Stein (1961); at least the spot's share by ``weights``,
    which a link to itself has in a plain average. v, the noise of a score, is the variance of the last component, which
    holds little else (as in probabilistic principal components; Tipping and Bishop, 1999). So tissue that changes from
    spot to spot, more than noise does, is not averaged away.
    """
    scores = inputs.components.astype(np.float64)
    total, itself = np.asarray(weights.sum(axis=1)).ravel(), weights.diagonal()
    others = sparse.csr_matrix(weights - sparse.diags_array(itself))
    others.eliminate_zeros()
    rest = np.asarray(others.sum(axis=1)).ravel()
    shares = sparse.csr_matrix(sparse.diags_array(1 / np.where(rest > 0, rest, 1)) @ others)
    average = np.asarray(shares @ scores)
    kept = np.repeat((itself / np.where(total > 0, total, 1))[:, None], scores.shape[1], axis=1)
    judged = inputs.measured & (rest > 0)
    for code in np.unique(inputs.slices[judged]):
        own = judged & (inputs.slices == code)
        noise = scores[own, -1].var() * (1 + float((shares[own].data ** 2).sum()) / own.sum())
        apart = ((scores[own] - average[own]) ** 2).mean(axis=0)
        kept[own] = np.maximum(kept[own], 1 - noise / np.maximum(apart, noise or 1.0))
    return average + kept * (scores - average)


def _weighted_by_likeness(links: sparse.csr_matrix, guide: np.ndarray) -> sparse.csr_matrix:
    """Each link's weight, from unit vectors of the spots' surroundings (n x d)."""
    spot = np.repeat(np.arange(len(guide)), np.diff(links.indptr))
    distance = np.maximum(2 - 2 * np.einsum("id,id->i", guide[spot], guide[links.indices]), 0)  # squared
    distance[spot == links.indices] = 0
    between = distance[spot != links.indices]
    scale = float(np.median(between)) if len(between) else 0.0
    weights = np.exp(-distance / (2 * scale)) if scale > 1e-12 else np.ones(len(distance))
    return sparse.csr_matrix((weights, links.indices, links.indptr), shape=links.shape)
