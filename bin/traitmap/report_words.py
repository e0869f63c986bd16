"""Numbers as people read them, and what a run found, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from traitmap.formats import SMALLEST_P
from traitmap.report_results import Results

SIGNIFICANT = 0.05  # near it numbers have more digits; the false discovery rate is the reader's choice
DASH = "–"
P_NAMES = {"p_cauchy": "Cauchy", "p_mean": "mean", "p_contrast": "contrast"}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass
class Finding:
    """One line at the top: a trait, what was found for it, and the pair whose map shows it (None where nothing)."""

    trait: str
    text: str
    slice: str | None
    region: str | None
    significant: bool


def power_of_ten(value: float, digits: int = 2) -> str:
    """2.1×10⁻⁸, the way papers write it."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def p_value(value: Any) -> str:
    """A P or q value with two significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    if value <= SMALLEST_P:
        return f"≤{power_of_ten(SMALLEST_P, 1).removeprefix('1×')}"
    if abs(value - SIGNIFICANT) < 0.1 * SIGNIFICANT:
        return f"{value:.4g}"  # enough digits to see on which side it lies
    return power_of_ten(value) if value < 0.001 else f"{value:.2g}"


def number(value: Any, digits: int = 3) -> str:
    """A number with ``digits`` significant digits and thousands apart; counts whole; a dash where there is none."""
    if isinstance(value, bool) or value is None:
        return DASH if value is None else ("yes" if value else "no")
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return DASH if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace("-", "−")
    if abs(value) < 1e-3:
        return power_of_ten(value, digits).replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def share(value: Any) -> str:
    """A fraction as a percentage."""
    return DASH if value is None or not math.isfinite(value) else f"{100 * value:.3g} %"


def plural(count: int, one: str, many: str | None = None) -> str:
    """``3 slices``, ``1 slice``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def joined(names: list[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def slice_rows(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows about single slices, which the heat map, findings and counts rest on."""
    return summary[summary["scope"] == "slice"] if (summary["scope"] == "slice").any() else summary


def headline(results: Results) -> str:
    """A title from what the run is about: the names where they are few and short, numbers otherwise."""
    sides = []
    for names, one in ((list(results.traits), "trait"), (list(results.slices), "slice")):
        text = joined(names)
        sides.append(text if 0 < len(names) <= 3 and len(text) <= 50 else plural(len(names), one))
    return f"{sides[0]} in {sides[1]}"


def run_sentence(results: Results) -> str:
    """What was done, in one sentence."""
    spots = sum(len(found.spots) for found in results.slices.values() if found.spots is not None)
    text = f"{plural(len(results.slices), 'slice')} ({plural(spots, 'spot')}) × {plural(len(results.traits), 'trait')}"
    counts = snp_counts(results)
    if counts:
        low, high = min(counts), max(counts)
        text += f", {low:,}" + (f" to {high:,}" if high > low else "") + " SNPs in the regressions"
    return text


def snp_counts(results: Results) -> list[int]:
    """Regression SNPs of each slice x trait, where its account tells."""
    accounts = [pair.account for pair in results.associations.values() if pair.account]
    return [int(account.facts["n_snps"]) for account in accounts if "n_snps" in account.facts]


def verdict(results: Results) -> str:
    """The main result in one sentence, honest where nothing is significant."""
    rows = slice_rows(results.summary)
    tested = rows["q"].notna()
    if rows.empty:
        return "No region was tested, or its tables are missing from this folder."
    if not tested.any():
        return f"{plural(len(rows), 'test')} of regions; no q values are available."
    fdr = results.choices.fdr
    hits = rows[rows["q"] < fdr]
    tests = f"{plural(int(tested.sum()), 'test')} (slice × trait × region)"
    if hits.empty:
        best = rows.loc[rows["q"].idxmin()]
        return (
            f"None of {tests} reaches q < {fdr}: no region stands out once all tests of the run are "
            f"counted. The smallest q is {p_value(best['q'])} "
            f"({best['trait']}, {best['region']}, {best['slice']})."
        )
    best = hits.sort_values(["q", results.q_from], kind="stable").iloc[0]
    where = f"{best['region']} ({best['slice']}, q = {p_value(best['q'])})"
    return (
        f"{best['trait']} is associated most strongly with {where}. "
        f"{len(hits)} of {tests} {'reaches' if len(hits) == 1 else 'reach'} q < {fdr}"
        + (f", for {hits['trait'].nunique()} of {len(results.traits)} traits." if len(results.traits) > 1 else ".")
    )


def findings(results: Results, regions_each: int = 3) -> list[Finding]:
    """Traits with associations first, strongest first (by q, then P); then one line for each of the others."""
    rows = slice_rows(results.summary)
    q_from, fdr = results.q_from, results.choices.fdr
    lines = []
    for trait in results.traits:
        mine = rows[(rows["trait"] == trait) & rows["q"].notna()].sort_values(["q", q_from], kind="stable")
        hits = mine[mine["q"] < fdr]
        if mine.empty:
            lines.append(((2.0, 1.0), Finding(trait, "was not tested in any region.", None, None, False)))
        elif hits.empty:
            best = mine.iloc[0]
            text = f"no region reaches q < {fdr}; "
            text += f"nearest is {best['region']} in {best['slice']} ({_strength(best, q_from)})."
            lines.append(((1 + best["q"], best[q_from]), Finding(trait, text, best["slice"], best["region"], False)))
        else:
            best = hits.iloc[0]
            lines.append(
                (
                    (best["q"], best[q_from]),
                    Finding(trait, _hits(mine, hits, regions_each, q_from), best["slice"], best["region"], True),
                )
            )
    return [line for _, line in sorted(lines, key=lambda item: item[0])]


def _hits(mine: pd.DataFrame, hits: pd.DataFrame, most: int, q_from: str) -> str:
    regions = list(hits["region"].unique())
    texts = []
    for region in regions[:most]:
        here = hits[hits["region"] == region]
        of = int((mine["region"] == region).sum())
        where = (
            f"in {here.iloc[0]['slice']}"
            if of == 1
            else f"in {len(here)} of {of} slices, strongest in {here.iloc[0]['slice']}"
        )
        texts.append(f"{region} {where} ({_strength(here.iloc[0], q_from)})")
    more = len(regions) - most
    text = "; ".join(texts) + (f"; and {plural(more, 'further region')}." if more > 0 else ".")
    if hits.iloc[0]["p_contrast"] > SIGNIFICANT:  # False for NaN: nothing is said where the test was not made
        text += " The contrast test does not support the first of these: the signal may not be particular to it."
    return text


def _strength(row: pd.Series, q_from: str) -> str:
    text = f"{P_NAMES[q_from]} P = {p_value(row[q_from])}, q = {p_value(row['q'])}"
    other = "p_contrast" if q_from != "p_contrast" else "p_cauchy"
    if pd.notna(row[other]):
        text += f", {P_NAMES[other]} P = {p_value(row[other])}"
    return text if not pd.notna(row["odds_ratio"]) else f"{text}, odds ratio {number(row['odds_ratio'], 2)}"
