"""The parser of text tables: any delimiter, compression, block size and garbage."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_files import COMPRESS
from traitmap.errors import InputError
from traitmap.sumstats_reading import BadRows, read_chunks, read_sheet, split

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "blank": " ", "blanks": "   "}
CELL = st.text("ACGTacgt0123456789.e-+:_rs", min_size=1, max_size=12)


def write(path: Path, text: str, compress: str = "none") -> Path:
    path.write_bytes(COMPRESS[compress](text.encode()))
    return path


def read(path: Path, block: int = 1 << 20, missing: tuple[str, ...] = ("NA",)) -> tuple[list[str], list[list], BadRows]:
    """All columns of ``path`` as a list of rows."""
    sheet, bad = read_sheet(path), BadRows()
    columns = {str(position): position for position in range(len(sheet.header))}
    tables = list(read_chunks(sheet, columns, list(missing), bad, block))
    rows = [list(row.values()) for table in tables for row in table.to_pylist()]
    return sheet.header, rows, bad


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_table_comes_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    delimiter = DELIMITERS[data.draw(st.sampled_from(list(DELIMITERS)))]
    width = data.draw(st.integers(2, 6))
    header = [f"column{position}" for position in range(width)]
    rows = data.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12))
    comments = data.draw(st.lists(st.text("abc #=", max_size=10).map(lambda text: f"##{text}"), max_size=3))
    lines = [delimiter.join(row) for row in rows]
    garbage = data.draw(st.lists(st.tuples(st.integers(1, len(lines)), st.integers(width + 2, width + 4)), max_size=4))
    for at, fields in garbage:
        lines.insert(at, delimiter.join(["x"] * fields))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    mark = data.draw(st.sampled_from(["", "#"]))
    text = end.join([*comments, mark + delimiter.join(header), *lines]) + data.draw(st.sampled_from(["", end, end * 2]))
    path = tmp_path_factory.mktemp("table") / "table"
    write(path, text, data.draw(st.sampled_from(list(COMPRESS))))
    found_header, found, bad = read(path, data.draw(st.integers(1, 200)))
    assert found_header == header
    assert found == rows
    assert bad.n == len(garbage)


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_empty_and_missing_cells_are_null(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "t", delimiter.join("abc") + "\n" + delimiter.join(["1", "", "NA"]) + "\n")
    assert read(path, missing=("", "NA"))[1] == [["1", None, None]]


def test_aligned_columns_with_blanks_around(tmp_path: Path) -> None:
    path = write(tmp_path / "t", "  CHR     SNP   P \n    1     rs1   0.5 \n   22  rs2345   0.1 \n")
    assert read(path)[:2] == (["CHR", "SNP", "P"], [["1", "rs1", "0.5"], ["22", "rs2345", "0.1"]])


def test_tabs_in_the_header_and_blanks_in_the_rows(tmp_path: Path) -> None:
    assert read(write(tmp_path / "t", "a\tb\n1 2\n3 4\n"))[1] == [["1", "2"], ["3", "4"]]


def test_row_names_of_r_and_a_delimiter_at_the_end(tmp_path: Path) -> None:
    assert read(write(tmp_path / "t", '"a" "b"\n"1" "x" "y"\n"2" "z" "w"\n'))[1] == [["x", "y"], ["z", "w"]]
    assert read(write(tmp_path / "u", "a\tb\nx\ty\t\nz\tw\t\n"))[1] == [["x", "y"], ["z", "w"]]


def test_quotes(tmp_path: Path) -> None:
    header, rows, _ = read(write(tmp_path / "t", '"a","b"\n"rs1,rs2","x"\n"rs3","y"\n'))
    assert (header, rows) == (["a", "b"], [["rs1,rs2", "x"], ["rs3", "y"]])
    assert read(write(tmp_path / "u", 'a\tb\n"rs1"\t"x y"\n'))[1] == [["rs1", "x y"]]


def test_a_stray_quote_swallows_nothing(tmp_path: Path) -> None:
    for delimiter in "\t", ",":
        text = f'a{delimiter}b\n"1{delimiter}2\n3{delimiter}4\n"5{delimiter}6\n7{delimiter}8\n'
        _, rows, bad = read(write(tmp_path / "t", text))
        assert rows == [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]]
        assert bad.n == 0


def test_bad_rows_are_told_by_line(tmp_path: Path) -> None:
    path = write(tmp_path / "t", "## comment\na\tb\tc\n1\t2\t3\n1\t2\n1\t2\t3\n1\t2\t3\t4\n")
    for block in (7, 1 << 20):
        _, rows, bad = read(path, block)
        assert len(rows) == 2
        assert (bad.n, bad.examples) == (2, ["line 4 has 2 fields, not 3", "line 6 has 4 fields, not 3"])


def test_header_after_comments_of_one_hash(tmp_path: Path) -> None:
    path = write(tmp_path / "t", "# made by hand\n# twice\n#CHROM POS\n1 2\n")
    assert read(path)[:2] == (["CHROM", "POS"], [["1", "2"]])


def test_latin_1_in_an_unread_column_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"a\tb\n1\tna\xefve\n")
    sheet = read_sheet(tmp_path / "t")
    assert next(read_chunks(sheet, {"a": 0}, [], BadRows())).to_pylist() == [{"a": "1"}]
    with pytest.raises(InputError, match="UTF-8"):
        list(read_chunks(sheet, {"b": 1}, [], BadRows()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n\n", "holds no header"),
        ("## only\n## comments\n", "holds no header"),
        ("a\tb\tc\n", "has a header but no rows"),
        ("one\ntwo\n", "is no header of columns"),
        ("a\tb\tc\td\n1\n", "the header has 4 fields, the first row 1"),
        ("a\0b\n", "is no text table"),
        ("x" * (1 << 21), "is no text table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_sheet(write(tmp_path / "t", content))


def test_split_unquotes() -> None:
    assert split('"a","b,c", d\r\n', ",") == ["a", "b,c", "d"]
    assert split("  a   b \n", None) == ["a", "b"]
