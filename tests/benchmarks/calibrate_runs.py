"""From traits and configurations to raw results: every spot and region regressed as the pipeline does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from calibrate_settings import Configuration, write_specificity
from calibrate_study import Simulated

from traitmap import cauchy
from traitmap.heritability import lambda_gc
from traitmap.ledger import Ledger
from traitmap.regression import WEIGHTS, TraitRegression, prepare, regress_spots
from traitmap.regression_inputs import SpotScores
from traitmap.regression_regions import region_scores, regress_regions
from traitmap.simulation_gwas import Trait

CHUNK = 32  # traits whose regressions are in memory at once
HIGH_Z = 3.5
TABLES = ("spots", "regions")


def run_chunks(
    study: Simulated, wanted: list[Configuration], folder: Path, limit: int | None = None, threads: int = 1
) -> Iterator[tuple[int, int]]:
    """Run what is not yet in ``folder`` (a parquet of spots and one of regions for each chunk of traits and
    configuration); yield chunks done and all."""
    traits = study.traits[:limit]
    starts = range(0, len(traits), CHUNK)
    for number, start in enumerate(starts):
        here = [each for each in wanted if start < each.share * len(study.traits)]
        _run_chunk(study, traits[start : start + CHUNK], here, folder / f"chunk_{number:02d}", threads)
        yield number + 1, len(starts)


def _run_chunk(study: Simulated, traits: list[Trait], wanted: list[Configuration], folder: Path, threads: int) -> None:
    left = [each for each in wanted if not all((folder / f"{each.name}.{table}.parquet").exists() for table in TABLES)]
    if not left:
        return
    folder.mkdir(parents=True, exist_ok=True)
    scores = {each.name: SpotScores(write_specificity(study, each, folder.parent.parent / "gss")) for each in left}
    genes = next(iter(scores.values())).genes
    designs = _designs(study, traits, genes)
    for each in left:
        own = scores[each.name].genes  # a common background has genes of its own
        mine = designs if own.equals(genes) else _designs(study, traits, own)
        spots, regions = zip(
            *(regress(scores[each.name], mine, weights, threads) for weights in each.weights), strict=True
        )
        for table, parts in (("spots", spots), ("regions", regions)):
            whole = pd.concat(parts, ignore_index=True)
            whole.insert(0, "configuration", each.name)
            beside = folder / f"{each.name}.{table}.tmp"
            whole.to_parquet(beside)
            beside.replace(folder / f"{each.name}.{table}.parquet")


def _designs(study: Simulated, traits: list[Trait], genes: pd.Index) -> list[tuple[Trait, TraitRegression]]:
    return [
        (trait, prepare(study.reference, genes, table, Ledger("regress_spots", trait.name), weights="shared"))
        for trait, table in study.gwas(traits)
    ]


def regress(
    scores: SpotScores, designs: list[tuple[Trait, TraitRegression]], weights: str, threads: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Regress spots and regions on every trait; return a row per trait, and a row per trait and region."""
    ready = [
        TraitRegression(
            each.design, each.regression if weights == "shared" else WEIGHTS[weights](each.design), each.ledger
        )
        for _, each in designs
    ]
    annotations = region_scores(scores)
    by_spot, by_region = [], []
    for (trait, _), each, spots in zip(designs, ready, regress_spots(scores, ready, threads), strict=True):
        about = {"weights": weights, "trait": trait.name, "kind": trait.kind, "enrichment": trait.enrichment}
        by_spot.append(about | {"mean_chi2": float(each.design.chi2.mean())} | describe_spots(spots, trait.region))
        tests = regress_regions(annotations, each)
        by_region += [about | row for row in describe_regions(spots, tests, trait.region)]
    return pd.DataFrame(by_spot), pd.DataFrame(by_region)


def describe_spots(spots: pd.DataFrame, causal: str | None) -> dict[str, float]:
    """How a trait's spots are distributed: shares below P thresholds, genomic inflation, and the causal region."""
    regular = spots[spots["z"].notna()]
    z, p = regular["z"].to_numpy(), regular["p"].to_numpy()
    inside = (regular["region"] == causal).to_numpy(bool, na_value=False)
    found = {
        "n_spots": len(spots),
        "n_singular": len(spots) - len(regular),
        "share_05": float(np.mean(p < 0.05)),
        "share_001": float(np.mean(p < 0.001)),
        "lambda_gc": float(lambda_gc(z**2)),
        "mean_z": float(z.mean()),
        "sd_z": float(z.std()),
    }
    if causal is not None:
        found |= {"mean_z_inside": float(z[inside].mean()), "share_high_inside": float(np.mean(z[inside] > HIGH_Z))}
        found |= {"mean_z_outside": float(z[~inside].mean()), "share_high_outside": float(np.mean(z[~inside] > HIGH_Z))}
    return found


def describe_regions(spots: pd.DataFrame, tests: pd.DataFrame, causal: str | None) -> list[dict[str, object]]:
    """P of every region by every test."""
    z = tests.pivot(index="region", columns="test", values="z")
    p = tests.pivot(index="region", columns="test", values="p")
    rows = []
    for region, inside in spots.groupby("region"):
        own = inside[inside["p"].notna()]
        kept = cauchy.without_outliers(own["neg_log10_p"].to_numpy())
        rows.append(
            {
                "region": region,
                "causal": region == causal,
                "cauchy": cauchy.combine(own["p"].to_numpy()),
                "cauchy_gsmap": cauchy.combine(own["p"].to_numpy()[kept]),
                "mean": p.loc[region, "mean"],
                "contrast": p.loc[region, "contrast"],
                "z_mean": z.loc[region, "mean"],
                "z_contrast": z.loc[region, "contrast"],
            }
        )
    return rows
