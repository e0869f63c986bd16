#!/usr/bin/env python3
"""COMBINE_REGIONS: from the associations of spots to those of regions."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from traitmap.cli import run, say


def main(
    spots: Annotated[Path, typer.Option(help="Associations of spots: spots.parquet of REGRESS_SPOTS.")],
    out: Annotated[Path, typer.Option(help="Table of regions to write (.tsv).")],
    slice_: Annotated[Path | None, typer.Option("--slice", help="The slice (.h5ad) that holds the labels.")] = None,
    annotation: Annotated[
        str, typer.Option(help="obs column with region labels; without it all spots make one region.")
    ] = "",
    region_tests: Annotated[Path | None, typer.Option(help="Region tests of REGRESS_SPOTS (.parquet).")] = None,
    outliers: Annotated[
        Literal["keep", "gsmap"], typer.Option(help="Keep all spots, or leave out outliers as gsMap does.")
    ] = "keep",
    top_share: Annotated[float, typer.Option(help="Share of the slice's spots that count as top spots.")] = 0.05,
    qc: Annotated[Path | None, typer.Option(help="Account of what was counted, to write (.json).")] = None,
) -> None:
    """Combine the P values of each region's spots (Cauchy), beside region tests and the enrichment of top spots."""
    from traitmap import regions
    from traitmap.files import write_tsv
    from traitmap.ledger import Ledger
    from traitmap.spots import read_spots

    table = read_spots(spots)
    table[regions.REGION] = regions.label_spots(table, spots, slice_, annotation)
    tests = regions.read_region_tests(region_tests) if region_tests else None
    result = regions.combine_regions(table, tests=tests, outliers=outliers, top_share=top_share)
    write_tsv(result, out)
    if qc:
        ledger = Ledger("combine_regions", str(spots))
        regions.account(table, result, ledger)
        ledger.write(qc)
    say(f"{len(result)} regions of {len(table)} spots; first {result['region'][0]}, P {result['p_cauchy'][0]:.3g}")


if __name__ == "__main__":
    run(main)
