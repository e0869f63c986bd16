"""Figures of calibration and power: colours that the colour-blind can tell apart (Okabe and Ito), and shapes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from calibrate_summary import ALL, ALPHA, KINDS, TESTS, long_p
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE = {
    "cauchy": ("#D55E00", "o"),
    "cauchy_gsmap": ("#E69F00", "s"),
    "mean": ("#0072B2", "^"),
    "contrast": ("#009E73", "D"),
}
KIND_COLOURS = {"uniform": "#0072B2", "genes": "#E69F00", "random_genes": "#D55E00"}
WEIGHTS = {"spot": "weights of each spot", "shared": "shared weights"}
GREY = "#666666"


def figure_of(rows: int, columns: int, size: tuple[float, float], **options: object) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as SVG or, where there are thousands of points, PNG: the same bytes for the same numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unsigned = {".svg": {"Date": None, "Creator": "traitmap"}, ".png": {"Software": None}}
    with mpl.rc_context({"svg.hashsalt": "traitmap", "svg.fonttype": "path"}):
        figure.savefig(path, dpi=130, metadata=unsigned[path.suffix])


def draw_quantiles(regions: pd.DataFrame, configuration: str) -> Figure:
    """Observed against expected -log10 P of regions under the three nulls, a line a test."""
    table = long_p(regions[regions["configuration"] == configuration])
    figure, axes = figure_of(len(WEIGHTS), len(KINDS), (9.5, 6.2), sharex=True, sharey=True)
    for row, (weights, says) in zip(axes, WEIGHTS.items(), strict=True):
        for axis, (kind, label) in zip(row, KINDS.items(), strict=True):
            part = table[(table["weights"] == weights) & (table["kind"] == kind)]
            for test, name in TESTS.items():
                p = np.sort(part.loc[part["test"] == test, "p"].to_numpy())
                expected = -np.log10((np.arange(len(p)) + 0.5) / max(len(p), 1))
                colour, marker = STYLE[test]
                axis.plot(expected, -np.log10(p), marker, ms=3, color=colour, label=name, lw=0, mew=0, alpha=0.8)
            axis.axline((0, 0), slope=1, color=GREY, lw=0.8)
            axis.set_title(f"null: {label}; {says}", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("expected −log10 P")
    for axis in axes[:, 0]:
        axis.set_ylabel("observed −log10 P of regions")
    axes[0, 0].legend(fontsize=8, frameon=False)
    return figure


def draw_spots(spots: pd.DataFrame, configuration: str) -> Figure:
    """Per null trait: the share of spots with P < 0.05, and genomic inflation."""
    table = spots[(spots["configuration"] == configuration) & spots["kind"].isin(KINDS)]
    figure, axes = figure_of(1, 2, (9.5, 3.4))
    rng = np.random.default_rng(0)
    for axis, column, says, expected in (
        (axes[0, 0], "share_05", "share of a trait's spots with P < 0.05", ALPHA),
        (axes[0, 1], "lambda_gc", "genomic inflation of a trait's spots", 1.0),
    ):
        labels = []
        for at, (weights, kind) in enumerate((w, k) for w in WEIGHTS for k in KINDS):
            values = table.loc[(table["weights"] == weights) & (table["kind"] == kind), column].to_numpy()
            jitter = at + rng.uniform(-0.25, 0.25, len(values))
            axis.plot(jitter, values, "o", ms=3, color=KIND_COLOURS[kind], alpha=0.5, mew=0)
            middle = np.mean(values) if column == "share_05" else np.median(values)
            axis.plot([at - 0.35, at + 0.35], [middle, middle], color="black", lw=1.5)
            labels.append(KINDS[kind].replace(" ", "\n", 1) + f"\n({weights})")
        axis.axhline(expected, color=GREY, lw=0.8, ls="--")
        axis.set_xticks(range(len(labels)), labels, fontsize=7)
        axis.set_ylabel(says, fontsize=8)
    return figure


def draw_power(power: pd.DataFrame, configuration: str) -> Figure:
    """Power against enrichment, a line a test; below, at an equal family-wise error."""
    table = power[power["configuration"] == configuration]
    figure, axes = figure_of(2, len(WEIGHTS), (8.5, 6.2), sharex=True, sharey=True)
    for row, (column, says) in zip(
        axes,
        {"power": "power at P < 0.05 / regions", "fair_power": "power at equal family-wise error"}.items(),
        strict=True,
    ):
        for axis, (weights, title) in zip(row, WEIGHTS.items(), strict=True):
            part = table[table["weights"] == weights]
            _lines(axis, part, column)
            axis.set_title(title, fontsize=9)
        row[0].set_ylabel(says)
    for axis in axes[-1]:
        axis.set_xlabel("enrichment of the region's marker genes")
    axes[0, 0].legend(fontsize=8, frameon=False)
    return figure


def _lines(axis: Axes, part: pd.DataFrame, column: str) -> None:
    for test, name in TESTS.items():
        own = part[part["test"] == test].sort_values("enrichment")
        colour, marker = STYLE[test]
        axis.plot(own["enrichment"], own[column], marker=marker, color=colour, label=name, lw=1.5, ms=5)
    axis.set_xscale("log", base=2)
    axis.set_xticks(own["enrichment"], [f"{value:g}" for value in own["enrichment"]])
    axis.set_ylim(-0.03, 1.03)


def draw_configurations(nulls: pd.DataFrame, gains: pd.DataFrame, names: list[str]) -> Figure:
    """A row for each configuration of ``names``: false positives under the nulls, and what the causal region's z gains
    over the first (with two standard errors)."""
    figure, axes = figure_of(1, 2, (8.5, 0.34 * len(names) + 1.4), sharey=True)
    places = np.arange(len(names))
    null, gain = nulls[nulls["kind"] == ALL].set_index("configuration"), gains.set_index("configuration")
    for shift, (test, label) in zip((-0.24, -0.08, 0.08, 0.24), TESTS.items(), strict=True):
        colour, marker = STYLE[test]
        values = null.loc[null["test"] == test, "share_05"].reindex(names)
        axes[0, 0].plot(values, places + shift, marker, color=colour, ms=5, label=label)
        own = gain[gain["test"] == test].reindex(names)
        axes[0, 1].errorbar(
            own["gain"], places + shift, xerr=2 * own["gain_se"], fmt=marker, color=colour, ms=5, lw=1, ls=""
        )
    axes[0, 0].set_xlabel("null GWAS: share of regions with P < 0.05", fontsize=8)
    axes[0, 0].set_xlim(left=0)
    axes[0, 0].axvline(ALPHA, color=GREY, lw=0.8, ls="--")
    axes[0, 1].set_xlabel(f"causal GWAS: gain in z of the causal region over {names[0]}", fontsize=8)
    axes[0, 1].axvline(0, color=GREY, lw=0.8, ls="--")
    for axis in axes[0]:
        axis.grid(axis="y", lw=0.3)
    axes[0, 0].set_yticks(places, names, fontsize=8)
    axes[0, 0].invert_yaxis()
    figure.legend(loc="outside upper center", ncols=len(TESTS), fontsize=8, frameon=False)
    return figure
