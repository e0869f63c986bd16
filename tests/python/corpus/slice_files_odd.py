"""Cases of slices that are odd, but valid."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from scipy import sparse

from corpus.references import obs
from corpus.slice_files import FILE, SLICE, SPOTS, counts, places, put, slice_data
from traitmap.h5ad import write_h5ad

READERS = [SLICE]

put("dense", "Dense counts", lambda d: setattr(d, "X", d.X.toarray()), wrong=False, same=True)
put("csc", "Counts by columns (CSC)", lambda d: setattr(d, "X", d.X.tocsc()), wrong=False, same=True)
put("integers", "64-bit integer counts", lambda d: setattr(d, "X", d.X.astype(np.int64)), wrong=False, same=True)
put("small_integers", "8-bit counts", lambda d: setattr(d, "X", d.X.astype(np.uint8)), wrong=False, same=True)
put("float64", "64-bit float counts", lambda d: setattr(d, "X", d.X.astype(np.float64)), wrong=False, same=True)
put(
    "few_genes",
    "Fewer than 1,000 genes",
    lambda d: None,
    "warning: ...: only 40 genes are scored; ranks within so few genes are coarse",
    wrong=False,
    same=True,
)
put(
    "counts_layer",
    "Counts in the layer counts, logs in X",
    lambda d: (d.layers.__setitem__("counts", d.X.copy()), setattr(d, "X", d.X.log1p())),
    wrong=False,
    same=True,
)
put("raw_too", "A raw slot", lambda d: setattr(d, "raw", d.copy()), wrong=False, same=True)
put(
    "object_labels",
    "Labels as plain text",
    obs(area=lambda o: o["area"].astype(str)),
    wrong=False,
    same=True,
)
put(
    "unused_categories",
    "Categories without a spot",
    obs(area=lambda o: o["area"].cat.add_categories(["nowhere"])),
    wrong=False,
    same=True,
)
put(
    "ordered_categories",
    "Ordered categories",
    obs(area=lambda o: o["area"].cat.set_categories(["right", "left"], ordered=True)),
    wrong=False,
    same=True,
)
put(
    "blank_labels",
    "Labels with blanks around",
    obs(area=lambda o: [f" {label} " for label in o["area"]]),
    wrong=False,
    same=True,
)
put("number_labels", "Labels that are numbers", obs(area=np.arange(SPOTS) // 30), wrong=False)
put(
    "missing_labels",
    "Labels missing in three spots",
    obs(area=lambda o: [None, "nan", "", *o["area"][3:]]),
    "3 spots: without a region label (mapped, but in no region)",
    wrong=False,
)
put(
    "one_spot_label",
    "A label with one spot",
    obs(area=lambda o: ["alone", *o["area"][1:]]),
    "2 regions: with fewer than 30 spots (kept, flagged)",
    "warning: slice.h5ad: regions with fewer than 30 spots: alone, left",
    wrong=False,
)
put(
    "duplicate_places",
    "Two spots at one place",
    places(lambda c: c.__setitem__(1, c[0])),
    "1 spots: at the place of an earlier spot",
    wrong=False,
)
put("three_coordinates", "Three coordinates", places(lambda c: np.hstack([c, 0 * c[:, :1]])), wrong=False)
put("integer_coordinates", "Integer coordinates", places(lambda c: c.astype(int)), wrong=False, same=True)
put(
    "repeated_genes",
    "A gene symbol twice",
    lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]),
    "1 genes: same symbol as a gene with more counts",
    wrong=False,
)
put(
    "empty_spot",
    "A spot without counts",
    counts(lambda x: x.__setitem__(7, 0)),
    "1 spots: without any count",
    wrong=False,
)
put(
    "silent_gene",
    "A gene without counts",
    counts(lambda x: x.__setitem__((slice(None), 7), 0)),
    "1 genes: not expressed in any spot",
    wrong=False,
)


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
