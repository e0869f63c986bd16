"""Which genes follow a trait: correlation of specificity with the spots' -log10 P, and where genes are specific."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.cauchy import combine
from traitmap.errors import InputError
from traitmap.formats import COUNTS_PER_SPOT, GENES
from traitmap.h5ad import read_h5ad
from traitmap.ledger import Ledger

if TYPE_CHECKING:
    from anndata import AnnData

TOP_GENES = 50  # the genes of highest pcc that may be said to drive a region,
DRIVEN_P = 0.05  # where the region's combined P is below this
EXPRESSED = 12  # the genes of highest pcc whose expression is written, for maps
COLUMNS = 256  # columns that are made dense at a time for the medians


def read_specificity(path: Path) -> AnnData:
    """Read specificity.h5ad: X spots x genes (CSR float32, all finite, explicit zeros gone), unique names.

    Raises InputError where it is no such file.
    """
    data = read_h5ad(path, "gene specificity")
    if data.X is None or 0 in data.shape:
        raise InputError(f"{path}: holds no gene specificity scores in X (shape {data.shape}); score the slice again")
    problems = [
        f"{path}: {what} {names[names.duplicated()][0]!r} occurs more than once; names must be unique"
        for what, names in (("spot", data.obs_names), ("gene", data.var_names))
        if not names.is_unique
    ]
    data.X = sparse.csr_matrix(data.X)
    data.X.eliminate_zeros()
    if not np.isfinite(data.X.data).all():
        problems.append(f"{path}: X holds missing or infinite scores; score the slice again")
    if problems:
        raise InputError(*problems)
    return data


def describe_genes(scores: sparse.csr_matrix, genes: pd.Index, regions: pd.Series | None) -> pd.DataFrame:
    """What is said of each gene whatever the trait: columns gene, region, median_gss, share_expressed.

    Parameters
    ----------
    scores
        GSS, spots x genes, without explicit zeros.
    regions
        (spots,) labels, missing where a spot has none; None for a label-free run.
    """
    table = pd.DataFrame({"gene": genes.astype(str)})
    table["region"], table["median_gss"] = most_specific(scores, regions)
    table["share_expressed"] = column_counts(scores) / scores.shape[0]
    return table


def rank_genes(
    scores: sparse.csr_matrix,
    described: pd.DataFrame,
    neg_log10_p: np.ndarray,
    regions: pd.Series | None,
    ledger: Ledger,
) -> pd.DataFrame:
    """Return the table of genes (columns ``formats.GENES``), highest pcc first, then by name.

    Parameters
    ----------
    scores, described, regions
        Of ``describe_genes``.
    neg_log10_p
        (spots,), in the order of ``scores``; spots of NaN are left out of pcc and counted.

    Notes
    -----
    Genes of the same score in all spots with a P have no correlation: they are left out and counted.
    ``drives`` is ``region`` for the genes among the ``TOP_GENES`` of highest pcc with pcc > 0, a median GSS above 0
    there, and a Cauchy P of that region below ``DRIVEN_P``: the genes that follow the trait most closely, in the
    associated region where they are most specific. It marks candidates; it is no test.
    """
    unknown = int(np.isnan(neg_log10_p).sum())
    ledger.read("spots", len(neg_log10_p))
    ledger.removed("spots", "without a P (singular regression)", unknown)
    ledger.read("genes", len(described))
    pcc, constant = correlate(scores, neg_log10_p)
    ledger.removed("genes", "same specificity in every spot with a P", int(constant.sum()))
    if not np.isfinite(pcc[~constant]).all():
        ledger.warn("the spots' P do not vary: genes cannot be ranked, pcc is empty")
    table = described.assign(pcc=pcc)[~constant]
    table = table.sort_values(["pcc", "gene"], ascending=[False, True], kind="stable", ignore_index=True)
    associated = associated_regions(neg_log10_p, regions)
    drives = (table.index < TOP_GENES) & (table["pcc"] > 0) & (table["median_gss"] > 0)
    drives &= table["region"].isin(associated)
    table["drives"] = table["region"].where(drives, "")
    ledger.noted("genes", f"marked as driving a region (top {TOP_GENES} by pcc)", int((table["drives"] != "").sum()))
    ledger.kept("genes", len(table))
    return table[list(GENES)]


def expression(counts: AnnData, table: pd.DataFrame) -> pd.DataFrame:
    """Expression of the first ``EXPRESSED`` genes of ``table`` that the slice measured: float32, a column a gene.

    ``counts`` is a slice as ``slices.read_slice`` returns it. log(1 + counts per 10,000); NaN in spots without counts.
    The first column, ``spot``, has the spots in the slice's order.
    """
    names = [gene for gene in table["gene"].head(EXPRESSED) if gene in counts.var_names]
    totals = np.asarray(counts.X.sum(axis=1), dtype=np.float64)
    part = counts[:, names].X.toarray().astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.log1p(part / totals * COUNTS_PER_SPOT).astype(np.float32)
    frame = pd.DataFrame(values, columns=names)
    frame.insert(0, "spot", counts.obs_names.astype(str))
    return frame


def correlate(scores: sparse.csr_matrix, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pearson correlation (genes,) of each column with ``values`` (spots,), and which columns are constant.

    Spots whose value is NaN are left out. Sums are float64 and about the means, so columns far from 0 lose nothing;
    nothing dense is made of ``scores``. NaN where the column or ``values`` is constant.
    """
    from traitmap.genes_kernel import column_products, column_sums  # numba: only where it is used

    rows = np.flatnonzero(~np.isnan(values))
    n, g = len(rows), scores.shape[1]
    matrix = (scores.indptr, scores.indices, scores.data, rows)
    filled, sums, highest, lowest = column_sums(*matrix, g)
    constant = (filled == 0) | ((filled == n) & (highest == lowest))
    mean = sums / max(n, 1)
    known = values[rows]
    centred = known - known.mean() if n else known
    # The centred values sum to 0, so the columns need not be centred in their products.
    squares, products = column_products(*matrix, mean, centred)
    squares += (n - filled) * mean**2
    spread = float(centred @ centred)
    pcc = np.full(g, np.nan)
    if n and known.min() < known.max():
        pcc[~constant] = products[~constant] / np.sqrt(squares[~constant] * spread)
    return np.clip(pcc, -1, 1), constant


def associated_regions(neg_log10_p: np.ndarray, regions: pd.Series | None) -> list[str]:
    """Regions whose spots combine to a Cauchy P below ``DRIVEN_P``."""
    if regions is None:
        return []
    p = pd.Series(10.0**-neg_log10_p).groupby(regions.astype(object).to_numpy())
    return [str(name) for name, values in p if combine(values.dropna().to_numpy()) < DRIVEN_P]


def column_counts(scores: sparse.csr_matrix) -> np.ndarray:
    """Number of non-zero values (genes,) of each column."""
    from traitmap.average_ranks_kernel import count_entries

    return count_entries(scores.indices, scores.shape[1])


def most_specific(scores: sparse.csr_matrix, regions: pd.Series | None) -> tuple[np.ndarray, np.ndarray]:
    """Region of largest median score of each gene, and that median; "" where no region has one above 0.

    Of regions with equal medians the first by name counts. Without ``regions`` the medians are NaN.
    """
    n_genes = scores.shape[1]
    best = np.full(n_genes, "", dtype=object)
    if regions is None:
        return best, np.full(n_genes, np.nan)
    highest = np.zeros(n_genes)
    for name in sorted(regions.dropna().unique()):
        medians = column_medians(scores[(regions == name).to_numpy(bool)])
        higher = medians > highest
        best[higher], highest[higher] = str(name), medians[higher]
    return best, highest


def column_medians(scores: sparse.csr_matrix) -> np.ndarray:
    """Exact medians (genes,) of sparse columns, zeros included."""
    n, g = scores.shape
    medians = np.zeros(g)
    # Where more than half of a column is 0, so is its median: only the other columns are looked at.
    candidates = np.flatnonzero(2 * column_counts(scores) >= n)
    columns = scores[:, candidates].tocsc()
    for start in range(0, len(candidates), COLUMNS):
        block = columns[:, start : start + COLUMNS].toarray().astype(np.float64)
        medians[candidates[start : start + COLUMNS]] = np.median(block, axis=0)
    return medians
