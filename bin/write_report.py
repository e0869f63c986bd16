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
    title: Annotated[str | None, typer.Option(help="Title of the page; default: the run's name.")] = None,
) -> None:
    """Write the report of a run: one self-contained page, and the tables behind it."""
    from traitmap.report import write_report

    write_report(
        results,
        out,
        templates=template_dir,
        data_folder=data_dir,
        run_info=run_info,
        reference=reference,
        title=title,
        say=say,
    )


if __name__ == "__main__":
    run(main)
