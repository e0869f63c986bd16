"""Microdomains: which spots a score is averaged over."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from traitmap import microdomains as library
from traitmap.microdomain_quality import microdomain_quality
from traitmap.microdomains import find_microdomains


def plain(coordinates, embedding, neighbors, spatial_neighbors, labels=None) -> list[list[int]]:
    """The definition, a spot at a time."""
    result = []
    for i in range(len(coordinates)):
        alike = np.ones(len(coordinates), bool) if labels is None or labels[i] < 0 else labels == labels[i]
        pool = np.flatnonzero(alike)
        distance = {j: float(np.linalg.norm(coordinates[i] - coordinates[j])) for j in pool}
        cosine = {
            j: 2.0
            if j == i
            else embedding[i] @ embedding[j] / np.linalg.norm(embedding[i]) / np.linalg.norm(embedding[j])
            for j in pool
        }
        near = sorted(pool, key=lambda j: (round(distance[j], 6), -cosine[j], j))[:spatial_neighbors]
        result.append(sorted(near, key=lambda j: (-cosine[j], j))[:neighbors])
    return result


def as_lists(found) -> list[list[int]]:
    return [list(part) for part in np.split(found.spots, found.indptr[1:-1])]


def grid(side: int) -> np.ndarray:
    return np.stack(np.divmod(np.arange(side * side), side), axis=1).astype(float)


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("regular", [False, True])
def test_as_defined(labelled, regular):
    rng = np.random.default_rng(1)
    coordinates = grid(11) if regular else rng.normal(size=(121, 2))
    embedding = rng.normal(size=(121, 4))
    labels = rng.choice([-1, 0, 1, 2], 121, p=[0.1, 0.5, 0.36, 0.04]) if labelled else None
    found = find_microdomains(coordinates, embedding, 6, 20, labels)
    assert as_lists(found) == plain(coordinates, embedding, 6, 20, labels)


def test_on_a_grid_the_order_of_spots_does_not_matter():
    rng = np.random.default_rng(2)
    coordinates, embedding = grid(9) * 0.1, rng.normal(size=(81, 3))
    order = rng.permutation(81)
    found = as_lists(find_microdomains(coordinates, embedding, 5, 12))
    shuffled = as_lists(find_microdomains(coordinates[order], embedding[order], 5, 12))
    assert [found[i] for i in order] == [[order[j] for j in part] for part in shuffled]


def test_many_spots_in_one_place():
    rng = np.random.default_rng(3)
    coordinates = np.repeat([[0.0, 0.0], [5.0, 5.0]], [150, 3], axis=0)
    embedding = rng.normal(size=(153, 3))
    found = find_microdomains(coordinates, embedding, 4, 8)
    assert as_lists(found) == plain(coordinates, embedding, 4, 8)


def test_the_spot_itself_is_first_even_among_its_equals():
    found = find_microdomains(np.zeros((60, 2)), np.ones((60, 3)), 3, 5)
    assert [part[0] for part in as_lists(found)] == list(range(60))
    np.testing.assert_allclose(found.similarity, 1)


def test_fewer_spots_than_wanted():
    coordinates, embedding = np.arange(10.0).reshape(5, 2), np.eye(5)
    found = find_microdomains(coordinates, embedding, 21, 101, np.array([0, 0, 0, 1, -1]))
    np.testing.assert_array_equal(found.size, [3, 3, 3, 1, 5])
    assert sorted(as_lists(found)[4]) == [0, 1, 2, 3, 4]
    lonely = find_microdomains(np.zeros((1, 2)), np.zeros((1, 2)))
    assert as_lists(lonely) == [[0]]


def test_embedding_of_zeros_is_like_none():
    embedding = np.array([[0.0, 0], [1, 0], [1, 0.1], [-1, 0]])
    found = find_microdomains(grid(2), embedding, 3, 4)
    assert as_lists(found)[1] == [1, 2, 0]
    assert found.similarity[found.indptr[0] + 1] == 0


def test_memory_budget_and_threads_leave_the_result_alone(monkeypatch):
    rng = np.random.default_rng(4)
    coordinates, embedding = rng.normal(size=(200, 3)), rng.normal(size=(200, 5))
    once = find_microdomains(coordinates, embedding, 7, 30)
    monkeypatch.setattr(library, "BUDGET", 300)
    blocks = find_microdomains(coordinates, embedding, 7, 30, threads=2)
    for name in ("indptr", "spots", "similarity", "distance"):
        np.testing.assert_array_equal(getattr(once, name), getattr(blocks, name))


def test_quality_and_average():
    rng = np.random.default_rng(5)
    coordinates, embedding = rng.normal(size=(50, 2)), rng.normal(size=(50, 4))
    regions = pd.Series(pd.Categorical(rng.choice(["a", "b", None], 50)), index=[f"s{i}" for i in range(50)])
    found = find_microdomains(coordinates, embedding, 6, 15, np.where(np.arange(50) < 3, 0, -1))
    quality, average = microdomain_quality(found, coordinates, 6, regions), found.average()
    assert list(quality.index) == list(regions.index)
    for i, part in enumerate(as_lists(found)):
        cosine = embedding[part] @ embedding[i] / np.linalg.norm(embedding[part], axis=1) / np.linalg.norm(embedding[i])
        row = quality.iloc[i]
        assert row.microdomain_size == len(part) == (3 if i < 3 else 6)
        assert row.microdomain_radius == pytest.approx(np.linalg.norm(coordinates[part] - coordinates[i], axis=1).max())
        assert row.microdomain_similarity == pytest.approx(np.median(cosine[1:]))
        if pd.isna(regions.iloc[i]):
            assert np.isnan(row.microdomain_purity)
        else:
            assert row.microdomain_purity == pytest.approx((regions.iloc[part] == regions.iloc[i]).mean())
        np.testing.assert_allclose(average[[i]].toarray()[0, part], 1 / len(part), rtol=1e-6)
    np.testing.assert_allclose(np.asarray(average.sum(axis=1)).ravel(), 1, rtol=1e-6)
    assert "microdomain_purity" not in microdomain_quality(found, coordinates, 6)
