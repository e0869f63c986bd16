"""Reading and checking a spatial transcriptomics slice: raw counts, coordinates, regions, human gene symbols."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.formats import REGION
from traitmap.h5ad import read_h5ad, read_obs
from traitmap.ledger import Ledger
from traitmap.single_cells import NO_COORDINATES
from traitmap.slice_checks import SHARED_GENES, check_places, check_symbols, guess_values, not_human

if TYPE_CHECKING:
    from anndata import AnnData

HUMAN = "human"
MANY_COUNTS = 10_000  # of which one at least should be above 1
CHECKED_AT_ONCE = 1 << 24  # counts
FEW_SPOTS = 30  # gsMap drops labels with fewer; here they are kept and flagged


def read_slice(
    path: Path,
    ledger: Ledger,
    *,
    layer: str | None = None,
    spatial_key: str = "spatial",
    annotation: str | None = None,
    species: str = HUMAN,
    homologs: Path | None = None,
    translate: bool = True,
) -> AnnData:
    """Read an .h5ad slice into one plain shape; every spot is kept, in the file's order.

    Parameters
    ----------
    layer
        Layer with raw counts; by default ``counts`` if the file has it, else X.
    spatial_key
        obsm key of the coordinates; ``none`` for single cells, which have none.
    annotation
        obs column with region labels; empty for a label-free run.
    species, homologs
        For other species than human: a table of two columns, the species' gene symbols and human ones.
    translate
        False: keep the species' own symbols, and all its genes; no homologs are needed.

    Returns
    -------
    AnnData, spots x genes: X raw counts (CSR float32), var_names human gene symbols (unique), obs['region']
    (categorical, missing where unlabelled; only with ``annotation``), obsm['spatial'] (spots x 2 or 3, float64; not of
    single cells).

    Raises
    ------
    InputError
        All that is wrong with the file, a line each.
    """
    data = _open(path, layer)
    problems: list[str] = []
    counts = _counts(data, path, layer, problems)
    single_cells = spatial_key == NO_COORDINATES
    coordinates = None if single_cells else _coordinates(data, path, spatial_key, problems)
    regions = _regions(data.obs, path, annotation, problems)
    _check_names(data.obs_names, path, problems)
    if coordinates is not None:
        problems += check_places(coordinates, spatial_key, path, ledger)
    human = species.lower() == HUMAN
    problems += check_symbols(data.var_names, human, path, ledger)
    if problems:
        raise InputError(*problems)
    if human or not translate:
        symbols = data.var_names.astype(str).to_numpy().astype(object)
    else:
        symbols = _symbols(data, path, species, homologs, ledger)
    return _assemble(data, path, ledger, counts, coordinates, regions, symbols)


def read_regions(path: Path, annotation: str) -> pd.Series:
    """Read the region labels of a slice alone, without its counts, by the rules of ``read_slice``.

    Returns
    -------
    Series, index spot (str, the file's order): categorical, missing where a spot has no label.

    Raises
    ------
    InputError
        The file is no .h5ad, lacks the column, has no label at all or repeats a spot name.
    """
    obs = read_obs(path, "slice")
    problems: list[str] = []
    regions = _regions(obs, path, annotation, problems)
    _check_names(obs.index, path, problems)
    if problems:
        raise InputError(*problems)
    return pd.Series(regions, index=pd.Index(obs.index.astype(str), name="spot"), name=REGION)


def _check_names(names: pd.Index, path: Path, problems: list[str]) -> None:
    if not names.is_unique:
        problems.append(repeated_spot(path, names))


def _open(path: Path, layer: str | None) -> AnnData:
    data = read_h5ad(path, "slice", lambda layers: _chosen(layer, layers))
    if data.n_obs == 0 or data.n_vars == 0:
        raise InputError(nothing_to_map(path, data.n_obs, data.n_vars))
    return data


# What is said alike by those who read a slice and by those who look into its headers only (traitmap.check_slices).
def nothing_to_map(path: Path, spots: int, genes: int) -> str:
    """The slice has no spots, or no genes."""
    return f"{path}: holds {spots} spots and {genes} genes; nothing to map"


def no_layer(path: Path, layer: str, layers: Iterable[str]) -> str:
    """The slice lacks a layer; ``layers`` are those that it has."""
    return f"{path}: has no layer {layer!r} (layers: {_names(layers)}); name the layer with raw counts, or X"


def no_coordinates(path: Path, key: str, keys: Iterable[str]) -> str:
    """The slice has no coordinates under ``key``; ``keys`` are those of its obsm."""
    return f"{path}: has no coordinates in obsm[{key!r}] (obsm: {_names(keys)}); set spatial_key (none: single cells)"


def wrong_shape(path: Path, key: str, shape: tuple[int, ...]) -> str:
    """The coordinates are no spots x 2 or x 3."""
    return f"{path}: obsm[{key!r}] has shape {shape}; it must be spots x 2 (or x 3)"


def no_annotation(path: Path, annotation: str, columns: Iterable[str]) -> str:
    """The slice lacks the column of region labels; ``columns`` are those of its obs."""
    return f"{path}: has no obs column {annotation!r} (columns: {_names(columns)}); mend it or leave it empty"


def no_embedding(path: Path, key: str, keys: Iterable[str]) -> str:
    """The slice has no embedding of the user's under ``key``; ``keys`` are those of its obsm."""
    return f"{path}: has no embedding in obsm[{key!r}] (obsm: {_names(keys)}); set --embedding-key"


def no_metacells(path: Path, column: str, columns: Iterable[str]) -> str:
    """The slice lacks the column of metacells; ``columns`` are those of its obs."""
    return f"{path}: has no obs column {column!r} with metacells (columns: {_names(columns)}); set --metacells"


def no_label(path: Path, annotation: str) -> str:
    """The column of region labels holds none."""
    return f"{path}: no spot has a label in obs column {annotation!r}; leave it empty for a label-free run"


def repeated_spot(path: Path, names: pd.Index) -> str:
    """A spot's name occurs twice."""
    name = names[names.duplicated()][0]
    return f"{path}: spot name {name!r} occurs more than once in obs_names; make them unique"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _chosen(layer: str | None, layers: Container[str]) -> str:
    return layer or ("counts" if "counts" in layers else "X")


def _counts(data: AnnData, path: Path, layer: str | None, problems: list[str]) -> sparse.csr_matrix | None:
    if layer and layer != "X" and layer not in data.layers:
        problems.append(no_layer(path, layer, data.layers))
        return None
    name = _chosen(layer, data.layers)
    matrix = data.X if name == "X" else data.layers[name]
    if matrix is None:
        has = ", ".join(data.layers) or "none"
        problems.append(f"{path}: X is empty (layers: {has}); name the layer with raw counts")
        return None
    counts = sparse.csr_matrix(matrix)  # a copy of the index arrays only where the format changes
    for what, wrong in (
        ("missing or infinite", lambda values: ~np.isfinite(values)),
        ("negative", lambda values: values < 0),
        ("non-integer", lambda values: values != np.rint(values)),
    ):
        at = _first(counts.data, wrong)
        if at is not None:
            spot, gene = int(np.searchsorted(counts.indptr, at, side="right") - 1), int(counts.indices[at])
            guess = guess_values(counts.data) if what in ("negative", "non-integer") else "damaged?"
            problems.append(
                f"{path}: {name} holds {what} values ({guess} first: spot {data.obs_names[spot]!r}, "
                f"gene {data.var_names[gene]!r}, value {counts.data[at]:g}); give the layer with raw counts"
            )
            return None
    counts = counts.astype(np.float32, copy=False)  # the file's own arrays, which nobody else holds
    counts.eliminate_zeros()
    counts.sort_indices()
    return counts


def _first(values: np.ndarray, wrong: Callable[[np.ndarray], np.ndarray]) -> int | None:
    """Place of the first of ``values`` that is ``wrong``; looked for in blocks, for a slice holds many."""
    for start in range(0, len(values), CHECKED_AT_ONCE):
        found = wrong(values[start : start + CHECKED_AT_ONCE])
        if found.any():
            return start + int(np.argmax(found))
    return None


def _coordinates(data: AnnData, path: Path, key: str, problems: list[str]) -> np.ndarray | None:
    if key not in data.obsm:
        problems.append(no_coordinates(path, key, data.obsm))
        return None
    values = data.obsm[key]
    try:
        values = np.asarray(values)
        if values.dtype.kind not in "biufO":
            raise ValueError(values.dtype)
        coordinates = values.astype(np.float64)
    except (TypeError, ValueError):
        problems.append(f"{path}: obsm[{key!r}] holds values that are no numbers; it must be spots x 2")
        return None
    if coordinates.ndim != 2 or coordinates.shape[1] not in (2, 3):
        problems.append(wrong_shape(path, key, coordinates.shape))
        return None
    bad = ~np.isfinite(coordinates).all(axis=1)
    if bad.any():
        spot = data.obs_names[int(np.argmax(bad))]
        problems.append(f"{path}: {bad.sum()} spots lack coordinates in obsm[{key!r}] (first: {spot!r}); remove them")
        return None
    return coordinates


def _regions(obs: pd.DataFrame, path: Path, annotation: str | None, problems: list[str]) -> pd.Categorical | None:
    if not annotation:
        return None
    if annotation not in obs:
        problems.append(no_annotation(path, annotation, obs.columns))
        return None
    labels = region_labels(obs[annotation])
    if len(labels) and labels.isna().all():
        problems.append(no_label(path, annotation))
    return pd.Categorical(labels.astype(object), categories=sorted(labels.dropna().unique()))


def region_labels(column: pd.Series) -> pd.Series:
    """The labels of a column of obs as text, without blanks around; missing where there is none."""
    labels = column.astype("string").str.strip()
    return labels.mask(labels.isin(["", "nan", "NaN", "NA", "None"]))


def _symbols(data: AnnData, path: Path, species: str, homologs: Path | None, ledger: Ledger) -> np.ndarray:
    """Human symbol of each gene, or None where it has none."""
    genes = data.var_names.astype(str).to_numpy()
    if homologs is None:
        raise InputError(f"{path}: is of species {species!r}; give --homologs, its gene symbols beside human ones")
    human = read_homologs(homologs, ledger)
    symbols = np.array([human.get(gene) for gene in genes], dtype=object)
    missing = np.equal(symbols, None)
    if strangers := not_human(list(human.values())):
        raise InputError(
            f"{homologs}: its second column holds no human symbols ({strangers}); write those of {species} first, then "
            "human ones"
        )
    if missing.all() and set(human.values()) & set(genes):
        raise InputError(f"{path}: its gene symbols are human ones, but its species is {species}; set species human")
    if missing.all():
        raise InputError(
            f"{path}: none of its {len(genes)} genes is in {homologs} (first gene: {genes[0]!r}); do they "
            "belong together?"
        )
    ledger.removed("genes", "without a human homolog", missing.sum())
    if missing.mean() > 1 - SHARED_GENES:
        ledger.warn(
            f"{path.name}: only {(~missing).sum()} of {len(genes)} genes have a human homolog in {homologs.name}; is "
            f"the slice of species {species}, and are its genes named by symbols?"
        )
    return symbols


def read_homologs(path: Path, ledger: Ledger) -> dict[str, str]:
    """Read a table with a header, species symbol and human symbol; the first pair of a species symbol counts."""
    pairs: dict[str, str] = {}
    repeated = 0
    with open_text(path, "homologs") as text:
        header = text.readline()
        tab = "\t" in header
        for number, line in enumerate(text, start=2):
            if not line.strip():
                continue
            fields = [field.strip() for field in (line.rstrip("\n").split("\t") if tab else line.split())]
            if len(fields) < 2 or not fields[0] or not fields[1]:
                raise InputError(f"{path}: row {number} does not hold two gene symbols: {line.strip()!r}; mend it")
            if fields[0] in pairs:
                repeated += 1
            else:
                pairs[fields[0]] = fields[1]
    if not pairs:
        raise InputError(f"{path}: holds no pair of gene symbols below its header; give two columns")
    ledger.noted("homologs", "further pairs of a species gene, not used", repeated)
    return pairs


def _assemble(
    data: AnnData,
    path: Path,
    ledger: Ledger,
    counts: sparse.csr_matrix,
    coordinates: np.ndarray | None,
    regions: pd.Categorical | None,
    symbols: np.ndarray,
) -> AnnData:
    import anndata

    ledger.read("spots", data.n_obs)
    ledger.read("genes", data.n_vars)
    named = ~np.equal(symbols, None)
    # Of genes with one symbol, the one with most counts is kept: the first is often an alias without any.
    totals = np.asarray(counts.sum(axis=0)).ravel()
    order = np.lexsort((np.arange(len(symbols)), -totals))
    order = order[named[order]]
    keep = np.sort(order[~pd.Series(symbols[order]).duplicated().to_numpy()])
    ledger.removed("genes", "same symbol as a gene with more counts", named.sum() - len(keep))
    obs = pd.DataFrame(index=data.obs_names.astype(str))
    if regions is not None:
        obs[REGION] = regions
        _account_regions(obs[REGION], path, ledger)
    counts = counts if len(keep) == counts.shape[1] else counts[:, keep]
    if counts.nnz > MANY_COUNTS and counts.data.max() == 1:
        ledger.warn(f"{path.name}: no count is above 1; are these counts, or only whether a gene was seen?")
    empty = int((np.diff(counts.indptr) == 0).sum())
    ledger.noted("spots", "without any count", empty)
    if empty:
        ledger.warn(f"{path.name}: {empty} spots have no count; they say nothing of any gene")
    if empty == data.n_obs:
        raise InputError(f"{path}: has no count at all; give the layer with raw counts")
    var = pd.DataFrame({"source_symbol": data.var_names.astype(str)[keep]}, index=pd.Index(symbols[keep].astype(str)))
    return anndata.AnnData(X=counts, obs=obs, var=var, obsm={} if coordinates is None else {"spatial": coordinates})


def _account_regions(region: pd.Series, path: Path, ledger: Ledger) -> None:
    unlabelled = int(region.isna().sum())
    ledger.noted("spots", "without a region label (mapped, but in no region)", unlabelled)
    sizes = region.value_counts()
    small = sorted(sizes.index[(sizes < FEW_SPOTS) & (sizes > 0)])
    ledger.noted("regions", f"with fewer than {FEW_SPOTS} spots (kept, flagged)", len(small))
    if small:
        ledger.warn(f"{path.name}: regions with fewer than {FEW_SPOTS} spots: {', '.join(small)}")
