"""Two regions, or one region in two groups of slices: is a trait associated more with one than with the other?

Every region's mean specificity was regressed on the same SNPs in the same jackknife blocks. The difference of two
coefficients therefore has delete-one estimates too, and their jackknife error holds what the two have in common.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.formats import COMPARISONS, REGION, SMALLEST_P
from traitmap.jackknife import jackknife
from traitmap.regions import benjamini_hochberg, join_flags, read_region_tests
from traitmap.summary import ALL, Row, delete_values, usable_tests, weighted_average

SHEET = ("comparison", "slices_a", "region_a", "slices_b", "region_b")


@dataclass(frozen=True)
class Comparison:
    """A name and two sides, each a region in a slice, in the slices of a group, or in all (``all``).

    A side's ``slices`` may be several names, between semicolons.
    """

    comparison: str
    slices_a: str
    region_a: str
    slices_b: str
    region_b: str


def side_names(groups: Iterable[tuple[str, str]]) -> set[str]:
    """What a side may name: ``all``, and the slices and groups of a run, given as pairs."""
    return {ALL} | {name for pair in groups for name in pair if name}


def read_comparisons(path: Path, known: set[str] | None) -> list[Comparison]:
    """Read the sheet of comparisons (.csv, or .tsv; columns ``SHEET``); ``known``: ``side_names``, None for any.

    Raises InputError with a line for each mistake: columns, empty cells, names that repeat, slices that are not in the
    run, sides that are the same.
    """
    with open_text(path, "comparisons") as text:
        reader = csv.DictReader(text, delimiter="\t" if path.suffix == ".tsv" else ",")
        missing = [name for name in SHEET if name not in (reader.fieldnames or [])]
        if missing:
            raise InputError(*(f"{path}: has no column {name!r}; add it" for name in missing))
        lines = [(reader.line_num, {name: (line[name] or "").strip() for name in SHEET}) for line in reader]
    problems = [] if lines else [f"{path}: holds no row below its header; add one a comparison"]
    seen: set[str] = set()
    for number, line in lines:
        where = f"{path}: row {number}"
        problems += [f"{where}: {name} is empty; fill it in" for name in SHEET if not line[name]]
        for name in ("slices_a", "slices_b"):
            for unknown in [each for each in names_of(line[name]) if known is not None and each not in known]:
                has = ", ".join(sorted(known))
                problems.append(f"{where}: {name} {unknown!r} is no slice or group of the run (it has: {has}); mend it")
        if line["comparison"] and line["comparison"] in seen:
            problems.append(f"{where}: comparison {line['comparison']!r} occurs more than once; rename it")
        seen.add(line["comparison"])
        if line["slices_a"] and (line["slices_a"], line["region_a"]) == (line["slices_b"], line["region_b"]):
            problems.append(f"{where}: both sides are region {line['region_a']!r} of {line['slices_a']!r}; choose two")
    if problems:
        raise InputError(*problems)
    return [Comparison(**line) for _, line in lines]


def names_of(side: str) -> list[str]:
    """The names of a side's slices and groups."""
    return [name for name in map(str.strip, side.split(";")) if name]


def check_regions(
    path: Path, comparisons: list[Comparison], groups: Iterable[tuple[str, str]], regions: dict[str, set[str]]
) -> list[str]:
    """A line for each side of which no slice has the region.

    ``groups``: each slice with its group; ``regions``: those of the slices that are known, with their sets of spots. A
    side with a slice of unknown regions is let pass.
    """
    problems = []
    for each in comparisons:
        for name, region in ((each.slices_a, each.region_a), (each.slices_b, each.region_b)):
            members = [one for one, group in groups if {*names_of(name)} & {one, group, ALL}]
            if all(one in regions for one in members) and not any(region in regions[one] for one in members):
                has = ", ".join(sorted(set().union(*(regions[one] for one in members))))
                problems.append(
                    f"{path}: comparison {each.comparison!r}: {name} has no region {region!r} (it has: {has}); mend it"
                )
    return problems


def compare_regions(comparisons: list[Comparison], rows: list[Row]) -> pd.DataFrame:
    """Compare the coefficients of the two sides for every trait of the run.

    A side of several slices is the average of its region's coefficients, weighted by the region's spots, as in
    ``summary.average_tests``. Returns a table of ``formats.COMPARISONS``, sorted by comparison and trait: the jackknife
    estimate of a - b, its SE, z, two-sided P, and Benjamini and Hochberg's q over the table. A side without a region
    test leaves its row empty and says so in ``flags``.

    Source: the block jackknife of LDSC (Bulik-Sullivan et al., Nat Genet 2015), applied to a difference.
    """
    table = []
    for trait in sorted({row.trait for row in rows}):
        of_trait = [row for row in rows if row.trait == trait]
        tests = {row.slice: read_region_tests(row.region_tests) for row in of_trait if row.region_tests}
        for each in comparisons:
            sides = [
                _side(name, region, of_trait, tests)
                for name, region in ((each.slices_a, each.region_a), (each.slices_b, each.region_b))
            ]
            table.append((*astuple(each), trait, *_difference(*sides)))
    result = pd.DataFrame(table, columns=[name for name in COMPARISONS if name != "q"])
    result["q"] = benjamini_hochberg(result["p"].to_numpy(np.float64))
    return result[list(COMPARISONS)].sort_values(["comparison", "trait"], kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Side:
    """Jackknife estimate and what it is made of (None where there is none); ``remarks`` say what is missing."""

    estimate: float | None
    deleted: np.ndarray | None
    beta: float
    n_spots: int
    remarks: list[str]


def _side(name: str, region: str, rows: list[Row], tests: dict[str, pd.DataFrame]) -> _Side:
    names = {*names_of(name)}
    members = [row.slice for row in rows if names & {row.slice, row.group, ALL} and row.slice in tests]
    means = [tests[m][(tests[m][REGION] == region) & (tests[m]["test"] == "mean")].assign(slice=m) for m in members]
    found = pd.concat(means, ignore_index=True) if means else pd.DataFrame()
    if not len(found):
        return _Side(None, None, np.nan, 0, [f"no region {region} in {name}"])
    usable = usable_tests(found)
    remarks = [f"{region}: {len(usable)} of {len(members)} slices"] if len(usable) < len(members) else []
    averaged = weighted_average(usable, [delete_values(row) for _, row in usable.iterrows()])
    if averaged is None:
        why = "numbers of jackknife blocks differ" if len(usable) else "its regression is singular"
        return _Side(
            None, None, np.nan, int(found["n_spots"].sum()), [*remarks, f"no test of {region} in {name}: {why}"]
        )
    return _Side(*averaged, float(jackknife(*averaged)[0]), int(usable["n_spots"].sum()), remarks)


def _difference(a: _Side, b: _Side) -> tuple[object, ...]:
    """n_spots, beta of both sides, difference, se, z, p, flags."""
    remarks = [*a.remarks, *b.remarks]
    difference = se = z = p = np.nan
    if a.deleted is not None and b.deleted is not None:
        if len(a.deleted) == len(b.deleted):
            difference, se = map(float, jackknife(a.estimate - b.estimate, a.deleted - b.deleted))
        else:
            remarks.append("numbers of jackknife blocks differ")
    if se > 0:
        z = difference / se
        p = max(2 * float(stats.norm.sf(abs(z))), SMALLEST_P)
    return a.n_spots, b.n_spots, a.beta, b.beta, difference, se, z, p, join_flags(remarks)
