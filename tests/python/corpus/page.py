"""docs/errors.md from the corpus: python tests/python/corpus/page.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[3] / "bin")]

from corpus import headers, readers  # noqa: E402
from corpus.registry import Reader  # noqa: E402
from corpus.sheets import started  # noqa: E402

ROOT = HERE.parents[3]
PAGE = ROOT / "docs" / "errors.md"
HEAD = """# What is said of wrong and odd files

Each row is a test: the file is made, it is read, and this is what is said of it. `...` stands for text that differs.

1. Parameters and sheets, before any task: `tests/pipeline/mistakes.nf.test`, `tests/python/test_pipeline.py`.
2. What headers tell, before anything is computed: `tests/python/test_check_inputs.py`.
3. What only whole files tell, the step that reads it: `tests/python/test_corpus.py`. A wrong file ends the step with
   exit code 1 and these lines, and leaves nothing half-written. An odd one works, and the account of the step
   (`*.qc.json`, the report) counts what was done.

{all} cases: {started} of parameters and sheets, {headers} of headers; of whole files {wrong} wrong, {odd} odd ones.
The cases are in `tests/python/corpus/`; this page is made of them by `make errors`.
"""
ERROR = "| wrong | error |"


def text() -> str:
    """The whole page."""
    every = readers()
    found = [case for reader in every for case in reader.cases]
    at_once, before = _started(), [(mistake.what, mistake.says) for mistake in headers.MISTAKES]
    counts = {"started": len(at_once), "headers": len(before), "wrong": sum(case.wrong for case in found)}
    counts["odd"] = len(found) - counts["wrong"]
    head = HEAD.format(all=sum(counts.values()), **counts)
    first = _section("Parameters and sheets", "main.nf", [(ERROR, at_once)])
    second = _section("Headers", "bin/check_inputs.py", [(ERROR, before)])
    return "\n".join([head, first, second, *(_of_reader(reader) for reader in every)])


def _started() -> list[tuple[str, tuple[str, ...]]]:
    """What the pipeline says as it starts: the snapshots of its tests, and what ``corpus.sheets`` holds."""
    snapshots = json.loads((ROOT / "tests" / "pipeline" / "mistakes.nf.test.snap").read_text())
    told = [
        (name[0].upper() + name[1:], tuple(line.removeprefix("error: ") for line in snapshot["content"][0]))
        for name, snapshot in sorted(snapshots.items())
    ]
    return told + started()


def _of_reader(reader: Reader) -> str:
    tables = [
        (title, [(case.what, case.says) for case in reader.cases if case.wrong is wrong])
        for wrong, title in ((True, ERROR), (False, "| odd, but valid | account |"))
    ]
    return _section(reader.title, f"bin/{reader.program}.py", tables)


def _section(title: str, program: str, tables: list[tuple[str, list[tuple[str, tuple[str, ...]]]]]) -> str:
    lines = [f"## {title}", "", f"`{program}`", ""]
    for head, rows in tables:
        if rows:
            lines += [head, "|---|---|"]
            lines += [f"| {_cell(what)} | {_said(says) or 'read as any other'} |" for what, says in rows]
            lines.append("")
    return "\n".join(lines)


def _said(says: tuple[str, ...]) -> str:
    return "<br>".join(f"`{_cell(line)}`" for line in says)


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text())
    print(PAGE)
