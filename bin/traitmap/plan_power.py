"""What could a GWAS find? The expected z of a region's test, and its power, before any trait is mapped.

No GWAS is simulated. With per-SNP variances v (``enrichment`` near the genes that carry the trait, 1 elsewhere) the
expected chi-square of a SNP is 1 + N c (l + (enrichment - 1) l_near), l being LD scores and c = h2 / sum(v)
(Bulik-Sullivan et al. 2015). The region's regression on these expectations gives its expected coefficient. Its
standard error follows from the variance of a chi-square, 2 E[chi2]^2, and from the SNPs that tell the same, w_ld of
them (LD among regression SNPs), as LDSC's weights have it. docs/calibration.md holds both against simulated GWAS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize, stats

from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.reference import Reference
from traitmap.regression import panel_snps
from traitmap.regression_design import Design, make_design, observe
from traitmap.regression_regions import RegionScores
from traitmap.regression_shared import shared_weights

COLUMNS = (
    *("region", "test", "n", "h2", "enrichment", "n_genes", "share_snps", "share_h2", "mean_chi2"),
    *("expected_z", "power", "smallest_enrichment"),
)
LARGEST = 1000.0  # enrichment that is looked for
BLOCKS = 200  # of a design; no jackknife is run


@dataclass(frozen=True)
class Plan:
    """A study that is thought of: sample size, heritability (observed scale), and how a region would be judged.

    alpha is one-sided; ``wanted`` is the power that ``smallest_enrichment`` is to give.
    """

    n: float
    h2: float
    alpha: float
    wanted: float = 0.8


@dataclass(frozen=True)
class _Region:
    """What the regression of one region needs of the SNPs: LD scores (m) of the region, and of the genes that carry."""

    own: np.ndarray
    near: np.ndarray
    share_snps: float


class PowerPlanner:
    """Expected tests of a slice's regions with a reference, for any N, heritability and enrichment.

    Parameters
    ----------
    reference, regions, genes
        The reference; ``regression_regions.region_scores`` of the slice; its gene symbols.
    keep_mhc
        As the regression is to have it.

    Raises
    ------
    InputError
        The reference does not tell how many SNPs its panel has, or shares no gene with the slice.
    """

    def __init__(self, reference: Reference, regions: RegionScores, genes: pd.Index, keep_mhc: bool = False):
        known = panel_snps(reference.facts)
        if not known:
            raise InputError("--reference: does not tell how many SNPs its panel has, so h2 has no scale")
        self._m, self._regions, self._genes = float(known), regions, genes
        ledger = Ledger("plan_power", "reference")
        plain = pd.DataFrame({"Z": 1.0, "N": 1.0}, index=reference.snps.index)
        seen = observe(reference, plain, None, keep_mhc=keep_mhc, ledger=ledger)
        blocks = min(BLOCKS, len(seen.rows) // 2)
        self._design = make_design(reference, genes, seen, blocks=blocks, max_chi2=None, ledger=ledger)

    def carriers(self, region: str, share: float) -> list[str]:
        """The ``share`` of the slice's genes, of those in the reference, that are most specific to the region.

        By the contrast (mean inside minus mean outside); by the mean where the region is the whole slice.
        """
        contrast = self._scores(region, "contrast")
        scores = contrast if np.isfinite(contrast).all() else self._scores(region, "mean")
        used = np.flatnonzero(self._design.gene_row >= 0)
        order = used[np.argsort(-scores[used], kind="stable")]
        return list(self._genes[order[: max(1, round(share * len(used)))]])

    def table(
        self, plan: Plan, region: str, test: str, genes: Iterable[str], enrichments: Iterable[float]
    ) -> pd.DataFrame:
        """A row an enrichment of the SNPs of ``genes``: columns ``COLUMNS``.

        share_snps, share_h2: of all SNPs, of the heritability, in these genes' windows. smallest_enrichment: the least
        with power ``plan.wanted``; NaN where none up to 1,000 has it.
        """
        genes = list(genes)
        about = self._region(region, test, genes)
        limit = stats.norm.isf(plan.alpha)

        def z_of(enrichment: float) -> float:
            return self._expected(about, plan, enrichment)[0]

        smallest = np.nan
        if z_of(LARGEST) > (target := limit + stats.norm.ppf(plan.wanted)):
            smallest = float(optimize.brentq(lambda log: z_of(np.exp(log)) - target, 0.0, np.log(LARGEST), xtol=1e-4))
            smallest = float(np.exp(smallest))
        rows = []
        for enrichment in enrichments:
            z, mean_chi2 = self._expected(about, plan, enrichment)
            share = about.share_snps
            carried = share * enrichment / (1 + share * (enrichment - 1))
            power = float(stats.norm.sf(limit - z))
            values = (
                region,
                test,
                plan.n,
                plan.h2,
                enrichment,
                len(genes),
                share,
                carried,
                mean_chi2,
                z,
                power,
                smallest,
            )
            rows.append(dict(zip(COLUMNS, values, strict=True)))
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def _scores(self, region: str, test: str) -> np.ndarray:
        pairs = list(zip(self._regions.region, self._regions.test, strict=True))
        return self._regions.scores[pairs.index((region, test))]

    def _region(self, region: str, test: str, genes: list[str]) -> _Region:
        design = self._design
        used = np.flatnonzero(design.gene_row >= 0)
        place = np.full(design.weights.shape[1], 0.0)
        place[design.gene_row[used]] = np.nan_to_num(self._scores(region, test))[used]
        carrying = np.zeros(design.weights.shape[1])
        rows = design.gene_row[self._genes.get_indexer(pd.Index(genes))]
        carrying[rows[rows >= 0]] = 1.0
        near = design.weights @ carrying
        # Unbiased LD scores sum a SNP's r2 to all others: over SNPs their share is the genes' share of the SNPs.
        return _Region(design.weights @ place, near, float(near.sum() / design.total_ld.sum()))

    def _expected(self, about: _Region, plan: Plan, enrichment: float) -> tuple[float, float]:
        """Expected z of the region's test, and mean chi-square."""
        design = self._design
        c = plan.h2 / (self._m * (1 + about.share_snps * (enrichment - 1)))
        polygenic = np.maximum(plan.n * c * (design.total_ld + (enrichment - 1) * about.near), 0.0)
        return expected_z(replace(design, chi2=1 + polygenic), about.own), float(1 + polygenic.mean())


def expected_z(design: Design, own: np.ndarray) -> float:
    """Expected coefficient of ``own`` (m, LD scores) over its standard error, for expected chi-squares ``design.chi2``.

    NaN where the baseline determines ``own``.
    """
    weight = shared_weights(design)
    columns = np.column_stack([design.columns, own * design.sample_scale / (np.sqrt(np.mean(own**2)) or 1.0)])
    weighted = columns * weight[:, None]
    gram = weighted.T @ columns
    if np.linalg.cond(gram) > 1e14:
        return float("nan")
    solve = np.linalg.inv(gram)
    coefficient = solve[-1] @ (weighted.T @ design.chi2)
    spread = 2 * np.maximum(design.w_ld, 1.0) * design.chi2**2
    influence = weighted @ solve[-1]
    return float(coefficient / np.sqrt(np.sum(influence**2 * spread)))
