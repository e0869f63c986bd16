"""Traps that only the whole run shows: slices that are the same tissue twice, traits whose samples overlap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap import genetic_covariance, heritability
from traitmap.genetic_covariance import GeneticCovariance
from traitmap.heritability import TWO_STEP, Heritability
from traitmap.ledger import Ledger
from traitmap.reference import read_ld_scores
from traitmap.slice_checks import shared_spots

SAME_SLICE = 0.2  # share of spots in common that is no chance: hashes of different spots never meet
COMPARED_SNPS, FEWEST_SNPS, BLOCKS = 100_000, 1000, 200
OVERLAP, SURE = 0.1, 4.0  # least intercept, and in standard errors
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


def check_traits(paths: dict[str, Path], reference: Path, ledger: Ledger) -> None:
    """Warn of pairs of traits with a large intercept of cross-trait LD score regression: people in both samples.

    The intercept is rho N_s / sqrt(N1 N2) (``genetic_covariance``). It is estimated on the SNPs that both share with
    the reference, those with chi-square of ``TWO_STEP`` or more in either aside, as in LDSC's two-step estimator; where
    these are more than ``COMPARED_SNPS``, on as many or fewer, evenly spaced.
    """
    pairs = list(combinations(paths, 2))
    ledger.read("pairs of traits", len(pairs), "compared")
    found = [overlap(*pair) for pair in combinations(_observed(paths, reference), 2)] if pairs else []
    ledger.noted("pairs of traits", "with too few SNPs in common, not compared", found.count(None))
    overlapping = 0
    for (one, two), pair in zip(pairs, found, strict=True):
        if pair and abs(pair.intercept) > max(OVERLAP, SURE * pair.intercept_se):
            overlapping += 1
            ledger.warn(
                f"traits {one} and {two}: the intercept of their cross-trait LD score regression is "
                f"{pair.intercept:.2f} (SE {pair.intercept_se:.2f}): their samples overlap; do not count their maps as "
                "independent evidence"
            )
    ledger.noted("pairs of traits", "with overlapping samples, by their cross-trait intercept", overlapping)


@dataclass(frozen=True)
class Observed:
    """Z and N of a trait at the compared SNPs (M,), Z NaN where it is not used, and their LD scores."""

    z: np.ndarray
    n: np.ndarray
    ld: np.ndarray
    w_ld: np.ndarray
    panel_snps: float

    @cached_property
    def own(self) -> Heritability:
        """LDSC's univariate estimates, single-step, for the weights."""
        at = np.isfinite(self.z)
        z, n, ld, w_ld = self.z[at], self.n[at], self.ld[at], self.w_ld[at]
        return heritability.estimate(z**2, ld, w_ld, n, self.panel_snps, BLOCKS, None)


def overlap(one: Observed, two: Observed) -> GeneticCovariance | None:
    """Cross-trait LD score regression on the SNPs of both; None where these are too few, or all of one LD score."""
    at = np.isfinite(one.z) & np.isfinite(two.z)
    if at.sum() < FEWEST_SNPS or np.ptp(one.ld[at]) == 0:
        return None
    z, n, traits = (one.z[at], two.z[at]), (one.n[at], two.n[at]), (one.own, two.own)
    return genetic_covariance.estimate(z, n, traits, one.ld[at], one.w_ld[at], one.panel_snps, BLOCKS)


def _observed(paths: dict[str, Path], reference: Path) -> list[Observed]:
    scores, panel_snps = read_ld_scores(reference)
    scores = scores[np.isfinite(scores["w_ld"])]
    scores = scores.iloc[:: -(-len(scores) // COMPARED_SNPS)]
    tables = aligned(paths, scores.index)
    ld, w_ld = (scores[name].to_numpy(np.float64) for name in ("ld", "w_ld"))
    return [
        Observed(z.where(z**2 < TWO_STEP).to_numpy(), n.to_numpy(np.float64), ld, w_ld, panel_snps)
        for z, n in ((table["Z"], table["N"]) for table in tables)
    ]


def aligned(paths: dict[str, Path], snps: pd.Index) -> list[pd.DataFrame]:
    """Z and N of each trait at ``snps`` (NaN where it has none), Z of the allele that the first trait there counts."""
    alleles = pd.Series("", index=snps)
    tables = []
    for path in paths.values():
        columns = ["SNP", "A1", "Z", "N"]
        read = pd.read_parquet(path, columns=columns).drop_duplicates("SNP").set_index("SNP").reindex(snps)
        here = read["A1"].fillna("")
        same = (here == alleles) | (here == alleles.map(PAIRS)) | (here == "") | (alleles == "")
        alleles = alleles.where(alleles != "", here)
        tables.append(pd.DataFrame({"Z": read["Z"].where(same, -read["Z"]), "N": read["N"]}))
    return tables
