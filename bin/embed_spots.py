#!/usr/bin/env python3
"""EMBED_SPOTS: from a slice to a vector per spot in which spots alike in expression and surroundings lie close."""

import os
from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say, use_threads


def main(
    slice_: Annotated[Path, typer.Option("--slice", help="The slice (.h5ad).")],
    out: Annotated[Path, typer.Option(help="The embedding to write (.h5ad).")],
    annotation: Annotated[
        str, typer.Option(help="obs column with region labels that may guide the embedding; none: label-free.")
    ] = "",
    layer: Annotated[str, typer.Option(help="Layer with raw counts; default: counts if there is one, else X.")] = "",
    spatial_key: Annotated[str, typer.Option(help="obsm key of the coordinates.")] = "spatial",
    species: Annotated[
        str, typer.Option(help="Species of the gene symbols; all of the slice's own genes are used.")
    ] = "human",
    homologs: Annotated[Path | None, typer.Option(help="Taken as by the other steps, not needed.")] = None,
    model: Annotated[
        str, typer.Option(help="gat_ae: graph attention autoencoder; pca: principal components.")
    ] = "gat_ae",
    variable_genes: Annotated[int, typer.Option(help="Most variable genes that enter.")] = 3000,
    components: Annotated[int, typer.Option(help="Principal components that enter the model.")] = 50,
    graph_neighbors: Annotated[int, typer.Option(help="Nearest spots that a spot is linked with.")] = 10,
    dimensions: Annotated[int, typer.Option(help="Dimensions of the embedding.")] = 30,
    epochs: Annotated[int, typer.Option(help="Most epochs to train.")] = 300,
    patience: Annotated[int, typer.Option(help="Epochs without a better held-out loss that end training.")] = 60,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    umap: Annotated[bool, typer.Option(help="Add a UMAP of the embedding, for the eye alone.")] = True,
    device: Annotated[str, typer.Option(help="auto (cuda where there is one), cpu or cuda.")] = "auto",
) -> None:
    """Embed the spots of a slice; every spot is kept, in the file's order."""
    use_threads(1)
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch: huge pages where the system gives them
    from traitmap.embedding import Settings, embed_spots
    from traitmap.embedding_umap import umap_plane
    from traitmap.h5ad import write_h5ad
    from traitmap.ledger import Ledger
    from traitmap.slices import read_slice

    settings = Settings(
        model=model,
        seed=seed,
        device=device,
        variable_genes=variable_genes,
        components=components,
        graph_neighbors=graph_neighbors,
        dimensions=dimensions,
        epochs=epochs,
        patience=patience,
    )
    settings.check()
    ledger = Ledger("embed_spots", slice_.name)
    # No translation is needed here: a gene without a homolog tells spots apart all the same.
    data = read_slice(
        slice_,
        ledger,
        layer=layer or None,
        spatial_key=spatial_key,
        annotation=annotation or None,
        species=species,
        translate=False,
    )
    result = embed_spots(data, settings, ledger)
    plane = umap_plane(result.obsm["embedding"], seed) if umap else None
    if plane is not None:
        result.obsm["X_umap"] = plane
    write_h5ad(result, out)
    trained = ledger.facts.get("epochs_trained")
    say(
        f"{slice_.name}: {result.n_obs} spots embedded in {ledger.facts['dimensions']} dimensions by {model}"
        + (f", best weights of epoch {ledger.facts['best_epoch']} of {trained}" if trained else "")
    )


if __name__ == "__main__":
    run(main)
