"""Traits by regions: the values of the heat map and an order in which alike stands beside alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from traitmap.report_results import Results
from traitmap.report_words import slice_rows

VALUES = ("p_cauchy", "p_mean", "p_contrast", "q", "z_mean", "z_contrast", "odds_ratio", "n_spots")


def heatmap(results: Results) -> dict[str, Any]:
    """Columns (slice, region), rows (traits), a matrix rows x columns per value, and clustered orders of both."""
    rows = slice_rows(results.summary)
    rows = rows.drop_duplicates(["slice", "trait", "region"])
    columns = list(dict.fromkeys(zip(rows["slice"], rows["region"], strict=True)))
    order = {name: i for i, name in enumerate(results.slices)}
    columns.sort(key=lambda column: (order.get(column[0], len(order)), column[1]))
    traits = [name for name in results.traits if (rows["trait"] == name).any()]
    at = (
        pd.MultiIndex.from_tuples(columns, names=["slice", "region"])
        if columns
        else pd.MultiIndex.from_arrays([[], []])
    )
    matrices = {}
    for value in VALUES:
        if columns and rows[value].notna().any():
            matrix = (
                rows.set_index(["trait", "slice", "region"])[value].unstack("trait").reindex(at).reindex(columns=traits)
            )
            matrices[value] = matrix.to_numpy(np.float64).T
    return {
        "traits": traits,
        "columns": [list(column) for column in columns],
        "values": {name: matrix.tolist() for name, matrix in matrices.items()},
        "trait_order": clustered(_strength(matrices)),
        "column_order": clustered(_strength(matrices).T),
    }


def _strength(matrices: dict[str, np.ndarray]) -> np.ndarray:
    if "p_cauchy" not in matrices:
        return np.zeros((0, 0))
    return np.nan_to_num(np.abs(np.log10(np.clip(matrices["p_cauchy"], 1e-30, 1))))


def clustered(matrix: np.ndarray) -> list[int]:
    """Order of the rows by average linkage of Euclidean distances, leaves ordered; as given for fewer than three."""
    if len(matrix) < 3:
        return list(range(len(matrix)))
    from scipy.cluster.hierarchy import leaves_list, linkage

    return leaves_list(linkage(matrix, "average", optimal_ordering=len(matrix) <= 300)).tolist()


def likeness(results: Results) -> list[dict[str, Any]]:
    """Of each slice, the traits in clustered order, and r and q of each two (rows x columns; r of a trait with itself
    is 1); empty where no maps were correlated."""
    table = results.further.get("trait_correlations")
    found = []
    for name in results.slices if table is not None else ():
        rows = table[(table["slice"] == name) & table["trait_a"].isin(results.traits)]
        rows = rows[rows["trait_b"].isin(results.traits)]
        traits = [trait for trait in results.traits if trait in {*rows["trait_a"], *rows["trait_b"]}]
        if len(traits) < 2:
            continue
        at = {trait: i for i, trait in enumerate(traits)}
        r, q = np.eye(len(traits)), np.full((len(traits),) * 2, np.nan)
        for row in rows.itertuples():
            i, j = at[row.trait_a], at[row.trait_b]
            r[i, j] = r[j, i] = row.r
            q[i, j] = q[j, i] = row.q
        order = clustered(np.nan_to_num(r))
        square = np.ix_(order, order)
        found.append(
            {"slice": name, "traits": [traits[i] for i in order], "r": r[square].tolist(), "q": q[square].tolist()}
        )
    return found
