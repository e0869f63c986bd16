"""Regressions whose weights depend on the spot, as S-LDSC and gsMap have them: one fused pass over the SNPs a tile.

Per SNP the kernel makes the LD scores of a tile of spots (a sparse row times GSS), the regression weights and the
running sums of the jackknife block's normal equations. Nothing of size SNPs x spots is ever in memory. Every lane of a
tile is computed alike, so a spot's result depends neither on the tile it falls in nor on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy import sparse

from traitmap.regression_design import Design
from traitmap.regression_fits import SINGULAR, Fits

# Spots in a tile, measured (docs/method.md): wider tiles leave the first-level cache, narrower ones stream the SNPs
# more often.
TILE = 128
CHUNK = 16  # SNPs whose weights stay in the first-level cache while they are summed; a multiple of 4


class ExactRegression:
    """Per-spot regressions of one trait with spot-dependent weights (gsMap; LDSC ``--h2-cts``, single-step weights).

    The weight of SNP j for spot s is ``1 / ((1 + c_s N_j max(l_js + t_j, 1))^2 max(wld_j, 1))``, where t is the sum of
    the baseline LD scores and ``c_s = max(mean chi2 - 1, 0) / mean((l_s + t) N)``. That mean is linear in GSS, so it
    needs no pass over the SNPs.
    """

    tile = TILE

    def __init__(self, design: Design):
        self._design = design
        self._excess = max(float(design.chi2.mean()) - 1.0, 0.0)
        self._mean_total = float(np.mean(design.baseline_total * design.sample_scale))
        self._gene_mean = (design.weights.T @ design.sample_scale) / design.n_snps
        self._prior = 1.0 / np.maximum(design.w_ld, 1.0)
        targets = np.column_stack([design.columns, design.chi2])
        # The kernel sums four SNPs at a time: the rows beyond the end have weight 0.
        self._targets = np.concatenate([targets, np.zeros((4, targets.shape[1]))])

    def fit(self, gss: sparse.csr_matrix) -> Fits:
        """Regress each row of ``gss`` (at most ``tile`` spots x genes of the slice)."""
        spots = gss.shape[0]
        if spots > self.tile:
            raise ValueError(f"{spots} spots do not fit a tile of {self.tile}")
        sums = self.block_sums(gss)
        whole = sums.sum(axis=2, keepdims=True)
        full, tolerance = _eliminate(whole)
        delete, _ = _eliminate(whole - sums)
        return Fits(full[0, :spots], delete[:, :spots], tolerance[0, :spots])

    def block_sums(self, gss: sparse.csr_matrix) -> np.ndarray:
        """Weighted Gram matrices of [baseline columns, own column, chi2]: order x order x blocks x tile, symmetric."""
        design = self._design
        packed = _kernel(self.tile)(
            gss.indptr.astype(np.int64, copy=False),
            gss.indices.astype(np.int32, copy=False),
            gss.data.astype(np.float32, copy=False),
            design.gene_row,
            self._gene_mean,
            self._excess,
            self._mean_total,
            design.weights.indptr.astype(np.int64, copy=False),
            design.weights.indices.astype(np.int32, copy=False),
            design.weights.data,
            design.sample_scale,
            design.baseline_total,
            self._prior,
            self._targets,
            design.separators,
        )
        order = self._targets.shape[1] + 1
        sums = np.empty((order, order, *packed[:, 0].shape))
        for at, (i, j) in enumerate(zip(*np.triu_indices(order), strict=True)):
            sums[i, j] = packed[:, at]
            sums[j, i] = packed[:, at]
        return sums


def _eliminate(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve for the last column but one, the spot's own, by elimination of those before it, all lanes at once.

    sums: order x order x ..., Gram matrices of [baseline columns, own column, response]. Returns the coefficient (NaN
    where singular) and the own column's share that the baseline columns leave, 1 - R2.
    """
    left = sums.copy()
    order = len(sums)
    regular = np.ones(sums.shape[2:], dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        for k in range(order - 2):
            regular &= left[k, k] > SINGULAR * sums[k, k]
            for i in range(k + 1, order - 1):
                factor = left[k, i] / left[k, k]
                left[i, i:] -= factor * left[k, i:]
        own = left[-2, -2]
        regular &= own > SINGULAR * sums[-2, -2]
        return np.where(regular, left[-2, -1] / own, np.nan), own / sums[-2, -2]


@cache
def _kernel(tile: int) -> Callable[..., np.ndarray]:
    """The kernel for tiles of one width, which is a constant of the machine code: loops over spots become SIMD.

    Arguments: GSS as CSR parts (spots x genes of the slice), the rest as in ``ExactRegression`` and ``Design``.
    Returns blocks x order (order + 1) / 2 x tile: upper triangles of the Gram matrices, row by row. Lanes without a
    spot and the response's own square stay 0.
    """
    import numba

    # contract allows fused multiply-add only: sums keep their order.
    @numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def kernel(
        indptr, indices, data, gene_row, gene_mean, excess, mean_total,
        w_indptr, w_indices, w_data, scale, baseline_total, prior, targets, separators,
    ):  # fmt: skip
        gss = np.zeros((len(gene_mean), tile), np.float32)
        slope = np.zeros(tile, np.float32)
        for s in range(len(indptr) - 1):
            mean = mean_total
            for i in range(indptr[s], indptr[s + 1]):
                row = gene_row[indices[i]]
                if row >= 0:
                    gss[row, s] = data[i]
                    mean += data[i] * gene_mean[row]
            slope[s] = excess / mean if mean > 0.0 else 0.0
        fixed = targets.shape[1] - 1  # columns that do not depend on the spot; targets' last is the response
        order = fixed + 2
        size = order * (order + 1) // 2
        sums = np.zeros((len(separators) - 1, size, tile))
        ld = np.zeros(tile, np.float32)
        w = np.zeros((CHUNK, tile))
        wl = np.zeros((CHUNK, tile))
        one = np.float32(1.0)
        for block in range(len(sums)):
            wll = sums[block, size - 3]
            for start in range(separators[block], separators[block + 1], CHUNK):
                count = min(CHUNK, separators[block + 1] - start)
                for r in range(count):
                    j = start + r
                    for t in range(tile):
                        ld[t] = 0.0
                    i = w_indptr[j]
                    end = w_indptr[j + 1]
                    while i + 4 <= end:
                        a0, a1, a2, a3 = w_data[i], w_data[i + 1], w_data[i + 2], w_data[i + 3]
                        g0, g1 = gss[w_indices[i]], gss[w_indices[i + 1]]
                        g2, g3 = gss[w_indices[i + 2]], gss[w_indices[i + 3]]
                        for t in range(tile):
                            ld[t] += a0 * g0[t] + a1 * g1[t] + a2 * g2[t] + a3 * g3[t]
                        i += 4
                    while i < end:
                        a0 = w_data[i]
                        g0 = gss[w_indices[i]]
                        for t in range(tile):
                            ld[t] += a0 * g0[t]
                        i += 1
                    n_scale = np.float32(scale[j])
                    other = np.float32(baseline_total[j])
                    weight = np.float32(prior[j])
                    w_r = w[r]
                    wl_r = wl[r]
                    for t in range(tile):
                        total = ld[t] + other
                        total = total if total > one else one
                        spread = one + slope[t] * n_scale * total
                        weight_t = np.float64(weight / (spread * spread))
                        own = np.float64(n_scale * ld[t])
                        w_r[t] = weight_t
                        wl_r[t] = weight_t * own
                        wll[t] += weight_t * own * own
                rows = (count + 3) // 4 * 4
                for r in range(count, rows):
                    for t in range(tile):
                        w[r, t] = 0.0
                        wl[r, t] = 0.0
                at = 0  # position of (a, a) in the packed triangle
                for a in range(fixed + 1):
                    for b in range(a, fixed + 2):
                        # b = fixed + 1 is the spot's own column: w times it is wl, and the other factor column a.
                        with_own = b == fixed + 1
                        if a == fixed and not with_own:
                            continue  # the response's square is not needed
                        if a == fixed:
                            total_row = sums[block, size - 2]
                        elif with_own:
                            total_row = sums[block, at + fixed - a]
                        elif b == fixed:
                            total_row = sums[block, at + fixed + 1 - a]
                        else:
                            total_row = sums[block, at + b - a]
                        v = wl if with_own else w
                        for r in range(0, rows, 4):
                            j = start + r
                            v0, v1, v2, v3 = v[r], v[r + 1], v[r + 2], v[r + 3]
                            x0, x1, x2, x3 = targets[j, a], targets[j + 1, a], targets[j + 2, a], targets[j + 3, a]
                            if not with_own:
                                x0 *= targets[j, b]
                                x1 *= targets[j + 1, b]
                                x2 *= targets[j + 2, b]
                                x3 *= targets[j + 3, b]
                            for t in range(tile):
                                total_row[t] += (x0 * v0[t] + x1 * v1[t]) + (x2 * v2[t] + x3 * v3[t])
                    at += order - a
        return sums

    return kernel
