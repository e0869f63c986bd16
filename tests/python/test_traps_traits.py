"""Traits against each other: samples that overlap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regression_study import make_reference
from traitmap import report_traps
from traitmap.ledger import Ledger
from traitmap.reference import panel_snps, read_ld_scores, read_reference, write_reference

SNPS = 6000
COUNT = "with overlapping samples, by their cross-trait intercept"


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.h5ad"
    write_reference(make_reference(snps=SNPS), path)
    return path


def trait_files(folder: Path, reference: Path, overlap: float, flip: bool = False) -> dict[str, Path]:
    """Two traits with effects of their own, whose noise correlates by ``overlap``; ``flip``: the second's alleles."""
    held = read_reference(reference)
    rng = np.random.default_rng(7)
    ld = np.asarray(held.weights.sum(axis=1)).ravel()
    noise = rng.normal(size=(2, SNPS))
    noise[1] = overlap * noise[0] + np.sqrt(1 - overlap**2) * noise[1]
    z = noise + rng.normal(size=(2, SNPS)) * np.sqrt(0.02 * ld)
    paths = {}
    for name, of_trait, swap in (("one", z[0], False), ("two", z[1], flip)):
        table = pd.DataFrame({"SNP": held.snps.index, "A1": "A", "A2": "C", "Z": of_trait, "N": 50_000.0})
        if swap:
            table = table.assign(A1="C", A2="A", Z=-of_trait)
        paths[name] = folder / f"{name}.parquet"
        table.to_parquet(paths[name])
    return paths


@pytest.mark.parametrize(("overlap", "says"), [(0.0, 0), (0.05, 0), (0.4, 1), (-0.4, 1), (1.0, 1)])
@pytest.mark.parametrize("flip", [False, True])
def test_overlapping_samples_are_told(tmp_path, reference, overlap, says, flip):
    account = Ledger("test", "run")
    report_traps.check_traits(trait_files(tmp_path, reference, overlap, flip), reference, account)
    assert len(account.warnings) == says
    counts = {count["what"]: count["n"] for count in account.counts}
    assert counts == {"compared": 1, "with too few SNPs in common, not compared": 0, COUNT: says}
    if says:
        told = account.warnings[0].split(
            "traits one and two: the intercept of their cross-trait LD score regression is "
        )
        assert float(told[1].split()[0]) == pytest.approx(overlap, abs=0.15)


def test_traits_with_few_snps_in_common_are_counted(tmp_path, reference):
    paths = trait_files(tmp_path, reference, 1.0)
    pd.read_parquet(paths["two"]).iloc[:900].to_parquet(paths["two"])
    account = Ledger("test", "run")
    report_traps.check_traits(paths, reference, account)
    assert [count["n"] for count in account.counts] == [1, 1, 0]
    assert account.warnings == []


def test_alleles_are_aligned_before_traits_are_compared(tmp_path, reference):
    snps = read_reference(reference).snps.index
    plain, flipped = (report_traps.aligned(trait_files(tmp_path, reference, 0.4, flip), snps) for flip in (False, True))
    for one, other in zip(plain, flipped, strict=True):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("rows", [50_000, 1000, 7])
def test_ld_scores_of_a_reference_are_the_sums_of_its_weights(reference, rows, monkeypatch):
    monkeypatch.setattr("traitmap.reference.ROWS", rows)
    held = read_reference(reference)
    scores, snps = read_ld_scores(reference)
    np.testing.assert_allclose(scores["ld"], held.weights.astype(np.float64).sum(axis=1).A1, rtol=1e-9)
    pd.testing.assert_series_equal(scores["w_ld"], held.snps["w_ld"])
    assert panel_snps(held.facts) is None and snps == SNPS
