#!/usr/bin/env python3
"""Which enrichment of a region's genes could a planned GWAS find? Expected z and power, as a table and a curve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from traitmap.cli import run, say
from traitmap.errors import InputError

ENRICHMENTS = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 12.0]


def main(
    specificity: Annotated[Path, typer.Option(help="Spots x genes of the slice (specificity.h5ad of a run).")],
    reference: Annotated[Path, typer.Option(help="reference.h5ad, or the folder that holds it.")],
    n: Annotated[list[float], typer.Option(help="Sample size of the GWAS (of cases and controls the effective one).")],
    h2: Annotated[list[float], typer.Option(help="SNP heritability on the observed scale; repeatable, as --n is.")],
    out: Annotated[Path, typer.Option(help="Table to write (.tsv).")],
    region: Annotated[list[str] | None, typer.Option(help="These regions; repeatable. [default: all]")] = None,
    test: Annotated[
        Literal["contrast", "mean"], typer.Option(help="The region against the rest of its slice, or by itself.")
    ] = "contrast",
    genes: Annotated[
        Path | None, typer.Option(help="Genes near which the trait's heritability lies (a symbol a row).")
    ] = None,
    top_genes: Annotated[
        float, typer.Option(help="Without --genes: this share of genes, those most specific to the region.")
    ] = 0.05,
    enrichment: Annotated[
        list[float] | None, typer.Option(help="Fold of a SNP's share of heritability near these genes; repeatable.")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="One-sided P that counts as found. [default: 0.05 / regions of the slice]")
    ] = None,
    power: Annotated[float, typer.Option(help="Power that the smallest enrichment is given for.")] = 0.8,
    keep_mhc: Annotated[bool, typer.Option("--keep-mhc", help="Keep the SNPs of the MHC (chr6:25-34 Mb).")] = False,
    figure: Annotated[Path | None, typer.Option(help="Curve to draw (.png, .svg or .pdf).")] = None,
) -> None:
    """Tell what enrichment of a region's genes a GWAS of this size and heritability could find in this slice."""
    import pandas as pd

    from traitmap.covariates import read_gene_list
    from traitmap.figure_style import FORMATS
    from traitmap.files import write_tsv
    from traitmap.plan_power import Plan, PowerPlanner
    from traitmap.reference import read_reference
    from traitmap.regression_inputs import SpotScores
    from traitmap.regression_regions import region_scores

    folds = enrichment or ENRICHMENTS
    limits = (
        ("--n", n, 0, 1e12),
        ("--h2", h2, 0, 1),
        ("--top-genes", [top_genes], 0, 1),
        ("--alpha", [0.05 if alpha is None else alpha], 0, 0.5),
        ("--power", [power], 0, 0.9999),
    )
    problems = [
        f"{name} {value:g}: must be above {low:g} and at most {high:g}"
        for name, values, low, high in limits
        for value in values
        if not low < value <= high
    ]
    problems += [
        f"--enrichment {fold:g}: must be at least 1 and at most 1,000" for fold in folds if not 1 <= fold <= 1000
    ]
    if figure is not None and figure.suffix.lstrip(".") not in FORMATS:
        problems.append(f"--figure {figure}: must end in .{', .'.join(FORMATS)}")
    if problems:
        raise InputError(*problems)
    scores = SpotScores(specificity)
    regions = region_scores(scores)
    known = list(dict.fromkeys(regions.region))
    if wrong := [name for name in region or [] if name not in known]:
        raise InputError(
            f"--region {', '.join(wrong)}: is not in the slice (there: {', '.join(known)}); choose of them"
        )
    if len(known) == 1 and test == "contrast":
        raise InputError("--test contrast: the slice has one region, with nothing to contrast it with; choose mean")
    planner = PowerPlanner(read_reference(reference), regions, scores.genes, keep_mhc)
    given = list(read_gene_list(genes)[0].index) if genes else None
    if given is not None and not set(given) & set(scores.genes):
        raise InputError(
            f"{genes}: none of its {len(given)} genes is in the slice (first: {given[0]!r}); give human symbols"
        )
    tables = []
    for name in region or known:
        carriers = given or planner.carriers(name, top_genes)
        plans = [Plan(size, share, alpha or 0.05 / len(known), power) for size in n for share in h2]
        tables += [planner.table(plan, name, test, carriers, folds) for plan in plans]
    table = pd.concat(tables, ignore_index=True)
    if figure is not None:
        from traitmap.figure_power import draw_power
        from traitmap.figure_style import drawing, save

        with drawing():
            save(draw_power(table, power), figure.with_suffix(""), (figure.suffix.lstrip("."),))
    write_tsv(table, out)
    for (name, size, share), rows in table.groupby(["region", "n", "h2"], sort=False):
        least = rows["smallest_enrichment"].iat[0]
        found = f"{least:.2f}-fold enrichment" if least == least else "no enrichment up to 1,000-fold"
        say(f"{name}, N {size:,.0f}, h2 {share:g}: {found} has a power of {power:.0%}")


if __name__ == "__main__":
    run(main)
