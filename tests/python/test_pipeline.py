"""The pipeline through a real Nextflow: the demo from sheets to report, -resume, and what it says of wrong input."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from conftest import REAL, ROOT, needs_real
from corpus.sheets import MUST_BE, SHEETS, UNSAFE_NAMES, UNSAFE_PATHS
from report_browser import needs_browser, run_in_browser
from traitmap.ledger import Ledger
from traitmap.report_traps import check_traits

DEMO = ROOT / "assets" / "demo"
NEXTFLOW = shutil.which("nextflow") or shutil.which("nextflow", path=ROOT / ".engine")

pytestmark = pytest.mark.skipif(NEXTFLOW is None, reason="no nextflow on the PATH and none in .engine: make install")


def nextflow(folder: Path, *arguments: object, pipeline: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the pipeline in ``folder``, as a user does."""
    environment = {**os.environ, "NXF_ANSI_LOG": "false", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = f"{ROOT / '.venv' / 'bin'}:{environment['PATH']}"
    command = [NEXTFLOW, "run", str(pipeline), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def submitted(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The names of the processes that ran, without the workflow's."""
    lines = [line for line in done.stdout.splitlines() if "Submitted process > " in line]
    return {line.split("> ")[1].split(" ")[0].split(":")[-1] for line in lines}


def verify(results: Path) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "bin" / "verify_run.py", results]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the pipeline that nobody edits meanwhile."""
    target = tmp_path_factory.mktemp("checkout") / "traitmap"
    parts = [
        "main.nf",
        "nextflow.config",
        "nextflow_schema.json",
        "assets",
        "bin",
        "conf",
        "functions",
        "modules",
        "subworkflows",
    ]
    target.mkdir()
    for part in parts:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        else:
            shutil.copy(source, target / part)
    return target


@pytest.fixture(scope="module")
def demo(checkout, tmp_path_factory) -> Path:
    """The folder of a whole run of the demo study."""
    folder = tmp_path_factory.mktemp("demo")
    done = nextflow(folder, "-profile", "test", pipeline=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_demo_finds_the_causal_region_and_nothing_in_the_null_trait(demo):
    truth = json.loads((DEMO / "truth.json").read_text())
    summary = pd.read_csv(demo / "results" / "summary" / "regions.tsv", sep="\t")
    own = summary[summary["scope"] == "slice"]
    for (_slice, trait), rows in own.groupby(["slice", "trait"]):
        best = rows.sort_values("q").iloc[0]
        causal = truth["traits"][trait]["region"]
        if causal:
            assert best["region"] == causal
            assert best["q"] < 0.05
        else:
            assert (rows["q"] >= 0.05).all()


def test_demo_leaves_every_file_that_the_docs_name(demo):
    results = demo / "results"
    expected = ["report.html", "summary/regions.tsv", "reference/reference.h5ad", "report_data"]
    expected += [f"pipeline_info/{name}" for name in ("trace.tsv", "timeline.html", "report.html", "dag.mmd")]
    expected += [f"pipeline_info/{name}" for name in ("params.json", "software_versions.yml", "manifest.json")]
    with (DEMO / "slices.csv").open() as text:
        slices = [row["slice"] for row in csv.DictReader(text)]
    with (DEMO / "traits.csv").open() as text:
        traits = [row["trait"] for row in csv.DictReader(text)]
    expected += [f"slices/{name}/{part}.h5ad" for name in slices for part in ("embedding", "specificity")]
    expected += [f"traits/{name}.{part}" for name in traits for part in ("parquet", "qc.json")]
    parts = (
        "figures/map.pdf",
        "expression.parquet",
        "spots.parquet",
        "regions.tsv",
        "genes.tsv",
        "regression.qc.json",
        "region_tests.parquet",
    )
    expected += [f"associations/{a}/{b}/{part}" for a in slices for b in traits for part in parts]
    missing = [name for name in expected if not (results / name).exists()]
    assert not missing


def test_the_demos_gwas_raise_no_alarm(demo):
    """Neither of ancestry, alleles, signs and sample sizes, nor of samples that overlap."""
    results = demo / "results"
    for path in sorted(results.glob("traits/*.qc.json")):
        account = json.loads(path.read_text())
        assert account["warnings"] == []
        assert account["facts"]["frequencies_of_the_other_allele"] == 0
    traits = {path.stem: path for path in sorted(results.glob("traits/*.parquet"))}
    ledger = Ledger("write_report", "run")
    check_traits(traits, results / "reference" / "reference.h5ad", ledger)
    assert [count["n"] for count in ledger.counts] == [1, 0, 0]
    assert ledger.warnings == []


def test_manifest_agrees_with_the_results(demo):
    done = verify(demo / "results")
    assert done.returncode == 0, done.stderr


@needs_browser
def test_the_demos_report_in_a_browser(demo):
    run_in_browser("any_report.test.mjs", REPORT=demo / "results" / "report.html")


@needs_real
@needs_browser
def test_a_real_run_and_its_report_in_a_browser(checkout, tmp_path):
    """Mouse olfactory bulb and the PGC's schizophrenia GWAS, through published LD scores; a short training will do."""
    bulb = REAL / "slices" / "mouse_olfactory_bulb.h5ad"
    (tmp_path / "slices.csv").write_text(f"slice,h5ad,annotation,species\nbulb,{bulb},annotation,mouse\n")
    gwas = REAL / "traits" / "schizophrenia_PGC3_100k.tsv.gz"
    (tmp_path / "traits.csv").write_text(f"trait,sumstats\nSCZ,{gwas}\n")
    genes = ("--genes", REAL / "genes" / "NCBI37.3.gene.loc", "--homologs", REAL / "genes" / "mouse_human_homologs.txt")
    sheets = ("--input", "slices.csv", "--traits", "traits.csv", "--ld_scores", REAL / "ld_scores_EUR" / "{chr}")
    more = ("--methods", "ldsc,scdrs,aucell", "--scdrs_controls", 200, "--epochs", 60, "--figures", "none")
    done = nextflow(tmp_path, *sheets, *genes, *more, pipeline=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    methods = pd.read_csv(tmp_path / "results" / "summary" / "methods.tsv", sep="\t")
    assert set(methods["method"]) == {"ldsc", "scdrs", "aucell", "consensus"}
    told = pd.read_csv(tmp_path / "results" / "summary" / "regions.tsv", sep="\t").set_index("region")
    assert told.loc["1: Granular Cell Layer", "z_mean"] > 2 > 0 > told.loc["5: Olfactory Nerve Layer", "z_mean"]
    run_in_browser("any_report.test.mjs", REPORT=tmp_path / "results" / "report.html")


def test_resume_runs_only_what_changed(demo, checkout):
    unchanged = nextflow(demo, "-profile", "test", "-resume", pipeline=checkout)
    assert unchanged.returncode == 0, unchanged.stdout
    assert submitted(unchanged) == set()

    regions = checkout / "bin" / "traitmap" / "regions.py"
    with regions.open("a") as text:  # in place: the folder's own time does not change
        text.write("\n# an edit\n")
    edited = nextflow(demo, "-profile", "test", "-resume", pipeline=checkout)
    assert edited.returncode == 0, edited.stdout
    ran = submitted(edited)
    assert "COMBINE_REGIONS" in ran
    assert not ran & {"LINK_SNPS_TO_GENES", "EMBED_SPOTS", "SCORE_SPECIFICITY", "HARMONIZE_SUMSTATS", "REGRESS_SPOTS"}

    power = nextflow(demo, "-profile", "test", "--power", 1.5, "-resume", pipeline=checkout)
    assert power.returncode == 0, power.stdout
    ran = submitted(power)
    assert {"SCORE_SPECIFICITY", "REGRESS_SPOTS", "WRITE_REPORT"} <= ran
    assert not ran & {"LINK_SNPS_TO_GENES", "MERGE_REFERENCE", "EMBED_SPOTS", "HARMONIZE_SUMSTATS", "AVERAGE_RANKS"}


def test_reference_of_a_run_serves_the_next(demo, checkout, tmp_path):
    sheets = ["--input", DEMO / "slices.csv", "--traits", DEMO / "traits.csv"]
    done = nextflow(tmp_path, *sheets, "--reference", demo / "results" / "reference", "-stub", pipeline=checkout)
    assert done.returncode == 0, done.stdout
    assert "LINK_SNPS_TO_GENES" not in submitted(done)
    assert "WRITE_REPORT" in submitted(done)


def test_stub_goes_through_the_whole_graph(checkout, tmp_path):
    (tmp_path / "sets.gmt").write_text("a set\tof two genes\tCDH11\tTNF14\n")
    further = ("--methods", "ldsc,scdrs,aucell", "--trait_correlations", "--gene_sets", "sets.gmt")
    done = nextflow(tmp_path, "-profile", "test", "-stub", *further, pipeline=checkout)
    assert done.returncode == 0, done.stdout
    assert "WARN" not in done.stdout
    wanted = {path.parent.name.upper() for path in (ROOT / "modules").glob("*/main.nf")}
    assert submitted(done) == wanted - {"IMPORT_REFERENCE", "LINK_LD_SCORES", "TELL_FAILURES", "MERGE_SPOTS"}


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error: ")]


def test_wrong_parameters_are_told_all_at_once(tmp_path):
    done = nextflow(
        tmp_path,
        "--input",
        "no.csv",
        "--foo",
        1,
        "--power",
        99,
        "--blocks",
        "many",
        "--weights",
        "none",
        "--methods",
        "magic",
    )
    assert done.returncode != 0
    told = "\n".join(complaints(done))
    for name in ("--input", "--traits", "--foo", "--power", "--blocks", "--weights", "--methods"):
        assert name in told
    assert "Traceback" not in done.stdout
    assert not (tmp_path / "results" / "report.html").exists()


def test_false_as_text_is_false(tmp_path):
    done = nextflow(tmp_path, "--help", "false")
    assert "--traits is missing" in "\n".join(complaints(done))


def test_wrong_sheets_are_told_all_at_once_with_rows_and_columns(tmp_path):
    (tmp_path / "slices.csv").write_text("slice,h5ad,species\na,no.h5ad,\nA,no.h5ad,\n-x,no.txt,mouse\nb\n")
    (tmp_path / "traits.csv").write_text("trait,file\nt,x\n")
    done = nextflow(tmp_path, "--input", "slices.csv", "--traits", "traits.csv")
    told = "\n".join(complaints(done))
    assert "row 2, column h5ad" in told
    assert "'a' occurs in rows 2, 3" in told
    assert "row 4, column slice: '-x'" in told
    assert "row 5: has 1 fields, the header has 3" in told
    assert "lacks the column 'sumstats'" in told
    assert "unknown column 'file'" in told
    assert "--homologs is missing" in told
    assert "--reference, --panel or --ld_scores is missing" in told


def test_names_that_could_lead_out_of_the_results_are_refused(tmp_path):
    h5ad = DEMO / "slice_1.h5ad"
    rows = "".join(f"{name},{h5ad},\n" for name in UNSAFE_NAMES) + f"fine,{h5ad},../../up\n"
    (tmp_path / "slices.csv").write_text("slice,h5ad,group\n" + rows)
    gwas = DEMO / "causal_trait.sumstats.gz"
    (tmp_path / "traits.csv").write_text("trait,sumstats\n" + "".join(f"{name},{gwas}\n" for name in UNSAFE_NAMES))
    done = nextflow(tmp_path, "-profile", "test", "--input", "slices.csv", "--traits", "traits.csv")
    told = "\n".join(complaints(done))
    for row, name in enumerate(UNSAFE_NAMES, start=2):
        assert f"slices.csv, row {row}, column slice: '{name}' {MUST_BE}" in told
        assert f"traits.csv, row {row}, column trait: '{name}' {MUST_BE}" in told
    assert "column group: '../../up' must be letters" in told
    assert submitted(done) == set()


def test_paths_that_a_shell_would_read_are_refused(tmp_path):
    for path in UNSAFE_PATHS:
        (tmp_path / path).touch()
    (tmp_path / "slices.csv").write_text("slice,h5ad\na,$HOME.h5ad\n")
    (tmp_path / "traits.csv").write_text("trait,sumstats\na,a*[1].gz\n")
    done = nextflow(tmp_path, "-profile", "test", "--input", "slices.csv", "--traits", "traits.csv")
    for said in UNSAFE_PATHS.values():
        assert any(line.endswith(said) for line in complaints(done)), done.stdout
    (tmp_path / "genes $1.gtf").touch()
    done = nextflow(tmp_path, "-profile", "test", "--genes", "genes $1.gtf")
    assert any("genes $1.gtf: a shell would read the $ in it" in line for line in complaints(done)), done.stdout


@pytest.mark.parametrize("sheets", SHEETS, ids=lambda sheets: sheets.what)
def test_sheets_that_are_no_tables(sheets, tmp_path):
    (tmp_path / "slices.csv").write_bytes(sheets.slices)
    (tmp_path / "traits.csv").write_bytes(sheets.traits)
    done = nextflow(tmp_path, "-profile", "test", "--input", "slices.csv", "--traits", "traits.csv")
    told = [line.removeprefix("error: ").replace(f"{tmp_path}/", "") for line in complaints(done)]
    assert told == list(sheets.says)


def test_all_that_headers_tell_ends_the_run_before_anything_is_computed(tmp_path):
    (tmp_path / "slices.csv").write_text(f"slice,h5ad,annotation\na,{DEMO / 'slice_1.h5ad'},no_such_column\n")
    (tmp_path / "wrong.tsv").write_text("SNP\tHEIGHT\nrs1\t3\n")
    (tmp_path / "traits.csv").write_text("trait,sumstats\nt,wrong.tsv\n")
    done = nextflow(tmp_path, "-profile", "test", "--input", "slices.csv", "--traits", "traits.csv")
    assert done.returncode == 1
    assert submitted(done) == {"CHECK_INPUTS"}
    told = "\n".join(complaints(done))
    assert f"{DEMO / 'slice_1.h5ad'}: has no obs column 'no_such_column'" in told
    assert f"{tmp_path / 'wrong.tsv'}: no column of the effect allele" in told


def test_validate_only_prints_a_plan_and_stops(tmp_path):
    done = nextflow(tmp_path, "-profile", "test", "--validate_only")
    assert done.returncode == 0, done.stdout
    assert submitted(done) == {"CHECK_INPUTS"}
    assert "tasks, " in done.stdout
    results = {path.name for path in (tmp_path / "results").iterdir()}
    assert results == {"pipeline_info"}


def test_the_plan_counts_the_tasks_that_run(demo):
    plan = (demo / "results" / "pipeline_info" / "plan.txt").read_text()
    trace = pd.read_csv(demo / "results" / "pipeline_info" / "trace.tsv", sep="\t")
    assert f"\n{len(trace)} tasks, " in plan


def test_secrets_in_addresses_are_not_printed(tmp_path):
    secret = "https://somebody:hunter2@localhost:1/genes.gtf?signature=hunter2"
    done = nextflow(tmp_path, "-profile", "test", "--genes", secret, "--info_min", secret)
    assert "https://***@localhost:1/genes.gtf?***" in done.stdout
    assert "hunter2" not in "".join(complaints(done))


def test_methods_want_ldsc_and_genotypes_that_are_there(tmp_path):
    done = nextflow(tmp_path, "-profile", "test", "--methods", "scdrs", "--gene_panel", "none.{chr}")
    told = "\n".join(complaints(done))
    assert "--methods scdrs: ldsc is missing" in told
    assert "none.1.bed does not exist" in told
    assert submitted(done) == set()


def test_missing_chromosomes_of_the_panel_are_told_before_any_task(tmp_path):
    done = nextflow(tmp_path, "-profile", "test", "--chromosomes", "1-30")
    assert "chromosome 30 is missing" in "\n".join(complaints(done))
    assert submitted(done) == set()


# The demo made small: what is under test is the pipeline's wiring.
SMALL = ("-profile", "test", "--chromosomes", "1-2", "--embedding", "pca", "--blocks", 20)


ODD = "--odd 'name' $(touch hacked)"
PARTIAL = ("--input", "slices.csv", "--traits", "traits.csv", "--panel", "a panel/it's; a panel.{chr}")
PARTIAL += ("--comparisons", "comparisons.csv")


def copy_under_odd_names(source: Path, target: Path) -> Path:
    """A slice whose layer, coordinates and annotation have a name that a shell would stumble over."""
    data = anndata.read_h5ad(source)
    data.obs[ODD] = data.obs.pop("annotation")
    data.layers[ODD] = data.layers.pop("counts")
    data.obsm[ODD] = data.obsm.pop("spatial")
    data.write_h5ad(target)
    return target


def copy_without_coordinates(source: Path, target: Path) -> Path:
    """A slice of which one spot has no coordinates: what no header tells."""
    data = anndata.read_h5ad(source)
    data.obsm["spatial"] = data.obsm["spatial"].astype(float)
    data.obsm["spatial"][3, 0] = np.nan
    data.write_h5ad(target)
    return target


@pytest.fixture(scope="module")
def partial(checkout, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder and the words of a run in which a slice of a group of two fails, and a trait of two."""
    folder = tmp_path_factory.mktemp("partial")
    good = copy_under_odd_names(DEMO / "slice_1.h5ad", folder / "--good 'one' (two);`touch hacked`.h5ad")
    bad = copy_without_coordinates(DEMO / "slice_2.h5ad", folder / "it's bad.h5ad")
    rows = f"good,{good.name},{ODD},{ODD},{ODD},donor\nbad,{bad.name},annotation,,,donor\n"
    (folder / "slices.csv").write_text("slice,h5ad,annotation,layer,spatial_key,group\n" + rows)
    (folder / "alien & co.tsv").write_text("SNP\tA1\tA2\tZ\tN\nrsX1\tA\tC\t1.0\t1000\n")
    shutil.copy(DEMO / "causal_trait.sumstats.gz", folder / "it's | tee hacked & co.gz")
    (folder / "traits.csv").write_text("trait,sumstats\ncausal,it's | tee hacked & co.gz\nalien,alien & co.tsv\n")
    sides = "causal_region,good,Hippocampus,good,Cortex\nfailed,good,Hippocampus,bad,Hippocampus\n"
    (folder / "comparisons.csv").write_text("comparison,slices_a,region_a,slices_b,region_b\n" + sides)
    (folder / "a panel").mkdir()
    for path in (DEMO / "panel").iterdir():
        shutil.copy(path, folder / "a panel" / path.name.replace("panel.", "it's; a panel."))
    done = nextflow(folder, *SMALL, *PARTIAL, pipeline=checkout)
    return folder, done


def test_one_bad_slice_and_one_bad_trait_do_not_stop_the_others(partial):
    folder, done = partial
    assert done.returncode == 1
    results = folder / "results"
    for name in ("report.html", "summary/regions.tsv", "associations/good/causal/genes.tsv"):
        assert (results / name).exists(), done.stdout
    table = pd.read_csv(results / "summary" / "failures.tsv", sep="\t")
    assert list(zip(table["subject"], table["step"], strict=True)) == [
        ("alien", "HARMONIZE_SUMSTATS"),
        ("bad", "EMBED_SPOTS"),
    ]
    assert "1 spots lack coordinates" in table["message"][1]
    told = complaints(done)
    assert any(line.startswith("error: bad, EMBED_SPOTS: ") for line in told)
    assert any(line.startswith("error: alien, HARMONIZE_SUMSTATS: ") for line in told)
    assert verify(results).returncode == 0


def test_the_background_of_a_group_is_that_of_the_slices_that_are_left(partial):
    folder, _done = partial
    var = anndata.read_h5ad(folder / "results" / "slices" / "good" / "specificity.h5ad").var
    assert var["expressed_fraction"].between(0, 1).all()
    assert not list((folder / "results" / "slices").glob("bad/*"))


def test_comparisons_with_a_slice_that_failed_are_empty_and_say_so(partial):
    folder, _done = partial
    table = pd.read_csv(folder / "results" / "summary" / "comparisons.tsv", sep="\t").set_index("comparison")
    assert np.isfinite(table.loc["causal_region", "p"])
    assert np.isnan(table.loc["failed", "p"]) and "no region Hippocampus in bad" in table.loc["failed", "flags"]


def test_names_are_never_read_by_a_shell(partial):
    folder, _done = partial
    regions = pd.read_csv(folder / "results" / "associations" / "good" / "causal" / "regions.tsv", sep="\t")
    assert "Hippocampus" in set(regions["region"])
    assert not list(folder.rglob("hacked"))


def test_strict_stops_at_the_first_failure(partial, checkout):
    folder, _done = partial
    done = nextflow(folder, *SMALL, *PARTIAL, "--strict", "--outdir", "strict", "-resume", pipeline=checkout)
    assert done.returncode == 1
    assert any(" lack coordinates" in line or "alien" in line for line in complaints(done))
    assert not (folder / "strict" / "report.html").exists()
