"""Are two traits' maps alike? Correlation of their spot z over a slice, and what chance alone makes of it.

Spots share genes, genes share LD: the z of neighbouring spots are nearly one number, so the spots do not count as such.
Of two independent GWAS the z maps are draws with the same correlation C between spots, and their correlation r has
mean 0 and variance tr(CC) / tr(C)^2 (of C centred): as if there were tr(C)^2 / tr(CC) spots. C is known: regression
coefficients are sums over SNPs, so that spots correlate as the residuals of their LD scores do, with the regression's
weights (after the modified test of Clifford, Richardson and Hemon, Biometrics 1989, for spatial maps).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from traitmap.errors import InputError
from traitmap.formats import SMALLEST_P, TRAIT_CORRELATIONS
from traitmap.ledger import Ledger
from traitmap.reference import Reference
from traitmap.regions import benjamini_hochberg
from traitmap.regression_design import Design, make_design, observe
from traitmap.regression_inputs import SpotScores
from traitmap.regression_shared import shared_weights

SAMPLE = 256  # spots whose correlations are looked at
PIECE = 16_384  # SNPs at a time
BLOCKS = 200  # of a design; no jackknife is run


def correlate_traits(z: pd.DataFrame, effective: float, slice_name: str) -> pd.DataFrame:
    """Pearson correlation of each pair of columns over the spots where both have a value: ``TRAIT_CORRELATIONS``.

    Parameters
    ----------
    z
        Spots x traits.
    effective
        ``effective_spots`` of the slice. se = (1 - r^2) / sqrt(effective); P is two-sided, of Student's t with
        effective - 1 degrees of freedom; both are missing where fewer than three spots count.
    """
    rows = []
    for a, b in combinations(z.columns, 2):
        both = z[[a, b]].dropna().to_numpy(np.float64)
        flat = len(both) < 3 or (np.ptp(both, axis=0) == 0).any()
        r = np.nan if flat else float(np.clip(np.corrcoef(both.T)[0, 1], -1, 1))
        se = p = np.nan
        if effective > 2 and np.isfinite(r):
            degrees = effective - 1
            se = (1 - r**2) / np.sqrt(effective)
            t = np.abs(r) * np.sqrt(degrees / (1 - r**2)) if abs(r) < 1 else np.inf  # a map with itself
            p = max(2 * float(stats.t.sf(t, degrees)), SMALLEST_P)
        rows.append((slice_name, a, b, len(both), effective, r, se, p))
    table = pd.DataFrame(rows, columns=[name for name in TRAIT_CORRELATIONS if name != "q"])
    table["q"] = benjamini_hochberg(table["p"].to_numpy(np.float64))
    return table[list(TRAIT_CORRELATIONS)]


def effective_spots(scores: SpotScores, reference: Reference, ledger: Ledger, keep_mhc: bool = False) -> float:
    """How many independent spots a slice's map is worth, for a GWAS without signal on the reference's SNPs.

    From ``SAMPLE`` spots, evenly spaced in the file. Spots without any specific gene have no map and do not count.
    """
    plain = pd.DataFrame({"Z": 1.0, "N": 1.0}, index=reference.snps.index)
    seen = observe(reference, plain, None, keep_mhc=keep_mhc, ledger=ledger)
    blocks = min(BLOCKS, len(seen.rows) // 2)
    design = make_design(reference, scores.genes, seen, blocks=blocks, max_chi2=None, ledger=ledger)
    chosen = np.unique(np.linspace(0, len(scores) - 1, min(SAMPLE, len(scores))).round().astype(np.int64))
    picked = [
        rows[chosen[(chosen >= start) & (chosen < start + rows.shape[0])] - start]
        for start, rows in scores.batches(1024)
    ]
    correlation = map_correlation(design, sparse.vstack(picked, format="csr"))
    ledger.fact("spots_looked_at", len(correlation))
    if len(correlation) < 3:
        raise InputError("--specificity: fewer than three spots have a map of their own; nothing to correlate")
    return spots_worth(correlation, len(scores))


def map_correlation(design: Design, rows: sparse.csr_matrix) -> np.ndarray:
    """Correlation between spots' coefficients (rows: spots x genes of the slice) under no signal; dense, float64.

    Left out are spots that the baseline determines.
    """
    used = np.flatnonzero(design.gene_row >= 0)
    scores = np.zeros((design.weights.shape[1], rows.shape[0]))
    scores[design.gene_row[used]] = rows[:, used].toarray().T
    weight = shared_weights(design)
    baseline = design.columns.shape[1]
    gram = np.zeros((baseline + rows.shape[0],) * 2)
    for start in range(0, design.n_snps, PIECE):
        at = slice(start, start + PIECE)
        own = (design.weights[at] @ scores) * design.sample_scale[at, None]
        columns = np.hstack([design.columns[at], own])
        gram += columns.T @ (columns * weight[at, None])
    cross = gram[:baseline, baseline:]
    left = gram[baseline:, baseline:] - cross.T @ np.linalg.solve(gram[:baseline, :baseline], cross)
    size = np.diag(gram)[baseline:]
    regular = np.diag(left) > 1e-8 * np.where(size > 0, size, np.inf)
    left = left[np.ix_(regular, regular)]
    unit = 1 / np.sqrt(np.diag(left))
    return left * unit[:, None] * unit


def spots_worth(correlation: np.ndarray, spots: int) -> float:
    """tr(C)^2 / tr(CC) of the centred correlation of all ``spots``, from that of a sample of them.

    The mean square of the sample's off-diagonal stands for that of all; centring takes off what all spots share.
    """
    sample = len(correlation)
    centred = correlation - correlation.mean(axis=0)
    centred = centred - centred.mean(axis=1, keepdims=True)
    off = (np.sum(centred**2) - np.sum(np.diag(centred) ** 2)) / (sample * (sample - 1))
    own = np.mean(np.diag(centred))
    if own < 1e-9:  # all spots are one
        return 0.0
    squares = np.mean(np.diag(centred) ** 2)
    return float(own**2 / (off * (spots - 1) / spots + squares / spots))
