#!/usr/bin/env python3
"""CORRELATE_TRAITS: how alike the maps of a slice's traits are, and what chance alone would make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say, use_threads
from traitmap.errors import InputError


def main(
    spots: Annotated[list[Path], typer.Option(help="spots.parquet of a trait of the slice; repeat for traits.")],
    trait: Annotated[list[str], typer.Option(help="Name of each trait, in their order.")],
    specificity: Annotated[Path, typer.Option(help="The slice's gene specificity scores (.h5ad).")],
    reference: Annotated[Path, typer.Option(help="reference.h5ad, or the folder that holds it.")],
    out: Annotated[Path, typer.Option(help="Table to write (.tsv).")],
    slice_name: Annotated[str, typer.Option(help="The slice's name in the table.")] = "slice",
    keep_mhc: Annotated[bool, typer.Option("--keep-mhc", help="The regressions kept the SNPs of the MHC.")] = False,
) -> None:
    """Correlate the maps (spot z) of each two traits, with an error that knows how alike spots are."""
    problems = [f"--trait is given {len(trait)} times, --spots {len(spots)}: give both once a trait"]
    problems = problems if len(trait) != len(spots) else []
    problems += [
        f"--trait {name}: is given more than once; rename one" for name in dict.fromkeys(trait) if trait.count(name) > 1
    ]
    if len(trait) == len(spots) == 1:
        problems.append("--spots: one map has nothing to be correlated with; give two traits or more")
    if problems:
        raise InputError(*problems)
    use_threads(1)
    import pandas as pd

    from traitmap.correlate_traits import correlate_traits, effective_spots
    from traitmap.files import write_tsv
    from traitmap.ledger import Ledger
    from traitmap.reference import read_reference
    from traitmap.regression_inputs import SpotScores
    from traitmap.spots import read_map

    scores = SpotScores(specificity)
    maps = pd.DataFrame({name: read_map(path, scores.spots) for name, path in zip(trait, spots, strict=True)})
    effective = effective_spots(scores, read_reference(reference), Ledger("correlate_traits", slice_name), keep_mhc)
    table = correlate_traits(maps, effective, slice_name)
    write_tsv(table, out)
    say(f"{slice_name}: {len(table)} pairs of traits; {len(scores)} spots are worth {effective:.1f} independent ones")


if __name__ == "__main__":
    run(main)
