"""From spots to regions: combined P, the region tests, and an effect size."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from traitmap import cauchy
from traitmap.errors import InputError
from traitmap.files import read_tsv_as_text, require_file
from traitmap.formats import ALL_SPOTS, CONTRAST_TEST, MEAN_TEST, REGIONS
from traitmap.ledger import Ledger
from traitmap.slices import FEW_SPOTS, read_regions
from traitmap.spots import REGION, check_same_spots

TESTS = {"mean": MEAN_TEST, "contrast": CONTRAST_TEST}  # region test -> where its beta, se, z and p go
FEW, MISSING, LEFT_OUT = "few spots", "NaN spots", "outliers left out"  # flags
TEXT_COLUMNS = (REGION, "flags")
WHOLE_COLUMNS = ("n_spots", "n_top_spots")


def label_spots(spots: pd.DataFrame, path: Path, slice_path: Path | None, annotation: str | None) -> pd.Series:
    """Return each spot's region (object, None where it has none), matched by name to the slice's obs column.

    Without ``annotation`` there is one region, ``ALL_SPOTS``. Raises InputError where the files know different spots.
    """
    if not annotation:
        return pd.Series(ALL_SPOTS, index=spots.index, name=REGION, dtype=object)
    if slice_path is None:
        raise InputError(f"--annotation {annotation}: needs --slice, the file that holds this column")
    regions = read_regions(slice_path, annotation)
    check_same_spots(spots.index, path, regions.index, slice_path)
    regions = regions.reindex(spots.index).astype(object)
    return regions.where(regions.notna(), None)


def combine_regions(
    spots: pd.DataFrame,
    *,
    tests: pd.DataFrame | None = None,
    outliers: str = "keep",
    top_share: float = 0.05,
) -> pd.DataFrame:
    """Return the table of regions (columns ``formats.REGIONS``), sorted by p_cauchy, then region.

    Parameters
    ----------
    spots
        As ``read_spots`` returns them, of one slice or of several, with ``region`` filled.
    tests
        As ``read_region_tests`` returns them; their columns stay NaN for regions without.
    outliers
        ``keep`` all spots, or leave out those that ``cauchy.without_outliers`` names (for p_cauchy only, as in gsMap).
    top_share
        Share of the spots with a P that are called top spots: those of smallest P; all that tie with the last are in.
    """
    tested = spots["p"].notna()
    top = top_spots(spots["neg_log10_p"].to_numpy(), top_share)
    everywhere = (int(top.sum()), int(tested.sum()))
    codes, names = pd.factorize(spots[REGION], sort=True)
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(names) + 1))
    rows = []
    for number, name in enumerate(names):
        members = order[ends[number] : ends[number + 1]]
        rows.append({REGION: str(name), **_region(spots.iloc[members], top[members], everywhere, outliers)})
    table = pd.DataFrame(rows, columns=[name for name in REGIONS if name not in {*sum(TESTS.values(), ()), "q"}])
    table = add_tests(table, tests)
    table["q"] = benjamini_hochberg(table["p_cauchy"].to_numpy(np.float64))
    return sort_regions(table[list(REGIONS)])


def account(spots: pd.DataFrame, table: pd.DataFrame, ledger: Ledger) -> None:
    """Enter into ``ledger`` what became of the spots and which regions are flagged."""
    ledger.read("spots", len(spots))
    ledger.removed("spots", "without a P (singular regression)", int(spots["p"].isna().sum()))
    ledger.noted("spots", "without a region label (in no region)", int(spots[REGION].isna().sum()))
    for flag in (FEW, MISSING, LEFT_OUT):
        ledger.noted("regions", f"flagged: {flag}", int(table["flags"].str.contains(flag, regex=False).sum()))
    ledger.kept("regions", len(table))


def _region(spots: pd.DataFrame, top: np.ndarray, everywhere: tuple[int, int], outliers: str) -> dict[str, object]:
    tested = spots["p"].notna().to_numpy()
    p, neg_log10_p = spots["p"].to_numpy()[tested], spots["neg_log10_p"].to_numpy()[tested]
    keep = cauchy.without_outliers(neg_log10_p) if outliers == "gsmap" else np.ones(p.size, dtype=bool)
    n_top, n_tested = int(top.sum()), p.size
    odds_ratio, odds_ratio_p = enrichment(n_top, n_tested, *everywhere)
    flags = [
        (FEW, n_tested < FEW_SPOTS),
        (f"{MISSING}: {len(spots) - n_tested}", n_tested < len(spots)),
        (f"{LEFT_OUT}: {int((~keep).sum())}", not keep.all()),
    ]
    return {
        "n_spots": len(spots),
        "p_cauchy": cauchy.combine(p[keep]),
        "p_median": float(np.median(p)) if p.size else np.nan,
        "n_top_spots": n_top,
        "share_top": n_top / n_tested if n_tested else np.nan,
        "odds_ratio": odds_ratio,
        "odds_ratio_p": odds_ratio_p,
        "flags": join_flags(text for text, raised in flags if raised),
    }


def join_flags(flags: Iterable[str]) -> str:
    """One cell of text from several remarks."""
    return "; ".join(flag for flag in flags if flag)


def top_spots(neg_log10_p: np.ndarray, share: float) -> np.ndarray:
    """Mark (n,) bool the ceil(share x tested) spots of largest -log10 P, and all that tie with the last of them.

    Ties come in so that the result does not depend on the order of the spots. NaN are never top spots.
    """
    if not 0 < share < 1:
        raise InputError(f"--top-share {share:g}: must lie between 0 and 1")
    tested = np.sort(neg_log10_p[~np.isnan(neg_log10_p)])
    if tested.size == 0:
        return np.zeros(neg_log10_p.size, dtype=bool)
    # Rounded first: 0.07 x 100 is 7.000000000000001 in floating point, and shall be 7.
    wanted = int(np.ceil(round(share * tested.size, 9)))
    return neg_log10_p >= tested[-wanted]


def enrichment(top_inside: int, inside: int, top: int, total: int) -> tuple[float, float]:
    """Odds ratio of being a top spot inside against outside, and its one-sided P by Fisher's exact test.

    Half a spot is added to each of the four counts where one of them is 0 (Haldane and Anscombe). Both are NaN where no
    tested spot lies inside or none outside, since nothing is compared then.
    """
    if not 0 < inside < total:
        return float("nan"), float("nan")
    counts = np.array([[top_inside, inside - top_inside], [top - top_inside, total - inside - (top - top_inside)]])
    p = float(stats.fisher_exact(counts, alternative="greater").pvalue)
    a, b, c, d = counts.ravel() + (0.5 if (counts == 0).any() else 0.0)
    return float(a * d / (b * c)), p


def region_p_values(table: pd.DataFrame, region_p: str) -> np.ndarray:
    """The P of each region that q is made of: p_cauchy, p_mean or p_contrast.

    A region that is the whole slice has no contrast: the P of its mean stands in.
    """
    p = table[f"p_{region_p}"].to_numpy(np.float64)
    return np.where(np.isnan(p), table["p_mean"].to_numpy(np.float64), p) if region_p == "contrast" else p


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's q of ``p`` (n,); NaN stay NaN and do not count as tests."""
    q = np.full(len(p), np.nan)
    given = ~np.isnan(p)
    if given.any():
        q[given] = stats.false_discovery_control(p[given])
    return q


def sort_regions(table: pd.DataFrame) -> pd.DataFrame:
    """Smallest p_cauchy first, then by name; regions without a P last."""
    return table.sort_values(["p_cauchy", REGION], na_position="last", kind="stable", ignore_index=True)


def read_region_tests(path: Path) -> pd.DataFrame:
    """Read region_tests.parquet, one row a region and test.

    Columns region, test, n_spots, beta (jackknife), se, z, p, estimate (of the full fit), delete_values (one a block).
    """
    path = require_file(path, "region tests")
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises whatever its parsers meet
        raise InputError(f"{path}: cannot be read as parquet (region tests: {error}); is it a whole file?") from error
    wanted = (REGION, "test", "n_spots", "beta", "se", "z", "p", "estimate", "delete_values")
    problems = [f"{path}: has no column {name!r}; are these region tests?" for name in wanted if name not in table]
    if problems:
        raise InputError(*problems)
    table[REGION] = table[REGION].astype(str)
    twice = table.duplicated([REGION, "test"])
    if twice.any():
        row = table.loc[twice.idxmax()]
        raise InputError(f"{path}: test {row['test']!r} of region {row[REGION]!r} occurs more than once")
    return table


def add_tests(table: pd.DataFrame, tests: pd.DataFrame | None) -> pd.DataFrame:
    """Return ``table`` with the columns of the region tests; NaN where ``tests`` has no row for a region."""
    table = table.copy()
    for test, columns in TESTS.items():
        rows = pd.DataFrame(columns=["beta", "se", "z", "p"], dtype=np.float64)
        if tests is not None:
            rows = tests[tests["test"] == test].set_index(REGION)[["beta", "se", "z", "p"]]
        table[list(columns)] = rows.reindex(table[REGION]).to_numpy(np.float64)
    return table


def read_regions_table(path: Path) -> pd.DataFrame:
    """Read regions.tsv back: text stays text (a region may be called 1 or NA), numbers are float64 or whole."""
    table = read_tsv_as_text(path, "regions", "is it a whole file?")
    missing = ", ".join(repr(name) for name in REGIONS if name not in table)
    if missing:
        raise InputError(f"{path}: has no column {missing}; is it a table of regions?")
    for name in REGIONS:
        if name in TEXT_COLUMNS:
            continue
        try:
            numbers = pd.to_numeric(table[name].where(table[name] != "")).astype(np.float64)
        except ValueError as error:
            raise InputError(f"{path}: column {name} holds what is no number ({error})") from error
        table[name] = numbers.astype(np.int64) if name in WHOLE_COLUMNS else numbers
    return table[list(REGIONS)]
