"""Regressions in gene space: with weights alike for all, a spot's normal equations are quadratic forms in GSS.

With ``A`` the LD of a jackknife block's SNPs with genes, ``S = diag(N / mean N)`` and ``W`` the regression weights, the
sums that depend on a spot with scores g are ``g' (A'SWSA) g`` and ``g' A'SW [baseline columns, chi2]``. The matrices
are made once per trait, and each concerns only the genes in LD with its block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from traitmap.regression_design import Design
from traitmap.regression_fits import SINGULAR, Fits

TILE = 256
STRIP = 32  # rows of a matrix product: the band around a matrix's diagonal is cut into strips of so many genes
LONGEST = 8192  # SNPs in a piece of a block: bounds the dense SNPs x genes matrix of a piece


@dataclass(frozen=True)
class _Piece:
    """The forms of a run of a block's SNPs.

    genes
        Those in LD with any of the SNPs, ascending.
    strips
        The band of A'SWSA, which genes far apart have none of: per ``STRIP`` genes, their range, where the band ends,
        and the upper triangle, genes from the first to there x the strip's; what lies beside the diagonal block is
        doubled, for it stands for both triangles.
    moments
        A'SW [columns, chi2], genes x (columns + 1).
    """

    block: int
    genes: slice | np.ndarray
    strips: list[tuple[slice, slice, np.ndarray]]
    moments: np.ndarray


class SharedRegression:
    """Per-spot regressions of one trait whose weights come from the baseline LD scores alone.

    The weight of SNP j is ``1 / ((1 + c N_j max(t_j, 1))^2 max(wld_j, 1))`` with t the sum of the baseline LD scores
    and ``c = max(mean chi2 - 1, 0) / mean(t N)``: those of ``ExactRegression`` for a spot without any score.
    """

    tile = TILE

    def __init__(self, design: Design):
        self._gene_row = np.where(design.gene_row < 0, design.weights.shape[1], design.gene_row).astype(np.int32)
        self._blocks = len(design.separators) - 1
        weight = shared_weights(design)
        fixed = np.column_stack([design.columns, design.chi2])
        self._pieces = list(_pieces(design, weight, fixed))
        grams = np.stack(
            [fixed[lo:hi].T @ (fixed[lo:hi] * weight[lo:hi, None]) for lo, hi in pairwise(design.separators)]
        )
        whole = grams.sum(axis=0)
        # Cholesky factors of the baseline columns' normal equations, with all SNPs (first) and without each block.
        left = np.concatenate([whole[None], whole - grams])
        self._root_inverse = np.linalg.inv(np.linalg.cholesky(left[:, :-1, :-1]))
        self._moment = (self._root_inverse @ left[:, :-1, -1:])[..., 0]

    def fit(self, gss: sparse.csr_matrix) -> Fits:
        """Regress each row of ``gss`` (at most ``tile`` spots x genes of the slice)."""
        own, with_columns, moment = self.block_sums(gss)
        own, with_columns, moment = (_without_each(values) for values in (own, with_columns, moment))
        # The Schur complement of the baseline columns: what is left of the own column and of its product with chi2.
        projected = self._root_inverse @ with_columns
        remains = own - np.einsum("bpt,bpt->bt", projected, projected)
        with np.errstate(divide="ignore", invalid="ignore"):
            tolerance = remains / own
            estimate = (moment - np.einsum("bpt,bp->bt", projected, self._moment)) / remains
        estimate[~(tolerance > SINGULAR)] = np.nan
        return Fits(estimate[0], estimate[1:], tolerance[0])

    def block_sums(self, gss: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per block and spot: own column squared (blocks x spots), with the columns (x columns x), with chi2."""
        spots, genes = gss.shape[0], int(self._gene_row.max(initial=-1)) + 1
        rows = sparse.csr_matrix((gss.data, self._gene_row[gss.indices], gss.indptr), shape=(spots, genes))
        dense = rows.toarray()
        columns = self._moment.shape[1]
        own = np.zeros((self._blocks, spots))
        rest = np.zeros((self._blocks, columns + 1, spots))
        for piece in self._pieces:
            scores = dense[:, piece.genes].astype(np.float64)
            halves = np.empty_like(scores)
            for genes, reach, form in piece.strips:
                np.matmul(scores[:, reach], form, out=halves[:, genes])
            own[piece.block] += np.einsum("tg,tg->t", scores, halves)
            rest[piece.block] += (scores @ piece.moments).T
        return own, rest[:, :columns], rest[:, columns]


def shared_weights(design: Design) -> np.ndarray:
    """Regression weights from the baseline LD scores alone, per SNP; see ``SharedRegression``."""
    total, scale = design.baseline_total, design.sample_scale
    mean = float(np.mean(total * scale))
    slope = max(float(design.chi2.mean()) - 1.0, 0.0) / mean if mean > 0 else 0.0
    return 1.0 / ((1.0 + slope * scale * np.maximum(total, 1.0)) ** 2 * np.maximum(design.w_ld, 1.0))


def _pieces(design: Design, weight: np.ndarray, fixed: np.ndarray) -> Iterator[_Piece]:
    root = np.sqrt(weight)
    for block, (lo, hi) in enumerate(pairwise(design.separators)):
        for start in range(lo, hi, LONGEST):
            at = slice(start, min(start + LONGEST, hi))
            linked = design.weights[at].astype(np.float64)
            genes = np.flatnonzero(linked.getnnz(axis=0))
            if not len(genes):
                continue
            span = slice(int(genes[0]), int(genes[-1]) + 1)
            # Genes are in genomic order: mostly a run without gaps, which is read faster than a list.
            genes = span if span.stop - span.start <= 1.5 * len(genes) else genes
            linked.data *= np.repeat(root[at] * design.sample_scale[at], np.diff(linked.indptr))
            scaled = linked[:, genes].toarray()
            moments = scaled.T @ (root[at, None] * fixed[at])
            yield _Piece(block, genes, list(_strips(scaled.T @ scaled)), moments)


def _strips(squares: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Cut a symmetric band into strips, as ``_Piece`` has them."""
    for first in range(0, len(squares), STRIP):
        last = min(first + STRIP, len(squares))
        reach = int(np.flatnonzero(squares[first:last].any(axis=0)).max(initial=last - 1)) + 1
        form = squares[first:reach, first:last].copy()
        form[last - first :] *= 2
        yield slice(first, last), slice(first, reach), form


def _without_each(sums: np.ndarray) -> np.ndarray:
    """Totals (first), then totals without each block, along the first axis."""
    whole = sums.sum(axis=0, keepdims=True)
    return np.concatenate([whole, whole - sums])
