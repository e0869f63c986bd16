"""Node features of the embedding: principal components of all counts, and of two independent halves of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from traitmap.embedding_genes import blocks_of
from traitmap.errors import InputError
from traitmap.ledger import Ledger

TARGET_SUM = 1e4  # counts that every spot is scaled to
CLIP = 10.0  # standard deviations above a gene's mean
PRECISION = 1e-5  # of Lanczos iterations


@dataclass(frozen=True)
class Expression:
    """Raw counts of a slice's chosen genes (spots x genes, CSR float32) and each spot's total over all its genes."""

    counts: sparse.csr_matrix
    totals: np.ndarray

    def logged(self, rows: slice, share: float = 1.0, counts: np.ndarray | None = None) -> sparse.csr_matrix:
        """Log(1 + counts scaled to 10^4 a spot) of ``rows``; of other ``counts``, if given, that are a share of all."""
        block = self.counts[rows].copy()
        if counts is not None:
            block.data = counts
        scale = (TARGET_SUM / (share * self.totals[rows])).astype(np.float32)
        block.data *= np.repeat(scale, np.diff(block.indptr))
        np.log1p(block.data, out=block.data)
        return block


@dataclass(frozen=True)
class Components:
    """Principal components of n spots, of one slice after the other.

    scores
        n x k, float32; 0, their mean, for spots without counts.
    halves
        n x 2 x k, float32: of two halves of the counts, drawn count by count, on the same axes.
    measured
        n, bool: spots with counts.
    """

    scores: np.ndarray
    halves: np.ndarray
    measured: np.ndarray


def principal_components(slices: Sequence[Expression], wanted: int, seed: int, ledger: Ledger) -> Components:
    """Principal component scores of normalised, logged and scaled expression, each slice around its own mean.

    A gene's SD is that within slices. Spots without counts take no part: they get the mean of the others, 0.
    Halves are binomial draws of each count, so that their noise is (but for overdispersion) independent.

    Raises InputError where fewer than two spots have counts or no gene's share varies between them.
    """
    measured = np.concatenate([part.totals > 0 for part in slices])
    if measured.sum() < 2:
        raise InputError(f"only {measured.sum()} spots have counts; an embedding needs at least two")
    parts = [_measured(part) for part in slices]
    scaling = _Scaling.of(parts)
    scaled = sparse.vstack(
        [scaling.apply(part.logged(rows), code) for code, part in enumerate(parts) for rows in blocks_of(part.counts)],
        format="csr",
    )
    slice_of = np.repeat(np.arange(len(parts)), [part.counts.shape[0] for part in parts])
    centre = (
        np.array([_mean(scaled[slice_of == code]) for code in range(len(parts))])
        if len(parts) > 1
        else _mean(scaled)[None]
    )
    axes = _axes(scaled, centre, slice_of, wanted, seed, ledger)
    found = scaled @ axes - (centre @ axes)[slice_of]
    k = axes.shape[1]
    scores, halves = np.zeros((len(measured), k), np.float32), np.zeros((len(measured), 2, k), np.float32)
    scores[measured] = found
    halves[measured] = _halves(parts, scaling, axes, slice_of, seed)
    return Components(scores, halves, measured)


def _measured(part: Expression) -> Expression:
    some = part.totals > 0
    return part if some.all() else Expression(part.counts[some], part.totals[some])


def _mean(matrix: sparse.csr_matrix) -> np.ndarray:
    total = np.zeros(matrix.shape[1])
    for rows in blocks_of(matrix):
        block = matrix[rows]
        total += np.bincount(block.indices, weights=block.data, minlength=matrix.shape[1])
    return total / max(matrix.shape[0], 1)


@dataclass(frozen=True)
class _Scaling:
    """What logged expression is divided by (genes) and clipped at (slices x genes)."""

    sd: np.ndarray
    top: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Expression]) -> _Scaling:
        genes = parts[0].counts.shape[1]
        squares, means, n = np.zeros(genes), [], 0
        for part in parts:
            total, square, spots = np.zeros(genes), np.zeros(genes), part.counts.shape[0]
            for rows in blocks_of(part.counts):
                block = part.logged(rows)
                data = block.data.astype(np.float64)
                total += np.bincount(block.indices, weights=data, minlength=genes)
                square += np.bincount(block.indices, weights=data**2, minlength=genes)
            means.append(total / max(spots, 1))
            squares += np.maximum(square - spots * means[-1] ** 2, 0)
            n += max(spots - 1, 0)
        means = np.array(means)
        sd = np.sqrt(squares / max(n, 1))
        sd[sd <= 1e-6 * means.max(axis=0)] = np.inf  # the counts vary, their shares do not
        return cls(sd, (means / sd + CLIP).astype(np.float32))

    def apply(self, logged: sparse.csr_matrix, code: int) -> sparse.csr_matrix:
        """Scaled and clipped, in place; not centred, so that zeros stay zeros."""
        logged.data /= self.sd.astype(np.float32)[logged.indices]
        np.minimum(logged.data, self.top[code][logged.indices], out=logged.data)
        return logged


def _axes(scaled, centre, slice_of, wanted: int, seed: int, ledger: Ledger) -> np.ndarray:
    """Genes x at most ``wanted``: leading right singular vectors of the centred matrix, those with any variance."""
    from scipy.sparse.linalg import LinearOperator, svds

    if not scaled.data.any():
        raise InputError("no gene's share of counts varies between spots; there is nothing to embed")
    k = min(wanted, scaled.shape[0] - 1, scaled.shape[1])
    if min(scaled.shape) <= 2 * wanted:  # so few that Lanczos iterations save nothing
        _, values, axes = np.linalg.svd(scaled.toarray() - centre[slice_of], full_matrices=False)
        axes, values = axes[:k].T, values[:k]
    else:
        members = sparse.csr_matrix((np.ones(len(slice_of)), (slice_of, np.arange(len(slice_of)))), dtype=np.float32)
        middle, turned = centre.astype(np.float32), sparse.csr_matrix(scaled.T)

        def times(x):
            return scaled @ x - members.T @ (middle @ x)

        def transposed(y):
            return turned @ y - middle.T @ (members @ y)

        operator = LinearOperator(
            scaled.shape, matvec=times, rmatvec=transposed, matmat=times, rmatmat=transposed, dtype=np.float32
        )
        _, values, axes = svds(operator, k, tol=PRECISION, rng=np.random.default_rng(seed))
        order = np.argsort(-values)
        axes, values = axes[order].T, values[order]
    varies = values > 3e-5 * values[0]
    axes, values = axes[:, varies], values[varies]
    if axes.shape[1] < wanted:
        ledger.warn(f"the slice has {axes.shape[1]} principal components; {wanted} were asked for")
    total = float((scaled.data.astype(np.float64) ** 2).sum())
    total -= float((np.bincount(slice_of, minlength=len(centre))[:, None] * centre**2).sum())
    ledger.fact("components", axes.shape[1])
    ledger.fact("components_variance_share", float((values.astype(np.float64) ** 2).sum() / total))
    return np.ascontiguousarray(axes * _signs(axes), dtype=np.float32)


def _signs(axes: np.ndarray) -> np.ndarray:
    """Such that each axis points where its largest loading does."""
    return np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])


def _halves(parts, scaling: _Scaling, axes: np.ndarray, slice_of: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = np.empty((len(slice_of), 2, axes.shape[1]), np.float32)
    first = 0
    for code, part in enumerate(parts):
        for rows in blocks_of(part.counts):
            counts = part.counts[rows].data
            drawn = rng.binomial(counts.astype(np.int64), 0.5).astype(np.float32)
            n = rows.stop - rows.start
            for side, half in enumerate((drawn, counts - drawn)):
                found[first : first + n, side] = scaling.apply(part.logged(rows, 0.5, half), code) @ axes
            first += n
    for code in range(len(parts)):
        found[slice_of == code] -= found[slice_of == code].mean(axis=0, dtype=np.float64).astype(np.float32)
    return found


def spatial_weights(scores: np.ndarray, graph: sparse.csr_matrix, measured: np.ndarray) -> np.ndarray:
    """Weight of each component: 1 / SD x the share of its variance that neighbours in space have in common.

    That share is Moran's I over the links between measured spots. Components of noise alone, which no neighbour shares,
    so lose their say; 0 for those. Where no component has any, all weights are the same: 1 / SD of the first.
    """
    links = sparse.csr_matrix(graph[measured][:, measured])
    links.setdiag(0)
    links.eliminate_zeros()
    values = scores[measured].astype(np.float64)
    variance = values.var(axis=0)
    shared = (values * (links @ values)).sum(axis=0) / max(links.sum(), 1)
    share = np.clip(shared / variance, 0, 1)
    if not share.any():
        return np.full(len(variance), 1 / np.sqrt(variance[0]), np.float32)
    return (share / np.sqrt(variance)).astype(np.float32)
