"""The block jackknife: closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traitmap.jackknife import jackknife, pseudo_values, separators


def leave_one_out_means(values: np.ndarray) -> np.ndarray:
    return np.array([np.delete(values, i).mean() for i in range(len(values))])


def test_mean_of_ten_numbers():
    values = np.arange(10.0)
    estimate, se = jackknife(values.mean(), leave_one_out_means(values))
    assert estimate == pytest.approx(4.5)
    assert se**2 == pytest.approx(0.91666667)  # sample variance 9.1666667 over 10


def test_pseudo_values_of_a_mean_are_the_values():
    values = np.array([3.0, -1.0, 4.0, 1.0, 5.0])
    assert pseudo_values(values.mean(), leave_one_out_means(values)) == pytest.approx(values)


def test_bias_of_the_plug_in_variance_is_removed_exactly():
    values = np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0])
    delete = np.array([np.delete(values, i).var() for i in range(len(values))])
    estimate, _ = jackknife(values.var(), delete)
    assert estimate == pytest.approx(values.var(ddof=1))


def test_each_estimate_has_its_own_jackknife():
    rng = np.random.default_rng(0)
    full, delete = rng.normal(size=3), rng.normal(size=(20, 3))
    estimate, se = jackknife(full, delete)
    for i in range(3):
        alone = jackknife(full[i], delete[:, i])
        assert (estimate[i], se[i]) == pytest.approx(alone)


@given(st.integers(1, 500), st.integers(0, 5000))
def test_blocks_cover_everything_and_differ_by_one_at_most(blocks, more):
    n = blocks + more
    borders = separators(n, blocks)
    sizes = np.diff(borders)
    assert borders[0] == 0 and borders[-1] == n and len(sizes) == blocks
    assert sizes.min() >= 1 and sizes.max() - sizes.min() <= 1


def test_blocks_are_where_ldsc_has_them():
    assert separators(10, 4).tolist() == [0, 2, 5, 7, 10]


@pytest.mark.parametrize("blocks", [0, 11])
def test_empty_blocks_are_refused(blocks):
    with pytest.raises(ValueError, match="blocks"):
        separators(10, blocks)
