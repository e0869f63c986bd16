"""Regions beside each other in one regression: is a region's signal more than what it shares with another one?

The LD scores of two regions' mean specificities enter together, beside the baseline; the coefficient of the first then
tells what the second does not (conditional analysis, as for cell types by Watanabe et al., Nat Commun 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from traitmap.formats import GIVEN
from traitmap.jackknife import jackknife
from traitmap.regression import TraitRegression, one_sided
from traitmap.regression_design import Design
from traitmap.regression_regions import REGION_TESTS, RegionScores
from traitmap.regression_shared import shared_weights
from traitmap.regression_wide import solve_last

ALL = "all"


@dataclass(frozen=True)
class _Means:
    """Regions with their spots, and the LD scores of their mean specificities (SNPs x regions, float64)."""

    names: list[str]
    n_spots: list[int]
    ld: np.ndarray


def regress_conditionally(
    regions: RegionScores, conditional_on: list[str], trait: TraitRegression, weights: str
) -> pd.DataFrame:
    """Regress each region's mean again beside that of each region in ``conditional_on`` (``all``: every one in turn).

    Parameters
    ----------
    regions
        ``regression_regions.region_scores``; the tests ``mean`` count.
    conditional_on
        Names of regions; those that the slice lacks are counted and left out.
    weights
        ``shared``: the regression weights of every other test; ``spot``: of the total LD score of both annotations and
        the baseline, as S-LDSC has it.

    Returns
    -------
    A table of ``REGION_TESTS``, its tests called ``given <name>``, by name and then region. P is one-sided.
    """
    means = _means(regions, trait.design)
    given = list(dict.fromkeys(means.names if ALL in conditional_on else conditional_on))
    known = [name for name in given if name in means.names]
    pairs = [(i, means.names.index(name)) for name in known for i in range(len(means.names)) if means.names[i] != name]
    fit = _Joint(trait.design, means.ld, weights)
    full, delete = (np.array(values) for values in zip(*map(fit.pair, pairs), strict=True)) if pairs else _NOTHING
    beta, se = jackknife(full / trait.design.mean_n, delete.T / trait.design.mean_n)
    regular = np.isfinite(beta) & (se > 0)
    beta, se = np.where(regular, beta, np.nan), np.where(regular, se, np.nan)
    z = beta / se
    trait.ledger.read("conditional tests", len(pairs))
    trait.ledger.noted("conditional tests", "singular regression: no result (NaN)", (~regular).sum())
    trait.ledger.noted("regions to condition on", "not in this slice", len(given) - len(known))
    values = (
        [means.names[i] for i, _ in pairs],
        [f"{GIVEN}{means.names[other]}" for _, other in pairs],
        [means.n_spots[i] for i, _ in pairs],
        *(beta, se, z, one_sided(z)[0], np.where(regular, full / trait.design.mean_n, np.nan)),
        list(delete / trait.design.mean_n),
    )
    return pd.DataFrame(dict(zip(REGION_TESTS, values, strict=True)))


_NOTHING = np.zeros(0), np.zeros((0, 2))


def _means(regions: RegionScores, design: Design) -> _Means:
    rows = [i for i, test in enumerate(regions.test) if test == "mean"]
    used = np.flatnonzero(design.gene_row >= 0)
    scores = np.zeros((design.weights.shape[1], len(rows)))
    # Rounded as the scores of every other region test are.
    scores[design.gene_row[used]] = regions.scores[np.ix_(rows, used)].astype(np.float32).T
    return _Means([regions.region[i] for i in rows], [regions.n_spots[i] for i in rows], design.weights @ scores)


class _Joint:
    """Regressions on the baseline and two of the annotations whose LD scores are ``ld`` (SNPs x annotations)."""

    def __init__(self, design: Design, ld: np.ndarray, weights: str):
        self._design, self._ld = design, ld
        self._shared = _grams(design, ld, shared_weights(design)) if weights == "shared" else None

    def pair(self, which: tuple[int, int]) -> tuple[float, np.ndarray]:
        """Coefficient of the first of ``which`` beside the second: with all SNPs, and without each block."""
        own, other = which
        baseline = self._design.columns.shape[1]
        if self._shared is not None:
            place = [*range(baseline), baseline + other, baseline + own, -1]
            grams = self._shared[:, place][:, :, place]
        else:
            both = self._ld[:, [other, own]]
            total = self._design.baseline_total + both.sum(axis=1)
            grams = _grams(self._design, both, shared_weights(replace(self._design, baseline_total=total)))
        whole = grams.sum(axis=0, keepdims=True)
        coefficient, _ = solve_last(np.concatenate([whole, whole - grams]))
        return coefficient[0], coefficient[1:]


def _grams(design: Design, ld: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Per jackknife block, the weighted Gram matrix of [baseline columns, annotations, chi2]."""
    grams = []
    for lo, hi in pairwise(design.separators):
        own = ld[lo:hi] * design.sample_scale[lo:hi, None]
        columns = np.column_stack([design.columns[lo:hi], own, design.chi2[lo:hi]])
        grams.append(columns.T @ (columns * weight[lo:hi, None]))
    return np.stack(grams)
