"""P, Z and N against high-precision arithmetic and closed forms."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from traitmap import sumstats_statistics as statistics


def exact_neg_log10_p(z: float) -> float:
    """-log10 of the two-sided P of ``z``, to fifty digits."""
    with mpmath.workdps(50):
        return float(-mpmath.log10(mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2))))


@pytest.mark.parametrize("z", [1e-6, 0.01, 0.5, 1, 1.96, 5.45, 8, 20, 37.5, 38.5, 60, 300, 5000])
def test_z_of_p_inverts_the_exact_tail(z: float) -> None:
    assert statistics.two_sided_z(exact_neg_log10_p(z)) == pytest.approx(z, rel=1e-9, abs=1e-12)


def test_z_of_p_at_known_places() -> None:
    assert statistics.two_sided_z(0.0) == 0.0
    assert statistics.two_sided_z(-math.log10(0.05)) == pytest.approx(1.959963984540054, rel=1e-14)
    assert statistics.GENOME_WIDE_Z == pytest.approx(stats.norm.isf(2.5e-8), rel=1e-12)
    assert statistics.MEDIAN_CHI2 == pytest.approx(stats.chi2.median(1), rel=1e-12)


@pytest.mark.parametrize("exponent", [310, 400, 5000, 1_000_000])
def test_z_of_tiny_p_obeys_the_asymptote(exponent: int) -> None:
    # log P = -z^2/2 - log z - log(pi/2)/2 + log(1 - 1/z^2 + 3/z^4 ...)
    z = float(statistics.two_sided_z(float(exponent)))
    log_p = -(z**2) / 2 - math.log(z) - math.log(math.pi / 2) / 2 + math.log1p(-1 / z**2 + 3 / z**4)
    assert log_p == pytest.approx(-exponent * math.log(10), rel=1e-10)


@settings(deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_z_of_p_is_monotone(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert statistics.two_sided_z(low) <= statistics.two_sided_z(high)


def test_p_is_read_from_its_text() -> None:
    texts = [
        "1e-400",
        "2.5E-1234",
        "0." + "0" * 399 + "1",
        "0.05",
        "1",
        "5e-324",
        "1e-300",
        None,
        "none",
        " 0.1 ",
        "+1e-5",
    ]
    values, zero = statistics.neg_log10_p(pa.array(texts))
    expected = [400, 1234 - math.log10(2.5), 400, -math.log10(0.05), 0, 324 - math.log10(5), 300, np.nan, np.nan, 1, 5]
    np.testing.assert_allclose(values, expected, rtol=1e-13, atol=1e-15)
    assert not zero.any()


def test_p_of_zero_and_outside_its_range() -> None:
    values, zero = statistics.neg_log10_p(pa.array(["0", "0.0", "0e-10", "1.5", "-0.1", "-1e-400", "inf", "nan"]))
    assert zero.tolist() == [True] * 3 + [False] * 5
    assert (values[:3] == statistics.NEG_LOG10_SMALLEST).all()
    assert (values[[3, 4, 6]] < 0).all()
    assert np.isnan(values[7])


@settings(deadline=None)
@given(st.integers(1, 10**15), st.integers(-4000, 0))
def test_p_of_any_size_keeps_its_digits(mantissa: int, exponent: int) -> None:
    text = f"{mantissa}e{exponent - 16}"
    values, zero = statistics.neg_log10_p(pa.array([text]))
    assert not zero[0]
    assert values[0] == pytest.approx(16 - exponent - math.log10(mantissa), rel=1e-12)


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(allow_nan=False, allow_infinity=False).map(repr), st.text(max_size=8), st.none())))
def test_numbers_are_pythons_or_missing(texts: list[str | None]) -> None:
    def plain(text: str | None) -> float:
        try:
            return math.nan if text is None or "_" in text or not text.isascii() else float(text)
        except ValueError:
            return math.nan

    values = statistics.numbers(pa.array(texts, pa.string()))
    expected = np.array([plain(text) for text in texts], dtype=float)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(values[finite], expected[finite])
    assert not np.isfinite(values[~finite]).any()


def test_z_ways_agree_where_all_are_exact() -> None:
    z = np.array([-7.0, -1.5, -0.2, 0.3, 2.0, 12.0])
    se = np.array([0.1, 0.02, 0.5, 0.01, 0.3, 0.004])
    columns = {
        "z": z,
        "beta": z * se,
        "odds_ratio": np.exp(z * se),
        "se": se,
        "neg_log10_p": np.array([exact_neg_log10_p(abs(value)) for value in z]),
        "chi2": z**2,
    }
    for ways in ({"z"}, {"beta", "se"}, {"odds_ratio", "se"}, {"neg_log10_p", "beta"}, {"neg_log10_p", "odds_ratio"}):
        given_columns = {name: columns[name] for name in ways}
        found, way = statistics.z_scores(given_columns, ("z", "effect", "p", "chi2"), len(z))
        np.testing.assert_allclose(found, z, rtol=1e-9)
        assert (way >= 0).all()
    found, _ = statistics.z_scores({"chi2": columns["chi2"], "beta": columns["beta"]}, ("chi2",), len(z))
    np.testing.assert_allclose(found, z, rtol=1e-12)


def test_z_takes_the_first_way_that_a_row_allows() -> None:
    nan = np.nan
    columns = {
        "z": np.array([3.0, nan, nan, nan, nan]),
        "beta": np.array([0.1, 0.1, -0.1, -0.1, nan]),
        "se": np.array([0.1, 0.1, 0.0, nan, 0.1]),
        "neg_log10_p": np.array([9, 9, -math.log10(0.05), nan, 9]),
        "chi2": np.array([16.0, 16.0, 16.0, 16.0, 16.0]),
    }
    z, way = statistics.z_scores(columns, ("z", "effect", "p", "chi2"), 5)
    np.testing.assert_allclose(z, [3.0, 1.0, -1.959963984540054, -4.0, nan])
    assert way.tolist() == [0, 1, 2, 3, -1]
    z, way = statistics.z_scores(columns, ("chi2", "z"), 5)
    np.testing.assert_allclose(z[:4], [4.0, 4.0, -4.0, -4.0])
    z, _ = statistics.z_scores({"chi2": columns["chi2"]}, ("chi2",), 5, increasing=True)
    np.testing.assert_allclose(z, 4.0)


def test_effect_of_exactly_zero_keeps_its_p() -> None:
    z, _ = statistics.z_scores({"beta": np.zeros(1), "neg_log10_p": np.array([2.0])}, ("effect", "p"), 1)
    assert z[0] == pytest.approx(stats.norm.isf(0.005))


def test_odds_ratio_must_be_positive() -> None:
    columns = {"odds_ratio": np.array([0.0, -1.0, 2.0]), "se": np.ones(3), "neg_log10_p": np.ones(3)}
    z, _ = statistics.z_scores(columns, ("effect", "p"), 3)
    assert np.isnan(z[:2]).all()
    assert z[2] == pytest.approx(math.log(2))


def test_sample_sizes_in_order_of_preference() -> None:
    columns = {
        "n": np.array([100.0, 0.0, -5.0]),
        "n_cases": np.array([10.0, 50.0, 0.0]),
        "n_controls": np.array([30.0, 50.0, 5.0]),
        "n_effective": np.array([7.0, np.nan, 3.0]),
        "n_effective_half": np.array([3.5, 1.0, np.nan]),
    }
    found = statistics.sample_sizes(columns, {"n_cases": 100.0, "n_controls": 300.0}, 3)
    nan = np.nan
    expected = [[7, nan, 3], [7, 2, nan], [30, 100, nan], [100, nan, nan], [300, 300, 300]]
    assert len(found) == len(expected)
    for values, wanted in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(values, wanted)


def test_effective_n_of_a_balanced_study_is_its_size() -> None:
    assert statistics.effective_n(np.float64(500), np.float64(500)) == 1000


def test_chi2_facts_of_a_known_sample() -> None:
    facts = statistics.chi2_facts(np.array([0.0, 1.0, -2.0, 6.0, 5.4]))
    assert facts["mean_chi2"] == pytest.approx((1 + 4 + 36 + 5.4**2) / 5)
    assert facts["lambda_gc"] == pytest.approx(4 / stats.chi2.median(1))
    assert facts["max_chi2"] == 36
    assert facts["n_genome_wide_significant"] == 1
