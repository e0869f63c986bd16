"""The compiled loop of the regressions whose weights depend on the spot; imported only where it runs, for numba."""

from __future__ import annotations

import numpy as np

from traitmap.compiled import compiled

# Spots in a tile, measured (docs/method.md): wider tiles leave the first-level cache, narrower ones stream the SNPs
# more often. A constant of the machine code, so that loops over spots become SIMD.
TILE = 128
SNPS = 8  # SNPs summed at a time, the rows of a run
ENTRIES = 4  # genes of a SNP that are read at a time
RUNS = 8  # runs whose sums stay in float32 before they join the block's in float64


@compiled
def block_sums(
    indptr, indices, data, gene_row, gene_mean, excess, mean_total,
    w_indptr, w_indices, w_data, scale, baseline_total, prior, targets, borders, left, right, power,
):  # fmt: skip
    """Sums over each block's SNPs of weight x left column x right column x (the spot's own column to a power).

    indptr, indices, data
        A tile's GSS as CSR parts (at most TILE spots x genes of the slice).
    gene_row, gene_mean, excess, mean_total
        As in ``Design`` and ``ExactRegression``.
    w_indptr, ..., borders
        The SNPs as ``regression_exact.Runs`` lays them out.
    left, right, power
        Per sum: two rows of ``targets``, and 0, 1 or 2.

    Returns blocks x sums x TILE, float64; lanes without a spot hold numbers without meaning.
    """
    gss = np.zeros((len(gene_mean), TILE), np.float32)
    slope = np.zeros(TILE, np.float32)
    for s in range(len(indptr) - 1):
        mean = mean_total
        for i in range(indptr[s], indptr[s + 1]):
            row = gene_row[indices[i]]
            if row >= 0:
                gss[row, s] = data[i]
                mean += data[i] * gene_mean[row]
        slope[s] = excess / mean if mean > 0.0 else 0.0
    sums = np.zeros((len(borders) - 1, len(left), TILE))
    recent = np.zeros((len(left), TILE), np.float32)
    ld = np.zeros(TILE, np.float32)
    weighted = np.zeros((3, SNPS, TILE), np.float32)
    x = np.zeros(SNPS, np.float32)
    one = np.float32(1.0)
    for block in range(len(sums)):
        last = borders[block + 1]
        held = 0
        for start in range(borders[block], last, SNPS):
            for r in range(SNPS):
                j = start + r
                for t in range(TILE):
                    ld[t] = 0.0
                for i in range(w_indptr[j], w_indptr[j + 1], ENTRIES):
                    a0, a1, a2, a3 = w_data[i], w_data[i + 1], w_data[i + 2], w_data[i + 3]
                    g0, g1 = gss[w_indices[i]], gss[w_indices[i + 1]]
                    g2, g3 = gss[w_indices[i + 2]], gss[w_indices[i + 3]]
                    for t in range(TILE):
                        ld[t] += (a0 * g0[t] + a1 * g1[t]) + (a2 * g2[t] + a3 * g3[t])
                n_scale, other, over_counting = scale[j], baseline_total[j], prior[j]
                w0, w1, w2 = weighted[0, r], weighted[1, r], weighted[2, r]
                for t in range(TILE):
                    total = ld[t] + other
                    total = total if total > one else one
                    spread = one + slope[t] * n_scale * total
                    own = n_scale * ld[t]
                    w0[t] = over_counting / (spread * spread)
                    w1[t] = w0[t] * own
                    w2[t] = w1[t] * own
            for k in range(len(left)):
                a, b = targets[left[k]], targets[right[k]]
                for r in range(SNPS):
                    x[r] = a[start + r] * b[start + r]
                x0, x1, x2, x3, x4, x5, x6, x7 = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
                v = weighted[power[k]]
                v0, v1, v2, v3, v4, v5, v6, v7 = v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
                sum_k = recent[k]
                for t in range(TILE):
                    sum_k[t] += ((x0 * v0[t] + x1 * v1[t]) + (x2 * v2[t] + x3 * v3[t])) + (
                        (x4 * v4[t] + x5 * v5[t]) + (x6 * v6[t] + x7 * v7[t])
                    )
            held += 1
            if held == RUNS or start + SNPS >= last:
                for k in range(len(left)):
                    for t in range(TILE):
                        sums[block, k, t] += recent[k, t]
                        recent[k, t] = 0.0
                held = 0
    return sums
