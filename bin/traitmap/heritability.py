"""Univariate LD score regression of a trait: SNP heritability and intercept (Bulik-Sullivan et al., Nat Genet 2015).

The equations and defaults are LDSC's: initial weights from the mean chi-square, two reweightings, block jackknife, and
optionally the two-step estimator (intercept from SNPs with chi-square below 30, then the slope with it held).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traitmap.jackknife import jackknife, separators

MEDIAN_CHI2 = 0.454936423119572  # of chi-square with one degree of freedom
TWO_STEP = 30.0  # LDSC's --two-step default
REWEIGHTINGS = 2


@dataclass(frozen=True)
class Heritability:
    """LDSC's univariate estimates.

    ``h2`` and ``h2_se`` are on the observed scale. ``ratio`` is (intercept - 1) / (mean chi2 - 1), NaN where the mean
    chi-square does not exceed 1.
    """

    h2: float
    h2_se: float
    intercept: float
    intercept_se: float
    mean_chi2: float
    lambda_gc: float
    ratio: float
    ratio_se: float


@dataclass(frozen=True)
class Fit:
    """A regression and its delete-one estimates, in the columns' own units."""

    full: np.ndarray  # coefficients
    delete: np.ndarray  # blocks x coefficients
    separators: np.ndarray


def lambda_gc(chi2: np.ndarray) -> float:
    """Genomic inflation: the median chi-square over its expectation under the null."""
    return float(np.median(chi2) / MEDIAN_CHI2)


def estimate(
    chi2: np.ndarray,
    ld: np.ndarray,
    w_ld: np.ndarray,
    n: np.ndarray,
    panel_snps: float,
    blocks: int = 200,
    two_step: float | None = TWO_STEP,
) -> Heritability:
    """Heritability and intercept from SNPs in genomic order.

    Parameters
    ----------
    chi2, ld, w_ld, n
        Per SNP: chi-square, LD score, LD score over the regression SNPs only, sample size.
    panel_snps
        M, the number of SNPs that the LD scores sum over.
    two_step
        The chi-square below which SNPs give the intercept; None for the single-step estimator.
    """
    mean_n = n.mean()
    scaled = ld * n / mean_n
    slope = panel_snps * (chi2.mean() - 1.0) / np.mean(ld * n)
    initial = _weights(ld, w_ld, n, panel_snps, slope, 1.0)
    if two_step is None:
        fit = _single_step(chi2, scaled, ld, w_ld, n, panel_snps, mean_n, initial, separators(len(chi2), blocks))
    else:
        fit = _two_step(chi2, scaled, ld, w_ld, n, panel_snps, mean_n, initial, blocks, two_step)
    (h2, intercept), (h2_se, intercept_se) = fit.full, jackknife(fit.full, fit.delete)[1]
    excess = float(chi2.mean() - 1.0)
    per_h2 = panel_snps / mean_n
    return Heritability(
        h2=float(h2 * per_h2),
        h2_se=float(h2_se * per_h2),
        intercept=float(intercept),
        intercept_se=float(intercept_se),
        mean_chi2=float(chi2.mean()),
        lambda_gc=lambda_gc(chi2),
        ratio=float((intercept - 1.0) / excess) if excess > 0 else float("nan"),
        ratio_se=float(intercept_se / excess) if excess > 0 else float("nan"),
    )


def _single_step(chi2, scaled, ld, w_ld, n, panel_snps, mean_n, initial, borders) -> Fit:
    x = np.column_stack([scaled, np.ones_like(scaled)])

    def reweigh(coefficients: np.ndarray) -> np.ndarray:
        return _weights(ld, w_ld, n, panel_snps, panel_snps * coefficients[0] / mean_n, coefficients[1])

    return reweighted(x, chi2, initial, reweigh, borders)


def _two_step(chi2, scaled, ld, w_ld, n, panel_snps, mean_n, initial, blocks, below) -> Fit:
    """Combine the steps' jackknives as LDSC does: the slope moves by ``-c`` for each unit that the intercept moves."""
    first = chi2 < below
    at = np.flatnonzero(first)
    inner = separators(len(at), blocks)
    # LDSC's first step weighs by the LD scores already scaled by N / mean N; its second by the unscaled ones.
    step1 = _single_step(
        chi2[first], scaled[first], scaled[first], w_ld[first], n[first], panel_snps, mean_n, initial[first], inner
    )
    held = step1.full[1]

    def reweigh(coefficients: np.ndarray) -> np.ndarray:
        return _weights(ld, w_ld, n, panel_snps, panel_snps * coefficients[0] / mean_n, held)

    outer = np.concatenate([[0], at[inner[1:-1]], [len(chi2)]])
    step2 = reweighted(scaled[:, None], chi2 - held, initial, reweigh, outer)
    c = np.sum(initial * scaled) / np.sum(initial * scaled**2)
    slope = step2.delete[:, 0] - c * (step1.delete[:, 1] - held)
    return Fit(np.array([step2.full[0], held]), np.column_stack([slope, step1.delete[:, 1]]), outer)


def _weights(ld, w_ld, n, panel_snps, h2, intercept) -> np.ndarray:
    """LDSC's regression weights: heteroscedasticity of chi-square, times over-counting of SNPs in LD."""
    c = np.clip(h2, 0.0, 1.0) * n / panel_snps
    return 1.0 / (2.0 * (intercept + c * np.maximum(ld, 1.0)) ** 2 * np.maximum(w_ld, 1.0))


def reweighted(x, y, initial, reweigh, borders) -> Fit:
    """Iteratively reweighted least squares of y (M,) on x (M, p), then the block jackknife of the last fit.

    ``reweigh`` gives weights (M,) for coefficients (p,); ``borders`` (blocks + 1,) are the jackknife's.
    Columns are scaled to unit root mean square before the normal equations, and back after.
    """
    size = np.sqrt(np.mean(x**2, axis=0))
    x = x / size
    weights = initial
    for _ in range(REWEIGHTINGS):
        gram, moment = _normal_equations(x, y, weights, borders[[0, -1]])
        weights = reweigh(np.linalg.solve(gram[0], moment[0]) / size)
    gram, moment = _normal_equations(x, y, weights, borders)
    full = np.linalg.solve(gram.sum(axis=0), moment.sum(axis=0))
    delete = np.linalg.solve(gram.sum(axis=0) - gram, (moment.sum(axis=0) - moment)[..., None])[..., 0]
    return Fit(full / size, delete / size, borders)


def _normal_equations(x, y, weights, borders) -> tuple[np.ndarray, np.ndarray]:
    """X'WX (blocks x p x p) and X'Wy (blocks x p)."""
    starts = borders[:-1]
    weighted = x * weights[:, None]
    gram = np.add.reduceat(weighted[:, :, None] * x[:, None, :], starts, axis=0)
    return gram, np.add.reduceat(weighted * y[:, None], starts, axis=0)
