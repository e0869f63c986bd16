"""Conditional tests of regions: against a plain twin, on simulated signal, and over slices."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from conftest import call, refused
from regression_study import GENES, make_reference, make_scores, make_trait
from test_summarize_regions import BLOCKS, Run, make_tests
from traitmap.formats import CONDITIONAL
from traitmap.jackknife import jackknife
from traitmap.ledger import Ledger
from traitmap.reference import write_reference
from traitmap.regression import prepare
from traitmap.regression_joint import regress_conditionally
from traitmap.regression_regions import RegionScores, regress_regions
from traitmap.summary import read_sheet
from traitmap.summary_conditional import summarize_conditional

NAMES = [f"GENE{g}" for g in range(GENES)]


def regions_of(scores) -> RegionScores:
    names = [chr(ord("A") + i) for i in range(len(scores))]
    return RegionScores(names, ["mean"] * len(names), [10] * len(names), np.asarray(scores))


def prepared(reference, trait, weights, blocks=20):
    genes = pd.Index(NAMES)
    return prepare(reference, genes, trait, Ledger("regress_spots", "t"), weights=weights, blocks=blocks)


def twin(reference, trait, own, other, weights, blocks):
    """Both annotations, all_gene, base and 1 by least squares, a block at a time."""
    linked = reference.weights.toarray().astype(np.float64)
    chi2, n = trait["Z"].to_numpy() ** 2, trait["N"].to_numpy()
    baseline = [linked[:, :-1].sum(axis=1), linked.sum(axis=1)]
    both = [linked[:, :-1] @ own, linked[:, :-1] @ other]
    total = sum(baseline) + (sum(both) if weights == "spot" else 0)
    slope = (chi2.mean() - 1) / np.mean(total * n)
    w_ld = np.maximum(reference.snps["w_ld"].to_numpy(), 1)
    root = 1 / ((1 + slope * n * np.maximum(total, 1)) * np.sqrt(w_ld))
    x = np.column_stack([*(each * n / n.mean() for each in (*both, *baseline)), np.ones_like(n)]) * root[:, None]
    y = chi2 * root
    borders = np.floor(np.linspace(0, len(y), blocks + 1)).astype(int)
    full = np.linalg.lstsq(x, y, rcond=1e-14)[0][0]
    outs = [np.r_[0 : borders[b], borders[b + 1] : len(y)] for b in range(blocks)]
    delete = np.array([np.linalg.lstsq(x[out], y[out], rcond=1e-14)[0][0] for out in outs])
    return full / n.mean(), delete / n.mean()


@pytest.mark.parametrize("weights", ["shared", "spot"])
def test_against_a_plain_twin(weights):
    reference = make_reference()
    trait = make_trait(reference)
    scores = make_scores(spots=3).toarray().astype(np.float64)
    found = regress_conditionally(regions_of(scores), ["C", "A"], prepared(reference, trait, weights), weights)
    assert list(zip(found["region"], found["test"], strict=True)) == [
        *(("A", "given C"), ("B", "given C"), ("B", "given A"), ("C", "given A"))
    ]
    for row, (own, other) in zip(found.itertuples(), ((0, 2), (1, 2), (1, 0), (2, 0)), strict=True):
        full, delete = twin(reference, trait, scores[own], scores[other], weights, 20)
        assert row.estimate == pytest.approx(full, rel=1e-6)
        assert row.delete_values == pytest.approx(delete, rel=1e-5)
        beta, se = jackknife(full, delete)
        assert (row.beta, row.se) == pytest.approx((beta, se), rel=1e-5)
        assert row.p == pytest.approx(norm.sf(row.z), rel=1e-9)


def test_every_other_region_and_those_that_a_slice_lacks():
    reference = make_reference()
    trait = prepared(reference, make_trait(reference), "shared")
    regions = regions_of(make_scores(spots=4).toarray())
    every = regress_conditionally(regions, ["all"], trait, "shared")
    assert len(every) == 12 and not every.duplicated(["region", "test"]).any()
    one = regress_conditionally(regions, ["B", "nowhere", "B"], trait, "shared")
    assert one["z"].tolist() == every.loc[every["test"] == "given B", "z"].tolist()
    assert any(count["what"] == "not in this slice" and count["n"] == 1 for count in trait.ledger.counts)
    assert regress_conditionally(regions, ["nowhere"], trait, "shared").empty


def test_a_region_beside_its_own_twin_has_no_result():
    reference = make_reference()
    trait = prepared(reference, make_trait(reference), "shared")
    same = make_scores(spots=1).toarray()[[0, 0]]
    found = regress_conditionally(regions_of(same), ["all"], trait, "shared")
    assert found["z"].isna().all()
    assert any(count["what"].startswith("singular") and count["n"] == 2 for count in trait.ledger.counts)


def test_a_signal_due_to_another_region_goes_and_its_own_stays():
    """B carries the trait; A shares a half of B's genes. Alone both are found; beside B, A is as under the null."""
    snps, draws = 6000, 120
    reference = make_reference(3, snps=snps)
    rng = np.random.default_rng(4)
    b = 2.0 * (rng.random(GENES) < 0.3)
    a = np.where(rng.random(GENES) < 0.6, b, 2.0 * (rng.random(GENES) < 0.3))
    regions = regions_of([a, b])
    linked = reference.weights.toarray().astype(np.float64)
    n = np.full(snps, 1e5)
    mean = 1 + 1e-7 * n * linked.sum(axis=1) + 5e-7 * n * (linked[:, :-1] @ b)
    rows = []
    for _ in range(draws):
        z = rng.normal(size=snps) * np.sqrt(mean)
        trait = prepared(reference, pd.DataFrame({"Z": z, "N": n}, index=reference.snps.index), "shared", blocks=100)
        alone = regress_regions(regions, trait)["z"].to_numpy()
        beside = regress_conditionally(regions, ["all"], trait, "shared")
        rows.append([*alone, *(beside.set_index("region")["z"].loc[["A", "B"]])])
    a_alone, b_alone, a_beside, b_beside = np.array(rows).T
    assert a_alone.mean() > 2.5 and b_alone.mean() > 4
    assert abs(a_beside.mean()) < 3 / np.sqrt(draws)
    assert 0.8 < a_beside.std() < 1.2
    assert b_beside.mean() > 2.5


def with_given(seed, n_spots=40):
    """Region tests of two regions, with the first beside the second."""
    tests = make_tests(seed, n_spots=n_spots)
    extra = make_tests(seed + 100, n_spots=n_spots).iloc[:1].assign(test="given fiber")
    return pd.concat([tests, extra], ignore_index=True)


def test_the_run_has_every_slice_and_their_joint_jackknife(tmp_path):
    run = Run(tmp_path)
    tables = {"s1": with_given(1, 30), "s2": with_given(2, 10)}
    for name, tests in tables.items():
        run.add(name, "g", "t", 1, tests=tests)
    table = summarize_conditional(read_sheet(run.sheet()))
    assert list(table.columns) == list(CONDITIONAL)
    assert table[["scope", "slice"]].to_numpy().tolist() == [
        *(["slice", "s1"], ["slice", "s2"], ["group", "g"], ["all", "all"])
    ]
    rows = [tests.iloc[-1] for tests in tables.values()]
    full = 0.75 * rows[0]["estimate"] + 0.25 * rows[1]["estimate"]
    beta, se = jackknife(full, 0.75 * rows[0]["delete_values"] + 0.25 * rows[1]["delete_values"])
    joint = table.iloc[3]
    assert (joint["beta"], joint["se"], joint["n_spots"]) == pytest.approx((beta, se, 40), rel=1e-12)
    first = table.iloc[0]
    assert (first["region"], first["conditional_on"]) == ("cortex", "fiber")
    assert first["z_alone"] == tables["s1"].iloc[0]["z"] and first["n_spots_conditional"] == 30
    plain = Run(tmp_path / "plain")
    plain.add("s1", "", "t", 1, tests=make_tests(1, blocks=BLOCKS))
    assert summarize_conditional(read_sheet(plain.sheet())) is None


def test_regions_without_conditional_tests_are_as_before(tmp_path):
    """What is conditioned on changes neither the regions' table nor its remarks."""
    tables = []
    for folder, make in (("with", with_given), ("without", make_tests)):
        run = Run(tmp_path / folder)
        for seed, name in enumerate(("s1", "s2")):
            run.add(name, "g", "t", seed, tests=make(seed))
        tables.append(run.summary())
    pd.testing.assert_frame_equal(*tables)


def test_the_executables_from_a_slice_to_the_table(tmp_path):
    reference = make_reference()
    write_reference(reference, tmp_path / "reference.h5ad")
    make_trait(reference).assign(A1="A", A2="G").to_csv(tmp_path / "trait.sumstats.gz", sep="\t")
    data = anndata.AnnData(make_scores(), var=pd.DataFrame(index=NAMES))
    data.obs_names = [f"spot{i}" for i in range(37)]
    data.obs["region"] = pd.Categorical(["A"] * 12 + ["B"] * 15 + ["C"] * 10)
    data.write_h5ad(tmp_path / "specificity.h5ad")
    given = ["--specificity", tmp_path / "specificity.h5ad", "--reference", tmp_path / "reference.h5ad"]
    given += ["--sumstats", tmp_path / "trait.sumstats.gz", "--out", tmp_path / "spots.parquet", "--blocks", 20]
    given += ["--weights", "shared", "--conditional-on", "A", "--conditional-on", "B"]
    assert "--conditional-on needs --region-tests" in refused("regress_spots.py", *given)
    call("regress_spots.py", *given, "--region-tests", tmp_path / "tests.parquet")
    call(
        *("combine_regions.py", "--spots", tmp_path / "spots.parquet", "--slice", tmp_path / "specificity.h5ad"),
        *("--annotation", "region", "--region-tests", tmp_path / "tests.parquet", "--out", tmp_path / "regions.tsv"),
    )
    sheet = tmp_path / "sheet.tsv"
    files = "\t".join(str(tmp_path / name) for name in ("regions.tsv", "spots.parquet", "tests.parquet"))
    sheet.write_text(f"slice\ttrait\tregions\tspots\tregion_tests\ns\tt\t{files}\n")
    call("summarize_regions.py", "--sheet", sheet, "--out", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "summary" / "conditional_tests.tsv", sep="\t")
    assert list(zip(table["region"], table["conditional_on"], strict=True)) == [
        ("B", "A"),
        ("C", "A"),
        ("A", "B"),
        ("C", "B"),
    ]
    assert table["z"].notna().all()
