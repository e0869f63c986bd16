"""Sheets that the pipeline writes for what is computed of a whole run: a row a slice x trait, with its files."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from traitmap.errors import InputError
from traitmap.files import open_text

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")  # a name becomes a folder: no path, no hidden folder


def read_pairs(path: Path, filled: Sequence[str], columns: Sequence[str] = ()) -> list[dict[str, str]]:
    """The rows of a sheet (TSV), cells stripped, in the file's order.

    ``slice``, ``trait`` and the columns ``filled`` must have a value in every row; ``columns`` must be there. Raises
    InputError with a line for each mistake: columns, empty cells, names that are none, pairs that repeat.
    """
    with open_text(path, "sheet") as text:
        reader = csv.DictReader(text, delimiter="\t")
        wanted = ("slice", "trait", *filled, *columns)
        missing = [name for name in dict.fromkeys(wanted) if name not in (reader.fieldnames or [])]
        if missing:
            raise InputError(*(f"{path}: has no column {name!r}; add it" for name in missing))
        lines = [{key: (value or "").strip() for key, value in line.items() if key} for line in reader]
    problems = [] if lines else [f"{path}: holds no row below its header; add one a slice x trait"]
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(lines, start=2):
        where = f"{path}: row {number}"
        problems += [
            f"{where}: {column} {line[column]!r} may hold letters, digits, '.', '_' and '-' only; rename it"
            for column in ("slice", "trait")
            if not NAME.fullmatch(line[column])
        ]
        problems += [f"{where}: {column} is empty; fill it in" for column in filled if not line[column]]
        key = line["slice"], line["trait"]
        if key in seen:
            problems.append(f"{where}: slice {key[0]!r} with trait {key[1]!r} occurs more than once; leave one")
        seen.add(key)
    if problems:
        raise InputError(*problems)
    return lines
