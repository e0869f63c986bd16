"""The Cauchy combination of P values (ACAT; Liu and Xie 2020, J. Am. Stat. Assoc. 115:393), with exact tails."""

from __future__ import annotations

import numpy as np

from traitmap.formats import SMALLEST_P

# Both ends are closed so that no spot decides alone. 1e-300 is the smallest P that a float64 sum still carries; a spot
# of P above 1 - 1e-4 (z below -3.7) says no more against a region than 1 - 1e-4 does.
LOWEST_P = SMALLEST_P
HIGHEST_P = 1 - 1e-4

OUTLIERS = ("keep", "gsmap")


def combine(p: np.ndarray) -> float:
    """Combine the P values ``p`` (n,) with equal weights; NaN where there is none.

    T = mean(tan((1/2 - p) pi)) is standard Cauchy under the null hypothesis, approximately whatever the correlation.
    Both directions avoid the subtraction from 1 that loses the tails: tan((1/2 - p) pi) = 1 / tan(p pi), and
    P(C > T) = atan2(1, T) / pi.

    ``p`` is first held between ``LOWEST_P`` and ``HIGHEST_P``. Raises ValueError for values outside 0..1 or NaN.
    """
    p = np.asarray(p, dtype=np.float64)
    return float(combine_rows(p[None])[0]) if p.size else float("nan")


def combine_rows(p: np.ndarray) -> np.ndarray:
    """``combine`` of each row of ``p`` (n, k), k above 0: float64 (n,)."""
    p = np.asarray(p, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("P values must lie between 0 and 1")
    p = np.clip(p, LOWEST_P, HIGHEST_P)
    lower = p <= 0.5
    terms = np.empty_like(p)
    terms[lower] = 1 / np.tan(np.pi * p[lower])
    terms[~lower] = -1 / np.tan(np.pi * (1 - p[~lower]))
    # Divided before they are summed: the sum of many terms of 1e300 would overflow.
    statistic = np.sum(np.sort(terms, axis=1) / terms.shape[1], axis=1)
    return np.arctan2(1.0, statistic) / np.pi


def without_outliers(neg_log10_p: np.ndarray) -> np.ndarray:
    """Mark (n,) bool which spots gsMap 1.73 keeps: those below median + 3 IQR of -log10 P, of few outliers only.

    The rule applies only where 0 < number of outliers < max(0.01 n, 20); otherwise all are kept. Two mends: an IQR of 0
    (one spot, or most spots alike) names no outlier, and never are all spots left out.
    """
    values = np.asarray(neg_log10_p, dtype=np.float64)
    everything = np.ones(values.size, dtype=bool)
    if values.size == 0:
        return everything
    lower, median, upper = np.percentile(values, [25, 50, 75])
    if upper == lower:
        return everything
    keep = values < median + 3 * (upper - lower)
    removed = values.size - int(keep.sum())
    return keep if 0 < removed < min(values.size, max(0.01 * values.size, 20)) else everything
