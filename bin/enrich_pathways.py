#!/usr/bin/env python3
"""ENRICH_PATHWAYS: gene sets over-represented among the genes that drive the traits' regions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    sheet: Annotated[Path, typer.Option(help="TSV with columns slice, trait, genes (genes.tsv of each).")],
    gene_sets: Annotated[Path, typer.Option(help="Gene sets (.gmt): name, description, genes, between tabs.")],
    out: Annotated[Path, typer.Option(help="Table to write (.tsv).")],
) -> None:
    """Test every gene set among the driver genes of every slice, trait and region; nothing is downloaded."""
    from traitmap.enrich_pathways import enrich_run, read_gene_sets
    from traitmap.files import write_tsv
    from traitmap.pair_sheets import read_pairs

    tables = {(row["slice"], row["trait"]): Path(row["genes"]) for row in read_pairs(sheet, ("genes",))}
    sets = read_gene_sets(gene_sets)
    table = enrich_run(tables, sets.sets)
    write_tsv(table, out)
    say(f"{len(sets.sets)} gene sets, {len(tables)} slices x traits: {int((table['q'] < 0.05).sum())} with q < 0.05")


if __name__ == "__main__":
    run(main)
