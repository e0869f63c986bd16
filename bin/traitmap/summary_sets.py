"""The tests of a user's own sets of spots, over the whole run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from traitmap.formats import REGION, SPOT_SETS
from traitmap.regions import add_tests, benjamini_hochberg, read_region_tests, read_regions_table, region_p_values
from traitmap.summary import Row


def summarize_sets(rows: list[Row]) -> pd.DataFrame | None:
    """The table of ``formats.SPOT_SETS``, by slice, trait, then as the sets were named; None where none was tested.

    Sets are what region tests hold beside the slice's regions. q is Benjamini and Hochberg's over the table, of
    p_contrast (p_mean for a set that is the whole slice).
    """
    tables = [table for table in map(_sets_of, rows) if len(table)]
    if not tables:
        return None
    table = pd.concat(tables, ignore_index=True)
    table["q"] = benjamini_hochberg(region_p_values(table, "contrast"))
    return table[list(SPOT_SETS)]


def _sets_of(row: Row) -> pd.DataFrame:
    if not row.region_tests:
        return pd.DataFrame()
    tests = read_region_tests(row.region_tests)
    own = tests[~tests[REGION].isin(read_regions_table(row.regions)[REGION])]
    table = own.drop_duplicates(REGION)[[REGION, "n_spots"]].reset_index(drop=True)
    table = add_tests(table.assign(slice=row.slice, trait=row.trait), own)
    return table.rename(columns={REGION: "set"}).astype({"n_spots": np.int64})
