"""What the tests share: where real data lies, and how an executable is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no reason to fail: nothing here is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
REAL = SHARED / "real"
GSMAP = SHARED / "gsmap_reference"

needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real data is not at {REAL}")
needs_gsmap = pytest.mark.skipif(not GSMAP.is_dir(), reason=f"gsMap's reference outputs are not at {GSMAP}")


def call(
    executable: str, *arguments: object, check: bool = True, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``bin/<executable>`` as a user does; with ``check``, fail the test with its stderr if it fails."""
    command = [sys.executable, str(ROOT / "bin" / executable), *map(str, arguments)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=cwd)
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\nexit code {done.returncode}\n{done.stderr}")
    return done


def refused(executable: str, *arguments: object) -> str:
    """The one-line complaint of an executable that refuses its input: exit code 1, no traceback."""
    done = call(executable, *arguments, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines, "no message"
    assert all(line.startswith("error: ") for line in lines), done.stderr
    return done.stderr


@pytest.fixture(scope="session")
def report_results(tmp_path_factory) -> Path:
    """A results folder as the pipeline leaves one, simulated; not to be changed."""
    from report_fixture import write_results

    return write_results(tmp_path_factory.mktemp("run") / "results")


@pytest.fixture(scope="session")
def report_made(report_results, tmp_path_factory):
    """The folder of its report, as the executable writes it, and the page."""
    from report_page import Page

    folder = tmp_path_factory.mktemp("report")
    info = folder / "run.json"
    info.write_text(json.dumps({"run_name": "brave_darwin", "command_line": "nextflow run . --input slices.csv"}))
    call("write_report.py", "--results", report_results, "--out", folder / "report.html", "--run-info", info)
    return folder, Page((folder / "report.html").read_text())
