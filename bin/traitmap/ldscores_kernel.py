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
def standardize(packed, people, mean, scale):
    """(count of A1 - mean) * scale, a row a SNP, and 0 where the genotype is missing; float32, SNPs x people.

    packed
        Genotypes as a SNP-major .bed has them, uint8, SNPs x bytes: four people a byte, the first in its lowest bits;
        00 two A1, 01 missing, 10 one, 11 none.
    """
    result = np.empty((packed.shape[0], people), np.float32)
    value = np.zeros(4, np.float32)
    for snp in range(packed.shape[0]):
        for code, count in ((0, 2), (2, 1), (3, 0)):
            value[code] = (np.float32(count) - mean[snp]) * scale[snp]
        for person in range(people):
            result[snp, person] = value[(packed[snp, person >> 2] >> ((person & 3) << 1)) & 3]
    return result
