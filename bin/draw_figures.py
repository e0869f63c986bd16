#!/usr/bin/env python3
"""DRAW_FIGURES: the figures of each association as PNG, SVG and PDF, for papers and for who has no browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    results: Annotated[Path, typer.Option(help="Results folder of a run (its outdir), or a part of one.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write associations/<slice>/<trait>/figures/ in; default: --results.")
    ] = None,
    formats: Annotated[str, typer.Option(help="Of png, svg, pdf, with commas between.")] = "png,svg,pdf",
    reference: Annotated[
        Path | None,
        typer.Option(help="reference.h5ad, where it is not in the results; names genes on the Manhattan plot."),
    ] = None,
    region_p: Annotated[
        str | None, typer.Option(help="cauchy, mean or contrast: the P that q is made of; default: what fits q.")
    ] = None,
    flip: Annotated[bool, typer.Option(help="Draw y downwards, as in pictures.")] = False,
) -> None:
    """Draw every association in a results folder: map, regions, genes, Manhattan plot, QQ plot."""
    from traitmap.draw_figures import draw_figures

    chosen = tuple(name.strip() for name in formats.split(",") if name.strip())
    draw_figures(results, out or results, formats=chosen, reference=reference, region_p=region_p, flip=flip, say=say)


if __name__ == "__main__":
    run(main)
