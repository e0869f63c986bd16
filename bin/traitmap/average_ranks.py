"""Log ranks of genes within spots, and their average over a group of slices: the background of every GSS.

In a spot, all genes without a count share one average rank. So the log ranks of n spots x g genes are a constant a spot
plus a sparse part on its expressed genes; nothing of size n x g is ever dense.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import require_file, writing
from traitmap.ledger import Ledger

if TYPE_CHECKING:
    from anndata import AnnData

GENE = "gene"
MEAN_LOG_RANK = "mean_log_rank"
EXPRESSED_FRACTION = "expressed_fraction"
LEDGER_KEY = b"ledger"
BLOCK = 64  # spots that one thread takes at a time


@dataclass
class LogRanks:
    """Average-tie ranks of genes, spots x genes, as a constant a spot plus a sparse part.

    zero
        float64, a value a spot: natural log of the rank that all genes without a count share.
    doubled
        CSR on the pattern of the counts: twice the rank, which is whole, in as few bytes as hold it.
    n_genes
        Genes that are ranked; further columns hold no count and have no rank.
    """

    zero: np.ndarray
    doubled: sparse.csr_matrix
    n_genes: int

    @property
    def table(self) -> np.ndarray:
        """float64: the log of the rank whose double is the place in the table."""
        ranks = np.arange(2 * self.n_genes + 1) / 2
        ranks[0] = 1  # no gene has rank 0
        return np.log(ranks)


def blocks(n: int, size: int) -> list[tuple[int, int]]:
    """Bounds of consecutive blocks of at most ``size``; they never depend on the number of threads."""
    return [(start, min(start + size, n)) for start in range(0, n, size)]


def log_ranks(counts: sparse.csr_matrix, threads: int = 1, n_genes: int | None = None) -> LogRanks:
    """Rank every gene within each spot: ascending, from 1 to g, ties (zeros above all) by their average.

    Parameters
    ----------
    counts
        Spots x genes, CSR, positive numbers without stored zeros. Any transformation that keeps the order within a
        spot, such as normalising to a total and taking logs, has the same ranks.
    n_genes
        g, where some columns are without any count and not to be ranked; by default all columns are.

    Source: gsMap (Song et al., Nature 2025), gene specificity score, r_ig.
    """
    from traitmap.average_ranks_kernel import rank_whole_counts  # numba: only where it is used

    n_genes = counts.shape[1] if n_genes is None else n_genes
    zeros = n_genes - np.diff(counts.indptr)
    zero = np.log((zeros + 1) / 2)  # where a spot has no zeros no gene has this rank, and it cancels
    doubled = np.empty(counts.nnz, dtype=np.min_scalar_type(2 * n_genes))

    def rank(block: tuple[int, int]) -> None:
        spots = slice(*block)
        indptr = counts.indptr[block[0] : block[1] + 1]
        if not rank_whole_counts(indptr, counts.data, zeros[spots], doubled):
            part = slice(indptr[0], indptr[-1])
            doubled[part] = _doubled_ranks(counts.data[part], np.diff(indptr), zeros[spots])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(rank, blocks(counts.shape[0], BLOCK)))
    ranks = sparse.csr_matrix((doubled, counts.indices, counts.indptr), shape=counts.shape)
    return LogRanks(zero, ranks, n_genes)


def _doubled_ranks(data: np.ndarray, lengths: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """``rank_whole_counts`` for any positive numbers: ``data`` of consecutive spots, ``lengths`` entries each."""
    # A histogram of the counts of each spot, over the distinct counts of the block, gives all ranks at once.
    levels = np.unique(data)
    n_levels = max(1, len(levels))
    key = np.repeat(np.arange(len(lengths)) * n_levels, lengths) + np.searchsorted(levels, data)
    tied = np.bincount(key, minlength=len(lengths) * n_levels).reshape(len(lengths), n_levels)
    last = zeros[:, None] + np.cumsum(tied, axis=1)
    return (2 * last - (tied - 1)).ravel()[key]


def sums_over_spots(ranks: LogRanks) -> tuple[np.ndarray, np.ndarray]:
    """Per gene: the sum over spots of its log rank (float64) and the number of spots that express it."""
    from traitmap.average_ranks_kernel import add_log_ranks

    matrix = ranks.doubled
    total = np.full(matrix.shape[1], ranks.zero.sum())
    expressed = np.zeros(matrix.shape[1], dtype=np.int64)
    add_log_ranks(matrix.indptr, matrix.indices, matrix.data, ranks.table, ranks.zero, total, expressed)
    return total, expressed


def restrict(data: AnnData, genes: pd.Index) -> tuple[sparse.csr_matrix, pd.Index]:
    """Counts of those of the slice's genes that are among ``genes``, and their symbols, in the slice's order."""
    kept = data.var_names.isin(genes)
    return (data.X if kept.all() else data.X[:, kept]), data.var_names[kept]


def is_expressed(counts: sparse.csr_matrix) -> np.ndarray:
    """Per gene: does any spot express it?"""
    from traitmap.average_ranks_kernel import count_entries

    return count_entries(counts.indices, counts.shape[1]) > 0


def expressed_genes(data: AnnData) -> pd.Index:
    """Symbols of the genes that at least one spot expresses."""
    return data.var_names[is_expressed(data.X)]


def per_slice(slices: Sequence[Path], **options: Sequence | None) -> list[dict[str, object]]:
    """Keyword arguments of ``slices.read_slice`` a slice, of options given once for all slices, or once for each.

    An option not given, or given empty, is left to its default. Raises InputError for any other number of values, and
    for a slice given twice.
    """
    repeated = pd.Series([str(path) for path in slices]).duplicated()
    problems = [
        f"{path}: is given twice in one group; name it once"
        for path, twice in zip(slices, repeated, strict=True)
        if twice
    ]
    for name, values in options.items():
        if len(values or []) not in (0, 1, len(slices)):
            option = name.replace("_", "-")
            problems.append(
                f"--{option} is given {len(values)} times for {len(slices)} slices; give it once, or once each"
            )
    if problems:
        raise InputError(*problems)
    return [
        {
            name: value
            for name, values in options.items()
            if values and (value := values[i % len(values)]) and str(value) != "."  # an empty path reads as "."
        }
        for i in range(len(slices))
    ]


def average_ranks(slices: Sequence[Callable[[Ledger], AnnData]], ledger: Ledger, threads: int = 1) -> pd.DataFrame:
    """The common background of a group of slices.

    Genes are those that at least one spot expresses in every slice; ranks are taken within these. Every spot of the
    group counts the same, so a slice weighs as many spots as it has.

    Parameters
    ----------
    slices
        Functions that read a slice each (``slices.read_slice`` without its ledger). They are called twice, so that only
        one slice at a time is in memory.

    Returns
    -------
    DataFrame with the gene symbol, sorted, as index: mean_log_rank (mean natural log of the rank) and
    expressed_fraction (share of spots with a count).

    Raises
    ------
    InputError
        Where the slices have no expressed gene in common.
    """
    seen = []
    for load in slices:
        own = Ledger(ledger.step, "")
        seen.append(expressed_genes(load(own)))
        for text in own.warnings:
            ledger.warn(text)
    genes = seen[0].sort_values()
    for more in seen[1:]:
        genes = genes.intersection(more, sort=True)
    anywhere = len(set().union(*seen))
    ledger.read("slices", len(seen))
    ledger.read("genes", anywhere, "expressed in any slice")
    ledger.removed("genes", "not expressed in every slice", anywhere - len(genes))
    if genes.empty:
        raise InputError(
            "--slice: no gene is expressed in every slice; are they of one species and kind of gene symbol?"
        )
    total, expressed, n_spots = np.zeros(len(genes)), np.zeros(len(genes), dtype=np.int64), 0
    for load in slices:
        data = load(Ledger(ledger.step, ""))  # accounted for by the first reading
        counts, names = restrict(data, genes)
        part, count = sums_over_spots(log_ranks(counts, threads))
        order = names.get_indexer(genes)
        total, expressed, n_spots = total + part[order], expressed + count[order], n_spots + data.n_obs
    ledger.kept("spots", n_spots)
    ledger.kept("genes", len(genes))
    return background_table(genes, total, expressed, n_spots)


def background_table(genes: pd.Index, total: np.ndarray, expressed: np.ndarray, n_spots: int) -> pd.DataFrame:
    """Sums over ``n_spots`` spots (see ``sums_over_spots``) as a background."""
    columns = {MEAN_LOG_RANK: total / n_spots, EXPRESSED_FRACTION: expressed / n_spots}
    return pd.DataFrame(columns, index=pd.Index(genes.astype(str), name=GENE))


def write_background(background: pd.DataFrame, ledger: Ledger, path: Path) -> None:
    """Write a background as parquet, the ledger (JSON) in the metadata of its schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(background.reset_index(), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), LEDGER_KEY: ledger.to_json().encode()})
    with writing(path) as beside:
        pq.write_table(table, beside)


def read_background(path: Path) -> pd.DataFrame:
    """Read and check a background; raise InputError where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_file(path, "background of ranks")
    try:
        table = pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path}: cannot be read as parquet (background of ranks: {error}); is it a whole file?"
        ) from error
    problems = [
        f"{path}: lacks column {column!r}; is it an output of average_ranks.py?"
        for column in (GENE, MEAN_LOG_RANK, EXPRESSED_FRACTION)
        if column not in table
    ]
    if problems:
        raise InputError(*problems)
    background = table.set_index(GENE)[[MEAN_LOG_RANK, EXPRESSED_FRACTION]]
    background = background.apply(pd.to_numeric, errors="coerce").astype(np.float64)
    if background.empty or background.isna().any(axis=None) or not background.index.is_unique:
        raise InputError(f"{path}: is empty, repeats a gene or holds missing values; run average_ranks.py again")
    return background


def read_background_ledger(path: Path) -> dict:
    """The ledger that ``write_background`` left in a background."""
    import pyarrow.parquet as pq

    return json.loads(pq.read_schema(path).metadata[LEDGER_KEY])
