"""Traps that a slice may hold though it reads well: symbols of another kind or species, places that tell nothing."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.ledger import Ledger

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
# 1-Mar, Sep-02, 2006-09-02, 2.31E+19; a date's number (44257) stands alone, which no symbol does.
MANGLED = re.compile(
    rf"\d{{1,2}}-{_MONTH}|{_MONTH}-\d{{1,2}}|\d{{4}}-\d\d-\d\d(?: 00:00:00)?|\d\.\d+e\+\d\d|[34]\d{{4}}", re.I
)
ENSEMBL = re.compile(r"ENS[A-Z]{0,6}G\d{9,}(?:\.\d+)?", re.I)
# Gapdh, H2-Aa, mt-Nd1: written as no human symbol is (C1orf112 has three small letters at most, in the middle).
NOT_HUMAN = re.compile(r"(?:[A-Za-z]\d*-)?(?:mt-)?[A-Z][a-z]+[a-z0-9.-]*")
NAMED = 5
CROWDED = 0.1  # share of spots that may stand where another does
SHARED_GENES = 0.5  # of a slice's genes should have a homolog
SKETCH, SKETCHED_COUNTS = 32, 20  # spots that a sketch keeps, of those with so many counts
SKETCHED_AT_ONCE = 2000  # spots whose counts are hashed at once: eight bytes each, several times
FEWEST_SPOTS = 100  # for a test of spatial pattern
PATTERN_GENES, PATTERN_Z, PATTERNED = 50, 3.0, 5  # genes looked at; how many of what z are a pattern


def check_symbols(names: pd.Index, human: bool, path: Path, ledger: Ledger) -> list[str]:
    """Problems (symbols of another species than human, where ``human``), and warnings into ``ledger``."""
    symbols = names.astype(str)
    mangled = [name for name in symbols if MANGLED.fullmatch(name)]
    ledger.noted("genes", "with a symbol that a spreadsheet made a date or number of", len(mangled))
    if mangled and len(mangled) < len(symbols) / 2:  # Entrez ids would be numbers all over
        ledger.warn(
            f"{path.name}: {len(mangled)} gene symbols were made dates or numbers by a spreadsheet "
            f"({', '.join(mangled[:NAMED])}); take the symbols from the original file"
        )
    ensembl = sum(bool(ENSEMBL.fullmatch(name)) for name in symbols)
    if ensembl > len(symbols) / 2:
        ledger.warn(
            f"{path.name}: {ensembl} of {len(symbols)} genes are named by Ensembl ids: few or none will be found in a "
            "reference of symbols; put symbols into var_names"
        )
    if human and (strangers := not_human(symbols)):
        return [
            f"{path}: gene symbols are written as those of mouse or rat ({strangers}), but the species is human; set "
            "species and give --homologs"
        ]
    return []


def not_human(symbols: pd.Index | list[str]) -> str:
    """The first few of ``symbols`` if most of them are written as a mouse's are, else ""."""
    lower = [name for name in symbols if NOT_HUMAN.fullmatch(name)]
    return ", ".join(lower[:NAMED]) if len(symbols) and len(lower) > len(symbols) / 2 else ""


def check_places(places: np.ndarray, key: str, path: Path, ledger: Ledger) -> list[str]:
    """Problems (all spots at one place), and what is odd into ``ledger``: shared places, a flat axis."""
    extent = np.ptp(places, axis=0)
    if len(places) > 1 and not extent.any():
        return [f"{path}: all spots are at one place in obsm[{key!r}]; give their coordinates"]
    shared = int(pd.DataFrame(places).duplicated().sum())
    ledger.noted("spots", "at the place of an earlier spot", shared)
    if shared > CROWDED * len(places):
        ledger.warn(
            f"{path.name}: {shared} of {len(places)} spots are at the place of another; is obsm[{key!r}] rounded, or "
            "are several slices in one file?"
        )
    flat = [axis for axis, wide in zip("xyz", extent, strict=False) if not wide]
    if len(places) > 2 and any(axis != "z" for axis in flat):
        ledger.warn(f"{path.name}: {flat[0]} is the same in all spots (obsm[{key!r}]); are the right columns in it?")
    return []


def guess_values(values: np.ndarray) -> str:
    """What numbers that are no counts may be."""
    if values.min() < 0:
        return "scaled or centred data?"
    return "log-transformed data?" if values.max() < 25 else "normalised data?"


def check_pattern(counts: sparse.csr_matrix, graph: sparse.csr_matrix, ledger: Ledger) -> None:
    """Warn where expression has no spatial pattern, as when coordinates and spots are mixed up.

    Moran's I (z under normality) of total counts and of the most counted genes' shares, over the graph of spatial
    neighbours (self loops are left out): in tissue most of them vary smoothly, in shuffled coordinates none does.
    """
    n = counts.shape[0]
    total = np.asarray(counts.sum(axis=1)).ravel().astype(np.float64)
    if n < FEWEST_SPOTS:
        return
    top = np.argsort(-np.asarray(counts.sum(axis=0)).ravel(), kind="stable")[:PATTERN_GENES]
    shares = counts[:, top].toarray() / np.maximum(total, 1)[:, None]
    z = morans_z(np.column_stack([np.log1p(total), np.log1p(1e4 * shares)]), graph)
    patterned = int((z > PATTERN_Z).sum())
    ledger.fact("spatially_patterned", f"{patterned} of {len(z)} (total counts and the most counted genes)")
    if patterned < PATTERNED:
        ledger.warn(
            f"{ledger.subject}: expression has no spatial pattern ({patterned} of {len(z)} genes vary smoothly in "
            "space); do the coordinates belong to these spots?"
        )


def morans_z(values: np.ndarray, graph: sparse.csr_matrix) -> np.ndarray:
    """z of Moran's I of each column of ``values`` (n x k) over a symmetric graph (Cliff and Ord 1981); -inf if flat."""
    links = sparse.csr_matrix(graph, dtype=np.float64)
    links = links - sparse.diags(links.diagonal())
    n, s0 = len(values), links.sum()
    degree = np.asarray(links.sum(axis=1)).ravel()
    s1, s2 = 2 * links.multiply(links).sum(), 4 * (degree**2).sum()
    centred = values - values.mean(axis=0)
    squares = (centred**2).sum(axis=0)
    moran = n / s0 * np.einsum("ij,ij->j", centred, links @ centred) / np.where(squares > 0, squares, 1)
    expected = -1 / (n - 1)
    variance = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1)) - expected**2
    return np.where(squares > 1e-12 * n, (moran - expected) / np.sqrt(variance), -np.inf)


def sketch(counts: sparse.csr_matrix, symbols: pd.Index) -> list[str]:
    """Hashes of a few spots' counts, the smallest ones: equal spots of two slices have equal hashes (bottom-k sketch).

    Neither names nor places nor the order of spots or genes matter. Spots of few counts are alike by chance: left out.
    """
    keys = np.array([_hash(name) for name in symbols], dtype=np.uint64)
    of_spot = np.empty(counts.shape[0], dtype=np.uint64)
    for first in range(0, counts.shape[0], SKETCHED_AT_ONCE):
        indptr = counts.indptr[first : first + SKETCHED_AT_ONCE + 1]
        part = slice(indptr[0], indptr[-1])
        each = keys[counts.indices[part]] * (2 * counts.data[part].astype(np.uint64) + np.uint64(1))  # modulo 2^64
        sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(each, dtype=np.uint64)])
        indptr = indptr - indptr[0]
        of_spot[first : first + len(indptr) - 1] = sums[indptr[1:]] - sums[indptr[:-1]]
    enough = np.asarray(counts.sum(axis=1)).ravel() >= SKETCHED_COUNTS
    return [f"{value:016x}" for value in np.unique(_mix(of_spot[enough]))[:SKETCH]]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mix(values: np.ndarray) -> np.ndarray:
    """A bijection that leaves no trace of what the values were sums of (splitmix64's finaliser)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def shared_spots(one: list[str], two: list[str]) -> float:
    """Share of spots that two slices have in common, estimated from their sketches (Jaccard)."""
    smallest = sorted(set(one) | set(two))[:SKETCH]
    return sum(value in one and value in two for value in smallest) / max(1, len(smallest))
