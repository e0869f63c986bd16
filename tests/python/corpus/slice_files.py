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

from corpus.references import changed, files, in_hdf5
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
files(SLICE, FILE)


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
    return lambda d: setattr(d, "obs_names", [*names, *d.obs_names[len(names):]])


put("no_spots", "No spots", lambda d: d[:0].copy(), "?")
put("no_genes", "No genes", lambda d: d[:, :0].copy(), "?")
put("no_x", "Nothing in X and no layer", lambda d: setattr(d, "X", None), "?")
put("all_zero", "No count at all", counts(lambda x: 0 * x), "?")
put("log_data", "Log-normalised data in X", counts(lambda x: np.log1p(x / x.sum(1, keepdims=True) * 1e4)), "?")
put("scaled_data", "Scaled data in X", counts(lambda x: (x - x.mean(0)) / (x.std(0) + 1)), "?")
put("nan_count", "A count that is missing", counts(lambda x: x.__setitem__((3, 2), np.nan)), "?")
put("infinite_count", "An infinite count", counts(lambda x: x.__setitem__((3, 2), np.inf)), "?")
put("no_spatial", "No coordinates", lambda d: d.obsm.pop("spatial"), "?")
put("one_coordinate", "One coordinate", places(lambda c: c[:, :1]), "?")
put("four_coordinates", "Four coordinates", places(lambda c: np.hstack([c, c])), "?")
put("nan_coordinates", "Coordinates missing in two spots", places(lambda c: c.__setitem__((slice(4, 6), 0), np.nan)), "?")
put("text_coordinates", "Coordinates that are words", lambda d: d.obsm.__setitem__(
    "spatial", pd.DataFrame({"x": "left", "y": "top"}, index=d.obs_names)), "?")
put("one_place", "All spots at one place", places(lambda c: 0 * c + 3), "?")
put("repeated_spots", "A spot name in two rows", spots("spot1"), "?")
put("no_labels", "A label column without labels", lambda d: d.obs.__setitem__("area", ""), "?")
put("no_label_column", "No such label column", lambda d: d.obs.pop("area"), "?")
put("other_spots", "Spots that the embedding lacks", spots("other1", "other2"), "?")
put("mouse_symbols", "Mouse symbols, species not given", lambda d: setattr(
    d, "var_names", [f"Gene{g}a" for g in range(GENES)]), "?")
put("boolean_obsm", "Coordinates as complex numbers", places(lambda c: c + 1j), "?")
content("wrong_indices", "Sparse indices beyond the number of genes", lambda f: f["X/indices"].__setitem__(0, 999), "?")
content("negative_indices", "Negative sparse indices", lambda f: f["X/indices"].__setitem__(0, -1), "?")
content("wrong_indptr", "Sparse row pointers that fall", lambda f: f["X/indptr"].__setitem__(3, 0), "?")
content("short_indptr", "Row pointers of another number of spots", lambda f: (
    f.__setitem__("p", f["X/indptr"][:-5]), f.__delitem__("X/indptr"), f.move("p", "X/indptr")), "?")
content("no_obs", "No table of spots", lambda f: f.__delitem__("obs"), "?")
content("text_x", "Words in X", lambda f: (
    f.__delitem__("X"), f.create_dataset("X", data=np.full((SPOTS, GENES), b"many"))), "?")
content("flat_x", "X of one dimension", lambda f: (f.__delitem__("X"), f.create_dataset("X", data=np.ones(SPOTS))), "?")
content("newer_encoding", "An encoding that this anndata does not know", lambda f: f["X"].attrs.__setitem__(
    "encoding-version", "9.9.9"), "?")
content("other_hdf5", "An HDF5 file of something else", lambda f: [f.__delitem__(key) for key in list(f)], "?")
SLICE.add("unknown_layer", "No such layer", lambda folder: {"--layer": "raw"}, ("?",))
SLICE.add("unknown_key", "No such key of coordinates", lambda folder: {"--spatial-key": "X_spatial"}, ("?",))
SLICE.add("no_neighbors", "--neighbors 0", lambda folder: {"--neighbors": 0}, ("?",))
SLICE.add("power_of_0", "--power 0", lambda folder: {"--power": 0}, ("?",))


@SLICE.wrong("?", "?", "?")
def several_mistakes(folder: Path) -> dict[str, object]:
    """Several mistakes at once"""
    data = slice_data()
    data.X = -data.X
    del data.obsm["spatial"]
    write_h5ad(data, folder / FILE)
    return {"--annotation": "layer"}


@SLICE.wrong("?")
def a_folder(folder: Path) -> None:
    """A folder in place of the file (zarr, say)"""
    (folder / FILE).unlink()
    (folder / FILE).mkdir()


@SLICE.wrong("?")
def ten_x_h5(folder: Path) -> None:
    """A 10x Genomics .h5 file under .h5ad"""
    with h5py.File(folder / FILE, "w") as file:
        file.create_dataset("matrix/data", data=np.ones(3))


@SLICE.wrong("?")
def gzipped(folder: Path) -> None:
    """A gzipped .h5ad"""
    (folder / FILE).write_bytes(gzip.compress((folder / FILE).read_bytes()))


put("dense", "Dense counts", lambda d: setattr(d, "X", d.X.toarray()), wrong=False, same=True)
put("csc", "Counts by columns (CSC)", lambda d: setattr(d, "X", d.X.tocsc()), wrong=False, same=True)
put("integers", "64-bit integer counts", lambda d: setattr(d, "X", d.X.astype(np.int64)), wrong=False, same=True)
put("small_integers", "8-bit counts", lambda d: setattr(d, "X", d.X.astype(np.uint8)), wrong=False, same=True)
put("float64", "64-bit float counts", lambda d: setattr(d, "X", d.X.astype(np.float64)), wrong=False, same=True)
put("counts_layer", "Counts in the layer counts, logs in X", lambda d: (
    d.layers.__setitem__("counts", d.X.copy()), setattr(d, "X", d.X.log1p())), wrong=False, same=True)
put("raw_too", "A raw slot", lambda d: setattr(d, "raw", d.copy()), wrong=False, same=True)
put("object_labels", "Labels as plain text", lambda d: d.obs.__setitem__(
    "area", d.obs["area"].astype(str)), wrong=False, same=True)
put("unused_categories", "Categories without a spot", lambda d: d.obs.__setitem__(
    "area", d.obs["area"].cat.add_categories(["nowhere"])), wrong=False, same=True)
put("ordered_categories", "Ordered categories", lambda d: d.obs.__setitem__(
    "area", d.obs["area"].cat.set_categories(["right", "left"], ordered=True)), wrong=False, same=True)
put("blank_labels", "Labels with blanks around", lambda d: d.obs.__setitem__(
    "area", [f" {label} " for label in d.obs["area"]]), wrong=False, same=True)
put("number_labels", "Labels that are numbers", lambda d: d.obs.__setitem__("area", np.arange(SPOTS) // 30), wrong=False)
put("missing_labels", "Labels missing in three spots", lambda d: d.obs.__setitem__(
    "area", [None, "nan", "", *d.obs["area"][3:]]), "3 spots: without a region label (mapped, but in no region)", wrong=False)
put("one_spot_label", "A label with one spot", lambda d: d.obs.__setitem__("area", ["alone", *d.obs["area"][1:]]),
    "2 regions: with fewer than 30 spots (kept, flagged)",
    "warning: slice.h5ad: regions with fewer than 30 spots: alone, left", wrong=False)
put("duplicate_places", "Two spots at one place", places(lambda c: c.__setitem__(1, c[0])),
    "1 spots: at the place of an earlier spot", wrong=False)
put("three_coordinates", "Three coordinates", places(lambda c: np.hstack([c, 0 * c[:, :1]])), wrong=False)
put("integer_coordinates", "Integer coordinates", places(lambda c: c.astype(int)), wrong=False, same=True)
put("repeated_genes", "A gene symbol twice", lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]),
    "1 genes: same symbol as a gene with more counts", wrong=False)
put("empty_spot", "A spot without counts", counts(lambda x: x.__setitem__(7, 0)), "1 spots: without any count", wrong=False)
put("silent_gene", "A gene without counts", counts(lambda x: x.__setitem__((slice(None), 7), 0)),
    "1 genes: not expressed in any spot", wrong=False)
put("unicode_names", "Spot names of any letters", spots("Fl\u00e4che 1", "'; rm", "$(x)"), "?", wrong=False)


@SLICE.odd(same=True)
def stored_zeros(folder: Path) -> None:
    """Zeros stored in the sparse counts"""
    data = slice_data()
    dense = data.X.toarray()
    rows, columns = np.indices(dense.shape).reshape(2, -1)
    data.X = sparse.csr_matrix((dense.ravel(), (rows, columns)), shape=dense.shape)
    write_h5ad(data, folder / FILE)


@SLICE.odd(same=True)
def old_anndata(folder: Path) -> None:
    """A file as anndata 0.6 wrote it: obs and var arrays of records, coordinates in one, X with h5sparse attributes"""
    data = slice_data()
    (folder / FILE).unlink()
    with h5py.File(folder / FILE, "w") as file:
        matrix = file.create_group("X")
        matrix.attrs["h5sparse_format"] = "csr"
        matrix.attrs["h5sparse_shape"] = data.shape
        for name in ("data", "indices", "indptr"):
            matrix.create_dataset(name, data=getattr(data.X, name))
        codes = data.obs["area"].cat.codes.to_numpy().astype("i1")
        names = data.obs_names.to_numpy().astype("S10")
        obs = np.rec.fromarrays([names, codes], names="index,area")
        file.create_dataset("obs", data=obs)
        file.create_dataset("var", data=np.rec.fromarrays([data.var_names.to_numpy().astype("S10")], names="index"))
        file.create_dataset("obsm", data=np.rec.fromarrays([data.obsm["spatial"]], dtype=[("spatial", "f8", (2,))]))
        file.create_group("uns").create_dataset("area_categories", data=np.array([b"left", b"right"]))


HOMOLOGS = Reader(
    "homologs",
    "Homologs of other species",
    "score_specificity",
    {**OPTIONS, "--species": "mouse", "--homologs": "homologs.txt"},
    lambda folder: (make(folder), _as_mouse(folder)) and None,
)


def _as_mouse(folder: Path) -> None:
    data = slice_data()
    data.var_names = [f"Gene{g}" for g in range(GENES)]
    write_h5ad(data, folder / FILE)


TABLE = "M\tH\n" + "".join(f"Gene{g}\tGENE{g}\n" for g in range(GENES))
HOMOLOGS.texts(
    "homologs.txt",
    [
        ("empty", "An empty file", "", "?"),
        ("blank", "Blank lines only", "\n\n", "?"),
        ("header_only", "A header without rows", "M\tH\n", "?"),
        ("one_symbol", "A row of one symbol", "M\tH\nGene1\n", "?"),
        ("empty_symbol", "An empty symbol", "M\tH\nGene1\t\n", "?"),
        ("others", "No gene of the slice", "M\tH\nActb\tACTB\n", "?"),
        ("swapped", "Human symbols first", "H\tM\n" + "".join(f"GENE{g}\tGene{g}\n" for g in range(GENES)), "?"),
        ("binary", "A binary file", bytes(range(128, 256)), "?"),
    ],
)
HOMOLOGS.add("missing_file", "The file does not exist", lambda folder: (folder / "homologs.txt").unlink(), ("?",))
HOMOLOGS.add("not_given", "Another species without homologs", lambda folder: {"--homologs": None}, ("?",))


def paired(name: str, what: str, text: str, *says: str, same: bool = False) -> None:
    """Register a table of homologs that works."""
    HOMOLOGS.add(name, what, lambda folder: (folder / "homologs.txt").write_text(text) and None, says, wrong=False, same=same)


paired("many_humans", "A mouse gene with two human ones", TABLE + "Gene1\tGENE900\n",
       "1 homologs: further pairs of a species gene, not used", same=True)
paired("many_mice", "Two mouse genes with one human one", TABLE.replace("GENE2\n", "GENE1\n"),
       "1 genes: same symbol as a gene with more counts")
paired("repeated", "A pair twice", TABLE + "Gene1\tGENE1\n", "1 homologs: further pairs of a species gene, not used", same=True)
paired("some_lacking", "Genes without a homolog", TABLE.replace("Gene3\tGENE3\n", ""), "1 genes: without a human homolog")
paired("blanks", "Blanks between columns", TABLE.replace("\t", "  "), same=True)
paired("windows_lines", "Windows line ends", TABLE.replace("\n", "\r\n"), same=True)
paired("more_columns", "Further columns", TABLE.replace("\n", "\tx\n"), same=True)
READERS = [SLICE, HOMOLOGS]
