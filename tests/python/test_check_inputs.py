"""What headers tell: every mistake at once, in the words of the steps that would meet it later, and fast."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from conftest import ROOT, call, refused
from traitmap.check_inputs import CHECKS, Inputs, check_inputs, unknown_regions
from traitmap.check_slices import check_slice
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slices import read_slice

DEMO = ROOT / "assets" / "demo"
VOCABULARY = ROOT / "assets" / "sumstats_headers.json"
SETTINGS = {
    "embedding": "pca",
    "epochs": 300,
    "weights": "shared",
    "ld_window_cm": 1,
    "traits_per_task": 10,
    "spots_per_task": 0,
    "figures": "png",
}
SLICE = {"role": "slice", "slice": "s", "annotation": "annotation", "layer": "", "spatial_key": "spatial", "group": ""}


def listed(folder: Path, *items: dict[str, Any], look: bool = True, **settings: Any) -> Path:
    """The list that the pipeline would write of ``items``, whose files are paths; laid out for the look."""
    shown: list[Path] = []
    numbered = []
    for item in items:
        files = {}
        for name, path in item["files"].items():
            shown.append(path)
            files[name] = len(shown)
            if look:
                place = folder / "inputs" / str(len(shown))
                place.mkdir(parents=True)
                (place / path.name).symlink_to(path)
        numbered.append(item | {"files": files})
    sizes = [path.stat().st_size if path.is_file() else 0 for path in shown]
    text = {"items": numbered, "shown": [f"s3://bucket/{path.name}" for path in shown], "bytes": sizes}
    (folder / "inputs.json").write_text(json.dumps(text | {"settings": SETTINGS | settings}))
    return folder / "inputs.json"


def looked(folder: Path, *items: dict[str, Any]) -> Inputs:
    return check_inputs(listed(folder, *items), folder / "inputs", VOCABULARY)


def slice_of(path: Path, **said: str) -> dict[str, Any]:
    return SLICE | {"files": {"h5ad": path}} | said


def trait_of(path: Path, n: str = "") -> dict[str, Any]:
    return {"role": "trait", "trait": "t", "n": n, "files": {"sumstats": path}}


def panel_of(bed: Path, chromosome: int = 1) -> dict[str, Any]:
    files = {ending: bed.with_suffix(f".{ending}") for ending in ("bed", "bim", "fam")}
    return {"role": "panel", "chromosome": chromosome, "files": files}


def demo_items() -> list[dict[str, Any]]:
    return [
        slice_of(DEMO / "slice_1.h5ad"),
        trait_of(DEMO / "causal_trait.sumstats.gz"),
        panel_of(DEMO / "panel" / "panel.1.bed"),
        {"role": "snps", "chromosome": 1, "files": {"snps": DEMO / "snps" / "snps.1.txt"}},
        {"role": "genes", "files": {"genes": DEMO / "genes.gtf"}},
    ]


def test_the_demo_is_well_and_its_sizes_are_right(tmp_path):
    found = looked(tmp_path, *demo_items())
    assert found.problems == []
    data = anndata.read_h5ad(DEMO / "slice_1.h5ad")
    counts = data.layers["counts"]
    assert found.sizes[0] == {"spots": data.n_obs, "genes": data.n_vars, "stored": counts.nnz}
    assert found.sizes[2]["panel_snps"] == len((DEMO / "panel" / "panel.1.bim").read_text().splitlines())
    assert found.sizes[3] == {"snps": len((DEMO / "snps" / "snps.1.txt").read_text().splitlines())}


def test_files_that_are_not_fetched_are_not_looked_into(tmp_path):
    found = check_inputs(listed(tmp_path, *demo_items(), look=False), tmp_path / "inputs", VOCABULARY)
    assert found.problems == []
    assert found.sizes == [{}] * 5


def test_every_role_of_the_pipeline_has_its_check():
    text = (ROOT / "functions" / "checks.nf").read_text()
    for role in CHECKS:
        assert role in text or role in (ROOT / "functions" / "inputs.nf").read_text()


@pytest.fixture
def small() -> anndata.AnnData:
    rng = np.random.default_rng(1)
    data = anndata.AnnData(sparse.csr_matrix(rng.poisson(1.0, (6, 5)).astype(np.float32)))
    data.obsm["spatial"] = rng.normal(size=(6, 2))
    data.obs["annotation"] = pd.Categorical(list("aabbcc"))
    return data


WRONG: dict[str, tuple[Callable[[anndata.AnnData], Any], dict[str, str]]] = {
    "no such layer": (lambda d: None, {"layer": "spliced"}),
    "no such annotation": (lambda d: None, {"annotation": "cell_type"}),
    "no coordinates": (lambda d: d.obsm.clear(), {}),
    "no coordinates of that name": (lambda d: None, {"spatial_key": "X_umap"}),
    "four coordinates": (lambda d: d.obsm.update(spatial=np.zeros((6, 4))), {}),
    "coordinates in one column": (lambda d: d.obsm.update(spatial=np.zeros((6, 1))), {}),
}


@pytest.mark.parametrize("name", WRONG)
def test_headers_and_reader_say_the_same(name, small, tmp_path):
    spoil, said = WRONG[name]
    spoil(small)
    small.write_h5ad(tmp_path / "a.h5ad")
    options = {"annotation": "annotation", "layer": "", "spatial_key": "spatial"} | said
    with pytest.raises(InputError) as early:
        check_slice(tmp_path / "a.h5ad", **options)
    with pytest.raises(InputError) as late:
        read_slice(tmp_path / "a.h5ad", Ledger("", ""), **options)
    assert early.value.problems == late.value.problems


@pytest.mark.parametrize(("value", "what"), [(0.5, "non-integer"), (-1, "negative"), (np.nan, "missing or infinite")])
@pytest.mark.parametrize("dense", [True, False])
def test_counts_that_are_none_show_in_the_first_values(value, what, dense, small, tmp_path):
    matrix = small.X.toarray()
    matrix[0, 0] = value
    small.X = matrix if dense else sparse.csr_matrix(matrix)
    small.write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(InputError, match=f"X holds {what} values"):
        check_slice(tmp_path / "a.h5ad")


def test_all_mistakes_of_a_slice_at_once(small, tmp_path):
    small.obsm.clear()
    small.write_h5ad(tmp_path / "a.h5ad")
    found = looked(tmp_path, slice_of(tmp_path / "a.h5ad", annotation="x", layer="y"))
    assert len(found.problems) == 3


def cut(path: Path, source: Path, size: int) -> Path:
    path.write_bytes(source.read_bytes()[:size])
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def damaged_panel(folder: Path, ending: str, content: bytes) -> Path:
    for each in ("bed", "bim", "fam"):
        shutil.copy(DEMO / "panel" / f"panel.1.{each}", folder / f"p.{each}")
    (folder / f"p.{ending}").write_bytes(content)
    return folder / "p.bed"


MISTAKES: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "a slice that is text": (lambda d: slice_of(text(d / "a.h5ad", "spot,x,y\n")), "cannot be read as .h5ad"),
    "a slice cut short": (
        lambda d: slice_of(cut(d / "a.h5ad", DEMO / "slice_1.h5ad", 9000)),
        "cannot be read as .h5ad",
    ),
    "an empty slice": (lambda d: slice_of(text(d / "a.h5ad", "")), "is empty"),
    "sumstats without P": (
        lambda d: trait_of(text(d / "t.tsv", "SNP\tA1\tA2\nrs1\tA\tC\n"), "9"),
        "no column to compute",
    ),
    "sumstats without N": (
        lambda d: trait_of(text(d / "t.tsv", "SNP A1 A2 Z\nrs1 A C 1\n")),
        "no column of the",
    ),
    "sumstats cut short": (lambda d: trait_of(cut(d / "t.gz", DEMO / "null_trait.sumstats.gz", 5000)), "truncated"),
    "sumstats in a header alone": (lambda d: trait_of(text(d / "t.tsv", "SNP\tA1\tA2\tZ\tN\n")), "has a header but no"),
    "a panel cut short": (lambda d: panel_of(damaged_panel(d, "bed", b"\x6c\x1b\x01")), "it is truncated"),
    "a panel by people": (lambda d: panel_of(damaged_panel(d, "bed", b"\x6c\x1b\x00")), "is ordered by people"),
    "a panel that is none": (lambda d: panel_of(damaged_panel(d, "bed", b"plink")), "does not begin as a PLINK"),
    "a bim of five columns": (lambda d: panel_of(damaged_panel(d, "bim", b"1 rs1 0 5 A\n")), "columns instead of six"),
    "a fam of two people": (lambda d: panel_of(damaged_panel(d, "fam", b"a a 0 0 0 0\n" * 2)), "lists 2 people"),
    "another chromosome": (lambda d: panel_of(DEMO / "panel" / "panel.2.bed"), "begins with chromosome 2, not 1"),
    "genes that are none": (
        lambda d: {"role": "genes", "files": {"genes": text(d / "g.txt", "a\tb\nc\td\n")}},
        "reads neither as GTF",
    ),
    "a baseline without LD scores": (
        lambda d: {"role": "baseline", "files": {"baseline": text(d / "b.txt", "SNP\tCHR\nrs1\t1\n")}},
        "needs a column SNP and columns of LD scores",
    ),
    "LD scores without L2": (
        lambda d: {
            "role": "ld_scores",
            "chromosome": 1,
            "files": {"ld_scores": text(d / "l", "CHR SNP BP\n1 rs1 5\n")},
        },
        "lacks column L2",
    ),
    "LD scores of another chromosome": (
        lambda d: {
            "role": "ld_scores",
            "chromosome": 1,
            "files": {"ld_scores": text(d / "l", "CHR SNP BP L2\n2 rs1 5 1\n")},
        },
        "begins with no SNP of chromosome 1",
    ),
    "a map without cM": (
        lambda d: {"role": "genetic_map", "chromosome": 1, "files": {"genetic_map": text(d / "m", "pos rate\n1 2\n")}},
        "names no position or no cM",
    ),
    "a reference that is a slice": (
        lambda d: {"role": "reference", "files": {"reference": DEMO / "slice_1.h5ad"}},
        "lacks obs column CHR",
    ),
    "a gsMap resource without its matrix": (
        lambda d: {"role": "gsmap_resource", "files": {"gsmap_resource": DEMO}},
        "snp_gene_weight_matrix.h5ad: no such file",
    ),
    "homologs of other genes": (
        lambda d: (
            slice_of(DEMO / "slice_1.h5ad")
            | {"files": {"h5ad": DEMO / "slice_1.h5ad", "homologs": text(d / "h.tsv", "mouse\thuman\nActb\tACTB\n")}}
        ),
        "none of its",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told_under_the_name_that_the_user_gave(name, tmp_path):
    make, told = MISTAKES[name]
    found = looked(tmp_path, make(tmp_path))
    assert any(told in problem for problem in found.problems), found.problems
    assert all("s3://bucket/" in problem and str(tmp_path / "inputs") not in problem for problem in found.problems)


def test_all_mistakes_of_all_inputs_at_once(tmp_path):
    wrong = text(tmp_path / "wrong.txt", "what\tis\nthis\tfile\n")
    genes = {"role": "genes", "files": {"genes": wrong}}
    found = looked(tmp_path, slice_of(wrong), trait_of(wrong), genes)
    assert {problem.split(":")[2].strip() for problem in found.problems} >= {"cannot be read as .h5ad (slice"}
    assert len(found.problems) >= 3


def test_only_the_beginning_of_a_long_table_is_read(tmp_path):
    with gzip.open(tmp_path / "long.tsv.gz", "wt") as out:
        out.write("SNP\tA1\tA2\tZ\tN\n" + "rs1\tA\tC\t1.0\t100\n" * 100_000 + "too\tfew\n")
    assert looked(tmp_path, trait_of(tmp_path / "long.tsv.gz")).problems == []


def test_executable_writes_problems_and_plan(tmp_path):
    options = ("--folder", tmp_path / "inputs", "--vocabulary", VOCABULARY)
    outputs = ("--problems", tmp_path / "problems.txt", "--plan", tmp_path / "plan.txt")
    call("check_inputs.py", "--inputs", listed(tmp_path, *demo_items()), *options, *outputs)
    assert (tmp_path / "problems.txt").read_text() == ""
    assert "REGRESS_SPOTS" in (tmp_path / "plan.txt").read_text()
    shutil.rmtree(tmp_path / "inputs")
    wrong = text(tmp_path / "a.h5ad", "no")
    call("check_inputs.py", "--inputs", listed(tmp_path, slice_of(wrong)), *options, *outputs)
    assert (tmp_path / "problems.txt").read_text().startswith("error: s3://bucket/a.h5ad: cannot be read as .h5ad")
    assert (tmp_path / "plan.txt").read_text() == ""


def test_a_list_that_is_none_is_refused(tmp_path):
    wrong = text(tmp_path / "inputs.json", "[]")
    options = ("--folder", tmp_path, "--vocabulary", VOCABULARY, "--problems", tmp_path / "p", "--plan", tmp_path / "q")
    assert "is no list of inputs" in refused("check_inputs.py", "--inputs", wrong, *options)


def test_regions_that_no_slice_has_are_told():
    """In comparisons and in what is conditioned on; where labels are not known, nothing is said."""
    item = SLICE | {"files": {}}
    found = Inputs([item, item | {"slice": "r"}, item | {"slice": "bare", "annotation": ""}], SETTINGS, [])
    found.regions = {"s": ["Cortex", "Fiber"], "r": ["Cortex"], "bare": None}
    found.settings = SETTINGS | {
        "conditional_on": "Fiber, Cortx",
        "comparisons": [
            ["ok", ["s"], "Fiber"],
            ["typo", ["r"], "Fiber"],
            ["mixed", ["s", "bare"], "all spots"],
        ],
    }
    assert unknown_regions(found) == [
        "--conditional_on: no slice of it has a region 'Cortx' (they have: Cortex, Fiber)",
        "--comparisons, 'typo': no slice of it has a region 'Fiber' (they have: Cortex)",
    ]
    found.regions["s"] = None
    assert unknown_regions(found) == ["--comparisons, 'typo': no slice of it has a region 'Fiber' (they have: Cortex)"]
    assert unknown_regions(Inputs(found.items, found.settings | {"spot_sets": "sets.tsv"}, [])) == []


def test_the_labels_of_a_slice_are_read_from_its_header(tmp_path):
    files = {"h5ad": DEMO / "slice_1.h5ad"}
    path = listed(tmp_path, SLICE | {"files": files}, conditional_on="Hippocampus,Hipocampus")
    found = check_inputs(path, tmp_path / "inputs", VOCABULARY)
    labels = anndata.read_h5ad(DEMO / "slice_1.h5ad").obs["annotation"]
    assert found.regions == {"s": sorted(labels.dropna().unique())}
    assert [problem.split(" (")[0] for problem in found.problems] == [
        "--conditional_on: no slice of it has a region 'Hipocampus'"
    ]
