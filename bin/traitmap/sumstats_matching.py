"""Which reference SNP a row is: by rsID, or by position and alleles; and whether both are of one genome build."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from traitmap.chromosomes import autosome
from traitmap.formats import A1_FREQUENCY

BASES = "ACGT"  # code c pairs with 3 - c
NO_BASE = -1
UNKNOWN_CHR, NOT_AUTOSOME = 0, -1
_CHR_SPAN = 10**10
# Shares of SNPs with other alleles than the reference; of whole GWAS on one panel next to none have.
MANY_DIFFER, MOST_DIFFER, FEWEST_COMPARED = 0.05, 0.5, 100
# chr7:1234, 7_1234_A_G, 7:1234:A/G, 7:1234:A:G_more
_VARIANT = (
    r"(?i)^(?:chr)?(?P<chr>\d{1,2}|[XYM]|XY|MT)[:_\-/](?P<bp>\d{1,9})"
    r"(?:[:_\-/](?P<first>[A-Z]+)[:_\-/|>,](?P<second>[A-Z]+))?(?:[:_\-/|;,].*)?$"
)
_RSID_AMONG = r"(?i)\b(?P<rsid>rs\d+)"


@dataclass(frozen=True)
class ReferenceSnps:
    """The SNPs (M,) of a reference, in genomic order: names, positions, allele codes (-1: unknown) and frequencies.

    ``maf`` and ``a1_frequency``: of the minor allele and of A1, NaN where unknown; ``people``: whom they are of, 0
    where unknown.
    """

    names: pa.Array
    chromosome: np.ndarray
    bp: np.ndarray
    a1: np.ndarray
    a2: np.ndarray
    build: str
    maf: np.ndarray
    a1_frequency: np.ndarray
    people: int = 0

    @classmethod
    def of(cls, snps: pd.DataFrame, build: str, people: int = 0) -> ReferenceSnps:
        """From the SNP table of a reference (formats.REFERENCE_SNPS)."""
        names = pa.array(snps.index.astype(str), pa.string())
        a1, a2 = (allele_codes(pa.array(snps[column].astype(str), pa.string())) for column in ("A1", "A2"))
        chromosome, bp = (snps[column].to_numpy(np.int64) for column in ("CHR", "BP"))
        maf = snps["MAF"].to_numpy(np.float64)
        of_a1 = snps[A1_FREQUENCY].to_numpy(np.float64) if A1_FREQUENCY in snps else np.full(len(snps), np.nan)
        return cls(names, chromosome, bp, a1, a2, build, maf, of_a1, people)

    def __len__(self) -> int:
        return len(self.names)

    def describe(self, row: int) -> str:
        """Name and position of one SNP, for messages."""
        return f"{self.names[row].as_py()} at {self.chromosome[row]}:{self.bp[row]}"

    def frequency(self, rows: np.ndarray, allele: np.ndarray) -> np.ndarray:
        """Frequency in the panel of allele codes (M,), each one of its SNP's two on either strand; NaN where unknown.

        ``rows`` (M,) are those of the reference.
        """
        one, two, of_one = self.a1[rows], self.a2[rows], self.a1_frequency[rows]
        is_one = (allele == one) | ((allele != two) & (3 - allele == one))
        known = (allele != NO_BASE) & self.has_alleles[rows]
        return np.where(known, np.where(is_one, of_one, 1.0 - of_one), np.nan)

    @property
    def has_alleles(self) -> np.ndarray:
        """Whether the source told a SNP's alleles (M,)."""
        return (self.a1 != NO_BASE) & (self.a2 != NO_BASE)


@dataclass
class Evidence:
    """How well a file and the reference fit, summed over the file.

    ``shared`` rsIDs are in both, ``moved`` of them at another position; of the rows without an rsID, ``at_position``
    stand where the reference has a SNP, ``alleles_agree`` of them with its alleles. ``matched`` of ``tried`` rows are
    in the reference.
    """

    shared: int = 0
    moved: int = 0
    example: str = ""
    at_position: int = 0
    alleles_agree: int = 0
    tried: int = 0
    matched: int = 0
    first_row: str = ""

    def alleles_problem(self, differ: int) -> str | None:
        """One line where most rows that are in the reference have other alleles than it (``differ`` rows)."""
        if self.known < FEWEST_COMPARED or differ <= MOST_DIFFER * self.known:
            return None
        return (
            f"has other alleles than the reference in {differ} of {self.known} SNPs; are its allele columns the right "
            "ones, and their names known?"
        )

    def alleles_warning(self, differ: int) -> str | None:
        """One line where more than a few rows that are in the reference have other alleles than it."""
        if differ <= MANY_DIFFER * self.known:
            return None
        share = 100 * differ / self.known
        return (
            f"{share:.1f} % of the SNPs in the reference have other alleles there ({differ}) and are left out: is the "
            "file of another build, or are some alleles coded otherwise?"
        )

    @property
    def known(self) -> int:
        """Rows that the reference has a SNP for, whatever its alleles."""
        return self.matched + self.at_position - self.alleles_agree

    def problem(self, reference: ReferenceSnps) -> str | None:
        """One line where the file is of another genome build than the reference, or has nothing in common with it.

        Another build: most SNPs known by rsID stand elsewhere; or, where only positions are given, few SNPs that share
        a position share their alleles (by chance about half would), or next to none shares a position.
        """
        other = f"is of another genome build than the reference ({reference.build})"
        mend = "lift it over to the reference's build"
        if self.moved > 0.5 * self.shared:
            return (
                f"{other}: {self.moved} of the {self.shared} rsIDs in both stand at another position, such as "
                f"{self.example}; {mend}, or leave its position columns out"
            )
        if self.shared:
            return None
        if self.at_position >= 20 and self.alleles_agree < 0.8 * self.at_position:
            return (
                f"{other}: of {self.at_position} SNPs where the reference has one, only {self.alleles_agree} have its "
                f"alleles; {mend}"
            )
        if self.tried and self.matched == 0:
            return (
                f"has no SNP in common with the reference ({reference.build}): the file has, say, {self.first_row}, "
                f"the reference {reference.describe(0)}; is it of the same genome build and kind of name?"
            )
        if self.tried >= 1000 and self.matched < 0.01 * min(self.tried, len(reference)):
            return f"{other}, it seems: only {self.matched} of {self.tried} SNPs are in it; {mend}"
        return None


def allele_codes(alleles: pa.Array) -> np.ndarray:
    """A, C, G, T of either case as 0 to 3, anything else (indels, I and D, missing) as -1; int8 (M,)."""
    codes = pc.index_in(pc.utf8_upper(alleles), value_set=pa.array(list(BASES)))
    return codes.fill_null(NO_BASE).to_numpy(zero_copy_only=False).astype(np.int8)


def is_ambiguous(a1: np.ndarray, a2: np.ndarray) -> np.ndarray:
    """Whether two allele codes read the same on either strand (A/T and C/G)."""
    return (a1 + a2 == 3) & (a1 != NO_BASE) & (a2 != NO_BASE)


def alleles_agree(a1: np.ndarray, a2: np.ndarray, ref1: np.ndarray, ref2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether pairs of allele codes (M,) are the same in any order: on the same strand, and on the other one."""
    same = ((a1 == ref1) & (a2 == ref2)) | ((a1 == ref2) & (a2 == ref1))
    other = ((3 - a1 == ref1) & (3 - a2 == ref2)) | ((3 - a1 == ref2) & (3 - a2 == ref1))
    known = (a1 != NO_BASE) & (a2 != NO_BASE)
    return same & known, other & known


def chromosome_codes(names: pa.Array) -> np.ndarray:
    """Chromosome names as 1 to 22, ``UNKNOWN_CHR`` where missing, ``NOT_AUTOSOME`` for all others; int8 (M,)."""
    encoded = pc.dictionary_encode(names)
    number = [autosome(name.removesuffix(".0")) or NOT_AUTOSOME for name in encoded.dictionary.to_pylist()]
    table = np.array([*number, UNKNOWN_CHR], dtype=np.int8)
    return table[encoded.indices.fill_null(len(number)).to_numpy(zero_copy_only=False)]


@dataclass(frozen=True)
class VariantNames:
    """What names such as ``7:1234:A:G`` tell (M,): chromosome codes, positions (0 where none) and two allele codes."""

    chromosome: np.ndarray
    bp: np.ndarray
    first: np.ndarray
    second: np.ndarray


def parse_variant_names(names: pa.Array) -> VariantNames:
    """Read chromosome, position and alleles (in the order of the name) out of names (M,)."""
    parts = pc.extract_regex(names, _VARIANT)
    chromosome, bp, first, second = (parts.field(place) for place in range(4))
    null = pc.is_null(parts)
    bp = pc.cast(pc.if_else(null, "0", bp), pa.int64()).to_numpy(zero_copy_only=False)
    chromosome = chromosome_codes(pc.if_else(null, pa.scalar(None, pa.string()), chromosome))
    return VariantNames(
        chromosome, bp, allele_codes(pc.if_else(null, "", first)), allele_codes(pc.if_else(null, "", second))
    )


def rsids(names: pa.Array) -> pa.Array:
    """The rsID of names (M,) that begin with one, such as ``rs1:1234:A:G`` or ``RS1``; others as they are."""
    loose = pc.match_substring_regex(names, r"(?i)^rs\d+[^\d]|^RS\d|^Rs\d|^rS\d")
    if not pc.any(loose).as_py():
        return names
    found = pc.utf8_lower(pc.extract_regex(names, _RSID_AMONG).field(0))
    return pc.if_else(loose.fill_null(False), found, names)


def match_names(names: pa.Array, reference: ReferenceSnps) -> np.ndarray:
    """Row of the reference (-1 where none) by name, int64 (M,): as it stands, by its rsID, or any of a list."""
    found = _rows(pc.index_in(names, value_set=reference.names))
    rest = np.flatnonzero(found < 0)
    left = names.take(pa.array(rest))
    found[rest] = _rows(pc.index_in(rsids(left), value_set=reference.names))
    listed = pc.match_substring_regex(left, "[,;]").fill_null(False).to_numpy(zero_copy_only=False)
    listed &= found[rest] < 0
    if listed.any():
        rest = rest[listed]
        lists = pc.split_pattern_regex(names.take(pa.array(rest)), "[,;]")
        rows = _rows(pc.index_in(pc.ascii_trim_whitespace(lists.flatten()), value_set=reference.names))
        of = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        # The first of a list that the reference knows: write backwards, so that it is written last.
        of, rows = of[rows >= 0][::-1], rows[rows >= 0][::-1]
        found[rest[of]] = rows
    return found


def _rows(index: pa.Array) -> np.ndarray:
    return index.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def match_positions(
    chromosome: np.ndarray,
    bp: np.ndarray,
    a1: np.ndarray,
    a2: np.ndarray,
    need_alleles: np.ndarray,
    reference: ReferenceSnps,
) -> tuple[np.ndarray, np.ndarray]:
    """Row of the reference (-1 where none) by position and alleles, int64 (M,); and whether it has a SNP there (M,).

    Alleles agree in any order, on either strand. Where the row or the reference does not know them, the position alone
    decides, unless ``need_alleles`` (M,).
    """
    known, has_alleles = reference.chromosome * _CHR_SPAN + reference.bp, reference.has_alleles
    key = np.where(chromosome > 0, chromosome.astype(np.int64), -1) * _CHR_SPAN + bp
    left, right = np.searchsorted(known, key, "left"), np.searchsorted(known, key, "right")
    found = np.full(len(key), -1, dtype=np.int64)
    for step in range(int((right - left).max(initial=0))):
        open_rows = np.flatnonzero((left + step < right) & (found < 0))
        row = left[open_rows] + step
        same, other = alleles_agree(a1[open_rows], a2[open_rows], reference.a1[row], reference.a2[row])
        unknown = ~has_alleles[row] | (a1[open_rows] == NO_BASE)
        fits = same | other | (unknown & ~need_alleles[open_rows])
        found[open_rows[fits]] = row[fits]
    return found, right > left


def compare_positions(
    rows: np.ndarray, names: pa.Array, chromosome: np.ndarray, bp: np.ndarray, reference: ReferenceSnps, into: Evidence
) -> None:
    """Add to the evidence what SNPs found by name (``rows`` (M,) of the reference, -1 where not) say of positions.

    One base apart counts as the same place: some files count from 0.
    """
    shared = np.flatnonzero((rows >= 0) & (chromosome > 0) & (bp > 0))
    at = rows[shared]
    moved = (chromosome[shared] != reference.chromosome[at]) | (np.abs(bp[shared] - reference.bp[at]) > 1)
    into.shared += len(shared)
    into.moved += int(moved.sum())
    if moved.any() and not into.example:
        first = int(np.argmax(moved))
        row, known = shared[first], at[first]
        into.example = (
            f"{names[int(row)].as_py()} at {chromosome[row]}:{bp[row]}, in the reference {reference.describe(known)}"
        )
