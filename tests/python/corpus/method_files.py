"""Cases of what the methods beside ldsc read: a trait's genes, a slice and its microdomains, each other's tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from corpus import run_files
from corpus.registry import Reader
from methods_fixture import planted_slice

OPTIONS: dict[str, object] = {
    "--slice": "slice.h5ad",
    "--specificity": "specificity.h5ad",
    "--genes": "genes.tsv",
    "--qc": "out/qc.json",
    "--out": "out/spots.parquet",
}
SCDRS = Reader(
    "scdrs",
    "Genes and spots that are scored (score_scdrs.py)",
    "score_scdrs",
    {**OPTIONS, "--controls": 20, "--regions": "out/regions.tsv"},
    lambda folder: make(folder),
)
SIGNATURES = Reader(
    "signatures",
    "Genes and spots that are scored (score_signatures.py)",
    "score_signatures",
    {**OPTIONS, "--methods": "aucell,module_score"},
    lambda folder: make(folder),
)
COMPARED = Reader(
    "methods",
    "Methods that are compared",
    "compare_methods",
    {"--sheet": "sheet.tsv", "--out": "out"},
    lambda folder: make_compared(folder),
)
FEW = (
    "genes.tsv: only {} of the trait's {} first genes (z above 0, a tenth of all at most) are measured in the slice; "
    "10 are needed: are genes named by the same kind of symbol?"
)
READERS = [SCDRS, SIGNATURES, COMPARED]


def make(folder: Path) -> None:
    """A slice, its microdomains, and the genes of a trait."""
    data, _, weights = planted_slice(folder)
    data.obsm["spatial"] = np.stack([np.arange(data.n_obs) % 12, np.arange(data.n_obs) // 12], axis=1).astype(float)
    data.write_h5ad(folder / "slice.h5ad")
    genes(weights, data.var_names).to_csv(folder / "genes.tsv", sep="\t", index=False)


def genes(weights: pd.Series, names: pd.Index) -> pd.DataFrame:
    """The table of associate_genes.py, as far as the methods read it."""
    z = weights.reindex(names).fillna(-1.0)
    return pd.DataFrame({"gene": names, "z": z.to_numpy(), "p": 0.5})


def of_genes(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame], *says: str, **kind) -> None:
    """Register a changed table of genes, for scDRS."""

    def build(folder: Path) -> None:
        table = pd.read_csv(folder / "genes.tsv", sep="\t", keep_default_na=False)
        change(table).to_csv(folder / "genes.tsv", sep="\t", index=False)

    SCDRS.add(name, what, build, says, **kind)


def of_specificity(
    reader: Reader, name: str, what: str, change: Callable[[anndata.AnnData], object], options: dict, *says: str, **kind
) -> None:
    """Register a changed specificity."""

    def build(folder: Path) -> dict:
        data = anndata.read_h5ad(folder / "specificity.h5ad")
        data = change(data)
        data.write_h5ad(folder / "specificity.h5ad")
        return options

    reader.add(name, what, build, says, **kind)


SCDRS.texts(
    "genes.tsv",
    [
        (
            "empty",
            "An empty table of genes",
            "",
            "genes.tsv: is empty (gene associations); was its download or copy cut short?",
        ),
        (
            "header_only",
            "A table of genes without rows",
            "gene\tz\tp\n",
            "genes.tsv: holds no gene below its header; associate the trait's genes again",
        ),
        (
            "no_column",
            "Another table in place of genes",
            "symbol\tscore\nA\t1\n",
            "genes.tsv: has no column gene, z, p; give a table of associate_genes.py (...)",
        ),
        (
            "ragged",
            "A row of more fields than the header",
            "gene\tz\tp\nA\t1\t0.1\t5\t6\n",
            "genes.tsv: rows have more fields than the header (gene associations); give a table of associate_genes.py",
        ),
        ("z_word", "A word for z", "gene\tz\tp\nA\thigh\t0.1\n", "genes.tsv: row 2: z of gene A is no number; mend it"),
        (
            "z_infinite",
            "An infinite z",
            "gene\tz\tp\nA\tinf\t0.1\nB\t1\t0.1\n",
            "genes.tsv: row 2: z of gene A is no number; mend it",
        ),
        (
            "twice",
            "A gene twice",
            "gene\tz\tp\nA\t1\t0.1\nA\t2\t0.1\n",
            "genes.tsv: gene A occurs more than once; leave one row of it",
        ),
        (
            "mouse",
            "Symbols of a mouse",
            "gene\tz\tp\n" + "".join(f"Gm{g}\t{g}\t0.1\n" for g in range(1, 301)),
            FEW.format(0, 30),
        ),
        (
            "few",
            "Nine genes",
            "gene\tz\tp\n" + "".join(f"G00{g}\t{g}\t0.1\n" for g in range(1, 10)),
            FEW.format(1, 1),
        ),
        (
            "none_positive",
            "No z above 0",
            "gene\tz\tp\n" + "".join(f"G{g:03}\t-1\t0.9\n" for g in range(300)),
            FEW.format(0, 0),
        ),
    ],
)
SCDRS.add(
    "missing_file",
    "Genes that are not there",
    lambda folder: (folder / "genes.tsv").unlink(),
    ("genes.tsv: no such file (gene associations); check the path",),
)
SCDRS.add(
    "no_layer",
    "A layer that the slice lacks",
    lambda folder: {"--layer": "spliced"},
    ("slice.h5ad: has no layer 'spliced' (layers: none); name the layer with raw counts, or X",),
)
SCDRS.add(
    "other_species",
    "Another species without homologs",
    lambda folder: {"--species": "mouse"},
    ("slice.h5ad: is of species 'mouse'; give --homologs, its gene symbols beside human ones",),
)
SCDRS.add(
    "slice_is_text",
    "A slice that is text",
    lambda folder: (folder / "slice.h5ad").write_text("x") and None,
    ("slice.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",),
)
SCDRS.add(
    "specificity_is_slice",
    "The slice in place of its specificity",
    lambda folder: {"--specificity": "slice.h5ad", "--expression": "microdomains"},
    (
        "slice.h5ad: has no microdomains in obsp['microdomain']; "
        "score the slice again, or single spots (--expression spots)",
    ),
)
of_specificity(
    SCDRS,
    "other_slice",
    "Specificity of another slice",
    lambda d: d[:60].copy(),
    {},
    "specificity.h5ad: lacks 60 of the 120 spots of the slice (first: 's60'); give the files of one slice",
)


def _without_microdomains(data: anndata.AnnData) -> anndata.AnnData:
    del data.obsp["microdomain"]
    return data


of_specificity(
    SCDRS,
    "no_microdomains",
    "Specificity without microdomains, which are asked for",
    _without_microdomains,
    {"--expression": "microdomains"},
    "specificity.h5ad: has no microdomains in obsp['microdomain']; "
    "score the slice again, or single spots (--expression spots)",
)
of_genes(
    "more_genes",
    "Genes that the slice lacks",
    lambda t: pd.concat([t, pd.DataFrame({"gene": ["X1", "X2"], "z": [5.0, 6.0], "p": 0.1})]),
    "2 genes: not measured in the slice, or in too few spots",
    wrong=False,
)
of_genes("shuffled", "Genes in another order", lambda t: t.sample(frac=1, random_state=1), wrong=False, same=True)
of_genes(
    "z_least",
    "A z of -inf: a gene whose SNPs all have a Z of 0",
    lambda t: t.assign(z=["-inf" if z == t["z"].min() else z for z in t["z"]]),
    wrong=False,
    same=True,
)
of_genes("p_missing", "P that are missing", lambda t: t.assign(p=""), wrong=False, same=True)
of_genes(
    "na_gene",
    "A gene called NA",
    lambda t: pd.concat([t, pd.DataFrame({"gene": ["NA"], "z": [-2.0], "p": [0.9]})]),
    wrong=False,
)

SIGNATURES.add(
    "unknown",
    "An unknown method",
    lambda folder: {"--methods": "aucell,ssgsea"},
    ("--methods ssgsea: unknown; choose from aucell, module_score",),
)
SIGNATURES.add(
    "no_method",
    "No method",
    lambda folder: {"--methods": ""},
    ("--methods: names no method; choose from aucell, module_score",),
)
SIGNATURES.add(
    "twice", "A method twice", lambda folder: {"--methods": "aucell,aucell,module_score"}, (), wrong=False, same=True
)
SIGNATURES.add(
    "blanks",
    "Blanks beside the comma",
    lambda folder: {"--methods": "aucell , module_score"},
    (),
    wrong=False,
    same=True,
)
SIGNATURES.add(
    "missing_file",
    "A slice that is not there",
    lambda folder: (folder / "slice.h5ad").unlink(),
    ("slice.h5ad: no such file (slice); check the path",),
)

HEAD = "slice\ttrait\tregions\tspots\tscdrs\tscdrs_regions\tsignatures\n"
ROW = "one\tt\tregions.tsv\tspots.parquet\tscdrs.parquet\tscdrs.tsv\tsignatures.parquet\n"


def make_compared(folder: Path) -> None:
    """A slice x trait with the tables of all methods."""
    run_files.make(folder)
    spots = pd.read_parquet(folder / "spots.parquet")
    scdrs = pd.DataFrame(
        {"spot": spots["spot"], "raw_score": 1.0, "norm_score": spots["z"], "z": spots["z"], "p": spots["p"]}
    )
    scdrs.assign(neg_log10_p=spots["neg_log10_p"], mc_p=0.5).to_parquet(folder / "scdrs.parquet")
    own = pd.DataFrame(
        {"region": ["A", "B"], "n_spots": [15, 22], "n_controls": 99, "assoc_z": [1.0, 0.1], "assoc_p": [0.1, 0.4]}
    )
    own.assign(hetero_z=0.0, hetero_p=0.5, n_fdr_05=0, n_fdr_20=0).to_csv(folder / "scdrs.tsv", sep="\t", index=False)
    spots[["spot"]].assign(aucell=np.exp(spots["z"])).to_parquet(folder / "signatures.parquet")
    (folder / "sheet.tsv").write_text(HEAD + ROW)


COMPARED.texts(
    "sheet.tsv",
    [
        ("empty", "An empty sheet", "", "sheet.tsv: is empty (sheet); was its download or copy cut short?"),
        ("no_rows", "A sheet without rows", HEAD, "sheet.tsv: holds no row below its header; add one a slice x trait"),
        (
            "no_column",
            "A sheet without a column",
            HEAD.replace("\tscdrs\t", "\t") + ROW,
            "sheet.tsv: has no column 'scdrs'; add it",
        ),
        (
            "no_regions",
            "A row without regions",
            HEAD + "one\tt\t\tspots.parquet\t\t\t\n",
            "sheet.tsv: row 2: regions is empty; fill it in",
        ),
        (
            "short_row",
            "A row of two fields",
            HEAD + "one\tt\n",
            "sheet.tsv: row 2: regions is empty; fill it in",
            "sheet.tsv: row 2: spots is empty; fill it in",
        ),
        (
            "bad_name",
            "A slice named by a path",
            HEAD + ROW.replace("one", "../one", 1),
            "sheet.tsv: row 2: slice '../one' may hold letters, digits, '.', '_' and '-' only; rename it",
        ),
        (
            "repeated",
            "A slice x trait twice",
            HEAD + ROW * 2,
            "sheet.tsv: row 3: slice 'one' with trait 't' occurs more than once; leave one",
        ),
        (
            "no_file",
            "Scores that do not exist",
            HEAD + ROW.replace("scdrs.parquet", "no.parquet"),
            "no.parquet: no such file (scores of spots); check the path",
        ),
    ],
)
COMPARED.texts(
    "scdrs.tsv",
    [
        (
            "regions_empty",
            "An empty table of scDRS's regions",
            "",
            "scdrs.tsv: is empty (regions of scDRS); was its download or copy cut short?",
        ),
        (
            "regions_words",
            "Another table for scDRS's regions",
            "a\tb\n1\t2\n",
            "scdrs.tsv: has no column ...; is it score_scdrs.py's table of regions?",
        ),
        (
            "regions_ragged",
            "Rows of more fields than the header",
            "region\tn_spots\nA\t1\t2\t3\t4\n",
            "scdrs.tsv: rows have more fields than the header (regions of scDRS); "
            "is it score_scdrs.py's table of regions?",
        ),
        (
            "regions_word",
            "A word for P",
            "region\tn_spots\tn_controls\tassoc_z\tassoc_p\thetero_z\thetero_p\tn_fdr_05\tn_fdr_20\nA\t15\t99\t1\tlow\t0\t0.5\t0\t0\n",
            "scdrs.tsv: assoc_p of region 'A' is low, which it cannot be; run its step again",
        ),
    ],
)
COMPARED.add(
    "scores_text",
    "Scores that are text",
    lambda folder: (folder / "scdrs.parquet").write_text("spot\n") and None,
    ("scdrs.parquet: cannot be read as parquet (scores of spots: ...); run its step again",),
)


def of_scores(
    file: str, name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame], *says: str, **kind
) -> None:
    """Register changed scores of spots."""
    COMPARED.add(
        name, what, lambda folder: change(pd.read_parquet(folder / file)).to_parquet(folder / file), says, **kind
    )


of_scores(
    "scdrs.parquet",
    "scores_columns",
    "Other scores in place of scDRS's",
    lambda t: t[["spot", "z"]],
    "scdrs.parquet: has no column ...; is it the table of its method?",
)
of_scores(
    "scdrs.parquet",
    "scores_other",
    "Scores of another slice",
    lambda t: t.assign(spot="x" + t["spot"]),
    "scdrs.parquet: lacks 37 of the 37 spots of spots.parquet (first: 'spot0'); give the files of one slice",
)
of_scores(
    "signatures.parquet",
    "scores_fewer",
    "Scores of fewer spots",
    lambda t: t[:30],
    "signatures.parquet: lacks 7 of the 37 spots of spots.parquet (first: 'spot30'); give the files of one slice",
)
of_scores(
    "scdrs.parquet",
    "scores_twice",
    "A spot twice",
    lambda t: pd.concat([t, t[:1]]),
    "scdrs.parquet: spot 'spot0' occurs more than once; run its step again",
)
of_scores(
    "scdrs.parquet",
    "scores_p",
    "A P above 1",
    lambda t: t.assign(p=2.0),
    "scdrs.parquet: p of spot 'spot0' is 2.0, which it cannot be; run its step again",
)
of_scores(
    "scdrs.parquet",
    "scores_missing",
    "Spots without a score",
    lambda t: t.assign(z=np.nan, p=np.nan, norm_score=np.nan),
    wrong=False,
)
of_scores("scdrs.parquet", "scores_shuffled", "Spots in another order", lambda t: t[::-1], wrong=False, same=True)
COMPARED.add(
    "ldsc_alone",
    "No other method",
    lambda folder: (folder / "sheet.tsv").write_text(HEAD + "one\tt\tregions.tsv\tspots.parquet\t\t\t\n") and None,
    (),
    wrong=False,
)
