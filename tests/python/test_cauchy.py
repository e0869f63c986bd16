"""The Cauchy combination: closed forms, tails, and gsMap's outlier rule."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traitmap.cauchy import HIGHEST_P, LOWEST_P, combine, without_outliers

p_values = st.floats(min_value=1e-300, max_value=HIGHEST_P)


def exact(p):
    """The plain twin: the textbook formula in 700 digits, where 1 - cdf loses nothing."""
    with mpmath.workdps(700):
        terms = [mpmath.tan((mpmath.mpf("0.5") - mpmath.mpf(float(value))) * mpmath.pi) for value in p]
        statistic = mpmath.fsum(terms) / len(terms)
        return float(mpmath.mpf("0.5") - mpmath.atan(statistic) / mpmath.pi)


@pytest.mark.parametrize("p", [1e-300, 1e-17, 1e-15, 1e-8, 0.01, 0.3, 0.5, 0.7, 0.99, HIGHEST_P])
@pytest.mark.parametrize("n", [1, 2, 1000])
def test_equal_p_combine_to_themselves(p, n):
    assert combine(np.full(n, p)) == pytest.approx(p, rel=1e-12)


@given(st.lists(p_values, min_size=1, max_size=20))
def test_equal_to_the_textbook_formula_in_many_digits(p):
    # Terms of either sign may cancel: the statistic is then known to the rounding of its largest term.
    terms = [float(mpmath.cot(mpmath.pi * value)) for value in p]
    statistic, rounding = sum(terms) / len(p), 1e-13 * max(map(abs, terms))
    found = combine(np.array(p))
    low, high = (float(mpmath.acot(statistic + shift) / mpmath.pi) % 1 for shift in (rounding, -rounding))
    assert found == pytest.approx(exact(p), rel=1e-9) or low <= found <= high


@given(st.lists(p_values, min_size=1, max_size=20), st.randoms())
def test_order_does_not_matter_to_the_last_bit(p, random):
    shuffled = list(p)
    random.shuffle(shuffled)
    assert combine(np.array(p)) == combine(np.array(shuffled))


@given(st.lists(p_values, min_size=1, max_size=20), st.floats(min_value=0, max_value=1))
def test_monotone_in_every_p(p, smaller):
    lowered = [p[0] * smaller, *p[1:]]
    assert combine(np.array(lowered)) <= combine(np.array(p)) * (1 + 1e-9)


@given(st.lists(p_values, min_size=1, max_size=20))
def test_between_smallest_and_largest(p):
    assert min(p) * (1 - 1e-9) <= combine(np.array(p)) <= max(p) * (1 + 1e-9)


def test_two_p_that_mirror_each_other_are_worth_a_half():
    assert combine(np.array([0.01, 0.99])) == pytest.approx(0.5, abs=1e-12)


def test_uniform_p_give_a_uniform_p():
    p = np.random.default_rng(1).uniform(size=(4000, 50))
    combined = np.sort([combine(row) for row in p])
    # Kolmogorov-Smirnov at 1 in 1,000: 1.95 / sqrt(n).
    assert np.abs(combined - (np.arange(4000) + 0.5) / 4000).max() < 1.95 / np.sqrt(4000)


def test_one_spot_of_a_thousand_is_divided_by_the_thousand():
    p = np.full(1000, 0.5)
    p[0] = 1e-200
    assert combine(p) == pytest.approx(1e-197, rel=1e-12)


def test_tails_keep_their_digits():
    # T = 5e14: 1 - cdf gives 5.6e-16, the truth is 6.366e-16.
    p = 1 / (np.pi * 5e14)
    assert combine(np.array([p])) == pytest.approx(p, rel=1e-12)


def test_zero_and_one_are_held_at_the_caps():
    assert combine(np.array([0.0])) == pytest.approx(LOWEST_P, rel=1e-12)
    assert combine(np.array([1.0])) == pytest.approx(HIGHEST_P, rel=1e-12)
    assert combine(np.zeros(10**6)) == pytest.approx(LOWEST_P, rel=1e-12)  # the sum does not overflow
    assert combine(np.array([0.0, 1.0])) == pytest.approx(2 * LOWEST_P, rel=1e-12)


@pytest.mark.parametrize("worst", [1 - 1e-12, 1 - 2**-53, 1.0])
def test_one_depleted_spot_does_not_undo_a_thousand(worst):
    assert combine(np.append(np.full(1000, 1e-6), worst)) == pytest.approx(1e-6, rel=0.01)


def test_nothing_to_combine():
    assert np.isnan(combine(np.array([])))


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan])
def test_values_that_are_no_p_are_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        combine(np.array([0.5, wrong]))


def test_outliers_few_enough_are_left_out():
    values = np.append(np.linspace(0, 1, 100), [50.0, 60.0])
    keep = without_outliers(values)
    assert keep[:100].all() and not keep[100:].any()


def test_outliers_too_many_are_kept():
    # median 0.5 or so, IQR near 0.6: the 25 at 50 are beyond the cut, but 25 is no longer "few" (20).
    values = np.append(np.linspace(0, 1, 100), np.full(25, 50.0))
    assert without_outliers(values[:119]).sum() == 100
    assert without_outliers(values).all()


def test_of_many_spots_one_in_a_hundred_may_go():
    rest = np.linspace(0, 1, 3000)
    assert not without_outliers(np.append(rest, np.full(29, 50.0))).all()
    assert without_outliers(np.append(rest, np.full(31, 50.0))).all()


@pytest.mark.parametrize("values", [[], [3.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0, 9.0]])
def test_no_spread_names_no_outlier(values):
    assert without_outliers(np.array(values)).all()


@given(st.lists(st.floats(min_value=0, max_value=300), max_size=60))
def test_outliers_never_take_all_nor_the_small(values):
    values = np.array(values)
    keep = without_outliers(values)
    assert len(values) == 0 or keep.any()
    assert len(values) == 0 or (values[~keep] > np.median(values)).all()
