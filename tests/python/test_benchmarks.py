"""The benchmark's logic: what it counts, compares, draws and writes. No time is asserted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from conftest import ROOT, call

sys.path.append(str(ROOT / "tests" / "benchmarks"))

import bench_equality as equality
import bench_page as page
import bench_scaling as scaling
import bench_synthetic as synthetic
import bench_tables as tables
from bench_compare import Row, marginal
from bench_measure import CommandError, Usage, environment, measure, python, shown
from bench_study import FULL

from traitmap.ledger import Ledger
from traitmap.reference import read_reference
from traitmap.regression_inputs import SpotScores
from traitmap.slices import read_slice


def usage(cpu: float = 1.0, wall: float = 2.0, gb: float = 0.5, command: str = "python x.py") -> Usage:
    return Usage(command, cpu, wall, gb)


# Measuring


def test_memory_is_the_commands_own_and_its_childrens(tmp_path):
    held = np.ones(40_000_000)  # 320 MB of this process, which must not be counted
    small = measure(python("-c", "pass"), tmp_path / "log", threads=1)
    assert small.peak_gb < held.nbytes / 1e9 / 3
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(200_000_000)'], check=True)"
    large = measure(python("-c", child), tmp_path / "log", threads=1)
    assert large.peak_gb > 0.2
    assert large.cpu_s > 0
    assert large.wall_s > 0


def test_processor_time_of_children_is_counted(tmp_path):
    spin = "import time\nwhile time.process_time() < 0.5: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}], check=True)"
    assert measure(python("-c", child), tmp_path / "log", threads=1).cpu_s > 0.5


def test_a_failing_command_shows_the_end_of_its_output(tmp_path):
    with pytest.raises(CommandError, match=r"exit code 3(.|\n)*it broke"):
        measure(python("-c", "print('it broke'); raise SystemExit(3)"), tmp_path / "logs" / "log", threads=1)


def test_commands_run_with_bounded_threads_and_compiled_modules(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = environment(3)
    assert found["OMP_NUM_THREADS"] == "3"
    assert "PYTHONDONTWRITEBYTECODE" not in found


def test_commands_are_shown_as_typed_in_the_root():
    assert shown([sys.executable, "bin/x.py", "--out", f"{ROOT}/.bench/a b"]) == "python bin/x.py --out '.bench/a b'"


# Comparing


def test_a_row_meets_its_figures_only_if_all_are_met():
    row = Row("LD scores", usage(cpu=9, gb=1.0), usage(cpu=180), wanted_cpu_s=9, wanted_gb=1, wanted_ratio=20)
    assert row.ratio == pytest.approx(20)
    assert row.met is True
    assert Row("LD scores", usage(cpu=9), usage(cpu=179), wanted_ratio=20).met is False
    assert Row("LD scores", usage(gb=1.1), usage(), wanted_gb=1).met is False
    assert Row("embedding", usage(), usage()).met is None


def test_further_traits_cost_the_difference_of_two_runs():
    found = marginal(usage(cpu=10, wall=12, gb=1), usage(cpu=16, wall=22, gb=3), 2)
    assert (found.cpu_s, found.wall_s, found.peak_gb) == (3, 5, 3)


def test_agreement_counts_what_only_one_has():
    ours = pd.Series({"a": 1.0, "b": 2.0, "c": 3.5, "d": 9.0})
    theirs = pd.Series({"c": 3.0, "b": 2.0, "a": 1.0, "e": np.nan})
    found = equality.compare_series("z", ours, theirs)
    assert (found.n, found.only_one, found.largest, found.median) == (3, 1, 0.5, 0.0)
    assert found.relative == pytest.approx(0.5 / np.std([1, 2, 3]))
    assert found.correlation == pytest.approx(np.corrcoef([1, 2, 3.5], [1, 2, 3])[0, 1])


def test_gss_are_compared_by_name(tmp_path):
    import anndata

    ours = sparse.csr_matrix(np.array([[2.0, 0, 3], [0, 4, 5]], dtype=np.float32))
    names = pd.DataFrame(index=["s1", "s2"]), pd.DataFrame(index=["A", "B", "C"])
    anndata.AnnData(ours, *names).write_h5ad(tmp_path / "ours.h5ad")
    theirs = pd.DataFrame({"HUMAN_GENE_SYM": ["C", "A", "X"], "s2": [5.5, 2, 1], "s1": [3, 2, 1]})
    theirs.astype({"s1": np.float16, "s2": np.float16}).to_feather(tmp_path / "gss.feather")
    (found,) = equality.compare_gss(tmp_path / "ours.h5ad", tmp_path / "gss.feather")
    assert (found.n, found.only_one, found.largest) == (3, 1, 0.5)  # A of s2 is in theirs alone


def test_spots_are_compared_by_name(tmp_path):
    pd.DataFrame({"spot": ["a", "b", "c"], "z": [1.0, np.nan, 2.0]}).to_parquet(tmp_path / "ours.parquet")
    pd.DataFrame({"spot": ["c", "a", "b"], "z": [2.25, 1.0, 7.0]}).to_csv(tmp_path / "theirs.csv.gz", index=False)
    found = equality.compare_spots("z", tmp_path / "ours.parquet", tmp_path / "theirs.csv.gz")
    assert (found.n, found.only_one, found.largest) == (2, 1, 0.25)


# Scaling


def test_a_line_is_found_again():
    line = scaling.fit_line([1, 2, 10], [5, 7, 23])
    assert (line.start, line.slope) == (pytest.approx(3), pytest.approx(2))
    assert scaling.fit_line([4], [8]).at(10) == 20


def test_points_beyond_the_memory_are_left_out():
    before = [(1000, 1.0), (2000, 2.0)]
    assert scaling.affordable(before, 7000, free_gb=10)
    assert not scaling.affordable(before, 9000, free_gb=10)
    assert scaling.affordable(before[:1], 9000, free_gb=10)  # nothing to go by


def test_every_curve_has_its_points_in_order():
    found = scaling.points(scaling.FULL)
    for curve, method in {(each.curve, each.method) for each in found}:
        sizes = [each.at for each in found if (each.curve, each.method) == (curve, method)]
        assert sizes == sorted(set(sizes))
        assert len(sizes) >= 2


def measured(spots: int, cpu: float, gb: float = 1.0, method: str = "shared") -> scaling.Measured:
    return scaling.Measured(scaling.Point("spots", method, spots, 1000, 1), usage(cpu, cpu * 2, gb), {})


def test_an_atlas_is_many_of_the_largest_slices():
    found = scaling.extrapolate([measured(1000, 10), measured(2000, 15, 3)], "shared", 9000, "regression")
    assert (found.slices, found.slice_spots, found.peak_gb) == (5, 2000, 3)
    assert found.cpu_hours == pytest.approx(5 * 15 / 3600)
    assert found.line.at(0) == pytest.approx(5)
    assert scaling.extrapolate([measured(1000, 10)], "shared", 9000, "regression") is None


def test_measured_points_survive_the_file():
    for point in (measured(1000, 10), scaling.Measured(scaling.Point("spots", "spot", 5), None, {})):
        assert scaling.from_plain(json.loads(json.dumps(scaling.plain(point)))) == point


# Synthetic inputs


def test_the_reference_is_one_and_the_same(tmp_path):
    synthetic.write_genome(tmp_path, snps=600, traits=1, genes=200)
    found = read_reference(tmp_path / "reference.h5ad")  # checks order and names
    again = synthetic.draw_reference(600, 200, seed=1)
    assert found.weights.shape == (600, 201)
    assert (found.weights != again.weights).nnz == 0
    near = np.abs(found.weights[:, :-1]).sum() / np.abs(found.weights[:, :-1]).astype(bool).sum()
    assert near > 0.2  # LD, not noise alone


def test_snps_are_linked_with_genes_in_reach_only():
    found = synthetic.draw_reference(400, 300, seed=2)
    rows, columns = found.weights[:, :-1].nonzero()
    snp, gene = found.snps.iloc[rows], found.genes.iloc[columns]
    assert (snp["CHR"].to_numpy() == gene["chr"].to_numpy()).all()
    assert (np.abs(snp["BP"].to_numpy() - gene["start"].to_numpy()) <= synthetic.REACH * 1e6 + 1).all()


def test_scores_have_the_wanted_sparsity(tmp_path):
    synthetic.write_scores(tmp_path / "x.h5ad", spots=1500, genes=400)  # more than one block
    scores = SpotScores(tmp_path / "x.h5ad")
    (_, values), *_ = scores.batches(1500)
    assert values.shape == (1500, 400)
    assert values.nnz / (1500 * 400) == pytest.approx(synthetic.SCORED, abs=0.05)
    assert values.data.min() >= np.float32(np.e - 1)


def test_a_larger_draw_begins_with_a_smaller_one():
    small, large = (next(synthetic.sparse_blocks(spots, 50, 0.3, 1.0, seed=3)) for spots in (1000, 2500))
    assert (small != large).nnz == 0


def test_a_slice_is_one_that_the_steps_read(tmp_path):
    synthetic.write_slice(tmp_path, spots=1200, genes=300)
    found = read_slice(tmp_path / "slice.h5ad", Ledger("test", "slice"), annotation="annotation")
    assert found.shape == (1200, 300)
    assert found.obs["region"].nunique() == synthetic.LABELS


def test_inputs_drawn_for_other_sizes_are_not_kept(tmp_path):
    folder = tmp_path / "drawn"
    assert not synthetic.cached(folder, {"size": 1})
    (folder / "x").touch()
    synthetic.mark(folder, {"size": 1})
    assert synthetic.cached(folder, {"size": 1})
    assert not synthetic.cached(folder, {"size": 2})
    assert not (folder / "x").exists()


def test_traits_in_one_process_are_as_alone(tmp_path):
    synthetic.write_genome(tmp_path, snps=900, traits=2, genes=150)
    synthetic.write_scores(tmp_path / "x.h5ad", spots=30, genes=150)
    given = ["--specificity", tmp_path / "x.h5ad", "--reference", tmp_path / "reference.h5ad", "--weights", "shared"]
    traits = [tmp_path / f"trait_{number}.parquet" for number in (1, 2)]
    program = "../tests/benchmarks/bench_regress_traits.py"
    call(program, *given, "--sumstats", traits[0], "--sumstats", traits[1], "--out", tmp_path / "out")
    call("regress_spots.py", *given, "--sumstats", traits[1], "--out", tmp_path / "alone.parquet")
    together = pd.read_parquet(tmp_path / "out" / "trait_2.parquet")
    pd.testing.assert_frame_equal(together, pd.read_parquet(tmp_path / "alone.parquet"))
    assert set(json.loads((tmp_path / "out" / "phases.json").read_text())) >= {"start", "read", "prepare", "regress"}


# The page


def example() -> tuple[page.Comparison, page.Scaling]:
    rows = [
        Row("LD scores", usage(9, 10, 0.8, "python ld.py"), usage(190, 200, 2.5, "gsmap ld"), 9, 1, 20),
        Row("gene specificity", usage(10), usage(91), wanted_cpu_s=9),
    ]
    found = [equality.Agreement("z", 10, 0.99, 1e-4, 1e-3, 1e-3, 0)]
    comparison = page.Comparison(
        FULL, 1, "a machine", "traitmap 0", "gsmap 1", rows, found, {"spot": {"read": 1.5}}, {"gss": 2.25}
    )
    points = [measured(1000, 10), measured(2000, 15), measured(1000, 20, method="specificity")]
    left_out = scaling.Measured(scaling.Point("spots", "specificity", 9000), None, {})
    return comparison, page.Scaling(18_000, 2, "a machine", "traitmap 0", [*points, left_out])


def test_the_page_says_what_was_met_and_what_was_not():
    text = page.page(*example(), "images/scaling.svg")
    assert "| LD scores | 9.0 | 190 | 21x | 10.0 | 200 | 0.80 | 2.50 | <= 9 CPU s, <= 1 GB, >= 20x | yes |" in text
    assert "**no**" in text
    assert "python ld.py\ngsmap ld\n" in text
    assert "left out: memory" in text
    assert "CPU seconds more: gene specificity 2.2" in text
    assert "| regression, gene space, a trait | 5,000 | 2,000 |" in text


def test_the_page_says_what_was_not_measured():
    text = page.page(None, None, "")
    assert text.count("Not measured") == 2


def test_the_figure_is_the_same_each_time(tmp_path):
    from bench_figure import draw

    _, scaled = example()
    for name in ("a", "b"):
        draw(scaled.measured, tmp_path / name / "scaling.svg")
    first, second = ((tmp_path / name / "scaling.svg").read_bytes() for name in ("a", "b"))
    assert first == second
    assert b"regression, gene space" in first


def test_tables_are_the_same_in_text_and_on_the_terminal():
    table = tables.Text(("a", "b"), [("x", "1")])
    assert table.markdown() == "| a | b |\n| --- | ---: |\n| x | 1 |"
    assert table.rich("title").row_count == 1


def test_unknown_parts_are_refused(tmp_path):
    program = "../tests/benchmarks/bench.py"
    done = call(program, "--work", tmp_path, "--docs", tmp_path, "--parts", "compare,all", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --parts all")
    assert not list(Path(tmp_path).iterdir())
