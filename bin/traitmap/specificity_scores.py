"""Other scores than GSS of how specific a gene is to a spot, for comparison (``--specificity``).

All but ``pagerank_microdomains`` look at expression itself, not at ranks: x_ig is the mean over spot i's microdomain of
log(1 + counts of gene g per 10,000 counts of the spot); with microdomains of one spot, that of the spot. Each score is
0 where x_ig does not exceed the gene's mean over the n spots of the slice, and grows with x_ig above it; all are
worked out from a few sums over spots a gene, so that nothing of size spots x genes is dense.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from traitmap.average_ranks import blocks
from traitmap.microdomains import Microdomains

BLOCK = 256  # spots at a time
PER = 1e4
DAMPING = 0.85  # of PageRank: chance that the walk goes on
LEAST_VISIT = 5e-4  # chance of a visit below which a spot is left out
STEPS = 40  # of the walk: 0.0015 of it is left


@dataclass(frozen=True)
class GeneSums:
    """Sums over n spots, an array of genes each: of x, of x^2, of x log2 x; the largest x."""

    n: int
    x: np.ndarray
    squares: np.ndarray
    x_log_x: np.ndarray
    largest: np.ndarray


def tau(x: np.ndarray, sums: GeneSums) -> np.ndarray:
    """tau_g x_ig / max_i x_ig, with tau_g = sum over i of (1 - x_ig / max_i x_ig) / (n - 1): between 0 and 1.

    tau is a number a gene; times the spot's share of the maximum it says where. Source: Yanai et al., Bioinformatics
    2005.
    """
    gene = (sums.n - sums.x / sums.largest) / max(1, sums.n - 1)
    return gene * x / sums.largest


def entropy(x: np.ndarray, sums: GeneSums) -> np.ndarray:
    """2 log2 n - Q_ig, with Q_ig = H_g - log2 p_ig, p_ig = x_ig / sum over i of x_ig, H_g = - sum over i of p log2 p.

    Q is Schug's: 0 for a gene that only this spot expresses, so the score is the greater the more specific, in bits.
    Source: Schug et al., Genome Biology 2005.
    """
    bits = np.log2(sums.x) - sums.x_log_x / sums.x
    with np.errstate(divide="ignore"):  # x is 0: the score will be 0 too
        return 2 * np.log2(sums.n) - bits + np.log2(x) - np.log2(sums.x)


def zscore(x: np.ndarray, sums: GeneSums) -> np.ndarray:
    """(x_ig - mean over i) / standard deviation over i."""
    mean = sums.x / sums.n
    deviation = np.sqrt(np.maximum(sums.squares / sums.n - mean**2, 0))
    return (x - mean) / np.where(deviation > 0, deviation, 1)


EXPRESSION_SCORES: dict[str, Callable[[np.ndarray, GeneSums], np.ndarray]] = {
    "tau": tau,
    "entropy": entropy,
    "zscore": zscore,
}
SCORES = ("gss", *EXPRESSION_SCORES, "pagerank")


def score_expression(
    name: str, counts: sparse.csr_matrix, microdomains: Microdomains, scored: np.ndarray
) -> sparse.csr_matrix:
    """Score the ``scored`` genes by ``name`` of EXPRESSION_SCORES: spots x scored genes, CSR float32, above 0.

    ``counts``: spots x genes, CSR, raw; all genes count for a spot's total.
    """
    total = np.asarray(counts.sum(axis=1)).ravel()
    expression = (sparse.diags(PER / np.where(total > 0, total, 1)) @ counts[:, scored]).log1p()
    average = microdomains.average().astype(np.float64)
    sums = _sums(average, expression)
    mean = sums.x / sums.n
    parts = []
    for x in _means(average, expression):
        spot, gene = np.nonzero(x > mean)
        # Of the genes of a block only those that score are worked out, each as a column of its own.
        of_genes = replace(sums, **{k: getattr(sums, k)[gene] for k in ("x", "squares", "x_log_x", "largest")})
        values = EXPRESSION_SCORES[name](x[spot, gene], of_genes).astype(np.float32)
        parts.append(sparse.csr_matrix((values, (spot, gene)), shape=x.shape))
    result = sparse.vstack(parts, "csr")
    result.data[result.data < 0] = 0  # rounding at the mean itself
    result.eliminate_zeros()
    return result


def _means(average: sparse.csr_matrix, expression: sparse.csr_matrix) -> Iterator[np.ndarray]:
    for start, stop in blocks(average.shape[0], BLOCK):
        yield (average[start:stop] @ expression).toarray()


def _sums(average: sparse.csr_matrix, expression: sparse.csr_matrix) -> GeneSums:
    n, n_genes = expression.shape
    x, squares, x_log_x, largest = np.zeros((4, n_genes))
    for means in _means(average, expression):
        x += means.sum(axis=0)
        squares += (means**2).sum(axis=0)
        x_log_x += (means * np.log2(np.where(means > 0, means, 1))).sum(axis=0)
        np.maximum(largest, means.max(axis=0), out=largest)
    return GeneSums(n, x, squares, x_log_x, largest)


def pagerank_microdomains(microdomains: Microdomains) -> Microdomains:
    """Weights by personalised PageRank over the graph of microdomains, for GSS to average log ranks with.

    A walk starts at the spot; at each step it stops with chance 1 - d, else it goes on to a spot of its present
    microdomain, chosen by weight. A spot's weight is the chance that the walk stops there:

        (1 - d) sum over k of d^k W^k,     W the averaging operator, d = 0.85

    Chances below ``LEAST_VISIT`` are dropped at every step, as in Andersen, Chung and Lang (FOCS 2006), and the rest
    scaled to sum to 1. Similarity and distance are not known for all spots met: both are NaN.

    Source: Haveliwala, WWW 2002 (PageRank personalised by its restarts).
    """
    walk = microdomains.average().astype(np.float64)
    n = walk.shape[0]
    parts = []
    for start, stop in blocks(n, BLOCK):
        at = sparse.identity(n, format="csr")[start:stop]
        total = at * (1 - DAMPING)
        for _ in range(STEPS):
            at = at @ walk * DAMPING
            at.data[at.data * (1 - DAMPING) < LEAST_VISIT / STEPS] = 0
            at.eliminate_zeros()
            total = total + at * (1 - DAMPING)
        total.data[total.data < LEAST_VISIT] = 0
        total.eliminate_zeros()
        parts.append(total)
    weights = sparse.vstack(parts, "csr")
    weights.sort_indices()
    weights.data /= np.repeat(np.asarray(weights.sum(axis=1)).ravel(), np.diff(weights.indptr))
    unknown = np.full(weights.nnz, np.nan)
    return Microdomains(weights.indptr.astype(np.int64), weights.indices, unknown, unknown, weights.data)
