"""From the columns of a GWAS to Z and N. P is kept as -log10 P, parsed from its text, so that 1e-400 survives."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import ndtri_exp

# A P that is written as 0 was lost below the smallest double; the true -log10 P is at least this.
NEG_LOG10_SMALLEST = -math.log10(5e-324)
# Below this a double loses digits, so P is read from its text.
_EXACT = 1e-290
MEDIAN_CHI2 = 0.45493642311957283  # of one degree of freedom
EFFECTIVE_N = "effective N"
GENOME_WIDE_Z = 5.451310437845478  # |Z| of P = 5e-8
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def numbers(texts: pa.Array) -> np.ndarray:
    """Texts (M,) as float64 (M,); NaN where null or no number."""
    texts = _flat(texts)
    try:
        values = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        trimmed = pc.ascii_trim_whitespace(texts)
        values = pc.cast(pc.if_else(pc.match_substring_regex(trimmed, _NUMBER), trimmed, None), pa.float64())
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)  # a copy, since callers write to it


def neg_log10_p(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """-log10 of P-values given as text (M,), and where P was written as 0 (M,) bool.

    NaN where null or no number; negative where P lies outside [0, 1]. A P of 0 becomes ``NEG_LOG10_SMALLEST``.
    """
    texts = _flat(texts)
    p = numbers(texts)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = -np.log10(p)
    result[p < 0] = -1.0
    tiny = np.flatnonzero((p >= 0) & (p < _EXACT))
    written = texts.take(pa.array(tiny)).to_pylist()
    exact = np.array([_neg_log10_text(text) for text in written], dtype=np.float64)
    result[tiny] = exact
    zero = np.zeros(len(p), dtype=bool)
    zero[tiny] = np.isinf(exact)
    result[zero] = NEG_LOG10_SMALLEST
    return result, zero


def _neg_log10_text(text: str) -> float:
    """-log10 of a positive decimal number of any size; infinite for 0."""
    number = Decimal(text.strip())
    if number == 0:
        return math.inf
    digits = number.as_tuple().digits[:17]
    mantissa = int("".join(map(str, digits))) / 10 ** (len(digits) - 1)
    return -(number.adjusted() + math.log10(mantissa))


def two_sided_z(neg_log10_p: np.ndarray) -> np.ndarray:
    """|Z| (M,) of two-sided P-values given as -log10 P (M,): ``-Phi^-1(P / 2)``, computed on the scale of log P."""
    return -ndtri_exp(-np.asarray(neg_log10_p, dtype=np.float64) * math.log(10) - math.log(2))


def sign_of(columns: dict[str, np.ndarray], size: int) -> np.ndarray:
    """Direction of the effect (M,): +1, -1 or NaN where unknown; by Z, beta, log odds, whichever is there first.

    An effect of exactly 0 counts as +1, so that its P keeps its weight (as in LDSC).
    """
    sign = np.full(size, np.nan)
    for values, null in ((columns.get("z"), 0.0), (columns.get("beta"), 0.0), (columns.get("odds_ratio"), 1.0)):
        if values is not None:
            usable = np.isnan(sign) & np.isfinite(values) & ((values > 0) | (null == 0))
            sign[usable] = np.where(values[usable] < null, -1.0, 1.0)
    return sign


def z_scores(
    columns: dict[str, np.ndarray], order: tuple[str, ...], size: int, increasing: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Z (M,) of each row, by the first way of ``order`` that the row allows, and that way's place in ``order`` (M,).

    The ways: ``z``; ``effect``, beta / SE or log(odds ratio) / SE; ``p``, -log10 P and the sign of the effect; ``chi2``
    (one degree of freedom) and the sign. NaN and -1 where none is possible. With ``increasing``, an unknown sign is +.
    """
    z = np.full(size, np.nan)
    way = np.full(size, -1, dtype=np.int8)
    for place, name in enumerate(order):
        for values in _ways(name, columns, size, increasing):
            fill = (way < 0) & np.isfinite(values)
            z[fill] = values[fill]
            way[fill] = place
    return z, way


def _ways(name: str, columns: dict[str, np.ndarray], size: int, increasing: bool) -> list[np.ndarray]:
    if name == "z":
        return [columns["z"]] if "z" in columns else []
    if name == "effect":
        return _effect_over_se(columns)
    size_of_z = []
    if name == "p" and "neg_log10_p" in columns:
        size_of_z = [two_sided_z(np.maximum(columns["neg_log10_p"], 0))]
    if name == "chi2" and "chi2" in columns:
        chi2 = columns["chi2"]
        size_of_z = [np.sqrt(np.where(chi2 >= 0, chi2, np.nan))]
    sign = sign_of(columns, size)
    if increasing:
        sign = np.where(np.isnan(sign), 1.0, sign)
    return [sign * values for values in size_of_z]


def _effect_over_se(columns: dict[str, np.ndarray]) -> list[np.ndarray]:
    """beta / SE, and log(odds ratio) / SE (the SE is that of the log odds ratio), where the columns are there."""
    if "se" not in columns:
        return []
    se = np.where(columns["se"] > 0, columns["se"], np.nan)
    ways = [columns["beta"] / se] if "beta" in columns else []
    if "odds_ratio" in columns:
        odds = columns["odds_ratio"]
        ways.append(np.log(np.where(odds > 0, odds, np.nan)) / se)
    return ways


def effective_n(cases: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Effective sample size 4 / (1/cases + 1/controls) (Willer et al. 2010): a balanced study of as much power."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 4.0 / (1.0 / cases + 1.0 / controls)


def sample_sizes(columns: dict[str, np.ndarray], in_header: dict[str, float], size: int) -> dict[str, np.ndarray]:
    """The sample sizes that a file tells, by name of their source, the preferred first: each (M,), NaN where unknown.

    Effective sizes come first, since power, not heads, is what LD score regression weighs.
    """
    found: dict[str, np.ndarray] = {}
    if "n_effective" in columns:
        found[EFFECTIVE_N] = columns["n_effective"]
    if "n_effective_half" in columns:
        found["half the effective N, doubled"] = 2.0 * columns["n_effective_half"]
    if {"n_cases", "n_controls"} <= set(columns):
        found["cases and controls"] = effective_n(columns["n_cases"], columns["n_controls"])
    if "n" in columns:
        found["N"] = columns["n"]
    if {"n_cases", "n_controls"} <= set(in_header):
        both = effective_n(np.float64(in_header["n_cases"]), np.float64(in_header["n_controls"]))
        found["cases and controls in the header"] = np.full(size, both)
    return {name: np.where(np.isfinite(n) & (n > 0), n, np.nan) for name, n in found.items()}


def chi2_facts(z: np.ndarray) -> dict[str, float]:
    """Mean and largest chi-square, genomic control's lambda and SNPs with P < 5e-8, of Z (M,)."""
    chi2 = np.square(z)
    return {
        "mean_chi2": float(chi2.mean()),
        "lambda_gc": float(np.median(chi2) / MEDIAN_CHI2),
        "max_chi2": float(chi2.max()),
        "n_genome_wide_significant": int((np.abs(z) > GENOME_WIDE_Z).sum()),
    }


def _flat(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
