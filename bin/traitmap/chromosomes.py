"""Names of chromosomes, lists such as ``1-22`` and file names with ``{chr}`` in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError

PLACE = "{chr}"
AUTOSOMES = range(1, 23)

# 7, chr7, Chr07 and RefSeq's NC_000007.13.
_NAME = re.compile(r"(?:chr)?0?(\d{1,2})|NC_0000(\d\d)\.\d+", re.IGNORECASE)
_SEX_AND_MITOCHONDRIAL = re.compile(r"(?:chr)?(?:X|Y|XY|M|MT)|NC_012920\.\d+", re.IGNORECASE)


def autosome(name: str) -> int:
    """The number of an autosome by any of its usual names; 0 for anything else."""
    match = _NAME.fullmatch(name.strip())
    number = int(match[1] or match[2]) if match else 0
    return number if number in AUTOSOMES else 0


def is_chromosome(name: str) -> bool:
    """Whether ``name`` looks like a chromosome's (PLINK's 23 to 26 too)."""
    name = name.strip()
    match = _NAME.fullmatch(name)
    return bool(_SEX_AND_MITOCHONDRIAL.fullmatch(name) or (match and 1 <= int(match[1] or match[2]) <= 26))


def autosomes(names: Iterable[str]) -> np.ndarray:
    """``autosome`` of each name, int64; every distinct name is looked at once."""
    codes, distinct = pd.factorize(np.asarray(names, dtype=object))
    return np.array([*(autosome(str(name)) for name in distinct), 0], dtype=np.int64)[codes]


def parse_chromosomes(text: str) -> list[int]:
    """``1-22`` or ``1,3,7-9`` as ascending numbers; InputError on anything else."""
    wanted: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if first not in AUTOSOMES or last not in AUTOSOMES or last < first:
            raise InputError(f"--chromosomes {text}: {part.strip()!r} is no autosome or range; write 1-22 or 1,3,7-9")
        wanted.update(range(first, last + 1))
    return sorted(wanted)


def fill(pattern: str | Path, chromosome: int) -> Path:
    """``pattern`` with the chromosome's number in place of ``{chr}``."""
    return Path(str(pattern).replace(PLACE, str(chromosome)))


def find_files(
    pattern: str,
    chromosomes: Iterable[int],
    suffixes: Iterable[str],
    what: str,
    mend: str = "add it, or name fewer by --chromosomes",
) -> tuple[dict[int, Path], list[str]]:
    """The file of each chromosome, trying ``suffixes`` in turn; and, in one problem, all chromosomes without one.

    A pattern without ``{chr}`` is one file for all of them.
    """
    suffixes = list(suffixes)
    found: dict[int, Path] = {}
    for chromosome in chromosomes:
        filled = str(fill(pattern, chromosome))
        paths = (Path(filled + suffix) for suffix in suffixes)
        existing = next((path for path in paths if path.is_file()), None)
        if existing is not None:
            found[chromosome] = existing
    missing = [chromosome for chromosome in chromosomes if chromosome not in found]
    if not missing:
        return found, []
    looked_for = f"{pattern}{suffixes[0]}"
    if PLACE not in pattern:
        return found, [f"{looked_for}: no such file ({what}); check it, or put {PLACE} where the chromosome stands"]
    which = "chromosome" if len(missing) == 1 else "chromosomes"
    return found, [f"{looked_for}: no file for {which} {ranges(missing)} ({what}); {mend}"]


def ranges(numbers: Iterable[int]) -> str:
    """``[1, 2, 3, 7]`` as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
