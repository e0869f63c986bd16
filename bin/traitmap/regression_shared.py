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
STRIP = 32  # genes of a matrix product: the band around a matrix's diagonal is cut into strips of so many rows
LONGEST = 8192  # SNPs in a piece of a block: bounds the dense SNPs x genes matrix of a piece


@dataclass(frozen=True)
class _Strip:
    """Some genes of a run of a block's SNPs and, of the quadratic forms, what these rows' upper triangle holds.

    own
        How many of ``genes`` are the strip's own: the first ones. The others are those in LD with the same SNPs that
        come after them; genes far apart have none in common, so the forms are a band.
    forms
        genes x (own + columns + 1): A'SWSA, with what is beside the diagonal block twice, for it stands for both
        triangles, and A'SW [columns, chi2], which is zero but for own genes.
    """

    block: int
    genes: slice | np.ndarray
    own: int
    forms: np.ndarray


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
        self._strips = [strip for piece in _pieces(design, weight, fixed) for strip in _strips(*piece)]
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
        for strip in self._strips:
            scores = dense[:, strip.genes].astype(np.float64)
            forms = scores @ strip.forms
            own[strip.block] += np.einsum("tg,tg->t", scores[:, : strip.own], forms[:, : strip.own])
            rest[strip.block] += forms[:, strip.own :].T
        return own, rest[:, :columns], rest[:, columns]


def shared_weights(design: Design) -> np.ndarray:
    """Regression weights from the baseline LD scores alone, per SNP; see ``SharedRegression``."""
    total, scale = design.baseline_total, design.sample_scale
    mean = float(np.mean(total * scale))
    slope = max(float(design.chi2.mean()) - 1.0, 0.0) / mean if mean > 0 else 0.0
    return 1.0 / ((1.0 + slope * scale * np.maximum(total, 1.0)) ** 2 * np.maximum(design.w_ld, 1.0))


def _pieces(
    design: Design, weight: np.ndarray, fixed: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Per run of a block's SNPs: the block, its genes (ascending), A'SWSA (genes x genes), A'SW [columns, chi2]."""
    for block, (lo, hi) in enumerate(pairwise(design.separators)):
        for start in range(lo, hi, LONGEST):
            at = slice(start, min(start + LONGEST, hi))
            linked = design.weights[at]
            genes = np.unique(linked.indices)
            if not len(genes):
                continue
            span = np.arange(genes[0], genes[-1] + 1)
            # Genes are in genomic order: mostly a run almost without gaps, which is read faster than a list.
            genes = span if len(span) <= 1.5 * len(genes) else genes
            scaled = linked[:, genes].toarray().astype(np.float64) * design.sample_scale[at, None]
            weighted = scaled * weight[at, None]
            yield block, genes, weighted.T @ scaled, weighted.T @ fixed[at]


def _strips(block: int, genes: np.ndarray, squares: np.ndarray, moments: np.ndarray) -> Iterator[_Strip]:
    """Cut a piece's forms into strips of ``STRIP`` genes, each as wide as the band is there."""
    for first in range(0, len(genes), STRIP):
        last = min(first + STRIP, len(genes))
        reach = np.flatnonzero(squares[first:last].any(axis=0)).max(initial=last - 1) + 1
        own = last - first
        forms = np.zeros((reach - first, own + moments.shape[1]))
        forms[:, :own] = squares[first : first + len(forms), first:last]
        forms[own:, :own] *= 2
        forms[:own, own:] = moments[first:last]
        wanted = genes[first : first + len(forms)]
        run = slice(int(wanted[0]), int(wanted[-1]) + 1)
        yield _Strip(block, run if run.stop - run.start == len(wanted) else wanted, own, forms)


def _without_each(sums: np.ndarray) -> np.ndarray:
    """Totals (first), then totals without each block, along the first axis."""
    whole = sums.sum(axis=0, keepdims=True)
    return np.concatenate([whole, whole - sums])
