#!/usr/bin/env python3
"""Write the report of a run: one self-contained page, and the tables behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say

TEMPLATES = Path(__file__).resolve().parent.parent / "assets" / "report"


def main(
    results: Annotated[Path, typer.Option(help="Results folder of a run (its outdir).")],
    out: Annotated[Path, typer.Option(help="The page to write (.html).")],
    template_dir: Annotated[
        Path, typer.Option(help="Folder with the page's template, styles and scripts.")
    ] = TEMPLATES,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder for the tables behind the plots; default: report_data beside the page.")
    ] = None,
    run_info: Annotated[
        Path | None, typer.Option(help="JSON with what the engine knows: run_name, command_line, start ...")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="reference.h5ad, where it is not in the results; names genes on the Manhattan plot."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page; default: what was mapped.")] = None,
    slice_: Annotated[list[str] | None, typer.Option("--slice", help="Show these slices only; repeat it.")] = None,
    trait: Annotated[list[str] | None, typer.Option(help="Show these traits only, in this order; repeat it.")] = None,
    gene: Annotated[list[str] | None, typer.Option(help="Map these genes too, on every slice; repeat it.")] = None,
    genes: Annotated[int, typer.Option(min=0, help="Genes mapped for each slice and trait.")] = 6,
    fdr: Annotated[float, typer.Option(min=0, max=1, help="q below which a region is called associated.")] = 0.05,
    max_values: Annotated[
        int, typer.Option(min=1, help="Spots x traits in the page; of more, a random part of the spots is drawn.")
    ] = 1_000_000,
) -> None:
    """Write the report of a run: one self-contained page, and the tables behind it."""
    from traitmap.report import write_report
    from traitmap.report_results import Choices

    write_report(
        results,
        out,
        templates=template_dir,
        data_folder=data_dir,
        run_info=run_info,
        reference=reference,
        title=title,
        choices=Choices(tuple(slice_ or ()), tuple(trait or ()), fdr, genes, tuple(gene or ()), max_values),
        say=say,
    )


if __name__ == "__main__":
    run(main)
