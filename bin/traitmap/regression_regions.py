"""Regions as annotations of their own: the mean score of a region's spots, and its contrast with all other spots.

A region's mean GSS is regressed once, like a spot; the jackknife over SNPs then gives the region's standard error, with
the correlation between its spots and genes already in it. The contrast, mean inside minus mean outside, asks what is
specific to the region. Delete-one estimates are kept, so that slices of one trait can be combined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.formats import ALL_SPOTS
from traitmap.jackknife import jackknife
from traitmap.regression import TraitRegression, one_sided
from traitmap.regression_inputs import SpotScores
from traitmap.spot_sets import SpotSets

REGION_TESTS = ("region", "test", "n_spots", "beta", "se", "z", "p", "estimate", "delete_values")
BATCH = 1024


@dataclass(frozen=True)
class RegionScores:
    """Annotations to test: region, test, spots in the region, and mean scores (annotations x genes, float64).

    A contrast without any spot outside has NaN scores.
    """

    region: list[str]
    test: list[str]
    n_spots: list[int]
    scores: np.ndarray


def region_members(scores: SpotScores) -> tuple[list[str], sparse.csr_matrix]:
    """Names of the regions, sorted, and which spots they hold: regions x spots, CSR of ones.

    Without regions, one region "all spots".
    """
    labels = np.full(len(scores), ALL_SPOTS, dtype=object) if scores.region is None else scores.region
    names = sorted({label for label in labels if label is not None})
    code = pd.Categorical(labels, categories=names).codes
    held = np.flatnonzero(code >= 0)
    return names, sparse.csr_matrix((np.ones(len(held)), (code[held], held)), shape=(len(names), len(scores)))


def region_scores(scores: SpotScores, sets: SpotSets | None = None) -> RegionScores:
    """Mean scores per region, and mean inside minus mean over all other spots, labelled or not.

    ``sets`` are further sets of spots (``spot_sets.read_spot_sets``), treated as regions are; they may overlap.
    """
    names, inside = region_members(scores)
    if sets is not None:
        names, inside = names + sets.names, sparse.vstack([inside, sets.inside], format="csr")
    by_spot = inside.tocsc()
    sums, whole = np.zeros((len(names), len(scores.genes))), np.zeros(len(scores.genes))
    for start, rows in scores.batches(BATCH):
        rows = rows.astype(np.float64)
        sums += (by_spot[:, start : start + rows.shape[0]] @ rows).toarray()
        whole += np.asarray(rows.sum(axis=0)).ravel()
    counts = inside.getnnz(axis=1)
    means, contrasts = [], []
    for own, count in zip(sums, counts, strict=True):
        outside = len(scores) - count
        means.append(own / count)
        contrasts.append(means[-1] - (whole - own) / outside if outside else np.full(len(own), np.nan))
    sizes = counts.tolist()
    return RegionScores(
        names * 2, ["mean"] * len(names) + ["contrast"] * len(names), sizes * 2, np.array(means + contrasts)
    )


def regress_regions(regions: RegionScores, trait: TraitRegression) -> pd.DataFrame:
    """Regress each annotation as a spot is, with the trait's weights mode: a table of ``REGION_TESTS``.

    ``beta`` is the jackknife estimate (mean pseudo-value), ``estimate`` the one with all SNPs, ``delete_values`` those
    without each block. Singular regressions, and contrasts without outside, have NaN and are counted.
    """
    tile, mean_n = trait.regression.tile, trait.design.mean_n
    defined = np.isfinite(regions.scores).all(axis=1)
    annotations = sparse.csr_matrix(np.where(defined[:, None], regions.scores, 0.0).astype(np.float32))
    fits = [trait.regression.fit(annotations[at : at + tile]) for at in range(0, annotations.shape[0], tile)]
    full = np.concatenate([fit.full for fit in fits]) / mean_n
    delete = np.concatenate([fit.delete for fit in fits], axis=1) / mean_n
    beta, se = jackknife(full, delete)
    regular = np.isfinite(beta) & (se > 0)
    beta, se, full = (np.where(regular, values, np.nan) for values in (beta, se, full))
    z = beta / se
    trait.ledger.read("region tests", len(regular))
    trait.ledger.noted(
        "region tests", "contrast of a region that is the whole slice: undefined (NaN)", (~defined).sum()
    )
    trait.ledger.noted("region tests", "singular regression: no result (NaN)", (defined & ~regular).sum())
    values = (regions.region, regions.test, regions.n_spots, beta, se, z, one_sided(z)[0], full, list(delete.T))
    return pd.DataFrame(dict(zip(REGION_TESTS, values, strict=True)))
