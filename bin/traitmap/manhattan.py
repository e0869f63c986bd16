"""The GWAS behind a trait as a picture needs it: fewer SNPs that look alike, and the best SNP of each listed gene."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.errors import InputError

WINDOW = 50_000  # base pairs around a gene in which its best SNP is looked for
GENOME_WIDE = -math.log10(5e-8)


@dataclass(frozen=True)
class Manhattan:
    """SNPs to draw, n each: chromosome, position, log_p (-log10 of two-sided P), snps (names); total: all with a place.

    genes: name, chromosome, position and log_p of the best SNP within WINDOW of each listed gene whose place is known.
    """

    total: int
    chromosome: np.ndarray
    position: np.ndarray
    log_p: np.ndarray
    snps: np.ndarray
    genes: list[tuple[str, int, int, float]]


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read ``path``; raise InputError where it is no whole parquet file or lacks ``columns``."""
    try:
        return pd.read_parquet(path, columns=columns)
    except Exception as error:  # pyarrow raises whatever its parsers meet
        raise InputError(f"{path}: cannot be read as parquet ({error}); run its step again") from error


def read_manhattan(sumstats: Path, genes: list[str], places: pd.DataFrame | None, at_most: int) -> Manhattan | None:
    """Read a harmonised GWAS and thin it to ``at_most`` SNPs: the strongest half, and every n-th of all.

    ``places`` has chr, start and end by gene (``formats.REFERENCE_GENES``). None where no SNP has a place.
    Raises InputError where the file cannot be read.
    """
    table = read_parquet(sumstats, ["SNP", "CHR", "BP", "Z"])
    placed = table[(table["CHR"] > 0) & (table["BP"] > 0) & table["Z"].notna()]
    if placed.empty:
        return None
    log_p = -(stats.norm.logsf(placed["Z"].abs().to_numpy(float)) + math.log(2)) / math.log(10)
    chromosome, position = placed["CHR"].to_numpy(), placed["BP"].to_numpy()
    keep = thinned(log_p, at_most)
    return Manhattan(
        len(log_p),
        chromosome[keep],
        position[keep],
        log_p[keep],
        placed["SNP"].to_numpy()[keep],
        best_snps(genes, places, chromosome, position, log_p),
    )


def thinned(log_p: np.ndarray, at_most: int) -> np.ndarray:
    """Indices of at most ``at_most`` values, rising: the largest half of that number, and an even part of all."""
    if len(log_p) <= at_most:
        return np.arange(len(log_p))
    strongest = np.argpartition(log_p, -(at_most // 2))[-(at_most // 2) :]
    even = np.linspace(0, len(log_p) - 1, at_most - at_most // 2).astype(int)
    return np.unique(np.concatenate([strongest, even]))


def best_snps(
    genes: list[str], places: pd.DataFrame | None, chromosome: np.ndarray, position: np.ndarray, log_p: np.ndarray
) -> list[tuple[str, int, int, float]]:
    """The best SNP within WINDOW of each of ``genes`` that has a place: gene, chromosome, position, -log10 P."""
    if places is None:
        return []
    starts = chromosome.astype(np.int64) * 10**10 + position
    order = np.argsort(starts, kind="stable")
    found = []
    for gene in genes:
        if gene not in places.index or places.at[gene, "chr"] <= 0:
            continue
        base = int(places.at[gene, "chr"]) * 10**10
        span = [base + max(0, int(places.at[gene, "start"]) - WINDOW), base + int(places.at[gene, "end"]) + WINDOW]
        first, last = np.searchsorted(starts, span, sorter=order)
        if last > first:
            best = order[first + int(np.argmax(log_p[order[first:last]]))]
            found.append((gene, int(chromosome[best]), int(position[best]), float(log_p[best])))
    return found
