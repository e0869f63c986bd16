#!/usr/bin/env python3
"""Simulate a study with known truth: slices, LD panel, genes, GWAS, sheets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from traitmap.cli import Threads, run, say, use_threads
from traitmap.errors import InputError
from traitmap.simulation import Study, simulate_study


def main(
    out: Annotated[Path, Option(help="New folder for the study.")],
    seed: Annotated[int, Option(min=0, help="The same seed gives the same files, byte for byte.")],
    spots: Annotated[int, Option(help="Spots of a slice.")] = Study.spots,
    genes: Annotated[int, Option(help="Genes of a slice.")] = Study.genes,
    snps: Annotated[int, Option(help="SNPs of the panel, over all chromosomes.")] = Study.snps,
    slices: Annotated[int, Option(help="Slices, all of one group.")] = Study.slices,
    regions: Annotated[int, Option(help="Regions of a slice.")] = Study.regions,
    people: Annotated[int, Option(help="People of the panel.")] = Study.people,
    gwas_people: Annotated[int, Option(help="People whose genotypes carry the LD of the GWAS.")] = Study.gwas_people,
    chromosomes: Annotated[str, Option(help="How many (22: 1 to 22), or which (1,6,20-22).")] = "22",
    kb_per_gene: Annotated[
        float, Option(help="Kilobases of genome for each gene; sets its length.")
    ] = Study.kb_per_gene,
    gwas_n: Annotated[int, Option(help="Sample size of the GWAS.")] = Study.gwas_n,
    heritability: Annotated[float, Option(help="Of each trait, over the simulated genome.")] = Study.heritability,
    causal_region: Annotated[str, Option(help="Region whose marker genes carry causal traits.")] = Study.causal_region,
    causal_traits: Annotated[int, Option(help="Causal traits of each enrichment.")] = Study.causal_traits,
    enrichment: Annotated[
        list[float] | None, Option(help="Of SNP effects' variance near those genes; repeat for more. [default: 8]")
    ] = None,
    null_traits: Annotated[int, Option(help="Null traits of each kind.")] = Study.null_traits,
    null_kind: Annotated[
        list[str] | None,
        Option(help="uniform; genes or random_genes: enriched near all or random genes; repeat. [default: uniform]"),
    ] = None,
    null_enrichment: Annotated[float, Option(help="Of null traits near (random) genes.")] = Study.null_enrichment,
    depth: Annotated[float | None, Option(help="Median counts of a spot. [default: half as many as genes]")] = None,
    threads: Threads = 1,
) -> None:
    """Simulate a study with known truth: slices, LD panel, genes, GWAS, sheets; truth.json says what is true."""
    use_threads(threads)
    study = Study(
        seed=seed,
        spots=spots,
        genes=genes,
        snps=snps,
        slices=slices,
        regions=regions,
        people=people,
        gwas_people=gwas_people,
        chromosomes=parse_chromosomes(chromosomes),
        kb_per_gene=kb_per_gene,
        gwas_n=gwas_n,
        heritability=heritability,
        causal_region=causal_region,
        causal_traits=causal_traits,
        enrichments=tuple(enrichment or Study.enrichments),
        null_traits=null_traits,
        null_kinds=tuple(null_kind or Study.null_kinds),
        null_enrichment=null_enrichment,
        depth=depth,
    )
    truth = simulate_study(study, out, threads)
    say(f"{out}: {slices} slices, {truth['panel_snps']} panel SNPs, {', '.join(truth['traits'])}")


def parse_chromosomes(text: str) -> tuple[int, ...]:
    """``22`` is 1 to 22, ``1,6,20-22`` is just those."""
    try:
        parts = [[int(end) for end in part.split("-")] for part in text.split(",")]
        if len(parts) == 1 and len(parts[0]) == 1:
            parts = [[1, parts[0][0]]]
        return tuple(number for part in parts for number in range(part[0], part[-1] + 1))
    except ValueError:
        raise InputError(f"--chromosomes {text}: give a number (22) or a list (1,6,20-22)") from None


if __name__ == "__main__":
    run(main)
