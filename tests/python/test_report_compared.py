"""The report's section of methods compared: its numbers are those of the tables; it is only there if it has any."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import ROOT, call
from report_browser import needs_browser, run_in_browser
from report_fixture import Study, write_results
from traitmap.report import write_report

LAYERS = ("1: Granular Cell Layer", "2: Mitral Cell Layer", "3: Outer Plexiform Layer", "4: Glomerular Layer")
STUDY = Study(slices=("brain_A",), regions=(*LAYERS, "5: Olfactory Nerve Layer"), spots=300)


def add_methods(folder: Path, study: Study) -> None:
    """What the methods beside ldsc leave in the results of ``study``, and their comparison."""
    rng = np.random.default_rng(5)
    lines = ["slice trait regions spots scdrs scdrs_regions signatures".split()]
    for name in study.slices:
        for trait in study.traits:
            pair = folder / "associations" / name / trait
            spots = pd.read_parquet(pair / "spots.parquet")
            score = spots["z"].fillna(0) + rng.standard_normal(len(spots))
            score[[40, 50]] = -10  # as scDRS writes P of 1
            scdrs = pd.DataFrame({"spot": spots["spot"], "raw_score": score, "norm_score": score, "z": score})
            scdrs["p"] = stats.norm.sf(score)
            scdrs["neg_log10_p"], scdrs["mc_p"] = -np.log10(scdrs["p"]), 0.5
            scdrs.to_parquet(pair / "scdrs.parquet")
            spots[["spot"]].assign(aucell=score.abs()).to_parquet(pair / "signatures.parquet")
            regions = pd.read_csv(pair / "regions.tsv", sep="\t")
            own = regions[["region", "n_spots"]].assign(n_controls=99, assoc_z=1.0, assoc_p=0.2, hetero_z=0.0)
            own = own.assign(hetero_p=0.5, n_fdr_05=0, n_fdr_20=0)
            own.to_csv(pair / "scdrs_regions.tsv", sep="\t", index=False)
            names = ("regions.tsv", "spots.parquet", "scdrs.parquet", "scdrs_regions.tsv", "signatures.parquet")
            lines.append([name, trait, *(str(pair / file) for file in names)])
    sheet = folder / "sheet.tsv"
    sheet.write_text("".join("\t".join(line) + "\n" for line in lines))
    call("compare_methods.py", "--sheet", sheet, "--out", folder)
    sheet.unlink()


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> tuple[Path, str, str]:
    """The results folder, and its page without and with methods beside ldsc."""
    folder = write_results(tmp_path_factory.mktemp("compared") / "results", STUDY)
    templates = ROOT / "assets" / "report"
    out = folder.parent / "report.html"
    write_report(folder, out, templates=templates)
    without = out.read_text()
    add_methods(folder, STUDY)
    write_report(folder, out, templates=templates)
    return folder, without, out.read_text()


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_nothing_of_it_is_in_a_page_of_ldsc_alone(pages):
    _folder, without, page = pages
    assert 'id="compared"' not in without
    assert "report.startCompared = " not in without
    assert "compared" not in data_of(without)
    assert 'id="compared"' in page
    assert "report.startCompared = " in page


def test_the_table_and_the_data_hold_the_numbers_of_methods_tsv(pages):
    folder, _without, page = pages
    table = pd.read_csv(folder / "summary" / "methods.tsv", sep="\t")
    body = re.search(r'<table id="compared-table".*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    keys = re.findall(r'data-key="([^"]+)"', page[page.index('id="compared-table"') :].split("</thead>")[0])
    rows = [re.findall(r'data-v="([^"]*)"', row) for row in body.split("</tr>") if "<td" in row]
    assert len(rows) == table.groupby(["slice", "trait", "region"]).ngroups
    told = table.set_index(["trait", "region", "method"])
    for row in rows:
        cells = dict(zip(keys, row, strict=True))
        for key, value in cells.items():
            what, _, method = key.partition("_")
            if what in ("p", "q", "auc"):
                assert float(value) == told.loc[(cells["trait"], cells["region"], method), what]
    assert [float(row[keys.index("p_consensus")]) for row in rows] == sorted(table.query("method == 'consensus'")["p"])
    compared = data_of(page)["compared"]
    assert [item["method"] for item in compared["methods"]] == ["ldsc", "scdrs", "consensus", "aucell"]
    assert len(compared["regions"]) == len(table)


def test_scores_in_the_page_are_those_of_the_spots(pages):
    folder, _without, page = pages
    data = data_of(page)
    trait = [item["name"] for item in data["traits"]].index(STUDY.traits[0])
    packed = next(pair for pair in data["pairs"] if pair["trait"] == trait)["scores"]["scdrs"]
    values = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), "<f4")
    spots = pd.read_parquet(folder / "associations" / "brain_A" / STUDY.traits[0] / "methods.parquet")
    np.testing.assert_allclose(np.sort(values), np.sort(spots["scdrs_z"]), rtol=1e-6)


def test_the_methods_text_tells_what_ran_and_cites_it(pages):
    _folder, without, page = pages
    assert "scDRS, with Monte Carlo P" in page
    assert "10.1038/s41588-022-01167-z" in page
    assert "10.1126/science.aad0501" not in page  # no module score in this run
    assert "scDRS" not in without


def test_the_tables_lie_beside_the_page(pages):
    folder, _without, _page = pages
    for name in ("methods.tsv", "method_agreement.tsv"):
        assert (folder.parent / "report_data" / name).read_bytes() == (folder / "summary" / name).read_bytes()


@needs_browser
def test_it_works_in_a_browser(pages):
    folder, _without, _page = pages
    run_in_browser("compared.test.mjs", REPORT=folder.parent / "report.html")
