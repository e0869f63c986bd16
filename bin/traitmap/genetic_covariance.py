"""Cross-trait LD score regression: genetic covariance of two traits, and the intercept that shared samples leave.

For SNPs with LD score l, M SNPs in the panel and N_s people in both samples, whose phenotypes correlate by rho,

    E[z1 z2 | l] = sqrt(N1 N2) rho_g l / M + rho N_s / sqrt(N1 N2)

(Bulik-Sullivan et al., An atlas of genetic correlations across human diseases and traits, Nat Genet 2015, equation 1).
Weights and defaults are those of LDSC's ``Gencov``, single-step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traitmap.heritability import Heritability, reweighted
from traitmap.jackknife import jackknife, separators


@dataclass(frozen=True)
class GeneticCovariance:
    """LDSC's estimates for two traits: ``covariance`` is rho_g, on the observed scale."""

    covariance: float
    covariance_se: float
    intercept: float
    intercept_se: float


def estimate(
    z: tuple[np.ndarray, np.ndarray],
    n: tuple[np.ndarray, np.ndarray],
    traits: tuple[Heritability, Heritability],
    ld: np.ndarray,
    w_ld: np.ndarray,
    panel_snps: float,
    blocks: int = 200,
) -> GeneticCovariance:
    """Genetic covariance and intercept from SNPs in genomic order.

    Parameters
    ----------
    z, n
        Per trait: Z and sample size of each SNP (M,); Z of both are of the same allele.
    traits
        Each trait's own estimates, for the weights.
    ld, w_ld
        Per SNP (M,): LD score, LD score over the regression SNPs only.
    panel_snps
        The number of SNPs that the LD scores sum over.
    """
    both_n = np.sqrt(n[0] * n[1])
    mean_n = both_n.mean()
    product = z[0] * z[1]
    variances = [
        np.clip(trait.h2, 0.0, 1.0) * of_n * np.maximum(ld, 1.0) / panel_snps + trait.intercept
        for trait, of_n in zip(traits, n, strict=True)
    ]

    def weights(covariance: float, intercept: float) -> np.ndarray:
        """Inverse of the variance of z1 z2, times over-counting of SNPs in LD."""
        expected = np.clip(covariance, -1.0, 1.0) * both_n * np.maximum(ld, 1.0) / panel_snps + intercept
        return 1.0 / ((variances[0] * variances[1] + expected**2) * np.maximum(w_ld, 1.0))

    def reweigh(coefficients: np.ndarray) -> np.ndarray:
        return weights(panel_snps * coefficients[0] / mean_n, coefficients[1])

    x = np.column_stack([ld * both_n / mean_n, np.ones_like(ld)])
    initial = weights(panel_snps * product.mean() / np.mean(ld * both_n), 0.0)
    fit = reweighted(x, product, initial, reweigh, separators(len(ld), blocks))
    (slope, intercept), (slope_se, intercept_se) = fit.full, jackknife(fit.full, fit.delete)[1]
    per_slope = panel_snps / mean_n
    return GeneticCovariance(
        float(slope * per_slope), float(slope_se * per_slope), float(intercept), float(intercept_se)
    )
