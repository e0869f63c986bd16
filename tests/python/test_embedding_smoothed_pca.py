"""Principal components averaged over like neighbours: a plain twin, borders, spots without counts."""

import numpy as np

from traitmap.embedding_graph import spatial_graph
from traitmap.embedding_model import Inputs, Settings
from traitmap.embedding_smoothed_pca import embed_by_smoothing
from traitmap.ledger import Ledger


def smoothed(measured=None, labels=None, seed=0, spots=40):
    """Embedded by smoothed_pca: (embedding, inputs, account of the spots)."""
    rng = np.random.default_rng(seed)
    places = rng.random((spots, 2))
    measured = np.ones(spots, bool) if measured is None else measured
    components = rng.normal(size=(spots, 5)).astype(np.float32) * measured[:, None]
    features = (components[:, :3] * [1, 0.5, 0.2]).astype(np.float32)
    graph = spatial_graph(places, 5, Ledger("embed_spots", "test"))
    halves = np.stack([features, features], axis=1)
    inputs = Inputs(components, features, halves, graph, places, np.zeros(spots, int), measured, labels)
    found = embed_by_smoothing(inputs, Settings(dimensions=4), Ledger("embed_spots", "test"))
    return found.embedding, inputs, found.noted


def test_components_are_averaged_as_a_plain_twin_averages_them():
    measured = np.arange(40) % 9 != 4
    labels = np.random.default_rng(1).integers(-1, 2, 40)
    found, inputs, noted = smoothed(measured, labels)
    apart_by_label = (labels[:, None] != labels) & (labels[:, None] >= 0) & (labels >= 0)
    linked = [[j for j in inputs.graph[i].indices if measured[j] and not apart_by_label[i, j]] for i in range(40)]
    around = np.array([inputs.features[near].mean(axis=0) for near in linked])
    around /= np.linalg.norm(around, axis=1, keepdims=True)
    apart = {(i, j): ((around[i] - around[j]) ** 2).sum() for i, near in enumerate(linked) for j in near}
    width = np.median([squared for (i, j), squared in apart.items() if i != j])
    for i, near in enumerate(linked):
        weights = np.array([np.exp(-apart[i, j] / (2 * width)) for j in near])
        expected = weights @ inputs.components[near, :4] / weights.sum()
        np.testing.assert_allclose(found[i], expected, atol=1e-5)
    assert [int(spots.sum()) for spots in noted.values()] == [int((~measured).sum()), 0]


def test_nothing_measured_around_a_spot_leaves_it_at_the_origin():
    _, inputs, _ = smoothed()
    measured = np.ones(40, bool)
    measured[inputs.graph[7].indices] = False
    found, _, noted = smoothed(measured)
    assert not found[7].any()
    assert next(reversed(noted.values()))[7]


def test_a_border_is_kept_and_noise_is_not():
    """Two halves of a square: averages stay within a half, whose spots come closer together."""
    rng = np.random.default_rng(3)
    side = 16
    places = np.stack(np.divmod(np.arange(side * side), side), axis=1).astype(float)
    half = places[:, 0] >= side / 2
    truth = np.where(half[:, None], [1.0, -1.0], [-1.0, 1.0])
    noisy = (truth + rng.normal(0, 0.5, truth.shape)).astype(np.float32)
    graph = spatial_graph(places, 8, Ledger("embed_spots", "test"))
    inputs = Inputs(
        noisy, noisy, np.stack([noisy] * 2, 1), graph, places, np.zeros(len(half), int), np.ones(len(half), bool)
    )
    found = embed_by_smoothing(inputs, Settings(dimensions=2), Ledger("embed_spots", "test")).embedding
    plain = graph @ noisy / np.diff(graph.indptr)[:, None]
    border = abs(places[:, 0] - (side - 1) / 2) < 1
    assert ((found - truth) ** 2)[border].mean() < 0.7 * ((plain - truth) ** 2)[border].mean()
    assert ((found - truth) ** 2).mean() < 0.4 * ((noisy - truth) ** 2).mean()
