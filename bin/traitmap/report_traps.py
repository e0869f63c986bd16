"""Traps that only the whole run shows: slices that are the same tissue twice, traits whose samples overlap."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.ledger import Ledger
from traitmap.slice_checks import shared_spots

SAME_SLICE = 0.2  # share of spots in common that is no chance: hashes of different spots never meet
NULL_Z = 2.0  # SNPs below it in both traits carry next to no effect
COMPARED_SNPS, FEWEST_SNPS = 100_000, 1000
CORRELATED, SURE = 0.1, 5.0  # least correlation, and in standard errors
PAIRS = {"A": "T", "C": "G", "G": "C", "T": "A"}


def check_slices(sketches: dict[str, list[str]], ledger: Ledger) -> None:
    """Warn of pairs of slices with many spots of equal counts (``slice_checks.sketch``), whatever they are called."""
    pairs = list(combinations([name for name, sketch in sketches.items() if sketch], 2))
    ledger.read("pairs of slices", len(pairs), "compared")
    same = 0
    for one, two in pairs:
        share = shared_spots(sketches[one], sketches[two])
        if share > SAME_SLICE:
            same += 1
            ledger.warn(
                f"slices {one} and {two} hold the same counts in about {100 * share:.0f} % of their spots: they are "
                "one slice twice, or overlap; do not count them as replicates"
            )
    ledger.noted("pairs of slices", "with the same spots", same)


def check_traits(paths: dict[str, Path], ledger: Ledger) -> None:
    """Warn of pairs of traits whose Z correlate at null SNPs.

    There the correlation is that of the cross-trait LD score regression's intercept, rho N_s / sqrt(N1 N2): shared
    people, or one study under two names (Bulik-Sullivan et al., Nat Genet 2015). The sign of Z is that of one allele.
    """
    table = aligned_z(paths)
    pairs = list(combinations(table.columns, 2))
    ledger.read("pairs of traits", len(pairs), "compared")
    correlated = 0
    for one, two in pairs:
        r, n = null_correlation(table[one].to_numpy(), table[two].to_numpy())
        if n >= FEWEST_SNPS and abs(r) > max(CORRELATED, SURE / np.sqrt(n)):
            correlated += 1
            ledger.warn(
                f"traits {one} and {two}: their Z correlate by {r:.2f} at {n} SNPs without effect: their samples "
                "overlap; do not count their maps as independent evidence"
            )
    ledger.noted("pairs of traits", "with correlated Z at null SNPs", correlated)


def null_correlation(one: np.ndarray, two: np.ndarray) -> tuple[float, int]:
    """Correlation of two traits' Z (M,) over the SNPs below ``NULL_Z`` in both, and how many these are."""
    null = (np.abs(one) < NULL_Z) & (np.abs(two) < NULL_Z)  # never where one is NaN
    n = int(null.sum())
    if n < 3 or one[null].std() == 0 or two[null].std() == 0:
        return 0.0, n
    return float(np.corrcoef(one[null], two[null])[0, 1]), n


def aligned_z(paths: dict[str, Path]) -> pd.DataFrame:
    """Z of up to ``COMPARED_SNPS`` SNPs of the first trait, a column a trait, of the first trait's effect allele."""
    table = pd.DataFrame()
    alleles = None
    for name, path in paths.items():
        read = pd.read_parquet(path, columns=["SNP", "A1", "Z"]).drop_duplicates("SNP").set_index("SNP")
        if alleles is None:
            step = max(1, len(read) // COMPARED_SNPS)
            alleles = read["A1"].iloc[::step]
        here = read.reindex(alleles.index)
        same = (here["A1"] == alleles) | (here["A1"] == alleles.map(PAIRS)) | (here["A1"] == "") | (alleles == "")
        table[name] = here["Z"].where(same, -here["Z"])
    return table
