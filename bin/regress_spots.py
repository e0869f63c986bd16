#!/usr/bin/env python3
"""Regress a trait's chi-squares, or several traits', on the LD scores of every spot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Threads, run, use_threads
from traitmap.errors import InputError


def main(
    specificity: Annotated[Path, typer.Option(help="Spots x genes (.h5ad with gene specificity scores in X).")],
    reference: Annotated[Path, typer.Option(help="reference.h5ad, or the folder that holds it.")],
    sumstats: Annotated[
        list[Path], typer.Option(help="Harmonised parquet, or LDSC .sumstats[.gz]; told by content. Repeat for traits.")
    ],
    out: Annotated[list[Path], typer.Option(help="Table of spots to write (.parquet); one a trait, in their order.")],
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
    region_tests: Annotated[
        list[Path] | None, typer.Option(help="Table of region tests to write (.parquet); one a trait.")
    ] = None,
    spot_sets: Annotated[
        Path | None,
        typer.Option(help="Further sets of spots to test as regions are (TSV: set, spot); needs --region-tests."),
    ] = None,
    qc: Annotated[
        list[Path] | None, typer.Option(help="Account of what was used and left out to write (.json); one a trait.")
    ] = None,
    threads: Threads = 1,
) -> None:
    """Regress a trait's chi-squares on the LD scores of every spot: is its heritability where the spot's genes are?

    Of several traits, reference and scores are read once.
    """
    for option, files in (("--out", out), ("--region-tests", region_tests), ("--qc", qc)):
        if files and len(files) != len(sumstats):
            raise InputError(f"{option} is given {len(files)} times, --sumstats {len(sumstats)}: give it once a trait")
    if spot_sets and not region_tests:
        raise InputError("--spot-sets needs --region-tests, the table that their tests go to")
    use_threads(threads)
    from traitmap.ledger import Ledger
    from traitmap.reference import read_reference
    from traitmap.regression import prepare, regress_spots, write_table
    from traitmap.regression_inputs import SpotScores, read_baselines, read_trait
    from traitmap.regression_regions import region_members, region_scores, regress_regions
    from traitmap.spot_sets import read_spot_sets

    scores = SpotScores(specificity)
    linked = None  # read after the first trait, whose mistakes show sooner
    ready = []
    for path in sumstats:
        ledger = Ledger("regress_spots", path.name.split(".")[0])
        trait = read_trait(path, ledger)
        sets = read_spot_sets(spot_sets, scores.spots, region_members(scores)[0], ledger) if spot_sets else None
        further = read_baselines(baseline or [], ledger)
        linked = linked or read_reference(reference)
        options = {"weights": weights, "blocks": blocks, "keep_mhc": keep_mhc, "max_chi2": max_chi2}
        ready.append(prepare(linked, scores.genes, trait, ledger, further=further, **options))
    tables = regress_spots(scores, ready, threads)
    if region_tests:
        annotations = region_scores(scores, sets)
        for trait, path in zip(ready, region_tests, strict=True):
            write_table(regress_regions(annotations, trait), path)
    for table, path in zip(tables, out, strict=True):
        write_table(table, path)
    for trait, path in zip(ready, qc or [], strict=bool(qc)):
        trait.ledger.write(path)


if __name__ == "__main__":
    run(main)
