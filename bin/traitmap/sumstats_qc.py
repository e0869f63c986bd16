"""Quality control of summary statistics as LDSC's munge_sumstats does it, every reason counted, also where it is 0."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from traitmap.ledger import Ledger
from traitmap.sumstats_header import STATISTICS

MALFORMED = "another number of fields than the header"
OTHER_TEST = "of a test other than the additive one"
UNIDENTIFIED = "without rsID and position"
NOT_AUTOSOMAL = "not on an autosome"
NO_SNP_ALLELES = "alleles missing or not two of A, C, G, T (indels)"
AMBIGUOUS = "strand-ambiguous (A/T or C/G)"
NOT_IN_REFERENCE = "not in the reference"
ALLELES_DIFFER = "alleles are not the reference's"
P_RANGE = "P outside 0 to 1"
LOW_INFO = "INFO below the least"
LOW_MAF = "minor allele frequency not above the least, or outside 0 to 1"
NO_Z = "no Z: its columns are missing or unusable"
DUPLICATE = "repeats a SNP (the first row stays)"
NO_N = "sample size missing"
LOW_N = "sample size below the least"
ZERO_P = "P written as 0, Z a lower bound"
REASONS = (
    MALFORMED,
    OTHER_TEST,
    UNIDENTIFIED,
    NOT_AUTOSOMAL,
    NO_SNP_ALLELES,
    AMBIGUOUS,
    NOT_IN_REFERENCE,
    ALLELES_DIFFER,
    P_RANGE,
    LOW_INFO,
    LOW_MAF,
    NO_Z,
    DUPLICATE,
    NO_N,
    LOW_N,
)


@dataclass(frozen=True)
class Filters:
    """What to keep. Defaults are those of LDSC's munge_sumstats.

    ``n_min`` None: a third less than the 90 % quantile of N. ``first`` names the statistic to prefer for Z, one of
    ``STATISTICS``. ``no_alleles``: do without alleles; ``a1_inc``: the effect allele increases the trait everywhere.
    """

    info_min: float = 0.9
    maf_min: float = 0.01
    n_min: float | None = None
    keep_ambiguous: bool = False
    no_alleles: bool = False
    a1_inc: bool = False
    first: str | None = None

    def labels(self, n_least: float) -> dict[str, str]:
        """The reasons that have a threshold, with it; ``n_least`` is the one that was used."""
        return {
            LOW_INFO: f"INFO below {self.info_min:g}",
            LOW_MAF: f"minor allele frequency not above {self.maf_min:g}, or outside 0 to 1",
            LOW_N: f"sample size below {n_least:.7g}" + (" (90 % quantile / 1.5)" if self.n_min is None else ""),
        }

    def problems(self) -> list[str]:
        """What is wrong with the options, a line each."""
        bounds = {"--info-min": (self.info_min, 1.0), "--maf-min": (self.maf_min, 0.5)}
        problems = [
            f"{name} {value:g}: must be between 0 and {most:g}"
            for name, (value, most) in bounds.items()
            if not 0 <= value <= most
        ]
        if self.first is not None and self.first not in STATISTICS:
            problems.append(f"--statistic {self.first}: is none of {', '.join(STATISTICS)}")
        return problems


@dataclass
class Tally:
    """What became of a file's rows, and what else is worth telling; ``total`` counts every row."""

    total: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)

    def write(self, ledger: Ledger, kept: int, labels: dict[str, str]) -> None:
        """Put all of it into the ledger, in the order in which rows were tried; ``labels`` replace reasons."""
        ledger.read("rows", self.total)
        for reason in REASONS:
            ledger.removed("rows", labels.get(reason, reason), self.removed[reason])
        ledger.kept("SNPs", kept)
        for what, n in self.noted.items():
            ledger.noted("rows", what, n)

    def largest(self, most: int = 3) -> str:
        """The most frequent reasons of removal, for a message."""
        return "; ".join(f"{n} {what}" for what, n in self.removed.most_common(most) if n)


def low_info(info: np.ndarray, least: float) -> np.ndarray:
    """Where INFO (M,) is below ``least``; a missing one says nothing and passes (LDSC drops it)."""
    return info < least


def low_maf(frequency: np.ndarray, least: float) -> np.ndarray:
    """Where the frequency (M,) of either allele is not above ``least``, or is none; a missing one passes."""
    return np.minimum(frequency, 1.0 - frequency) <= least if least > 0 else (frequency < 0) | (frequency > 1)


def repeated(keys: np.ndarray) -> np.ndarray:
    """Where a key (M,) has occurred before."""
    return pd.Series(keys).duplicated().to_numpy()


def least_n(n: np.ndarray) -> float:
    """LDSC's default: SNPs with N below the 90 % quantile of N (M,) over 1.5 are left out."""
    return float(np.quantile(n, 0.9) / 1.5) if len(n) else 0.0


def half_as_effective(effective: np.ndarray, others: list[np.ndarray]) -> str | None:
    """One line where "effective" sample sizes (M,) are half of those that cases and controls, in ``others``, give."""
    for other in others:
        ratio = np.nanmedian(effective / other) if np.isfinite(effective + other).any() else np.nan
        if 0.45 < ratio < 0.55:
            return "the effective N is about half of what the file says elsewhere: if it is a half, call it NEFF_HALF"
    return None


@dataclass
class Suspicions:
    """Signs, gathered row by row, that a column is not what its header says."""

    compared: int = 0
    disagree: int = 0
    betas: int = 0
    betas_not_positive: int = 0
    betas_large: int = 0
    odds: int = 0
    odds_negative: int = 0

    def compare(self, z: np.ndarray, z_of_p: np.ndarray) -> None:
        """Compare |Z| (M,) of one source with |Z| of P (M,): a tenth apart is more than rounding."""
        both = np.isfinite(z) & np.isfinite(z_of_p)
        size, of_p = np.abs(z[both]), z_of_p[both]
        self.compared += int(both.sum())
        self.disagree += int((np.abs(size - of_p) > 0.1 + 0.1 * np.maximum(size, of_p)).sum())

    def look(self, beta: np.ndarray, odds_ratio: np.ndarray) -> None:
        """Take note of effects, each (M,) or empty."""
        self.betas += int(np.isfinite(beta).sum())
        self.betas_not_positive += int((beta <= 0).sum())
        self.betas_large += int((beta > 0.5).sum())
        self.odds += int(np.isfinite(odds_ratio).sum())
        self.odds_negative += int((odds_ratio < 0).sum())

    def problems(self, names: dict[str, str]) -> list[str]:
        """A line for each column that cannot be what it is called; ``names`` are the headers by role."""
        problems = []
        if self.betas >= 100 and self.betas_not_positive == 0 and self.betas_large > 0.5 * self.betas:
            problems.append(
                f"column {names['beta']} is positive in all rows, and above 0.5 in most: odds ratios? call it OR"
            )
        if self.odds >= 100 and self.odds_negative > 0.05 * self.odds:
            problems.append(
                f"column {names['odds_ratio']} is negative in {self.odds_negative} rows: log odds? call it BETA"
            )
        return problems

    def warning(self, names: dict[str, str]) -> str | None:
        """One line where Z and P tell different things in more than a tenth of the rows."""
        if self.disagree <= 0.1 * self.compared:
            return None
        p = names.get("p", names.get("neg_log10_p"))
        return (
            f"Z and {p} disagree in {self.disagree} of {self.compared} SNPs (by more than a tenth): are effects "
            "rounded, or is the standard error not that of the (log) effect? --statistic p takes Z from P"
        )
