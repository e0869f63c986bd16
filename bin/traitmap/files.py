"""Reading whatever compression users send, and writing so that nothing half-written remains."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from traitmap.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# A file's first bytes tell its compression. bgzip is gzip in many members.
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
}
# bgzip's members carry this field, and its files end in this empty member (SAM specification, 4.1).
BGZIP_FIELD = b"BC\x02\x00"
BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def require_file(path: Path, what: str) -> Path:
    """Return ``path`` if it is a file that can be read and is not empty; raise InputError otherwise."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file ({what}); check the path")
    if not path.is_file():
        raise InputError(f"{path}: is not a file ({what}); give the path of a file")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: may not be read ({what}); change its permissions")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty ({what}); was its download or copy cut short?")
    return path


def compression(path: Path) -> str:
    """``gzip``, ``zstd``, ``bzip2``, ``xz``, ``zip`` or ``none``, told by the file's first bytes, not by its name."""
    with Path(path).open("rb") as raw:
        start = raw.read(max(map(len, MAGIC)))
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), "none")


@contextmanager
def open_binary(path: Path, what: str) -> Iterator[BinaryIO]:
    """Open a plain, gzip, bgzip, zstd, bzip2 or xz file for reading its decompressed bytes.

    Raises InputError where the file is missing, empty, truncated or damaged, also while it is read.
    """
    path = require_file(path, what)
    name = compression(path)
    if name == "zip":
        raise InputError(f"{path}: is a zip archive ({what}); unpack it and give the file inside")
    if name == "gzip" and _bgzip_cut_short(path):
        raise _damaged(path, "bgzip", what, "its end mark is missing")
    try:
        with _decompressed(path, name) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise _damaged(path, name, what, error) from error
    except OSError as error:
        # pyarrow and bz2 report bad data as an OSError without a number; the operating system's own have one.
        if name in ("zstd", "bzip2") and error.errno is None:
            raise _damaged(path, name, what, error) from error
        raise


def _decompressed(path: Path, name: str) -> BinaryIO:
    if name == "zstd":
        import pyarrow

        # Unlike zstandard's reader it complains where the data ends within a frame.
        return io.BufferedReader(pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd"))
    openers = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open, "none": open}
    return openers[name](path, "rb")


def _bgzip_cut_short(path: Path) -> bool:
    """Whether a bgzip file lacks its last member: cut between two members, it would read as whole gzip."""
    with path.open("rb") as raw:
        start = raw.read(16)
        raw.seek(-min(len(BGZIP_END), path.stat().st_size), os.SEEK_END)
        return start[12:16] == BGZIP_FIELD and raw.read() != BGZIP_END


def _damaged(path: Path, name: str, what: str, error: Exception | str) -> InputError:
    return InputError(f"{path}: the {name} data is truncated or damaged ({what}: {error}); copy it again")


def file_problems(path: Path, what: str) -> list[str]:
    """What ``require_file`` would complain of, to be told together with other mistakes; empty where all is well."""
    try:
        require_file(path, what)
    except InputError as error:
        return error.problems
    return []


@contextmanager
def open_text(path: Path, what: str) -> Iterator[TextIO]:
    """Open text for reading as ``open_binary`` does; a byte order mark is skipped.

    Raises InputError also where the file is no UTF-8 text, or holds zero bytes.
    """
    with open_binary(path, what) as stream:
        try:
            yield io.TextIOWrapper(io.BufferedReader(_Text(stream, path, what), 1 << 20), encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: is not UTF-8 text ({what}, byte {error.start}); convert it first") from error


class _Text(io.RawIOBase):
    """The bytes of a stream, refused where one of them is zero: no text has any."""

    def __init__(self, stream: BinaryIO, path: Path, what: str):
        super().__init__()
        self._stream, self._path, self._what = stream, path, what

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        if b"\0" in data:
            while self._stream.read(1 << 20):  # damaged data may hold some: that is told instead, where it shows
                pass
            raise InputError(f"{self._path}: holds zero bytes, which no text does ({self._what}); copy it again")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it takes the name of ``path`` only when the block ends well.

    The temporary name keeps the suffixes of ``path``, since libraries choose formats by them.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; create it first")
    handle, name = tempfile.mkstemp(prefix=".writing-", suffix="".join(path.suffixes[-2:]) or None, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read_tsv_as_text(path: Path, what: str, doubt: str) -> pd.DataFrame:
    """Read a table between tabs, all of it text; raise InputError, with ``doubt``, where it is none."""
    import warnings

    import pandas as pd

    path = require_file(path, what)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, index_col=False)
    except pd.errors.ParserWarning as error:
        raise InputError(f"{path}: rows have more fields than the header ({what}); {doubt}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table ({what}: {error}); {doubt}") from error


def write_tsv(table: pd.DataFrame, path: Path) -> None:
    """Write ``table`` as tab-separated text: numbers to ten significant digits, missing values empty, no index."""
    with writing(path) as beside:
        table.to_csv(beside, sep="\t", index=False, float_format="%.10g", na_rep="", lineterminator="\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
