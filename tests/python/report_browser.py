"""Running the browser tests of tests/browser on reports that Python tests have made; says what is missing for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT

HERE = ROOT / "tests" / "browser"


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, names) if path), None)


def missing() -> str:
    """What the browser tests lack here, in words; empty where they can run."""
    lacks = {
        "node": shutil.which("node"),
        "chromium (on the PATH or in CHROMIUM)": _chromium(),
        "playwright-core (make test-tools)": (HERE / "node_modules" / "playwright-core").is_dir(),
    }
    return ", ".join(name for name, there in lacks.items() if not there)


needs_browser = pytest.mark.skipif(bool(missing()), reason=f"missing: {missing()}")


def browser_environment(**pages: Path) -> dict[str, str]:
    """The environment of a browser test: paths of pages by name, and the browser."""
    return {**os.environ, **{name: str(path) for name, path in pages.items()}, "CHROMIUM": _chromium() or ""}


def run_in_browser(test: str, **pages: Path) -> None:
    """Run ``tests/browser/<test>`` with the paths of pages in its environment; fail with what it says if it fails."""
    command = ["node", "--test", "--test-reporter=spec", str(HERE / test)]
    done = subprocess.run(
        command, cwd=HERE, env=browser_environment(**pages), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
