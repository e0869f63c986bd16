"""Numbers as text, small computations of the report, and the files for MultiQC."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_fixture import Study, write_results
from traitmap.report_collect import collect
from traitmap.report_files import write_report_data
from traitmap.report_heatmap import clustered
from traitmap.report_pack import embed
from traitmap.report_payload import _shown_spots, payload
from traitmap.report_results import Choices, natural
from traitmap.report_slices import principal_plane, read_gene_scores
from traitmap.report_tables import _balance
from traitmap.report_words import headline, number, p_value


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = Study(slices=("s2", "s10"), traits=("t",), spots=80, snps=400)
    return write_results(tmp_path_factory.mktemp("run") / "results", study)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (0.0123, "0.012"),
        (2.14e-8, "2.1×10⁻⁸"),
        (1e-300, "≤10⁻³⁰⁰"),
        (0.0, "≤10⁻³⁰⁰"),
        (math.nan, "–"),
        (1.0, "1"),
    ],
)
def test_p_as_text(value, text):
    assert p_value(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (-3, "−3"),
        (0.123456, "0.123"),
        (1234.5, "1,234"),
        (math.inf, "∞"),
        (None, "–"),
        (True, "yes"),
    ],
)
def test_numbers_as_text(value, text):
    assert number(value) == text


def test_names_sort_as_people_count():
    assert sorted(["s10", "s2", "s1", "a"], key=natural) == ["a", "s1", "s2", "s10"]


@given(
    st.recursive(st.text() | st.floats() | st.integers(-(2**53), 2**53) | st.none(), lambda x: st.lists(x, max_size=3))
)
def test_embedded_text_comes_back_and_ends_no_script(value):
    text = embed({"value": value})
    assert "<" not in text
    assert "\u2028" not in text

    def finite(item):
        if isinstance(item, list):
            return [finite(each) for each in item]
        return None if isinstance(item, float) and not math.isfinite(item) else item

    assert json.loads(text)["value"] == finite(value)


def test_balance_of_an_account():
    counts = [{"n": 10, "kind": "in"}, {"n": 3, "kind": "removed"}, {"n": 2, "kind": "noted"}, {"n": 7, "kind": "out"}]
    assert _balance(counts) == 0
    assert _balance(counts[:-1]) is None
    assert _balance([*counts[:-1], {"n": 6, "kind": "out"}]) == 1


def test_gene_scores_equal_the_whole_matrix_and_survive_blocks(folder, monkeypatch):
    import anndata

    monkeypatch.setattr("traitmap.report_slices.ROWS_AT_ONCE", 7)
    found = collect(folder).slices["s2"]
    whole = anndata.read_h5ad(folder / "slices" / "s2" / "specificity.h5ad").to_df()
    genes = [whole.columns[90], whole.columns[3], "not there"]
    scores = read_gene_scores(found, genes)
    assert list(scores) == genes[:2]
    for gene in scores:
        np.testing.assert_array_equal(scores[gene], whole[gene])


def test_plane_is_the_principal_one():
    rng = np.random.default_rng(1)
    embedding = rng.normal(size=(50, 6)) * [9, 5, 1, 1, 1, 1]
    plane = principal_plane(embedding)
    _, singular, _ = np.linalg.svd(embedding - embedding.mean(axis=0))
    np.testing.assert_allclose(np.sqrt((plane**2).sum(axis=0)), singular[:2], rtol=1e-10)
    assert abs(plane[:, 0] @ plane[:, 1]) < 1e-9
    assert principal_plane(rng.normal(size=(5, 1))).shape == (5, 2)


def test_clustering_puts_alike_together():
    order = clustered(np.array([[0.0, 0], [9, 9], [0, 0.1], [9, 9.1]]))
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    assert clustered(np.zeros((2, 2))) == [0, 1]


def test_many_spots_are_drawn_in_part_and_counted_whole(folder):
    results = collect(folder, choices=Choices(values_at_most=40))
    shown = _shown_spots(results, results.slices["s2"])
    assert len(shown) == 20
    assert (np.diff(shown) > 0).all()
    item = payload(results)["slices"][0]
    assert (item["shown"], item["total"]) == (20, 80)


def test_titles_from_names_or_numbers(folder):
    results = collect(folder)
    assert headline(results) == "t in s2 and s10"
    results.slices = {f"slice {i}": results.slices["s2"] for i in range(6)}
    assert headline(results) == "t in 6 slices"


def test_report_data_holds_the_numbers(folder, tmp_path):
    results = collect(folder)
    stale = tmp_path / "spots"
    stale.mkdir()
    (stale / "gone.tsv.gz").write_bytes(b"old")
    write_report_data(results, tmp_path)
    assert not (stale / "gone.tsv.gz").exists()
    table = pd.read_csv(tmp_path / "regions.tsv", sep="\t", keep_default_na=False, na_values=[""])
    told = pd.read_csv(folder / "summary" / "regions.tsv", sep="\t")
    np.testing.assert_allclose(table["p_cauchy"], told["p_cauchy"], rtol=1e-9)
    with gzip.open(tmp_path / "spots" / "s2.tsv.gz", "rt") as text:
        spots = pd.read_csv(text, sep="\t")
    wanted = pd.read_parquet(folder / "associations" / "s2" / "t" / "spots.parquet")
    np.testing.assert_allclose(spots["neg_log10_p t"], wanted["neg_log10_p"], rtol=1e-5)
    assert spots["spot"].tolist() == wanted["spot"].tolist()


def test_multiqc_files(folder, tmp_path):
    results = collect(folder)
    write_report_data(results, tmp_path)
    kinds = {}
    for path in tmp_path.glob("*_mqc.json"):
        content = json.loads(path.read_text())
        kinds[content["plot_type"]] = content["data"]
    assert set(kinds) == {"generalstats", "table", "heatmap"}
    assert set(kinds["generalstats"]) == {"s2 | t", "s10 | t"}
    row = results.summary.iloc[0]
    assert kinds["table"][f"{row['slice']} | {row['trait']} | {row['region']}"]["q"] == row["q"]
    assert kinds["heatmap"]["t"][f"{row['slice']} | {row['region']}"] == pytest.approx(-math.log10(row["p_cauchy"]))
