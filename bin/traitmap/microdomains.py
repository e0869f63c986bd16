"""The microdomain of each spot: those of its spatial neighbours that are most alike in the embedding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

SLACK = 24  # neighbours looked up beyond those wanted, so that ties in distance at the edge are all seen
BUDGET = 1 << 17  # pairs of spots in memory at once
ROUNDING = 1e-9  # distances are equal where they differ by less than this share of the slice's extent


@dataclass
class Microdomains:
    """Microdomains of n spots.

    indptr, spots
        As in CSR: ``spots[indptr[i]:indptr[i + 1]]`` is the microdomain of spot i, itself first, then by falling
        similarity, or what else it was chosen by.
    similarity, distance
        float64, along ``spots``: cosine similarity in the embedding and distance in space (the slice's unit) to spot i.
    weights
        float64, along ``spots``: what each counts in an average over the microdomain, relative to the others.
    """

    indptr: np.ndarray
    spots: np.ndarray
    similarity: np.ndarray
    distance: np.ndarray
    weights: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """Spots in each microdomain."""
        return np.diff(self.indptr)

    def matrix(self, values: np.ndarray) -> sparse.csr_matrix:
        """``values``, along ``spots``, as n x n CSR float32: row i is spot i's microdomain; zeros are stored."""
        n = len(self.size)
        matrix = sparse.csr_matrix((values.astype(np.float32), self.spots, self.indptr), shape=(n, n), copy=True)
        matrix.sort_indices()
        return matrix

    def average(self) -> sparse.csr_matrix:
        """The operator that averages over microdomains: n x n, CSR float32, rows of weights that sum to 1."""
        total = np.add.reduceat(self.weights, self.indptr[:-1])
        return self.matrix(self.weights / np.repeat(total, self.size))

    def first(self, size: int) -> Microdomains:
        """The microdomains of the first ``size`` spots of each."""
        kept = np.arange(len(self.spots)) - np.repeat(self.indptr[:-1], self.size) < size
        indptr = np.concatenate([[0], np.cumsum(np.minimum(self.size, size))])
        return Microdomains(indptr, *(a[kept] for a in (self.spots, self.similarity, self.distance, self.weights)))


def unit_vectors(embedding: np.ndarray) -> np.ndarray:
    """Rows of length 1, float64; a row of zeros stays one."""
    norm = np.linalg.norm(embedding.astype(np.float64), axis=1, keepdims=True)
    return embedding / np.where(norm > 0, norm, 1)


def find_microdomains(
    coordinates: np.ndarray,
    embedding: np.ndarray,
    neighbors: int = 21,
    spatial_neighbors: int = 101,
    labels: np.ndarray | None = None,
    threads: int = 1,
    closeness: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Microdomains:
    """Find each spot's microdomain: of its ``spatial_neighbors`` nearest spots the ``neighbors`` most similar ones.

    The spot itself is among both. Where fewer spots are to be had, all are taken. Of spots at one distance the more
    similar one counts as nearer, then the one that comes first in the file: so on a regular grid the result depends
    neither on direction nor (but for equal similarities) on the order of the spots.

    Parameters
    ----------
    coordinates
        n x 2 (or 3); Euclidean distance.
    embedding
        n x d; cosine similarity. A spot with an embedding of zeros is similar to none (0).
    labels
        Integer code of each spot's region, -1 where it has none. With labels, only spots of the same one are
        candidates; a spot without takes its candidates from all spots. None: labels are not used.
    closeness
        What is greatest for the spots to be taken, of similarity and distance; by default the similarity.

    Source: gsMap (Song et al., Nature 2025), homogeneous spots.
    """
    unit = unit_vectors(embedding)
    extent = float(np.ptp(coordinates, axis=0).max()) or 1.0
    everyone = np.arange(len(coordinates))
    parts = []
    for label in [-1] if labels is None else np.unique(labels):
        focal = everyone if labels is None else np.flatnonzero(labels == label)
        pool = everyone if label < 0 else focal
        tree = KDTree(coordinates[pool])
        seen = min(spatial_neighbors + SLACK, len(pool))
        parts += _nearest_alike(
            tree, pool, focal, seen, unit, extent, (neighbors, spatial_neighbors, closeness), threads
        )
    return _in_order(parts, len(coordinates))


def _nearest_alike(tree, pool, focal, seen, unit, extent, wanted, threads) -> list[tuple[np.ndarray, ...]]:
    """Microdomains of the spots ``focal`` among ``pool``: tuples of spots, members, similarity, distance."""
    neighbors, spatial_neighbors, closeness = wanted
    parts = []
    size = max(1, BUDGET // seen)
    for start in range(0, len(focal), size):
        spots = focal[start : start + size]
        distance, member = (
            a.reshape(len(spots), seen)
            for a in tree.query(tree.data[np.searchsorted(pool, spots)], seen, workers=threads)
        )
        steps = np.rint(distance / (extent * ROUNDING))
        edge = min(spatial_neighbors, seen) - 1
        # A tie at the edge that reaches the last neighbour seen may go on beyond it: look further for those spots.
        unsure = (steps[:, -1] <= steps[:, edge]) & (seen < len(pool))
        if unsure.any():
            further = min(2 * seen, len(pool))
            parts += _nearest_alike(tree, pool, spots[unsure], further, unit, extent, wanted, threads)
            spots, distance, member, steps = (a[~unsure] for a in (spots, distance, member, steps))
        member = pool[member]
        similarity = np.einsum("id,ijd->ij", unit[spots], unit[member])
        itself = member == spots[:, None]
        similarity[itself] = np.inf  # first among all, also among spots with an equal embedding or place
        order = np.lexsort((member, -similarity, steps))[:, :spatial_neighbors]
        distance, member, similarity, itself = (
            np.take_along_axis(a, order, axis=1) for a in (distance, member, similarity, itself)
        )
        close = similarity if closeness is None else np.where(itself, np.inf, closeness(similarity, distance))
        order = np.lexsort((member, -close))[:, :neighbors]
        similarity[itself] = 1
        parts.append((spots, *(np.take_along_axis(a, order, axis=1) for a in (member, similarity, distance))))
    return parts


def _in_order(parts: list[tuple[np.ndarray, ...]], n: int) -> Microdomains:
    """Put the parts, each with rows of its own width, into the order of the spots."""
    size = np.zeros(n, dtype=np.int64)
    for spots, member, _, _ in parts:
        size[spots] = member.shape[1]
    indptr = np.concatenate([[0], np.cumsum(size)])
    columns = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1]), np.empty(indptr[-1])
    for spots, *values in parts:
        at = indptr[spots][:, None] + np.arange(values[0].shape[1])
        for column, value in zip(columns, values, strict=True):
            column[at] = value
    return Microdomains(indptr, *columns, np.ones(indptr[-1]))
