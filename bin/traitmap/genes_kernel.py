"""The compiled loops over columns of scores; imported only where they run, for numba."""

from __future__ import annotations

import numpy as np

from traitmap.compiled import compiled


@compiled
def column_sums(indptr, indices, data, rows, n_columns):
    """Of each column of a CSR matrix, over its entries in ``rows``: their number, sum (float64), highest and lowest."""
    filled, sums = np.zeros(n_columns, np.int64), np.zeros(n_columns)
    highest, lowest = np.full(n_columns, -np.inf), np.full(n_columns, np.inf)
    for row in rows:
        for entry in range(indptr[row], indptr[row + 1]):
            column, value = indices[entry], np.float64(data[entry])
            filled[column] += 1
            sums[column] += value
            highest[column] = max(highest[column], value)
            lowest[column] = min(lowest[column], value)
    return filled, sums, highest, lowest


@compiled
def column_products(indptr, indices, data, rows, mean, centred):
    """Of each column, over its entries in ``rows``: the sum of squares about ``mean``; of entries times ``centred``.

    ``centred`` goes along ``rows``. Both float64.
    """
    squares, products = np.zeros(len(mean)), np.zeros(len(mean))
    for at in range(len(rows)):
        for entry in range(indptr[rows[at]], indptr[rows[at] + 1]):
            column, value = indices[entry], np.float64(data[entry])
            deviation = value - mean[column]
            squares[column] += deviation * deviation
            products[column] += value * centred[at]
    return squares, products
