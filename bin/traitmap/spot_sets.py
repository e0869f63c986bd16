"""Any sets of spots that a user names: read from a file, to be tested as regions are."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.ledger import Ledger

SET, SPOT = "set", "spot"
NAMED = 3  # mistakes of a kind that are named


def read_spot_sets(
    path: Path, spots: np.ndarray, regions: list[str], ledger: Ledger
) -> tuple[list[str], sparse.csr_matrix]:
    """Read a tab-separated table with the columns set and spot, one row a spot of a set; sets may overlap.

    Returns the sets' names in order of appearance, and which spots they hold: sets x ``spots``, CSR of ones. A spot
    named twice in a set counts once.

    Raises InputError where a column or a value is missing, the slice has no such spot, or a set is called as one of
    ``regions``.
    """
    with open_text(path, "spot sets") as text:
        reader = csv.DictReader(text, delimiter="\t")
        missing = [name for name in (SET, SPOT) if name not in (reader.fieldnames or [])]
        if missing:
            raise InputError(*(f"{path}: has no column {name!r}; the columns are set and spot" for name in missing))
        rows = [((row[SET] or "").strip(), (row[SPOT] or "").strip()) for row in reader]
    table = pd.DataFrame(rows, columns=[SET, SPOT], index=range(2, len(rows) + 2))
    at = pd.Index(spots).get_indexer(table[SPOT])
    names = list(dict.fromkeys(table[SET]))
    empty = (table == "").any(axis=1)
    problems = [f"{path}: names no spot"] if table.empty else []
    problems += [f"{path}: row {row}: set or spot is empty" for row in table.index[empty][:NAMED]]
    unknown = (at < 0) & ~empty
    if unknown.any():
        first = table.index[unknown][0]
        problems.append(
            f"{path}: {unknown.sum()} of its {len(table)} spots are not in the slice (first: row {first}, spot "
            f"{table.loc[first, SPOT]!r}); give spots of this slice"
        )
    problems += [
        f"{path}: a set is called {name!r}, as a region of the slice is; give it another name"
        for name in names
        if name in regions
    ]
    if problems:
        raise InputError(*problems)
    repeated = table.duplicated().to_numpy()
    ledger.noted("spots of sets", "named twice in a set, counted once", repeated.sum())
    row = pd.Categorical(table[SET], categories=names).codes[~repeated]
    inside = sparse.csr_matrix((np.ones(len(row)), (row, at[~repeated])), shape=(len(names), len(spots)))
    return names, inside
