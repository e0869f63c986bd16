"""What a microdomain can be, and how many spots it takes (``--neighborhood``, ``--neighbors``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import KDTree

from traitmap.errors import InputError
from traitmap.h5ad import read_obs
from traitmap.microdomains import BUDGET, Microdomains, find_microdomains, unit_vectors
from traitmap.slices import no_metacells

COSINE, RADIUS, GAUSSIAN, JOINT, GIVEN = "cosine_top_k", "radius", "gaussian", "joint_knn", "given"
KINDS = (COSINE, RADIUS, GAUSSIAN, JOINT, GIVEN)
OF_NEIGHBORS = (COSINE, GAUSSIAN, JOINT)  # that have so many spots; in others, place or the user decides
MOST = 1000  # spots of a microdomain in the mean; more is hardly a microdomain, and its pairs fill the memory
SIZES = (5, 11, 21, 31, 51, 81)  # that --neighbors auto chooses from
FOCAL, GENES = 2000, 1000  # spots and genes that --neighbors auto looks at


def microdomains_of_kind(
    kind: str,
    coordinates: np.ndarray,
    embedding: np.ndarray,
    neighbors: int,
    spatial_neighbors: int,
    *,
    radius: float | None = None,
    metacells: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    threads: int = 1,
) -> Microdomains:
    """Find the microdomains of a kind; every one holds its own spot.

    cosine_top_k
        ``find_microdomains``: of the ``spatial_neighbors`` nearest spots the ``neighbors`` most similar ones.
    gaussian
        The same spots, weighted by exp(-distance^2 / (2 radius^2)).
    joint_knn
        Of the ``spatial_neighbors`` nearest spots the ``neighbors`` with the least
        distance^2 / d^2 + (1 - similarity) / c, where d is the typical distance (see ``radius``) and c the median of
        1 - similarity over the pairs of a spot and its ``neighbors`` nearest: place and expression weigh the same.
    radius
        Every spot within ``radius``, in the unit of the coordinates; the embedding has no say.
    given
        The spots of the same metacell, such as those of SEACells (Persad et al., Nat Biotechnol 2023); a spot that is
        in none is alone.

    Parameters
    ----------
    radius
        By default the typical distance: the median over spots of the distance to the ``neighbors``-th nearest, itself
        counted.
    metacells
        Integer code of each spot's metacell, -1 where it is in none.
    labels
        As ``find_microdomains`` has them; metacells do not heed them.

    Raises
    ------
    InputError
        Where microdomains hold more than ``MOST`` spots in the mean.
    """
    candidates = partial(find_microdomains, coordinates, embedding, neighbors, spatial_neighbors, labels, threads)
    if kind == COSINE:
        return candidates()
    if kind == GIVEN:
        return _of_pairs(*_same(metacells), coordinates, embedding)
    typical = typical_distance(coordinates, neighbors)
    if kind == JOINT:
        scale = _typical_dissimilarity(coordinates, embedding, neighbors)
        return candidates(closeness=lambda similarity, distance: similarity / scale - (distance / typical) ** 2)
    radius = typical if radius is None else radius
    if kind == RADIUS:
        return _of_pairs(*_within(coordinates, radius, labels), coordinates, embedding)
    return weighted_by_distance(candidates(), radius)


def weighted_by_distance(microdomains: Microdomains, radius: float) -> Microdomains:
    """The same spots, weighted by exp(-distance^2 / (2 radius^2))."""
    return replace(microdomains, weights=np.exp(-((microdomains.distance / radius) ** 2) / 2))


def typical_distance(coordinates: np.ndarray, neighbors: int) -> float:
    """Median over spots of the distance to the ``neighbors``-th nearest spot, itself counted; 1 where that is 0."""
    count = min(neighbors, len(coordinates))
    distance, _ = KDTree(coordinates).query(coordinates, [count])
    return float(np.median(distance)) or 1.0


def _typical_dissimilarity(coordinates: np.ndarray, embedding: np.ndarray, neighbors: int) -> float:
    unit = unit_vectors(embedding)
    _, near = KDTree(coordinates).query(coordinates, range(1, min(neighbors, len(coordinates)) + 1))
    similarity = np.stack([np.einsum("id,id->i", unit, unit[column]) for column in near.T], axis=1)
    return (float(np.median(1 - similarity[:, 1:])) if similarity.shape[1] > 1 else 0.0) or 1.0


def _within(coordinates: np.ndarray, radius: float, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a spot and one within ``radius`` of it; with labels, of the same one where the spot has one."""
    tree = KDTree(coordinates)
    count = tree.query_ball_point(coordinates, radius, return_length=True)
    _check_size(int(count.sum()), len(coordinates), "--radius", "give a smaller one")
    member = np.concatenate([np.asarray(found, dtype=np.int64) for found in tree.query_ball_point(coordinates, radius)])
    spot = np.repeat(np.arange(len(coordinates)), count)
    if labels is None:
        return spot, member
    kept = (labels[spot] < 0) | (labels[spot] == labels[member])
    return spot[kept], member[kept]


def _same(metacells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of spots of one metacell, and each spot without one beside itself."""
    codes = metacells.astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    n = len(codes)
    _check_size(int((np.bincount(codes) ** 2).sum()), n, "--metacells", "take smaller metacells")
    belongs = sparse.csr_matrix((np.ones(n, np.int8), codes, np.arange(n + 1)))
    together = (belongs @ belongs.T).tocoo()
    return together.row, together.col


def _check_size(pairs: int, n: int, option: str, advice: str) -> None:
    if pairs > MOST * n:
        raise InputError(f"{option}: microdomains hold {pairs / n:,.0f} spots in the mean, more than {MOST}; {advice}")


def _of_pairs(spot: np.ndarray, member: np.ndarray, coordinates: np.ndarray, embedding: np.ndarray) -> Microdomains:
    """Microdomains from pairs: the spot itself first, then by falling similarity, of equals the first in the file."""
    unit = unit_vectors(embedding)
    similarity, distance = np.empty(len(spot)), np.empty(len(spot))
    for start in range(0, len(spot), BUDGET):
        part = slice(start, start + BUDGET)
        similarity[part] = np.einsum("id,id->i", unit[spot[part]], unit[member[part]])
        distance[part] = np.linalg.norm(coordinates[spot[part]] - coordinates[member[part]], axis=1)
    similarity[spot == member] = 1
    order = np.lexsort((member, -np.where(spot == member, np.inf, similarity), spot))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(spot, minlength=len(coordinates)))])
    return Microdomains(indptr, member[order].astype(np.int32), similarity[order], distance[order], np.ones(len(order)))


def read_metacells(path: Path, column: str, spots: pd.Index) -> np.ndarray:
    """Codes of obs[``column``] of a slice for ``spots``, in their order; -1 where a spot is in no metacell.

    Raises InputError where the slice has no such column.
    """
    obs = read_obs(path, "slice")
    if column not in obs:
        raise InputError(no_metacells(path, column, obs.columns))
    values = pd.Series(obs[column].astype("string").to_numpy(), index=obs.index.astype(str))[spots].str.strip()
    return pd.Categorical(values.mask(values.isin(["", "nan", "NaN", "NA", "None"])).astype(object)).codes.astype(
        np.int64
    )


def parse_neighbors(text: str) -> int | None:
    """--neighbors: a number, or None for auto; raises InputError for anything else."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"--neighbors is {text!r}; give a number, or auto") from error


def choose_neighbors(
    counts: sparse.csr_matrix,
    widest: Microdomains,
    seed: int = 0,
    weighted: Callable[[Microdomains], Microdomains] = lambda of_size: of_size,
) -> tuple[int, dict[int, float]]:
    """The size of microdomains that foretells counts best, by count splitting; and the loss of each size tried.

    Every molecule is dealt to one of two halves, which are independent samples of a spot's expression. A microdomain
    of K spots in one half foretells the spot in the other: with K too small noise enters, with K too large other
    tissue. The loss is the mean squared error of log(1 + counts per 10,000), over up to ``FOCAL`` spots spread over the
    file and the ``GENES`` genes with most counts.

    Parameters
    ----------
    counts
        Spots x genes, CSR, raw.
    widest
        Microdomains as large as any to be tried: a smaller one is the first spots of it.
    weighted
        Weights such a smaller one for its size.

    Source: molecular cross-validation (Batson, Royer and Webber, bioRxiv 2019).
    """
    most = np.argsort(-np.asarray(counts.sum(axis=0)).ravel(), kind="stable")[:GENES]
    counts = counts[:, np.sort(most)]
    first = counts.copy()
    first.data = np.random.default_rng(seed).binomial(counts.data.astype(np.int64), 0.5).astype(np.float64)
    second = counts - first
    known, to_foretell = _log_shares(first), _log_shares(second)
    n = counts.shape[0]
    focal = np.unique(np.linspace(0, n - 1, min(n, FOCAL)).astype(int))
    to_foretell = to_foretell[focal].toarray()
    losses = {}
    for size in [size for size in SIZES if size <= widest.size.max()] or [int(widest.size.max())]:
        average = weighted(widest.first(size)).average()[focal].astype(np.float64)
        losses[size] = float(np.mean(((average @ known).toarray() - to_foretell) ** 2))
    return min(losses, key=losses.get), losses


def _log_shares(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    total = np.asarray(counts.sum(axis=1)).ravel()
    shares = sparse.diags(1e4 / np.where(total > 0, total, 1)) @ counts
    return sparse.csr_matrix(shares.log1p())
