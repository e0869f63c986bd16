"""Reading the associations of spots, and matching them by name to whatever else knows the spots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.files import open_text, require_file
from traitmap.formats import REGION, SMALLEST_P


def read_spots(path: Path) -> pd.DataFrame:
    """Read spots.parquet (or the same table as .csv or .tsv, compressed or not).

    Returns
    -------
    DataFrame, index spot (str, unique, the file's order): p in 0..1; neg_log10_p >= 0 and finite, from p where the file
    lacks it (P below 1e-300 then count as 1e-300); region (object), None where the file has no such column. P that are
    missing are NaN in both.

    Raises
    ------
    InputError
        No such file, a column missing, a spot named twice, P outside 0..1.
    """
    table = _read_table(path)
    problems = [
        f"{path}: has no column {name!r} (columns: {', '.join(map(str, table.columns))}); is it a table of spots?"
        for name in ("spot", "p")
        if name not in table
    ]
    if problems:
        raise InputError(*problems)
    names = pd.Index(table["spot"].astype(str), name="spot")
    p = _numbers(table["p"], names, path)
    if not names.is_unique:
        problems.append(f"{path}: spot {names[names.duplicated()][0]!r} occurs more than once; each spot needs one row")
    wrong = (p < 0) | (p > 1)
    if wrong.any():
        at = int(np.argmax(wrong))
        problems.append(f"{path}: P of spot {names[at]!r} is {p[at]:g}; P must lie between 0 and 1")
    if len(names) == 0:
        problems.append(f"{path}: holds no spot; regress the slice again")
    neg_log10_p = np.abs(np.log10(np.maximum(p, SMALLEST_P)))  # abs: -log10(1) shall be 0, not -0
    if "neg_log10_p" in table:
        given = _numbers(table["neg_log10_p"], names, path)
        wrong = (given < 0) | np.isinf(given)
        if wrong.any():
            at = int(np.argmax(wrong))
            problems.append(f"{path}: neg_log10_p of spot {names[at]!r} is {given[at]:g}; it must be 0 or more")
        neg_log10_p = np.where(np.isfinite(given), given, neg_log10_p)
    if problems:
        raise InputError(*problems)
    neg_log10_p[np.isnan(p)] = np.nan
    region = table[REGION].astype(object) if REGION in table else pd.Series(None, index=table.index, dtype=object)
    region = region.where(region.notna(), None)
    return pd.DataFrame({"p": p, "neg_log10_p": neg_log10_p, REGION: region.to_numpy()}, index=names)


def read_map(path: Path, spots: pd.Index) -> pd.Series:
    """z of ``spots``, in their order (float64, NaN where there is none), of a table of spots.

    Raises InputError where a column is missing, a spot is named twice, or the file lacks one of the spots.
    """
    table = _read_table(path)
    if missing := [name for name in ("spot", "z") if name not in table]:
        raise InputError(f"{path}: has no column {', '.join(missing)}; is it spots.parquet of regress_spots?")
    names = pd.Index(table["spot"].astype(str), name="spot")
    if not names.is_unique:
        raise InputError(f"{path}: spot {names[names.duplicated()][0]!r} occurs more than once; each needs one row")
    at = names.get_indexer(pd.Index(spots))
    if (at < 0).any():
        lacking = pd.Index(spots)[at < 0]
        raise InputError(
            f"{path}: lacks {len(lacking)} spots of the slice (first: {lacking[0]!r}); is it of this slice?"
        )
    return pd.Series(_numbers(table["z"], names, path)[at], index=spots)


def _read_table(path: Path) -> pd.DataFrame:
    what = "associations of spots"
    path = require_file(path, what)
    if {".csv", ".tsv", ".txt"} & set(path.suffixes):
        with open_text(path, what) as text:
            return pd.read_csv(text, sep="," if ".csv" in path.suffixes else "\t", dtype={"spot": str})
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises whatever its parsers meet
        raise InputError(f"{path}: cannot be read as parquet ({what}: {error}); is it a whole file?") from error


def _numbers(column: pd.Series, names: pd.Index, path: Path) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = (numbers.isna() & column.notna()).to_numpy()
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(
            f"{path}: {column.name} of spot {names[at]!r} is no number: {column.iloc[at]!r}; regress the slice again"
        )
    return numbers.to_numpy(np.float64, na_value=np.nan)


def check_same_spots(first: pd.Index, first_path: Path, second: pd.Index, second_path: Path) -> None:
    """Raise InputError unless both files know the same spots, in whatever order."""
    for here, here_path, there, there_path in (
        (first, first_path, second, second_path),
        (second, second_path, first, first_path),
    ):
        missing = here.difference(there, sort=False)
        if len(missing):
            raise InputError(
                f"{there_path}: lacks {len(missing)} of the {len(here)} spots of {here_path} (first: {missing[0]!r}); "
                "give the files of one slice"
            )
