"""Cases of further baselines and of sets of spots (regress_spots.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from corpus.registry import Reader
from corpus.regression_files import OPTIONS, baseline, make

BASELINE = Reader("baseline", "Further baselines", "regress_spots", {**OPTIONS, "--baseline": "baseline.tsv"}, make)
SETS = Reader("spot_sets", "Sets of spots", "regress_spots", {**OPTIONS, "--spot-sets": "sets.tsv"}, make)
READERS = [BASELINE, SETS]

BASELINE.texts(
    "baseline.tsv",
    [
        (
            "empty",
            "An empty file",
            "",
            "baseline.tsv: is empty (baseline LD scores); was its download or copy cut short?",
        ),
        (
            "no_snp",
            "No column SNP",
            "coding\n1\n",
            "baseline.tsv: needs a column SNP and columns of LD scores; has coding",
        ),
        (
            "no_score",
            "No LD scores",
            "SNP\tCHR\nrs1\t1\n",
            "baseline.tsv: needs a column SNP and columns of LD scores; has SNP, CHR",
        ),
        (
            "word",
            "A word for an LD score",
            "SNP\tcoding\nrs1\thigh\n",
            "baseline.tsv: coding of SNP rs1 is 'high', not a number; mend it",
        ),
        (
            "others",
            "SNPs of others",
            "SNP\tcoding\nx1\t1\n",
            ("--baseline: has no SNP that trait and reference share; are all of one naming (rs numbers)?"),
        ),
        (
            "ragged",
            "Rows of more fields than the header",
            "SNP\tcoding\nrs1\t1\t2\t3\n",
            ("baseline.tsv: is no table of as many fields as its header names (baseline LD scores: ...); mend it"),
        ),
        (
            "all_missing",
            "Every LD score missing",
            "SNP\tcoding\n" + "".join(f"rs{i}\tNA\n" for i in range(1200)),
            "baseline.tsv: no SNP has all LD scores (baseline); do the files fit?",
        ),
    ],
)
BASELINE.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "baseline.tsv").unlink(),
    ("baseline.tsv: no such file (baseline LD scores); check the path",),
)
BASELINE.add(
    "no_chromosome",
    "No file of any chromosome",
    lambda folder: {"--baseline": "b.{chr}.tsv"},
    (("b.{chr}.tsv: no such file for any of chromosomes 1 to 22 (baseline LD scores); check it"),),
)


@BASELINE.wrong("--baseline: column coding occurs in files of different columns; rename it")
def column_in_two(folder: Path) -> dict[str, object]:
    """A column in files of different columns"""
    baseline().assign(other=1).to_csv(folder / "more.tsv", sep="\t", index=False)
    return {"--baseline": ["baseline.tsv", "more.tsv"]}


def baselines(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame], *says: str, **kind) -> None:
    """Register a changed baseline that works."""
    BASELINE.add(
        name,
        what,
        lambda folder: change(baseline()).to_csv(folder / "baseline.tsv", sep="\t", index=False, na_rep="NA"),
        says,
        wrong=False,
        **kind,
    )


baselines(
    "repeated", "A SNP in two rows", lambda t: pd.concat([t, t[:2]]), "2 baseline SNPs: repeated, first kept", same=True
)
baselines("fewer", "Fewer SNPs", lambda t: t[:1100], "100 SNPs: without further baseline LD scores")
baselines(
    "some_missing",
    "LD scores missing in three rows",
    lambda t: t.assign(coding=[np.nan] * 3 + t["coding"].tolist()[3:]),
    "3 baseline SNPs: an LD score missing",
)
baselines("constant", "A constant column", lambda t: t.assign(coding=1.0))
baselines("shuffled", "Rows in another order", lambda t: t.sample(frac=1, random_state=4), same=True)

SETS.texts(
    "sets.tsv",
    [
        ("empty", "An empty file", "", "sets.tsv: is empty (spot sets); was its download or copy cut short?"),
        ("header_only", "A header without rows", "set\tspot\n", "sets.tsv: names no spot; write a row a spot"),
        (
            "no_column",
            "No column spot",
            "set\tname\na\tspot0\n",
            "sets.tsv: has no column 'spot'; the columns are set and spot, and maybe slice",
        ),
        (
            "commas",
            "Commas in place of tabs",
            "set,spot\na,spot0\n",
            "sets.tsv: has no column 'set'; the columns are set and spot, and maybe slice",
            "sets.tsv: has no column 'spot'; the columns are set and spot, and maybe slice",
        ),
        (
            "unknown_spot",
            "A spot that the slice lacks",
            "set\tspot\na\tspot99\n",
            ("sets.tsv: 1 of its 1 spots are not in the slice (first: row 2, spot 'spot99'); give spots of this slice"),
        ),
        ("empty_cell", "An empty cell", "set\tspot\na\t\n", "sets.tsv: row 2: set or spot is empty; mend or remove it"),
        (
            "short_row",
            "A row of one field",
            "set\tspot\na\n",
            "sets.tsv: row 2: set or spot is empty; mend or remove it",
        ),
        (
            "region_name",
            "A set called as a region",
            "set\tspot\nA\tspot0\n",
            "sets.tsv: a set is called 'A', as a region of the slice is; give it another name",
        ),
        (
            "binary",
            "A binary file",
            bytes(range(128, 256)),
            "sets.tsv: is not UTF-8 text (spot sets, byte 0); convert it first",
        ),
    ],
)
SETS.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "sets.tsv").unlink(),
    ("sets.tsv: no such file (spot sets); check the path",),
)
SETS.add(
    "no_region_tests",
    "Sets without --region-tests",
    lambda folder: {"--region-tests": None},
    ("--spot-sets needs --region-tests, the table that their tests go to",),
)


@SETS.odd("1 spots of sets: named twice in a set, counted once", same=True)
def named_twice(folder: Path) -> None:
    """A spot twice in a set"""
    with (folder / "sets.tsv").open("a") as lines:
        lines.write("edge\tspot0\n")
