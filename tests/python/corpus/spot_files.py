"""Cases of what later steps read: spots.parquet, region tests, tables of regions, results to check."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from corpus import regression_files as regression
from corpus.programs import arguments, call
from corpus.registry import OUT, Reader

NAMES = [f"spot{i}" for i in range(37)]


def spots() -> pd.DataFrame:
    """Associations of 37 spots."""
    z = np.random.default_rng(6).normal(size=37)
    from traitmap.regression import one_sided

    p, log_p = one_sided(z)
    region = ["A"] * 15 + ["B"] * 22
    columns = {"spot": NAMES, "beta": z, "se": 1.0, "z": z, "p": p, "neg_log10_p": log_p, "region": region}
    return pd.DataFrame(columns)


@cache
def _region_tests(folder: Path) -> bytes:
    regression.make(folder)
    (folder / OUT).mkdir()
    code, told = call("regress_spots", arguments(regression.OPTIONS), folder)
    assert code == 0, told
    return (folder / OUT / "region_tests.parquet").read_bytes()


def make(folder: Path) -> None:
    """Spots, the slice with their labels, specificity, region tests."""
    regression.make(folder)
    spots().to_parquet(folder / "spots.parquet")
    data = anndata.AnnData(np.ones((37, 2), dtype=np.float32), obsm={"spatial": np.zeros((37, 2))})
    data.obs_names = NAMES
    data.obs["area"] = ["A"] * 15 + ["B"] * 22
    data.write_h5ad(folder / "slice.h5ad")
    (folder / "tests.parquet").write_bytes(_region_tests(folder / "run"))


COMBINE = Reader(
    "spots",
    "Associations of spots (spots.parquet)",
    "combine_regions",
    {
        "--spots": "spots.parquet",
        "--slice": "slice.h5ad",
        "--annotation": "area",
        "--region-tests": "tests.parquet",
        "--qc": "out/qc.json",
        "--out": "out/regions.tsv",
    },
    make,
)


def changed(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame], *says: str, **kind) -> None:
    """Register changed spots."""
    COMBINE.add(name, what, lambda folder: change(spots()).to_parquet(folder / "spots.parquet"), says, **kind)


def first(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A change of the first row."""
    return lambda t: t.assign(**{column: [value, *t[column][1:]]})


COMBINE.texts("spots.parquet", [("empty", "An empty file", "", "?"), ("text", "A text table", "spot,p\n", "?")])
COMBINE.add("missing_file", "The file does not exist", lambda folder: (folder / "spots.parquet").unlink(), ("?",))
changed("no_p", "No column p", lambda t: t.drop(columns="p"), "?")
changed("p_above_1", "P above 1", first("p", 1.5), "?")
changed("p_negative", "P below 0", first("p", -0.1), "?")
changed("p_words", "P as words", lambda t: t.assign(p="low"), "?")
changed("log_p_infinite", "-log10 P infinite", first("neg_log10_p", np.inf), "?")
changed("repeated_spot", "A spot in two rows", first("spot", "spot1"), "?")
changed("no_spots", "No spots", lambda t: t[:0], "?")
changed("other_spots", "Spots of another slice", first("spot", "elsewhere"), "?")
changed("fewer_spots", "Fewer spots than the slice", lambda t: t[:30], "?")
COMBINE.add("annotation_alone", "--annotation without --slice", lambda folder: {"--slice": None}, ("?",))
COMBINE.add("top_share", "--top-share 2", lambda folder: {"--top-share": 2}, ("?",))
COMBINE.add("no_label_column", "No such label column", lambda folder: {"--annotation": "layer"}, ("?",))
COMBINE.add("tests_damaged", "Region tests cut short", lambda folder: (folder / "tests.parquet").write_bytes(
    (folder / "tests.parquet").read_bytes()[:500]) and None, ("?",))


@COMBINE.wrong("?", "?")
def other_tests(folder: Path) -> None:
    """Another table for region tests"""
    pd.read_parquet(folder / "tests.parquet").drop(columns=["se", "delete_values"]).to_parquet(folder / "tests.parquet")


changed("p_missing", "P missing in a spot", lambda t: t.assign(p=[np.nan, *t["p"][1:]], neg_log10_p=[np.nan, *t["neg_log10_p"][1:]]),
        "1 spots: without a P (singular regression)", "1 regions: flagged: NaN spots", wrong=False)
changed("p_zero", "P of 0", first("p", 0.0), wrong=False)
changed("all_missing", "P missing in all spots", lambda t: t.assign(p=np.nan, neg_log10_p=np.nan),
        "37 spots: without a P (singular regression)", wrong=False)
changed("no_log_p", "No column neg_log10_p", lambda t: t.drop(columns="neg_log10_p"), wrong=False, same=True)
changed("shuffled", "Spots in another order", lambda t: t.sample(frac=1, random_state=2), wrong=False, same=True)

RANK = Reader(
    "genes_of_spots",
    "Specificity and spots (rank_genes.py)",
    "rank_genes",
    {"--specificity": "specificity.h5ad", "--spots": "spots.parquet", "--qc": "out/qc.json", "--out": "out/genes.tsv"},
    make,
)
RANK.add("other_spots", "Spots of another slice", lambda folder: first("spot", "elsewhere")(spots()).to_parquet(
    folder / "spots.parquet"), ("?",))
RANK.texts("specificity.h5ad", [("empty", "An empty file", "", "?")])


def scores(name: str, what: str, change: Callable[[anndata.AnnData], object], *says: str, **kind) -> None:
    """Register a changed specificity."""

    def build(folder: Path) -> None:
        data = anndata.read_h5ad(folder / "specificity.h5ad")
        change(data)
        data.write_h5ad(folder / "specificity.h5ad")

    RANK.add(name, what, build, says, **kind)


scores("no_x", "Nothing in X", lambda d: setattr(d, "X", None), "?")
scores("nan", "A score that is missing", lambda d: d.X.data.__setitem__(0, np.nan), "?")
scores("repeated_gene", "A gene in two columns", lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]), "?")
scores("constant", "A gene of the same score everywhere", lambda d: setattr(d, "X", _constant(d.X)),
       "1 genes: same specificity in every spot with a P", wrong=False)


def _constant(matrix):
    changed = matrix.tolil()
    changed[:, 0] = 2.0
    return changed.tocsr()


def make_results(folder: Path) -> None:
    """A results folder with its manifest."""
    (folder / "results" / "traits").mkdir(parents=True)
    (folder / "results" / "traits" / "t.qc.json").write_text("{}")
    (folder / "results" / "pipeline_info").mkdir()
    from traitmap import manifest

    made = manifest.make_manifest(folder / "results", [])
    manifest.write_manifest(made, folder / "results" / "pipeline_info" / "manifest.json")


VERIFY = Reader("verify", "Results and their manifest", "verify_run", {}, make_results, ("results",))
MANIFEST = "results/pipeline_info/manifest.json"
VERIFY.texts(
    MANIFEST,
    [
        ("empty", "An empty manifest", "", "?"),
        ("no_json", "A manifest that is no JSON", "{", "?"),
        ("a_list", "A manifest that is a list", "[]", "?"),
        ("no_results", "A manifest without results", "{}", "?"),
        ("results_of_text", "A manifest whose results are words", '{"results": ["a"]}', "?"),
    ],
)
VERIFY.add("no_manifest", "No manifest", lambda folder: (folder / MANIFEST).unlink(), ("?",))
READERS = [COMBINE, RANK, VERIFY]
