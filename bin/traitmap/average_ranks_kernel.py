"""The compiled loops of ranks within spots; imported only where they run, for numba."""

from __future__ import annotations

import numpy as np

from traitmap.compiled import compiled

LARGEST = 1 << 16  # count that a histogram is kept for


@compiled
def rank_whole_counts(indptr, data, zeros, doubled):
    """Twice the average-tie rank of every entry within its spot, into ``doubled``, by a histogram of its counts.

    indptr, data
        Of a CSR matrix, spots x genes; ``indptr`` may be that of some of its spots.
    zeros
        Per spot, the genes without a count, which rank below all others.

    Returns whether it could: False as soon as a count is not whole or exceeds ``LARGEST``.
    """
    upto = np.zeros(LARGEST + 1, np.int64)
    for spot in range(len(indptr) - 1):
        most = 0
        for entry in range(indptr[spot], indptr[spot + 1]):
            count = data[entry]
            if not 0 < count <= LARGEST or count != np.floor(count):
                return False
            most = max(most, np.int64(count))
        upto[: most + 1] = 0
        for entry in range(indptr[spot], indptr[spot + 1]):
            upto[np.int64(data[entry])] += 1
        upto[0] = zeros[spot]
        for count in range(1, most + 1):
            upto[count] += upto[count - 1]
        for entry in range(indptr[spot], indptr[spot + 1]):
            count = np.int64(data[entry])
            doubled[entry] = upto[count - 1] + 1 + upto[count]  # the first and the last rank of the tied
    return True


@compiled
def add_log_ranks(indptr, indices, doubled, table, zero, total, expressed):
    """Add every spot's log rank above that of its zeros to ``total``, and 1 to ``expressed``, of the genes it holds."""
    for spot in range(len(indptr) - 1):
        for entry in range(indptr[spot], indptr[spot + 1]):
            total[indices[entry]] += table[doubled[entry]] - zero[spot]
            expressed[indices[entry]] += 1


@compiled
def count_entries(indices, n):
    """How often each of 0 to n - 1 stands in ``indices``, int64."""
    count = np.zeros(n, np.int64)
    for index in indices:
        count[index] += 1
    return count
