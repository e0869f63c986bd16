#!/usr/bin/env python3
"""SUMMARIZE_REGIONS: all regions of a run in one table, with q over the run and regions across slices."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from traitmap.cli import run, say


def main(
    sheet: Annotated[
        Path, typer.Option(help="TSV with columns slice, group, trait, regions, spots, region_tests (files).")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write into (associations/..., summary/regions.tsv).")],
    region_p: Annotated[
        Literal["cauchy", "mean", "contrast"], typer.Option(help="The P that q is made of.")
    ] = "cauchy",
    outliers: Annotated[
        Literal["keep", "gsmap"],
        typer.Option(help="Across slices: keep all spots, or leave out outliers as gsMap does."),
    ] = "keep",
    comparisons: Annotated[
        Path | None,
        typer.Option(help="Sheet of regions to compare: comparison, slices_a, region_a, slices_b, region_b."),
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Comparisons may name slices that the sheet lacks (they failed): their rows are empty and say so.",
        ),
    ] = False,
    top_share: Annotated[float, typer.Option(help="Across slices: share of spots that count as top spots.")] = 0.05,
) -> None:
    """Gather the regions of every slice x trait, combine them across slices, and give q over the run."""
    from traitmap import summary
    from traitmap.comparisons import compare_regions, read_comparisons, side_names
    from traitmap.files import write_tsv
    from traitmap.summary_conditional import summarize_conditional
    from traitmap.summary_sets import summarize_sets

    rows = summary.read_sheet(sheet)
    known = None if allow_missing else side_names((row.slice, row.group) for row in rows)
    compared = compare_regions(read_comparisons(comparisons, known), rows) if comparisons else None
    table = summary.summarize_regions(rows, region_p=region_p, outliers=outliers, top_share=top_share)
    summary.write_summary(table, out)
    sets = summarize_sets(rows)
    if sets is not None:
        write_tsv(sets, out / "summary" / "spot_sets.tsv")
    conditional = summarize_conditional(rows)
    if conditional is not None:
        write_tsv(conditional, out / "summary" / "conditional_tests.tsv")
    if compared is not None:
        write_tsv(compared, out / "summary" / "comparisons.tsv")
    of_slices = table[table["scope"] == "slice"]
    say(f"{len(of_slices)} regions of {len(rows)} slices x traits; {int((of_slices['q'] < 0.05).sum())} with q < 0.05")


if __name__ == "__main__":
    run(main)
