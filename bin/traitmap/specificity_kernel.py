"""The compiled loop of gene specificity; imported only where it runs, for numba."""

from __future__ import annotations

import numpy as np

from traitmap.compiled import compiled


@compiled
def log_ratios(indptr, indices, doubled, table, zero, bounds, spots, weights, fraction, mean, column, least):
    """Weighted mean log ranks over microdomains against the background, of genes that pass.

    indptr, indices, doubled, table, zero
        ``LogRanks`` of the slice.
    bounds, spots, weights
        ``spots[bounds[i]:bounds[i + 1]]`` is the i-th microdomain, ``weights`` go along ``spots``.
    fraction, mean
        Per gene: the share of a microdomain's weight that must express it, and more, to pass; mean log rank in the
        background.
    column, least
        Per gene, what it is called in the result; the log ratio that must be exceeded to pass.

    Returns how many genes pass in each microdomain, and along these their columns and log ratios. Sums are float64, in
    the order of the microdomain.
    """
    n, n_genes = len(bounds) - 1, len(mean)
    passed = np.zeros(n, np.int64)
    columns, ratios = np.empty(n * n_genes, np.int32), np.empty(n * n_genes)
    share, ratio = np.empty(n_genes), np.empty(n_genes)
    sums = np.empty((n_genes, 2))
    used = 0
    for i in range(n):
        sums[:] = 0.0
        total_weight, constant = 0.0, 0.0
        for k in range(bounds[i], bounds[i + 1]):
            spot, weight = spots[k], weights[k]
            total_weight += weight
            constant += weight * zero[spot]
            for entry in range(indptr[spot], indptr[spot + 1]):
                gene = indices[entry]
                sums[gene, 0] += weight * (table[doubled[entry]] - zero[spot])
                sums[gene, 1] += weight
        for gene in range(n_genes):
            share[gene] = sums[gene, 1] / total_weight
            ratio[gene] = (sums[gene, 0] + constant) / total_weight - mean[gene]
        start = used
        for gene in range(n_genes):
            # Written always and kept if it passes: no branch, which would be mispredicted in every third gene.
            columns[used], ratios[used] = column[gene], ratio[gene]
            used += (share[gene] > fraction[gene]) & (ratio[gene] > least)
        passed[i] = used - start
    return passed, columns[:used].copy(), ratios[:used].copy()
