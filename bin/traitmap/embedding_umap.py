"""A plane to look at an embedding in: UMAP of its spots. Nothing is computed from it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from anndata import AnnData

SPOTS_AT_MOST = 5_000  # of larger slices a random part is shown: more points tell no more, and cost minutes
SPOTS_AT_LEAST = 20  # fewer say nothing
NEIGHBORS = 15
EPOCHS = 200  # umap-learn's for large data; more moves no cluster


def umap_plane(embedding: np.ndarray, seed: int, everyone: bool = False) -> np.ndarray | None:
    """Coordinates (n x 2, float32) of a UMAP of ``embedding`` (n x dimensions), the same for the same seed.

    Of more than SPOTS_AT_MOST spots a part drawn with ``seed`` has coordinates, the others NaN, unless ``everyone`` is
    to have them. None where there are too few spots. Method: McInnes, Healy and Melville 2018, by scanpy, on its graph
    of 15 neighbours with adaptive Gaussian weights (Haghverdi et al. 2016): umap-learn's own weights take seconds to
    compile in every task.
    """
    import anndata
    import scanpy as sc

    spots = len(embedding)
    if spots < SPOTS_AT_LEAST:
        return None
    shown = np.arange(spots)
    if spots > SPOTS_AT_MOST and not everyone:
        shown = np.sort(np.random.default_rng(seed).choice(spots, SPOTS_AT_MOST, replace=False))
    part: AnnData = anndata.AnnData(obsm={"embedding": np.asarray(embedding, np.float32)[shown]}, shape=(len(shown), 0))
    known = {"use_rep": "embedding", "method": "gauss", "random_state": seed}
    if len(shown) <= SPOTS_AT_MOST:
        known["transformer"] = "sklearn"  # exact, and nothing to compile
    with warnings.catch_warnings(), sc.settings.verbosity.override("error"):
        warnings.simplefilter("ignore")  # umap-learn and numba: one thread where a seed is given, spectral start
        sc.pp.neighbors(part, n_neighbors=min(NEIGHBORS, len(shown) - 1), **known)
        sc.tl.umap(part, random_state=seed, maxiter=EPOCHS)
    plane = np.full((spots, 2), np.nan, dtype=np.float32)
    plane[shown] = part.obsm["X_umap"]
    return plane
