"""Tables of the report that a run has only where they were asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from report_page import HOSTILE, report
from traitmap.formats import COMPARISONS, CONDITIONAL, PATHWAYS, TRAIT_CORRELATIONS


def test_comparisons_are_shown_smallest_p_first(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    table = pd.DataFrame(
        [["x", "a", "<i>", "b", "R", "t", 3, 4, 0, 0, 1e-9, 1, 1, p, 0.5, ""] for p in (0.3, 0.01, 0.2)]
    )
    table.set_axis(list(COMPARISONS), axis=1).to_csv(folder / "summary" / "comparisons.tsv", sep="\t", index=False)
    page = report(folder, tmp_path / "report.html")
    head, *rows = page.tables["comparisons-table"]
    at = [attributes["data-key"] for attributes, _ in head].index("p")
    assert [float(row[at][0]["data-v"]) for row in rows] == [0.01, 0.2, 0.3]
    assert rows[0][2][1] == "<i>"
    assert (tmp_path / "report_data" / "comparisons.tsv").is_file()


def with_further(report_results: Path, folder: Path) -> Path:
    """The report_results with every table that a run has only where it was asked for."""
    shutil.copytree(report_results, folder)
    summary = pd.read_csv(folder / "summary" / "regions.tsv", sep="\t")
    summary = summary[summary["scope"] == "slice"]
    names, traits = sorted(summary["slice"].unique()), sorted(summary["trait"].unique())
    regions = sorted(summary["region"].unique())
    rng = np.random.default_rng(0)
    maps = [
        (name, a, b, 600, 31.5, r, (1 - r**2) / 31.5**0.5, p, p)
        for name in names
        for i, a in enumerate(traits)
        for b in traits[i + 1 :]
        for r, p in [(rng.uniform(-1, 1), 10 ** -rng.uniform(0, 4))]
    ]
    beside = [
        ("slice", names[0], traits[0], a, b, 100, 90, 1e-9, 1e-10, z, p, min(1, 5 * p), z + 1, p / 2, "")
        for a in regions
        for b in regions
        if a != b
        for z, p in [(rng.normal(), rng.uniform())]
    ]
    paths = [
        (names[0], traits[0], regions[0], HOSTILE, 40, 50, 7, 0.9, 1e-5, 1e-3, "GENE1,GENE2"),
        (names[0], traits[0], regions[0], "a set", 30, 50, 2, 0.7, 0.2, 0.5, "GENE3"),
    ]
    for name, rows, columns in (
        ("trait_correlations", maps, TRAIT_CORRELATIONS),
        ("conditional_tests", beside, CONDITIONAL),
        ("pathways", paths, PATHWAYS),
    ):
        table = pd.DataFrame(rows, columns=list(columns))
        table.to_csv(folder / "summary" / f"{name}.tsv", sep="\t", index=False)
    return folder


def test_tables_that_were_asked_for_are_shown_and_no_others(report_results, tmp_path):
    folder = with_further(report_results, tmp_path / "results")
    page = report(folder, tmp_path / "report.html")
    for name in ("trait_correlations", "conditional_tests", "pathways"):
        given = pd.read_csv(folder / "summary" / f"{name}.tsv", sep="\t")
        head, *rows = page.tables[f"{name}-table"]
        at = [attributes["data-key"] for attributes, _ in head].index("p")
        assert [float(row[at][0]["data-v"]) for row in rows] == sorted(given["p"])
        assert (tmp_path / "report_data" / f"{name}.tsv").is_file()
    assert page.tables["pathways-table"][1][3][1] == HOSTILE
    for words in ("mean GSS of another region", "maps of each two traits were correlated", "hypergeometric test"):
        assert words in page.text
    pd.DataFrame(columns=list(PATHWAYS)).to_csv(folder / "summary" / "pathways.tsv", sep="\t", index=False)
    assert "No gene set holds a gene that drives a region." in report(folder, tmp_path / "report.html").text
    plain = report(report_results, tmp_path / "plain.html")
    assert not {"trait_correlations-table", "conditional_tests-table", "pathways-table"} & set(plain.tables)
    assert plain.content["likeness"] == []
    assert not any(attributes.get("id") == "likeness-plot" for _, attributes in plain.elements)


def test_traits_by_traits_are_whole_and_clustered(report_results, tmp_path):
    folder = with_further(report_results, tmp_path / "results")
    shown = report(folder, tmp_path / "report.html").content["likeness"]
    table = pd.read_csv(folder / "summary" / "trait_correlations.tsv", sep="\t")
    assert [each["slice"] for each in shown] == list(dict.fromkeys(each["slice"] for each in shown))
    for each in shown:
        own = table[table["slice"] == each["slice"]].set_index(["trait_a", "trait_b"])["r"]
        assert sorted(each["traits"]) == sorted({*own.index.get_level_values(0), *own.index.get_level_values(1)})
        r = np.array(each["r"])
        assert np.array_equal(np.diag(r), np.ones(len(r)))
        for (a, b), value in own.items():
            i, j = each["traits"].index(a), each["traits"].index(b)
            assert r[i, j] == r[j, i] == pytest.approx(value)
