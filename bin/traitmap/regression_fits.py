"""What a regression of a tile of spots gives, in either weights mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

# Shares of a column that the columns before it leave (1 - R2): below the first the regression counts as singular, below
# the second its coefficient is flagged, for float32 rounding of GSS and LD may then show in z.
SINGULAR = 1e-12
ILL_CONDITIONED = 1e-8


@dataclass(frozen=True)
class Fits:
    """Coefficients of the spots' own columns, per unit of N / mean N: NaN where singular.

    full (spots), delete (blocks x spots: without the block), tolerance (spots: 1 - R2 of the own column on the baseline
    columns, weighted and uncentred).
    """

    full: np.ndarray
    delete: np.ndarray
    tolerance: np.ndarray


class Regression(Protocol):
    """The regressions of one trait: ``fit`` takes at most ``tile`` spots (CSR, spots x genes of the slice)."""

    tile: int

    def fit(self, gss: sparse.csr_matrix) -> Fits:
        """Regress each row."""
        ...
