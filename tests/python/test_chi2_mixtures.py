"""Tails of weighted sums of chi-squares: against closed forms, Imhof's inversion and plain sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from traitmap.chi2_mixtures import exact_quantile, normal_quantile


def imhof(statistic: float, weights: np.ndarray) -> float:
    """P(sum >= statistic) by numerical inversion (Imhof 1961): slow, and exact for several terms of like weight."""

    def integrand(u: float) -> float:
        angle = 0.5 * np.arctan(weights * u).sum() - 0.5 * statistic * u
        return np.sin(angle) / (u * np.prod(1 + (weights * u) ** 2) ** 0.25)

    return 0.5 + integrate.quad(integrand, 0, np.inf, limit=2000)[0] / np.pi


@pytest.mark.parametrize("chi2", [0.01, 0.4549, 1.0, 9.0, 40.0])
def test_one_snp_has_the_tail_of_its_own_chi_square(chi2):
    assert stats.norm.sf(exact_quantile(chi2)) == pytest.approx(stats.chi2.sf(chi2, 1), rel=1e-10)
    assert normal_quantile(3 * chi2, np.array([3.0, 1e-9])) == pytest.approx(exact_quantile(chi2), rel=1e-9)


def test_an_overwhelming_snp_does_not_underflow():
    assert exact_quantile(5000.0) == pytest.approx(np.sqrt(5000.0), rel=1e-3)
    assert normal_quantile(9000.0, np.array([1.0, 0.5])) == pytest.approx(np.sqrt(9000.0), rel=1e-3)


@pytest.mark.parametrize("k", [2, 3, 8, 60])
@pytest.mark.parametrize("share", [0.2, 0.7, 0.999, 1.001, 1.5, 4.0])
def test_equal_weights_are_a_chi_square(k, share):
    z = normal_quantile(2 * share * k, np.full(k, 2.0))
    assert z == pytest.approx(stats.norm.isf(stats.chi2.sf(share * k, k)), abs=0.02)


@pytest.mark.parametrize(
    "weights", [np.array([3.0, 1, 1, 0.5, 0.5]), np.linspace(0.1, 1, 12), np.array([6.0, 1, 1, 1, 1, 0.3, 0.1])]
)
@pytest.mark.parametrize("share", [0.3, 0.8, 1.0, 1.3, 2.5])
def test_unequal_weights_agree_with_numerical_inversion(weights, share):
    statistic = share * weights.sum()
    assert normal_quantile(statistic, weights) == pytest.approx(stats.norm.isf(imhof(statistic, weights)), abs=0.05)


def test_one_weight_that_dominates_agrees_with_sampling():
    weights = np.array([10.0, 0.4, 0.2, 0.1])
    rng = np.random.default_rng(1)
    sums = rng.chisquare(1, (400_000, len(weights))) @ weights
    for statistic in (2.0, 10.7, 40.0, 90.0):
        p = (sums >= statistic).mean()
        assert normal_quantile(statistic, weights) == pytest.approx(stats.norm.isf(p), abs=0.05)


def test_no_weight_is_no_test_and_nothing_at_all_is_the_least():
    assert np.isnan(normal_quantile(1.0, np.zeros(3)))
    assert np.isnan(normal_quantile(1.0, np.zeros(0)))
    assert normal_quantile(0.0, np.ones(3)) == -np.inf


@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=30), st.floats(0.01, 200), st.floats(1.0, 3.0))
def test_a_larger_sum_is_never_less_significant(weights, statistic, factor):
    weights = np.array(weights)
    less, more = normal_quantile(statistic, weights), normal_quantile(factor * statistic, weights)
    assert more >= less - 1e-6
    # The unit of the sum does not matter.
    assert normal_quantile(7 * statistic, 7 * weights) == pytest.approx(less, abs=1e-6)
