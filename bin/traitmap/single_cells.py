"""Single cells: no place in tissue. Neighbours are the cells most alike in expression, and maps a picture of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.h5ad import read_h5ad

NO_COORDINATES = "none"  # as the key of the coordinates: the file holds single cells
PLANE = "X_umap"  # obsm key of the picture that stands where a slice has coordinates
DRAWN_ON = "UMAP of the embedding"


def read_plane(path: Path, cells: pd.Index) -> np.ndarray:
    """The picture of ``cells`` (n x 2, float64) in their order: the UMAP in embedding.h5ad, or the principal plane.

    Raises InputError where a cell is missing or has no finite place.
    """
    from traitmap.report_slices import principal_plane

    data = read_h5ad(path, "embedding")
    at = data.obs_names.get_indexer(cells)
    if (at < 0).any():
        raise InputError(f"{path}: lacks {(at < 0).sum()} of the {len(cells)} cells; is it the embedding of this file?")
    if PLANE in data.obsm:
        plane = np.asarray(data.obsm[PLANE], dtype=np.float64)[at, :2]
    else:
        plane = principal_plane(np.asarray(data.obsm["embedding"], dtype=np.float64))[at]
    if not np.isfinite(plane).all():
        raise InputError(f"{path}: obsm[{PLANE!r}] holds missing or infinite values; embed again")
    return plane
