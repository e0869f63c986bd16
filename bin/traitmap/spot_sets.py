"""Any sets of spots that a user names: read from a file, to be tested as regions are."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import open_text

SLICE, SET, SPOT = "slice", "set", "spot"
NAMED = 3  # mistakes of a kind that are named


@dataclass(frozen=True)
class SpotSets:
    """Sets of a slice's spots: names in order of appearance, and which spots they hold (sets x spots, CSR of ones).

    ``repeated`` counts rows that name a spot once more in the same set; they count once.
    """

    names: list[str]
    inside: sparse.csr_matrix
    repeated: int


def read_spot_sets(path: Path, spots: np.ndarray, regions: list[str], slice_name: str = "") -> SpotSets:
    """Read a tab-separated table with the columns set and spot, one row a spot of a set; sets may overlap.

    Where it has a column slice, only the rows of ``slice_name`` count (maybe none).

    Raises InputError where a column or a value is missing, the slice has no such spot, or a set is called as one of
    ``regions``.
    """
    with open_text(path, "spot sets") as text:
        reader = csv.DictReader(text, delimiter="\t")
        header = list(reader.fieldnames or [])
        missing = [name for name in (SET, SPOT) if name not in header]
        if missing:
            raise InputError(
                *(f"{path}: has no column {name!r}; the columns are set and spot, and maybe slice" for name in missing)
            )
        by_slice = SLICE in header
        if by_slice and not slice_name:
            raise InputError(f"{path}: has a column slice; tell this slice's name (--slice-name)")
        columns = [SLICE, SET, SPOT] if by_slice else [SET, SPOT]
        rows = [[(row[name] or "").strip() for name in columns] for row in reader]
    table = pd.DataFrame(rows, columns=columns, index=range(2, len(rows) + 2))
    problems = [f"{path}: names no spot; write a row a spot"] if table.empty else []
    empty = (table == "").any(axis=1)
    problems += [
        f"{path}: row {row}: {', '.join(columns[:-1])} or spot is empty; mend or remove it"
        for row in table.index[empty][:NAMED]
    ]
    table = table[~empty]
    if by_slice:
        table = table[table[SLICE] == slice_name]
    names = list(dict.fromkeys(table[SET]))
    at = pd.Index(spots).get_indexer(table[SPOT])
    unknown = at < 0
    if unknown.any():
        first, where = table.index[unknown][0], f"slice {slice_name}" if slice_name else "the slice"
        problems.append(
            f"{path}: {unknown.sum()} of its {len(table)} spots are not in {where} (first: row {first}, spot "
            f"{table.loc[first, SPOT]!r}); give spots of this slice"
        )
    problems += [
        f"{path}: a set is called {name!r}, as a region of the slice is; give it another name"
        for name in names
        if name in regions
    ]
    if problems:
        raise InputError(*problems)
    repeated = table.duplicated([SET, SPOT]).to_numpy()
    row = pd.Categorical(table[SET], categories=names).codes[~repeated]
    inside = sparse.csr_matrix((np.ones(len(row)), (row, at[~repeated])), shape=(len(names), len(spots)))
    return SpotSets(names, inside, int(repeated.sum()))
