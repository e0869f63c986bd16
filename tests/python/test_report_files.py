"""The report as a file: it loads nothing, no name breaks out of it, the same bytes again, wrong results refused."""

from __future__ import annotations

import re
import shutil

import pytest

from conftest import ROOT, refused
from report_fixture import Study, write_results
from report_page import HOSTILE, report
from traitmap.errors import InputError
from traitmap.report import write_report


def test_nothing_is_loaded_from_anywhere(report_made):
    folder, page = report_made
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


def test_only_a_summary_is_enough(report_results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(report_results / "summary", folder / "summary")
    page = report(folder, tmp_path / "report.html")
    assert len(page.tables["regions-table"]) == 1 + 36


def test_same_bytes_again(report_made, report_results, tmp_path):
    folder, _ = report_made
    report(report_results, tmp_path / "report.html", run_info=folder / "run.json")
    assert (tmp_path / "report.html").read_bytes() == (folder / "report.html").read_bytes()
    files = sorted(path.relative_to(folder) for path in (folder / "report_data").rglob("*") if path.is_file())
    for name in files:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_wrong_input_is_one_line(report_results, tmp_path):
    (tmp_path / "empty").mkdir()
    text = refused("write_report.py", "--results", tmp_path / "empty", "--out", tmp_path / "a")
    assert "is it the outdir of a run?" in text
    for folder, templates, words in (
        (tmp_path / "none", ROOT / "assets" / "report", "no such folder"),
        (report_results, tmp_path, "report template"),
    ):
        with pytest.raises(InputError, match=words):
            write_report(folder, tmp_path / "a", templates=templates)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "name", ["traits/schizophrenia.parquet", "slices/brain_A/specificity.h5ad", "summary/regions.tsv"]
)
def test_damaged_files_are_one_line(report_results, tmp_path, name):
    folder = tmp_path / "results"
    shutil.copytree(report_results, folder)
    (folder / name).write_bytes(b"PAR1\x80 cut short")
    with pytest.raises(InputError, match="cannot be read"):
        report(folder, tmp_path / "a")
    assert not (tmp_path / "a").exists()
