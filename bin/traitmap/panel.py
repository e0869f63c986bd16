"""Genotypes of a reference panel in PLINK 1 files (.bed, .bim, .fam), read block by block."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.chromosomes import autosomes, find_files
from traitmap.errors import InputError
from traitmap.files import open_text, require_file
from traitmap.ldscores import Reader
from traitmap.ledger import Ledger

BED_HEAD = 3  # bytes before the genotypes of a .bed
FEWEST_PEOPLE = 3  # unbiased r2 divides by people - 2
READ = 4096  # SNPs counted at a time


def find_panel(prefix: str, chromosomes: list[int]) -> tuple[dict[int, Path], list[str]]:
    """The .bed of each chromosome by PLINK prefix (``{chr}`` filled in), and problems: what is missing, in a line."""
    stem = prefix.removesuffix(".bed")
    found, problems = find_files(stem, chromosomes, [".bed"], "panel")
    for suffix in (".bim", ".fam"):
        problems += [
            f"{path.with_suffix(suffix)}: no such file (panel); a PLINK panel is .bed, .bim and .fam side by side"
            for path in dict.fromkeys(found.values())
            if not path.with_suffix(suffix).is_file()
        ]
    return found, problems


@dataclass(frozen=True)
class Panel:
    """One chromosome of a panel.

    ``snps``
        In order of position, the SNPs that vary: columns SNP, BP, CM (as in the .bim), A1, A2, row (in the .bed),
        mean (of A1 counts, by the people who are not missing), sd (population, missing set to the mean).
    ``constant``
        Ids of the SNPs at which all people have the same genotype, which have no r2.
    """

    bed: Path
    people: int
    file_snps: int
    snps: pd.DataFrame
    constant: pd.Index

    def read_standardized(self) -> Reader:
        """A reader for ``ldscores.sum_r2``. Missing genotypes become the SNP's mean, as in LDSC.

        Standardized straight from packed bytes: counting them first took LD a tenth of its time.
        """
        from traitmap.ldscores_kernel import standardize  # numba: only where it is used

        shape = self.file_snps, _bytes_of_snp(self.people)
        packed = np.memmap(self.bed, np.uint8, "r", offset=BED_HEAD, shape=shape)
        rows = self.snps["row"].to_numpy()
        mean = self.snps["mean"].to_numpy(np.float32)
        scale = (1 / (self.snps["sd"].to_numpy() * np.sqrt(self.people))).astype(np.float32)

        def read(first: int, last: int) -> np.ndarray:
            return standardize(packed[rows[first:last]], self.people, mean[first:last], scale[first:last])

        return read


def read_panel(bed: Path, chromosome: int, ledger: Ledger, bim: pd.DataFrame | None = None) -> Panel:
    """Read the SNPs of one chromosome, check the files against each other and leave out SNPs that cannot be used.

    Left out and counted: SNPs of other chromosomes, repeated SNP ids (the first stays), SNPs at which all people have
    the same genotype. ``bim`` is what ``read_bim`` gave, where one file serves many chromosomes. Raises InputError for
    files that are missing, empty, damaged or do not belong together.
    """
    people = count_people(bed.with_suffix(".fam"))
    snps = read_bim(bed.with_suffix(".bim")) if bim is None else bim
    file_snps = len(snps)
    check_bed(bed, people, file_snps)
    ledger.read("panel SNPs", file_snps)
    ledger.fact("panel_people", people)

    here = autosomes(snps["CHR"]) == chromosome
    if not here.any():
        held = ", ".join(map(str, pd.unique(snps["CHR"])[:5]))
        bim = bed.with_suffix(".bim")
        raise InputError(f"{bim}: has no SNP on chromosome {chromosome}, only on {held}; check --panel")
    ledger.removed("panel SNPs", "on another chromosome", (~here).sum())
    snps = snps[here].drop(columns="CHR")

    repeated = snps["SNP"].duplicated() & (snps["SNP"] != ".")
    ledger.removed("panel SNPs", "SNP id seen before in the panel", repeated.sum())
    ledger.noted("panel SNPs", "without an id", (snps["SNP"] == ".").sum())
    snps = snps[~repeated]

    ledger.noted("panel SNPs", "out of order in the .bim (sorted)", (snps["BP"].diff() < 0).sum())
    snps = snps.sort_values("BP", kind="stable", ignore_index=True)

    rows = snps["row"].to_numpy()
    counts = count_genotypes(bed, people, rows.min(), rows.max() + 1)
    snps = snps.assign(mean=counts.mean()[rows - rows.min()], sd=counts.sd()[rows - rows.min()])
    missing = counts.missing[rows - rows.min()]
    same = snps["sd"] == 0
    ledger.removed("panel SNPs", "same genotype in all people", same.sum())
    ledger.noted("panel SNPs", "with missing genotypes (set to the SNP's mean)", (missing[~same] > 0).sum())
    ledger.kept("panel SNPs", (~same).sum())
    if same.all():
        raise InputError(
            f"{bed}: no SNP of chromosome {chromosome} varies: all people have one genotype, or none; is it the panel?"
        )
    return Panel(bed, people, file_snps, snps[~same].reset_index(drop=True), pd.Index(snps["SNP"][same]))


def count_people(fam: Path) -> int:
    """People in a .fam; InputError where they are too few."""
    with open_text(fam, "panel .fam") as lines:
        people = sum(1 for line in lines if line.strip())
    if people < FEWEST_PEOPLE:
        raise InputError(
            f"{fam}: lists {people} people; unbiased r2 needs {FEWEST_PEOPLE} or more; give the whole panel"
        )
    return people


BIM = ["CHR", "SNP", "CM", "BP", "A1", "A2"]


def read_bim(bim: Path) -> pd.DataFrame:
    """Columns ``BIM`` (CHR as text) and row (from 0), in file order; InputError, with the row, where it is no .bim."""
    try:
        snps = _read_table(bim, {0: str, 1: str, 2: np.float64, 3: np.int64, 4: str, 5: str})
        if snps.shape[1] == len(BIM) and np.isfinite(snps[2]).all() and (snps[3] >= 0).all():
            snps.columns = BIM
            return snps.assign(row=np.arange(len(snps)))
    except (ValueError, OverflowError):  # pandas' parser errors are ValueErrors; what is wrong and where is told below
        pass
    raise InputError(*_faults_of_bim(bim))


def _read_table(path: Path, types: object) -> pd.DataFrame:
    with open_text(path, "panel .bim") as text:
        return pd.read_csv(text, sep=r"\s+", header=None, dtype=types, na_filter=False, engine="c")


def _faults_of_bim(bim: Path) -> list[str]:
    try:
        snps = _read_table(bim, str)
    except ValueError as error:
        return [f"{bim}: is no table of six columns ({error}); is it a PLINK .bim?"]
    if snps.shape[1] != len(BIM):
        return [f"{bim}: has {snps.shape[1]} columns instead of six; is it a PLINK .bim?"]
    problems = []
    for column, meaning in ((2, "a number of centimorgans"), (3, "a position")):
        numbers = pd.to_numeric(snps[column], errors="coerce").to_numpy(np.float64)
        bad = ~np.isfinite(numbers) | ((column == 3) & ((numbers != np.rint(numbers)) | (numbers < 0)))
        if bad.any():
            at = int(np.argmax(bad))
            problems.append(f"{bim}: row {at + 1}: {snps[column][at]!r} is not {meaning}; is it a PLINK .bim?")
    return problems or [f"{bim}: cannot be read; is it a PLINK .bim?"]


def check_bed(bed: Path, people: int, snps: int) -> None:
    """Raise InputError where a .bed does not begin, or is not as long, as one of so many people and SNPs."""
    require_file(bed, "panel .bed")
    with bed.open("rb") as raw:
        head = raw.read(BED_HEAD)
    if head[:2] != b"\x6c\x1b":
        raise InputError(f"{bed}: does not begin as a PLINK 1 .bed does; convert it with plink --make-bed")
    if head[2:] != b"\x01":
        raise InputError(f"{bed}: is ordered by people, not by SNPs; write it again with plink --make-bed")
    size, wanted = bed.stat().st_size, BED_HEAD + snps * _bytes_of_snp(people)
    if size != wanted:
        why = "it is truncated, or" if size < wanted else "its"
        raise InputError(
            f"{bed}: holds {size} bytes where {snps} SNPs (.bim) x {people} people (.fam) need {wanted}; {why} .bim or "
            ".fam belong to another .bed; copy all three again"
        )


def _bytes_of_snp(people: int) -> int:
    return (people + 3) // 4


@dataclass(frozen=True)
class GenotypeCounts:
    """People by genotype, int64 (SNPs,): two, one or no copies of A1, or missing."""

    two: np.ndarray
    one: np.ndarray
    none: np.ndarray
    missing: np.ndarray

    def mean(self) -> np.ndarray:
        """Mean count of A1 among those not missing; NaN where all are."""
        seen = self.two + self.one + self.none
        return np.divide(2 * self.two + self.one, seen, out=np.full(len(seen), np.nan), where=seen > 0)

    def sd(self) -> np.ndarray:
        """Population SD of the count, missing set to the mean; exactly 0 where all have one genotype or are missing."""
        seen = self.two + self.one + self.none
        people = np.maximum(seen + self.missing, 1)
        squares = (4 * self.two + self.one) * seen - (2 * self.two + self.one) ** 2  # integers: no rounding
        return np.sqrt(squares / np.maximum(seen, 1) / people)


def count_genotypes(bed: Path, people: int, first: int, last: int) -> GenotypeCounts:
    """Count genotypes of SNPs ``first`` to ``last`` (half-open) in the packed bytes of a SNP-major .bed.

    Four people a byte through a table is eight times faster than unpacking them, which counting does not need.
    """
    width = _bytes_of_snp(people)
    fields = np.zeros(last - first, dtype=np.uint64)
    for at in range(first, last, READ):
        n = min(READ, last - at)
        packed = np.fromfile(bed, dtype=np.uint8, count=n * width, offset=BED_HEAD + at * width).reshape(n, width)
        packed[:, -1] &= 0xFF >> (2 * (4 * width - people))
        fields[at - first : at - first + n] = _COUNTS_OF_BYTE[packed].sum(axis=1)
    missing, one, none = (
        ((fields >> np.uint64(_FIELD * place)) & np.uint64(2**_FIELD - 1)).astype(np.int64) for place in range(3)
    )
    return GenotypeCounts(people - missing - one - none, one, none, missing)


# Bits of each of three counts in a 64-bit sum: two million people.
_FIELD = 21


def _counts_of_byte() -> np.ndarray:
    """For each byte, how often it holds the codes 01 (missing), 10 (one copy), 11 (none), in three fields of a sum."""
    codes = (np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3
    worth = np.array([0, 1, 1 << _FIELD, 1 << (2 * _FIELD)], dtype=np.uint64)
    return worth[codes].sum(axis=1)


_COUNTS_OF_BYTE = _counts_of_byte()
