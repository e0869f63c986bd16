"""Reading and writing .h5ad with the house's manners: a clear line for a bad file, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitmap.errors import InputError
from traitmap.files import require_file, writing

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from scipy import sparse

CHUNK = 1 << 18  # values: what HDF5 stores, and finds, together


def read_h5ad(path: Path, what: str, choose: Callable[[Collection[str]], str] | None = None) -> AnnData:
    """Read ``path`` into memory; raise InputError where it is missing, empty or no whole AnnData file.

    ``choose`` names, of the names of the layers or X, the one matrix that is wanted: where the file has it, no other
    is read, nor raw, each of which may be as large.
    """
    import anndata

    path = require_file(path, what)
    try:
        data = anndata.read_h5ad(path) if choose is None else _read_one_matrix(path, choose)
    except Exception as error:  # h5py and anndata raise whatever their parsers meet
        raise InputError(f"{path}: cannot be read as .h5ad ({what}: {error}); is it a whole AnnData file?") from error
    for name, matrix in (("X", data.X), *data.layers.items()):
        _check_matrix(matrix, name, path, what)
    return data


def _read_one_matrix(path: Path, choose: Callable[[Collection[str]], str]) -> AnnData:
    import anndata
    import h5py
    from anndata.experimental import read_dispatched

    with h5py.File(path, "r") as file:
        layers = file.get("layers", {})
        wanted = choose(list(layers))
        # Files older than anndata 0.7 do not say what their parts are, and damaged ones lack some: the reader of whole
        # files knows what to do.
        known = file.attrs.get("encoding-type") == "anndata" and {"obs", "var"} <= set(file)
        if not known or not (wanted in layers or (wanted == "X" and "X" in file)):
            return anndata.read_h5ad(path)

        def read(function: Callable, name: str, element: Any, *, iospec: Any) -> Any:
            if iospec.encoding_type == "anndata":
                parts = (part for part in element if part != "raw" and (part != "X" or wanted == "X"))
                return anndata.AnnData(**{part: read_dispatched(element[part], read) for part in parts})
            if name == "/layers":
                return {wanted: read_dispatched(element[wanted], read)} if wanted in element else {}
            return function(element)

        return read_dispatched(file, read)


def _check_matrix(matrix: object, name: str, path: Path, what: str) -> None:
    """Raise InputError for words, and for sparse indices out of range, which compiled code would follow anywhere."""
    if not (matrix is None or matrix.dtype.kind in "biuf"):
        raise InputError(f"{path}: {name} holds values that are no numbers ({what}); write the file again")
    if hasattr(matrix, "check_format"):
        try:
            matrix.check_format(full_check=True)
        except ValueError as error:
            raise InputError(f"{path}: {name} is damaged ({what}: {error}); write the file again") from error


def read_obs(path: Path, what: str) -> pd.DataFrame:
    """Read only the table of observations; raises InputError as ``read_h5ad`` does."""
    obs = _read_part(path, what, "obs")
    # Files older than anndata 0.7 hold obs as an array of records, which the reader of whole files turns into a table.
    return obs if hasattr(obs, "columns") else read_h5ad(path, what).obs


def read_obsm(path: Path, what: str) -> dict[str, Any]:
    """Read only what is in obsm, by its keys; raises InputError as ``read_h5ad`` does."""
    return _read_part(path, what, "obsm")


def _read_part(path: Path, what: str, part: str) -> Any:
    import h5py
    from anndata.io import read_elem

    path = require_file(path, what)
    try:
        with h5py.File(path, "r") as file:
            return read_elem(file[part])
    except Exception as error:  # h5py and anndata raise whatever their parsers meet
        raise InputError(f"{path}: cannot be read as .h5ad ({what}: {error}); is it a whole AnnData file?") from error


def write_h5ad(data: AnnData, path: Path, *, compress: bool = True) -> None:
    """Write ``data`` beside and then renamed; ``compress`` where that is worth its time, at every reading too."""
    options = {"compression": "gzip", "compression_opts": 1} if compress else {}
    with writing(path) as beside:
        data.write_h5ad(beside, **options)


def write_in_blocks(data: AnnData, blocks: Iterable[sparse.csr_matrix], path: Path) -> None:
    """Write ``data`` with an X (CSR float32) that comes in ``blocks`` of rows and is never held whole.

    Tables are written last: what ``data`` is told while the blocks are taken is in the file. Beside, then renamed.
    """
    import h5py
    import numpy as np
    from anndata.io import sparse_dataset, write_elem
    from scipy import sparse

    with writing(path) as beside, h5py.File(beside, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        empty = sparse.csr_matrix((0, data.n_vars), dtype=np.float32)
        empty.indptr = empty.indptr.astype(np.int64)  # counts beyond 2 ** 31
        write_elem(file, "X", empty, dataset_kwargs={"chunks": (CHUNK,)})
        matrix = sparse_dataset(file["X"])
        for block in blocks:
            matrix.append(block)
        ends = file["X"]["indptr"][:]
        if ends[-1] <= np.iinfo(np.int32).max:  # as wide as the indices, else scipy widens these
            del file["X"]["indptr"]
            write_elem(file["X"], "indptr", ends.astype(np.int32))
        for name in ("obs", "var"):
            write_elem(file, name, getattr(data, name))
        for name in ("obsm", "obsp", "uns"):
            write_elem(file, name, dict(getattr(data, name)))
