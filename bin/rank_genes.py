#!/usr/bin/env python3
"""RANK_GENES: which genes follow a trait over the spots, and where they are specific."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Homologs, Layer, SpatialKey, Species, check_once_a_trait, run, say
from traitmap.errors import InputError
from traitmap.failures import tell_failures


def main(
    specificity: Annotated[Path, typer.Option(help="Gene specificity scores (.h5ad) of SCORE_SPECIFICITY.")],
    spots: Annotated[
        list[Path], typer.Option(help="Associations of spots: spots.parquet of REGRESS_SPOTS. Repeat for traits.")
    ],
    out: Annotated[list[Path], typer.Option(help="Table of genes to write (.tsv); one a trait, in their order.")],
    slice_: Annotated[
        Path | None, typer.Option("--slice", help="The slice (.h5ad), for its labels (--annotation) or --expression.")
    ] = None,
    annotation: Annotated[
        str, typer.Option(help="obs column with region labels; without it those of --specificity, if any.")
    ] = "",
    expression: Annotated[
        list[Path] | None,
        typer.Option(
            help="Expression of the first genes in each spot, to write (.parquet), one a trait; wants --slice."
        ),
    ] = None,
    layer: Layer = "",
    spatial_key: SpatialKey = "spatial",
    species: Species = "human",
    homologs: Homologs = None,
    qc: Annotated[
        list[Path] | None, typer.Option(help="Account of what was counted, to write (.json); one a trait.")
    ] = None,
    failure: Annotated[
        list[Path] | None,
        typer.Option(help="File for what is wrong with a trait, one a trait: the other traits then go on without it."),
    ] = None,
) -> None:
    """Correlate each gene's specificity with the spots' -log10 P and name the region where it is most specific.

    Of several traits, scores and slice are read once.
    """
    once = {"--out": out, "--expression": expression, "--qc": qc, "--failure": failure}
    check_once_a_trait("--spots", len(spots), once)
    from traitmap import genes
    from traitmap.files import write_tsv, writing
    from traitmap.ledger import Ledger
    from traitmap.regions import REGION, label_spots
    from traitmap.slices import read_slice
    from traitmap.spots import check_same_spots, read_spots

    if expression and slice_ is None:
        raise InputError("--expression wants --slice, the file that holds the counts")
    data = genes.read_specificity(specificity)
    found, wrong = {}, {}
    for number, path in enumerate(spots):
        try:
            associations = read_spots(path)
            check_same_spots(associations.index, path, data.obs_names, specificity)
        except InputError as error:
            wrong[number] = error.problems
            continue
        found[number] = associations["neg_log10_p"].reindex(data.obs_names).to_numpy()
    tell_failures(wrong, failure)
    if not found:
        return
    labels = label_spots(data.obs, specificity, slice_, annotation) if annotation else data.obs.get(REGION)
    described = genes.describe_genes(data.X, data.var_names, labels)
    counts = None
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
        counts = counts[data.obs_names]
    for number, neg_log10_p in found.items():
        ledger = Ledger("rank_genes", str(spots[number]))
        table = genes.rank_genes(data.X, described, neg_log10_p, labels, ledger)
        if expression:
            with writing(expression[number]) as beside:
                genes.expression(counts, table).to_parquet(beside, index=False)
        write_tsv(table, out[number])
        if qc:
            ledger.write(qc[number])
        constant = data.n_vars - len(table)
        first = ", ".join(table["gene"][:5])
        say(f"{len(table)} genes ranked, {constant} of constant specificity left out; first: {first}")


if __name__ == "__main__":
    run(main)
