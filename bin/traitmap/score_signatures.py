"""Scores of a trait's gene set in each spot that test nothing by themselves: AUCell and scanpy's module score."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData

SIGNATURES = ("aucell", "module_score")
_SET = "trait"


def score_signatures(data: AnnData, genes: pd.Index, methods: list[str], seed: int, spots: pd.Index) -> pd.DataFrame:
    """A column of scores for each of ``methods``, beside ``spot``, for all ``spots``; NaN for those not in ``data``.

    ``data`` holds log expression (spots x genes, CSR), ``genes`` are the trait's, all of them in it.
    """
    scores = {method: pd.Series(_SCORES[method](data, genes, seed), index=data.obs_names) for method in methods}
    return pd.DataFrame(scores).astype(np.float64).reindex(spots).rename_axis("spot").reset_index()


def _aucell(data: AnnData, genes: pd.Index, _seed: int) -> np.ndarray:
    """Area under the recovery curve of the genes among the first 5 % of a spot's (Aibar et al. 2017), by decoupler."""
    import decoupler

    net = pd.DataFrame({"source": _SET, "target": genes})
    part = data.copy()  # decoupler writes into it
    decoupler.mt.aucell(part, net, tmin=1)
    return part.obsm["score_aucell"][_SET].reindex(data.obs_names).to_numpy()


def _module_score(data: AnnData, genes: pd.Index, seed: int) -> np.ndarray:
    """Mean expression of the genes less that of as many of like expression (Tirosh et al. 2016), by scanpy."""
    import scanpy as sc

    part = data.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sc.tl.score_genes(part, list(genes), ctrl_size=len(genes), random_state=seed, score_name=_SET)
    return part.obs[_SET].to_numpy()


_SCORES: dict[str, Callable[[AnnData, pd.Index, int], np.ndarray]] = {"aucell": _aucell, "module_score": _module_score}
