"""Regressions whose weights depend on the spot, as S-LDSC and gsMap have them: one fused pass over the SNPs a tile.

Per SNP the kernel makes the LD scores of a tile of spots (a sparse row times GSS), the regression weights and the
running sums of the jackknife block's normal equations. Nothing of size SNPs x spots is ever in memory. Every lane of a
tile is computed alike, so a spot's result depends neither on the tile it falls in nor on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from traitmap.regression_design import Design
from traitmap.regression_fits import SINGULAR, Fits

TILE = 128  # spots that fit takes at a time


@dataclass(frozen=True)
class Runs:
    """A design's SNPs as the kernel streams them; float32 where not said otherwise.

    Blocks are filled up to whole runs of SNPs (with weight 0), and rows of LD to whole steps of entries (of 0), so that
    the kernel's loops have no remainders. M: SNPs so filled up.

    indptr, indices, data
        LD of SNPs with genes, CSR parts (int64, int32, float32) of M x g.
    scale, baseline_total, prior
        M: N / mean N, baseline LD scores in all, 1 / max(LD among regression SNPs, 1).
    targets
        (p + 2) x M: baseline columns, chi-square, ones.
    borders
        Where blocks begin and end (int64).
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    scale: np.ndarray
    baseline_total: np.ndarray
    prior: np.ndarray
    targets: np.ndarray
    borders: np.ndarray


def runs_of(design: Design, snps: int, entries: int) -> Runs:
    """Lay a design out in runs of ``snps`` SNPs and steps of ``entries`` genes."""
    sizes = np.diff(design.separators)
    borders = np.concatenate([[0], np.cumsum(_up_to(sizes, snps))])
    place = np.arange(design.n_snps) + np.repeat(borders[:-1] - design.separators[:-1], sizes)
    linked = design.weights
    counts = np.diff(linked.indptr)
    room = np.zeros(borders[-1], dtype=np.int64)
    room[place] = _up_to(counts, entries)
    indptr = np.concatenate([[0], np.cumsum(room)])
    to = np.arange(linked.nnz) + np.repeat(indptr[place] - linked.indptr[:-1], counts)

    def spread(values: np.ndarray, at: np.ndarray, size: int, dtype: type = np.float32) -> np.ndarray:
        spaced = np.zeros((*values.shape[:-1], size), dtype=dtype)
        spaced[..., at] = values
        return spaced

    per_snp = [design.sample_scale, design.baseline_total, 1.0 / np.maximum(design.w_ld, 1.0)]
    targets = np.vstack([design.columns.T, design.chi2, np.ones(design.n_snps)])
    return Runs(
        indptr,
        spread(linked.indices, to, indptr[-1], np.int32),
        spread(linked.data, to, indptr[-1]),
        *(spread(values, place, borders[-1]) for values in (*per_snp, targets)),
        borders,
    )


def _up_to(counts: np.ndarray, step: int) -> np.ndarray:
    return -(-counts.astype(np.int64) // step) * step


class ExactRegression:
    """Per-spot regressions of one trait with spot-dependent weights (gsMap; LDSC ``--h2-cts``, single-step weights).

    The weight of SNP j for spot s is ``1 / ((1 + c_s N_j max(l_js + t_j, 1))^2 max(wld_j, 1))``, where t is the sum of
    the baseline LD scores and ``c_s = max(mean chi2 - 1, 0) / mean((l_s + t) N)``. That mean is linear in GSS, so it
    needs no pass over the SNPs. LD scores and weights are float32, sums float64 from every 64 SNPs on.
    """

    tile = TILE

    def __init__(self, design: Design):
        from traitmap import regression_kernel as kernel

        self._kernel = kernel.block_sums
        self._runs = runs_of(design, kernel.SNPS, kernel.ENTRIES)
        self._gene_row = design.gene_row
        self._excess = max(float(design.chi2.mean()) - 1.0, 0.0)
        self._mean_total = float(np.mean(design.baseline_total * design.sample_scale))
        self._gene_mean = (design.weights.T @ design.sample_scale) / design.n_snps
        self._columns = design.columns.shape[1]

    def fit(self, gss: sparse.csr_matrix) -> Fits:
        """Regress each row of ``gss`` (at most ``tile`` spots x genes of the slice)."""
        spots = gss.shape[0]
        if spots > self.tile:
            raise ValueError(f"{spots} spots do not fit a tile of {self.tile}")
        sums = self.block_sums(gss)[..., :spots]
        whole = sums.sum(axis=1, keepdims=True)
        coefficient, tolerance = _eliminate(np.concatenate([whole, whole - sums], axis=1), self._columns + 2)
        return Fits(coefficient[0], coefficient[1:], tolerance[0])

    def block_sums(self, gss: sparse.csr_matrix) -> np.ndarray:
        """Weighted Gram matrices of [baseline columns, own column, chi2]: upper triangles, row by row without the last,
        the response's own square; pairs x blocks x tile."""
        runs, own = self._runs, self._columns
        left, right = _pairs(own + 2)
        # The own column is not among the targets: its place there is taken by ones.
        target = np.array([*range(own), own + 1, own])
        sums = self._kernel(
            gss.indptr.astype(np.int64, copy=False),
            gss.indices.astype(np.int32, copy=False),
            gss.data.astype(np.float32, copy=False),
            self._gene_row,
            self._gene_mean,
            self._excess,
            self._mean_total,
            runs.indptr,
            runs.indices,
            runs.data,
            runs.scale,
            runs.baseline_total,
            runs.prior,
            runs.targets,
            runs.borders,
            target[left],
            target[right],
            (left == own).astype(np.int64) + (right == own),
        )
        return np.moveaxis(sums, 0, 1)


def _pairs(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of an upper triangle's entries but the last, row by row."""
    left, right = np.triu_indices(order)
    return left[:-1], right[:-1]


def _eliminate(sums: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Solve for the last column but one, the spot's own, by elimination of those before it, all lanes at once.

    sums: pairs x ..., Gram matrices of [baseline columns, own column, response] as ``_pairs`` lists them; overwritten.
    Returns the coefficient (NaN where singular) and the own column's share that the baseline columns leave, 1 - R2.
    """
    left = {(int(i), int(j)): sums[at] for at, (i, j) in enumerate(zip(*_pairs(order), strict=True))}
    size = [left[i, i].copy() for i in range(order - 1)]
    regular = np.ones(sums.shape[1:], dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        for k in range(order - 1):
            regular &= left[k, k] > SINGULAR * size[k]
            for i in range(k + 1, order - 1):
                factor = left[k, i] / left[k, k]
                for j in range(i, order):
                    left[i, j] -= factor * left[k, j]
        own, moment = left[order - 2, order - 2], left[order - 2, order - 1]
        return np.where(regular, moment / own, np.nan), own / size[-1]
