"""The figures of one slice x trait: map, regions, genes, Manhattan plot, QQ plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from traitmap.figure_style import (
    ACCENT,
    COLORS,
    NO_REGION,
    RASTER_ABOVE,
    TONES,
    WIDTH,
    bare,
    new_figure,
    short,
)
from traitmap.manhattan import GENOME_WIDE, Manhattan
from traitmap.report_results import Association
from traitmap.report_slices import Slice
from traitmap.report_words import P_NAMES, SIGNIFICANT, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_P = "−log₁₀ P"
NAMED = 10
LOWEST_TOP = 4.0  # scales of -log10 P reach at least this, so that noise does not look like signal
LEGEND_AT_MOST = 40


@dataclass(frozen=True)
class Spots:
    """n spots with a place: names, at (n x 2), log_p (n, NaN where the regression was singular), region."""

    names: np.ndarray
    at: np.ndarray
    log_p: np.ndarray
    region: pd.Categorical | None
    crowded: bool = False  # in clumps, as on a UMAP

    @classmethod
    def of(cls, found: Slice, pair: Association, flip: bool) -> Spots:
        """The spots of a slice with what a trait's regression says of them."""
        log_p = pair.spots.set_index(pair.spots["spot"].astype(str))["neg_log10_p"].reindex(found.spots)
        at = found.coordinates[:, :2] * (1, -1 if flip else 1)
        return cls(found.spots, at, log_p.to_numpy(float), found.region, bool(found.drawn_on))

    def shape(self) -> float:
        """Height over width, within what a page bears."""
        across, up = np.maximum(np.ptp(self.at, axis=0), 1e-9)
        return float(np.clip(up / across, 0.4, 1.4))

    def dot(self, width: float, height: float) -> float:
        """Area of a marker (square points) so that spots nearly touch on axes of this size in inches."""
        across, up = np.maximum(np.ptp(self.at, axis=0), 1e-9)
        spacing = np.sqrt(across * up / len(self.at)) * 72 * min(width / across, height / up)
        return float(np.clip((0.45 if self.crowded else 0.9) * spacing, 0.4, 12) ** 2)


def draw_map(spots: Spots, title: str) -> Figure:
    """-log10 P at each spot, and the regions beside it."""
    panels = 2 if spots.region is not None else 1
    width = (WIDTH - 0.6 * panels) / panels
    height = width * spots.shape()
    rows = int(np.ceil(min(_shown_regions(spots), LEGEND_AT_MOST) / 3)) if panels == 2 else 0
    figure = new_figure(WIDTH if panels == 2 else WIDTH * 0.7, height + 0.5 + 0.16 * rows)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    dot = spots.dot(width, height)
    colors = _values_on_map(axes[0], spots, spots.log_p, dot, (0, top_of(spots.log_p)), "viridis")
    figure.colorbar(colors, ax=axes[0], shrink=0.6, aspect=22, label=LOG_P).outline.set_visible(False)
    _heading(figure, title)
    if panels == 2:
        _regions_on_map(axes[1], spots, dot)
    return figure


def _heading(figure: Figure, text: str) -> None:
    figure.suptitle(short(text, 120), x=0.01, ha="left", fontsize=8.5)


def top_of(log_p: np.ndarray) -> float:
    """Top of a colour scale: the 99.9th percentile, and at least LOWEST_TOP."""
    known = log_p[np.isfinite(log_p)]
    return max(LOWEST_TOP, float(np.quantile(known, 0.999)) if len(known) else 0.0)


def _values_on_map(axes: Axes, spots: Spots, values: np.ndarray, dot: float, span: tuple[float, float], colors: str):
    """Spots coloured by value, the largest on top; those without a value as thin crosses."""
    bare(axes)
    known = np.isfinite(values)
    order = np.flatnonzero(known)[np.argsort(values[known], kind="stable")]
    axes.scatter(*spots.at[~known].T, s=dot * 0.5, c=NO_REGION, marker="x", linewidths=0.4)
    return axes.scatter(
        *spots.at[order].T,
        s=dot,
        c=values[order],
        cmap=colors,
        vmin=span[0],
        vmax=span[1],
        linewidths=0,
        rasterized=len(order) > RASTER_ABOVE,
    )


def _shown_regions(spots: Spots) -> int:
    return len(spots.region.categories) + int((spots.region.codes < 0).any())


def _regions_on_map(axes: Axes, spots: Spots, dot: float) -> None:
    bare(axes)
    codes = spots.region.codes
    for code in range(-1, len(spots.region.categories)):
        here = codes == code
        if here.any():
            axes.scatter(
                *spots.at[here].T,
                s=dot,
                c=NO_REGION if code < 0 else COLORS[code % len(COLORS)],
                label="no region" if code < 0 else short(spots.region.categories[code], 26),
                linewidths=0,
                rasterized=len(codes) > RASTER_ABOVE,
            )
    handles, labels = axes.get_legend_handles_labels()
    few = slice(0, LEGEND_AT_MOST)
    legend = axes.legend(
        handles[few], labels[few], loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, handletextpad=0.2, fontsize=6.5
    )
    for handle in legend.legend_handles:
        handle.set_sizes([18])


def draw_regions(regions: pd.DataFrame, q_from: str, title: str) -> Figure:
    """The P of each region by each test; filled where q is below SIGNIFICANT, the test that q is made of largest."""
    table = regions.sort_values(q_from, ascending=False, kind="stable", na_position="first").reset_index(drop=True)
    figure = new_figure(WIDTH * 0.75, 1.0 + 0.22 * len(table))
    axes = figure.subplots()
    hit = (table["q"] < SIGNIFICANT).to_numpy()
    tests = [name for name in P_NAMES if table[name].notna().any()]
    for number, name in enumerate(tests):
        log_p = -np.log10(np.clip(table[name].to_numpy(float), 1e-300, 1))
        main = name == q_from
        # Small steps up and down, or equal values would hide each other.
        y = np.arange(len(table)) + (number - (len(tests) - 1) / 2) * 0.22
        for filled in (True, False):
            here = hit == filled
            axes.scatter(
                log_p[here],
                y[here],
                s=26 if main else 14,
                marker="os^"[number],
                facecolors=COLORS[number] if filled else "white",
                edgecolors=COLORS[number],
                linewidths=0.9,
                zorder=3,
            )
        axes.scatter([], [], s=20, marker="os^"[number], c=COLORS[number], label=f"P {P_NAMES[name]}")
    axes.set_yticks(
        range(len(table)),
        [f"{short(row.region)} ({row.n_spots:,.0f})" for row in table.itertuples()],
    )
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.set_xlim(left=-0.02 * axes.get_xlim()[1])
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{LOG_P}   (filled: q < {SIGNIFICANT}, from P {P_NAMES[q_from]})")
    _heading(figure, title)
    figure.legend(loc="outside lower right", ncols=len(tests), fontsize=6.5, handletextpad=0.1, columnspacing=1)
    return figure


def draw_genes(
    spots: Spots, genes: pd.DataFrame, scores: dict[str, np.ndarray], expression: pd.DataFrame | None, title: str
) -> Figure:
    """Maps of the first genes: specificity above, expression (where it is known) below."""
    shown = [row for row in genes.itertuples() if row.gene in scores]
    known = expression is not None and any(row.gene in expression for row in shown)
    rows = 2 if known else 1
    width = WIDTH / max(len(shown), 3)
    height = width * spots.shape()
    figure = new_figure(WIDTH, rows * height + 0.12 * rows + 0.5)
    axes = figure.subplots(rows, max(len(shown), 3), squeeze=False)
    dot = spots.dot(width * 0.92, height * 0.92)
    for each in axes.ravel():
        each.set_axis_off()
    for column, row in enumerate(shown):
        values = scores[row.gene]
        _values_on_map(axes[0, column], spots, values, dot, (0, float(values.max()) or 1.0), "cividis")
        axes[0, column].set_title(f"{short(row.gene, 14)}\nr {row.pcc:.2f}", fontsize=7)
        if known and row.gene in expression:
            counts = expression[row.gene].reindex(spots.names).to_numpy(float)
            top = float(np.nanmax(counts, initial=0)) or 1.0
            _values_on_map(axes[1, column], spots, counts, dot, (0, top), "magma_r")
    what = "gene specificity (above), expression (below)" if known else "gene specificity"
    _heading(figure, f"{short(title, 60)}: {what}; r: correlation with {LOG_P}")
    return figure


def draw_manhattan(gwas: Manhattan, trait: str) -> Figure:
    """The GWAS along the genome, with the strongest of the listed genes named."""
    figure = new_figure(WIDTH, 2.5)
    axes = figure.subplots()
    start, ticks, end = {}, {}, 0.0
    spans = {c: gwas.position[gwas.chromosome == c] for c in np.unique(gwas.chromosome)}
    gap = 0.008 * sum(float(np.ptp(span)) for span in spans.values())
    for chromosome, span in spans.items():
        start[chromosome] = end - span.min()
        ticks[chromosome] = end + np.ptp(span) / 2
        end += np.ptp(span) + gap
    x = gwas.position + np.vectorize(start.get, otypes=[float])(gwas.chromosome)
    tone = np.array([TONES[i % 2] for i in np.searchsorted(list(spans), gwas.chromosome)])
    axes.scatter(x, gwas.log_p, s=3, c=tone, linewidths=0, rasterized=len(x) > RASTER_ABOVE)
    axes.axhline(GENOME_WIDE, color="#8a939b", linewidth=0.7, linestyle="--")
    top = max(8.5, float(gwas.log_p.max()) * 1.12)
    taken: list[tuple[float, float]] = []
    for gene, chromosome, position, log_p in sorted(gwas.genes, key=lambda item: -item[3])[:NAMED]:
        at = position + start.get(chromosome, 0)
        axes.scatter([at], [log_p], s=12, c=ACCENT, linewidths=0, zorder=3)
        if all(abs(at - other) > 0.06 * end or abs(log_p - height) > 0.08 * top for other, height in taken):
            axes.annotate(
                short(gene, 18),
                (at, log_p),
                (0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                color="#a1460d",
                style="italic",
            )
            taken.append((at, log_p))
    axes.set_xticks(list(ticks.values()), [str(c) for c in ticks], fontsize=6.5)
    axes.set_xlim(-gap, end)
    axes.set_ylim(0, top)
    axes.set_xlabel("Chromosome")
    axes.set_ylabel(f"{LOG_P} (two-sided)")
    axes.set_title(short(trait, 70), loc="left")
    return figure


def draw_qq(log_p: np.ndarray, title: str) -> Figure | None:
    """Observed against expected -log10 P of the spots; None where no spot has a P."""
    observed = np.sort(log_p[np.isfinite(log_p)])[::-1]
    if not len(observed):
        return None
    expected = -np.log10((np.arange(len(observed)) + 0.5) / len(observed))
    figure = new_figure(WIDTH / 2, WIDTH / 2)
    axes = figure.subplots()
    axes.axline((0, 0), slope=1, color="#8a939b", linewidth=0.7, linestyle="--")
    axes.scatter(expected, observed, s=5, c=TONES[0], linewidths=0, rasterized=len(observed) > RASTER_ABOVE)
    axes.set_xlim(0, expected[0] * 1.04)
    axes.set_ylim(0, max(expected[0], observed[0]) * 1.04)
    axes.set_xlabel(f"Expected {LOG_P}")
    axes.set_ylabel(f"Observed {LOG_P}")
    axes.set_title(
        f"{short(title, 44)}\n{len(observed):,} spots, smallest P {p_value(10.0 ** -observed[0])}", loc="left"
    )
    return figure
