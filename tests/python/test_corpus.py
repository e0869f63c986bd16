"""Each wrong input gives its line and leaves nothing behind; each odd but valid one works and is counted."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

from conftest import ROOT, call
from corpus import cases, page, programs
from corpus.registry import OUT, Case

ALL = cases()
WRONG = [case for case in ALL if case.wrong]
ODD = [case for case in ALL if not case.wrong]


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Where the valid files of each reader are made once."""
    return tmp_path_factory.mktemp("templates")


def run(case: Case, folder: Path, templates: Path) -> tuple[int, list[str]]:
    """Run a case in an empty folder: exit code and lines of stderr."""
    case.reader.prepare(folder, templates / case.reader.key)
    options = {**case.reader.options, **(case.build(folder) or {})}
    line = [*programs.arguments(options), *case.reader.arguments]
    code, told = programs.call(case.reader.program, line, folder)
    return code, told.splitlines()


def fits(line: str, pattern: str) -> bool:
    """Whether ``line`` is ``pattern``, in which ... stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("..."))), line) is not None


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.id)
def test_what_is_wrong_is_told_in_a_line(case, tmp_path, templates):
    code, told = run(case, tmp_path, templates)
    assert code == 1, told
    assert len(told) == len(case.says), told
    for line, pattern in zip(told, case.says, strict=True):
        assert fits(line, f"error: {pattern}"), line
    assert list((tmp_path / OUT).iterdir()) == []


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning")  # one of the cases is a file of an old version
@pytest.mark.parametrize("case", ODD, ids=lambda case: case.id)
def test_what_is_odd_but_valid_works_and_is_counted(case, tmp_path, templates):
    code, told = run(case, tmp_path, templates)
    assert code == 0, told
    account = programs.ledger(tmp_path)
    lines = [f"{count['n']} {count['of']}: {count['what']}" for count in account["counts"]]
    lines += [f"warning: {text}" for text in account["warnings"]]
    for pattern in case.says:
        assert any(fits(line, pattern) for line in lines), (pattern, lines)
    assert_adds_up(account)
    if case.same:
        base = templates / f"{case.reader.key}-result"
        if not base.exists():
            run(Case(case.reader, "", "", lambda folder: None, (), wrong=False), base, templates)
        assert_same_results(tmp_path / OUT, base / OUT)


def assert_adds_up(account: dict[str, Any]) -> None:
    """What came in is what was removed and what went on, of everything that is counted at both ends."""
    total: Counter[tuple[str, str]] = Counter()
    for count in account["counts"]:
        of = "SNPs" if count["of"] == "rows" else count["of"]  # rows of a GWAS go on as SNPs
        kind = "removed" if count["what"].endswith("no result (NaN)") else count["kind"]
        if kind == "out":
            total[of, kind] = count["n"]  # the last that goes on
        else:
            total[of, kind] += count["n"]
    for of in {of for of, _ in total}:
        if (of, "in") in total and (of, "out") in total:
            assert total[of, "in"] - total[of, "removed"] == total[of, "out"], (of, account["counts"])


def assert_same_results(found: Path, expected: Path) -> None:
    """The same files with the same content, but for what is said of the inputs."""
    assert {path.name for path in found.iterdir()} == {path.name for path in expected.iterdir()}
    for path in found.iterdir():
        if path.suffix == ".parquet":
            pd.testing.assert_frame_equal(pd.read_parquet(path), pd.read_parquet(expected / path.name))
        elif path.suffix == ".tsv":
            assert path.read_text() == (expected / path.name).read_text()
        elif path.suffix == ".h5ad":
            mine, other = anndata.read_h5ad(path), anndata.read_h5ad(expected / path.name)
            pd.testing.assert_frame_equal(mine.obs, other.obs, check_names=False)
            pd.testing.assert_frame_equal(mine.var, other.var, check_index_type=False)
            for one, two in ((mine.X, other.X), *((mine.obsm[key], other.obsm[key]) for key in other.obsm)):
                np.testing.assert_array_equal(*(m.toarray() if hasattr(m, "toarray") else m for m in (one, two)))


def test_a_mistake_names_its_file_and_how_to_mend_it():
    """A rule of form: the file or option comes first, and what to do or to ask follows ; or ?."""
    for case in WRONG:
        for line in case.says:
            assert re.search(r"--[a-z]|^[^ :]+(, line \d+)?: |^[^:]+\.\w+: ", line), (case.id, line)
            assert re.search(r"; |\?|\bgive\b|\bmust\b|\bneeds\b|\bneeded\b", line), (case.id, line)


def test_there_are_enough_cases_under_names_of_their_own():
    assert len(WRONG) >= 150
    assert len({case.id for case in ALL}) == len(ALL)


def test_the_page_of_errors_is_current():
    """Mend: python tests/python/corpus/page.py (make errors)."""
    assert (ROOT / "docs" / "errors.md").read_text() == page.text()


@pytest.mark.parametrize("program", sorted({case.reader.program for case in WRONG}))
def test_a_process_of_its_own_ends_alike(program, tmp_path, templates):
    """The first case of every executable, called as a user does: exit code, lines, no traceback."""
    case = next(case for case in WRONG if case.reader.program == program)
    case.reader.prepare(tmp_path, templates / case.reader.key)
    options = {**case.reader.options, **(case.build(tmp_path) or {})}
    done = call(f"{program}.py", *programs.arguments(options), *case.reader.arguments, check=False, cwd=tmp_path)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == len(case.says), lines
    assert [line for line, says in zip(lines, case.says, strict=True) if not fits(line, f"error: {says}")] == []
    assert list((tmp_path / OUT).iterdir()) == []
