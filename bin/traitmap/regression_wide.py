"""Regressions whose weights depend on the spot, beside many baseline columns: spot by spot, by BLAS.

The same estimator as ``regression_exact``. With p columns a spot costs SNPs x p^2 / 2 products, which BLAS does at the
machine's full rate; the fused kernel does not, and its sums would not fit in memory.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse

from traitmap.regression_design import Design
from traitmap.regression_fits import SINGULAR, Fits

TILE = 8
MANY_COLUMNS = 24  # baseline columns from which this is faster than the fused kernel


class WideRegression:
    """Per-spot regressions of one trait with the weights of ``ExactRegression``."""

    tile = TILE

    def __init__(self, design: Design):
        self._design = design
        self._excess = max(float(design.chi2.mean()) - 1.0, 0.0)
        self._prior = 1.0 / np.maximum(design.w_ld, 1.0)

    def fit(self, gss: sparse.csr_matrix) -> Fits:
        """Regress each row of ``gss`` (at most ``tile`` spots x genes of the slice)."""
        design = self._design
        genes = np.flatnonzero(design.gene_row >= 0)
        scores = np.zeros((design.weights.shape[1], gss.shape[0]), dtype=np.float32)
        scores[design.gene_row[genes]] = gss[:, genes].toarray().T
        found = [self._fit_one(ld) for ld in (design.weights @ scores).T.astype(np.float64)]
        full, delete, tolerance = (np.array(values) for values in zip(*found, strict=True))
        return Fits(full, delete.T, tolerance)

    def _fit_one(self, ld: np.ndarray) -> tuple[float, np.ndarray, float]:
        design = self._design
        total = ld + design.baseline_total
        mean = float(np.mean(total * design.sample_scale))
        slope = self._excess / mean if mean > 0 else 0.0
        root = np.sqrt(self._prior) / (1.0 + slope * design.sample_scale * np.maximum(total, 1.0))
        own = ld * design.sample_scale
        grams = np.stack([self._gram(root[lo:hi], own[lo:hi], lo, hi) for lo, hi in pairwise(design.separators)])
        whole = grams.sum(axis=0, keepdims=True)
        coefficient, tolerance = solve_last(np.concatenate([whole, whole - grams]))
        return coefficient[0], coefficient[1:], tolerance[0]

    def _gram(self, root: np.ndarray, own: np.ndarray, lo: int, hi: int) -> np.ndarray:
        """Weighted Gram matrix of [baseline columns, own column, chi2] over a run of SNPs."""
        columns = np.column_stack([self._design.columns[lo:hi], own, self._design.chi2[lo:hi]])
        columns *= root[:, None]
        return columns.T @ columns  # numpy computes half of it, by BLAS syrk


def solve_last(grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficient of the last column but one, the spot's own, in the regression of the last; by Cholesky factors.

    grams: k x order x order. Returns the coefficients (NaN where singular) and the own column's share that the columns
    before it leave, 1 - R2.
    """
    size = np.sqrt(np.einsum("kii->ki", grams))
    scale = np.where(size > 0, size, 1.0)
    scaled = grams / scale[:, :, None] / scale[:, None, :]
    # The response's own square changes nothing but the factor's last entry: large enough, the matrix is always regular.
    scaled[:, -1, -1] = 2.0
    roots = _cholesky(scaled)
    pivots = np.einsum("kii->ki", roots)[:, :-1] ** 2
    regular = (pivots > SINGULAR).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        coefficient = roots[:, -1, -2] / roots[:, -2, -2] * scale[:, -1] / scale[:, -2]
    return np.where(regular, coefficient, np.nan), pivots[:, -1]


def _cholesky(matrices: np.ndarray) -> np.ndarray:
    """Lower factors of k matrices; zeros for those that are not positive definite."""
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.zeros_like(matrices)
        return np.concatenate([_cholesky(matrix[None]) for matrix in matrices])
