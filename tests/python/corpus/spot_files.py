"""Cases of what later steps read: spots.parquet, region tests, tables of regions, results to check."""

from __future__ import annotations

import tempfile
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
def _region_tests() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        return _regress(Path(name))


def _regress(folder: Path) -> bytes:
    (folder / OUT).mkdir()
    regression.make(folder)
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
    (folder / "tests.parquet").write_bytes(_region_tests())


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


COMBINE.texts(
    "spots.parquet",
    [
        (
            "empty",
            "An empty file",
            "",
            ("spots.parquet: is empty (associations of spots); was its download or copy cut short?"),
        ),
        (
            "text",
            "A text table",
            "spot,p\n",
            ("spots.parquet: cannot be read as parquet (associations of spots: ...); is it a whole file?"),
        ),
    ],
)
COMBINE.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "spots.parquet").unlink(),
    ("spots.parquet: no such file (associations of spots); check the path",),
)
changed(
    "no_p",
    "No column p",
    lambda t: t.drop(columns="p"),
    ("spots.parquet: has no column 'p' (columns: spot, beta, se, z, neg_log10_p, region); is it a table of spots?"),
)
changed(
    "p_above_1", "P above 1", first("p", 1.5), "spots.parquet: P of spot 'spot0' is 1.5; P must lie between 0 and 1"
)
changed(
    "p_negative", "P below 0", first("p", -0.1), "spots.parquet: P of spot 'spot0' is -0.1; P must lie between 0 and 1"
)
changed(
    "p_words",
    "P as words",
    lambda t: t.assign(p="low"),
    "spots.parquet: p of spot 'spot0' is no number: 'low'; regress the slice again",
)
changed(
    "log_p_infinite",
    "-log10 P infinite",
    first("neg_log10_p", np.inf),
    "spots.parquet: neg_log10_p of spot 'spot0' is inf; it must be 0 or more",
)
changed(
    "repeated_spot",
    "A spot in two rows",
    first("spot", "spot1"),
    "spots.parquet: spot 'spot1' occurs more than once; each spot needs one row",
)
changed("no_spots", "No spots", lambda t: t[:0], "spots.parquet: holds no spot; regress the slice again")
changed(
    "other_spots",
    "Spots of another slice",
    first("spot", "elsewhere"),
    ("slice.h5ad: lacks 1 of the 37 spots of spots.parquet (first: 'elsewhere'); give the files of one slice"),
)
changed(
    "fewer_spots",
    "Fewer spots than the slice",
    lambda t: t[:30],
    ("spots.parquet: lacks 7 of the 37 spots of slice.h5ad (first: 'spot30'); give the files of one slice"),
)
COMBINE.add(
    "annotation_alone",
    "--annotation without --slice",
    lambda folder: {"--slice": None},
    ("--annotation area: needs --slice, the file that holds this column",),
)
COMBINE.add(
    "top_share", "--top-share 2", lambda folder: {"--top-share": 2}, ("--top-share 2: must lie between 0 and 1",)
)
COMBINE.add(
    "no_label_column",
    "No such label column",
    lambda folder: {"--annotation": "layer"},
    ("slice.h5ad: has no obs column 'layer' (columns: area); mend it or leave it empty",),
)
COMBINE.add(
    "tests_damaged",
    "Region tests cut short",
    lambda folder: (folder / "tests.parquet").write_bytes((folder / "tests.parquet").read_bytes()[:500]) and None,
    (("tests.parquet: cannot be read as parquet (region tests: ...); is it a whole file?"),),
)


@COMBINE.wrong(
    "tests.parquet: has no column 'se'; are these region tests?",
    "tests.parquet: has no column 'delete_values'; are these region tests?",
)
def other_tests(folder: Path) -> None:
    """Another table for region tests"""
    pd.read_parquet(folder / "tests.parquet").drop(columns=["se", "delete_values"]).to_parquet(folder / "tests.parquet")


changed(
    "p_missing",
    "P missing in a spot",
    lambda t: t.assign(p=[np.nan, *t["p"][1:]], neg_log10_p=[np.nan, *t["neg_log10_p"][1:]]),
    "1 spots: without a P (singular regression)",
    "1 regions: flagged: NaN spots",
    wrong=False,
)
changed("p_zero", "P of 0", first("p", 0.0), wrong=False)
changed(
    "all_missing",
    "P missing in all spots",
    lambda t: t.assign(p=np.nan, neg_log10_p=np.nan),
    "37 spots: without a P (singular regression)",
    wrong=False,
)
changed("no_log_p", "No column neg_log10_p", lambda t: t.drop(columns="neg_log10_p"), wrong=False, same=True)
changed("shuffled", "Spots in another order", lambda t: t.sample(frac=1, random_state=2), wrong=False, same=True)

RANK = Reader(
    "genes_of_spots",
    "Specificity and spots (rank_genes.py)",
    "rank_genes",
    {"--specificity": "specificity.h5ad", "--spots": "spots.parquet", "--qc": "out/qc.json", "--out": "out/genes.tsv"},
    make,
)
RANK.add(
    "other_spots",
    "Spots of another slice",
    lambda folder: first("spot", "elsewhere")(spots()).to_parquet(folder / "spots.parquet"),
    (("specificity.h5ad: lacks 1 of the 37 spots of spots.parquet (first: 'elsewhere'); give the files of one slice"),),
)
RANK.texts(
    "specificity.h5ad",
    [
        (
            "empty",
            "An empty file",
            "",
            ("specificity.h5ad: is empty (gene specificity); was its download or copy cut short?"),
        )
    ],
)


def scores(name: str, what: str, change: Callable[[anndata.AnnData], object], *says: str, **kind) -> None:
    """Register a changed specificity."""

    def build(folder: Path) -> None:
        data = anndata.read_h5ad(folder / "specificity.h5ad")
        change(data)
        data.write_h5ad(folder / "specificity.h5ad")

    RANK.add(name, what, build, says, **kind)


scores(
    "no_x",
    "Nothing in X",
    lambda d: setattr(d, "X", None),
    "specificity.h5ad: holds no gene specificity scores in X (shape (37, 60)); score the slice again",
)
scores(
    "nan",
    "A score that is missing",
    lambda d: d.X.data.__setitem__(0, np.nan),
    "specificity.h5ad: X holds missing or infinite scores; score the slice again",
)
scores(
    "repeated_gene",
    "A gene in two columns",
    lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]),
    "specificity.h5ad: gene 'GENE1' occurs more than once; names must be unique",
)
scores(
    "constant",
    "A gene of the same score everywhere",
    lambda d: setattr(d, "X", _constant(d.X)),
    "1 genes: same specificity in every spot with a P",
    wrong=False,
)


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
        (
            "empty",
            "An empty manifest",
            "",
            ("results/pipeline_info/manifest.json: is empty (JSON); was its download or copy cut short?"),
        ),
        (
            "no_json",
            "A manifest that is no JSON",
            "{",
            "results/pipeline_info/manifest.json: is no JSON (...); is it whole?",
        ),
        (
            "a_list",
            "A manifest that is a list",
            "[]",
            (
                "results/pipeline_info/manifest.json: lists no results with path, size and sha256; is"
                " it a manifest of this pipeline?"
            ),
        ),
        (
            "no_results",
            "A manifest without results",
            "{}",
            (
                "results/pipeline_info/manifest.json: lists no results with path, size and sha256; is"
                " it a manifest of this pipeline?"
            ),
        ),
        (
            "results_of_text",
            "A manifest whose results are words",
            '{"results": ["a"]}',
            (
                "results/pipeline_info/manifest.json: lists no results with path, size and sha256; is"
                " it a manifest of this pipeline?"
            ),
        ),
    ],
)
VERIFY.add(
    "no_manifest",
    "No manifest",
    lambda folder: (folder / MANIFEST).unlink(),
    ("results/pipeline_info/manifest.json: no such file (JSON); check the path",),
)
READERS = [COMBINE, RANK, VERIFY]
