"""What the launcher and the images never do: run text that comes from sheets, parameters or names of files."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT

SCRIPTS = sorted([ROOT / "main.nf", *(ROOT / "functions").glob("*.nf"), *(ROOT / "subworkflows").glob("*.nf")])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_launcher_runs_no_text(path):
    text = path.read_text()
    assert not re.search(r"\bevaluate\(|GroovyShell|Eval\.|\.execute\(\)", text) or path.name == "provenance.nf"
    # There, a list of words, not a line for a shell.
    assert not re.search(r"[\"']\.execute\(", text)


def test_words_from_sheets_and_parameters_are_quoted_in_scripts():
    """Of a row, only names that the schemas hold to letters and digits, and numbers, stand in a script as they are."""
    safe = {"id", "trait", "n", "group", "chromosome", "rows"}  # rows: numbers that the pipeline itself counts
    for module in (ROOT / "modules").glob("*/main.nf"):
        text = module.read_text()
        bare = set(re.findall(r"\$\{meta\.(\w+)\}", text))
        assert bare <= safe, module
        for quoted in re.findall(r"quoted\(([^)]*)\)", text):
            assert quoted
        assert "${prefix}" not in text.replace('quoted("ld_scores/${prefix}")', "")


def test_images_do_not_run_as_root():
    for image in ("cpu", "gpu"):
        text = (ROOT / "containers" / image / "Dockerfile").read_text()
        users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
        assert users and users[-1] not in ("root", "0"), image
