"""What the report says in words: findings, warnings, accounts, methods, what is missing."""

from __future__ import annotations

import json
import shutil

import pandas as pd

from report_fixture import Study, write_results
from report_page import HOSTILE, report


def test_first_sentence_names_the_strongest_finding(report_made, report_results):
    _, page = report_made
    told = pd.read_csv(report_results / "summary" / "regions.tsv", sep="\t")
    rows = told[told["scope"] == "slice"]
    hits = rows[rows["q"] < 0.05]
    best = hits.sort_values("q").iloc[0]
    assert f"{best['trait']} is associated most strongly with {best['region']} ({best['slice']}, q = " in page.text
    assert f"{len(hits)} of {len(rows)} tests (slice × trait × region) reach q < 0.05, for 1 of 2 traits." in page.text
    assert "no region reaches q < 0.05; nearest is" in page.text


def test_nothing_significant_is_said_plainly(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    table = pd.read_csv(folder / "summary" / "regions.tsv", sep="\t")
    table["q"] = 0.4
    table.to_csv(folder / "summary" / "regions.tsv", sep="\t", index=False)
    page = report(folder, tmp_path / "report.html")
    assert "None of 24 tests (slice × trait × region) reaches q < 0.05: no region stands out" in page.text
    assert "is associated most strongly" not in page.text


def test_many_traits_without_a_region_share_a_line(tmp_path):
    traits = ("t1", "t2", "t3", "t4", "t5")
    study = Study(slices=("a",), traits=traits, spots=120, snps=300)
    page = report(write_results(tmp_path / "results", study), tmp_path / "report.html")
    told = pd.read_csv(tmp_path / "report_data" / "regions.tsv", sep="\t")
    hits = set(told[told["q"] < 0.05]["trait"])
    assert f"No region reaches q < 0.05 for {5 - len(hits)} traits: " in page.text
    assert all(trait in page.text.split("traits: ", 1)[1].split(".", 1)[0] for trait in set(traits) - hits)


def test_warnings_and_accounts_are_shown_and_linked(report_made, report_results):
    folder, page = report_made
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [a["href"] for tag, a in page.elements if tag == "a" and a.get("href", "").startswith("#")]
    assert all(link[1:] in ids for link in links)
    assert "brain_A.h5ad: 3 spots have no count" in page.text
    assert "fewer than 200,000" in page.text
    counts = pd.read_csv(folder / "report_data" / "counts.tsv", sep="\t")
    ledger = json.loads((report_results / "traits" / "schizophrenia.qc.json").read_text())
    mine = counts[(counts["step"] == "harmonize_sumstats") & (counts["subject"] == "schizophrenia")]
    assert mine["n"].tolist() == [count["n"] for count in ledger["counts"]]
    assert "INFO below 0.9" in page.text
    assert page.text.count("does not add up") == 0


def test_an_account_that_does_not_add_up_is_marked(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    path = folder / "traits" / "schizophrenia.qc.json"
    ledger = json.loads(path.read_text())
    ledger["counts"][-1]["n"] -= 3
    path.write_text(json.dumps(ledger))
    assert "does not add up: 3" in report(folder, tmp_path / "report.html").text


def test_what_failed_is_told_first(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    rows = ["subject\tstep\tmessage", f"height\tHARMONIZE_SUMSTATS\theight.gz: is truncated {HOSTILE}"]
    (folder / "summary" / "failures.tsv").write_text("\n".join(rows) + "\n")
    page = report(folder, tmp_path / "report.html")
    told = page.text.index("height failed and is left out: height.gz: is truncated")
    assert told < page.text.index("brain_A.h5ad: 3 spots have no count")
    assert HOSTILE in page.text  # as text


def test_approximate_reference_is_marked_everywhere(report_made, tmp_path):
    _, exact = report_made
    assert not [a for _, a in exact.elements if a.get("class") == "approximate"]
    study = Study(slices=("a",), traits=("t",), spots=60, snps=300, approximate=True)
    page = report(write_results(tmp_path / "results", study), tmp_path / "report.html")
    marks = [a for _, a in page.elements if a.get("class") == "approximate"]
    assert len(marks) >= 7  # top, regions, heat map, maps, genes, quality, methods
    assert "This is an approximation" in page.text


def test_methods_name_what_ran_and_cite_it(report_made):
    _, page = report_made
    for words in ("489 people", "GRCh37", "200 blocks", "INFO below 0.9", "10.1038/s41586-025-08757-x"):
        assert words in page.text
    assert "nextflow run . --input slices.csv" in page.text
    assert "hypergeometric" not in page.text
    assert "torch 2.9.1" in page.text or "torch" in page.text
    assert "@article{song2025gsmap," in page.text


def test_missing_parts_are_said(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    for path in (
        "reference",
        "pipeline_info",
        "summary",
        "slices/brain_B",
        "associations/brain_A/height_null/genes.tsv",
        "associations/brain_A/schizophrenia/spots.parquet",
        "associations/brain_A/schizophrenia/region_tests.parquet",
        "associations/brain_A/height_null/regression.qc.json",
        "traits/schizophrenia.parquet",
    ):
        shutil.rmtree(folder / path) if (folder / path).is_dir() else (folder / path).unlink()
    page = report(folder, tmp_path / "report.html")
    for words in (
        "slices/brain_B/specificity.h5ad",
        "height_null/genes.tsv",
        "schizophrenia/spots.parquet",
        "params.json",
    ):
        assert words in page.text
    assert len(page.tables["regions-table"]) == 1 + 24
    content = page.content
    assert "x" not in content["slices"][1]
    assert content["traits"][1]["manhattan"] is None


def test_of_traits_of_one_q_the_smallest_p_comes_first(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    path = folder / "summary" / "regions.tsv"
    table = pd.read_csv(path, sep="\t")
    table["q"], table["p_contrast"] = 0.01, 0.004
    table["p_cauchy"] = table["p_mean"] = 0.004
    first = sorted(table["trait"].unique())[-1]
    table.loc[table["trait"] == first, ["p_contrast", "p_cauchy", "p_mean"]] = 0.001
    table.to_csv(path, sep="\t", index=False)
    page = report(folder, tmp_path / "report.html")
    shown = next(attributes for tag, attributes in page.elements if "data-show-trait" in attributes)
    assert shown["data-show-trait"] == first  # whose map is shown
    assert f"{first} is associated most strongly" in page.text
