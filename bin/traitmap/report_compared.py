"""What the page shows of the methods beside ldsc: scores of spots, a table of regions by method, their agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from traitmap.compare_methods import CONSENSUS, LDSC, SCDRS_METHOD
from traitmap.report_pack import pack
from traitmap.report_results import Association, Results
from traitmap.report_tables import Column, exact, lengths, written

NAMES = {
    LDSC: "ldsc",
    SCDRS_METHOD: "scDRS",
    CONSENSUS: "consensus",
    "aucell": "AUCell",
    "module_score": "module score",
}


@dataclass(frozen=True)
class Score:
    """A column of methods.parquet that is drawn: the method, what the axis says, whether 0 is its middle."""

    method: str
    column: str
    title: str
    signed: bool


SCORES = (
    Score(SCDRS_METHOD, "scdrs_z", "z of scDRS", True),
    Score("aucell", "aucell", "AUCell", False),
    Score("module_score", "module_score", "module score", False),
    Score(CONSENSUS, "consensus_neg_log10_p", "−log10 P of the consensus", False),
)


def compared_methods(results: Results) -> list[str]:
    """The methods that the run has, ldsc first; none where it has ldsc alone."""
    if results.methods is None or results.methods.empty:
        return []
    found = set(results.methods["method"])
    return [name for name in NAMES if name in found]


def compared_payload(results: Results) -> dict[str, Any] | None:
    """For the scripts: the methods, each score that any pair has, the regions' numbers and the agreements."""
    methods = compared_methods(results)
    if not methods:
        return None
    regions = results.methods[["slice", "trait", "region", "method", "auc", "z", "p", "q"]]
    agreement = results.agreement if results.agreement is not None else pd.DataFrame()
    scores = [score for score in SCORES if score.method in methods]
    return {
        "methods": [{"method": name, "name": NAMES[name]} for name in methods],
        "scores": [vars(score) for score in scores],
        "regions": regions.to_numpy(object).tolist(),
        "agreement": agreement.to_numpy(object).tolist(),
    }


def packed_scores(pair: Association, spots: np.ndarray) -> dict[str, Any]:
    """The scores of a pair by method, at ``spots`` (names) in their order; empty where no other method ran."""
    if pair.methods is None:
        return {}
    table = pair.methods.set_index(pair.methods["spot"].astype(str)).reindex(spots)
    return {score.method: pack(table[score.column].to_numpy(float)) for score in SCORES if score.column in table}


def compared_table(results: Results) -> tuple[list[Column], list[list[tuple[str, str, float | None]]]]:
    """Columns, and rows of cells (exact, written, bar 0..1): a slice, trait and region each, smallest P first."""
    methods = compared_methods(results)
    if not methods:
        return [], []
    wide = results.methods.pivot_table(
        index=["slice", "trait", "region", "n_spots"], columns="method", values=["p", "q", "auc"], dropna=False
    )
    wide = wide.loc[:, wide.notna().any()].dropna(how="all")
    wide.columns = [f"{what}_{method}" for what, method in wide.columns]
    table = wide.reset_index()
    first = next(name for name in (f"p_{CONSENSUS}", f"p_{LDSC}") if name in table)
    table = table.sort_values(first, kind="stable", na_position="last")
    columns = _columns(table, methods)
    p_columns = [table[column.key] for column in columns if column.key.startswith("p_")]
    bars = {column.key: _bars(table[column.key], column, p_columns) for column in columns}
    rows = []
    for place, (_, row) in enumerate(table.iterrows()):
        rows.append(
            [
                (exact(row[c.key]), written(row[c.key], c.kind), None if bars[c.key] is None else bars[c.key][place])
                for c in columns
            ]
        )
    return columns, rows


def _columns(table: pd.DataFrame, methods: list[str]) -> list[Column]:
    columns = [
        Column("slice", "Slice", "Slice of tissue", "text"),
        Column("trait", "Trait", "Trait of the GWAS", "text"),
        Column("region", "Region", "Region label of the annotation", "text"),
        Column("n_spots", "Spots", "Spots with this label", "count"),
    ]
    helps = {
        LDSC: "P of the regression: the one that q is made of",
        SCDRS_METHOD: "Monte Carlo P of scDRS: the region's scores against those of control gene sets",
        CONSENSUS: "Cauchy combination of the P of ldsc and scDRS",
    }
    columns += [Column(f"p_{name}", f"P {NAMES[name]}", helps[name], "p") for name in methods if name in helps]
    columns.append(Column(f"q_{CONSENSUS}", "q consensus", "False discovery rate over the run, of the consensus", "p"))
    columns += [
        Column(f"auc_{name}", f"AUC {NAMES[name]}", "Probability that a spot inside scores above one outside: 0.5 none")
        for name in methods
    ]
    only_one = table["slice"].nunique() < 2
    return [column for column in columns if column.key in table and not (column.key == "slice" and only_one)]


def _bars(values: pd.Series, column: Column, p_columns: list[pd.Series]) -> list[float] | None:
    if column.kind in ("text", "count"):
        return None
    if column.key.startswith("auc_"):
        return np.clip(2 * np.nan_to_num(values.to_numpy(float), nan=0.5) - 1, 0, 1).round(4).tolist()
    top = max(lengths(other, "p").max(initial=2.0) for other in p_columns)
    return (lengths(values, "p") / top).clip(0, 1).round(4).tolist()
