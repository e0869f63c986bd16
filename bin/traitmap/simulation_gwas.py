"""GWAS summary statistics on simulated genotypes: polygenic effects, LD and sampling noise, written as studies do."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from traitmap.simulation import Study, stream
from traitmap.simulation_genome import Block, regression_snps, simulate_blocks, write_panel

MISSING_SHARE = 0.02  # SNPs of the panel that a GWAS lacks


@dataclass(frozen=True)
class Trait:
    """kind: ``causal`` or one of NULL_KINDS; effects near ``genes`` have ``enrichment``-fold variance."""

    name: str
    kind: str
    enrichment: float
    genes: tuple[str, ...]
    region: str | None
    layout: str


def plan_traits(study: Study, genes: pd.DataFrame, markers: dict[str, list[str]]) -> list[Trait]:
    """Traits in the order of traits.csv, causal ones first."""
    causal = [(f"{e:g}_fold_", e, i) for e in study.enrichments for i in range(study.causal_traits)]
    null = [(f"{kind}_", kind, i) for kind in study.null_kinds for i in range(study.null_traits)]
    located = genes.index[genes["chr"] != "MT"]
    layouts = list(LAYOUTS)
    traits: list[Trait] = []
    for label, enrichment, i in causal:
        name = _name("causal_trait", label, i, len(study.enrichments), study.causal_traits)
        layout = layouts[len(traits) % len(layouts)]
        near = tuple(markers[study.causal_region])
        traits.append(Trait(name, "causal", enrichment, near, study.causal_region, layout))
    for label, kind, i in null:
        name = _name("null_trait", label, i, len(study.null_kinds), study.null_traits)
        layout = layouts[len(traits) % len(layouts)]
        near = {
            "uniform": lambda: (),
            "genes": lambda: tuple(located),
            "random_genes": lambda name=name: tuple(
                stream(study.seed, "random genes", name).choice(located, study.markers, replace=False)
            ),
        }[kind]()
        traits.append(Trait(name, kind, study.null_enrichment if near else 1.0, near, None, layout))
    return traits


def _name(stem: str, label: str, i: int, kinds: int, copies: int) -> str:
    kind = label if kinds > 1 else ""
    return f"{kind}{stem}_{i + 1}" if copies > 1 else f"{kind}{stem}"


def near_genes(bp: np.ndarray, genes: pd.DataFrame, window: float) -> np.ndarray:
    """Whether each position lies in a gene of the same chromosome or within ``window`` base pairs of one."""
    starts = np.sort(genes["start"].to_numpy() - window)
    ends = np.sort(genes["end"].to_numpy() + window)
    return np.searchsorted(starts, bp, side="right") > np.searchsorted(ends, bp, side="left")


def marginal_effects(
    gwas: np.ndarray, effects: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the joint effects of a block's SNPs, and the chance of sampling, make of each SNP's own association.

    With X the standardised genotypes of the GWAS's K people (SNPs x people) and R = X X' / K their LD, return
    ``R b`` (SNPs x traits), ``X e / sqrt(K)``, whose covariance over draws of e ~ N(0, I) is R, and the variance
    ``b' R b`` that the block explains (per trait). Then z = sqrt(N) R b + X e / sqrt(K) has the distribution that a
    GWAS of N people of this LD has: N(sqrt(N) R b, R) (e.g. Zhu and Stephens 2017, eq. 2.4; small effects).

    gwas: int8, SNPs x K; effects: SNPs x traits; noise: K x traits.
    """
    X = gwas.astype(np.float32)
    X -= X.mean(axis=1, keepdims=True)
    X /= X.std(axis=1, keepdims=True)
    people = X.shape[1]
    liability = X.T @ effects.astype(np.float32)
    explained = np.square(liability, dtype=np.float64).mean(axis=0)
    both = X @ np.hstack([liability / people, noise.astype(np.float32) / np.sqrt(np.float32(people))])
    traits = effects.shape[1]
    return both[:, :traits], both[:, traits:], explained


@dataclass
class Associations:
    """SNPs of a chromosome, or of all, with what ``z_scores`` makes Z of."""

    snps: pd.DataFrame
    mean: np.ndarray  # SNPs x traits, R b for effects of variance 1 (enrichment within the window)
    noise: np.ndarray  # SNPs x traits
    near: np.ndarray  # SNPs x traits, whether enriched
    explained: np.ndarray  # per trait
    n_regression: int


def _simulate_chromosome(
    study: Study, genes: pd.DataFrame, traits: list[Trait], out: Path, chromosome: int
) -> Associations:
    here = genes[genes["chr"] == str(chromosome)]
    near_of = [here[here.index.isin(trait.genes)] for trait in traits]
    done: list[Associations] = []
    panel: list[np.ndarray] = []
    for number, block in enumerate(simulate_blocks(study, chromosome)):
        done.append(_associate(study, block, traits, near_of, number))
        panel.append(block.panel)
    whole = _join(done)
    write_panel(study, whole.snps, np.concatenate(panel), out / "panel" / f"panel.{chromosome}")
    listed = regression_snps(study, whole.snps, chromosome)
    (out / "snps" / f"snps.{chromosome}.txt").write_text("".join(f"{name}\n" for name in listed))
    whole.n_regression = len(listed)
    return whole


def _associate(
    study: Study, block: Block, traits: list[Trait], near_of: list[pd.DataFrame], number: int
) -> Associations:
    bp = block.snps["BP"].to_numpy()
    chromosome = int(block.snps["CHR"].iloc[0])
    near = np.column_stack([near_genes(bp, genes, study.window_kb * 1000) for genes in near_of])
    effects, noise = np.empty(near.shape), np.empty((study.gwas_people, len(traits)))
    for t, trait in enumerate(traits):
        rng = stream(study.seed, "GWAS", trait.name, chromosome, number)
        variance = np.where(near[:, t], trait.enrichment, 1.0)
        effects[:, t] = rng.standard_normal(len(bp)) * np.sqrt(variance)
        noise[:, t] = rng.standard_normal(study.gwas_people)
    mean, sampling, explained = marginal_effects(block.gwas, effects, noise)
    return Associations(block.snps, mean, sampling, near, explained, 0)


def _join(parts: list[Associations]) -> Associations:
    return Associations(
        pd.concat([part.snps for part in parts], ignore_index=True),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.noise for part in parts]),
        np.concatenate([part.near for part in parts]),
        np.sum([part.explained for part in parts], axis=0),
        sum(part.n_regression for part in parts),
    )


def simulate_genotypes_and_gwas(
    study: Study, genes: pd.DataFrame, traits: list[Trait], out: Path, threads: int = 1
) -> dict[str, Any]:
    """Write panel/, snps/ and <trait>.sumstats.gz into ``out``; return what truth.json says of SNPs and traits."""
    whole = simulate_associations(study, genes, traits, out, threads)
    facts = {}
    for t, trait in enumerate(traits):
        rng = stream(study.seed, "sumstats", trait.name)
        z, n = z_scores(study, whole, t, rng)
        write_sumstats(whole.snps, z, n, trait.layout, rng, out / f"{trait.name}.sumstats.gz")
        near = whole.near[:, t]
        variance = np.where(near, trait.enrichment, 1.0)
        facts[trait.name] = {
            "kind": trait.kind,
            "region": trait.region,
            "enrichment": trait.enrichment,
            "layout": trait.layout,
            "share_of_snps_near": float(near.mean()),
            "share_of_heritability_near": float(variance[near].sum() / variance.sum()),
            "mean_chi2": float(np.mean(z**2)),
        }
    counts = {"panel_snps": len(whole.snps), "regression_snps": whole.n_regression}
    return {**counts, "traits": facts}


def simulate_associations(
    study: Study, genes: pd.DataFrame, traits: list[Trait], out: Path, threads: int = 1
) -> Associations:
    """Write panel/ and snps/ into ``out``; return the association of every SNP with every trait."""
    (out / "panel").mkdir()
    (out / "snps").mkdir()
    work = partial(_simulate_chromosome, study, genes, traits, out)
    return _join(list(_map(work, sorted(study.chromosomes), threads)))


def z_scores(study: Study, whole: Associations, t: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Z (of A1) and N of every SNP for trait ``t``, float64; some SNPs lack some people."""
    scale = study.heritability / whole.explained[t]
    n = np.round(study.gwas_n * (1 - 0.05 * rng.random(len(whole.snps)) ** 2))
    return np.sqrt(n * scale) * whole.mean[:, t] + whole.noise[:, t], n


def _map(work: partial, items: list[int], threads: int) -> Iterable[Associations]:
    if threads == 1 or len(items) == 1:
        return map(work, items)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(threads, len(items)), mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, items))


def write_sumstats(
    snps: pd.DataFrame, z: np.ndarray, n: np.ndarray, layout: str, rng: np.random.Generator, path: Path
) -> None:
    """Write raw summary statistics, gzipped, in one of ``LAYOUTS``.

    The effect allele is A1 or A2 at random, effects are per allele in units of the trait's SD (daner: log odds ratios
    of a balanced case-control study), and a random 2 % of the SNPs are missing.
    """
    from scipy.special import ndtr

    kept = rng.random(len(snps)) >= MISSING_SHARE
    snps, z, n = snps[kept], z[kept], n[kept].astype(np.int64)
    flip = rng.random(len(snps)) < 0.5
    se = 1 / np.sqrt(2 * snps["FREQ"] * (1 - snps["FREQ"]) * n)
    table = pd.DataFrame(
        {
            "chr": snps["CHR"],
            "bp": snps["BP"],
            "snp": snps["SNP"],
            "effect": np.where(flip, snps["A2"], snps["A1"]),
            "other": np.where(flip, snps["A1"], snps["A2"]),
            "freq": np.where(flip, 1 - snps["FREQ"], snps["FREQ"]).round(4),
            "beta": np.where(flip, -z, z) * se,
            "se": se,
            "p": 2 * ndtr(-np.abs(z)),
            "n": n,
            "info": np.clip(1 - rng.exponential(0.03, len(snps)), 0.3, 1).round(3),
        }
    )
    text = {name: _text(column) for name, column in LAYOUTS[layout](table).items()}
    lines = ["\t".join(text), *map("\t".join, zip(*text.values(), strict=True)), ""]
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
        packed.write("\n".join(lines).encode())


def _text(column: pd.Series) -> list[str]:
    """Values as text, numbers with 6 digits (pandas' own writing takes ten times as long)."""
    pattern = "{:.6g}" if column.dtype.kind == "f" else "{}"
    return list(map(pattern.format, column.tolist()))


def _gwas_ssf(table: pd.DataFrame) -> pd.DataFrame:
    """GWAS Catalog's standard format."""
    return pd.DataFrame(
        {
            "chromosome": table["chr"],
            "base_pair_location": table["bp"],
            "effect_allele": table["effect"],
            "other_allele": table["other"],
            "beta": table["beta"],
            "standard_error": table["se"],
            "effect_allele_frequency": table["freq"],
            "p_value": table["p"],
            "rsid": table["snp"],
            "n": table["n"],
        }
    )


def _daner(table: pd.DataFrame) -> pd.DataFrame:
    """What the Psychiatric Genomics Consortium's pipeline writes: odds ratios, INFO, cases and controls of each SNP."""
    cases = table["n"] // 2
    return pd.DataFrame(
        {
            "CHR": table["chr"],
            "SNP": table["snp"],
            "BP": table["bp"],
            "A1": table["effect"],
            "A2": table["other"],
            f"FRQ_A_{cases.max()}": table["freq"],
            f"FRQ_U_{cases.max()}": table["freq"],
            "INFO": table["info"],
            "OR": np.exp(2 * table["beta"]).map("{:.8g}".format),  # the SE of a log odds ratio is 2 / sqrt(2 p q N)
            "SE": 2 * table["se"],
            "P": table["p"],
            "Nca": cases,
            "Nco": table["n"] - cases,
        }
    )


def _plink2(table: pd.DataFrame) -> pd.DataFrame:
    """PLINK2's --glm of a quantitative trait."""
    return pd.DataFrame(
        {
            "#CHROM": table["chr"],
            "POS": table["bp"],
            "ID": table["snp"],
            "REF": table["other"],
            "ALT": table["effect"],
            "A1": table["effect"],
            "A1_FREQ": table["freq"],
            "TEST": "ADD",
            "OBS_CT": table["n"],
            "BETA": table["beta"],
            "SE": table["se"],
            "T_STAT": table["beta"] / table["se"],
            "P": table["p"],
            "ERRCODE": ".",
        }
    )


LAYOUTS = {"gwas_ssf": _gwas_ssf, "daner": _daner, "plink2": _plink2}
