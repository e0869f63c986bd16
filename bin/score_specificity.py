#!/usr/bin/env python3
"""SCORE_SPECIFICITY: from a slice and its embedding to gene specificity scores."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Homologs, Layer, SpatialKey, Species, Threads, run, say, use_threads


def main(
    slice_: Annotated[Path, typer.Option("--slice", help="The slice (.h5ad).")],
    embedding: Annotated[Path, typer.Option(help="An .h5ad whose obsm holds the embedding of the slice's spots.")],
    out: Annotated[Path, typer.Option(help="Gene specificity scores to write (.h5ad).")],
    embedding_key: Annotated[str, typer.Option(help="obsm key of the embedding.")] = "embedding",
    annotation: Annotated[str, typer.Option(help="obs column with region labels; none: a label-free run.")] = "",
    layer: Layer = "",
    spatial_key: SpatialKey = "spatial",
    species: Species = "human",
    homologs: Homologs = None,
    neighborhood: Annotated[
        str,
        typer.Option(
            help="Kind of microdomain: cosine_top_k, radius, gaussian (distance-weighted), joint_knn (place and "
            "embedding together) or given (metacells)."
        ),
    ] = "gaussian",
    neighbors: Annotated[str, typer.Option(help="Spots of a microdomain, or auto (by count splitting).")] = "31",
    spatial_neighbors: Annotated[int, typer.Option(help="Nearest spots that a microdomain is chosen from.")] = 101,
    radius: Annotated[
        float | None,
        typer.Option(help="Of radius and gaussian, in the slice's unit; default: typical of --neighbors spots."),
    ] = None,
    metacells: Annotated[str, typer.Option(help="obs column with metacells, for --neighborhood given.")] = "",
    specificity: Annotated[str, typer.Option(help="Score: gss, tau, entropy, zscore or pagerank.")] = "gss",
    power: Annotated[
        float, typer.Option(help="GSS = exp(R ** power) - 1: 1 as gsMap since 1.73.1, 1.5 as its paper.")
    ] = 1.0,
    background: Annotated[
        Path | None, typer.Option(help="Background of the slice's group (.parquet of AVERAGE_RANKS).")
    ] = None,
    use_labels: Annotated[
        bool, typer.Option(help="Take microdomains within a label (as gsMap), where the slice is annotated.")
    ] = True,
    expression_gate: Annotated[
        bool, typer.Option(help="Score only genes that more of the microdomain express than of the background.")
    ] = True,
    size: Annotated[
        Path | None, typer.Option(help="Text file to write: the number of spots, for who deals them.")
    ] = None,
    threads: Threads = 1,
) -> None:
    """Score how specific each gene is to each spot's microdomain: spots near in space and alike in expression."""
    use_threads(threads)
    from traitmap.average_ranks import read_background
    from traitmap.h5ad import write_in_blocks
    from traitmap.ledger import Ledger
    from traitmap.microdomain_kinds import parse_neighbors, read_metacells
    from traitmap.single_cells import NO_COORDINATES, read_plane
    from traitmap.slices import read_slice
    from traitmap.specificity import Settings, read_embedding, score_in_blocks

    settings = Settings(
        parse_neighbors(neighbors),
        spatial_neighbors,
        power,
        use_labels,
        expression_gate,
        neighborhood,
        radius,
        specificity,
    )
    settings.check()
    common = read_background(background) if background else None
    ledger = Ledger("score_specificity", slice_.name)
    data = read_slice(
        slice_,
        ledger,
        layer=layer or None,
        spatial_key=spatial_key,
        annotation=annotation or None,
        species=species,
        homologs=homologs,
    )
    values = read_embedding(embedding, data.obs_names, embedding_key)
    groups = read_metacells(slice_, metacells, data.obs_names) if metacells else None
    plane = read_plane(embedding, data.obs_names) if spatial_key == NO_COORDINATES else None
    scores = score_in_blocks(data, values, ledger, settings, common, threads, groups, consume=True, plane=plane)
    write_in_blocks(scores.frame, scores.blocks(), out)  # not compressed: scores hardly shrink, every trait reads them
    result = scores.frame
    if size:
        size.write_text(f"{result.n_obs}\n")
    share = ledger.facts["share_non_zero"]
    say(f"{slice_.name}: {result.n_obs} spots x {result.n_vars} genes, {share:.1%} of the scores are above 0")


if __name__ == "__main__":
    run(main)
