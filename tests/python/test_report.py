"""The report: what a reader sees equals the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from conftest import call, refused
from report_fixture import Study, write_results
from report_page import Page, report, unpack
from traitmap.formats import SUMMARY


def test_table_equals_summary(report_made, report_results):
    _, page = report_made
    head, *rows = page.tables["regions-table"]
    keys = [attributes["data-key"] for attributes, _ in head]
    told = pd.read_csv(report_results / "summary" / "regions.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert set(keys) <= set(SUMMARY)
    assert {"p_cauchy", "p_mean", "p_contrast", "q", "odds_ratio", "n_spots"} <= set(keys)
    assert len(rows) == len(told)
    names = ["scope", "slice", "trait", "region"]
    shown = {tuple(row[keys.index(name)][1] for name in names): row for row in rows}
    assert len(shown) == len(rows)
    for _, wanted in told.iterrows():
        row = shown[tuple(wanted[names])]
        for key, (attributes, text) in zip(keys, row, strict=True):
            if key in (*names, "flags"):
                assert text == wanted[key]
            elif wanted[key]:
                assert float(attributes["data-v"]) == float(wanted[key]), key


def test_rows_come_strongest_first(report_made):
    _, page = report_made
    head, *rows = page.tables["regions-table"]
    q = [float(row[[a["data-key"] for a, _ in head].index("q")][0]["data-v"]) for row in rows]
    assert q == sorted(q)


def test_every_pair_is_there_with_its_spots(report_made, report_results):
    _, page = report_made
    content = page.content
    pairs = {
        (content["slices"][p["slice"]]["name"], content["traits"][p["trait"]]["name"]): p for p in content["pairs"]
    }
    paths = sorted((report_results / "associations").glob("*/*/spots.parquet"))
    assert len(pairs) == len(paths) == 4
    for path in paths:
        pair = pairs[path.parent.parent.name, path.parent.name]
        item = content["slices"][pair["slice"]]
        spots = pd.read_parquet(path)
        assert unpack(item["spots"]) == spots["spot"].tolist()
        np.testing.assert_array_equal(unpack(pair["z"]), spots["z"].to_numpy(np.float32))
        assert "log_p" not in pair  # P is the normal tail of z, so the page computes it
        codes = unpack(item["region"])
        labels = [item["regions"][code - 1] if code else None for code in codes]
        assert labels == [None if pd.isna(label) else label for label in spots["region"]]


def test_p_that_is_no_normal_tail_travels_itself(tmp_path):
    folder = write_results(tmp_path / "results", Study(slices=("a",), traits=("t",), spots=60, snps=300))
    path = folder / "associations" / "a" / "t" / "spots.parquet"
    spots = pd.read_parquet(path)
    spots["neg_log10_p"] *= 0.7
    spots.to_parquet(path)
    pair = report(folder, tmp_path / "report.html").content["pairs"][0]
    np.testing.assert_array_equal(unpack(pair["log_p"]), spots["neg_log10_p"].to_numpy(np.float32))


def test_genes_equal_their_table(report_made, report_results):
    import anndata

    _, page = report_made
    content = page.content
    pair = content["pairs"][0]
    item = content["slices"][pair["slice"]]
    folder = report_results / "associations" / item["name"] / content["traits"][pair["trait"]]["name"]
    told = pd.read_csv(folder / "genes.tsv", sep="\t", keep_default_na=False).head(50)
    assert [row[0] for row in pair["genes"]] == told["gene"].tolist()
    np.testing.assert_array_equal([row[1] for row in pair["genes"]], told["pcc"])
    scores = anndata.read_h5ad(report_results / "slices" / item["name"] / "specificity.h5ad").to_df()
    assert item["genes"][0]["name"] == pair["genes"][0][0]
    for gene in item["genes"]:
        drawn = unpack(gene["levels"]).astype(float) / 254 * gene["top"]
        np.testing.assert_allclose(drawn, scores[gene["name"]], atol=gene["top"] / 500)
    expressed = pd.read_parquet(folder / "expression.parquet").set_index("spot")
    for gene in item["expression"][:6]:
        drawn = unpack(gene["levels"]).astype(float) / 254 * gene["top"]
        np.testing.assert_allclose(drawn, expressed[gene["name"]], atol=gene["top"] / 500)
    assert {gene["name"] for gene in item["expression"]} == {gene["name"] for gene in item["genes"]}


def test_microdomain_columns_are_maps_whatever_they_are_called(tmp_path):
    import anndata

    folder = write_results(tmp_path / "results", Study(slices=("a",), traits=("t",), spots=60, snps=300))
    path = folder / "slices" / "a" / "specificity.h5ad"
    data = anndata.read_h5ad(path)
    data.obs["new_measure"] = np.where(np.arange(60) < 3, np.nan, np.arange(60.0) - 20)
    data.obs["constant"] = 1.0
    data.obs["weak"] = np.arange(60) < 15
    data.write_h5ad(path)
    page = report(folder, tmp_path / "report.html")
    layers = {item["name"]: item for item in page.content["slices"][0]["qc"]}
    assert "constant" not in layers
    assert {"microdomain_size", "microdomain_similarity", "new_measure", "weak"} <= set(layers)
    levels = unpack(layers["new_measure"]["levels"])
    assert (levels[:3] == 255).all()
    assert (levels[3], levels[-1]) == (0, 254)
    assert (layers["new_measure"]["low"], layers["new_measure"]["top"]) == (-17, 39)
    head, row = page.tables["microdomains-table"]
    names = [text for _, text in head]
    assert row[names.index("weak")][1] == "25 %"
    assert "size" in names and not any("microdomain" in name for name in names)  # the heading says it


def test_other_choices_make_another_page(report_results, tmp_path):
    options = ("--slice", "brain_B", "--trait", "schizophrenia", "--gene", "GENE3", "--genes", 2, "--fdr", 1e-9)
    call("write_report.py", "--results", report_results, "--out", tmp_path / "report.html", *options)
    page = Page((tmp_path / "report.html").read_text())
    content = page.content
    assert [item["name"] for item in content["slices"]] == ["brain_B"]
    assert [item["name"] for item in content["traits"]] == ["schizophrenia"]
    assert len(page.tables["regions-table"]) == 1 + 6
    assert content["slices"][0]["genes"][0]["name"] == "GENE3"
    assert len(content["slices"][0]["genes"]) == 3
    assert "None of 6 tests (slice × trait × region) reaches q < 1e-09" in page.text
    told = refused(
        "write_report.py", "--results", report_results, "--out", tmp_path / "a", "--slice", "x", "--trait", "y"
    )
    assert "--slice x: is not in" in told and "--trait y: is not in" in told
