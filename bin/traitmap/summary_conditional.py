"""The conditional tests of the whole run: each region beside each other one, per slice and across slices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from traitmap.formats import CONDITIONAL, GIVEN, REGION
from traitmap.regions import benjamini_hochberg, join_flags, read_region_tests
from traitmap.summary import Row, average_tests, slice_groups


def summarize_conditional(rows: list[Row]) -> pd.DataFrame | None:
    """The table of ``formats.CONDITIONAL``; None where nothing was conditioned on.

    Scope slice, then group and all by the joint jackknife, as in ``summary.summarize_regions``; beside each test that
    of the region alone. Sorted by slice, trait, conditional_on and region within each scope, whose rows q is over.
    """
    tests = {(row.slice, row.trait): read_region_tests(row.region_tests) for row in rows if row.region_tests}
    frames = [_beside(table, {}).assign(scope="slice", slice=s, trait=t) for (s, t), table in sorted(tests.items())]
    groups = slice_groups({row.slice: row.group for row in rows})
    for trait in sorted({trait for _, trait in tests}):
        for (scope, name), members in groups.items():
            of = {member: tests[member, trait] for member in members if (member, trait) in tests}
            if len(of) > 1:
                averaged, remarks = average_tests(of)
                frames.append(_beside(averaged, remarks).assign(scope=scope, slice=name, trait=trait))
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return None
    table = pd.concat(frames, ignore_index=True)
    table["scope"] = pd.Categorical(table["scope"], ["slice", "group", "all"])
    table = table.sort_values(["scope", "slice", "trait", "conditional_on", REGION], kind="stable", ignore_index=True)
    for scope in table["scope"].unique():
        at = table["scope"] == scope
        table.loc[at, "q"] = benjamini_hochberg(table.loc[at, "p"].to_numpy(np.float64))
    return table[list(CONDITIONAL)]


def _beside(tests: pd.DataFrame, remarks: dict[str, list[str]]) -> pd.DataFrame:
    """The conditional tests of a table of region tests, with the spots of both regions and the test alone."""
    alone = tests[tests["test"] == "mean"].set_index(REGION)
    own = tests[tests["test"].str.startswith(GIVEN)].copy()
    own["conditional_on"] = own["test"].str.removeprefix(GIVEN)
    own["n_spots_conditional"] = alone["n_spots"].reindex(own["conditional_on"]).to_numpy()
    for column in ("z", "p"):
        own[f"{column}_alone"] = alone[column].reindex(own[REGION]).to_numpy()
    own["flags"] = [
        join_flags(text for text in remarks.get(region, []) if text.startswith((test, "mean")))
        for region, test in zip(own[REGION], own["test"], strict=True)
    ]
    return own.drop(columns=["test", "estimate", "delete_values"], errors="ignore")
