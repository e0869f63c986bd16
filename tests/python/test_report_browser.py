"""The report in Chromium, from file:// with the network off: tests/browser/report.test.mjs on two made pages.

Needs node, Chromium and playwright-core (``make test-tools``); skips, saying what is missing, otherwise. The demo's
report and a real one are opened in test_pipeline.py.
"""

from __future__ import annotations

from conftest import ROOT
from report_browser import needs_browser, run_in_browser
from report_fixture import Study, write_results
from traitmap.report import write_report

HOSTILE = Study(
    slices=("<b>bold<b>",),
    traits=("<img src=x onerror=alert(1)>",),
    regions=("<script>alert(1)</script>", "</script><script>alert(2)</script>", '"quoted" & %{x}', "x" * 200, "漢字"),
    spots=200,
    snps=400,
)


@needs_browser
def test_in_a_browser(tmp_path):
    pages = {}
    for name, study in (("REPORT", Study()), ("HOSTILE", HOSTILE)):
        folder = tmp_path / name
        write_results(folder / "results", study)
        write_report(folder / "results", folder / "report.html", templates=ROOT / "assets" / "report")
        pages[name] = folder / "report.html"
    run_in_browser("report.test.mjs", **pages)
    run_in_browser("any_report.test.mjs", REPORT=pages["HOSTILE"])
