"""The graph of spatial neighbours against a plain twin, on odd layouts too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from traitmap.embedding_graph import BETWEEN, joined_graph, spatial_graph
from traitmap.ledger import Ledger


def plain_graph(places, k):
    distance = cdist(places, places)
    linked = np.eye(len(places), dtype=bool)
    for spot, row in enumerate(distance):
        nearest = [other for other in np.argsort(row, kind="stable") if other != spot][:k]
        linked[spot, nearest] = True
        linked[nearest, spot] = True
    return linked


@pytest.mark.parametrize("dimensions", [2, 3])
def test_it_is_the_union_of_nearest_neighbours(dimensions):
    places = np.random.default_rng(3).random((70, dimensions)) * 1e4
    graph = spatial_graph(places, 10, Ledger("embed_spots", "test"))
    np.testing.assert_array_equal(graph.toarray(), plain_graph(places, 10))
    assert graph.dtype == np.float32
    assert graph.has_sorted_indices


@settings(deadline=None, max_examples=40)
@given(
    places=arrays(np.float64, st.tuples(st.integers(2, 25), st.just(2)), elements=st.integers(0, 3).map(float)),
    k=st.integers(1, 12),
)
def test_it_is_symmetric_with_self_loops_and_enough_neighbours_even_at_one_place(places, k):
    graph = spatial_graph(places, k, Ledger("embed_spots", "test"))
    dense = graph.toarray()
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_array_equal(dense.diagonal(), 1)
    assert set(np.unique(dense)) <= {0.0, 1.0}
    assert (dense.sum(axis=1) >= min(k, len(places) - 1) + 1).all()


def test_spots_at_one_place_are_neighbours():
    places = np.array([[0.0, 0], [0, 0], [50, 0], [50, 1], [90, 0]])
    graph = spatial_graph(places, 1, Ledger("embed_spots", "test")).toarray()
    assert graph[0, 1] == 1
    assert graph[0, 2:].sum() == 0


def test_few_spots_have_fewer_neighbours_and_it_is_told():
    ledger = Ledger("embed_spots", "test")
    graph = spatial_graph(np.random.default_rng(0).random((4, 2)), 10, ledger)
    np.testing.assert_array_equal(graph.toarray(), 1)
    assert ledger.warnings == ["4 spots have 3 neighbours each; 10 were asked for"]


def test_separate_pieces_of_tissue_are_counted():
    piece = np.random.default_rng(0).random((20, 2))
    ledger = Ledger("embed_spots", "test")
    spatial_graph(np.vstack([piece, piece + 100]), 5, ledger)
    assert ledger.facts["graph_parts"] == 2


# --- groups -------------------------------------------------------------------------------------------------------


def slices_of(*sizes):
    rng = np.random.default_rng(0)
    places = [rng.random((size, 2)) for size in sizes]
    return places, [spatial_graph(one, 5, Ledger("embed_spots", "test")) for one in places]


def test_slices_without_heights_are_not_linked():
    places, graphs = slices_of(30, 20)
    for heights in ([None, None], [1.0, None], [1.0, 1.0]):
        graph = joined_graph(graphs, places, heights).toarray()
        np.testing.assert_array_equal(graph[:30, :30], graphs[0].toarray())
        np.testing.assert_array_equal(graph[30:, 30:], graphs[1].toarray())
        assert graph[:30, 30:].sum() == 0


def test_adjacent_slices_of_a_stack_are_linked_as_a_plain_twin_links_them():
    places, graphs = slices_of(40, 35, 30)
    graph = joined_graph(graphs, places, [20.0, 0.0, 10.0]).toarray()  # the order of the stack: 1, 2, 0
    starts = [0, 40, 75]
    expected = np.zeros((105, 105), bool)
    for a, b in ((1, 2), (2, 1), (2, 0), (0, 2)):
        for spot, place in enumerate(places[a]):
            own = graphs[a].toarray()[spot].nonzero()[0]
            reach = np.linalg.norm(places[a][own] - place, axis=1).max()
            distance = np.linalg.norm(places[b] - place, axis=1)
            for other in np.argsort(distance)[:BETWEEN]:
                if distance[other] <= reach:
                    expected[starts[a] + spot, starts[b] + other] = expected[starts[b] + other, starts[a] + spot] = True
    for number, one in enumerate(graphs):
        own = slice(starts[number], starts[number] + one.shape[0])
        expected[own, own] = one.toarray() > 0
    np.testing.assert_array_equal(graph > 0, expected)
    assert graph[:40, 40:75].sum() == 0


def test_tissue_that_the_next_slice_lacks_is_not_linked_with_it():
    places, graphs = slices_of(30, 30)
    places[1] += 100
    assert joined_graph(graphs, places, [0.0, 1.0]).toarray()[:30, 30:].sum() == 0
