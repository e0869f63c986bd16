"""What the report needs of a slice, read from its .h5ad files without loading their matrices whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.files import require_file
from traitmap.single_cells import DRAWN_ON, PLANE

ROWS_AT_ONCE = 2048


@dataclass
class Slice:
    """A slice; parts are None or empty where their file is missing.

    spots: names, in file order; coordinates: spots x 2 (or 3), of
    single cells those of the picture that ``drawn_on`` names; region: Categorical; plane: spots x 2, a picture of the
    embedding, ``plane_name`` says which; microdomain: numbers and yes/no of obs; expressed: share of
    spots with a count, by gene; scores: GSS of the genes that were asked for, kept from ``gene_scores``; sketch: hashes
    of a few spots' counts (``slice_checks.sketch``).
    """

    name: str
    spots: np.ndarray | None = None
    coordinates: np.ndarray | None = None
    drawn_on: str = ""
    region: pd.Categorical | None = None
    genes: pd.Index = field(default_factory=lambda: pd.Index([]))
    specificity: Path | None = None
    plane: np.ndarray | None = None
    plane_name: str = ""
    training_curve: pd.DataFrame | None = None
    microdomain: pd.DataFrame | None = None
    expressed: pd.Series | None = None
    scores: dict[str, np.ndarray] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledgers: list[tuple[str, str]] = field(default_factory=list)
    sketch: list[str] = field(default_factory=list)


def read_elements(path: Path, what: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The named elements (obs, var, uns, obsm) of an .h5ad file; empty dict for one that it lacks."""
    import h5py
    from anndata.io import read_elem

    path = require_file(path, what)
    try:
        with h5py.File(path, "r") as file:
            return {name: read_elem(file[name]) if name in file else {} for name in names}
    except Exception as error:  # h5py and anndata raise whatever their parsers meet
        raise InputError(f"{path}: cannot be read as .h5ad ({what}: {error}); is it a whole AnnData file?") from error


def read_report_slice(folder: Path, name: str, missing: list[str]) -> Slice:
    """Read slices/<name>/; what is not there is added to ``missing``."""
    found = Slice(name)
    path = folder / "specificity.h5ad"
    if path.is_file():
        _specificity(found, path)
    else:
        missing.append(f"slices/{name}/specificity.h5ad: no map of {name}, no gene on it")
    path = folder / "embedding.h5ad"
    if path.is_file():
        _embedding(found, path)
    else:
        missing.append(f"slices/{name}/embedding.h5ad: no embedding and no training curve of {name}")
    return found


def _specificity(found: Slice, path: Path) -> None:
    parts = read_elements(path, "specificity", ("obs", "var", "obsm", "uns"))
    obs = parts["obs"]
    found.specificity = path
    found.spots = obs.index.astype(str).to_numpy(object)
    found.genes = parts["var"].index.astype(str)
    if "expressed_fraction" in parts["var"]:
        found.expressed = parts["var"]["expressed_fraction"].set_axis(found.genes)
    if "spatial" in parts["obsm"]:
        found.coordinates = np.asarray(parts["obsm"]["spatial"], dtype=np.float64)
    elif PLANE in parts["obsm"]:
        found.coordinates, found.drawn_on = np.asarray(parts["obsm"][PLANE], dtype=np.float64), DRAWN_ON
    if "region" in obs and obs["region"].notna().any():
        found.region = pd.Categorical(obs["region"])
    numeric = obs.select_dtypes(["number", "bool"])
    found.microdomain = numeric if numeric.shape[1] else None
    _texts(found, "specificity.h5ad", parts["uns"], path)


def _embedding(found: Slice, path: Path) -> None:
    parts = read_elements(path, "embedding", ("obs", "obsm", "uns"))
    spots = parts["obs"].index.astype(str).to_numpy(object)
    if found.spots is None:
        found.spots = spots
    if "X_umap" in parts["obsm"]:
        found.plane, found.plane_name = np.asarray(parts["obsm"]["X_umap"], float)[:, :2], DRAWN_ON
    elif "embedding" in parts["obsm"]:
        found.plane = principal_plane(np.asarray(parts["obsm"]["embedding"], float))
        found.plane_name = "first two principal components of the embedding"
    if found.plane is not None and not np.array_equal(spots, found.spots):
        at = pd.Index(spots).get_indexer(found.spots)
        found.plane = np.where((at >= 0)[:, None], found.plane[at], np.nan)
    curve = parts["uns"].get("training_curve")
    if isinstance(curve, pd.DataFrame) and "epoch" in curve and len(curve):  # empty where nothing is trained
        found.training_curve = curve
    found.sketch = str(parts["uns"].get("sketch", "")).split()
    _texts(found, "embedding.h5ad", parts["uns"], path)


def _texts(found: Slice, step: str, uns: dict[str, Any], path: Path) -> None:
    for name in ("parameters", "ledger"):
        if name not in uns:
            continue
        try:
            value = json.loads(str(uns[name]))
        except ValueError as error:
            raise InputError(f"{path}: uns[{name!r}] is no JSON ({error}); run its step again") from error
        if name == "parameters":
            found.parameters[step] = value
        else:
            found.ledgers.append((step, str(uns[name])))


def principal_plane(embedding: np.ndarray) -> np.ndarray:
    """Scores on the first two principal components (n x 2), each signed so that its largest loading is positive."""
    centred = embedding - embedding.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, np.argsort(values)[::-1][:2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    plane = centred @ axes
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def gene_scores(found: Slice, genes: list[str]) -> dict[str, np.ndarray]:
    """GSS of ``genes`` in every spot, of those that the slice has; read once, since the matrix is large."""
    absent = [gene for gene in genes if gene not in found.scores]
    if absent:
        found.scores |= read_gene_scores(found, absent)
    return {gene: found.scores[gene] for gene in genes if gene in found.scores}


def read_gene_scores(found: Slice, genes: list[str]) -> dict[str, np.ndarray]:
    """GSS of ``genes`` in every spot (float32), read in blocks of rows: the whole matrix may not fit."""
    import h5py

    where = found.genes.get_indexer(pd.Index(genes))
    known = {int(column): gene for column, gene in zip(where, genes, strict=True) if column >= 0}
    if found.specificity is None or not known or found.spots is None:
        return {}
    place = np.full(len(found.genes), -1)
    place[list(known)] = np.arange(len(known))
    scores = np.zeros((len(found.spots), len(known)), dtype=np.float32)
    with h5py.File(found.specificity, "r") as file:
        matrix = file["X"]
        if isinstance(matrix, h5py.Dataset):
            for start in range(0, len(scores), ROWS_AT_ONCE):
                scores[start : start + ROWS_AT_ONCE] = matrix[start : start + ROWS_AT_ONCE][:, list(known)]
        else:
            _from_sparse(matrix, place, scores)
    return {gene: scores[:, place[column]] for column, gene in known.items()}


def _from_sparse(matrix: Any, place: np.ndarray, scores: np.ndarray) -> None:
    starts = matrix["indptr"][:]
    if len(starts) != len(scores) + 1:
        raise InputError(f"{matrix.file.filename}: X is not CSR by spot; run its step again")
    for first in range(0, len(scores), ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, len(scores))
        span = slice(starts[first], starts[last])
        column = place[matrix["indices"][span]]
        row = np.repeat(np.arange(first, last), np.diff(starts[first : last + 1]))
        wanted = column >= 0
        scores[row[wanted], column[wanted]] = matrix["data"][span][wanted]
