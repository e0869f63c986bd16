"""All regions of a run in one table: q over the run, and regions across slices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.errors import InputError
from traitmap.files import write_tsv
from traitmap.formats import REGIONS, SMALLEST_P, SUMMARY
from traitmap.jackknife import jackknife
from traitmap.pair_sheets import NAME, read_pairs
from traitmap.regions import (
    ALL_SPOTS,
    TESTS,
    benjamini_hochberg,
    combine_regions,
    join_flags,
    read_region_tests,
    read_regions_table,
    region_p_values,
    sort_regions,
)
from traitmap.spots import REGION, read_spots

ALL = "all"


@dataclass(frozen=True)
class Row:
    """One slice x trait of the sheet; ``group`` is the slice's own name where it has none."""

    slice: str
    group: str
    trait: str
    regions: Path
    spots: Path
    region_tests: Path | None


def read_sheet(path: Path) -> list[Row]:
    """Read the sheet (TSV with header: slice, group, trait, regions, spots, region_tests), sorted by slice and trait.

    group and region_tests may be empty or absent. Raises InputError with a line for each mistake.
    """
    lines = read_pairs(path, ("regions", "spots"))
    problems = []
    groups: dict[str, str] = {}
    for number, line in enumerate(lines, start=2):
        where = f"{path}: row {number}"
        group = line.get("group", "") or line["slice"]
        if not NAME.fullmatch(group):
            problems.append(f"{where}: group {group!r} may hold letters, digits, '.', '_' and '-' only; rename it")
        if groups.setdefault(line["slice"], group) != group:
            problems.append(f"{where}: slice {line['slice']!r} is in group {group!r} and in {groups[line['slice']]!r}")
    if problems:
        raise InputError(*problems)
    rows = [
        Row(
            slice=line["slice"],
            group=groups[line["slice"]],
            trait=line["trait"],
            regions=Path(line["regions"]),
            spots=Path(line["spots"]),
            region_tests=Path(line["region_tests"]) if line.get("region_tests") else None,
        )
        for line in lines
    ]
    return sorted(rows, key=lambda row: (row.slice, row.trait))


def summarize_regions(
    rows: list[Row], *, region_p: str = "cauchy", outliers: str = "keep", top_share: float = 0.05
) -> pd.DataFrame:
    """Return the table of all regions (columns ``formats.SUMMARY``).

    Scope ``slice`` holds the regions of each slice x trait as they were combined. Scope ``group`` holds, for each group
    of more than one slice, regions of equal name over all its slices, and scope ``all`` the same over the run where it
    has more than one slice; their column slice holds the group's name, or ``all``. q is Benjamini and Hochberg's over
    all rows of the same scope, of the P that ``region_p`` names.

    Rows are sorted by scope, slice, trait, then as in ``sort_regions``.
    """
    frames = [_labelled(read_regions_table(row.regions), "slice", row.slice, row.trait) for row in rows]
    groups = slice_groups({row.slice: row.group for row in rows})
    for trait in sorted({row.trait for row in rows}) if groups else []:
        spots, tests = _read_trait([row for row in rows if row.trait == trait])
        for (scope, name), slices in groups.items():
            members = [member for member in slices if member in spots]
            if len(members) > 1:
                table = across_slices(
                    {member: spots[member] for member in members},
                    {member: tests[member] for member in members if member in tests},
                    outliers=outliers,
                    top_share=top_share,
                )
                frames.append(_labelled(table, scope, name, trait))
    table = pd.concat(_in_order(frames), ignore_index=True)
    p = region_p_values(table, region_p)
    if np.isnan(p).all():
        raise InputError(f"--region-p {region_p}: no region has this P; give region_tests in the sheet, or cauchy")
    for scope in table["scope"].unique():
        of = (table["scope"] == scope).to_numpy()
        table.loc[of, "q"] = benjamini_hochberg(p[of])
    return table[list(SUMMARY)]


def write_summary(table: pd.DataFrame, out: Path) -> None:
    """Write summary/regions.tsv and associations/<slice>/<trait>/regions.tsv (with the run's q) below ``out``."""
    slices = table[table["scope"] == "slice"]
    for (slice_name, trait), part in slices.groupby(["slice", "trait"], sort=True):
        folder = Path(out) / "associations" / slice_name / trait
        folder.mkdir(parents=True, exist_ok=True)
        write_tsv(part[list(REGIONS)], folder / "regions.tsv")
    folder = Path(out) / "summary"
    folder.mkdir(parents=True, exist_ok=True)
    write_tsv(table, folder / "regions.tsv")


def across_slices(
    spots: dict[str, pd.DataFrame],
    tests: dict[str, pd.DataFrame],
    *,
    outliers: str = "keep",
    top_share: float = 0.05,
) -> pd.DataFrame:
    """Combine regions of equal name over the spots of several slices (slice -> table, for one trait).

    Cauchy, top spots and odds ratio are those of the pooled spots; the region tests are averaged by ``average_tests``.
    """
    averaged, remarks = average_tests(tests) if tests else (None, {})
    table = combine_regions(
        pd.concat(spots.values(), ignore_index=True), tests=averaged, outliers=outliers, top_share=top_share
    )
    labels = {name: set(of[REGION].dropna()) for name, of in spots.items()}
    for at, region in table[REGION].items():
        having = sum(region in known for known in labels.values())
        partly = f"in {having} of {len(spots)} slices" if having < len(spots) else ""
        table.loc[at, "flags"] = join_flags([table.loc[at, "flags"], partly, *remarks.get(region, [])])
    return table


def average_tests(tests: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Average region tests over slices by the joint jackknife (slice -> table as ``read_region_tests`` returns it).

    All slices share the GWAS, so their estimates are correlated and inverse-variance weighting would claim too small an
    SE. The delete-one estimates of a block leave out the same SNPs in every slice: their average over the slices,
    weighted by the region's number of spots, is the delete-one estimate of the average, and the jackknife of these
    averages holds the correlation.

    Returns
    -------
    Rows region, test, n_spots, beta, se, z, p (one-sided), NaN where the slices' numbers of blocks differ; and remarks
    by region on tests that not all slices could give.

    Raises
    ------
    InputError
        The delete-one estimates of a row do not give its beta and SE: they are in other units or of another fit.
    """
    stacked = pd.concat([table.assign(slice=name) for name, table in sorted(tests.items())], ignore_index=True)
    rows, remarks = [], {}
    for (region, test), of in stacked.groupby([REGION, "test"], sort=True):
        usable = usable_tests(of)
        deleted = [delete_values(row) for _, row in usable.iterrows()]
        beta = se = np.nan
        if averaged := weighted_average(usable, deleted):
            beta, se = map(float, jackknife(*averaged))
        elif len(usable):
            remarks.setdefault(region, []).append(f"{test} test not averaged: numbers of jackknife blocks differ")
        if 0 < len(usable) < len(of):
            remarks.setdefault(region, []).append(f"{test} test from {len(usable)} of {len(of)} slices")
        z = beta / se if se > 0 else np.nan
        p = np.maximum(stats.norm.sf(z), SMALLEST_P) if np.isfinite(z) else np.nan
        rows.append((region, test, int(of["n_spots"].sum()), beta, se, z, p))
    return pd.DataFrame(rows, columns=[REGION, "test", "n_spots", "beta", "se", "z", "p"]), remarks


def usable_tests(tests: pd.DataFrame) -> pd.DataFrame:
    """Those rows of ``tests`` whose regression was regular, with every jackknife block left out too."""
    whole = tests["delete_values"].map(lambda values: len(values) > 1 and bool(np.isfinite(values).all()))
    return tests[np.isfinite(tests["beta"]) & (tests["se"] > 0) & whole.astype(bool)]


def weighted_average(tests: pd.DataFrame, deleted: list[np.ndarray]) -> tuple[float, np.ndarray] | None:
    """Average of the rows by their spots: estimate, and delete-one estimates (blocks); None where blocks differ."""
    if len({values.size for values in deleted}) != 1:
        return None
    weights = tests["n_spots"].to_numpy(np.float64) / tests["n_spots"].sum()
    return float(weights @ tests["estimate"].to_numpy()), weights @ np.stack(deleted)


def delete_values(row: pd.Series) -> np.ndarray:
    """Delete-one estimates (blocks) of a region test; InputError where they do not give its beta and se."""
    values = np.asarray(row["delete_values"], dtype=np.float64)
    beta, se = jackknife(row["estimate"], values)
    if not np.allclose([beta, se], [row["beta"], row["se"]], rtol=1e-4, atol=1e-4 * row["se"]):
        raise InputError(
            f"region tests of slice {row['slice']}: the delete values of the {row['test']} test of region "
            f"{row[REGION]!r} do not give its beta and se; run REGRESS_SPOTS again"
        )
    return values


def slice_groups(group_of: dict[str, str]) -> dict[tuple[str, str], list[str]]:
    """Slices of every group of more than one, and of the run where it has more than one: (scope, name) -> slices."""
    groups: dict[tuple[str, str], list[str]] = {}
    for slice_name, group in group_of.items():
        groups.setdefault(("group", group), []).append(slice_name)
    if len(group_of) > 1:
        groups["all", ALL] = list(group_of)
    return {key: sorted(slices) for key, slices in sorted(groups.items()) if len(slices) > 1}


def _read_trait(rows: list[Row]) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    spots = {row.slice: _read_labelled_spots(row) for row in rows}
    tests = {row.slice: read_region_tests(row.region_tests) for row in rows if row.region_tests}
    return spots, {name: table[table["test"].isin(TESTS)] for name, table in tests.items()}


def _read_labelled_spots(row: Row) -> pd.DataFrame:
    spots = read_spots(row.spots)
    regions = set(read_regions_table(row.regions)[REGION])
    if regions == {ALL_SPOTS}:
        spots[REGION] = ALL_SPOTS
    elif regions != set(spots[REGION].dropna()):
        raise InputError(
            f"{row.spots}: its regions are not those of {row.regions}; score, regress and combine the slice with one "
            "annotation column"
        )
    return spots


def _labelled(table: pd.DataFrame, scope: str, name: str, trait: str) -> pd.DataFrame:
    return sort_regions(table).assign(scope=scope, slice=name, trait=trait)


def _in_order(frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
    filled = [frame for frame in frames if len(frame)]
    scopes = ("slice", "group", "all")
    return sorted(filled, key=lambda of: (scopes.index(of["scope"].iat[0]), of["slice"].iat[0], of["trait"].iat[0]))
