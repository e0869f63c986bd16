#!/usr/bin/env python3
"""COMPARE_METHODS: all methods of a run side by side, and their consensus."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from traitmap.cli import run, say


def main(
    sheet: Annotated[
        Path,
        typer.Option(help="TSV with columns slice, trait, regions, spots, scdrs, scdrs_regions, signatures (files)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write into (associations/..., summary/methods.tsv).")],
    region_p: Annotated[
        Literal["cauchy", "mean", "contrast"], typer.Option(help="The P of a region that stands for ldsc.")
    ] = "contrast",
) -> None:
    """Put the methods' scores of spots and regions beside each other, combine the P of ldsc and scDRS (Cauchy) and tell
    how well methods agree."""
    import pandas as pd

    from traitmap import compare_methods as library
    from traitmap.files import write_tsv, writing

    by_region, agreements = [], []
    for row, spots, regions, agreement in library.compare_methods(library.read_sheet(sheet), region_p):
        folder = out / "associations" / row.slice / row.trait
        folder.mkdir(parents=True, exist_ok=True)
        with writing(folder / "methods.parquet") as beside:
            spots.to_parquet(beside, index=False)
        by_region.append(regions)
        agreements.append(agreement)
    table = library.add_q(pd.concat(by_region, ignore_index=True))
    (out / "summary").mkdir(parents=True, exist_ok=True)
    write_tsv(table, out / "summary" / "methods.tsv")
    write_tsv(pd.concat(agreements, ignore_index=True), out / "summary" / "method_agreement.tsv")
    found = [f"{method} {int((of['q'] < 0.05).sum())}" for method, of in table.groupby("method", sort=False)]
    say(f"regions with q < 0.05 of {len(table) // table['method'].nunique()}: {', '.join(found)}")


if __name__ == "__main__":
    run(main)
