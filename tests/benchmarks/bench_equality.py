"""How far our results are from gsMap's on the same study: one line of numbers a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse


@dataclass(frozen=True)
class Agreement:
    """``n`` values in both; their Pearson correlation, median and largest absolute difference.

    relative: the largest difference over the standard deviation of gsMap's values. only_one: values (or non-zero
    entries) that only one of the two has.
    """

    what: str
    n: int
    correlation: float
    median: float
    largest: float
    relative: float
    only_one: int


def agreement(what: str, ours: np.ndarray, theirs: np.ndarray, only_one: int = 0) -> Agreement:
    """Compare paired values, in float64."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if not len(ours):
        return Agreement(what, 0, np.nan, np.nan, np.nan, np.nan, only_one)
    difference = np.abs(ours - theirs)
    spread = float(theirs.std())
    correlation = float(np.corrcoef(ours, theirs)[0, 1]) if len(ours) > 1 and spread > 0 else np.nan
    largest = float(difference.max())
    return Agreement(
        what,
        len(ours),
        correlation,
        float(np.median(difference)),
        largest,
        largest / spread if spread > 0 else np.nan,
        only_one,
    )


def compare_series(what: str, ours: pd.Series, theirs: pd.Series) -> Agreement:
    """Compare finite values under the same names."""
    ours, theirs = (each[np.isfinite(each.to_numpy(np.float64))] for each in (ours, theirs))
    common = ours.index.intersection(theirs.index)
    only_one = len(ours) + len(theirs) - 2 * len(common)
    return agreement(what, ours[common].to_numpy(), theirs[common].to_numpy(), only_one)


def read_gss(path: Path) -> tuple[sparse.csr_matrix, pd.Index, pd.Index]:
    """gsMap's marker scores (feather, genes x spots, float16) as CSR float32 spots x genes, with spots and genes."""
    table = pd.read_feather(path).set_index("HUMAN_GENE_SYM")
    matrix = sparse.csr_matrix(table.to_numpy().T.astype(np.float32))
    return matrix, table.columns, table.index


def compare_gss(ours: Path, theirs: Path) -> list[Agreement]:
    """Scores that both have, and how many are above 0 in one alone (float16 ranks flip some at R = 1)."""
    import anndata

    mine = anndata.read_h5ad(ours)
    matrix, spots, genes = read_gss(theirs)
    common = mine.var_names.intersection(genes, sort=False)
    left = sparse.csr_matrix(mine.X)[mine.obs_names.get_indexer(spots)][:, mine.var_names.get_indexer(common)]
    right = matrix[:, genes.get_indexer(common)]
    left.eliminate_zeros()
    right.eliminate_zeros()
    both = left.astype(bool).multiply(right.astype(bool)).tocsr()
    only_one = left.nnz + right.nnz - 2 * both.nnz
    return [agreement("gene specificity scores", _entries(left, both), _entries(right, both), only_one)]


def _entries(values: sparse.csr_matrix, where: sparse.csr_matrix) -> np.ndarray:
    kept = values.multiply(where).tocsr()
    kept.sort_indices()
    return kept.data


def compare_ldscores(reference: Path, theirs: Path) -> list[Agreement]:
    """Baseline LD scores and regression weights of the regression SNPs."""
    from traitmap.reference import read_reference

    built = read_reference(reference)
    unmapped = built.weights[:, -1].toarray().ravel().astype(np.float64)
    base = np.asarray(built.weights.sum(axis=1, dtype=np.float64)).ravel()
    mine = pd.DataFrame({"base": base, "all_gene": base - unmapped}, index=built.snps.index)
    mine["w_ld"] = built.snps["w_ld"]
    baseline = _by_chromosome(theirs / "baseline", "baseline.{}.l2.ldscore.feather", pd.read_feather)
    weights = _by_chromosome(theirs / "w_ld", "weights.{}.l2.ldscore.gz", _read_text)
    return [
        compare_series("LD scores: all_gene", mine["all_gene"], baseline["all_gene"]),
        compare_series("LD scores: base", mine["base"], baseline["base"]),
        compare_series("LD scores: weights", mine["w_ld"], weights["L2"]),
    ]


def _by_chromosome(folder: Path, name: str, read: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    paths = [folder / name.format(chromosome) for chromosome in range(1, 23)]
    return pd.concat([read(path) for path in paths if path.exists()]).set_index("SNP")


def _read_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=r"\s+")


def compare_spots(what: str, ours: Path, theirs: Path) -> Agreement:
    """z of each spot: tables of ours (parquet) or of gsMap (csv)."""
    return compare_series(what, _read_spots(ours)["z"], _read_spots(theirs)["z"])


def _read_spots(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    return table.set_index("spot")
