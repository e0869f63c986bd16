"""The curve of plan_power: power against enrichment, a panel a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from traitmap.figure_style import COLORS, WIDTH, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 3  # panels side by side


def draw_power(table: pd.DataFrame, wanted: float) -> Figure:
    """Power of each region's test over enrichment (log scale), a line a sample size and heritability.

    ``wanted``: the power that a dashed line marks.
    """
    regions = list(dict.fromkeys(table["region"]))
    across = min(ACROSS, len(regions))
    down = -(-len(regions) // across)
    figure = new_figure(WIDTH * (0.55 if across == 1 else 1), 0.7 + 1.9 * down)
    axes = np.ravel(figure.subplots(down, across, squeeze=False, sharex=True, sharey=True))
    studies = list(dict.fromkeys(zip(table["n"], table["h2"], strict=True)))
    for each in axes[len(regions) :]:
        each.set_axis_off()
    for panel, region in zip(axes, regions, strict=False):
        panel.axhline(wanted, color="#8a939b", linewidth=0.7, linestyle="--")
        for number, (n, h2) in enumerate(studies):
            rows = table[(table["region"] == region) & (table["n"] == n) & (table["h2"] == h2)]
            rows = rows.sort_values("enrichment")
            panel.plot(
                rows["enrichment"],
                rows["power"],
                color=COLORS[number % len(COLORS)],
                linewidth=1.3,
                marker="o",
                markersize=2.5,
                label=f"N {n:,.0f}, h² {h2:g}",
            )
        panel.set_title(short(region), loc="left")
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.set_ylim(-0.02, 1.04)
    figure.supxlabel("Enrichment of heritability near the region's genes, fold", fontsize=8)
    figure.supylabel(f"Power ({table['test'].iat[0]})", fontsize=8)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=min(4, len(labels)), fontsize=6.5)
    return figure
