"""Kinds of microdomains against plain twins, their quality, and the choice of their size."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from conftest import call, refused
from traitmap.errors import InputError
from traitmap.microdomain_kinds import (
    COSINE,
    GAUSSIAN,
    GIVEN,
    JOINT,
    RADIUS,
    choose_neighbors,
    microdomains_of_kind,
    parse_neighbors,
    read_metacells,
    typical_distance,
    weighted_by_distance,
)
from traitmap.microdomain_quality import microdomain_quality
from traitmap.microdomains import Microdomains

RNG = np.random.default_rng(1)
PLACES, EMBEDDING = RNG.uniform(0, 10, (90, 2)), RNG.normal(size=(90, 4))
LABELS = RNG.integers(-1, 3, 90)
DISTANCE = np.linalg.norm(PLACES[:, None] - PLACES[None], axis=2)
UNIT = EMBEDDING / np.linalg.norm(EMBEDDING, axis=1, keepdims=True)
COSINES = UNIT @ UNIT.T


def find(kind: str, neighbors: int = 7, spatial: int = 25, **options) -> Microdomains:
    return microdomains_of_kind(kind, PLACES, EMBEDDING, neighbors, spatial, **options)


def as_lists(found: Microdomains) -> list[list[int]]:
    return [list(part) for part in np.split(found.spots, found.indptr[1:-1])]


def check_pairs(found: Microdomains) -> None:
    """Every microdomain starts with its own spot; similarity and distance are those of the pair."""
    spot = np.repeat(np.arange(90), found.size)
    np.testing.assert_array_equal(found.spots[found.indptr[:-1]], np.arange(90))
    np.testing.assert_allclose(found.similarity, COSINES[spot, found.spots])
    np.testing.assert_allclose(found.distance, DISTANCE[spot, found.spots], atol=1e-12)
    for name, values in (("similarity", COSINES), ("distance", DISTANCE)):
        matrix = found.matrix(getattr(found, name))
        assert matrix.nnz == len(found.spots)
        np.testing.assert_allclose(matrix.toarray()[spot, found.spots], values[spot, found.spots], atol=1e-6)
    np.testing.assert_allclose(found.average().sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("radius", [None, 2.5])
def test_radius(labelled, radius):
    found = find(RADIUS, radius=radius, labels=LABELS if labelled else None)
    check_pairs(found)
    reach = np.median(np.sort(DISTANCE, axis=1)[:, 6]) if radius is None else radius
    for i, part in enumerate(as_lists(found)):
        same = (LABELS == LABELS[i]) if labelled and LABELS[i] >= 0 else np.ones(90, bool)
        near = [j for j in np.flatnonzero(same & (DISTANCE[i] <= reach)) if j != i]
        assert part == [i, *sorted(near, key=lambda j: -COSINES[i, j])]


@pytest.mark.parametrize("radius", [None, 0.7])
def test_gaussian(radius):
    found, same = find(GAUSSIAN, radius=radius), find(COSINE)
    check_pairs(found)
    np.testing.assert_array_equal(found.spots, same.spots)
    width = typical_distance(PLACES, 7) if radius is None else radius
    average = found.average().toarray()
    for i, part in enumerate(as_lists(found)):
        weights = np.exp(-(DISTANCE[i, part] ** 2) / (2 * width**2))
        np.testing.assert_allclose(average[i, part], weights / weights.sum(), rtol=1e-6)


def test_joint_knn():
    found = find(JOINT)
    check_pairs(found)
    near = np.argsort(DISTANCE, axis=1)
    place = np.median(np.sort(DISTANCE, axis=1)[:, 6])
    unlike = np.median(1 - np.take_along_axis(COSINES, near[:, 1:7], axis=1))
    for i, part in enumerate(as_lists(found)):
        joint = (DISTANCE[i] / place) ** 2 + (1 - COSINES[i]) / unlike
        assert part == sorted(near[i, :25], key=lambda j: joint[j])[:7]


def test_given():
    metacells = RNG.integers(-1, 12, 90)
    found = find(GIVEN, metacells=metacells)
    check_pairs(found)
    for i, part in enumerate(as_lists(found)):
        expected = [i] if metacells[i] < 0 else list(np.flatnonzero(metacells == metacells[i]))
        assert sorted(part) == sorted(expected)


def test_microdomains_that_are_none_are_refused(monkeypatch):
    monkeypatch.setattr("traitmap.microdomain_kinds.MOST", 40)
    with pytest.raises(InputError, match="--radius: microdomains hold 90 spots in the mean, more than 40"):
        find(RADIUS, radius=100.0)
    with pytest.raises(InputError, match="--metacells: microdomains hold 90 spots"):
        find(GIVEN, metacells=np.zeros(90, int))


def test_first_spots_of_larger_microdomains():
    small, large = find(COSINE, 4), find(COSINE, 11)
    for name in ("indptr", "spots", "similarity", "distance", "weights"):
        np.testing.assert_array_equal(getattr(large.first(4), name), getattr(small, name))


def hexagons(side: int) -> np.ndarray:
    row, column = np.divmod(np.arange(side * side), side)
    return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])


@pytest.mark.parametrize("places", [hexagons(11), np.stack(np.divmod(np.arange(121.0), 11), axis=1)])
def test_borders_of_slice_and_regions(places):
    row, column = np.divmod(np.arange(121), 11)
    regions = pd.Series(pd.Categorical(np.where(row < 5, "a", "b")))
    regions[60] = np.nan
    found = microdomains_of_kind(COSINE, places, np.ones((121, 2)), 5, 9)
    table = microdomain_quality(found, places, 5, regions)
    edge = (row % 10 == 0) | (column % 10 == 0)
    np.testing.assert_array_equal(table["at_slice_border"], edge)
    inner = ~edge & ((abs(column - 5) > 1) | (row == 5))  # but for those beside the spot without a label
    np.testing.assert_array_equal(
        table["at_region_border"][inner], (np.isin(row, [4, 5]) & (row * 11 + column != 60))[inner]
    )


def test_weak_neighbours_are_flagged():
    embedding = np.random.default_rng(2).normal(1, 0.3, (121, 30))
    embedding[60] *= np.where(np.arange(30) < 20, -1, 1)
    table = microdomain_quality(microdomains_of_kind(COSINE, hexagons(11), embedding, 7, 20), hexagons(11), 7)
    assert list(np.flatnonzero(table["microdomain_weak"])) == [60]
    alone = np.where(np.arange(121) == 5, -1, 0)
    few = microdomains_of_kind(GIVEN, hexagons(11), np.abs(embedding), 7, 20, metacells=alone)
    assert microdomain_quality(few, hexagons(11), 2).loc[5, "microdomain_size"] == 1
    assert microdomain_quality(few, hexagons(11), 3).loc[5, "microdomain_weak"]


def test_few_spots_and_spots_in_one_place():
    for places in (np.zeros((1, 2)), np.zeros((2, 2)), np.zeros((40, 2))):
        found = microdomains_of_kind(COSINE, places, np.ones((len(places), 2)), 5, 9)
        table = microdomain_quality(found, places, 5, pd.Series(pd.Categorical(["a"] * len(places))))
        assert table["at_slice_border"].all() and not table["at_region_border"].any()


def tissue(side: int, wide: int, depth: float) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Counts of a square grid with stripes ``wide`` spots wide, and an embedding that knows nothing of them."""
    rng = np.random.default_rng(3)
    row, _ = np.divmod(np.arange(side * side), side)
    profiles = rng.lognormal(0, 1, (2, 60))
    counts = rng.poisson(depth * profiles[(row // wide) % 2])
    return sparse.csr_matrix(counts.astype(np.float32)), np.stack(np.divmod(np.arange(side * side), side), axis=1) * 1.0


def test_size_chosen_by_count_splitting():
    """Fine stripes want small microdomains, wide ones large; little depth larger ones than much."""
    chosen = {}
    for wide, depth in ((1, 1.0), (4, 1.0), (10, 0.1)):
        counts, places = tissue(20, wide, depth)
        widest = microdomains_of_kind(JOINT, places, np.ones((400, 2)), 81, 101)  # the nearest in space
        chosen[wide], losses = choose_neighbors(counts, widest)
        assert chosen[wide] == min(losses, key=losses.get)
        assert choose_neighbors(counts, widest) == (chosen[wide], losses)
    assert chosen[4] < chosen[10]
    assert parse_neighbors("auto") is None and parse_neighbors("8") == 8
    with pytest.raises(InputError, match="--neighbors is 'many'; give a number, or auto"):
        parse_neighbors("many")


def test_size_of_weighted_microdomains_is_chosen_with_their_weights():
    counts, places = tissue(20, 4, 1.0)
    embedding = np.random.default_rng(5).normal(size=(400, 3))
    widest = microdomains_of_kind(GAUSSIAN, places, embedding, 81, 101)
    seen = []

    def weighted(found):
        size = int(found.size.max())
        seen.append(size)
        return weighted_by_distance(found, typical_distance(places, size))

    chosen, losses = choose_neighbors(counts, widest, weighted=weighted)
    assert seen == list(losses) and chosen in losses
    for size in (5, 21):  # what is tried is what would be taken
        tried, taken = weighted(widest.first(size)), microdomains_of_kind(GAUSSIAN, places, embedding, size, 101)
        np.testing.assert_array_equal(tried.spots, taken.spots)
        np.testing.assert_allclose(tried.weights, taken.weights)


def test_metacells_are_read_by_the_names_of_spots(tmp_path):
    obs = pd.DataFrame({"SEACell": ["x", "y", None, "x", ""]}, index=list("abcde"))
    path = tmp_path / "slice.h5ad"
    anndata.AnnData(np.ones((5, 2), np.float32), obs=obs).write_h5ad(path)
    codes = read_metacells(path, "SEACell", pd.Index(list("edcba")))
    assert list(codes) == [-1, 0, -1, 1, 0]
    with pytest.raises(InputError, match=r"no obs column 'metacell' with metacells \(columns: SEACell\)"):
        read_metacells(path, "metacell", pd.Index(list("abc")))


def test_executable(tmp_path):
    counts, places = tissue(12, 3, 2)
    obs = pd.DataFrame({"cell": [f"m{i // 6}" for i in range(144)]}, index=[f"s{i}" for i in range(144)])
    var = pd.DataFrame(index=[f"G{i}" for i in range(60)])
    embedding = np.random.default_rng(4).normal(size=(144, 3))
    data = anndata.AnnData(counts, obs, var, obsm={"spatial": places, "embedding": embedding})
    data.write_h5ad(tmp_path / "slice.h5ad")
    given = ("--slice", tmp_path / "slice.h5ad", "--embedding", tmp_path / "slice.h5ad", "--out", tmp_path / "o.h5ad")
    call("score_specificity.py", *given, "--neighborhood", "given", "--metacells", "cell", "--specificity", "tau")
    result = anndata.read_h5ad(tmp_path / "o.h5ad")
    assert (result.obs["microdomain_size"] == 6).all()
    assert result.obsp["microdomain_similarity"].nnz == result.obsp["microdomain_distance"].nnz == 144 * 6
    call("score_specificity.py", *given, "--neighbors", "auto")
    result = anndata.read_h5ad(tmp_path / "o.h5ad")
    chosen = json.loads(result.uns["parameters"])["neighbors"]
    assert json.loads(result.uns["ledger"])["facts"]["neighbors_chosen"] == chosen
    assert (result.obs["microdomain_size"] == chosen).all()
    assert "has no obs column 'x' with metacells" in refused("score_specificity.py", *given, "--metacells", "x")
