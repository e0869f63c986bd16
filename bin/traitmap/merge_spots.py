"""Runs of spots that were regressed apart: the parts of a slice, and the whole that they make.

A part holds ``formats.ESTIMATES`` of rows A to B of the slice. Merged, the parts give the very bytes that the slice
gives in one piece: a spot's numbers do not depend on the part it is in, and all that is made of several spots is made
here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.formats import ESTIMATES
from traitmap.regression import write_table
from traitmap.regression_inputs import read_table

OF_SLICE = "spots of the slice"


def parse_span(text: str, n_spots: int) -> range:
    """The rows that ``A-B`` names: A to before B, counted from 0; B may lie beyond the slice's last spot."""
    ends = text.split("-")
    if len(ends) != 2 or not all(end.isdecimal() for end in ends) or int(ends[0]) >= int(ends[1]):
        raise InputError(f"--spots {text}: give a first row and the row after the last, as in 0-5000")
    if int(ends[0]) >= n_spots:
        raise InputError(f"--spots {text}: the slice has {n_spots} spots only; give rows below that")
    return range(int(ends[0]), min(int(ends[1]), n_spots))


def write_part(estimates: pd.DataFrame, n_spots: int, path: Path) -> None:
    """Write a part of a slice of ``n_spots`` spots (.parquet)."""
    estimates.attrs[OF_SLICE] = n_spots
    write_table(estimates, path)


def merge_parts(paths: list[Path]) -> pd.DataFrame:
    """The whole slice's ``formats.ESTIMATES`` from its parts, in any order.

    Raises InputError where a file is no part, and where the parts do not make one whole slice.
    """
    tables = [read_table(path, "part of a slice's spots") for path in paths]
    problems = [
        f"{path}: is no part of a slice's spots (wanted: {', '.join(ESTIMATES)}); regress_spots.py --spots writes them"
        for path, table in zip(paths, tables, strict=True)
        if tuple(table.columns) != ESTIMATES or OF_SLICE not in table.attrs
    ]
    if problems:
        raise InputError(*problems)
    sizes = sorted({table.attrs[OF_SLICE] for table in tables})
    if len(sizes) > 1:
        raise InputError(f"--part: are of slices of {' and '.join(map(str, sizes))} spots; give those of one slice")
    # Concatenated without attrs, which the whole does not have.
    whole = pd.concat([pd.DataFrame(dict(table)) for table in tables], ignore_index=True).sort_values(
        "row", kind="stable"
    )
    rows, wanted = whole["row"].to_numpy(), np.arange(sizes[0])
    if not np.array_equal(rows, wanted):
        missing, twice = np.setdiff1d(wanted, rows), rows[1:][np.diff(rows) == 0]
        problems = (
            [f"--part: {len(missing)} of the slice's {sizes[0]} spots are in none (first: row {missing[0]}); give all"]
            if missing.size
            else []
        )
        problems += [f"--part: row {twice[0]} is in more than one; give each once"] if twice.size else []
        raise InputError(*problems)
    return whole.reset_index(drop=True)
