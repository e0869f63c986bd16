#!/usr/bin/env python3
"""Link regression SNPs to genes by LD: the reference that every slice and trait share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from traitmap.cli import Threads, progress, run, say, use_threads
from traitmap.errors import InputError

MODES = "--panel, --ld-scores, --gsmap-resource, --merge"


def main(
    out: Annotated[Path, Option(help="reference.h5ad to write.")],
    panel: Annotated[str, Option(help="PLINK prefix of the reference panel; may hold {chr}.")] = "",
    ld_scores: Annotated[str, Option(help="Instead: LDSC .l2.ldscore.gz prefix with {chr} (approximate).")] = "",
    gsmap_resource: Annotated[Path | None, Option(help="Instead: gsMap's resource folder.")] = None,
    merge: Annotated[bool, Option("--merge", help="Instead: put the references named after it into one.")] = False,
    parts: Annotated[list[Path] | None, Argument(help="With --merge: references of single chromosomes.")] = None,
    genes: Annotated[Path | None, Option(help="Gene positions: GTF, MAGMA .gene.loc or BED.")] = None,
    snps: Annotated[str, Option(help="Regression SNPs, one id a row or with a header; may hold {chr}.")] = "",
    chromosome: Annotated[int | None, Option(min=1, max=22, help="This one alone; a result for --merge.")] = None,
    chromosomes: Annotated[str, Option(help="Those to read, such as 1-22 or 1,3,7-9.")] = "1-22",
    genetic_map: Annotated[str, Option(help="Genetic map in place of the panel's cM; may hold {chr}.")] = "",
    weights_prefix: Annotated[str, Option(help="With --ld-scores: LD scores among the regression SNPs.")] = "",
    window_kb: Annotated[float, Option(min=0, help="Reach of a gene beyond its body, kb.")] = 50,
    ld_window_cm: Annotated[float, Option(min=0, help="Reach of LD to either side of a SNP, cM.")] = 1,
    ldsc_chunk: Annotated[int, Option(min=0, help="Round LD windows to this many SNPs as LDSC does; 0: exact.")] = 0,
    genome_build: Annotated[str, Option(help="Build of all positions (recorded).")] = "GRCh37",
    threads: Threads = 1,
) -> None:
    """Link regression SNPs to genes by LD and write the reference, from exactly one of a genotype panel (--panel, with
    --genes and --snps), published LD scores (--ld-scores, with --genes), gsMap's resources (--gsmap-resource) or
    references of single chromosomes (--merge FILE...)."""
    if sum(map(bool, (panel, ld_scores, gsmap_resource, merge))) != 1:
        raise InputError(f"give exactly one of {MODES}")
    problems = [
        f"{needed} is needed with {mode}"
        for mode, needed, given in (
            ("--panel", "--genes (GTF, .gene.loc or BED)", not panel or genes),
            ("--panel", "--snps (the regression SNPs, HapMap3 for example)", not panel or snps),
            ("--ld-scores", "--genes (GTF, .gene.loc or BED)", not ld_scores or genes),
            ("--merge", "one file or more", not merge or parts),
        )
        if not given
    ]
    if parts and not merge:
        problems.append(f"{parts[0]}: files without an option are taken with --merge only")
    if problems:
        raise InputError(*problems)

    use_threads(threads)
    from traitmap.chromosomes import parse_chromosomes
    from traitmap.import_gsmap import import_gsmap
    from traitmap.import_ld_scores import import_ld_scores
    from traitmap.link_snps_to_genes import Settings, link_panel
    from traitmap.reference import write_reference
    from traitmap.reference_parts import merge as merge_parts
    from traitmap.reference_parts import read_part

    settings = Settings(window_kb, ld_window_cm, ldsc_chunk, genome_build, threads)
    wanted = [chromosome] if chromosome else parse_chromosomes(chromosomes)
    if merge:
        built = [(str(path), read_part(path)) for path in parts]
    elif gsmap_resource:
        built = [("gsMap", import_gsmap(gsmap_resource, genes, genome_build))]
    elif ld_scores:
        built = import_ld_scores(ld_scores, weights_prefix, genes, wanted, settings)
    else:
        built = link_panel(panel, genes, snps, wanted, settings, genetic_map or None)
    built = list(progress(built, "LD of chromosomes", total=len(parts or wanted)))
    reference = built[0][1] if chromosome or gsmap_resource else merge_parts(built)
    write_reference(reference, out)
    for warning in json.loads(reference.facts["ledger"])["warnings"]:
        say(f"warning: {warning}")
    say(f"{out}: {reference.weights.shape[0]:,} regression SNPs x {len(reference.genes) - 1:,} genes")


if __name__ == "__main__":
    run(main)
