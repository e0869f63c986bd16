"""The block jackknife over SNPs (Bulik-Sullivan et al., Nat Genet 2015): blocks, pseudo-values, standard errors."""

from __future__ import annotations

import numpy as np


def separators(n: int, blocks: int) -> np.ndarray:
    """Borders of ``blocks`` runs of ``n`` ordered things: ``floor(linspace(0, n, blocks + 1))``, int64.

    Block b is ``[separators[b], separators[b + 1])``. Block sizes differ by at most one.
    Raises ValueError where a block would be empty.
    """
    if not 1 <= blocks <= n:
        raise ValueError(f"{n} things do not fill {blocks} blocks")
    return np.floor(np.linspace(0, n, blocks + 1)).astype(np.int64)


def pseudo_values(full: np.ndarray, delete: np.ndarray) -> np.ndarray:
    """``B full - (B - 1) delete`` (blocks x ...), from full (...) and delete-one estimates (blocks x ...)."""
    blocks = len(delete)
    return blocks * np.asarray(full) - (blocks - 1) * np.asarray(delete)


def jackknife(full: np.ndarray, delete: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Jackknife estimate (mean pseudo-value) and standard error, each of the shape of ``full``.

    The variance is the sample variance (ddof 1) of the B pseudo-values, divided by B.
    """
    pseudo = pseudo_values(full, delete)
    return pseudo.mean(axis=0), np.sqrt(pseudo.var(axis=0, ddof=1) / len(pseudo))
