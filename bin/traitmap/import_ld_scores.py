"""The approximate reference from published LD scores, for ancestries of which no genotypes are to be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import file_problems
from traitmap.gene_windows import gene_of_snps
from traitmap.genome_builds import build_problem
from traitmap.ldsc_files import find_ld_scores, read_ld_scores
from traitmap.ledger import Ledger
from traitmap.reference import Reference
from traitmap.reference_parts import STEP, SharedFile, make_part

if TYPE_CHECKING:
    from traitmap.link_snps_to_genes import Settings

APPROXIMATE = (
    "The reference is approximate: it was made from published LD scores, which are given whole to the gene whose "
    "window holds the SNP, although a SNP tags genes next to it too."
)


def import_ld_scores(
    prefix: str, weights_prefix: str, genes: Path, chromosomes: list[int], settings: Settings
) -> Iterator[tuple[str, Reference]]:
    """Yield each chromosome's name and approximate reference from LDSC-format LD scores (prefixes with ``{chr}``).

    A SNP's LD score stands in the column of the gene whose window holds the SNP, or of ``unmapped``. Its regression
    weight is by the LD score of ``weights_prefix`` (SNPs without are left out), or by the same where none is given.
    """
    scores, problems = find_ld_scores(prefix, chromosomes, "LD scores")
    weights, missing = find_ld_scores(weights_prefix, chromosomes, "weights") if weights_prefix else ({}, [])
    problems += missing
    problems += file_problems(genes, "genes")
    if problems:
        raise InputError(*problems)
    gene_file = SharedFile.genes(genes, settings.genome_build)
    for chromosome in chromosomes:
        reference = _import_chromosome(scores[chromosome], weights.get(chromosome), chromosome, gene_file, settings)
        yield f"chromosome {chromosome}", reference


def _import_chromosome(
    path: Path, weights: Path | None, chromosome: int, gene_file: SharedFile, settings: Settings
) -> Reference:
    ledger = Ledger(STEP, f"chromosome {chromosome}")
    ledger.warn(APPROXIMATE)
    snps = read_ld_scores(path, chromosome, "regression SNPs", ledger)
    if snps.empty:
        raise InputError(
            f"{path}: holds no SNP of chromosome {chromosome} with an L2; mend it, or name fewer by --chromosomes"
        )
    whole = np.full(len(snps), chromosome)
    if problem := build_problem(str(path), "SNP", snps.index, whole, snps["BP"], settings.genome_build):
        raise InputError(problem)
    snps["w_ld"] = snps["L2"]
    if weights is not None:
        of_weights = read_ld_scores(weights, chromosome, "weights", ledger)["L2"]
        unweighted = ~snps.index.isin(of_weights.index)
        ledger.removed("regression SNPs", "without a weight", unweighted.sum())
        snps = snps[~unweighted]
        snps["w_ld"] = of_weights.reindex(snps.index)
        if snps.empty:
            raise InputError(f"{weights}: has no SNP of {path}; do LD scores and weights belong together?")
    genes = gene_file.content[gene_file.content["chr"] == chromosome]
    gene = gene_of_snps(snps["BP"].to_numpy(), genes, settings.window)
    ledger.noted("regression SNPs", "in the window of no gene", (gene == len(genes)).sum())
    ledger.kept("regression SNPs", len(snps))
    ledger.noted(
        "genes", "without a regression SNP in their window", len(genes) - len(np.unique(gene[gene < len(genes)]))
    )
    ledger.kept("genes", len(genes))
    ledger.fact("n_regression_snps", len(snps))
    ledger.fact("n_genes", len(genes))
    matrix = sparse.csr_matrix(
        (snps["L2"].to_numpy(np.float32), gene, np.arange(len(snps) + 1)), shape=(len(snps), len(genes) + 1)
    )
    facts = settings.facts(panel_people=0) | {"approximate": True, "ld_window": "as published"}
    columns = snps.assign(CHR=np.int64(chromosome), A1="", A2="")
    return make_part(
        chromosome, matrix, columns, genes, facts, ledger, [gene_file], [path] if weights is None else [path, weights]
    )
