"""Tails of weighted sums of chi-squares, by the saddlepoint approximation (Kuonen 1999, Biometrika 86:929).

As normal quantiles, so that nothing underflows however strong a gene is. Davies' and Imhof's inversions are exact where
a sum has many terms of like weight, and converge too slowly where one dominates, as where SNPs are in strong LD; the
saddlepoint's relative error stays bounded in the whole tail.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

# Eigenvalues below this share of the largest are noise of the panel, and move no tail.
SMALLEST_SHARE = 1e-6
# Nearer to the mean than so many of its standard deviations, the formula is 0 / 0: its expansion stands in.
NEAR_MEAN = 1e-4


def normal_quantile(statistic: float, weights: np.ndarray) -> float:
    """The z of which the upper normal tail is P(sum of weights x chi-square_1 >= statistic).

    ``weights`` (k,) are not negative; those below ``SMALLEST_SHARE`` of the largest are left out. A lone one is exact;
    of several, Barndorff-Nielsen's form of Lugannani and Rice: z = w + log(v / w) / w. In z it is
    off by 0.05 at most around the mean where one weight dominates, by less in the tail and where weights are alike.
    NaN where no weight is above 0.
    """
    weights = np.asarray(weights, dtype=np.float64)
    largest = weights.max(initial=0.0)
    if not largest > 0 or not np.isfinite(statistic):
        return float("nan")
    # Scaled, so that the root lies below 1 / 2 whatever the number of SNPs.
    weights, statistic = weights[weights > SMALLEST_SHARE * largest] / largest, max(statistic, 0.0) / largest
    if len(weights) == 1:
        return exact_quantile(statistic)
    mean, sd = weights.sum(), np.sqrt(2 * np.square(weights).sum())
    away = (statistic - mean) / sd
    if abs(away) < NEAR_MEAN:
        skewness = 8 * np.power(weights, 3).sum() / sd**3
        return float(away - skewness / 6 * (away**2 - 1))
    if statistic <= 0:
        return float("-inf")
    t = _saddlepoint(statistic, weights, mean)
    w = np.sign(t) * np.sqrt(2 * (t * statistic + 0.5 * np.log1p(-2 * weights * t).sum()))
    v = t * np.sqrt(2 * np.square(weights / (1 - 2 * weights * t)).sum())
    return float(w + np.log(v / w) / w)


def exact_quantile(chi2: float) -> float:
    """The z with the upper tail of a chi-square of one degree of freedom."""
    return float(-special.ndtri_exp(np.log(2) + special.log_ndtr(-np.sqrt(chi2))))


def _saddlepoint(statistic: float, weights: np.ndarray, mean: float) -> float:
    """Root t of K'(t) = sum of weights / (1 - 2 weights t) = statistic; the largest weight is 1."""

    def slope(t: float) -> float:
        return float((weights / (1 - 2 * weights * t)).sum()) - statistic

    # Either side of the sum bounds the root: all weights at most 1, and the largest alone. A hair, for rounding.
    if statistic < mean:
        low, high = -len(weights) / (2 * statistic), 0.0
        return optimize.brentq(slope, low * (1 + 1e-9), high, xtol=1e-13)
    high = 0.5 * (1 - 1 / statistic)
    return optimize.brentq(slope, 0.0, min(high * (1 + 1e-9), 0.5 * (1 - 1e-15)), xtol=1e-13)
