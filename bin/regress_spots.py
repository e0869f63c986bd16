#!/usr/bin/env python3
"""Regress a trait's chi-squares, or several traits', on the LD scores of every spot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Threads, check_once_a_trait, run, use_threads
from traitmap.errors import InputError
from traitmap.failures import tell_failures


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
    covariate: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FILE, a list of genes (a symbol a row, perhaps a weight) to condition every regression on; "
            "repeatable."
        ),
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
        typer.Option(
            help="Further sets of spots to test as regions are (TSV: [slice,] set, spot); needs --region-tests."
        ),
    ] = None,
    conditional_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Test every region again beside this one's mean specificity; all: beside each other one. Repeatable; "
            "needs --region-tests."
        ),
    ] = None,
    slice_name: Annotated[str, typer.Option(help="The slice's name in the column slice of --spot-sets.")] = "",
    spots: Annotated[
        str, typer.Option(help="Only the spots of rows A to before B, as A-B: --out then is a part for merge_spots.py.")
    ] = "",
    qc: Annotated[
        list[Path] | None, typer.Option(help="Account of what was used and left out to write (.json); one a trait.")
    ] = None,
    failure: Annotated[
        list[Path] | None,
        typer.Option(help="File for what is wrong with a trait, one a trait: the other traits then go on without it."),
    ] = None,
    threads: Threads = 1,
) -> None:
    """Regress a trait's chi-squares on the LD scores of every spot: is its heritability where the spot's genes are?

    Of several traits, reference and scores are read once.
    """
    once = {"--out": out, "--region-tests": region_tests, "--qc": qc, "--failure": failure}
    check_once_a_trait("--sumstats", len(sumstats), once)
    if spot_sets and not region_tests:
        raise InputError("--spot-sets needs --region-tests, the table that their tests go to")
    if conditional_on and not region_tests:
        raise InputError("--conditional-on needs --region-tests, the table that its tests go to")
    use_threads(threads)
    import pandas as pd

    from traitmap.covariates import beside, covariate_ld_scores, parse_covariates
    from traitmap.ledger import Ledger
    from traitmap.merge_spots import parse_span, write_part
    from traitmap.reference import read_reference
    from traitmap.regression import estimate_spots, prepare, spots_table, write_table
    from traitmap.regression_inputs import SpotScores, read_baselines, read_trait
    from traitmap.regression_joint import regress_conditionally
    from traitmap.regression_regions import region_members, region_scores, regress_regions
    from traitmap.spot_sets import read_spot_sets

    lists = parse_covariates(covariate or [])
    scores = SpotScores(specificity)
    span = parse_span(spots, len(scores)) if spots else None
    sets = read_spot_sets(spot_sets, scores.spots, region_members(scores)[0], slice_name) if spot_sets else None
    read, ready, wrong = {}, {}, {}
    for number, path in enumerate(sumstats):
        ledger = Ledger("regress_spots", path.name.split(".")[0])
        try:
            read[number] = read_trait(path, ledger), ledger
        except InputError as error:
            wrong[number] = error.problems
    linked = read_reference(reference) if read else None  # the traits' mistakes show sooner
    for number, (trait, ledger) in read.items():
        if sets:
            ledger.noted("spots of sets", "named twice in a set, counted once", sets.repeated)
        further = beside(read_baselines(baseline or [], ledger), covariate_ld_scores(lists, linked, ledger))
        options = {"weights": weights, "blocks": blocks, "keep_mhc": keep_mhc, "max_chi2": max_chi2}
        try:
            ready[number] = prepare(linked, scores.genes, trait, ledger, further=further, **options)
        except InputError as error:
            wrong[number] = error.problems
    tell_failures(wrong, failure)
    if not ready:
        return
    annotations = region_scores(scores, sets) if region_tests else None
    for number, table in zip(ready, estimate_spots(scores, list(ready.values()), threads, span), strict=True):
        trait = ready[number]
        if region_tests:
            tests = regress_regions(annotations, trait)
            if conditional_on:
                conditional = regress_conditionally(annotations, conditional_on, trait, weights)
                tests = pd.concat([tests, conditional], ignore_index=True)
            write_table(tests, region_tests[number])
        if span:
            write_part(table, len(scores), out[number])
        else:
            write_table(spots_table(table, trait.ledger), out[number])
        if qc:
            trait.ledger.write(qc[number])


if __name__ == "__main__":
    run(main)
