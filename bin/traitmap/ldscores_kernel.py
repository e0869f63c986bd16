"""The compiled loops of LD scores; imported only where they run, for numba."""

from __future__ import annotations

import numpy as np

from traitmap.compiled import compiled


@compiled
def add_squares(products, first, label, seen_by, own, sums, among):
    """Add the squares of ``products``, correlations of panel SNPs (columns) with regression SNPs (rows).

    products
        columns x rows, float32; its rows begin at row ``first`` of the block.
    label
        Per column, its row in ``sums`` (labels x rows of the block, float64).
    seen_by, own
        2 x columns: the half-open range of the block's rows to whose ``sums`` a column adds, and to whose ``among``.

    Every sum is float64, in the order of the columns.
    """
    for column in range(len(label)):
        into = sums[label[column]]
        for row in range(seen_by[0, column], seen_by[1, column]):
            value = np.float64(products[column, row - first])
            into[row] += value * value
        for row in range(own[0, column], own[1, column]):
            value = np.float64(products[column, row - first])
            among[row] += value * value


@compiled
def standardize(counts, mean, scale, missing):
    """(counts - mean) * scale, a row each, and 0 where ``counts`` (int8, SNPs x people) is ``missing``; float32."""
    result = np.empty(counts.shape, np.float32)
    for snp in range(counts.shape[0]):
        for person in range(counts.shape[1]):
            count = counts[snp, person]
            value = (np.float32(count) - mean[snp]) * scale[snp]
            result[snp, person] = np.float32(0) if count == missing else value
    return result
