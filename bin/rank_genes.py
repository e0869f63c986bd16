#!/usr/bin/env python3
"""RANK_GENES: which genes follow a trait over the spots, and where they are specific."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    specificity: Annotated[Path, typer.Option(help="Gene specificity scores (.h5ad) of SCORE_SPECIFICITY.")],
    spots: Annotated[Path, typer.Option(help="Associations of spots: spots.parquet of REGRESS_SPOTS.")],
    out: Annotated[Path, typer.Option(help="Table of genes to write (.tsv).")],
    slice_: Annotated[
        Path | None, typer.Option("--slice", help="The slice (.h5ad), for its labels (--annotation) or --expression.")
    ] = None,
    annotation: Annotated[
        str, typer.Option(help="obs column with region labels; without it those of --specificity, if any.")
    ] = "",
    expression: Annotated[
        Path | None,
        typer.Option(help="Expression of the first genes in each spot, to write (.parquet); wants --slice."),
    ] = None,
    layer: Annotated[str, typer.Option(help="Layer with raw counts; default: counts if there is one, else X.")] = "",
    spatial_key: Annotated[str, typer.Option(help="obsm key of the coordinates; none: single cells.")] = "spatial",
    species: Annotated[str, typer.Option(help="Of the slice; other than human wants --homologs.")] = "human",
    homologs: Annotated[Path | None, typer.Option(help="Table: the species' gene symbols, human ones.")] = None,
    qc: Annotated[Path | None, typer.Option(help="Account of what was counted, to write (.json).")] = None,
) -> None:
    """Correlate each gene's specificity with the spots' -log10 P and name the region where it is most specific."""
    from traitmap import genes
    from traitmap.errors import InputError
    from traitmap.files import write_tsv, writing
    from traitmap.ledger import Ledger
    from traitmap.regions import REGION, label_spots
    from traitmap.slices import read_slice
    from traitmap.spots import check_same_spots, read_spots

    if expression and slice_ is None:
        raise InputError("--expression wants --slice, the file that holds the counts")
    ledger = Ledger("rank_genes", str(spots))
    associations = read_spots(spots)
    data = genes.read_specificity(specificity)
    check_same_spots(associations.index, spots, data.obs_names, specificity)
    associations = associations.reindex(data.obs_names)
    labels = data.obs.get(REGION)
    if annotation:
        labels = label_spots(associations, specificity, slice_, annotation)
    neg_log10_p = associations["neg_log10_p"].to_numpy()
    table = genes.rank_genes(data.X, data.var_names, neg_log10_p, labels, ledger)
    if expression:
        counts = read_slice(
            slice_,
            Ledger("rank_genes", slice_.name),  # SCORE_SPECIFICITY has told what the slice holds
            layer=layer or None,
            spatial_key=spatial_key,
            species=species,
            homologs=homologs,
        )
        check_same_spots(data.obs_names, specificity, counts.obs_names, slice_)
        with writing(expression) as beside:
            genes.expression(counts[data.obs_names], table).to_parquet(beside, index=False)
    write_tsv(table, out)
    if qc:
        ledger.write(qc)
    dropped = data.n_vars - len(table)
    say(f"{len(table)} genes ranked, {dropped} of constant specificity left out; first: {', '.join(table['gene'][:5])}")


if __name__ == "__main__":
    run(main)
