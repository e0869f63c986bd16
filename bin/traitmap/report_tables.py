"""What the page's tables show: columns with their help, rows with exact values beside the readable ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from traitmap.report_results import Account, Association, Results
from traitmap.report_words import P_NAMES, number, p_value, share


@dataclass(frozen=True)
class Column:
    """A column: its key in the table, heading, what it means, and how it is written."""

    key: str
    title: str
    help: str
    kind: str = "number"  # text, count, p, ratio, share, number


REGION_COLUMNS = (
    Column("scope", "Scope", "One slice, a group of slices, or all slices combined", "text"),
    Column("slice", "Slice", "Slice of tissue (or group)", "text"),
    Column("trait", "Trait", "Trait of the GWAS", "text"),
    Column("region", "Region", "Region label of the annotation", "text"),
    Column("n_spots", "Spots", "Spots with this label", "count"),
    Column("p_cauchy", "P Cauchy", "Cauchy combination of the P values of the region's spots", "p"),
    Column("p_mean", "P mean", "Regression on the region's mean specificity; uses the spots' covariance", "p"),
    Column("p_contrast", "P contrast", "Region minus the other spots: what is particular to this region", "p"),
    Column("q", "q", "False discovery rate (Benjamini–Hochberg) over the whole run, of the P marked •", "p"),
    Column("odds_ratio", "Odds ratio", "Odds of being among the top spots, inside against outside the region", "ratio"),
    Column("share_top", "Top spots", "Share of the region's spots that are among the top spots", "share"),
    Column("flags", "Remarks", "What to bear in mind", "text"),
)

GENE_COLUMNS = (
    Column("gene", "Gene", "Gene symbol (human)", "text"),
    Column("pcc", "r", "Pearson correlation, over spots, of the gene's GSS with −log10 P"),
    Column("region", "Region", "Region where the gene's median GSS is largest", "text"),
    Column("median_gss", "GSS", "Median gene specificity score in that region"),
    Column("share_expressed", "Specific", "Share of spots in which the gene is specific (GSS above 0)", "share"),
    Column("expressed", "Expressed", "Share of spots with a count of the gene", "share"),
    Column("drives", "Drives", "Associated region that the gene is a candidate driver of", "text"),
)

FACT_HELP = {
    "n_snps": "SNPs in the regression",
    "mean_chi2": "mean χ² of these SNPs: above 1 there is signal",
    "lambda_gc": "median χ² / 0.456: genomic control inflation",
    "h2": "observed-scale heritability by LD score regression",
    "intercept": "LD score regression intercept: above 1 hints at confounding",
    "blocks": "blocks of the jackknife",
}


def exact(value: Any) -> str:
    """The value as a machine reads it back: shortest text of the same float64; empty where missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    value = value.item() if hasattr(value, "item") else value
    return repr(value) if isinstance(value, float) else str(value)


def written(value: Any, kind: str) -> str:
    """The value as people read it."""
    if kind == "text":
        return str(value)
    if kind in ("count", "number", "ratio"):
        return number(value)
    return p_value(value) if kind == "p" else share(value)


def region_columns(results: Results) -> list[Column]:
    """The columns that hold something; scope only where there is more than one."""
    table = results.summary
    columns = []
    for column in REGION_COLUMNS:
        values = table[column.key]
        if column.key == "scope" and values.nunique() < 2:
            continue
        if column.kind == "text" and column.key in ("flags", "slice") and (values == "").all():
            continue
        if column.kind != "text" and not values.notna().any():
            continue
        marked = column.key == results.q_from and table["q"].notna().any()
        columns.append(replace(column, title=f"{column.title} •") if marked else column)
    return columns


def region_rows(results: Results, columns: list[Column]) -> list[dict[str, Any]]:
    """Rows in order of q, then P: cells of (exact, written, bar 0..1), and whether q is significant."""
    table = results.summary.sort_values(["q", results.q_from], kind="stable", na_position="last")
    tests = [table[name] for name in P_NAMES]
    bars = {c.key: _bars(table[c.key], c.kind, tests if c.key in P_NAMES else [table[c.key]]) for c in columns}
    rows = []
    for place, (_, row) in enumerate(table.iterrows()):
        cells = [
            (exact(row[c.key]), written(row[c.key], c.kind), None if bars[c.key] is None else float(bars[c.key][place]))
            for c in columns
        ]
        rows.append(
            {
                "cells": cells,
                "scope": row["scope"],
                "slice": row["slice"],
                "trait": row["trait"],
                "region": row["region"],
                "significant": bool(row["q"] < results.choices.fdr),
            }
        )
    return rows


def _bars(values: pd.Series, kind: str, scale: list[pd.Series]) -> np.ndarray | None:
    """Lengths 0..1 of the bars behind ``values``; 1 is the largest of ``scale``, the columns to compare by eye."""
    if kind in ("text", "count"):
        return None
    tops = [lengths(column, kind).max(initial=0) for column in scale]
    return np.round(lengths(values, kind) / max(*tops, 2.0 if kind == "p" else 1e-12), 4)


def lengths(values: pd.Series, kind: str) -> np.ndarray:
    """How long bars of ``values`` are, in one unit for each kind: -log10 P, log2 of a ratio, else the value; or 0."""
    given = values.to_numpy(np.float64)
    if kind == "p":
        given = np.abs(np.log10(np.clip(given, 1e-300, 1)))
    elif kind == "ratio":
        given = np.log2(np.clip(np.where(np.isinf(given), 1e6, given), 1, None))
    return np.where(np.isfinite(given), given, 0)


def account_view(account: Account) -> dict[str, Any]:
    """An account as the page shows it: per thing counted, lines with shares, and whether they add up."""
    things: dict[str, list[dict[str, Any]]] = {}
    for count in account.counts:
        things.setdefault(str(count.get("of", "")), []).append(count)
    groups = []
    for of, counts in things.items():
        start = next((c["n"] for c in counts if c.get("kind") == "in"), 0)
        lines = [
            {
                "what": c.get("what", ""),
                "kind": c.get("kind", ""),
                "n": number(c["n"]),
                "exact": c["n"],
                "share": c["n"] / start if start else None,
                "percent": share(c["n"] / start) if start else "",
            }
            for c in counts
        ]
        groups.append({"of": of, "lines": lines, "balance": _balance(counts)})
    facts = [(name.replace("_", " "), FACT_HELP.get(name, ""), text) for name, text in _flat(account.facts)]
    _balance_across(account.counts, groups)
    return {
        "step": account.step,
        "subject": account.subject,
        "groups": groups,
        "facts": facts,
        "warnings": account.warnings,
        "source": account.source,
    }


def _balance(counts: list[dict[str, Any]]) -> int | None:
    """Things read, less removed, less kept: 0 where all are accounted for; None where that cannot be told."""
    kinds = [c.get("kind") for c in counts]
    if kinds.count("in") != 1 or kinds.count("out") != 1:
        return None
    sign = {"in": 1, "removed": -1, "out": -1}
    return int(sum(sign.get(c.get("kind"), 0) * c["n"] for c in counts))


def _balance_across(counts: list[dict[str, Any]], groups: list[dict[str, Any]]) -> None:
    """Where rows come in and SNPs go out, say that they add up if they do; of unlike things nothing else is said."""
    kinds = [c.get("kind") for c in counts]
    whole = len(groups) == 2 and all(group["balance"] is None for group in groups)
    if whole and kinds.count("in") == 1 and kinds.count("out") == 1 and _balance(counts) == 0:
        groups[-1]["balance"] = 0


def _flat(facts: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{before}{name}: ")
        elif isinstance(value, list):
            text = ", ".join(written(item, "number") if item is not None else "" for item in value[:20])
            lines.append((before + name, text + (" …" if len(value) > 20 else "")))
        else:
            lines.append((before + name, _fact(name, value)))
    return lines


def _fact(name: str, value: Any) -> str:
    small_p = isinstance(value, (int, float)) and not isinstance(value, bool) and name.rsplit("_", 1)[-1] == "p"
    return p_value(float(value)) if small_p else number(value, 4)


def trust_rows(results: Results) -> list[dict[str, str]]:
    """One line a slice x trait with the regression's facts that tell whether to believe it."""
    rows = []
    for number_of, account in enumerate(results.accounts):
        if account.step != "regress_spots":
            continue
        pair = next((p for p in results.associations.values() if p.account is account), None)
        if pair is None:
            continue
        facts = account.facts
        row = {"slice": pair.slice, "trait": pair.trait, "account": str(number_of)}
        row |= {name: number(facts.get(name)) for name in ("n_snps", "mean_chi2", "lambda_gc")}
        row |= {name: _with_error(facts, name) for name in ("h2", "intercept")}
        row["smallest_p"] = _smallest_p(pair)
        row["attainable_p"] = p_value(facts.get("smallest_attainable_p"))
        row["warnings"] = str(len(account.warnings))
        rows.append(row)
    return rows


def _with_error(facts: dict[str, Any], name: str) -> str:
    error = facts.get(f"{name}_se")
    return number(facts.get(name)) + (f" ± {number(error, 2)}" if error is not None else "")


def _smallest_p(pair: Association) -> str:
    if pair.spots is None or not pair.spots["neg_log10_p"].notna().any():
        return p_value(None)
    return p_value(10.0 ** -float(pair.spots["neg_log10_p"].max()))


def microdomain_rows(results: Results) -> tuple[list[str], list[dict[str, Any]]]:
    """Per slice, median and quartiles of each number that its spots carry, and the share of spots with each mark."""
    names: dict[str, None] = {}
    rows = []
    for found in results.slices.values():
        if found.microdomain is None:
            continue
        cells = {}
        for column in found.microdomain:
            names[str(column)] = None
            if found.microdomain[column].dtype == bool:
                cells[str(column)] = share(float(found.microdomain[column].mean()))
                continue
            low, middle, high = np.nanpercentile(found.microdomain[column].to_numpy(float), [25, 50, 75])
            cells[str(column)] = f"{number(float(middle))} ({number(float(low))} – {number(float(high))})"
        rows.append({"slice": found.name, "cells": cells})
    return list(names), rows
