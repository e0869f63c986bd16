#!/usr/bin/env python3
"""ASSOCIATE_GENES: from a trait's summary statistics and a panel's LD to the association of genes."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import Threads, progress, run, say, use_threads


def main(
    trait: Annotated[str, typer.Option(help="Name of the trait.")],
    out: Annotated[Path, typer.Option(help="Table of genes to write (.tsv).")],
    sumstats: Annotated[Path | None, typer.Option(help="Harmonised summary statistics (.parquet).")] = None,
    reference: Annotated[Path | None, typer.Option(help="reference.h5ad, for the places of genes.")] = None,
    panel: Annotated[
        str, typer.Option(help="PLINK prefix of the panel; may hold {chr}. Without it genes are approximate.")
    ] = "",
    magma: Annotated[Path | None, typer.Option(help="Instead: MAGMA's own .genes.out of the trait.")] = None,
    genes: Annotated[
        Path | None, typer.Option(help="With --magma: .gene.loc with symbols, where its genes are numbers.")
    ] = None,
    chromosomes: Annotated[str, typer.Option(help="Those of the panel to read, such as 1-22.")] = "1-22",
    window_kb: Annotated[float, typer.Option(min=0, help="Reach of a gene beyond its body, kb.")] = 50,
    qc: Annotated[Path | None, typer.Option(help="Account of what was counted, to write (.json).")] = None,
    threads: Threads = 1,
) -> None:
    """Test each gene by the sum of chi-square over the SNPs of its window under the LD of a genotype panel (--sumstats,
    --reference, --panel), or take what MAGMA found (--magma)."""
    from traitmap.errors import InputError
    from traitmap.ledger import Ledger

    if (magma is None) == (sumstats is None):
        raise InputError("give --sumstats (with --reference) or --magma, one of them")
    if sumstats and reference is None:
        raise InputError("--reference is needed with --sumstats: it tells where genes lie")
    use_threads(threads)
    from traitmap.associate_genes import STEP, associate_genes, genes_of, read_snps, snps_by_panel, snps_by_position
    from traitmap.chromosomes import parse_chromosomes
    from traitmap.files import write_tsv
    from traitmap.magma import read_magma
    from traitmap.reference import read_reference

    ledger = Ledger(STEP, trait)
    if magma:
        table, source = read_magma(magma, ledger, genes), "MAGMA"
    else:
        linked = read_reference(reference)
        snps = read_snps(sumstats, ledger)
        build = str(linked.facts.get("genome_build", ""))
        if panel:
            wanted = parse_chromosomes(chromosomes)
            parts, number = snps_by_panel(snps, panel, wanted, build, ledger), len(wanted)
        else:
            parts, number = snps_by_position(snps, ledger), int(snps["CHR"].nunique())
        parts = progress(parts, "genes of chromosomes", total=number)
        table = associate_genes(parts, genes_of(linked), round(window_kb * 1000), ledger)
        source = "panel" if panel else "complete LD"
    ledger.fact("ld", source)
    ledger.fact("approximate", source == "complete LD")
    ledger.fact("n_genes_below_bonferroni", int((table["p"] < 0.05 / len(table)).sum()))
    write_tsv(table, out)
    if qc:
        ledger.write(qc)
    for warning in ledger.warnings:
        say(f"warning: {trait}: {warning}")
    first = table.sort_values("z", ascending=False)["gene"].head(5)
    say(f"{trait}: {len(table)} genes; first {', '.join(first)}")


if __name__ == "__main__":
    run(main)
