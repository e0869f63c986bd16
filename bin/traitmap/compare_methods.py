"""All methods of a run side by side: a table of spots and of regions, their consensus, and how well they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.cauchy import combine_rows
from traitmap.errors import InputError
from traitmap.files import read_tsv_as_text, require_file
from traitmap.formats import AGREEMENT, ALL_SPOTS, METHOD_SPOTS, METHODS, SCDRS, SCDRS_REGIONS
from traitmap.pair_sheets import read_pairs
from traitmap.regions import REGION, benjamini_hochberg, read_regions_table, region_p_values
from traitmap.score_signatures import SIGNATURES
from traitmap.spots import check_same_spots, read_spots

LDSC, SCDRS_METHOD, CONSENSUS = "ldsc", "scdrs", "consensus"
# The column of the spots' table that a method orders spots by.
ORDER = {
    LDSC: "ldsc_z",
    SCDRS_METHOD: "scdrs_norm_score",
    **{name: name for name in SIGNATURES},
    CONSENSUS: "consensus_neg_log10_p",
}
TOP_SHARE = 0.05
LEAST_P = "P is the least that its controls allow"
P_COLUMNS = ("p", "mc_p", "assoc_p", "hetero_p")
FILES = ("regions", "spots", "scdrs", "scdrs_regions", "signatures")


@dataclass(frozen=True)
class Row:
    """One slice x trait of the sheet, and its files; None where a method was not run, or failed."""

    slice: str
    trait: str
    regions: Path
    spots: Path
    scdrs: Path | None
    scdrs_regions: Path | None
    signatures: Path | None


def read_sheet(path: Path) -> list[Row]:
    """Read the sheet (TSV: slice, trait, and the ``FILES``, of which only the first two must be there)."""
    lines = read_pairs(path, ("regions", "spots"), FILES)
    files = [{name: Path(line[name]) if line[name] else None for name in FILES} for line in lines]
    rows = [Row(line["slice"], line["trait"], **of) for line, of in zip(lines, files, strict=True)]
    return sorted(rows, key=lambda row: (row.slice, row.trait))


def compare_methods(rows: list[Row], region_p: str) -> Iterator[tuple[Row, pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """Yield each slice x trait with its tables of spots (``METHOD_SPOTS``), regions (``METHODS``; q not yet filled) and
    agreement (``AGREEMENT``). ``region_p`` names the P of a region that stands for ldsc."""
    for row in rows:
        regions = read_regions_table(row.regions)
        spots = spots_of_methods(row, regions)
        yield row, spots, regions_of_methods(row, spots, regions, region_p), agreement(row, spots)


def spots_of_methods(row: Row, regions: pd.DataFrame) -> pd.DataFrame:
    """One row a spot, in the order of the slice: z and P of ldsc and scdrs, their Cauchy combination, other scores."""
    ldsc = read_spots(row.spots)
    given = pd.read_parquet(row.spots, columns=["z"])["z"].to_numpy(np.float64)
    table = pd.DataFrame({REGION: ldsc[REGION], "ldsc_z": given, "ldsc_p": ldsc["p"]}, index=ldsc.index)
    if list(regions[REGION]) == [ALL_SPOTS]:
        table[REGION] = ALL_SPOTS
    if row.scdrs:
        scdrs = _read(row.scdrs, SCDRS, row.spots, ldsc.index)
        table["scdrs_z"], table["scdrs_p"] = scdrs["z"], scdrs["p"]
        table["scdrs_norm_score"] = scdrs["norm_score"]
        table["consensus_p"] = consensus(table[["ldsc_p", "scdrs_p"]].to_numpy())
        table["consensus_neg_log10_p"] = np.abs(np.log10(table["consensus_p"]))
    if row.signatures:
        scores = _read(row.signatures, ("spot",), row.spots, ldsc.index)
        for name in [name for name in SIGNATURES if name in scores]:
            table[name] = scores[name]
    table = table.rename_axis("spot").reset_index()
    return table[[name for name in METHOD_SPOTS if name in table]]


def _read(path: Path, columns: tuple[str, ...], spots_path: Path, spots: pd.Index) -> pd.DataFrame:
    """A table of spots in the order of ``spots``."""
    require_file(path, "scores of spots")
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises whatever its parsers meet
        raise InputError(f"{path}: cannot be read as parquet (scores of spots: {error}); run its step again") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; is it the table of its method?")
    names = pd.Index(table["spot"].astype(str), name="spot")
    if not names.is_unique:
        raise InputError(f"{path}: spot {names[names.duplicated()][0]!r} occurs more than once; run its step again")
    check_same_spots(spots, spots_path, names, path)
    table = _numbers(path, table.drop(columns="spot").set_index(names), "spot")
    return table.reindex(spots)


def _numbers(path: Path, table: pd.DataFrame, of: str) -> pd.DataFrame:
    """All of ``table`` as float64; InputError where a cell is no number, or a P is none."""
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(np.float64)
    for name in table:
        wrong = numbers[name].isna() & table[name].notna()
        if name in P_COLUMNS:
            wrong |= ~numbers[name].between(0, 1) & numbers[name].notna()
        if wrong.any():
            at = int(np.argmax(wrong))
            raise InputError(
                f"{path}: {name} of {of} {table.index[at]!r} is {table[name].iloc[at]!s}, which it cannot be; run its "
                "step again"
            )
    return numbers


def consensus(p: np.ndarray) -> np.ndarray:
    """Cauchy combination (n,) of the methods' P (n, methods); NaN where one is missing."""
    whole = np.isfinite(p).all(axis=1)
    combined = np.full(len(p), np.nan)
    combined[whole] = combine_rows(p[whole])
    return combined


def regions_of_methods(row: Row, spots: pd.DataFrame, regions: pd.DataFrame, region_p: str) -> pd.DataFrame:
    """One row a region and method: mean score, AUC, z and P, where the method has them."""
    names = sorted(regions[REGION])
    tests = _tests(row, regions.set_index(REGION).loc[names], region_p)
    inside = {name: (spots[REGION] == name).to_numpy(bool, na_value=False) for name in names}
    frames = []
    for method, column in ORDER.items():
        if column not in spots:
            continue
        scores = spots[column].to_numpy(np.float64)
        with np.errstate(invalid="ignore"):
            mean = [_mean(scores[inside[name]]) for name in names]
        frame = pd.DataFrame(
            {
                REGION: names,
                "method": method,
                "n_spots": [int(inside[name].sum()) for name in names],
                "score": mean,
                "auc": [auc(scores, inside[name]) for name in names],
            }
        )
        frames.append(frame.join(tests.get(method, pd.DataFrame(index=names)), on=REGION))
    table = pd.concat(frames, ignore_index=True).assign(slice=row.slice, trait=row.trait, q=np.nan)
    for name in ("z", "p"):
        table[name] = table.get(name, pd.Series(np.nan, index=table.index)).astype(np.float64)
    table["flags"] = table.get("flags", pd.Series("", index=table.index)).fillna("")
    return table[list(METHODS)]


def _tests(row: Row, regions: pd.DataFrame, region_p: str) -> dict[str, pd.DataFrame]:
    """z, P and flags by region of the methods that test."""
    p = region_p_values(regions, region_p)
    tests = {LDSC: pd.DataFrame({"z": stats.norm.isf(p), "p": p}, index=regions.index)}
    if row.scdrs_regions:
        own = _read_regions(row.scdrs_regions).reindex(regions.index)
        least = own["assoc_p"] <= 1 / (1 + own["n_controls"])
        flags = np.where(least, LEAST_P, "")
        tests[SCDRS_METHOD] = pd.DataFrame({"z": own["assoc_z"], "p": own["assoc_p"], "flags": flags})
        both = consensus(np.column_stack([p, own["assoc_p"]]))
        tests[CONSENSUS] = pd.DataFrame({"z": stats.norm.isf(both), "p": both}, index=regions.index)
    return tests


def _read_regions(path: Path) -> pd.DataFrame:
    table = read_tsv_as_text(path, "regions of scDRS", "is it score_scdrs.py's table of regions?")
    missing = [name for name in SCDRS_REGIONS if name not in table]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; is it score_scdrs.py's table of regions?")
    table = table[list(SCDRS_REGIONS)].replace("", np.nan)
    return _numbers(path, table.set_index(REGION), "region")


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def auc(scores: np.ndarray, inside: np.ndarray) -> float:
    """Probability that a spot inside scores above one outside, ties half (Mann and Whitney); NaN where either is none.

    A description, whatever the method's unit: neighbours are alike, so no P is made of it.
    """
    known = np.isfinite(scores)
    n_in, n_out = int((inside & known).sum()), int((~inside & known).sum())
    if not n_in or not n_out:
        return float("nan")
    ranks = stats.rankdata(scores[known])
    return float((ranks[inside[known]].sum() - n_in * (n_in + 1) / 2) / (n_in * n_out))


def agreement(row: Row, spots: pd.DataFrame) -> pd.DataFrame:
    """Of each pair of methods: Spearman's correlation over spots, and the share of their 5 % highest spots in both."""
    methods = [name for name, column in ORDER.items() if column in spots and name != CONSENSUS]
    rows = []
    for a, b in combinations(methods, 2):
        pair = spots[[ORDER[a], ORDER[b]]].to_numpy(np.float64)
        pair = pair[np.isfinite(pair).all(axis=1)]
        varies = len(pair) > 1 and (np.ptp(pair, axis=0) > 0).all()
        spearman = float(stats.spearmanr(pair[:, 0], pair[:, 1]).statistic) if varies else float("nan")
        wanted = int(np.ceil(TOP_SHARE * len(pair)))
        first = [set(np.argsort(-column, kind="stable")[:wanted]) for column in pair.T]
        shared = len(first[0] & first[1]) / wanted if wanted else float("nan")
        rows.append((row.slice, row.trait, a, b, len(pair), spearman, shared))
    return pd.DataFrame(rows, columns=list(AGREEMENT))


def add_q(table: pd.DataFrame) -> pd.DataFrame:
    """Benjamini and Hochberg's q over the run, of each method apart."""
    for method in table["method"].unique():
        of = (table["method"] == method).to_numpy()
        table.loc[of, "q"] = benjamini_hochberg(table.loc[of, "p"].to_numpy(np.float64))
    return table
