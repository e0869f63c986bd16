"""Parts of a slice, regressed apart and merged: the same bytes, wherever the slice is cut."""

from __future__ import annotations

from itertools import pairwise

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import call, refused
from regression_study import GENES, make_reference, make_scores, make_trait
from traitmap.errors import InputError
from traitmap.formats import ESTIMATES
from traitmap.ledger import Ledger
from traitmap.merge_spots import merge_parts, parse_span, write_part
from traitmap.reference import write_reference
from traitmap.regression import estimate_spots, prepare, spots_table
from traitmap.regression_inputs import SpotScores

SPOTS = 600  # more than two tiles of either kind of weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Specificity of 600 spots, one of them empty, reference, and two traits, as files."""
    folder = tmp_path_factory.mktemp("study")
    reference = make_reference()
    write_reference(reference, folder / "reference.h5ad")
    for name, seed in (("one", 1), ("two", 5)):
        table = make_trait(reference, seed).assign(A1="A", A2="G")
        table.to_csv(folder / f"{name}.sumstats.gz", sep="\t")
    scores = make_scores(spots=SPOTS).tolil()
    scores[300] = 0
    data = anndata.AnnData(scores.tocsr(), var=pd.DataFrame(index=[f"GENE{g}" for g in range(GENES)]))
    data.obs_names = [f"spot{i}" for i in range(SPOTS)]
    data.obs["region"] = pd.Categorical(np.where(np.arange(SPOTS) % 7 == 0, None, np.arange(SPOTS) % 3).astype(object))
    data.write_h5ad(folder / "specificity.h5ad")
    return folder


@pytest.fixture(scope="module", params=["spot", "shared"])
def regressions(folder, request):
    """A slice's scores, one trait's regression, and the whole slice's estimates, in either weights mode."""
    scores, reference = SpotScores(folder / "specificity.h5ad"), make_reference()
    account = Ledger("regress_spots", "one")
    trait = prepare(reference, scores.genes, make_trait(reference), account, weights=request.param, blocks=20)
    return scores, trait, estimate_spots(scores, [trait])[0]


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(1, SPOTS - 1), max_size=4, unique=True).map(sorted))
def test_estimates_do_not_depend_on_where_the_slice_is_cut(regressions, cuts):
    scores, trait, whole = regressions
    ends = [0, *cuts, SPOTS]
    parts = [estimate_spots(scores, [trait], span=range(a, b))[0] for a, b in pairwise(ends)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_exact=True)


@pytest.mark.parametrize("weights", ["spot", "shared"])
def test_files_are_the_same_in_one_piece_and_in_parts(folder, tmp_path, weights):
    """All files of both traits, byte by byte; region tests and account come with the first part alone."""

    def options(where, files):
        for name in ("one", "two"):
            (where / name).mkdir(parents=True)
        of_trait = ([f"--{option}", where / name / file] for name in ("one", "two") for option, file in files.items())
        return [word for words in of_trait for word in words]

    study = ["regress_spots.py", "--specificity", folder / "specificity.h5ad", "--reference", folder / "reference.h5ad"]
    study += ["--blocks", "20", "--weights", weights]
    study += [word for name in ("one", "two") for word in ("--sumstats", folder / f"{name}.sumstats.gz")]
    first = {"out": "spots.parquet", "region-tests": "region_tests.parquet", "qc": "regression.qc.json"}
    call(*study, *options(tmp_path / "whole", first))
    call(*study, *options(tmp_path / "0", first), "--spots", "0-250")
    call(*study, *options(tmp_path / "1", {"out": "spots.parquet"}), "--spots", "250-10000")
    for name in ("one", "two"):
        whole, start, merged = tmp_path / "whole" / name, tmp_path / "0" / name, tmp_path / name
        parts = [word for part in ("1", "0") for word in ("--part", tmp_path / part / name / "spots.parquet")]
        merged.mkdir()
        account = ["--account", start / first["qc"], "--qc", merged / first["qc"]]
        call("merge_spots.py", *parts, *account, "--out", merged / "spots.parquet")
        assert (merged / "spots.parquet").read_bytes() == (whole / "spots.parquet").read_bytes()
        assert (merged / first["qc"]).read_bytes() == (whole / first["qc"]).read_bytes()
        assert (start / first["region-tests"]).read_bytes() == (whole / first["region-tests"]).read_bytes()
        assert pd.read_parquet(merged / "spots.parquet")["z"].isna().sum() == 1


@pytest.mark.parametrize(
    ("text", "span"), [("0-5", range(5)), ("5-10", range(5, 10)), ("9-12", range(9, 10)), ("0-99", range(10))]
)
def test_a_span_ends_with_the_slice(text, span):
    assert parse_span(text, 10) == span


@pytest.mark.parametrize("text", ["", "5", "a-b", "5-5", "7-3", "-1-3", "1-2-3", "10-20", "0-5 "])
def test_spans_that_name_no_spots_are_refused(text):
    with pytest.raises(InputError, match="--spots"):
        parse_span(text, 10)


def part(path, rows, n_spots):
    values = {name: np.array(rows, dtype=float) for name in ESTIMATES}
    table = pd.DataFrame(
        values | {"row": rows, "spot": [f"s{row}" for row in rows], "region": pd.array(["x"] * len(rows))}
    )
    write_part(table, n_spots, path)
    return path


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([([0, 1], 4), ([3], 4)], "1 of the slice's 4 spots are in none .first: row 2"),
        ([([0, 1], 3), ([1, 2], 3)], "row 1 is in more than one"),
        ([([0, 1], 4), ([2, 3], 5)], "slices of 4 and 5 spots"),
    ],
)
def test_parts_that_make_no_slice_are_refused(tmp_path, parts, complaint):
    paths = [part(tmp_path / f"{i}.parquet", rows, n_spots) for i, (rows, n_spots) in enumerate(parts)]
    with pytest.raises(InputError, match=complaint):
        merge_parts(paths)


def test_a_whole_table_of_spots_is_no_part(regressions, tmp_path):
    _, _, whole = regressions
    table = spots_table(whole, Ledger("regress_spots", "x"))
    table.to_parquet(tmp_path / "spots.parquet", index=False)
    lines = refused("merge_spots.py", "--part", tmp_path / "spots.parquet", "--out", tmp_path / "out.parquet")
    assert "is no part of a slice's spots" in lines
    assert not (tmp_path / "out.parquet").exists()


def test_one_bad_trait_does_not_keep_the_others_from_their_results(folder, tmp_path):
    (tmp_path / "bad.sumstats").write_text("SNP\tZ\nrs1\t0.5\n")
    study = ["regress_spots.py", "--specificity", folder / "specificity.h5ad", "--reference", folder / "reference.h5ad"]
    study += ["--blocks", "20", "--weights", "shared"]
    given = ["--sumstats", tmp_path / "bad.sumstats", "--out", tmp_path / "bad.parquet"]
    given += ["--sumstats", folder / "one.sumstats.gz", "--out", tmp_path / "one.parquet"]
    assert "bad.sumstats: has no column N" in refused(*study, *given)
    assert not (tmp_path / "one.parquet").exists()
    call(*study, *given, "--failure", tmp_path / "bad.txt", "--failure", tmp_path / "one.txt")
    assert "bad.sumstats: has no column N" in (tmp_path / "bad.txt").read_text()
    assert not (tmp_path / "bad.parquet").exists() and not (tmp_path / "one.txt").exists()
    call(*study, *given[4:6], "--out", tmp_path / "alone.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "alone.parquet").read_bytes()
