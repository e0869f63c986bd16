"""LD scores per gene: sums of unbiased r2 between regression SNPs and all panel SNPs of a window.

The correlation matrix is a band; blocks of its rows are matrix products of standardized genotypes, which are read as
a stream, so that memory holds one window whatever the length of the chromosome.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from traitmap.threads import in_order

CHUNK = 512  # panel SNPs read at a time
WIDTH = 128  # panel SNPs of a matrix product: its result stays in the cache, and its corners outside windows are small
# Regression SNPs of a block at most.
BLOCK = 512

Reader = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class Windows:
    """The window of SNP i is the half-open range ``[left[i], right[i])`` of SNPs; both arrays never decrease."""

    left: np.ndarray
    right: np.ndarray


def ld_windows(coordinates: np.ndarray, width: float, chunk: int = 0) -> Windows:
    """LD windows of SNPs at ascending ``coordinates`` (M,), reaching ``width`` to either side, bounds included.

    With ``chunk`` c > 0 the windows are those that LDSC's block algorithm sums over (Bulik-Sullivan et al. 2015; c is
    50 in LDSC unless told otherwise, 100 in gsMap): the SNPs are cut into chunks of c; all SNPs of a chunk share the
    left edge of its first SNP, rounded down to a multiple of c, and see the whole chunk.
    """
    coordinates = np.asarray(coordinates, dtype=np.float64)
    if (np.diff(coordinates) < 0).any():
        raise ValueError("coordinates must ascend")
    # Begin a hair too far left and walk: the distance itself decides, not a subtraction rounded the other way.
    hair = 4 * np.spacing(np.abs(coordinates) + width)
    left = np.searchsorted(coordinates, coordinates - width - hair)
    while (far := coordinates - coordinates[left] > width).any():
        left = left + far
    if chunk > 0:
        left = left[np.arange(len(left)) // chunk * chunk] // chunk * chunk
    return Windows(left, np.searchsorted(left, np.arange(len(left)), side="right"))


@dataclass(frozen=True)
class LdScores:
    """``weights`` CSR float32 (regression SNPs x labels): sum of unbiased r2 with the SNPs of each label in the window;
    stored wherever the window holds such a SNP, also where the sum is 0 or negative. ``among`` float64 (regression
    SNPs,): the same sum over the regression SNPs themselves."""

    weights: sparse.csr_matrix
    among: np.ndarray


def sum_r2(
    read: Reader,
    people: int,
    rows: np.ndarray,
    windows: Windows,
    labels: np.ndarray,
    n_labels: int,
    threads: int = 1,
    windows_among: Windows | None = None,
) -> LdScores:
    """Sum unbiased r2 of SNPs ``rows`` (m,) with the SNPs of their windows, by label.

    ``read(i, j)`` gives SNPs i to j as float32 (j - i, people), each of mean 0 and squares summing to 1, so that
    products are correlations; it is called for ascending ranges that do not overlap. ``labels`` (M,) holds each SNP's
    label in [0, n_labels). ``windows_among`` are the windows of the sums over the regression SNPs, as ranges of
    ``rows``, where they differ: LDSC rounds them by counting these SNPs alone. r2 is made unbiased as
    r2 - (1 - r2) / (people - 2) (Bulik-Sullivan et al. 2015). Products are float32, sums float64. Each block of rows is
    one thread's work in a fixed order: the number of threads does not change a bit.
    """
    if people < 3:
        raise ValueError("unbiased r2 needs three people or more")
    left, right = windows.left[rows], windows.right[rows]
    if windows_among is None:
        # How many regression SNPs lie before each SNP turns ranges of SNPs into ranges of rows.
        among = np.searchsorted(rows, left), np.searchsorted(rows, right)
    else:
        among = windows_among.left, windows_among.right
    blocks = [
        _Block(
            rows,
            slice(*span),
            left[slice(*span)],
            right[slice(*span)],
            *(a[slice(*span)] for a in among),
            labels,
            people,
        )
        for span in _row_blocks(rows)
    ]
    with threadpool_limits(1, user_api="blas"):
        sums = list(in_order(lambda task: task(), _with_genotypes(blocks, read, len(labels)), threads))
    if not sums:
        return LdScores(sparse.csr_matrix((0, n_labels), dtype=np.float32), np.zeros(0))
    counts = np.concatenate([part.counts for part in sums])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    indices = np.concatenate([part.labels for part in sums])
    data = np.concatenate([part.values for part in sums])
    weights = sparse.csr_matrix((data, indices, indptr), shape=(len(rows), n_labels))
    return LdScores(weights, np.concatenate([part.among for part in sums]))


def _row_blocks(rows: np.ndarray) -> Iterator[tuple[int, int]]:
    """Cut the rows into blocks of neighbours, which have most of their windows in common."""
    first = 0
    while first < len(rows):
        last = min(first + BLOCK, int(np.searchsorted(rows, rows[first] + 2 * CHUNK)))
        yield first, last
        first = last


@dataclass(frozen=True)
class _Sums:
    counts: np.ndarray  # stored entries of each row
    labels: np.ndarray
    values: np.ndarray
    among: np.ndarray


@dataclass(frozen=True)
class _Block:
    """Neighbouring regression SNPs, ``rows[at]``, and the columns that any of their windows holds.

    left, right
        Windows, ranges of SNPs.
    first, last
        Windows of the sums among regression SNPs, ranges of ``rows``.
    """

    rows: np.ndarray
    at: slice
    left: np.ndarray
    right: np.ndarray
    first: np.ndarray
    last: np.ndarray
    labels: np.ndarray
    people: int

    @property
    def start(self) -> int:
        return int(min(self.left[0], self.rows[self.first[0]]))

    @property
    def stop(self) -> int:
        return int(max(self.right[-1], self.rows[self.last[-1] - 1] + 1))

    def sum(self, chunks: list[tuple[int, np.ndarray]]) -> _Sums:
        """``chunks`` are (index of the first SNP, genotypes) and cover the block's columns."""
        from traitmap.ldscores_kernel import add_squares  # numba: only where it is used

        rows = self.rows[self.at]
        columns = np.arange(self.start, self.stop)
        here, label = np.unique(self.labels[columns], return_inverse=True)
        seen_by = _rows_that_see(columns, self.left, self.right)
        own = _rows_that_see(np.searchsorted(self.rows, columns), self.first, self.last)
        other = ~np.isin(columns, self.rows[self.first[0] : self.last[-1]])
        own[1, other] = own[0, other]  # not among the regression SNPs: an empty range
        inside = _counts(label, seen_by, (len(here), len(rows)))
        sums, among = np.zeros(inside.shape), np.zeros(len(rows))
        genotypes = np.concatenate([_rows_within(rows, first, chunk) for first, chunk in chunks])
        for first, chunk in chunks:
            for low in range(max(first, self.start), min(first + len(chunk), self.stop), WIDTH):
                high = min(low + WIDTH, first + len(chunk), self.stop)
                at = slice(low - self.start, high - self.start)
                # Only these rows see any of the columns.
                some = slice(min(seen_by[0, at].min(), own[0, at].min()), max(seen_by[1, at].max(), own[1, at].max()))
                products = chunk[low - first : high - first] @ genotypes[some].T
                add_squares(products, some.start, label[at], seen_by[:, at], own[:, at], sums, among)
        sums += (sums - inside) / (self.people - 2)
        among += (among - (self.last - self.first)) / (self.people - 2)
        stored = inside.T > 0
        return _Sums(stored.sum(axis=1), here[np.nonzero(stored)[1]], sums.T[stored].astype(np.float32), among)


def _rows_that_see(columns: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The half-open range of rows whose windows hold each of ``columns``, 2 x columns; windows never decrease."""
    return np.stack([np.searchsorted(right, columns, "right"), np.searchsorted(left, columns, "right")])


def _counts(label: np.ndarray, seen_by: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How many columns of each label each row sees, labels x rows."""
    change = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    np.add.at(change, (label, seen_by[0]), 1)
    np.add.at(change, (label, seen_by[1]), -1)
    return np.cumsum(change, axis=1)[:, :-1]


def _rows_within(rows: np.ndarray, first: int, chunk: np.ndarray) -> np.ndarray:
    """Genotypes of those of ``rows`` (ascending) that ``chunk`` holds, whose first SNP is ``first``."""
    low, high = np.searchsorted(rows, [first, first + len(chunk)])
    return chunk[rows[low:high] - first]


def _with_genotypes(blocks: list[_Block], read: Reader, n_snps: int) -> Iterator[Callable[[], _Sums]]:
    """Pair each block with the genotypes of its window, reading ahead and letting go of what lies behind."""
    held: deque[tuple[int, np.ndarray]] = deque()
    position = 0
    for block in blocks:
        while held and held[0][0] + len(held[0][1]) <= block.start:
            held.popleft()
        if not held:
            position = max(position, block.start)
        while position < block.stop:
            stop = min(position + CHUNK, n_snps)
            held.append((position, read(position, stop)))
            position = stop
        yield lambda block=block, chunks=list(held): block.sum(chunks)
