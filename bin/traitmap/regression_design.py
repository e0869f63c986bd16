"""From reference, trait and baseline to the design of the regressions: which SNPs, which columns, which blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.jackknife import separators
from traitmap.ledger import Ledger
from traitmap.reference import Reference

FEW_SNPS = 200_000  # LDSC warns below this
# The MHC's extended region, chr6:25-34 Mb of GRCh37, and the same stretch of GRCh38.
MHC = {"GRCh37": (25_000_000, 34_000_000), "GRCh38": (24_999_772, 34_032_223)}
MHC_CHROMOSOME = 6
CHI2_FLOOR, CHI2_PER_N = 80.0, 0.001  # LDSC: SNPs above max(0.001 max N, 80) are left out
DEPENDENT = 1e-10  # a baseline column with a smaller share of its own (1 - R2) adds nothing


@dataclass(frozen=True)
class Design:
    """All that the regressions of one trait share. m SNPs in genomic order, g genes in genomic order.

    weights
        CSR float32, m x g: LD of SNPs with the genes that slice and reference have in common.
    gene_row
        int32, per gene of the slice: its column in ``weights``, or -1.
    chi2, w_ld
        m, float64.
    sample_scale, mean_n
        N_j / mean N (m), and mean N. Every LD-score column is scaled by it (LDSC), the spot's own too.
    baseline_total
        m: the sum of the unscaled baseline LD scores (all_gene + base + any further ones), part of the weights.
    columns
        m x p: intercept and baseline columns, scaled by ``sample_scale`` and to unit root mean square. They span what
        all_gene, base and 1 span (``unmapped`` stands for base, so that the columns are not nearly the same).
    separators
        Borders of the jackknife blocks.
    total_ld
        m: LD score over all panel SNPs (base), for the trait's own heritability.
    """

    weights: sparse.csr_matrix
    gene_row: np.ndarray
    chi2: np.ndarray
    w_ld: np.ndarray
    sample_scale: np.ndarray
    mean_n: float
    baseline_total: np.ndarray
    columns: np.ndarray
    separators: np.ndarray
    total_ld: np.ndarray

    @property
    def n_snps(self) -> int:
        """Regression SNPs."""
        return len(self.chi2)


@dataclass(frozen=True)
class Observations:
    """SNPs that reference, trait and baseline have in common, before any filter on chi-square; in genomic order."""

    rows: np.ndarray  # in the reference
    chi2: np.ndarray
    n: np.ndarray
    w_ld: np.ndarray
    further: pd.DataFrame  # further baseline LD scores, SNPs x columns (maybe none)


def observe(
    reference: Reference, trait: pd.DataFrame, further: pd.DataFrame | None, *, keep_mhc: bool, ledger: Ledger
) -> Observations:
    """Align trait and further baselines on the reference's SNPs, in its order; count what is left out.

    Raises InputError where nothing is left.
    """
    if trait.empty:
        raise InputError(f"{ledger.subject}: no SNP of the trait has a Z and an N; harmonise it again")
    if reference.snps.empty:
        raise InputError("--reference: holds no SNP; build it again")
    at = reference.snps.index.get_indexer(trait.index)
    ledger.removed("SNPs", "not in the reference", (at < 0).sum())
    ledger.noted("reference SNPs", "without a value of the trait", len(reference.snps) - (at >= 0).sum())
    value = np.full(len(reference.snps), -1, dtype=np.int64)
    value[at[at >= 0]] = np.flatnonzero(at >= 0)
    rows = np.flatnonzero(value >= 0)
    w_ld = reference.snps["w_ld"].to_numpy(np.float64)
    rows = _keep(rows, np.isfinite(w_ld[rows]), "without a regression weight in the reference", ledger)
    if further is not None:
        where = further.index.get_indexer(reference.snps.index[rows])
        rows = _keep(rows, where >= 0, "without further baseline LD scores", ledger)
        further = further.iloc[where[where >= 0]]
        if not len(rows):
            raise InputError(
                "--baseline: has no SNP that trait and reference share; are all of one naming (rs numbers)?"
            )
    if not keep_mhc:
        outside = ~in_mhc(reference, ledger)[rows]
        rows = _keep(rows, outside, "in the MHC", ledger)
        further = further[outside] if further is not None else None
    if not len(rows):
        raise InputError(
            f"{ledger.subject}: no SNP is left: it has none in common with the reference outside the MHC (trait: "
            f"{trait.index[0]}, reference: {reference.snps.index[0]}, ...); harmonise it again"
        )
    n = trait["N"].to_numpy()[value[rows]]
    chi2 = trait["Z"].to_numpy()[value[rows]] ** 2
    further = further if further is not None else pd.DataFrame(index=reference.snps.index[rows])
    return Observations(rows, chi2, n, w_ld[rows], further)


def _keep(rows: np.ndarray, kept: np.ndarray, what: str, ledger: Ledger) -> np.ndarray:
    ledger.removed("SNPs", what, len(kept) - kept.sum())
    return rows[kept]


def in_mhc(reference: Reference, ledger: Ledger) -> np.ndarray:
    """Per SNP of the reference: does it lie in the MHC of the reference's genome build?"""
    build = str(reference.facts.get("genome_build", ""))
    build = {"hg19": "GRCh37", "hg38": "GRCh38"}.get(build, build)
    if build not in MHC:
        ledger.warn(f"genome build {build or 'not given'}: the MHC is taken where GRCh37 has it")
    start, end = MHC.get(build, MHC["GRCh37"])
    position = reference.snps["BP"].to_numpy()
    return (reference.snps["CHR"].to_numpy() == MHC_CHROMOSOME) & (position >= start) & (position <= end)


def make_design(
    reference: Reference,
    genes: pd.Index,
    seen: Observations,
    *,
    blocks: int,
    max_chi2: float | None,
    ledger: Ledger,
) -> Design:
    """Filter on chi-square and build the shared design of a slice's regressions on one trait.

    Parameters
    ----------
    genes
        Gene symbols of the slice.
    max_chi2
        SNPs with chi-square not below it are left out; by default LDSC's max(0.001 max N, 80).

    Raises
    ------
    InputError
        Where slice and reference have no gene in common, or the SNPs are too few.
    """
    limit = max(CHI2_PER_N * seen.n.max(), CHI2_FLOOR) if max_chi2 is None else max_chi2
    low = seen.chi2 < limit
    ledger.fact("max_chi2", float(limit))
    rows = _keep(seen.rows, low, "chi-square at or above the limit", ledger)
    ledger.kept("SNPs", len(rows), "regressed")
    chi2, n, w_ld = seen.chi2[low], seen.n[low], seen.w_ld[low]
    if len(rows) < 2 * blocks:
        raise InputError(
            f"{ledger.subject}: {len(rows)} SNPs are left for the regression, but {blocks} jackknife blocks need "
            f"{2 * blocks}; give a trait or a reference with more SNPs, or fewer --blocks"
        )
    if len(rows) < FEW_SNPS:
        ledger.warn(
            f"only {len(rows):,} SNPs in the regression (LDSC's advice: {FEW_SNPS:,} or more); results are noisy"
        )
    linked = reference.weights[rows]
    mapped, unmapped, total = _baseline(linked)
    further = seen.further.to_numpy(np.float64)[low]
    borders = separators(len(rows), blocks)
    scale = n / n.mean()
    ones = np.ones(len(rows))
    names = ["intercept", "all_gene", "base", *seen.further.columns]
    columns = np.column_stack([ones, mapped * scale, unmapped * scale, further * scale[:, None]])
    weights, gene_row = _link_genes(linked, reference.genes.index, genes, ledger)
    return Design(
        weights=weights,
        gene_row=gene_row,
        chi2=chi2,
        w_ld=w_ld,
        sample_scale=scale,
        mean_n=float(n.mean()),
        baseline_total=mapped + total + further.sum(axis=1),
        columns=_independent(columns, names, borders, ledger),
        separators=borders,
        total_ld=total,
    )


def _baseline(linked: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LD scores all_gene (every gene, measured or not), unmapped, and base, their sum; float64."""
    ones = np.ones(linked.shape[1])
    ones[-1] = 0.0
    mapped = linked @ ones
    unmapped = linked @ (1.0 - ones)
    return mapped, unmapped, mapped + unmapped


def total_ld_scores(reference: Reference, rows: np.ndarray) -> np.ndarray:
    """LD score of each SNP over all panel SNPs, mapped to a gene or not; float64."""
    return _baseline(reference.weights[rows])[2]


def _link_genes(
    linked: sparse.csr_matrix, names: pd.Index, genes: pd.Index, ledger: Ledger
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Columns of the genes in common, in genomic order, so that neighbouring SNPs use neighbouring columns."""
    ledger.read("genes", len(genes), "in the slice")
    at = names[:-1].get_indexer(genes)
    ledger.removed("genes", "not in the reference", (at < 0).sum())
    if (at < 0).all():
        raise InputError(
            f"--specificity, --reference: no gene in common (slice: {genes[0]}, reference: {names[0]}); "
            "both must use human gene symbols"
        )
    columns = linked.tocsc()
    count = np.diff(columns.indptr)
    ledger.removed("genes", "without a regression SNP in LD", (count[at[at >= 0]] == 0).sum())
    # Sum of the rows of a column's entries over their number: where on the genome the gene lies.
    ends = np.concatenate([[0.0], np.cumsum(columns.indices, dtype=np.float64)])
    place = np.diff(ends[columns.indptr]) / np.maximum(count, 1)
    used = np.flatnonzero((at >= 0) & (count[at] > 0))
    if not len(used):
        raise InputError(
            "--reference: no gene of the slice is in LD with a regression SNP; is it of another genome build?"
        )
    used = used[np.argsort(place[at[used]], kind="stable")]
    gene_row = np.full(len(genes), -1, dtype=np.int32)
    gene_row[used] = np.arange(len(used), dtype=np.int32)
    ledger.kept("genes", len(used), "regressed")
    weights = columns[:, at[used]].tocsr()
    weights.sort_indices()
    return weights, gene_row


def _independent(columns: np.ndarray, names: Sequence[str], borders: np.ndarray, ledger: Ledger) -> np.ndarray:
    """Scale columns to unit root mean square and leave out those that the ones before them determine.

    A column must be independent with all SNPs and with any jackknife block left out. What is left out changes no spot's
    coefficient, for the span stays the same. Reports the condition number of what is kept.
    """
    size = np.sqrt(np.mean(columns**2, axis=0))
    scaled = columns / np.where(size > 0, size, 1.0)
    parts = np.stack([scaled[lo:hi].T @ scaled[lo:hi] for lo, hi in pairwise(borders)])
    whole = parts.sum(axis=0)
    kept = independent_columns(np.concatenate([whole[None], whole - parts]))
    left_out = [name for i, name in enumerate(names) if i not in kept]
    ledger.noted("baseline columns", "left out: the others determine them", len(left_out))
    if left_out:
        ledger.warn(f"baseline columns left out, for the others determine them: {', '.join(left_out)}")
    ledger.fact("baseline_columns", [names[i] for i in kept])
    ledger.fact("baseline_condition_number", float(np.linalg.cond(whole[np.ix_(kept, kept)])))
    return np.ascontiguousarray(scaled[:, kept])


def independent_columns(grams: np.ndarray) -> list[int]:
    """Indices of columns that keep a share above ``DEPENDENT`` of their own in each Gram matrix (grams: k x p x p)."""
    kept: list[int] = []
    left = grams.copy()
    diagonal = np.einsum("kii->ki", grams).copy()
    for i in range(grams.shape[1]):
        pivot = left[:, i, i].copy()
        if (pivot <= DEPENDENT * diagonal[:, i]).any() or (diagonal[:, i] <= 0).any():
            continue
        kept.append(i)
        left -= left[:, :, i, None] * left[:, None, i, :] / pivot[:, None, None]
    return kept
