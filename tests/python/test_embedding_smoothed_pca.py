"""Principal components averaged over like neighbours: a plain twin, borders, thin layers, spots without counts."""

import numpy as np

from traitmap.embedding_features import spatial_weights
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
    inputs = Inputs(components, features, halves, graph, places, np.arange(spots) // (spots // 2), measured, labels)
    found = embed_by_smoothing(inputs, Settings(dimensions=4), Ledger("embed_spots", "test"))
    return found.embedding, inputs, found.noted


def shrunk_plainly(linked, weight, inputs):
    """Scores moved towards the average of the other ends of the links, spot by spot; as wide as the components are."""
    scores, n = inputs.components.astype(float), len(linked)
    average, least, squares = np.zeros(scores.shape), np.zeros(n), np.zeros(n)
    for i, near in enumerate(linked):
        others = [j for j in near if j != i]
        total = sum(weight[i, j] for j in others)
        if i in near:
            least[i] = weight[i, i] / (weight[i, i] + total)
        for j in others:
            average[i] += weight[i, j] / total * scores[j]
            squares[i] += (weight[i, j] / total) ** 2
    kept = np.repeat(least[:, None], scores.shape[1], axis=1)
    for code in set(inputs.slices):
        own = [i for i in range(n) if inputs.slices[i] == code and inputs.measured[i] and set(linked[i]) - {i}]
        noise = np.var(scores[own, -1]) * (1 + np.mean(squares[own]))
        for component in range(scores.shape[1]):
            apart = np.mean([(scores[i, component] - average[i, component]) ** 2 for i in own])
            for i in own:
                kept[i, component] = max(least[i], 1 - noise / apart)
    return average + kept * (scores - average), kept


def test_components_are_shrunk_as_a_plain_twin_shrinks_them():
    measured = np.arange(40) % 9 != 4
    labels = np.random.default_rng(1).integers(-1, 2, 40)
    found, inputs, noted = smoothed(measured, labels)
    apart_by_label = (labels[:, None] != labels) & (labels[:, None] >= 0) & (labels >= 0)
    linked = [[j for j in inputs.graph[i].indices if measured[j] and not apart_by_label[i, j]] for i in range(40)]
    links = [(i, j) for i, near in enumerate(linked) for j in near]
    guide, kept = shrunk_plainly(linked, dict.fromkeys(links, 1.0), inputs)
    assert len(np.unique(kept[measured])) > 10  # neither bound rules all
    guide *= spatial_weights(inputs.components, inputs.graph, measured)
    guide /= np.linalg.norm(guide, axis=1, keepdims=True)
    apart = {(i, j): ((guide[i] - guide[j]) ** 2).sum() for i, j in links}
    width = np.median([squared for (i, j), squared in apart.items() if i != j])
    expected, _ = shrunk_plainly(linked, {link: np.exp(-apart[link] / (2 * width)) for link in links}, inputs)
    np.testing.assert_allclose(found, expected[:, :4], atol=1e-5)
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


def stripes(noise, side=20):
    """Layers one spot thin, in the first of three components; the others are noise: (embedded, scores, truth)."""
    rng = np.random.default_rng(4)
    places = np.stack(np.divmod(np.arange(side * side), side), axis=1).astype(float)
    truth = np.outer(np.where(places[:, 0] % 2 == 0, 1.0, -1.0), [1, 0, 0])
    scores = (truth + rng.normal(0, noise, truth.shape)).astype(np.float32)
    graph = spatial_graph(places, 8, Ledger("embed_spots", "test"))
    n = len(places)
    inputs = Inputs(scores, scores, np.stack([scores] * 2, 1), graph, places, np.zeros(n, int), np.ones(n, bool))
    return embed_by_smoothing(inputs, Settings(dimensions=3), Ledger("embed_spots", "test")).embedding, scores, truth


def test_layers_a_spot_thin_stay_apart_where_noise_cannot_have_made_them():
    found, scores, truth = stripes(noise=0.2)
    assert ((found - truth)[:, 0] ** 2).mean() < 1.2 * ((scores - truth)[:, 0] ** 2).mean()
    assert found[:, 1:].std() < 0.6 * scores[:, 1:].std()  # of what is noise, most is averaged away


def test_what_noise_may_have_made_is_averaged_away():
    found, scores, _ = stripes(noise=5)
    assert found.std() < 0.6 * scores.std()
