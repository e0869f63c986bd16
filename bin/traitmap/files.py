"""Reading whatever compression users send, and writing so that nothing half-written remains."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from traitmap.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

GZIP_MAGIC = b"\x1f\x8b"  # bgzip too: it is gzip in many members
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


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


@contextmanager
def open_text(path: Path, what: str) -> Iterator[TextIO]:
    """Open plain, gzip, bgzip or zstd text for reading; the compression is told by content, not by name.

    Raises InputError where the file is missing, empty, truncated, damaged or no UTF-8 text, also while it is read.
    """
    path = require_file(path, what)
    with path.open("rb") as raw:
        magic = raw.read(4)
    try:
        if magic.startswith(GZIP_MAGIC):
            with gzip.open(path, "rt", encoding="utf-8-sig") as text:
                yield text
        elif magic == ZSTD_MAGIC:
            import zstandard

            with path.open("rb") as raw:
                stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
                yield io.TextIOWrapper(stream, encoding="utf-8-sig")
        else:
            with path.open("rt", encoding="utf-8-sig") as text:
                yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: the gzip data is truncated or damaged ({what}: {error}); copy it again") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({what}, byte {error.start}); convert it first") from error
    except Exception as error:
        if type(error).__module__.startswith("zstandard"):
            raise InputError(f"{path}: the zstd data is truncated or damaged ({what}); copy it again") from error
        raise


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


def write_tsv(table: pd.DataFrame, path: Path) -> None:
    """Write ``table`` as tab-separated text: numbers to ten significant digits, missing values empty, no index."""
    with writing(path) as beside:
        table.to_csv(beside, sep="\t", index=False, float_format="%.10g", na_rep="", lineterminator="\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
