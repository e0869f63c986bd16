"""What the headers of a slice tell, without reading its counts: in a moment, however many spots it has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.files import require_file
from traitmap.formats import ALL_SPOTS
from traitmap.ledger import Ledger
from traitmap.single_cells import NO_COORDINATES
from traitmap.slice_checks import check_symbols
from traitmap.slices import (
    HUMAN,
    no_annotation,
    no_coordinates,
    no_embedding,
    no_label,
    no_layer,
    no_metacells,
    nothing_to_map,
    region_labels,
    repeated_spot,
    wrong_shape,
)

if TYPE_CHECKING:
    import h5py

SAMPLE = 100_000  # stored values that are looked at: normalised counts show in the first


@dataclass(frozen=True)
class SliceHeader:
    """Names of a slice's spots and genes, how many counts it stores, and its regions (None where not known)."""

    spots: pd.Index
    genes: pd.Index
    stored: int
    regions: frozenset[str] | None


def check_slice(
    path: Path,
    annotation: str = "",
    layer: str = "",
    spatial_key: str = "spatial",
    species: str = HUMAN,
    embedding_key: str = "",
    metacells: str = "",
) -> SliceHeader:
    """Look for all that ``slices.read_slice`` will want of a slice.

    Raises InputError, a line a mistake: no .h5ad, no spots or genes, spots of one name, no such layer, coordinates or
    annotation, no label in it, counts that are none in the first values, symbols of another species, and no embedding
    or metacells of the user's own where these are asked for (not empty). Older files than anndata 0.7 are only looked
    at as far as they tell.
    """
    import h5py

    path = require_file(path, "slice")
    try:
        with h5py.File(path, "r") as file:
            problems = _wrong_given(path, file, embedding_key, metacells)
            return _check(path, file, annotation, layer, spatial_key, species, problems)
    except InputError:
        raise
    except Exception as error:  # h5py raises whatever it meets
        raise InputError(f"{path}: cannot be read as .h5ad (slice: {error}); is it a whole AnnData file?") from error


def _wrong_given(path: Path, file: h5py.File, embedding_key: str, metacells: str) -> list[str]:
    """The user's own embedding and metacells, where they are asked for (not empty)."""
    problems = []
    if embedding_key and embedding_key not in (keys := _keys(file.get("obsm"))):
        problems.append(no_embedding(path, embedding_key, keys))
    if metacells and metacells not in (columns := _columns(file["obs"])):
        problems.append(no_metacells(path, metacells, columns))
    return problems


def _check(
    path: Path,
    file: h5py.File,
    annotation: str,
    layer: str,
    spatial_key: str,
    species: str,
    problems: list[str],
) -> SliceHeader:
    spots, genes = _index(file["obs"]), _index(file["var"])
    if len(spots) == 0 or len(genes) == 0:
        raise InputError(nothing_to_map(path, len(spots), len(genes)))
    if spatial_key != NO_COORDINATES:
        problems += _wrong_coordinates(path, file.get("obsm"), spatial_key, len(spots))
    if not spots.is_unique:
        problems.append(repeated_spot(path, spots))
    problems += check_symbols(genes, species.lower() == HUMAN, path, Ledger("check_inputs", path.name))
    regions: frozenset[str] | None = frozenset([ALL_SPOTS])
    if annotation and annotation not in (columns := _columns(file["obs"])):
        problems.append(no_annotation(path, annotation, columns))
    elif annotation:
        regions = _regions(file["obs"], annotation)
        problems += [no_label(path, annotation)] if regions == frozenset() else []
    layers = list(file.get("layers", ()))
    stored = 0
    if layer and layer != "X" and layer not in layers:
        problems.append(no_layer(path, layer, layers))
    else:
        name = layer or ("counts" if "counts" in layers else "X")
        matrix = file.get("X") if name == "X" else file["layers"][name]
        wrong, stored = _wrong_counts(path, name, matrix)
        problems += wrong
    if problems:
        raise InputError(*problems)
    return SliceHeader(spots, genes, stored, regions)


def _index(table: h5py.Group | h5py.Dataset) -> pd.Index:
    """Names of spots or genes; files older than anndata 0.7 hold the table as an array of records."""
    names = table[table.dtype.names[0]] if hasattr(table, "dtype") else table[table.attrs.get("_index", "_index")][:]
    return pd.Index([name.decode() if isinstance(name, bytes) else str(name) for name in names], dtype=object)


def _regions(table: h5py.Group | h5py.Dataset, annotation: str) -> frozenset[str] | None:
    """The labels of a column of obs; None where older files hold them as numbers."""
    from anndata.io import read_elem

    old = hasattr(table, "dtype") or (hasattr(table[annotation], "dtype") and "categories" in table[annotation].attrs)
    if old:
        return None
    return frozenset(region_labels(pd.Series(read_elem(table[annotation]))).dropna())


def _columns(table: h5py.Group | h5py.Dataset) -> list[str]:
    if hasattr(table, "dtype"):
        return list(table.dtype.names[1:])
    return [str(name) for name in table.attrs.get("column-order", list(table))]


def _keys(obsm: h5py.Group | h5py.Dataset | None) -> list[str]:
    return list((obsm.dtype.names if hasattr(obsm, "dtype") else obsm) or ()) if obsm is not None else []


def _wrong_coordinates(path: Path, obsm: h5py.Group | None, key: str, spots: int) -> list[str]:
    if key not in (keys := _keys(obsm)):
        return [no_coordinates(path, key, keys)]
    shape = getattr(obsm[key], "shape", None)  # a table of columns has none
    if shape is None or (len(shape) == 2 and shape[0] == spots and shape[1] in (2, 3)):
        return []
    return [wrong_shape(path, key, shape)]


def _wrong_counts(path: Path, name: str, matrix: h5py.Group | h5py.Dataset | None) -> tuple[list[str], int]:
    """What is wrong with the first values, and how many are stored."""
    if matrix is None:
        return [f"{path}: X is empty; name the layer with raw counts"], 0
    values = matrix if hasattr(matrix, "dtype") else matrix["data"]
    rows = max(1, SAMPLE // max(values.shape[-1], 1)) if values.ndim == 2 else SAMPLE
    first = np.asarray(values[:rows], dtype=np.float64)
    for what, wrong in (
        ("missing or infinite", ~np.isfinite(first)),
        ("negative", first < 0),
        ("non-integer", first != np.rint(first)),
    ):
        if wrong.any():
            such = f"{what} values (such as {first[wrong][0]:g})"
            return [f"{path}: {name} holds {such}; give the layer with raw counts"], int(values.size)
    return [], int(values.size)
