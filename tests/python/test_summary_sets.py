"""Tests of a user's own sets of spots, gathered over the run."""

from __future__ import annotations

import numpy as np
import pytest

from test_summarize_regions import Run, make_tests
from traitmap.formats import SPOT_SETS
from traitmap.regions import benjamini_hochberg
from traitmap.summary import read_sheet
from traitmap.summary_sets import summarize_sets


def test_sets_are_told_apart_from_regions_and_have_q_over_the_run(tmp_path):
    run = Run(tmp_path)
    tests = {trait: make_tests(seed, ("cortex", "fiber", "mine", "other")) for seed, trait in enumerate(("t1", "t2"))}
    for trait, table in tests.items():
        run.add("s1", "", trait, 1, tests=table)
    run.add("s2", "", "t1", 2, tests=make_tests(5))  # regions alone
    run.add("s3", "", "t1", 3)  # no tests
    found = summarize_sets(read_sheet(run.sheet()))
    assert tuple(found.columns) == SPOT_SETS
    assert found[["slice", "trait", "set"]].to_numpy().tolist() == [
        ["s1", trait, name] for trait in ("t1", "t2") for name in ("mine", "other")
    ]
    assert found["n_spots"].tolist() == [40] * 4
    wanted = tests["t2"].set_index(["region", "test"])["p"]
    assert found["p_contrast"].tolist()[2:] == [wanted["mine", "contrast"], wanted["other", "contrast"]]
    assert found["p_mean"].tolist()[2:] == [wanted["mine", "mean"], wanted["other", "mean"]]
    assert found["q"].to_numpy() == pytest.approx(benjamini_hochberg(found["p_contrast"].to_numpy()))


def test_a_set_that_is_the_whole_slice_is_judged_by_its_mean(tmp_path):
    run = Run(tmp_path)
    tests = make_tests(1, ("cortex", "fiber", "all of it"))
    tests.loc[(tests["region"] == "all of it") & (tests["test"] == "contrast"), ["beta", "se", "z", "p"]] = np.nan
    run.add("s1", "", "t1", 1, tests=tests)
    found = summarize_sets(read_sheet(run.sheet()))
    assert found["q"].tolist() == found["p_mean"].tolist() and found["p_contrast"].isna().all()


def test_no_sets_no_table(tmp_path):
    run = Run(tmp_path)
    run.add("s1", "", "t1", 1, tests=make_tests(1))
    run.add("s2", "", "t1", 2)
    assert summarize_sets(read_sheet(run.sheet())) is None
