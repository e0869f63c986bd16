#!/usr/bin/env python3
"""AVERAGE_RANKS: from a group of slices to their common background of gene ranks."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Threads, run, say, use_threads

PER_SLICE = "once for all slices, or once a slice, in their order"


def main(
    slice_: Annotated[list[Path], typer.Option("--slice", help="A slice (.h5ad) of the group; may be repeated.")],
    out: Annotated[Path, typer.Option(help="The background to write (.parquet).")],
    layer: Annotated[list[str] | None, typer.Option(help=f"Layer with raw counts: {PER_SLICE}.")] = None,
    spatial_key: Annotated[list[str] | None, typer.Option(help=f"obsm key of the coordinates: {PER_SLICE}.")] = None,
    species: Annotated[list[str] | None, typer.Option(help=f"Species of the gene symbols: {PER_SLICE}.")] = None,
    homologs: Annotated[
        list[Path] | None, typer.Option(help=f"Table: the species' gene symbols, human ones: {PER_SLICE}.")
    ] = None,
    qc: Annotated[Path | None, typer.Option(help="Account of what was counted, to write (.json).")] = None,
    threads: Threads = 1,
) -> None:
    """Average the log ranks of genes over all spots of a group, so that GSS are comparable between its slices."""
    use_threads(threads)
    from traitmap import average_ranks as library
    from traitmap.ledger import Ledger
    from traitmap.slices import read_slice

    options = library.per_slice(slice_, layer=layer, spatial_key=spatial_key, species=species, homologs=homologs)
    ledger = Ledger("average_ranks", ", ".join(path.name for path in slice_))
    loads = [partial(read_slice, path, **values) for path, values in zip(slice_, options, strict=True)]
    background = library.average_ranks(loads, ledger, threads)
    library.write_background(background, ledger, out)
    if qc:
        ledger.write(qc)
    say(f"{len(background)} genes common to {len(slice_)} slices")


if __name__ == "__main__":
    run(main)
