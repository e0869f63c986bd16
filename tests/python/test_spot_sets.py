"""Sets of spots that a user names: read, refused where wrong, and tested exactly as regions are."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from conftest import call, refused
from regression_study import GENES, make_reference, make_scores, make_trait
from traitmap.errors import InputError
from traitmap.reference import write_reference
from traitmap.regression_inputs import SpotScores
from traitmap.regression_regions import region_scores
from traitmap.spot_sets import read_spot_sets

SPOTS = np.array([f"spot{i}" for i in range(37)])
REGIONS = ["A"] * 12 + ["B"] * 15 + [None] * 10


@pytest.fixture(scope="module")
def specificity(tmp_path_factory):
    data = anndata.AnnData(make_scores(), var=pd.DataFrame(index=[f"GENE{g}" for g in range(GENES)]))
    data.obs_names = SPOTS
    data.obs["region"] = pd.Categorical(REGIONS)
    path = tmp_path_factory.mktemp("scores") / "specificity.h5ad"
    data.write_h5ad(path)
    return path


def written(path, *rows: str):
    path.write_text("\n".join(["set\tspot", *rows]) + "\n")
    return path


def test_sets_overlap_and_repeated_spots_count_once(tmp_path):
    path = written(tmp_path / "sets.tsv", "two\tspot3", "one\tspot1", "two\tspot1", "two\tspot3")
    found = read_spot_sets(path, SPOTS, ["A"])
    inside = found.inside
    assert found.names == ["two", "one"]
    assert [inside[i].indices.tolist() for i in range(2)] in ([[3, 1], [1]], [[1, 3], [1]])
    assert (inside.data == 1).all()
    assert found.repeated == 1


def test_rows_of_other_slices_do_not_count(tmp_path):
    path = tmp_path / "sets.tsv"
    path.write_text("slice\tset\tspot\nhere\tone\tspot1\nelsewhere\tone\tno_such_spot\nelsewhere\ttwo\tspot2\n")
    found = read_spot_sets(path, SPOTS, [], "here")
    assert found.names == ["one"] and found.inside.indices.tolist() == [1]
    nothing = read_spot_sets(path, SPOTS, [], "third")
    assert nothing.names == [] and nothing.inside.shape == (0, len(SPOTS))
    with pytest.raises(InputError, match="has a column slice; tell this slice's name"):
        read_spot_sets(path, SPOTS, [])


def test_a_slice_without_sets_has_the_tests_of_its_regions(specificity, tmp_path):
    path = tmp_path / "sets.tsv"
    path.write_text("slice\tset\tspot\nelsewhere\tone\tspot1\n")
    scores = SpotScores(specificity)
    without, empty = region_scores(scores), region_scores(scores, read_spot_sets(path, SPOTS, ["A", "B"], "here"))
    assert empty.region == without.region and np.array_equal(empty.scores, without.scores)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("set\tname\na\tspot1\n", "no column 'spot'"),
        ("set\tspot\n", "names no spot"),
        ("set\tspot\na\tspot1\na\n", "row 3: set or spot is empty"),
        ("slice\tset\tspot\nx\ta\tspot1\n\ta\tspot2\n", "row 3: slice, set or spot is empty"),
        ("set\tspot\na\tspot1\na\tspot99\nb\tspot98\n", "2 of its 3 spots are not in slice x .*row 3, spot 'spot99'"),
        ("set\tspot\nA\tspot1\n", "called 'A', as a region"),
    ],
)
def test_mistakes_are_named(tmp_path, text, complaint):
    (tmp_path / "sets.tsv").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_spot_sets(tmp_path / "sets.tsv", SPOTS, ["A", "B"], "x")


def test_scores_of_regions_and_sets_are_plain_means(specificity, tmp_path):
    path = written(tmp_path / "sets.tsv", *(f"odd\tspot{i}" for i in range(1, 37, 2)))
    scores = SpotScores(specificity)
    sets = read_spot_sets(path, scores.spots, ["A", "B"])
    found = region_scores(scores, sets)
    plain = make_scores().toarray().astype(np.float64)
    members = [np.arange(37) < 12, (np.arange(37) >= 12) & (np.arange(37) < 27), np.arange(37) % 2 == 1]
    assert found.region == ["A", "B", "odd"] * 2
    assert found.n_spots == [12, 15, 18] * 2
    means = [plain[inside].mean(axis=0) for inside in members]
    contrasts = [plain[inside].mean(axis=0) - plain[~inside].mean(axis=0) for inside in members]
    assert found.scores == pytest.approx(np.array(means + contrasts), rel=1e-12, abs=1e-12)


def test_a_set_of_a_regions_spots_is_tested_as_the_region_is(specificity, tmp_path):
    reference = make_reference()
    write_reference(reference, tmp_path / "reference.h5ad")
    make_trait(reference).assign(A1="A", A2="G").to_csv(tmp_path / "trait.sumstats.gz", sep="\t")
    path = written(tmp_path / "sets.tsv", *(f"mine\tspot{i}" for i in reversed(range(12))), "other\tspot30")
    given = ["--specificity", specificity, "--reference", tmp_path / "reference.h5ad", "--blocks", "20"]
    given += ["--sumstats", tmp_path / "trait.sumstats.gz", "--out", tmp_path / "spots.parquet", "--spot-sets", path]
    assert "--spot-sets needs --region-tests" in refused("regress_spots.py", *given)
    assert not (tmp_path / "spots.parquet").exists()
    call("regress_spots.py", *given, "--region-tests", tmp_path / "tests.parquet")
    tests = pd.read_parquet(tmp_path / "tests.parquet").set_index(["region", "test"])
    assert list(tests.index) == [(name, test) for test in ("mean", "contrast") for name in ("A", "B", "mine", "other")]
    for test in ("mean", "contrast"):
        same, region = tests.loc[("mine", test)], tests.loc[("A", test)]
        assert (same["beta"], same["se"], same["p"]) == pytest.approx((region["beta"], region["se"], region["p"]))
        assert same["delete_values"] == pytest.approx(region["delete_values"])
        assert np.isfinite(tests.loc[("other", test), "z"])
