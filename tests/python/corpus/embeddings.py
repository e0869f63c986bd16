"""Cases of embeddings and of the background of a group's ranks (score_specificity.py)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from corpus import slice_files
from corpus.references import changed, files
from corpus.registry import Reader
from traitmap.average_ranks import EXPRESSED_FRACTION, GENE, MEAN_LOG_RANK

EMBEDDING = Reader("embedding", "Embeddings", "score_specificity", slice_files.OPTIONS, slice_files.make)
FILE = "embedding.h5ad"
put = partial(changed, EMBEDDING, FILE)
files(EMBEDDING, FILE)


def values(change):
    """A change of the embedding, in place or returned."""

    def go(data: anndata.AnnData) -> None:
        found = np.array(data.obsm["embedding"])
        result = change(found)
        data.obsm["embedding"] = found if result is None else result

    return go


put("no_key", "No such key", lambda d: d.obsm.pop("embedding"), "?")
put("fewer_spots", "Fewer spots than the slice", lambda d: d[:50].copy(), "?")
put("repeated_spots", "A spot in two rows", lambda d: setattr(d, "obs_names", ["spot1", *d.obs_names[1:]]), "?")
put("nan", "A missing value", values(lambda x: x.__setitem__((2, 0), np.nan)), "?")
put("no_dimension", "No dimension", values(lambda x: x[:, :0]), "?")
put("words", "Words", lambda d: d.obsm.__setitem__("embedding", pd.DataFrame({"a": "x"}, index=d.obs_names)), "?")
put("shuffled", "Spots in another order", lambda d: d[::-1].copy(), wrong=False, same=True)
put("more_spots", "More spots than the slice", lambda d: anndata.concat([d, d[:2].copy()], index_unique=None)
    if False else _more(d), wrong=False, same=True)
put("zeros", "An embedding of zeros", values(lambda x: 0 * x), wrong=False)


def _more(data: anndata.AnnData) -> anndata.AnnData:
    names = pd.DataFrame(index=[*data.obs_names, "elsewhere"])
    return anndata.AnnData(obs=names, obsm={"embedding": np.vstack([data.obsm["embedding"], np.ones((1, 4), np.float32)])})


def table() -> pd.DataFrame:
    """A background of the slice's genes."""
    genes = [f"GENE{g}" for g in range(slice_files.GENES)]
    return pd.DataFrame({GENE: sorted(genes), MEAN_LOG_RANK: 2.5, EXPRESSED_FRACTION: 0.5})


def make(folder: Path) -> None:
    """As for slices, and a background."""
    slice_files.make(folder)
    table().to_parquet(folder / "background.parquet")


BACKGROUND = Reader(
    "background",
    "Backgrounds of ranks",
    "score_specificity",
    {**slice_files.OPTIONS, "--background": "background.parquet"},
    make,
)


def background(name: str, what: str, change, *says: str, **kind) -> None:
    """Register a changed background."""
    BACKGROUND.add(name, what, lambda folder: change(table()).to_parquet(folder / "background.parquet"), says, **kind)


BACKGROUND.texts(
    "background.parquet",
    [("empty", "An empty file", "", "?"), ("text", "A text table", "gene,mean_log_rank\n", "?")],
)
BACKGROUND.add("missing_file", "The file does not exist", lambda folder: (folder / "background.parquet").unlink(), ("?",))
background("no_column", "A column is missing", lambda t: t.drop(columns=MEAN_LOG_RANK), "?")
background("no_genes", "No genes", lambda t: t[:0], "?")
background("repeated_gene", "A gene in two rows", lambda t: pd.concat([t, t[:1]]), "?")
background("missing_value", "A missing value", lambda t: t.assign(**{MEAN_LOG_RANK: np.nan}), "?")
background("words", "Words for ranks", lambda t: t.assign(**{MEAN_LOG_RANK: "high"}), "?")
background("other_genes", "Genes that the slice lacks", lambda t: t.assign(**{GENE: "X" + t[GENE]}), "?")
background("fewer_genes", "Fewer genes than the slice", lambda t: t[:30], "10 genes: not in the group's background", wrong=False)


def make_group(folder: Path) -> None:
    """Two slices of one group."""
    slice_files.make(folder)
    (folder / "other.h5ad").write_bytes((folder / "slice.h5ad").read_bytes())
    put_other(folder, lambda d: setattr(d, "X", d.X[::-1].tocsr()))


def put_other(folder: Path, change) -> None:
    """Change the second slice."""
    data = anndata.read_h5ad(folder / "other.h5ad")
    result = change(data)
    (result if isinstance(result, anndata.AnnData) else data).write_h5ad(folder / "other.h5ad")


GROUP = Reader(
    "group",
    "Groups of slices",
    "average_ranks",
    {"--slice": ["slice.h5ad", "other.h5ad"], "--qc": "out/qc.json", "--out": "out/background.parquet"},
    make_group,
)
GROUP.add("slice_twice", "A slice given twice", lambda folder: {"--slice": ["slice.h5ad"] * 2}, ("?",))
GROUP.add("layers_of_three", "Three layers for two slices", lambda folder: {"--layer": ["a", "b", "c"]}, ("?",))
GROUP.add("no_common_gene", "No gene in common", lambda folder: put_other(
    folder, lambda d: setattr(d, "var_names", [f"OTHER{g}" for g in range(40)])), ("?",))
GROUP.add("one_damaged", "One slice is cut short", lambda folder: (folder / "other.h5ad").write_bytes(
    (folder / "other.h5ad").read_bytes()[:999]) and None, ("?",))
GROUP.add("fewer_genes", "A slice with fewer genes", lambda folder: put_other(folder, lambda d: d[:, :30].copy()),
          ("10 genes: not expressed in every slice",), wrong=False)
READERS = [EMBEDDING, BACKGROUND, GROUP]
