"""What headers tell: every mistake at once, in the words of the steps that would meet it later, and fast."""

from __future__ import annotations

import gzip
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
from corpus.headers import BUCKET, DEMO, MISTAKES, demo_slices, listed, panel_of, slice_of, text, trait_of
from test_corpus import fits
from traitmap.check_inputs import CHECKS, Inputs, check_inputs
from traitmap.check_slices import check_slice
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slices import read_slice

VOCABULARY = ROOT / "assets" / "sumstats_headers.json"


def looked(folder: Path, *items: dict[str, Any]) -> Inputs:
    return check_inputs(listed(folder, list(items)), folder / "inputs", VOCABULARY)


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
    found = check_inputs(listed(tmp_path, demo_items(), look=False), tmp_path / "inputs", VOCABULARY)
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


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_mistake_is_told_under_the_name_that_the_user_gave(mistake, tmp_path):
    path = listed(tmp_path, mistake.make(tmp_path), **mistake.settings)
    problems = check_inputs(path, tmp_path / "inputs", VOCABULARY).problems
    assert len(problems) == len(mistake.says), problems
    for problem, pattern in zip(problems, mistake.says, strict=True):
        assert problem.startswith((BUCKET, "--"))  # an option has no file
        assert fits(problem.replace(BUCKET, ""), pattern), problem


def named(folder: Path, role: str, name: str, content: str) -> dict[str, Any]:
    return {"role": role, "files": {role: text(folder / name, content)}}


def test_regions_and_spots_that_the_slices_have_are_well(tmp_path):
    rows = "comparison,slices_a,region_a,slices_b,region_b\nx,one,Cortex,donor,Thalamus\ny,all,Cortex,two,all spots\n"
    sets = "slice\tset\tspot\none\trim\tslice1_spot1\ntwo\trim\tslice2_spot1\n"
    both = [named(tmp_path, "comparisons", "c.csv", rows), named(tmp_path, "spot_sets", "s.tsv", sets)]
    assert looked(tmp_path, *demo_slices(), *both).problems == []


def test_a_comparison_may_name_a_set_of_spots_and_several_slices(tmp_path):
    rows = "comparison,slices_a,region_a,slices_b,region_b\nx,one;two,rim,one,Cortex\ny,two,rim,one,Bone\n"
    both = [named(tmp_path, "spot_sets", "s.tsv", "slice\tset\tspot\none\trim\tslice1_spot1\n")]
    both += [named(tmp_path, "comparisons", "c.csv", rows)]
    told = looked(tmp_path, *demo_slices(), *both).problems
    assert [line.split(" (")[0].split(": ", 1)[1] for line in told] == [
        "comparison 'y': two has no region 'rim'",
        "comparison 'y': one has no region 'Bone'",
    ]


def test_regions_that_are_conditioned_on_are_looked_for(tmp_path):
    items = [slice_of(DEMO / "slice_1.h5ad"), slice_of(DEMO / "slice_2.h5ad", slice="bare", annotation="")]
    path = listed(tmp_path, items, conditional_on="Hippocampus, all,Hipocampus")
    (told,) = check_inputs(path, tmp_path / "inputs", VOCABULARY).problems
    assert told.startswith("--conditional_on: no slice has a region 'Hipocampus' (they have: Cortex, Fiber_tracts, ")
    shutil.rmtree(tmp_path / "inputs" / "1")  # not fetched: its labels are not known
    assert check_inputs(path, tmp_path / "inputs", VOCABULARY).problems == []


def test_regions_of_slices_that_were_not_fetched_may_be_there(tmp_path):
    rows = "comparison,slices_a,region_a,slices_b,region_b\nx,one,Bone,donor,Bone\n"
    items = [*demo_slices(), named(tmp_path, "comparisons", "c.csv", rows)]
    path = listed(tmp_path, items)
    shutil.rmtree(tmp_path / "inputs" / "1")  # the slice with regions
    assert check_inputs(path, tmp_path / "inputs", VOCABULARY).problems == []


def test_sets_of_spots_that_were_not_fetched_may_be_named_as_regions(tmp_path):
    rows = "comparison,slices_a,region_a,slices_b,region_b\nx,one,rim,two,rim\n"
    sets = named(tmp_path, "spot_sets", "s.tsv", "slice\tset\tspot\none\trim\tslice1_spot1\n")
    path = listed(tmp_path, [*demo_slices(), sets, named(tmp_path, "comparisons", "c.csv", rows)])
    assert len(check_inputs(path, tmp_path / "inputs", VOCABULARY).problems) == 1
    shutil.rmtree(tmp_path / "inputs" / "3")
    assert check_inputs(path, tmp_path / "inputs", VOCABULARY).problems == []


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
    call("check_inputs.py", "--inputs", listed(tmp_path, demo_items()), *options, *outputs)
    assert (tmp_path / "problems.txt").read_text() == ""
    assert "REGRESS_SPOTS" in (tmp_path / "plan.txt").read_text()
    shutil.rmtree(tmp_path / "inputs")
    wrong = text(tmp_path / "a.h5ad", "no")
    call("check_inputs.py", "--inputs", listed(tmp_path, [slice_of(wrong)]), *options, *outputs)
    assert (tmp_path / "problems.txt").read_text().startswith("error: s3://bucket/a.h5ad: cannot be read as .h5ad")
    assert (tmp_path / "plan.txt").read_text() == ""


def test_a_list_that_is_none_is_refused(tmp_path):
    wrong = text(tmp_path / "inputs.json", "[]")
    options = ("--folder", tmp_path, "--vocabulary", VOCABULARY, "--problems", tmp_path / "p", "--plan", tmp_path / "q")
    assert "is no list of inputs" in refused("check_inputs.py", "--inputs", wrong, *options)


def test_lists_and_sets_of_genes_are_read(tmp_path):
    (tmp_path / "list.txt").write_text("A\thigh\n")
    (tmp_path / "sets.gmt").write_text("one\tabout\n")
    items = [
        {"role": "covariate", "files": {"covariate": tmp_path / "list.txt"}},
        {"role": "gene_sets", "files": {"gene_sets": tmp_path / "sets.gmt"}},
    ]
    assert looked(tmp_path, *items).problems == [
        "s3://bucket/list.txt: row 1: 'high' beside A is no number; give its weight or none",
        "s3://bucket/sets.gmt: row 1: is no set; a row is name, description and genes, between tabs",
    ]
