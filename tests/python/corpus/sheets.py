"""Sheets that are no tables, and what the pipeline says of them before any task (test_pipeline.py runs them)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheets:
    """Two wrong sheets, slices.csv and traits.csv, so that one start of the engine shows both; and all that is said."""

    what: str
    slices: bytes
    traits: bytes
    says: tuple[str, ...]


UNCLOSED = "a quotation mark is not closed; a cell must be on one line"
NO_TEXT = "traits.csv: is no UTF-8 text; save it as CSV (UTF-8)"
SHEETS = [
    Sheets(
        "A cell over two lines, and Latin 1",
        b'slice,h5ad\n"two\nlines",a.h5ad\n',
        b"trait,sumstats\nna\xefve,y\n",
        (f"slices.csv, row 2: {UNCLOSED}", f"slices.csv, row 3: {UNCLOSED}", NO_TEXT),
    ),
    Sheets(
        "Semicolons; and empty lines, which count in the numbers of rows",
        b"slice;h5ad\na;b.h5ad\n",
        b"\xef\xbb\xbftrait,sumstats\r\n\r\n,\r\n\r\n-b,y\r\n",
        (
            "slices.csv: its columns stand between semicolons; a .csv wants commas",
            "traits.csv, row 5, column trait: '-b' must be letters, digits, '.', '_' and '-', beginning with a letter "
            "or digit",
            "traits.csv, row 5, column sumstats: y does not exist",
        ),
    ),
    Sheets(
        "Nothing, and a workbook",
        b"",
        b"PK\x03\x04\x00\x00",
        ("slices.csv: is empty; its first line must name the columns slice,h5ad", NO_TEXT),
    ),
]

# Names that could lead out of the results, or that a shell would read: refused in both sheets, each in its row.
UNSAFE_NAMES = [
    "../up",
    "a/b",
    "/tmp/x",
    "..",
    ".hidden",
    "-dash",
    "a b",
    "it's",
    "$(touch hacked)",
    "a\\b",
    "a;b",
    "~",
]
MUST_BE = "must be letters, digits, '.', '_' and '-', beginning with a letter or digit"
# Paths that Nextflow would leave to a shell, and what is said of them.
UNSAFE_PATHS = {
    "$HOME.h5ad": "$HOME.h5ad: a shell would read the $ in it; rename it",
    "a*[1].gz": "a*[1].gz: a shell would read the * [ ] in it; rename it",
}


def started() -> list[tuple[str, tuple[str, ...]]]:
    """What is wrong, and all that is said, for docs/errors.md."""
    names = " ".join(UNSAFE_NAMES)
    return [
        *((sheets.what, sheets.says) for sheets in SHEETS),
        (f"Names of slices, traits and groups: {names}", (f"slices.csv, row ..., column slice: '...' {MUST_BE}",)),
        ("Paths that a shell would read", tuple(UNSAFE_PATHS.values())),
    ]
