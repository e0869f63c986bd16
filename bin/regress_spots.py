#!/usr/bin/env python3
"""Regress a trait's chi-squares on the LD scores of every spot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Threads, run, use_threads
from traitmap.errors import InputError


def main(
    specificity: Annotated[Path, typer.Option(help="Spots x genes (.h5ad with gene specificity scores in X).")],
    reference: Annotated[Path, typer.Option(help="reference.h5ad, or the folder that holds it.")],
    sumstats: Annotated[Path, typer.Option(help="Harmonised parquet, or LDSC .sumstats[.gz]; told by content.")],
    out: Annotated[Path, typer.Option(help="Table of spots to write (.parquet).")],
    blocks: Annotated[int, typer.Option(min=2, help="Jackknife blocks.")] = 200,
    weights: Annotated[
        str,
        typer.Option(help="Regression weights: spot (each spot its own, as S-LDSC) or shared (one vector, faster)."),
    ] = "spot",
    baseline: Annotated[
        list[Path] | None,
        typer.Option(help="Further baseline LD scores (parquet, feather, .l2.ldscore.gz; may hold {chr}); repeatable."),
    ] = None,
    keep_mhc: Annotated[bool, typer.Option("--keep-mhc", help="Keep the SNPs of the MHC (chr6:25-34 Mb).")] = False,
    max_chi2: Annotated[
        float | None, typer.Option(min=0.0, help="Leave out SNPs at or above [default: max(0.001 max N, 80)].")
    ] = None,
    region_tests: Annotated[Path | None, typer.Option(help="Table of region tests to write (.parquet).")] = None,
    spot_sets: Annotated[
        Path | None,
        typer.Option(help="Further sets of spots to test as regions are (TSV: set, spot); needs --region-tests."),
    ] = None,
    qc: Annotated[Path | None, typer.Option(help="Account of what was used and left out to write (.json).")] = None,
    threads: Threads = 1,
) -> None:
    """Regress a trait's chi-squares on the LD scores of every spot: is its heritability where the spot's genes are?"""
    use_threads(threads)
    if spot_sets and not region_tests:
        raise InputError("--spot-sets needs --region-tests, the table that their tests go to")
    from traitmap.ledger import Ledger
    from traitmap.reference import read_reference
    from traitmap.regression import prepare, regress_spots, write_table
    from traitmap.regression_inputs import SpotScores, read_baselines, read_trait
    from traitmap.regression_regions import region_members, region_scores, regress_regions
    from traitmap.spot_sets import read_spot_sets

    ledger = Ledger("regress_spots", sumstats.name.split(".")[0])
    trait = read_trait(sumstats, ledger)
    scores = SpotScores(specificity)
    sets = read_spot_sets(spot_sets, scores.spots, region_members(scores)[0], ledger) if spot_sets else None
    further = read_baselines(baseline or [], ledger)
    ready = prepare(
        read_reference(reference),
        scores.genes,
        trait,
        ledger,
        weights=weights,
        further=further,
        blocks=blocks,
        keep_mhc=keep_mhc,
        max_chi2=max_chi2,
    )
    (spots,) = regress_spots(scores, [ready], threads)
    if region_tests:
        write_table(regress_regions(region_scores(scores, sets), ready), region_tests)
    write_table(spots, out)
    if qc:
        ledger.write(qc)


if __name__ == "__main__":
    run(main)
