"""Which genome build positions are of, by landmarks: SNPs (dbSNP) and genes (NCBI) whose place in both is known."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

LANDMARKS = Path(__file__).with_name("landmarks.tsv")
BUILDS = ("GRCh37", "GRCh38")
ALIASES = {"hg19": "GRCh37", "b37": "GRCh37", "hg38": "GRCh38", "b38": "GRCh38"}
FEWEST, SURE = 5, 0.8  # landmarks that must be met, and the share of them that tells the build
NEAR = 0.25  # of the way between the builds: annotations differ in where a gene begins


@cache
def landmarks(kind: str) -> pd.DataFrame:
    """Landmarks of a kind (SNP or gene): index name, columns chr and, for each build, the position."""
    table = pd.read_csv(LANDMARKS, sep="\t", index_col="name")
    return table[table["kind"] == kind].drop(columns="kind")


def count_builds(kind: str, names: pd.Index, chromosome: np.ndarray, position: np.ndarray) -> dict[str, int]:
    """How many of the landmarks among ``names`` (M,) stand where each build has them.

    SNPs must be at their base (or next to it, for files that count from 0), genes much nearer to one build.
    """
    known = landmarks(kind)
    at = known.index.get_indexer(names)
    met = np.flatnonzero(at >= 0)
    place = known.iloc[at[met]]
    same = np.asarray(chromosome)[met] == place["chr"].to_numpy()
    reach = 1.0 if kind == "SNP" else NEAR * np.abs(place[BUILDS[0]] - place[BUILDS[1]]).to_numpy()
    away = {build: np.abs(np.asarray(position)[met] - place[build].to_numpy()) for build in BUILDS}
    return {build: int((same & (away[build] <= reach)).sum()) for build in BUILDS}


def build_problem(
    what: str, kind: str, names: pd.Index, chromosome: np.ndarray, position: np.ndarray, declared: str
) -> str | None:
    """One line where landmarks say surely that ``what`` (a file) is of another build than ``declared``."""
    declared = ALIASES.get(declared, declared)
    if declared not in BUILDS:
        return None
    votes = count_builds(kind, names, chromosome, position)
    total, best = sum(votes.values()), max(votes, key=votes.__getitem__)
    if best == declared or total < FEWEST or votes[best] < SURE * total:
        return None
    return (
        f"{what}: is of genome build {best} ({votes[best]} of {total} well-known {kind}s stand where it has them), not "
        f"{declared}; lift it over, or set --genome-build {best} if all files are of it"
    )
