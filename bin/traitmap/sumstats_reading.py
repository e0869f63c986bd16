"""Reading a table of text in pieces, whatever its compression, its delimiter and the comments before its header."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from traitmap.errors import InputError
from traitmap.files import open_binary

WHAT = "GWAS summary statistics"
BLOCK = 1 << 26
LONGEST_LINE = 1 << 20
EXAMPLES = 3
QUOTABLE = ",;"  # delimiters that occur within quoted fields; elsewhere quotes are just left out


@dataclass(frozen=True)
class Sheet:
    """How a text table is laid out.

    ``delimiter`` is None where runs of blanks separate. ``lines_before`` counts the lines up to and with the header.
    ``padding`` is -1 where rows begin with a field that the header has no name for (R's row names), 1 where they end
    with an empty one, else 0. ``sample`` holds the fields of the first rows.
    """

    path: Path
    header: list[str]
    delimiter: str | None
    lines_before: int
    padding: int
    sample: list[list[str]]


@dataclass
class BadRows:
    """Rows whose number of fields is not the header's."""

    n: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, number: int, fields: int, wanted: int) -> None:
        """Count one, and keep the first few as examples."""
        self.n += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"line {number} has {fields} fields, not {wanted}")

    def extend(self, other: BadRows) -> None:
        """Add the rows of ``other``."""
        self.n += other.n
        self.examples = [*self.examples, *other.examples][:EXAMPLES]


def read_sheet(path: Path, sample: int = 50) -> Sheet:
    """Look at the header and the first rows of ``path``; InputError where there is no table of at least two columns."""
    with open_binary(path, WHAT) as stream:
        header, number = _header_line(path, stream)
        rows: list[str] = []
        while len(rows) < sample and (line := _line(path, stream)):
            rows += [line] if line.strip() else []
    for delimiter in ("\t", ",", ";", None):
        names = split(header, delimiter)
        fields = [split(row, delimiter) for row in rows]
        fitting = [row for row in fields if 0 <= len(row) - len(names) <= 1]
        if len(names) > 1 and (fitting or not rows):
            break
    else:
        first = header.strip()[:60]
        problem = f"its first line ({first!r}) is no header of columns between tabs, blanks or commas; is it a table?"
        if len(names) > 1:
            problem = f"the header has {len(names)} fields, the first row {len(fields[0])}; is it one table?"
        raise InputError(f"{path}: {problem}")
    if not rows:
        raise InputError(f"{path}: has a header but no rows ({WHAT}); was its download or copy cut short?")
    padding = 0
    if all(len(row) > len(names) for row in fitting):
        padding = 1 if fitting[0][-1] == "" else -1
    drop = slice(1, None) if padding < 0 else slice(len(names))
    names[0] = names[0].lstrip("#").strip()
    return Sheet(Path(path), names, delimiter, number, padding, [row[drop] for row in fitting])


def split(line: str, delimiter: str | None) -> list[str]:
    """The fields of one line, without their quotes and the blanks around them."""
    line = line.rstrip("\r\n")
    if delimiter is not None and delimiter in QUOTABLE:
        parts = next(csv.reader([line], delimiter=delimiter), [])
    else:
        parts = line.split(delimiter)
    return [part.strip().strip('"').strip() for part in parts]


def _header_line(path: Path, stream: BinaryIO) -> tuple[str, int]:
    """The header and its line number: the first line that is no comment (``##``, or ``#`` before a further ``#``)."""
    number, line, following = 0, "", _line(path, stream)
    while following:
        number, line, following = number + 1, following, None
        if not line.strip() or line.startswith("##"):
            following = _line(path, stream)
        elif line.startswith("#"):
            # Its next line tells whether this is a comment; only comments and the header begin with #.
            following = _peek(stream)
            if not following.startswith("#"):
                return line, number
            following = _line(path, stream)
        else:
            return line, number
    raise InputError(f"{path}: holds no header ({WHAT}); was its download or copy cut short?")


def _peek(stream: BinaryIO) -> str:
    return stream.peek(1)[:1].decode("latin-1")


def _line(path: Path, stream: BinaryIO) -> str:
    """The next line; headers are taken as UTF-8, and what is no UTF-8 in them stays readable."""
    line = stream.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE or b"\0" in line:
        raise InputError(f"{path}: is no text table ({WHAT}); give the file of summary statistics itself")
    return line.decode("utf-8", errors="backslashreplace").removeprefix("\ufeff")


def read_chunks(
    sheet: Sheet, columns: dict[str, int], missing: list[str], bad: BadRows, block: int = BLOCK
) -> Iterator[pa.Table]:
    """Yield rows, about ``block`` bytes at a time: string columns named by the keys of ``columns``, null where missing.

    ``columns`` gives positions in the header. Rows of the wrong number of fields are added to ``bad`` and left out.
    Raises InputError where the file is truncated, damaged, or not UTF-8 in a wanted column.
    """
    width = len(sheet.header) + abs(sheet.padding)
    shift = 1 if sheet.padding < 0 else 0
    wanted = {role: f"f{position + shift}" for role, position in columns.items()}
    number = sheet.lines_before
    with open_binary(sheet.path, WHAT) as stream:
        for _ in range(sheet.lines_before):
            stream.readline()
        for text in _whole_lines(stream, block):
            try:
                table = _parse(text, sheet.delimiter, width, sorted(set(wanted.values())), missing, bad, number)
            except pa.ArrowInvalid as error:
                where = f"after line {number}"
                raise InputError(
                    f"{sheet.path}: cannot be read {where} ({WHAT}: {error}); is it UTF-8 text?"
                ) from error
            number += text.count(b"\n")
            yield pa.table({role: table.column(name).combine_chunks() for role, name in wanted.items()})


def _whole_lines(stream: BinaryIO, block: int) -> Iterator[bytes]:
    """Pieces of about ``block`` bytes that end where a line ends."""
    rest: deque[bytes] = deque()
    while data := stream.read(block):
        end = data.rfind(b"\n") + 1
        if end == 0:
            rest.append(data)
            continue
        yield b"".join([*rest, data[:end]])
        rest = deque([data[end:]])
    if last := b"".join(rest):
        yield last


def _parse(
    text: bytes, delimiter: str | None, width: int, wanted: list[str], missing: list[str], bad: BadRows, number: int
) -> pa.Table:
    """Parse whole lines; ``number`` is that of the line before them."""
    if delimiter is None:
        delimiter, text = " ", _single_blanks(text)
    if b'"' in text and delimiter in QUOTABLE:
        here = BadRows()
        table = _parse_plain(text, delimiter, '"', width, wanted, missing, here, number)
        # A stray quote swallows the lines up to the next one: then quotes mean nothing in this file.
        if table.num_rows + here.n == sum(1 for line in text.splitlines() if line.strip()):
            bad.extend(here)
            return table
    return _parse_plain(text.replace(b'"', b""), delimiter, False, width, wanted, missing, bad, number)


def _parse_plain(
    text: bytes,
    delimiter: str,
    quote: str | bool,
    width: int,
    wanted: list[str],
    missing: list[str],
    bad: BadRows,
    number: int,
) -> pa.Table:
    if not text.strip():
        return pa.table({name: pa.array([], pa.string()) for name in wanted})

    def skip(row: arrow_csv.InvalidRow) -> str:
        bad.add(number + row.number, row.actual_columns, row.expected_columns)
        return "skip"

    return arrow_csv.read_csv(
        pa.BufferReader(text),
        arrow_csv.ReadOptions(
            column_names=[f"f{position}" for position in range(width)], use_threads=False, block_size=len(text) + 1
        ),
        arrow_csv.ParseOptions(delimiter=delimiter, quote_char=quote, invalid_row_handler=skip),
        arrow_csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            null_values=missing,
            strings_can_be_null=True,
        ),
    )


def _single_blanks(text: bytes) -> bytes:
    """Runs of blanks and tabs as one blank, none around lines."""
    if b"\t" in text or b"\r" in text:
        text = text.replace(b"\t", b" ").replace(b"\r", b"")
    if b"  " in text:
        text = re.sub(rb"  +", b" ", text)
    if text.startswith(b" ") or b"\n " in text or b" \n" in text or text.endswith(b" "):
        text = text.replace(b"\n ", b"\n").replace(b" \n", b"\n").strip(b" ")
    return text
