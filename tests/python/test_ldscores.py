"""LD windows and sums of unbiased r2 against slow twins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traitmap import ldscores
from traitmap.ldscores import Windows, ld_windows, sum_r2

PEOPLE = 40


def standardized(rng: np.random.Generator, n_snps: int) -> np.ndarray:
    """Correlated genotypes, mean 0, squares summing to 1, float32 (SNPs, people)."""
    noise = rng.standard_normal((n_snps + 4, PEOPLE))
    signal = sum(noise[shift : shift + n_snps] for shift in range(5))
    counts = np.digitize(signal, [-1.0, 2.0]).astype(float)
    centred = counts - counts.mean(axis=1, keepdims=True)
    return (centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))).astype(np.float32)


def twin(z: np.ndarray, rows: np.ndarray, windows: Windows, labels: np.ndarray, n_labels: int):
    """One pair at a time, in float64."""
    z = z.astype(np.float64)
    sums, among, held = (
        np.zeros((len(rows), n_labels)),
        np.zeros(len(rows)),
        np.zeros((len(rows), n_labels), dtype=bool),
    )
    for row, j in enumerate(rows):
        for k in range(windows.left[j], windows.right[j]):
            r2 = float(z[j] @ z[k]) ** 2
            unbiased = r2 - (1 - r2) / (PEOPLE - 2)
            sums[row, labels[k]] += unbiased
            held[row, labels[k]] = True
            among[row] += unbiased if k in rows else 0.0
    return sums, among, held


def ldsc_pairs(coordinates: np.ndarray, width: float, chunk: int) -> np.ndarray:
    """Which pairs LDSC's algorithm sums over, told by its description: a first block, then chunk after chunk."""
    n = len(coordinates)
    lefts = [next(j for j in range(n) if coordinates[i] - coordinates[j] <= width) for i in range(n)]
    first_block = next((i for i in range(n) if lefts[i] > 0), n)
    first_block = -(-first_block // chunk) * chunk
    pairs = np.zeros((n, n), dtype=bool)
    if first_block > n:
        return ~pairs
    pairs[:first_block, :first_block] = True
    for start in range(first_block, n, chunk):
        size = -(-(start - lefts[start]) // chunk) * chunk
        here, before = slice(start, min(start + chunk, n)), slice(start - size, start)
        pairs[here, here] = pairs[here, before] = pairs[before, here] = True
    return pairs


def as_pairs(windows: Windows) -> np.ndarray:
    index = np.arange(len(windows.left))
    return (index >= windows.left[:, None]) & (index < windows.right[:, None])


distances = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.7, 1.0, 3.0]), min_size=1, max_size=60)


@given(distances)
@settings(max_examples=60, deadline=None)
def test_exact_windows_hold_what_lies_within_the_width(steps):
    coordinates = 40 + np.cumsum(steps)
    expected = np.abs(coordinates[:, None] - coordinates) <= 1.0
    np.testing.assert_array_equal(as_pairs(ld_windows(coordinates, 1.0)), expected)


@given(distances, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_rounded_windows_are_those_of_ldsc(steps, chunk):
    coordinates = np.cumsum(steps)
    np.testing.assert_array_equal(as_pairs(ld_windows(coordinates, 1.0, chunk)), ldsc_pairs(coordinates, 1.0, chunk))


def test_one_snp_and_all_within_reach():
    assert as_pairs(ld_windows(np.array([3.0]), 1.0, 100)).tolist() == [[True]]
    assert as_pairs(ld_windows(np.linspace(0, 0.5, 150), 1.0, 100)).all()
    with pytest.raises(ValueError, match="ascend"):
        ld_windows(np.array([1.0, 0.5]), 1.0)


@pytest.mark.parametrize("chunk", [0, 7])
@pytest.mark.parametrize("threads", [1, 3])
def test_sums_equal_the_twin(monkeypatch, chunk, threads):
    monkeypatch.setattr(ldscores, "CHUNK", 16)  # so that blocks, chunks and windows cut each other
    monkeypatch.setattr(ldscores, "BLOCK", 6)
    monkeypatch.setattr(ldscores, "WIDTH", 5)
    rng = np.random.default_rng(5)
    z = standardized(rng, 150)
    coordinates = np.cumsum(rng.exponential(0.1, 150) + (np.arange(150) == 70) * 9.0)
    windows = ld_windows(coordinates, 1.0, chunk)
    labels = rng.integers(0, 5, 150)
    rows = np.flatnonzero(rng.random(150) < 0.4)
    spans: list[tuple[int, int]] = []

    def read(first: int, last: int) -> np.ndarray:
        spans.append((first, last))
        return z[first:last]

    scores = sum_r2(read, PEOPLE, rows, windows, labels, 6, threads)
    sums, among, held = twin(z, rows, windows, labels, 6)
    np.testing.assert_allclose(scores.weights.toarray(), sums, atol=2e-6)
    np.testing.assert_allclose(scores.among, among, atol=2e-6)
    np.testing.assert_array_equal(np.diff(scores.weights.indptr), held.sum(axis=1))
    assert scores.weights.has_sorted_indices
    assert scores.weights.dtype == np.float32
    assert all(last <= first for (_, last), (first, _) in pairwise(spans)), "no SNP is read twice"


@pytest.mark.parametrize("chunk", [3, 20])
def test_windows_among_regression_snps_may_be_others(monkeypatch, chunk):
    """LDSC rounds them by counting regression SNPs alone: the sums are those of a panel of these SNPs."""
    monkeypatch.setattr(ldscores, "CHUNK", 16)
    monkeypatch.setattr(ldscores, "BLOCK", 6)
    monkeypatch.setattr(ldscores, "WIDTH", 5)
    rng = np.random.default_rng(6)
    z = standardized(rng, 150)
    coordinates = np.cumsum(rng.exponential(0.1, 150) + (np.arange(150) == 70) * 9.0)
    rows = np.flatnonzero(rng.random(150) < 0.4)
    labels = rng.integers(0, 5, 150)
    windows, among = ld_windows(coordinates, 1.0, 7), ld_windows(coordinates[rows], 1.0, chunk)
    scores = sum_r2(lambda i, j: z[i:j], PEOPLE, rows, windows, labels, 5, 1, among)
    alone = twin(z[rows], np.arange(len(rows)), among, np.zeros(len(rows), dtype=int), 1)[1]
    np.testing.assert_allclose(scores.among, alone, atol=2e-6)
    np.testing.assert_allclose(scores.weights.toarray(), twin(z, rows, windows, labels, 5)[0], atol=2e-6)


def test_threads_do_not_change_a_bit():
    rng = np.random.default_rng(8)
    z = standardized(rng, 1500)
    windows = ld_windows(np.arange(1500) / 200, 1.0)
    rows, labels = np.arange(0, 1500, 2), np.arange(1500) // 40
    one, four = (sum_r2(lambda i, j: z[i:j], PEOPLE, rows, windows, labels, 40, threads) for threads in (1, 4))
    np.testing.assert_array_equal(one.weights.data, four.weights.data)
    np.testing.assert_array_equal(one.among, four.among)


def test_memory_follows_the_window():
    """At no time is more of the chromosome held than windows of the rows under way."""
    import weakref

    rng = np.random.default_rng(2)
    n = 40 * ldscores.CHUNK
    windows = ld_windows(np.arange(n) / 400, 1.0)
    alive: weakref.WeakValueDictionary[int, np.ndarray] = weakref.WeakValueDictionary()
    most = 0

    def read(first: int, last: int) -> np.ndarray:
        nonlocal most
        alive[first] = block = rng.standard_normal((last - first, 5)).astype(np.float32)
        most = max(most, len(alive))
        return block

    sum_r2(read, 5, np.arange(0, n, 4), windows, np.zeros(n, dtype=int), 1)
    assert most <= 6


def test_closed_forms():
    z = np.repeat(standardized(np.random.default_rng(0), 1), 4, axis=0)
    everything = ld_windows(np.zeros(4), 1.0)
    scores = sum_r2(lambda i, j: z[i:j], PEOPLE, np.array([0, 3]), everything, np.array([0, 0, 1, 1]), 3)
    np.testing.assert_allclose(scores.weights.toarray(), [[2, 2, 0], [2, 2, 0]], atol=1e-6)
    np.testing.assert_allclose(scores.among, [2, 2], atol=1e-6)

    orthogonal = np.zeros((2, 4), dtype=np.float32)
    orthogonal[0, :2], orthogonal[1, 2:] = [[0.5**0.5, -(0.5**0.5)]] * 2
    scores = sum_r2(lambda i, j: orthogonal[i:j], 4, np.array([0]), ld_windows(np.zeros(2), 1), np.array([0, 1]), 2)
    np.testing.assert_allclose(scores.weights.toarray(), [[1, -1 / 2]], atol=1e-6)


def test_no_rows():
    def read(first: int, last: int) -> np.ndarray:
        raise AssertionError("nothing is to be read")

    scores = sum_r2(read, 10, np.array([], dtype=int), ld_windows(np.zeros(3), 1.0), np.zeros(3, dtype=int), 2)
    assert scores.weights.shape == (0, 2)
    assert scores.among.shape == (0,)
