"""Cases of slices, labels and homologs (score_specificity.py, which reads all of a slice)."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from corpus.references import changed, files, in_hdf5, obs
from corpus.registry import Reader
from traitmap.h5ad import write_h5ad

SPOTS, GENES = 60, 40
FILE = "slice.h5ad"


def slice_data() -> anndata.AnnData:
    """A slice on a grid, two regions that differ in their genes."""
    rng = np.random.default_rng(12)
    region = np.where(np.arange(SPOTS) < SPOTS // 2, "left", "right")
    rate = rng.gamma(1.0, 3.0, GENES) * np.where((region == "left")[:, None] == (np.arange(GENES) % 2 == 0), 3, 1)
    counts = sparse.csr_matrix(rng.poisson(rate).astype(np.float32))
    obs = pd.DataFrame({"area": pd.Categorical(region)}, index=[f"spot{i}" for i in range(SPOTS)])
    var = pd.DataFrame(index=[f"GENE{g}" for g in range(GENES)])
    places = np.column_stack([np.arange(SPOTS) // 6, np.arange(SPOTS) % 6]).astype(float)
    return anndata.AnnData(counts, obs=obs, var=var, obsm={"spatial": places})


def make(folder: Path) -> None:
    """Slice, embedding, homologs."""
    data = slice_data()
    write_h5ad(data, folder / FILE)
    values = np.random.default_rng(2).normal(size=(SPOTS, 4)).astype(np.float32)
    write_h5ad(anndata.AnnData(obs=data.obs[[]], obsm={"embedding": values}), folder / "embedding.h5ad")
    pairs = "".join(f"Gene{g}\tGENE{g}\n" for g in range(GENES))
    (folder / "homologs.txt").write_text("MOUSE_GENE_SYM\tHUMAN_GENE_SYM\n" + pairs)


OPTIONS: dict[str, object] = {
    "--slice": FILE,
    "--embedding": "embedding.h5ad",
    "--annotation": "area",
    "--neighbors": 5,
    "--spatial-neighbors": 9,
    "--out": "out/specificity.h5ad",
}
SLICE = Reader("slice", "Slices (.h5ad)", "score_specificity", OPTIONS, make)
put = partial(changed, SLICE, FILE)
content = partial(in_hdf5, SLICE, FILE)
files(SLICE, FILE, "slice")
READERS = [SLICE]


def counts(change: Callable[[np.ndarray], object]) -> Callable[[anndata.AnnData], None]:
    """A change of the dense counts, in place or returned."""

    def go(data: anndata.AnnData) -> None:
        dense = data.X.toarray().astype(np.float64)
        result = change(dense)
        data.X = sparse.csr_matrix(dense if result is None else result)

    return go


def places(change: Callable[[np.ndarray], object]) -> Callable[[anndata.AnnData], None]:
    """A change of the coordinates, in place or returned."""

    def go(data: anndata.AnnData) -> None:
        values = np.array(data.obsm["spatial"])
        result = change(values)
        data.obsm["spatial"] = values if result is None else result

    return go


def spots(*names: str) -> Callable[[anndata.AnnData], None]:
    """Other names of the first spots."""
    return lambda d: setattr(d, "obs_names", [*names, *d.obs_names[len(names) :]])


put("no_spots", "No spots", lambda d: d[:0].copy(), "slice.h5ad: holds 0 spots and 40 genes; nothing to map")
put("no_genes", "No genes", lambda d: d[:, :0].copy(), "slice.h5ad: holds 60 spots and 0 genes; nothing to map")
put(
    "no_x",
    "Nothing in X and no layer",
    lambda d: setattr(d, "X", None),
    "slice.h5ad: X is empty (layers: none); name the layer with raw counts",
)
put(
    "all_zero",
    "No count at all",
    counts(lambda x: 0 * x),
    "slice.h5ad: has no count at all; give the layer with raw counts",
)
put(
    "log_data",
    "Log-normalised data in X",
    counts(lambda x: np.log1p(x / x.sum(1, keepdims=True) * 1e4)),
    (
        "slice.h5ad: X holds non-integer values (log-transformed data? first: spot 'spot0', "
        "gene 'GENE0', value 6.25044); give the layer with raw counts"
    ),
)
put(
    "scaled_data",
    "Scaled data in X",
    counts(lambda x: (x - x.mean(0)) / (x.std(0) + 1)),
    (
        "slice.h5ad: X holds negative values (scaled or centred data? first: spot 'spot0', "
        "gene 'GENE1', value -0.240743); give the layer with raw counts"
    ),
)
put(
    "nan_count",
    "A count that is missing",
    counts(lambda x: x.__setitem__((3, 2), np.nan)),
    (
        "slice.h5ad: X holds missing or infinite values (damaged? first: spot 'spot3', gene "
        "'GENE2', value nan); give the layer with raw counts"
    ),
)
put(
    "infinite_count",
    "An infinite count",
    counts(lambda x: x.__setitem__((3, 2), np.inf)),
    (
        "slice.h5ad: X holds missing or infinite values (damaged? first: spot 'spot3', gene "
        "'GENE2', value inf); give the layer with raw counts"
    ),
)
put(
    "no_spatial",
    "No coordinates",
    lambda d: d.obsm.pop("spatial"),
    "slice.h5ad: has no coordinates in obsm['spatial'] (obsm: none); set spatial_key (none: single cells)",
)
put(
    "one_coordinate",
    "One coordinate",
    places(lambda c: c[:, :1]),
    "slice.h5ad: obsm['spatial'] has shape (60, 1); it must be spots x 2 (or x 3)",
)
put(
    "four_coordinates",
    "Four coordinates",
    places(lambda c: np.hstack([c, c])),
    "slice.h5ad: obsm['spatial'] has shape (60, 4); it must be spots x 2 (or x 3)",
)
put(
    "nan_coordinates",
    "Coordinates missing in two spots",
    places(lambda c: c.__setitem__((slice(4, 6), 0), np.nan)),
    ("slice.h5ad: 2 spots lack coordinates in obsm['spatial'] (first: 'spot4'); remove them"),
)
put(
    "text_coordinates",
    "Coordinates that are words",
    lambda d: d.obsm.__setitem__("spatial", pd.DataFrame({"x": "left", "y": "top"}, index=d.obs_names)),
    ("slice.h5ad: obsm['spatial'] holds values that are no numbers; it must be spots x 2"),
)
put(
    "one_place",
    "All spots at one place",
    places(lambda c: 0 * c + 3),
    ("slice.h5ad: all spots are at one place in obsm['spatial']; give their coordinates"),
)
put(
    "repeated_spots",
    "A spot name in two rows",
    spots("spot1"),
    ("slice.h5ad: spot name 'spot1' occurs more than once in obs_names; make them unique"),
)
put(
    "no_labels",
    "A label column without labels",
    obs(area=""),
    ("slice.h5ad: no spot has a label in obs column 'area'; leave it empty for a label-free run"),
)
put(
    "no_label_column",
    "No such label column",
    lambda d: d.obs.pop("area"),
    "slice.h5ad: has no obs column 'area' (columns: none); mend it or leave it empty",
)
put(
    "other_spots",
    "Spots that the embedding lacks",
    spots("other1", "other2"),
    ("embedding.h5ad: lacks 2 of the slice's 60 spots (first: 'other1'); is it the embedding of this slice?"),
)
put(
    "mouse_symbols",
    "Mouse symbols, species not given",
    lambda d: setattr(d, "var_names", [f"Gene{g}a" for g in range(GENES)]),
    (
        "slice.h5ad: gene symbols are written as those of mouse or rat (Gene0a, Gene1a, "
        "Gene2a, Gene3a, Gene4a), but the species is human; set species and give --homologs"
    ),
)
put(
    "boolean_obsm",
    "Coordinates as complex numbers",
    places(lambda c: c + 1j),
    ("slice.h5ad: obsm['spatial'] holds values that are no numbers; it must be spots x 2"),
)
content(
    "wrong_indices",
    "Sparse indices beyond the number of genes",
    lambda f: f["X/indices"].__setitem__(0, 999),
    "slice.h5ad: X is damaged (slice: ...); write the file again",
)
content(
    "negative_indices",
    "Negative sparse indices",
    lambda f: f["X/indices"].__setitem__(0, -1),
    "slice.h5ad: X is damaged (slice: ...); write the file again",
)
content(
    "wrong_indptr",
    "Sparse row pointers that fall",
    lambda f: f["X/indptr"].__setitem__(3, 0),
    "slice.h5ad: X is damaged (slice: ...); write the file again",
)
content(
    "short_indptr",
    "Row pointers of another number of spots",
    lambda f: (f.__setitem__("p", f["X/indptr"][:-5]), f.__delitem__("X/indptr"), f.move("p", "X/indptr")),
    "slice.h5ad: X is damaged (slice: ...); write the file again",
)
content(
    "no_obs",
    "No table of spots",
    lambda f: f.__delitem__("obs"),
    "slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",
)
content(
    "text_x",
    "Words in X",
    lambda f: (f.__delitem__("X"), f.create_dataset("X", data=np.full((SPOTS, GENES), b"many"))),
    "slice.h5ad: X holds values that are no numbers (slice); write the file again",
)
content(
    "flat_x",
    "X of one dimension",
    lambda f: (f.__delitem__("X"), f.create_dataset("X", data=np.ones(SPOTS))),
    "slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",
)
content(
    "newer_encoding",
    "An encoding that this anndata does not know",
    lambda f: f["X"].attrs.__setitem__("encoding-version", "9.9.9"),
    "slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",
)
content(
    "other_hdf5",
    "An HDF5 file of something else",
    lambda f: [f.__delitem__(key) for key in list(f)],
    "slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",
)
SLICE.add(
    "unknown_layer",
    "No such layer",
    lambda folder: {"--layer": "raw"},
    (("slice.h5ad: has no layer 'raw' (layers: none); name the layer with raw counts, or X"),),
)
SLICE.add(
    "unknown_key",
    "No such key of coordinates",
    lambda folder: {"--spatial-key": "X_spatial"},
    (("slice.h5ad: has no coordinates in obsm['X_spatial'] (obsm: spatial); set spatial_key (none: single cells)"),),
)
SLICE.add(
    "no_neighbors",
    "--neighbors 0",
    lambda folder: {"--neighbors": 0},
    ("--neighbors is 0; it must be 1 or more, or auto",),
)
SLICE.add("power_of_0", "--power 0", lambda folder: {"--power": 0}, ("--power is 0.0; it must be above 0",))


@SLICE.wrong(
    (
        "slice.h5ad: X holds negative values (scaled or centred data? first: spot 'spot0', "
        "gene 'GENE0', value -12); give the layer with raw counts"
    ),
    "slice.h5ad: has no coordinates in obsm['spatial'] (obsm: none); set spatial_key (none: single cells)",
    "slice.h5ad: has no obs column 'layer' (columns: area); mend it or leave it empty",
)
def several_mistakes(folder: Path) -> dict[str, object]:
    """Several mistakes at once"""
    data = slice_data()
    data.X = -data.X
    del data.obsm["spatial"]
    write_h5ad(data, folder / FILE)
    return {"--annotation": "layer"}


@SLICE.wrong("slice.h5ad: is not a file (slice); give the path of a file")
def a_folder(folder: Path) -> None:
    """A folder in place of the file (zarr, say)"""
    (folder / FILE).unlink()
    (folder / FILE).mkdir()


@SLICE.wrong("slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?")
def ten_x_h5(folder: Path) -> None:
    """A 10x Genomics .h5 file under .h5ad"""
    with h5py.File(folder / FILE, "w") as file:
        file.create_dataset("matrix/data", data=np.ones(3))


@SLICE.wrong("slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?")
def gzipped(folder: Path) -> None:
    """A gzipped .h5ad"""
    (folder / FILE).write_bytes(gzip.compress((folder / FILE).read_bytes()))
