"""The genes that enter the embedding: the most variable ones, of one slice or shared by the slices of a group."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.ledger import Ledger

AT_ONCE = 20_000  # spots, of which copies are in memory; and that tell how variable genes are


def blocks_of(matrix: sparse.csr_matrix) -> Iterator[slice]:
    """Rows of ``matrix`` in blocks, so that no operation copies all of a large slice."""
    for first in range(0, matrix.shape[0], AT_ONCE):
        yield slice(first, min(first + AT_ONCE, matrix.shape[0]))


def rank_genes_by_variability(counts: sparse.csr_matrix, most: int, ledger: Ledger) -> np.ndarray:
    """Rank of each gene, 0 for the one whose variance most exceeds what its mean predicts.

    inf from rank ``most`` on, NaN for genes with the same count in every spot; all 0 where no more than ``most`` vary.
    The trend is a loess fit (scanpy's seurat_v3; Stuart et al., Cell 2019). Where it cannot be fitted, with few spots,
    the variance of analytic Pearson residuals counts (Lause et al., Genome Biology 2021). Of slices with more than
    20,000 spots, 20,000 at even steps in the file's order are looked at.
    """
    ranks = np.full(counts.shape[1], np.nan)
    varying = np.flatnonzero(_varies(counts))
    ranks[varying] = 0
    chosen_by = "all genes that vary"
    if len(varying) > most:
        some = np.unique(np.linspace(0, counts.shape[0] - 1, min(AT_ONCE, counts.shape[0])).astype(int))
        looked_at = (counts if len(some) == counts.shape[0] else counts[some])[:, varying]
        found, chosen_by = _ranks(looked_at, most, ledger)
        ranks[varying] = np.where(np.isnan(found), np.inf, found)
    ledger.fact("variable_genes_chosen_by", chosen_by)
    return ranks


def _varies(counts: sparse.csr_matrix) -> np.ndarray:
    low, high = np.inf, -np.inf
    for rows in blocks_of(counts):
        block = counts[rows]
        low = np.minimum(low, block.min(axis=0).toarray().ravel())
        high = np.maximum(high, block.max(axis=0).toarray().ravel())
    return high > low


def _ranks(counts: sparse.csr_matrix, most: int, ledger: Ledger) -> tuple[np.ndarray, str]:
    import anndata
    import scanpy as sc

    data = anndata.AnnData(counts)
    options = {"n_top_genes": most, "inplace": False, "check_values": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category=RuntimeWarning)  # genes that few spots, not looked at, express
            table = sc.pp.highly_variable_genes(data, flavor="seurat_v3", **options)
        if np.isfinite(table["variances_norm"]).all():
            return table["highly_variable_rank"].to_numpy(float), "seurat_v3"
        reason = "it predicts no finite variance"
    except ValueError as error:  # of the Fortran code of loess: too few points for its span, or too many ties
        reason = " ".join(str(error).split())
    ledger.warn(
        f"the trend of variance over mean cannot be fitted ({reason}); variable genes are chosen by Pearson residuals"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=FutureWarning)
        table = sc.experimental.pp.highly_variable_genes(data, flavor="pearson_residuals", **options)
    return table["highly_variable_rank"].to_numpy(float), "pearson_residuals"


def variable_genes(
    genes: Sequence[pd.Index], ranks: Sequence[np.ndarray], most: int, ledgers: Sequence[Ledger]
) -> pd.Index:
    """At most ``most`` genes that every slice has, in the order of the first slice.

    First come those that are among the most variable in most slices, then those of lower median rank where they are
    (scanpy's rule for batches). ``genes`` and ``ranks`` are each slice's, as ``rank_genes_by_variability`` gives them.

    Raises InputError where the slices share no gene or no shared gene varies.
    """
    shared = genes[0]
    for others in genes[1:]:
        shared = shared[shared.isin(others)]
    if len(shared) == 0:
        raise InputError("the slices of the group have no gene in common; are they of one species?")
    table = np.array([rank[index.get_indexer(shared)] for index, rank in zip(genes, ranks, strict=True)])
    varies = ~np.isnan(table).all(axis=0)
    if not varies.any():
        raise InputError("no gene's count varies between spots; there is nothing to embed")
    shared_varying, table = shared[varies], table[:, varies]
    chosen = np.isfinite(table)
    typical = np.ma.median(np.ma.masked_array(table, ~chosen), axis=0).filled(np.inf)
    order = np.lexsort((np.arange(len(typical)), typical, -chosen.sum(axis=0)))
    found = shared_varying[np.sort(order[:most])]
    for index, ledger in zip(genes, ledgers, strict=True):
        if len(genes) > 1:
            ledger.removed("genes", "not in every slice of the group (embedding only)", len(index) - len(shared))
        ledger.removed("genes", "with the same count in every spot (embedding only)", len(shared) - len(shared_varying))
        ledger.removed("genes", "not among the most variable (embedding only)", len(shared_varying) - len(found))
        ledger.kept("genes", len(found), "variable, in the embedding")
        ledger.fact("variable_genes", len(found))
    return found
