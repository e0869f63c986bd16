"""Node features of the embedding: the most variable genes of a slice, and their principal components."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from traitmap.errors import InputError
from traitmap.ledger import Ledger

if TYPE_CHECKING:
    from traitmap.embedding import Settings

TARGET_SUM = 1e4  # counts that every spot is scaled to
CLIP = 10.0  # standard deviations above a gene's mean


@dataclass(frozen=True)
class Components:
    """Principal components of n spots.

    scores
        n x k, float32; 0, their mean, for spots without counts.
    measured
        n, bool: spots with counts.
    genes
        Positions of the genes that entered.
    """

    scores: np.ndarray
    measured: np.ndarray
    genes: np.ndarray


def principal_components(counts: sparse.csr_matrix, settings: Settings, ledger: Ledger) -> Components:
    """Principal component scores of the most variable genes, normalised, logged and scaled.

    ``counts`` is spots x genes, raw. Spots without counts take no part: they get the mean of all others, 0.

    Raises InputError where fewer than two spots have counts or no gene varies between them.
    """
    measured = np.diff(counts.indptr) > 0
    if measured.sum() < 2:
        raise InputError(f"only {measured.sum()} spots have counts; an embedding needs at least two")
    counts = counts if measured.all() else counts[measured]
    genes = variable_genes(counts, settings.variable_genes, ledger)
    scaled = scaled_expression(counts, genes)
    found = _components(scaled, settings.components, settings.seed, ledger)
    scores = np.zeros((len(measured), found.shape[1]), np.float32)
    scores[measured] = found
    return Components(scores, measured, genes)


def variable_genes(counts: sparse.csr_matrix, most: int, ledger: Ledger) -> np.ndarray:
    """Positions, ascending, of at most ``most`` genes: those whose variance most exceeds what their mean predicts.

    The trend is a loess fit (scanpy's seurat_v3; Stuart et al., Cell 2019). Where it cannot be fitted, with few spots,
    the genes with the largest variance of analytic Pearson residuals are taken (Lause et al., Genome Biology 2021).
    """
    varying = np.flatnonzero(_varies(counts))
    ledger.removed("genes", "with the same count in every spot (embedding only)", counts.shape[1] - len(varying))
    if len(varying) == 0:
        raise InputError("no gene's count varies between spots; there is nothing to embed")
    if len(varying) <= most:
        genes, chosen_by = varying, "all genes that vary"
    else:
        chosen, chosen_by = _most_variable(counts[:, varying], most, ledger)
        genes = varying[chosen]
    ledger.removed("genes", "not among the most variable (embedding only)", len(varying) - len(genes))
    ledger.kept("genes", len(genes), "variable, in the embedding")
    ledger.fact("variable_genes", len(genes))
    ledger.fact("variable_genes_chosen_by", chosen_by)
    return genes


def _varies(counts: sparse.csr_matrix) -> np.ndarray:
    low, high = counts.min(axis=0).toarray().ravel(), counts.max(axis=0).toarray().ravel()
    return high > low


def _most_variable(counts: sparse.csr_matrix, most: int, ledger: Ledger) -> tuple[np.ndarray, str]:
    import anndata
    import scanpy as sc

    data = anndata.AnnData(counts)
    options = {"n_top_genes": most, "inplace": False, "check_values": False}
    try:
        table = sc.pp.highly_variable_genes(data, flavor="seurat_v3", **options)
        if np.isfinite(table["variances_norm"]).all():
            return np.flatnonzero(table["highly_variable"]), "seurat_v3"
        reason = "it predicts no finite variance"
    except ValueError as error:  # of the Fortran code of loess: too few points for its span, or too many ties
        reason = " ".join(str(error).split())
    ledger.warn(
        f"the trend of variance over mean cannot be fitted ({reason}); variable genes are chosen by Pearson residuals"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=FutureWarning)
        table = sc.experimental.pp.highly_variable_genes(data, flavor="pearson_residuals", **options)
    return np.flatnonzero(table["highly_variable"]), "pearson_residuals"


def scaled_expression(counts: sparse.csr_matrix, genes: np.ndarray) -> sparse.csr_matrix:
    """Normalised to 1e4 counts a spot, log(1 + x), divided by each gene's SD, clipped at 10 SD above its mean.

    Spots x ``genes``, CSR float64. It is not centred, so that zeros stay zeros: principal components centre it.
    """
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    scaled = sparse.csr_matrix(sparse.diags_array(TARGET_SUM / totals) @ counts[:, genes].astype(np.float64))
    np.log1p(scaled.data, out=scaled.data)
    mean = np.asarray(scaled.mean(axis=0)).ravel()
    square = np.asarray(scaled.multiply(scaled).mean(axis=0)).ravel()
    n = scaled.shape[0]
    sd = np.sqrt(np.maximum(square - mean**2, 0) * n / (n - 1))
    sd[sd <= 1e-6 * mean] = np.inf  # the counts vary, their shares do not
    scaled.data /= sd[scaled.indices]
    scaled.data = np.minimum(scaled.data, (mean / sd + CLIP)[scaled.indices])
    return scaled


def _components(scaled: sparse.csr_matrix, wanted: int, seed: int, ledger: Ledger) -> np.ndarray:
    """Scores of the principal components, spots x at most ``wanted``; those without variance are left out."""
    from sklearn.decomposition import PCA

    if not scaled.data.any():
        raise InputError("no gene's share of counts varies between spots; there is nothing to embed")
    k = min(wanted, scaled.shape[0] - 1, scaled.shape[1])
    if min(scaled.shape) <= 2 * wanted:  # so few that Lanczos iterations save nothing
        pca = PCA(k, svd_solver="full")
        scores = pca.fit_transform(scaled.toarray())
    else:
        pca = PCA(k, svd_solver="arpack", random_state=seed)
        scores = pca.fit_transform(scaled)
    varies = pca.explained_variance_ > 1e-9 * pca.explained_variance_[0]
    scores = scores[:, varies]
    if scores.shape[1] < wanted:
        ledger.warn(f"the slice has {scores.shape[1]} principal components; {wanted} were asked for")
    ledger.fact("components", scores.shape[1])
    ledger.fact("components_variance_share", float(pca.explained_variance_ratio_[varies].sum()))
    return np.ascontiguousarray(scores, dtype=np.float32)
