"""Compression told by content, cut and damaged files told, and nothing half-written."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import stat
import struct
import zlib
from pathlib import Path

import pandas as pd
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from traitmap import files
from traitmap.errors import InputError

TEXT = "".join(f"line {number} of a text that compresses, µ {number * 7919 % 1000}\n" for number in range(5000))
BYTES = TEXT.encode()


def bgzip(data: bytes, size: int = 4096) -> bytes:
    """Write ``data`` as bgzip does: members of at most 64 kB with the field BC, an empty one at the end."""
    members = []
    for start in range(0, len(data), size):
        part = data[start : start + size]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(part) + packer.flush()
        header = b"\x1f\x8b\x08\x04" + b"\0" * 4 + b"\0\xff" + struct.pack("<H", 6) + b"BC\x02\x00"
        header += struct.pack("<H", len(packed) + 25)
        members.append(header + packed + struct.pack("<II", zlib.crc32(part), len(part)))
    return b"".join(members) + files.BGZIP_END


COMPRESS = {
    "none": bytes,
    "gzip": gzip.compress,
    "bgzip": bgzip,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip of many members": lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
    "zstd of many frames": lambda data: zstandard.compress(data[:1000]) + zstandard.compress(data[1000:]),
}
COMPRESSED = [name for name in COMPRESS if name != "none"]


@pytest.mark.parametrize("name", COMPRESS)
def test_every_compression_reads_the_same_whatever_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "misleading.csv.gz"
    path.write_bytes(COMPRESS[name](BYTES))
    assert files.compression(path) == name.split(" ")[0].replace("bgzip", "gzip")
    with files.open_text(path, "test") as text:
        assert text.read() == TEXT
    with files.open_binary(path, "test") as stream:
        assert stream.readline() == BYTES[: BYTES.index(b"\n") + 1]
        assert stream.read() == BYTES[BYTES.index(b"\n") + 1 :]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("name", COMPRESSED)
def test_cut_short_is_told(tmp_path: Path, name: str, share: float) -> None:
    whole = COMPRESS[name](BYTES)
    path = tmp_path / "cut"
    path.write_bytes(whole[: max(8, int(share * len(whole)))])
    with (
        pytest.raises(InputError, match=r"truncated or damaged .*copy it again"),
        files.open_text(path, "test") as text,
    ):
        text.read()


def test_bgzip_cut_between_two_members_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(bgzip(BYTES).removesuffix(files.BGZIP_END))
    with pytest.raises(InputError, match="its end mark is missing"), files.open_text(path, "test"):
        pass


@pytest.mark.parametrize("name", ["gzip", "bgzip", "bzip2", "xz"])
def test_damage_is_told(tmp_path: Path, name: str) -> None:
    whole = bytearray(COMPRESS[name](BYTES))
    middle = len(whole) // 2
    whole[middle : middle + 40] = bytes(255 - byte for byte in whole[middle : middle + 40])
    path = tmp_path / "damaged"
    path.write_bytes(whole)
    with pytest.raises(InputError, match="truncated or damaged"), files.open_text(path, "test") as text:
        text.read()


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1), st.sampled_from(list(COMPRESS)))
def test_any_bytes_survive(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("bytes") / "data"
    content = COMPRESS[name](data)
    if name == "none" and files.MAGIC.keys() & {data[:length] for length in (2, 3, 4, 6)}:
        return
    path.write_bytes(content)
    with files.open_binary(path, "test") as stream:
        assert stream.read() == data


def test_no_file_empty_file_folder_and_zip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"), files.open_text(tmp_path / "none", "test"):
        pass
    (tmp_path / "empty").touch()
    with pytest.raises(InputError, match="is empty"), files.open_text(tmp_path / "empty", "test"):
        pass
    with pytest.raises(InputError, match="is not a file"), files.open_text(tmp_path, "test"):
        pass
    (tmp_path / "archive").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError, match="zip archive"), files.open_text(tmp_path / "archive", "test"):
        pass


def test_byte_order_mark_is_skipped_and_latin_1_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfhello")
    with files.open_text(path, "test") as text:
        assert text.read() == "hello"
    path.write_bytes("naïve".encode("latin-1"))
    with pytest.raises(InputError, match=r"not UTF-8 text \(test, byte 2\)"), files.open_text(path, "test") as text:
        text.read()


def test_writing_replaces_at_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "result.tar.gz"
    path.write_text("old")
    with files.writing(path) as beside:
        assert beside.parent == tmp_path
        assert beside.name.endswith(".tar.gz")
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_leaves_nothing_where_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    with pytest.raises(RuntimeError), files.writing(path) as beside:
        beside.write_text("half")
        raise RuntimeError("stopped")
    assert list(tmp_path.iterdir()) == []


def test_written_files_may_be_read_by_others_as_the_umask_says(tmp_path: Path) -> None:
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.touch()
    with files.writing(written) as beside:
        beside.touch()
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_writing_into_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; create it first"), files.writing(tmp_path / "none" / "file"):
        pass


def test_tsv_has_ten_digits_and_empty_cells(tmp_path: Path) -> None:
    files.write_tsv(pd.DataFrame({"a": [1 / 3, None], "b": ["x", None]}), tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_bytes() == b"a\tb\n0.3333333333\tx\n\t\n"


def test_sha256_is_the_standard_one(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(BYTES)
    assert files.sha256(tmp_path / "data") == hashlib.sha256(BYTES).hexdigest()
