"""The report in Chromium, from file:// with the network off: tests/browser/report.test.mjs on two made pages.

Needs node, Chromium, and ``npm install`` in tests/browser; skips, saying what is missing, otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from conftest import ROOT
from report_fixture import Study, write_results
from traitmap.report import write_report

HERE = ROOT / "tests" / "browser"


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, names) if path), None)


def _missing() -> str:
    lacks = [
        ("node", shutil.which("node")),
        ("chromium", _chromium()),
        (
            f"playwright-core (npm install in {HERE.relative_to(ROOT)})",
            (HERE / "node_modules" / "playwright-core").is_dir(),
        ),
    ]
    return ", ".join(name for name, there in lacks if not there)


@pytest.mark.skipif(bool(_missing()), reason=f"missing: {_missing()}")
def test_in_a_browser(tmp_path):
    pages = {}
    hostile = Study(
        slices=("<b>bold<b>",),
        traits=("<img src=x onerror=alert(1)>",),
        regions=(
            "<script>alert(1)</script>",
            "</script><script>alert(2)</script>",
            '"quoted" & %{x}',
            "x" * 200,
            "漢字",
        ),
        spots=200,
        snps=400,
    )
    for name, study in (("REPORT", Study()), ("HOSTILE", hostile)):
        folder = tmp_path / name
        write_results(folder / "results", study)
        write_report(folder / "results", folder / "report.html", templates=ROOT / "assets" / "report")
        pages[name] = str(folder / "report.html")
    command = ["node", "--test", "--test-reporter=spec", str(HERE / "report.test.mjs")]
    environment = {**os.environ, **pages, "CHROMIUM": _chromium()}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
