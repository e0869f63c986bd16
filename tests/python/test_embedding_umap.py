"""The plane to look at an embedding in: same seed, same plane; large slices in part; few spots not at all."""

import numpy as np

from traitmap import embedding_umap
from traitmap.embedding_umap import umap_plane


def clusters(spots):
    rng = np.random.default_rng(1)
    group = rng.integers(0, 3, spots)
    return rng.normal(size=(3, 12))[group] * 8 + rng.normal(size=(spots, 12)), group


def test_clusters_lie_apart_and_the_same_seed_gives_the_same_plane():
    embedding, group = clusters(150)
    plane = umap_plane(embedding, 0)
    assert plane.shape == (150, 2) and plane.dtype == np.float32
    np.testing.assert_array_equal(plane, umap_plane(embedding, 0))
    centres = np.array([plane[group == each].mean(axis=0) for each in range(3)])
    nearest = np.argmin(((plane[:, None] - centres) ** 2).sum(axis=2), axis=1)
    assert (nearest == group).all()


def test_of_a_large_slice_a_part_is_shown(monkeypatch):
    monkeypatch.setattr(embedding_umap, "SPOTS_AT_MOST", 40)
    plane = umap_plane(clusters(150)[0], 0)
    known = np.isfinite(plane).all(axis=1)
    assert known.sum() == 40
    assert np.isnan(plane[~known]).all()


def test_few_or_equal_spots():
    assert umap_plane(clusters(19)[0], 0) is None
    assert np.isfinite(umap_plane(np.zeros((20, 12)), 0)).all()
