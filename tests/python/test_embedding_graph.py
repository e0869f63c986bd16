"""The graph of spatial neighbours against a plain twin, on odd layouts too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from traitmap.embedding_graph import spatial_graph
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
