"""Quality control of summary statistics as LDSC's munge_sumstats does it, every reason counted, also where it is 0."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

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
            problems.append(f"--statistic {self.first}: is unknown; give one of {', '.join(STATISTICS)}")
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


# LDSC's mean chi-square is 1 or more but for genomic control done twice; below this, Z are no Z scores.
LEAST_MEAN_CHI2, FEWEST_FOR_MEAN = 0.5, 1000
LEAST_N_LOST = 0.1  # share of SNPs below the least N that is worth a warning


def not_z(mean_chi2: float, n: int) -> str | None:
    """One line where so small a mean chi-square of ``n`` SNPs says that what is called Z is none."""
    if n < FEWEST_FOR_MEAN or mean_chi2 >= LEAST_MEAN_CHI2:
        return None
    found = f"mean chi-square of {n} SNPs is {mean_chi2:.3g}, where 1 or more is expected"
    return f"{found}; is its Z (or SE) what it is called?"


def varying_n(low: int, told: int, least: float, n: np.ndarray) -> str | None:
    """One line where many of ``told`` SNPs have an N below ``least``: a meta-analysis whose studies differ in SNPs."""
    if low <= LEAST_N_LOST * told:
        return None
    return (
        f"sample sizes vary ({n.min():.0f} to {n.max():.0f}): {low} of {told} SNPs have fewer than {least:.0f} and are "
        "left out; are all rows of one meta-analysis?"
    )


@dataclass
class FrequencyFit:
    """How far a file's minor allele frequencies are from those of the reference's panel, summed over the file."""

    n: int = 0
    difference: int = 0  # in millionths, so that sums do not depend on their order
    variance: int = 0

    FEWEST = 200
    MOST = 0.05  # Europeans among each other 0.01 to 0.03, against admixed Americans, Asians, Africans 0.08 to 0.17

    def add(self, frequency: np.ndarray, maf: np.ndarray) -> None:
        """Compare frequencies (M,) of either allele with the panel's minor ones (M,); NaN and 0 are passed over."""
        both = np.isfinite(frequency) & (maf > 0)
        minor, maf = np.minimum(frequency, 1 - frequency)[both], maf[both]
        self.n += len(maf)
        self.difference += int(np.rint(1e6 * np.abs(minor - maf)).sum())
        self.variance += int(np.rint(1e6 * maf * (1 - maf)).sum())

    @property
    def mean(self) -> float:
        """Mean absolute difference."""
        return 1e-6 * self.difference / max(1, self.n)

    def warning(self, people: int) -> str | None:
        """One line where the difference is more than panels of ``people`` of one ancestry show."""
        noise = np.sqrt(1e-6 * self.variance / max(1, self.n) / (2 * people)) if people else 0.0
        if self.n < self.FEWEST or self.mean <= self.MOST + noise:
            return None
        return (
            f"allele frequencies differ from the reference's panel by {self.mean:.2f} on average ({self.n} SNPs): is "
            "it a panel of the GWAS's ancestry?"
        )


@dataclass
class EffectAlleleFit:
    """Whether a file's frequencies are of its effect allele, by those of the reference's panel; summed over the file.

    Only SNPs count at which file and panel are ``CLEAR`` of one half, on whichever side.
    """

    compared: int = 0
    opposite: int = 0
    above_half: int = 0

    FEWEST, CLEAR = 200, 0.1
    MOST = 0.25  # on a panel of the GWAS's ancestry next to none, on one of another continent a tenth

    def add(self, frequency: np.ndarray, panel: np.ndarray) -> None:
        """Compare frequencies (M,) in the file with the panel's of the same alleles (M,); NaN is passed over."""
        clear = (np.abs(frequency - 0.5) > self.CLEAR) & (np.abs(panel - 0.5) > self.CLEAR)
        self.compared += int(clear.sum())
        self.opposite += int(((frequency > 0.5) != (panel > 0.5))[clear].sum())
        self.above_half += int((frequency[clear] > 0.5).sum())

    def warning(self, column: str) -> str | None:
        """One line where the frequencies are the other allele's; none above one half are the minor allele's."""
        if self.compared < self.FEWEST or not self.above_half or self.opposite <= self.MOST * self.compared:
            return None
        return (
            f"by the reference's panel, {column} is the frequency of the other allele in {self.opposite} of "
            f"{self.compared} SNPs: are effect and other allele swapped, and so the signs of all effects, or does "
            f"{column} tell the other allele's?"
        )


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
    signed: int = 0
    opposite: int = 0

    def compare_signs(self, columns: dict[str, np.ndarray]) -> None:
        """Take note of rows where two of Z, beta and log odds ratio point in different directions."""
        with np.errstate(divide="ignore", invalid="ignore"):
            given = [columns[name] for name in ("z", "beta") if name in columns]
            given += [np.log(columns["odds_ratio"])] if "odds_ratio" in columns else []
        for one, two in pairwise(given):
            product = one * two
            self.signed += int((np.isfinite(product) & (product != 0)).sum())
            self.opposite += int((product < 0).sum())

    def _signs(self, names: dict[str, str]) -> str:
        columns = " and ".join(names[name] for name in ("z", "beta", "odds_ratio") if name in names)
        return f"{columns} point in opposite directions in {self.opposite} of {self.signed} SNPs"

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
        if self.signed >= 100 and self.opposite > 0.5 * self.signed:
            problems.append(f"{self._signs(names)}: one of them is of the other allele; remove it")
        return problems

    def sign_warning(self, names: dict[str, str]) -> str | None:
        """One line where directions differ in more rows than rounding explains."""
        if self.opposite <= 0.01 * self.signed:
            return None
        return f"{self._signs(names)}: are they of the same allele?"

    def warning(self, names: dict[str, str]) -> str | None:
        """One line where Z and P tell different things in more than a tenth of the rows."""
        if self.disagree <= 0.1 * self.compared:
            return None
        p = names.get("p", names.get("neg_log10_p"))
        return (
            f"Z and {p} disagree in {self.disagree} of {self.compared} SNPs (by more than a tenth): are effects "
            "rounded, or is the standard error not that of the (log) effect? --statistic p takes Z from P"
        )
