"""The report: what a reader sees equals the tables, nothing is fetched, no name breaks out, missing parts are said."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT, call, refused
from report_fixture import Study, write_results
from traitmap.errors import InputError
from traitmap.formats import COMPARISONS, CONDITIONAL, PATHWAYS, SUMMARY, TRAIT_CORRELATIONS
from traitmap.report import write_report

VOID = {"meta", "link", "input", "br", "img", "hr"}
HOSTILE = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Elements with attributes and text; the data block; what would be loaded."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[tuple[dict, str]]]] = {}
        self.data = ""
        self.texts: list[str] = []
        self._stack: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self._stack.append((tag, attributes))
        table = self._table()
        if tag == "tr" and table:
            self.tables.setdefault(table, []).append([])
        if tag in ("td", "th") and table and self.tables.get(table):
            self.tables[table][-1].append((attributes, ""))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        opened, _ = self._stack.pop()
        assert opened == tag, f"<{opened}> closed by </{tag}>"

    def handle_data(self, text):
        tag, attributes = self._stack[-1] if self._stack else ("", {})
        if tag == "script":
            if attributes.get("id") == "data":
                self.data += text
            return
        if tag != "style":
            self.texts.append(text)
        table = self._table()
        if table and any(name in ("td", "th") for name, _ in self._stack):
            cell, before = self.tables[table][-1][-1]
            self.tables[table][-1][-1] = (cell, before + text)

    def _table(self) -> str:
        return next((a.get("id") or "unnamed" for name, a in reversed(self._stack) if name == "table"), "")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def content(self) -> dict:
        return json.loads(self.data)


def unpack(packed: dict[str, str]) -> np.ndarray | list[str]:
    raw = zlib.decompress(base64.b64decode(packed["data"]))
    return raw.decode().split("\n") if packed["type"] == "text" else np.frombuffer(raw, f"<{packed['type']}")


def report(folder: Path, out: Path, **more: object) -> Page:
    write_report(folder, out, templates=ROOT / "assets" / "report", **more)
    page = Page(out.read_text())
    assert page._stack == [], "elements are left open"
    return page


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return write_results(tmp_path_factory.mktemp("run") / "results")


@pytest.fixture(scope="module")
def made(results, tmp_path_factory) -> tuple[Path, Page]:
    folder = tmp_path_factory.mktemp("report")
    info = folder / "run.json"
    info.write_text(json.dumps({"run_name": "brave_darwin", "command_line": "nextflow run . --input slices.csv"}))
    call("write_report.py", "--results", results, "--out", folder / "report.html", "--run-info", info)
    return folder, Page((folder / "report.html").read_text())


def test_nothing_is_loaded_from_anywhere(made):
    folder, page = made
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value)
    style = re.search(r"<style>(.*?)</style>", (folder / "report.html").read_text(), re.S)[1]
    assert "url(" not in style
    assert "@import" not in style
    policies = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")
    assert "http" not in policies[0]


def test_table_equals_summary(made, results):
    _, page = made
    head, *rows = page.tables["regions-table"]
    keys = [attributes["data-key"] for attributes, _ in head]
    told = pd.read_csv(results / "summary" / "regions.tsv", sep="\t", dtype=str, keep_default_na=False)
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


def test_rows_come_strongest_first(made):
    _, page = made
    head, *rows = page.tables["regions-table"]
    q = [float(row[[a["data-key"] for a, _ in head].index("q")][0]["data-v"]) for row in rows]
    assert q == sorted(q)


def test_every_pair_is_there_with_its_spots(made, results):
    _, page = made
    content = page.content
    pairs = {
        (content["slices"][p["slice"]]["name"], content["traits"][p["trait"]]["name"]): p for p in content["pairs"]
    }
    paths = sorted((results / "associations").glob("*/*/spots.parquet"))
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


def test_genes_equal_their_table(made, results):
    import anndata

    _, page = made
    content = page.content
    pair = content["pairs"][0]
    item = content["slices"][pair["slice"]]
    folder = results / "associations" / item["name"] / content["traits"][pair["trait"]]["name"]
    told = pd.read_csv(folder / "genes.tsv", sep="\t", keep_default_na=False).head(50)
    assert [row[0] for row in pair["genes"]] == told["gene"].tolist()
    np.testing.assert_array_equal([row[1] for row in pair["genes"]], told["pcc"])
    scores = anndata.read_h5ad(results / "slices" / item["name"] / "specificity.h5ad").to_df()
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


def test_comparisons_are_shown_smallest_p_first(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
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


def test_other_choices_make_another_page(results, tmp_path):
    options = ("--slice", "brain_B", "--trait", "schizophrenia", "--gene", "GENE3", "--genes", 2, "--fdr", 1e-9)
    call("write_report.py", "--results", results, "--out", tmp_path / "report.html", *options)
    page = Page((tmp_path / "report.html").read_text())
    content = page.content
    assert [item["name"] for item in content["slices"]] == ["brain_B"]
    assert [item["name"] for item in content["traits"]] == ["schizophrenia"]
    assert len(page.tables["regions-table"]) == 1 + 6
    assert content["slices"][0]["genes"][0]["name"] == "GENE3"
    assert len(content["slices"][0]["genes"]) == 3
    assert "None of 6 tests (slice × trait × region) reaches q < 1e-09" in page.text
    told = refused("write_report.py", "--results", results, "--out", tmp_path / "a", "--slice", "x", "--trait", "y")
    assert "--slice x: is not in" in told and "--trait y: is not in" in told


def test_first_sentence_names_the_strongest_finding(made, results):
    _, page = made
    told = pd.read_csv(results / "summary" / "regions.tsv", sep="\t")
    rows = told[told["scope"] == "slice"]
    hits = rows[rows["q"] < 0.05]
    best = hits.sort_values("q").iloc[0]
    assert f"{best['trait']} is associated most strongly with {best['region']} ({best['slice']}, q = " in page.text
    assert f"{len(hits)} of {len(rows)} tests (slice × trait × region) reach q < 0.05, for 1 of 2 traits." in page.text
    assert "no region reaches q < 0.05; nearest is" in page.text


def test_nothing_significant_is_said_plainly(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
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


def test_warnings_and_accounts_are_shown_and_linked(made, results):
    folder, page = made
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [a["href"] for tag, a in page.elements if tag == "a" and a.get("href", "").startswith("#")]
    assert all(link[1:] in ids for link in links)
    assert "brain_A.h5ad: 3 spots have no count" in page.text
    assert "fewer than 200,000" in page.text
    counts = pd.read_csv(folder / "report_data" / "counts.tsv", sep="\t")
    ledger = json.loads((results / "traits" / "schizophrenia.qc.json").read_text())
    mine = counts[(counts["step"] == "harmonize_sumstats") & (counts["subject"] == "schizophrenia")]
    assert mine["n"].tolist() == [count["n"] for count in ledger["counts"]]
    assert "INFO below 0.9" in page.text
    assert page.text.count("does not add up") == 0


def test_an_account_that_does_not_add_up_is_marked(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    path = folder / "traits" / "schizophrenia.qc.json"
    ledger = json.loads(path.read_text())
    ledger["counts"][-1]["n"] -= 3
    path.write_text(json.dumps(ledger))
    assert "does not add up: 3" in report(folder, tmp_path / "report.html").text


def test_what_failed_is_told_first(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    rows = ["subject\tstep\tmessage", f"height\tHARMONIZE_SUMSTATS\theight.gz: is truncated {HOSTILE}"]
    (folder / "summary" / "failures.tsv").write_text("\n".join(rows) + "\n")
    page = report(folder, tmp_path / "report.html")
    told = page.text.index("height failed and is left out: height.gz: is truncated")
    assert told < page.text.index("brain_A.h5ad: 3 spots have no count")
    assert HOSTILE in page.text  # as text


def test_approximate_reference_is_marked_everywhere(made, tmp_path):
    _, exact = made
    assert not [a for _, a in exact.elements if a.get("class") == "approximate"]
    study = Study(slices=("a",), traits=("t",), spots=60, snps=300, approximate=True)
    page = report(write_results(tmp_path / "results", study), tmp_path / "report.html")
    marks = [a for _, a in page.elements if a.get("class") == "approximate"]
    assert len(marks) >= 7  # top, regions, heat map, maps, genes, quality, methods
    assert "This is an approximation" in page.text


def test_methods_name_what_ran_and_cite_it(made):
    _, page = made
    for words in ("489 people", "GRCh37", "200 blocks", "INFO below 0.9", "10.1038/s41586-025-08757-x"):
        assert words in page.text
    assert "nextflow run . --input slices.csv" in page.text
    assert "hypergeometric" not in page.text
    assert "torch 2.9.1" in page.text or "torch" in page.text
    assert "@article{song2025gsmap," in page.text


def test_hostile_names_stay_text(tmp_path):
    odd = "tab\tquote\"'&amp;" + "x" * 200 + "é漢字"
    study = Study(
        slices=('<b>bold<b> & "quoted"', "naïve 切片"),
        traits=("<img src=x onerror=alert(1)>", "'; DROP TABLE"),
        regions=(HOSTILE, odd, "</script><script>alert(1)</script>", "-->", "{{ 7 * 7 }}", "=cmd()"),
        spots=120,
        snps=300,
    )
    folder = write_results(tmp_path / "results", study)
    page = report(folder, tmp_path / "report.html")
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert len(scripts) == 4  # theme, data, plotly, ours
    assert not [a for tag, a in page.elements if tag == "img" or "onerror" in a]
    assert {item["name"] for item in page.content["slices"]} == set(study.slices)
    assert {item["name"] for item in page.content["traits"]} == set(study.traits)
    shown = {text for row in page.tables["regions-table"] for _, text in row}
    assert set(study.regions) <= shown
    assert set(study.slices) | set(study.traits) <= shown


def test_missing_parts_are_said(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
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


def test_only_a_summary_is_enough(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results / "summary", folder / "summary")
    page = report(folder, tmp_path / "report.html")
    assert len(page.tables["regions-table"]) == 1 + 36


def test_same_bytes_again(made, results, tmp_path):
    folder, _ = made
    report(results, tmp_path / "report.html", run_info=folder / "run.json")
    assert (tmp_path / "report.html").read_bytes() == (folder / "report.html").read_bytes()
    files = sorted(path.relative_to(folder) for path in (folder / "report_data").rglob("*") if path.is_file())
    for name in files:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_wrong_input_is_one_line(results, tmp_path):
    (tmp_path / "empty").mkdir()
    text = refused("write_report.py", "--results", tmp_path / "empty", "--out", tmp_path / "a")
    assert "is it the outdir of a run?" in text
    for folder, templates, words in (
        (tmp_path / "none", ROOT / "assets" / "report", "no such folder"),
        (results, tmp_path, "report template"),
    ):
        with pytest.raises(InputError, match=words):
            write_report(folder, tmp_path / "a", templates=templates)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "name", ["traits/schizophrenia.parquet", "slices/brain_A/specificity.h5ad", "summary/regions.tsv"]
)
def test_damaged_files_are_one_line(results, tmp_path, name):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    (folder / name).write_bytes(b"PAR1\x80 cut short")
    with pytest.raises(InputError, match="cannot be read"):
        report(folder, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def with_further(results: Path, folder: Path) -> Path:
    """The results with every table that a run has only where it was asked for."""
    shutil.copytree(results, folder)
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


def test_tables_that_were_asked_for_are_shown_and_no_others(results, tmp_path):
    folder = with_further(results, tmp_path / "results")
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
    plain = report(results, tmp_path / "plain.html")
    assert not {"trait_correlations-table", "conditional_tests-table", "pathways-table"} & set(plain.tables)
    assert plain.content["likeness"] == []
    assert not any(attributes.get("id") == "likeness-plot" for _, attributes in plain.elements)


def test_traits_by_traits_are_whole_and_clustered(results, tmp_path):
    folder = with_further(results, tmp_path / "results")
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
