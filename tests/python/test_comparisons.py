"""Comparisons of regions and of groups of slices by the joint jackknife."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from conftest import call, refused
from test_summarize_regions import BLOCKS, Run, make_tests
from traitmap.comparisons import Comparison, check_regions, compare_regions, read_comparisons, side_names
from traitmap.errors import InputError
from traitmap.formats import COMPARISONS
from traitmap.jackknife import jackknife
from traitmap.summary import read_sheet


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def pick(tests, region):
    return tests[(tests["region"] == region) & (tests["test"] == "mean")].iloc[0]


def compared(run, *comparisons):
    return compare_regions([Comparison(*each) for each in comparisons], read_sheet(run.sheet()))


def test_two_regions_of_a_slice_by_their_delete_values(run):
    tests = make_tests(1)
    run.add("s", "", "t", 1, tests=tests)
    row = compared(run, ("x", "s", "cortex", "s", "fiber")).iloc[0]
    a, b = pick(tests, "cortex"), pick(tests, "fiber")
    difference, se = jackknife(a["estimate"] - b["estimate"], a["delete_values"] - b["delete_values"])
    assert (row["difference"], row["se"]) == pytest.approx((difference, se), rel=1e-12)
    assert row["difference"] == pytest.approx(a["beta"] - b["beta"], rel=1e-12)
    assert row["p"] == pytest.approx(2 * norm.sf(abs(difference / se)), rel=1e-12)
    assert (row["beta_a"], row["beta_b"]) == pytest.approx((a["beta"], b["beta"]))
    assert row["flags"] == ""


def test_what_both_sides_share_drops_out_of_the_error(run):
    """A region compared with its twin of another slice, alike but for a constant, differs by it without error."""
    tests = make_tests(1)
    shifted = tests.copy()
    shifted["estimate"] += 1.0
    shifted["delete_values"] = [values + 1.0 for values in shifted["delete_values"]]
    shifted["beta"] += 1.0
    noise = np.random.default_rng(0).normal(0, 1e-6, BLOCKS)
    shifted["delete_values"] = [values + noise for values in shifted["delete_values"]]
    for at, row in shifted.iterrows():
        shifted.loc[at, ["beta", "se"]] = jackknife(row["estimate"], row["delete_values"])
    run.add("s", "case", "t", 1, tests=shifted)
    run.add("r", "control", "t", 2, tests=tests)
    row = compared(run, ("x", "case", "cortex", "control", "cortex")).iloc[0]
    assert row["difference"] == pytest.approx(1.0, abs=1e-4)
    assert row["se"] < 1e-4 < shifted["se"].min()


def test_swapping_the_sides_changes_the_sign_alone(run):
    for number, (name, group) in enumerate((("s1", "case"), ("s2", "case"), ("s3", "control"))):
        run.add(name, group, "t", number, tests=make_tests(number, n_spots=10 * (number + 1)))
    table = compared(run, ("x", "case", "cortex", "control", "fiber"), ("y", "control", "fiber", "case", "cortex"))
    there, back = table.iloc[0], table.iloc[1]
    assert there["difference"] == pytest.approx(-back["difference"], rel=1e-12)
    assert (there["se"], there["p"]) == pytest.approx((back["se"], back["p"]), rel=1e-12)
    assert (there["n_spots_a"], there["n_spots_b"]) == (30, 30)


def test_a_side_of_several_slices_is_their_average(run):
    """Cases and controls that share one background of ranks, and so one group, are named by their slices."""
    for number, name in enumerate(("s1", "s2", "s3", "s4")):
        run.add(name, "donor", "t", number, tests=make_tests(number, n_spots=10 * (number + 1)))
    row = compared(run, ("x", "s1; s2", "cortex", "s3;s4", "cortex")).iloc[0]
    tests = [pick(make_tests(number), "cortex") for number in range(4)]
    sides = [
        [sum(w * each[what] for w, each in zip(weights, pair, strict=True)) for what in ("estimate", "delete_values")]
        for weights, pair in (((1 / 3, 2 / 3), tests[:2]), ((3 / 7, 4 / 7), tests[2:]))
    ]
    difference, se = jackknife(sides[0][0] - sides[1][0], sides[0][1] - sides[1][1])
    assert (row["difference"], row["se"]) == pytest.approx((difference, se), rel=1e-12)
    assert (row["n_spots_a"], row["n_spots_b"]) == (30, 70)


def test_the_null_is_calibrated():
    """Differences of two noisy coefficients without a true difference: P below 0.05 in 5 %."""
    rng = np.random.default_rng(3)
    blocks, hits, runs = 200, 0, 2000
    for _ in range(runs):
        common, own = rng.normal(size=blocks), rng.normal(size=(2, blocks))
        pseudo = common + own  # pseudo-values of two correlated estimates of mean 0
        full = pseudo.mean(axis=1)
        deleted = (blocks * full[:, None] - pseudo) / (blocks - 1)
        difference, se = jackknife(full[0] - full[1], deleted[0] - deleted[1])
        hits += 2 * norm.sf(abs(difference / se)) < 0.05
    assert 0.037 < hits / runs < 0.064  # 0.05 +- 2.8 standard errors, and a t tail of 199 degrees of freedom


def test_a_missing_region_is_flagged_and_the_rest_goes_on(run):
    run.add("s", "", "t", 1, tests=make_tests(1))
    table = compared(run, ("x", "s", "nowhere", "s", "fiber"), ("y", "s", "cortex", "s", "fiber"))
    assert np.isnan(table["p"].iloc[0])
    assert table["flags"].iloc[0] == "no region nowhere in s"
    assert table["q"].iloc[1] == table["p"].iloc[1]


def test_different_blocks_are_not_compared(run):
    run.add("s", "", "t", 1, tests=make_tests(1))
    run.add("r", "", "t", 2, tests=make_tests(2, blocks=BLOCKS + 1))
    row = compared(run, ("x", "s", "cortex", "r", "cortex")).iloc[0]
    assert np.isnan(row["se"])
    assert row["flags"] == "numbers of jackknife blocks differ"


def test_all_mistakes_of_the_sheet_at_once(run, tmp_path):
    run.add("s", "g", "t", 1, tests=make_tests(1))
    sheet = tmp_path / "comparisons.csv"
    sheet.write_text(
        "comparison,slices_a,region_a,slices_b,region_b\nx,s,cortex,t,fiber\nx,s,,s,fiber\ny,s,cortex,s,cortex\n"
    )
    with pytest.raises(InputError) as error:
        read_comparisons(sheet, side_names([("s", "g")]))
    assert [problem.removeprefix(f"{sheet}: ") for problem in error.value.problems] == [
        "row 2: slices_b 't' is no slice or group of the run (it has: all, g, s); mend it",
        "row 3: region_a is empty; fill it in",
        "row 3: comparison 'x' occurs more than once; rename it",
        "row 4: both sides are region 'cortex' of 's'; choose two",
    ]
    sheet.write_text("comparison,slices_a\n")
    with pytest.raises(InputError, match="has no column 'region_a'"):
        read_comparisons(sheet, side_names([("s", "g")]))


def test_a_region_that_no_slice_of_a_side_has_is_told():
    groups = [("s", "g"), ("r", "g"), ("t", "t")]
    regions = {"s": {"cortex", "fiber"}, "r": {"cortex"}}
    sides = [("s", "fiber"), ("g", "fiber"), ("r", "fiber"), ("g", "bone"), ("t", "bone"), ("all", "bone")]
    given = [Comparison(f"{name}-{region}", name, region, "s", "cortex") for name, region in sides]
    assert check_regions("x.csv", given, groups, regions) == [
        "x.csv: comparison 'r-fiber': r has no region 'fiber' (it has: cortex); mend it",
        "x.csv: comparison 'g-bone': g has no region 'bone' (it has: cortex, fiber); mend it",
    ]


def test_a_slice_that_failed_leaves_its_rows_empty(run, tmp_path):
    run.add("s", "", "t", 1, tests=make_tests(1))
    sheet = tmp_path / "comparisons.csv"
    rows = "comparison,slices_a,region_a,slices_b,region_b\nx,s,cortex,s,fiber\n\ny,s,cortex,gone,cortex\n"
    sheet.write_text(rows)
    options = ("--sheet", run.sheet(), "--comparisons", sheet, "--out", tmp_path / "out")
    assert "row 4: slices_b 'gone' is no slice" in refused("summarize_regions.py", *options)
    call("summarize_regions.py", *options, "--allow-missing")
    table = pd.read_csv(tmp_path / "out" / "summary" / "comparisons.tsv", sep="\t").set_index("comparison")
    assert np.isnan(table.loc["y", "p"]) and np.isfinite(table.loc["x", "p"])
    assert table.loc["y", "flags"] == "no region cortex in gone"


def test_the_executable_writes_the_table(run, tmp_path):
    run.add("s", "", "t", 1, tests=make_tests(1))
    sheet = tmp_path / "comparisons.csv"
    sheet.write_text("comparison,slices_a,region_a,slices_b,region_b\nx,s,cortex,s,fiber\n")
    call("summarize_regions.py", "--sheet", run.sheet(), "--comparisons", sheet, "--out", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "summary" / "comparisons.tsv", sep="\t")
    assert list(table.columns) == list(COMPARISONS)
    assert len(table) == 1
