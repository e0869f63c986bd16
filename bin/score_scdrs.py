#!/usr/bin/env python3
"""SCORE_SCDRS: scDRS of a trait's genes in each spot and region of a slice."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Expression, GeneSetSize, Homologs, Layer, SpatialKey, Species, Threads, run, say, use_threads


def main(
    slice_: Annotated[Path, typer.Option("--slice", help="The slice (.h5ad).")],
    specificity: Annotated[Path, typer.Option(help="specificity.h5ad of the slice: its labels and microdomains.")],
    genes: Annotated[Path, typer.Option(help="The trait's genes (.tsv of ASSOCIATE_GENES).")],
    out: Annotated[Path, typer.Option(help="Scores of spots to write (.parquet).")],
    regions: Annotated[Path | None, typer.Option(help="Statistics of regions to write (.tsv).")] = None,
    layer: Layer = "",
    spatial_key: SpatialKey = "spatial",
    species: Species = "human",
    homologs: Homologs = None,
    expression: Expression = "spots",
    gene_set_size: GeneSetSize = 1000,
    controls: Annotated[int, typer.Option(min=20, help="Control gene sets.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the control gene sets.")] = 2024,
    qc: Annotated[Path | None, typer.Option(help="Account of what was counted, to write (.json).")] = None,
    threads: Threads = 1,
) -> None:
    """Score each spot by the expression of the trait's genes against matched control gene sets (scDRS)."""
    use_threads(threads)
    from traitmap.files import write_tsv, writing
    from traitmap.gene_sets import read_trait_expression
    from traitmap.ledger import Ledger
    from traitmap.score_scdrs import score_regions, score_spots, spots_table

    ledger = Ledger("score_scdrs", slice_.name)
    data, weights, spots = read_trait_expression(
        slice_,
        specificity,
        genes,
        ledger,
        expression=expression,
        size=gene_set_size,
        layer=layer or None,
        spatial_key=spatial_key,
        species=species,
        homologs=homologs,
    )
    scores = score_spots(data, weights, controls, seed)
    table = spots_table(scores, spots)
    by_region = score_regions(data, scores, seed)
    ledger.fact("controls", controls)
    ledger.fact("expression", expression)
    ledger.fact("smallest_attainable_region_p", 1 / (1 + controls))
    with writing(out) as beside:
        table.to_parquet(beside, index=False)
    if regions:
        write_tsv(by_region, regions)
    if qc:
        ledger.write(qc)
    first = by_region.iloc[0]
    say(f"{len(weights)} genes, {len(scores)} spots; first {first['region']}, P {first['assoc_p']:.3g}")


if __name__ == "__main__":
    run(main)
