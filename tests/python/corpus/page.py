"""docs/errors.md from the corpus: python tests/python/corpus/page.py."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[3] / "bin")]

from corpus import readers  # noqa: E402
from corpus.registry import Reader  # noqa: E402

PAGE = HERE.parents[3] / "docs" / "errors.md"
HEAD = """# What is said of wrong and odd files

Each row is a test (`tests/python/corpus/`): the file is made, the executable is called on it, and this is what it says.
A wrong file ends the step with exit code 1 and these lines, and leaves nothing half-written. An odd one works, and the
account of the step (`*.qc.json`, the report) counts what was done. `...` stands for text that differs.
The mistakes of sheets and parameters, which are told before any step starts, are tested in `tests/pipeline/`.

{wrong} wrong inputs, {odd} odd ones. This page is made by `make errors`.
"""


def text() -> str:
    """The whole page."""
    every = readers()
    found = [case for reader in every for case in reader.cases]
    head = HEAD.format(wrong=sum(case.wrong for case in found), odd=sum(not case.wrong for case in found))
    return "\n".join([head, *(_section(reader) for reader in every)])


def _section(reader: Reader) -> str:
    lines = [f"## {reader.title}", "", f"`bin/{reader.program}.py`", ""]
    for wrong, titles in ((True, "| wrong | error |"), (False, "| odd, but valid | account |")):
        rows = [case for case in reader.cases if case.wrong is wrong]
        if rows:
            lines += [titles, "|---|---|"]
            lines += [f"| {_cell(case.what)} | {_said(case.says) or 'read as any other'} |" for case in rows]
            lines.append("")
    return "\n".join(lines)


def _said(says: tuple[str, ...]) -> str:
    return "<br>".join(f"`{_cell(line)}`" for line in says)


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text())
    print(PAGE)
