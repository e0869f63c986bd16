"""Quality of microdomains: a table a spot, for the obs of specificity.h5ad and for the account."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from traitmap.ledger import Ledger
from traitmap.microdomains import Microdomains

ADJACENT = 6  # nearest spots that tell whether a spot is at the border of a region: all that touch it on hexagons
AROUND = 18  # nearest spots that tell whether it is at the border of the slice
GAP = 115  # degrees without any of these: 30 inside a hexagonal grid, 120 or more on its edge; 3 % of random places
FENCE = 3.0  # interquartile ranges above the third quartile


def microdomain_quality(
    microdomains: Microdomains, coordinates: np.ndarray | None, neighbors: int, regions: pd.Series | None = None
) -> pd.DataFrame:
    """A row a spot; without coordinates (single cells) nothing is said of borders.

    microdomain_size, microdomain_radius, microdomain_similarity
        Spots; greatest distance; median similarity of the spot to the others (to itself, where it is alone).
    microdomain_purity
        With ``regions``: the weight of the spots of the spot's own label; missing where it has none.
    microdomain_weak
        Its neighbours are weak: fewer spots than half of ``neighbors``, or too unlike the spot. The angle whose cosine
        is microdomain_similarity is above 90 degrees, or above the slice's third quartile by more than three
        interquartile ranges (cosines near 1 are too skewed for such a fence).
    at_slice_border
        Its 18 nearest spots, in the first two coordinates, leave a gap of more than 115 degrees.
    at_region_border
        With ``regions``: one of its 6 nearest spots carries another label; False where the spot has none.
    """
    starts = microdomains.indptr[:-1]
    similarity = _median_similarity(microdomains)
    angle = np.arccos(np.clip(similarity, -1, 1))
    low, high = np.quantile(angle, [0.25, 0.75])
    weak = (microdomains.size < neighbors / 2) | (angle > min(np.pi / 2, high + FENCE * (high - low)))
    table = {
        "microdomain_size": microdomains.size,
        "microdomain_radius": np.maximum.reduceat(microdomains.distance, starts),
        "microdomain_similarity": similarity,
        "microdomain_weak": weak,
    }
    if coordinates is not None:
        near = _nearest(coordinates)
        table["at_slice_border"] = _widest_gap(coordinates, near) > GAP
    if regions is not None:
        codes = pd.Categorical(regions).codes
        weights = microdomains.weights
        same = weights * (codes[microdomains.spots] == np.repeat(codes, microdomains.size))
        purity = np.add.reduceat(same, starts) / np.add.reduceat(weights, starts)
        table["microdomain_purity"] = np.where(codes >= 0, purity, np.nan)
        if coordinates is None:
            return pd.DataFrame(table, index=regions.index)
        beside = codes[near[:, :ADJACENT]]
        table["at_region_border"] = ((beside != codes[:, None]) & (beside >= 0)).any(axis=1) & (codes >= 0)
    return pd.DataFrame(table, index=None if regions is None else regions.index)


def account_quality(quality: pd.DataFrame, neighbors: int, ledger: Ledger) -> None:
    """Put the quality of a slice's microdomains into its account."""
    small = int((quality["microdomain_size"] < neighbors).sum())
    ledger.noted("spots", f"with a microdomain of fewer than {neighbors} spots", small)
    ledger.noted("spots", "with weak neighbours (microdomain_weak)", quality["microdomain_weak"].sum())
    if "at_slice_border" in quality:
        ledger.noted("spots", "at the border of the slice", quality["at_slice_border"].sum())
    ledger.fact("median_similarity", round(float(quality["microdomain_similarity"].median()), 6))
    ledger.fact("median_radius", float(quality["microdomain_radius"].median()))
    if "microdomain_purity" in quality:
        if "at_region_border" in quality:
            ledger.noted("spots", "at the border of a region", quality["at_region_border"].sum())
        ledger.fact("mean_purity", round(float(quality["microdomain_purity"].mean()), 6))
    if small:
        ledger.warn(f"{ledger.subject}: {small} spots have a microdomain of fewer than {neighbors} spots")


def _median_similarity(microdomains: Microdomains) -> np.ndarray:
    """Median over the others of each microdomain; 1 where there are none."""
    spot = np.repeat(np.arange(len(microdomains.size)), microdomains.size)
    itself = microdomains.spots == spot
    ordered = microdomains.similarity[np.lexsort((microdomains.similarity, itself, spot))]  # the spot itself comes last
    others = np.maximum(microdomains.size - 1, 1)
    starts = microdomains.indptr[:-1]
    return (ordered[starts + (others - 1) // 2] + ordered[starts + others // 2]) / 2


def _nearest(coordinates: np.ndarray) -> np.ndarray:
    """The nearest other spots, n x at most AROUND, nearest first."""
    n = len(coordinates)
    count = min(AROUND + 1, n)
    _, near = KDTree(coordinates).query(coordinates, range(1, count + 1))
    itself = near == np.arange(n)[:, None]
    itself[~itself.any(axis=1), -1] = True  # more than AROUND spots in one place
    return near[~itself].reshape(n, count - 1)


def _widest_gap(coordinates: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Degrees of the widest angle at a spot that holds none of those ``near``; 360 where all are in its place."""
    towards = coordinates[near][..., :2] - coordinates[:, None, :2]
    angle = np.degrees(np.arctan2(towards[..., 1], towards[..., 0]))
    angle[~towards.any(axis=-1)] = np.nan
    angle = np.sort(angle, axis=1)  # missing ones last
    some = ~np.isnan(angle).all(axis=1) if angle.shape[1] else np.zeros(len(angle), bool)
    widest = np.full(len(angle), 360.0)
    around = 360 + np.nanmin(angle[some], axis=1, initial=np.inf) - np.nanmax(angle[some], axis=1, initial=-np.inf)
    widest[some] = np.fmax(around, np.nanmax(np.diff(angle[some], axis=1), axis=1, initial=0))
    return widest
