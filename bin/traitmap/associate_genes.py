"""Genes' association with a trait, from its summary statistics and the LD of a panel.

The statistic is that of MAGMA's SNP-wise mean model (de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219): the sum of
chi-square over the SNPs in a gene's window. Given the panel's correlation R of these SNPs, Z ~ N(0, R) without
association, and the sum is one of independent chi-squares weighted by the eigenvalues of R.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from threadpoolctl import threadpool_limits

from traitmap.chi2_mixtures import exact_quantile, normal_quantile
from traitmap.errors import InputError
from traitmap.formats import GENE_ASSOCIATIONS, SMALLEST_P, UNMAPPED
from traitmap.genome_builds import build_problem
from traitmap.ledger import Ledger
from traitmap.panel import Panel, find_panel, read_bim, read_panel
from traitmap.reference import Reference
from traitmap.regression_inputs import read_table, read_trait

STEP = "associate_genes"
NO_GENOTYPES = (
    "No genotypes: the SNPs of a gene count as one, as if in complete LD; z of genes are approximate, and too small "
    "where a gene has many SNPs. Give a panel (--gene_panel), or MAGMA's results (column magma_genes of the traits)."
)


@dataclass(frozen=True)
class ChromosomeSnps:
    """SNPs of one chromosome that have a Z, in order of position: ``position`` and ``z`` (M,); and the ``panel`` with
    just these SNPs, None where LD is unknown."""

    chromosome: int
    position: np.ndarray
    z: np.ndarray
    panel: Panel | None = None


def read_snps(path: Path, ledger: Ledger) -> pd.DataFrame:
    """Read harmonised summary statistics: index SNP, columns CHR, BP (of the reference) and Z.

    Raises InputError where the file is none of HARMONIZE_SUMSTATS'.
    """
    table = read_trait(path, ledger)
    if table.empty:
        raise InputError(f"{path}: holds no SNP with Z and N (summary statistics); harmonise the trait again")
    places = read_table(path, "summary statistics", ["SNP", "CHR", "BP"])
    missing = [name for name in ("CHR", "BP") if name not in places]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; harmonise it first (harmonize_sumstats.py)")
    places = places.drop_duplicates("SNP").set_index("SNP").reindex(table.index)
    return table.assign(CHR=places["CHR"].to_numpy(), BP=places["BP"].to_numpy())


def genes_of(reference: Reference) -> pd.DataFrame:
    """The genes of a reference with their places (``formats.REFERENCE_GENES``), without the row for unmapped SNPs.

    Raises InputError where it knows no places.
    """
    genes = reference.genes[reference.genes.index != UNMAPPED]
    if not (genes["chr"] > 0).any():
        raise InputError("the reference does not tell where genes lie; build or import it with --genes")
    return genes


def snps_by_panel(
    snps: pd.DataFrame, prefix: str, chromosomes: list[int], genome_build: str, ledger: Ledger
) -> Iterator[ChromosomeSnps]:
    """The SNPs of each chromosome that the panel (PLINK prefix, ``{chr}`` filled in) has too, by name.

    All missing files are told at once, in an InputError, before any is read.
    """
    beds, problems = find_panel(prefix, chromosomes)
    if problems:
        raise InputError(*problems)
    bim = None if "{chr}" in prefix else read_bim(beds[chromosomes[0]].with_suffix(".bim"))
    found = 0
    for number in chromosomes:
        panel = read_panel(beds[number], number, Ledger(STEP, f"chromosome {number}"), bim)
        whole = np.full(len(panel.snps), number)
        names = pd.Index(panel.snps["SNP"])
        if problem := build_problem(str(beds[number]), "SNP", names, whole, panel.snps["BP"], genome_build):
            raise InputError(problem)
        rows = snps.index.get_indexer(names)
        kept = panel.snps[rows >= 0].reset_index(drop=True)
        found += len(kept)
        z = snps["Z"].to_numpy()[rows[rows >= 0]]
        yield ChromosomeSnps(number, kept["BP"].to_numpy(np.int64), z, replace(panel, snps=kept))
    if not found:
        raise InputError(
            f"{prefix}: has none of the trait's {len(snps)} SNPs (first: {snps.index[0]!r}, there: {names[0]!r}); are "
            "both of one naming (rs numbers)?"
        )
    ledger.removed("SNPs", "not in the panel", len(snps) - found)


def snps_by_position(snps: pd.DataFrame, ledger: Ledger) -> Iterator[ChromosomeSnps]:
    """The SNPs of each chromosome, without LD."""
    placed = snps[(snps["CHR"] > 0) & (snps["BP"] > 0)].sort_values(["CHR", "BP"], kind="stable")
    ledger.removed("SNPs", "without a position", len(snps) - len(placed))
    ledger.warn(NO_GENOTYPES)
    for number, of in placed.groupby("CHR", sort=True):
        yield ChromosomeSnps(int(number), of["BP"].to_numpy(np.int64), of["Z"].to_numpy())


def associate_genes(
    chromosomes: Iterable[ChromosomeSnps], genes: pd.DataFrame, window: int, ledger: Ledger
) -> pd.DataFrame:
    """The table of genes (columns ``formats.GENE_ASSOCIATIONS``) in genomic order.

    ``genes`` (index gene, ``formats.REFERENCE_GENES``) reach ``window`` bases beyond their bodies; a SNP counts for
    every gene that reaches it. Genes without a SNP are left out and counted. Memory holds one gene's genotypes at a
    time.
    """
    rows = []
    used = seen = 0
    with threadpool_limits(1, user_api="blas"):
        for here in chromosomes:
            read = here.panel.read_standardized() if here.panel is not None else None
            reached = snps_of_genes(here, genes, window)
            used += _covered(reached, len(here.position))
            seen += len(here.position)
            for gene in reached.itertuples():
                weights = None if read is None else ld_eigenvalues(read(gene.first, gene.last))
                tested = gene_test(here.z[gene.first : gene.last], weights)
                rows.append((gene.Index, here.chromosome, gene.start, gene.end, gene.last - gene.first, *tested))
    ledger.removed("SNPs", "in no gene's window", seen - used)
    ledger.kept("SNPs", used, "near a gene")
    ledger.read("genes", len(genes))
    ledger.removed("genes", "without a SNP in their window", len(genes) - len(rows))
    ledger.kept("genes", len(rows))
    if not rows:
        raise InputError(
            "no gene has a SNP in its window; are genes, panel and summary statistics of one genome build?"
        )
    return pd.DataFrame(rows, columns=list(GENE_ASSOCIATIONS))


def snps_of_genes(here: ChromosomeSnps, genes: pd.DataFrame, window: int) -> pd.DataFrame:
    """The chromosome's genes in their order that reach a SNP: start and end, and the half-open range first to last."""
    own = genes[genes["chr"] == here.chromosome].sort_values(["start", "end"], kind="stable")
    first = np.searchsorted(here.position, own["start"].to_numpy() - window, side="left")
    last = np.searchsorted(here.position, own["end"].to_numpy() + window, side="right")
    return own[["start", "end"]].assign(first=first, last=last)[first < last]


def _covered(reached: pd.DataFrame, n: int) -> int:
    """How many of n SNPs any gene reaches."""
    edges = np.bincount(reached["first"], minlength=n + 1) - np.bincount(reached["last"], minlength=n + 1)
    return int((np.cumsum(edges)[:n] > 0).sum())


def ld_eigenvalues(genotypes: np.ndarray) -> np.ndarray:
    """Eigenvalues (min(M, people),) of the correlation of SNPs (M, people), each of mean 0 and squares summing to 1.

    Of the smaller Gram matrix: both have the same eigenvalues but for zeros.
    """
    standardized = genotypes.astype(np.float64)
    few = standardized if standardized.shape[0] <= standardized.shape[1] else standardized.T
    return np.clip(np.linalg.eigvalsh(few @ few.T), 0, None)


def gene_test(z: np.ndarray, eigenvalues: np.ndarray | None) -> tuple[float, float, float, float]:
    """Independent SNPs, mean chi-square, z and one-sided P of a gene from the ``z`` (k,) of its SNPs.

    ``eigenvalues`` are those of their LD; None: complete LD, of which the mean chi-square is that of one SNP. The
    number of independent SNPs is (sum of eigenvalues)^2 / sum of their squares.
    """
    chi2 = float(np.square(z).sum())
    if eigenvalues is None:
        independent, gene_z = 1.0, exact_quantile(chi2 / len(z))
    else:
        independent = float(eigenvalues.sum() ** 2 / np.square(eigenvalues).sum())
        gene_z = normal_quantile(chi2, eigenvalues)
    p = float(np.maximum(stats.norm.sf(gene_z), SMALLEST_P))
    return independent, chi2 / len(z), gene_z, p
