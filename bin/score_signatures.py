#!/usr/bin/env python3
"""SCORE_SIGNATURES: AUCell and module score of a trait's genes in each spot of a slice."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Expression, GeneSetSize, Homologs, Layer, SpatialKey, Species, Threads, run, say, use_threads


def main(
    slice_: Annotated[Path, typer.Option("--slice", help="The slice (.h5ad).")],
    specificity: Annotated[Path, typer.Option(help="specificity.h5ad of the slice: its microdomains.")],
    genes: Annotated[Path, typer.Option(help="The trait's genes (.tsv of ASSOCIATE_GENES).")],
    methods: Annotated[str, typer.Option(help="Those wanted: aucell, module_score, with a comma between.")],
    out: Annotated[Path, typer.Option(help="Scores of spots to write (.parquet).")],
    layer: Layer = "",
    spatial_key: SpatialKey = "spatial",
    species: Species = "human",
    homologs: Homologs = None,
    expression: Expression = "spots",
    gene_set_size: GeneSetSize = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the module score's control genes.")] = 2024,
    qc: Annotated[Path | None, typer.Option(help="Account of what was counted, to write (.json).")] = None,
    threads: Threads = 1,
) -> None:
    """Score each spot by how early the trait's genes rank in it (AUCell) or by their mean expression (module score)."""
    use_threads(threads)
    from traitmap.errors import InputError
    from traitmap.files import writing
    from traitmap.gene_sets import read_trait_expression
    from traitmap.ledger import Ledger
    from traitmap.score_signatures import SIGNATURES, score_signatures

    wanted = list(dict.fromkeys(name.strip() for name in methods.split(",") if name.strip()))
    if not wanted:
        raise InputError(f"--methods: names no method; choose from {', '.join(SIGNATURES)}")
    if unknown := [name for name in wanted if name not in SIGNATURES]:
        raise InputError(f"--methods {', '.join(unknown)}: unknown; choose from {', '.join(SIGNATURES)}")
    ledger = Ledger("score_signatures", slice_.name)
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
    table = score_signatures(data, weights.index, wanted, seed, spots)
    ledger.fact("expression", expression)
    with writing(out) as beside:
        table.to_parquet(beside, index=False)
    if qc:
        ledger.write(qc)
    say(f"{len(weights)} genes, {data.n_obs} spots: {', '.join(wanted)}")


if __name__ == "__main__":
    run(main)
