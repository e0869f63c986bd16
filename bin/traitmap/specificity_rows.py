"""A slice's scores as they come: rows of spots, and the account of them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from traitmap.ledger import Ledger

if TYPE_CHECKING:
    from anndata import AnnData

    from traitmap.specificity import Settings

LARGEST_EXPONENT = 40.0  # of GSS: e40 = 2.4e17; its square, summed over genes, still fits float32
FEW_GENES = 1000  # with fewer, ranks are coarse


@dataclass(frozen=True)
class Rows:
    """Scores of consecutive spots: how many each has; along these columns and values; how many met the cap."""

    lengths: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    capped: int = 0


@dataclass
class Scores:
    """A slice's scores, computed block by block as ``blocks`` is read, so that nobody need hold them all.

    frame
        Spots x genes, both in the slice's order, all but X: obs region (where annotated) and the microdomains' quality;
        obsm spatial (of single cells X_umap, the plane); obsp microdomain (``Microdomains.average``),
        microdomain_similarity and microdomain_distance; var the background; uns parameters and, once all blocks are
        read, ledger (JSON texts).
    """

    frame: AnnData
    rows: Iterator[Rows]
    labels: np.ndarray | None
    settings: Settings
    ledger: Ledger

    def blocks(self) -> Iterator[sparse.csr_matrix]:
        """X (CSR float32) in blocks of rows; when the last one is taken, ``frame`` gets the account of all."""
        lengths, capped = [], 0
        for rows in self.rows:
            ends = np.concatenate([[0], np.cumsum(rows.lengths)])
            yield sparse.csr_matrix((rows.values, rows.columns, ends), shape=(len(rows.lengths), self.frame.n_vars))
            lengths.append(rows.lengths)
            capped += rows.capped
        _account(self.frame, np.concatenate(lengths), self.labels, self.settings, capped, self.ledger)
        self.frame.uns["ledger"] = self.ledger.to_json()


def _account(
    frame: AnnData,
    per_spot: np.ndarray,
    labels: np.ndarray | None,
    settings: Settings,
    capped: int,
    ledger: Ledger,
) -> None:
    silent = int((per_spot == 0).sum())
    ledger.noted("spots", "without any specific gene", silent)
    ledger.noted("scores", f"capped at exp({LARGEST_EXPONENT:g}) - 1", capped)
    if labels is not None:
        ledger.noted("spots", "without a label, their microdomain taken from all spots", (labels < 0).sum())
    ledger.fact("share_non_zero", round(int(per_spot.sum()) / max(1, frame.n_obs * frame.n_vars), 6))
    ledger.fact("median_specific_genes", float(np.median(per_spot)))
    ledger.fact("power", settings.power)
    if silent:
        ledger.warn(f"{ledger.subject}: {silent} spots have no specific gene; their association cannot be estimated")
    if capped:
        ledger.warn(
            f"{ledger.subject}: {capped} scores were capped; so great a ratio of ranks is met where few genes are "
            "measured: lower --power or use more genes"
        )
    if frame.n_vars < FEW_GENES:
        ledger.warn(f"{ledger.subject}: only {frame.n_vars} genes are scored; ranks within so few genes are coarse")
    ledger.kept("spots", frame.n_obs)
    ledger.kept("genes", frame.n_vars)
