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
files(EMBEDDING, FILE, "embedding")


def values(change):
    """A change of the embedding, in place or returned."""

    def go(data: anndata.AnnData) -> None:
        found = np.array(data.obsm["embedding"])
        result = change(found)
        data.obsm["embedding"] = found if result is None else result

    return go


put(
    "no_key",
    "No such key",
    lambda d: d.obsm.pop("embedding"),
    "embedding.h5ad: has no obsm['embedding'] (obsm: none); set --embedding-key",
)
put(
    "fewer_spots",
    "Fewer spots than the slice",
    lambda d: d[:50].copy(),
    ("embedding.h5ad: lacks 10 of the slice's 60 spots (first: 'spot50'); is it the embedding of this slice?"),
)
put(
    "repeated_spots",
    "A spot in two rows",
    lambda d: setattr(d, "obs_names", ["spot1", *d.obs_names[1:]]),
    ("embedding.h5ad: spot 'spot1' occurs more than once in obs_names; make them unique"),
)
put(
    "nan",
    "A missing value",
    values(lambda x: x.__setitem__((2, 0), np.nan)),
    ("embedding.h5ad: obsm['embedding'] holds missing or infinite values (first: spot 'spot2'); embed again"),
)
put(
    "no_dimension",
    "No dimension",
    values(lambda x: x[:, :0]),
    ("embedding.h5ad: obsm['embedding'] has shape (60, 0); it must be spots x dimensions"),
)
put(
    "words",
    "Words",
    lambda d: d.obsm.__setitem__("embedding", pd.DataFrame({"a": "x"}, index=d.obs_names)),
    ("embedding.h5ad: obsm['embedding'] holds values that are no numbers; it must be spots x dimensions"),
)
put("shuffled", "Spots in another order", lambda d: d[::-1].copy(), wrong=False, same=True)
put("more_spots", "More spots than the slice", lambda d: _more(d), wrong=False, same=True)
put("zeros", "An embedding of zeros", values(lambda x: 0 * x), wrong=False)


def _more(data: anndata.AnnData) -> anndata.AnnData:
    names = pd.DataFrame(index=[*data.obs_names, "elsewhere"])
    return anndata.AnnData(
        obs=names, obsm={"embedding": np.vstack([data.obsm["embedding"], np.ones((1, 4), np.float32)])}
    )


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
    [
        (
            "empty",
            "An empty file",
            "",
            ("background.parquet: is empty (background of ranks); was its download or copy cut short?"),
        ),
        (
            "text",
            "A text table",
            "gene,mean_log_rank\n",
            ("background.parquet: cannot be read as parquet (background of ranks: ...); is it a whole file?"),
        ),
    ],
)
BACKGROUND.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "background.parquet").unlink(),
    ("background.parquet: no such file (background of ranks); check the path",),
)
background(
    "no_column",
    "A column is missing",
    lambda t: t.drop(columns=MEAN_LOG_RANK),
    ("background.parquet: lacks column 'mean_log_rank'; is it an output of average_ranks.py?"),
)
background(
    "no_genes",
    "No genes",
    lambda t: t[:0],
    ("background.parquet: is empty, repeats a gene or holds missing values; run average_ranks.py again"),
)
background(
    "repeated_gene",
    "A gene in two rows",
    lambda t: pd.concat([t, t[:1]]),
    ("background.parquet: is empty, repeats a gene or holds missing values; run average_ranks.py again"),
)
background(
    "missing_value",
    "A missing value",
    lambda t: t.assign(**{MEAN_LOG_RANK: np.nan}),
    ("background.parquet: is empty, repeats a gene or holds missing values; run average_ranks.py again"),
)
background(
    "words",
    "Words for ranks",
    lambda t: t.assign(**{MEAN_LOG_RANK: "high"}),
    ("background.parquet: is empty, repeats a gene or holds missing values; run average_ranks.py again"),
)
background(
    "other_genes",
    "Genes that the slice lacks",
    lambda t: t.assign(**{GENE: "X" + t[GENE]}),
    (
        "slice.h5ad: lacks 40 of the background's 40 genes (first: 'XGENE0'); give "
        "average_ranks.py every slice of the group, with the same species and homologs"
    ),
)
background(
    "fewer_genes",
    "Fewer genes than the slice",
    lambda t: t[:30],
    "10 genes: not in the group's background",
    wrong=False,
)


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
GROUP.add(
    "slice_twice",
    "A slice given twice",
    lambda folder: {"--slice": ["slice.h5ad"] * 2},
    ("slice.h5ad: is given twice in one group; name it once",),
)
GROUP.add(
    "layers_of_three",
    "Three layers for two slices",
    lambda folder: {"--layer": ["a", "b", "c"]},
    ("--layer is given 3 times for 2 slices; give it once, or once each",),
)
GROUP.add(
    "no_common_gene",
    "No gene in common",
    lambda folder: put_other(folder, lambda d: setattr(d, "var_names", [f"OTHER{g}" for g in range(40)])),
    (("--slice: no gene is expressed in every slice; are they of one species and kind of gene symbol?"),),
)
GROUP.add(
    "one_damaged",
    "One slice is cut short",
    lambda folder: (folder / "other.h5ad").write_bytes((folder / "other.h5ad").read_bytes()[:999]) and None,
    ("other.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",),
)
GROUP.add(
    "fewer_genes",
    "A slice with fewer genes",
    lambda folder: put_other(folder, lambda d: d[:, :30].copy()),
    ("10 genes: not expressed in every slice",),
    wrong=False,
)
GROUP.add(
    "any_names",
    "Spot names of any letters",
    lambda folder: put_other(
        folder, lambda d: setattr(d, "obs_names", ["Fl\u00e4che 1", "'; rm", "$(x)", "-9", "a/b", *d.obs_names[5:]])
    ),
    (),
    wrong=False,
    same=True,
)
READERS = [EMBEDDING, BACKGROUND, GROUP]
