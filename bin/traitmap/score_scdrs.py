"""scDRS (Zhang, Hou et al. 2022, Nat. Genet. 54:1572), through its own package, on the spots of a slice.

A spot's score is the weighted mean expression of the trait's genes, held against control gene sets of the same size, of
genes of like mean and variance. scdrs 1.0.2 asks numpy for a name that numpy 2 no longer has, in one function, Geary's
C: scanpy's, of the same definition and compiled, takes its place.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import pandas as pd
from scipy import sparse, spatial

from traitmap.cli import progress
from traitmap.errors import InputError
from traitmap.formats import ALL_SPOTS, SCDRS, SCDRS_REGIONS, SMALLEST_P
from traitmap.slices import REGION

if TYPE_CHECKING:
    from anndata import AnnData

CONTROL = "ctrl_norm_score"
NEIGHBORS, COMPONENTS = 15, 20  # of the graph for heterogeneity, as scDRS's own command has them
FEWEST_IN_GRAPH = 5  # spots of a region, or it has no heterogeneity


def score_spots(data: AnnData, weights: pd.Series, controls: int, seed: int) -> pd.DataFrame:
    """scDRS's full table of scores, float32: index spot; raw_score, norm_score, mc_pval, pval, nlog10_pval, zscore, and
    ctrl_norm_score_0 and so on, one a control set.

    ``data`` holds log expression (CSR) and is changed. mc_pval compares a spot with its own controls, pval with those
    of all spots. Raises InputError where scdrs cannot make its control sets.
    """
    import scdrs

    with _package():
        try:
            scdrs.preprocess(data)
            data.X = sparse.csc_matrix(data.X)  # every control set is a choice of columns
            return scdrs.score_cell(
                data,
                weights.index,
                weights.to_numpy(),
                n_ctrl=controls,
                return_ctrl_norm_score=True,
                random_seed=seed,
            )
        except ValueError as error:
            raise InputError(
                f"scDRS cannot match control genes by mean and variance ({error}); are there enough genes?"
            ) from error


def score_regions(data: AnnData, scores: pd.DataFrame, seed: int, heterogeneity: bool = True) -> pd.DataFrame:
    """scDRS's group statistics of regions (columns ``formats.SCDRS_REGIONS``), smallest P first.

    ``data`` as ``score_spots`` left it, obs['region'] with labels (all spots are one region where it is missing).
    Association: the 95 % quantile of the region's scores against that of its control scores. Heterogeneity: Geary's C
    on the graph of spots alike in expression; missing below ``FEWEST_IN_GRAPH`` spots, and where it is not wanted.
    """
    import scdrs

    labels = data.obs[REGION].astype(object) if REGION in data.obs else pd.Series(ALL_SPOTS, index=data.obs_names)
    known = labels.notna().to_numpy()
    part = data[known].copy()
    part.obs[REGION] = labels[known].astype(str).to_numpy()
    part.X = sparse.csr_matrix(part.X)
    with _package(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap-learn: one thread where a seed is given; means of empty groups
        if heterogeneity:
            _link_alike(part, seed)
        else:
            part.obsp["connectivities"] = sparse.csr_matrix((part.n_obs, part.n_obs))
        found = scdrs.method.downstream_group_analysis(part, scores[known], [REGION])[REGION]
    table = pd.DataFrame(
        {
            REGION: found.index.astype(str),
            "n_spots": found["n_cell"].to_numpy(np.int64),
            "n_controls": found["n_ctrl"].to_numpy(np.int64),
            "assoc_z": found["assoc_mcz"].to_numpy(np.float64),
            "assoc_p": found["assoc_mcp"].to_numpy(np.float64),
            "hetero_z": found["hetero_mcz"].to_numpy(np.float64),
            "hetero_p": found["hetero_mcp"].to_numpy(np.float64),
            "n_fdr_05": found["n_fdr_0.05"].to_numpy(np.int64),
            "n_fdr_20": found["n_fdr_0.2"].to_numpy(np.int64),
        }
    )
    return table.sort_values(["assoc_p", REGION], kind="stable", ignore_index=True)[list(SCDRS_REGIONS)]


def _link_alike(data: AnnData, seed: int) -> None:
    """obsp['connectivities'] of spots alike in expression, as scDRS's own command makes them."""
    import scanpy as sc

    sc.pp.pca(data, n_comps=min(COMPONENTS, data.n_obs - 1, data.n_vars - 1), random_state=seed)
    sc.pp.neighbors(data, transformer=_Nearest(min(NEIGHBORS, data.n_obs - 1)), random_state=seed)


class _Nearest:
    """Exact nearest neighbours for scanpy, the point itself first among ``n_neighbors``.

    What scanpy takes itself from 8,192 points on is approximate, compiles for half a minute, and ends in an error with
    scipy's sparse arrays; below, it is the same as this.
    """

    def __init__(self, n_neighbors: int):
        self._n = n_neighbors

    def get_params(self) -> dict[str, int]:
        """What scanpy asks for."""
        return {"n_neighbors": self._n}

    def fit_transform(self, points: np.ndarray) -> sparse.csr_matrix:
        """Distances (n x n, ``n_neighbors`` a row, the nearest first)."""
        n = len(points)
        distances, indices = spatial.KDTree(points).query(points, k=self._n)
        distances, indices = distances.reshape(n, self._n), indices.reshape(n, self._n)
        # Of points at one place another may be named first, or the point itself not at all.
        for row in np.flatnonzero(indices[:, 0] != np.arange(n)):
            others = [other for other in indices[row] if other != row]
            indices[row] = [row, *others[: self._n - 1]]
        starts = np.arange(n + 1) * self._n
        return sparse.csr_matrix((distances.ravel(), indices.ravel(), starts), shape=(n, n))


def spots_table(scores: pd.DataFrame, spots: pd.Index) -> pd.DataFrame:
    """The table of ``formats.SCDRS`` for all ``spots`` in their order; NaN for those that were not scored."""
    p = scores["pval"].astype(np.float64)
    table = pd.DataFrame(
        {
            "raw_score": scores["raw_score"].astype(np.float64),
            "norm_score": scores["norm_score"].astype(np.float64),
            "z": scores["zscore"].astype(np.float64),
            "p": np.maximum(p, SMALLEST_P),
            "neg_log10_p": np.abs(np.log10(np.maximum(p, SMALLEST_P))),
            "mc_p": scores["mc_pval"].astype(np.float64),
        },
        index=scores.index,
    ).reindex(spots)
    return table.rename_axis("spot").reset_index()[list(SCDRS)]


@contextmanager
def _package() -> Iterator[None]:
    """scdrs with numpy 2, our progress bar in place of tqdm's, and without its words on standard output."""
    import scdrs.method

    def bar(items: Iterable[int], desc: str) -> Iterable[int]:
        return progress(items, desc)

    with (
        mock.patch.object(scdrs.method, "gearys_c", _GearysC()),
        mock.patch.object(scdrs.method, "tqdm", bar),
        redirect_stdout(StringIO()),
    ):
        yield


class _GearysC:
    """Geary's C of values on a group's graph, which is cut out of the whole once a group, not once a control set."""

    def __init__(self) -> None:
        self._of: AnnData | None = None
        self._graph: sparse.csr_matrix | None = None

    def __call__(self, data: AnnData, values: np.ndarray) -> float:
        import scanpy as sc

        if data is not self._of:
            self._of, self._graph = data, sparse.csr_matrix(data.obsp["connectivities"], dtype=np.float64)
        values = np.asarray(values, dtype=np.float64)
        if len(values) < FEWEST_IN_GRAPH or self._graph.nnz == 0 or values.min() == values.max():
            return float("nan")
        return float(sc.metrics.gearys_c(self._graph, values))
