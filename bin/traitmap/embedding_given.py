"""An embedding that the user has already, of STAGATE or GraphST, say: checked and copied."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from traitmap.embedding_model import Embedded, Inputs, Settings
from traitmap.errors import InputError
from traitmap.h5ad import read_obsm
from traitmap.ledger import Ledger
from traitmap.slices import no_embedding


def embed_as_given(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """The user's embedding, as it is."""
    if inputs.given is None:
        raise InputError("--model given needs an embedding in the slice's file")
    return Embedded(inputs.given)


def read_given(path: Path, key: str) -> np.ndarray:
    """Read obsm[``key``] of a slice, spots x dimensions, float32.

    Raises InputError where the key is missing, or its values are no table of finite numbers, or all the same.
    """
    found = read_obsm(path, "slice")
    if key not in found:
        raise InputError(no_embedding(path, key, found))
    try:
        values = np.asarray(found[key], dtype=np.float32)
    except (TypeError, ValueError):
        raise InputError(f"{path}: obsm[{key!r}] holds values that are no numbers") from None
    if values.ndim != 2 or values.shape[1] == 0:
        raise InputError(f"{path}: obsm[{key!r}] has shape {values.shape}; it must be spots x dimensions")
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise InputError(
            f"{path}: obsm[{key!r}] is not finite for {bad.sum()} spots (first: row {int(bad.argmax()) + 1})"
        )
    if not values.any():
        raise InputError(f"{path}: obsm[{key!r}] holds nothing but zeros")
    return values
