#!/usr/bin/env python3
"""EMBED_SPOTS: from slices to a vector per spot in which spots alike in expression and surroundings lie close."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say, use_threads
from traitmap.errors import InputError
from traitmap.failures import write_messages


def main(
    slice_: Annotated[
        list[Path], typer.Option("--slice", help="The slice (.h5ad); repeat it for a group that one model embeds.")
    ],
    out: Annotated[list[Path], typer.Option(help="The embedding to write (.h5ad); one a slice.")],
    annotation: Annotated[
        list[str] | None,
        typer.Option(help="obs column with region labels that may guide the embedding. [default: none, label-free]"),
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="Layer with raw counts. [default: counts if there is one, else X]")
    ] = None,
    spatial_key: Annotated[
        list[str] | None, typer.Option(help="obsm key of the coordinates; none: single cells. [default: spatial]")
    ] = None,
    z: Annotated[
        list[float] | None, typer.Option(help="Height of the slice in a stack of aligned slices; for all or for none.")
    ] = None,
    species: Annotated[
        str, typer.Option(help="Species of the gene symbols; all of the slice's own genes are used.")
    ] = "human",
    homologs: Annotated[Path | None, typer.Option(help="Taken as by the other steps, not needed.")] = None,
    model: Annotated[
        str,
        typer.Option(
            help="smoothed_pca: principal components averaged over like neighbours; gat_ae: graph attention"
            " autoencoder; contrastive: graph contrastive learning; propagation: features"
            " averaged over neighbours, and an autoencoder; pca: principal components; given: one's own."
        ),
    ] = "smoothed_pca",
    contrast: Annotated[str, typer.Option(help="Of contrastive: infonce, infomax or triplet.")] = "infonce",
    embedding_key: Annotated[str, typer.Option(help="Of given: obsm key of one's own embedding.")] = "",
    variable_genes: Annotated[int, typer.Option(help="Most variable genes that enter.")] = 3000,
    components: Annotated[int, typer.Option(help="Principal components that enter the model.")] = 50,
    graph_neighbors: Annotated[int, typer.Option(help="Nearest spots that a spot is linked with.")] = 10,
    dimensions: Annotated[int, typer.Option(help="Dimensions of the embedding (propagation: of each part).")] = 30,
    epochs: Annotated[int, typer.Option(help="Most passes over the spots to train.")] = 300,
    steps: Annotated[int, typer.Option(help="Most steps to train, each on about 1,024 spots.")] = 600,
    patience: Annotated[int, typer.Option(help="Steps without a better held-out loss that end training.")] = 60,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep training in this file, and go on from it if it is there.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    failure: Annotated[
        list[Path] | None,
        typer.Option(help="Once a slice: where to write what is wrong with it; the others go on without it."),
    ] = None,
    umap: Annotated[bool, typer.Option(help="Add a UMAP of the embedding, for the eye alone.")] = True,
    device: Annotated[str, typer.Option(help="auto (cuda where there is one), cpu or cuda.")] = "auto",
) -> None:
    """Embed the spots of a slice, or of a group's slices by one model; every spot is kept, in the file's order.

    Options of slices are given once for all, or once a slice, in the same order.
    """
    use_threads(1)
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch: huge pages where the system gives them
    from traitmap.embedding import GIVEN, Settings, Slice, embed_slices
    from traitmap.embedding_given import read_given
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
        steps=steps,
        patience=patience,
        contrast=contrast,
        embedding_key=embedding_key,
        checkpoint=checkpoint,
    )
    settings.check()
    columns = {"layer": layer, "spatial-key": spatial_key, "annotation": annotation, "z": z}
    rows = for_each_slice(slice_, out, columns)
    if failure and len(failure) != len(slice_):
        raise InputError(f"--failure is given {len(failure)} times for {len(slice_)} slices; give one a slice")

    def read(path, row, ledger):
        data = read_slice(
            path,
            ledger,
            layer=row["layer"] or None,
            spatial_key=row["spatial-key"] or "spatial",
            annotation=row["annotation"] or None,
            species=species,
            translate=False,  # a gene without a homolog tells spots apart all the same
        )
        if model == "given":
            data.obsm[GIVEN] = read_given(path, embedding_key)
        return data

    slices = [
        Slice(partial(read, path, row), Ledger("embed_spots", path.name), row["z"])
        for path, row in zip(slice_, rows, strict=True)
    ]

    def failed(one: Slice, error: InputError) -> None:
        tell_apart(error, failure[slices.index(one)])

    embedded = embed_slices(slices, settings, failed if failure else None)
    for path, one, result in zip(out, slices, embedded, strict=True):
        if result is None:
            continue
        single_cells = "spatial" not in result.obsm  # their maps are drawn on it
        plane = umap_plane(result.obsm["embedding"], seed, everyone=single_cells) if umap else None
        if plane is not None:
            result.obsm["X_umap"] = plane
        write_h5ad(result, path)
        facts = one.ledger.facts
        trained = facts.get("epochs_trained")
        say(
            f"{one.ledger.subject}: {result.n_obs} spots embedded in {facts['dimensions']} dimensions by {model}"
            + (f", best weights of epoch {facts['best_epoch']:g} of {trained:g}" if trained else "")
        )


def tell_apart(error: InputError, path: Path) -> None:
    """Say what is wrong with one slice, and leave it in its file: the others go on."""
    for problem in error.problems:
        say(f"error: {problem}")
    write_messages(path, error.problems)


def for_each_slice(slices: list[Path], out: list[Path], columns: dict[str, list | None]) -> list[dict]:
    """What was given once for all or once a slice, a row a slice; InputError where the numbers do not fit."""
    n = len(slices)
    problems = [f"--out is given {len(out)} times for {n} slices; give one a slice"] if len(out) != n else []
    problems += [
        f"--{name} is given {len(values)} times for {n} slices; give it once, or once a slice"
        for name, values in columns.items()
        if values and len(values) not in (1, n)
    ]
    if n > 1 and columns["z"] and len(columns["z"]) != n:
        problems.append("--z is given once; give it for each slice of a stack")
    if problems:
        raise InputError(*problems)
    return [
        {name: values[number % len(values)] if values else None for name, values in columns.items()}
        for number in range(n)
    ]


if __name__ == "__main__":
    run(main)
