"""Figures of docs/embeddings.md: quality against cost, and one slice with and without microdomains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from calibrate_figures import GREY, figure_of
from compare_study import SCENARIOS, Slice
from compare_ways import DEFAULT, PLAIN, ways
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from traitmap.ledger import Ledger
from traitmap.slices import REGION, read_slice
from traitmap.specificity import read_embedding, score_specificity

COLOURS = ("#D55E00", "#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#222222")
MARKERS = ("s", "o", "^", "D")
MEASURES = {
    "over_genes": "correlation of GSS with the truth",
    "purity": "purity of microdomains",
    "ari": "adjusted Rand index of clusters",
}


def draw_embeddings(runs: pd.DataFrame) -> Figure:
    """Recovery of the truth, purity and clusters against processor time; a colour a model, a marker a slice."""
    figure, axes = figure_of(1, 3, (11, 3.9))
    some = [way for way in ways() if way.of == "embedding"]
    table = runs[runs["of"] == "embedding"].set_index(["way", "slice"])
    for axis, (column, label) in zip(axes[0], MEASURES.items(), strict=True):
        for way, colour in zip(some, COLOURS[: len(some)], strict=True):
            for place, marker in zip(SCENARIOS, MARKERS, strict=True):
                if (way.name, place) in table.index:
                    row = table.loc[(way.name, place)]
                    axis.plot(row["cpu_s"], row[column], marker, color=colour, ms=7, alpha=0.85, mew=0)
        axis.set_xscale("log")
        axis.set_xticks([3, 5, 10, 20, 40], ["3", "5", "10", "20", "40"])
        axis.minorticks_off()
        axis.set_xlabel("processor time of the embedding, s")
        axis.set_ylabel(label)
        axis.grid(color="#dddddd", lw=0.5)
    for way, colour in zip(some, COLOURS[: len(some)], strict=True):
        axes[0, 0].plot([], [], "o", color=colour, mew=0, label=way.says.replace("`", ""))
    for place, marker in zip(SCENARIOS, MARKERS, strict=True):
        axes[0, 0].plot([], [], marker, color=GREY, mew=0, label=place)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8, frameon=False
    )
    return figure


def draw_toy(each: Slice, embedding: Path) -> Figure:
    """One gene on one slice: the truth, counts, GSS of single spots and of microdomains; the regions beside them."""
    data = read_slice(each.path, Ledger("", ""), layer=each.layer, annotation="annotation")
    values = read_embedding(embedding, data.obs_names)
    alone = score_specificity(data, values, Ledger("", ""), replace(PLAIN, neighbors=1))
    whole = score_specificity(data, values, Ledger("", ""), DEFAULT)
    true, genes = each.truth
    at = pd.Index(genes).get_indexer(whole.var_names)
    gene = _typical_gene(data, whole.var_names, true[:, at])
    column = whole.var_names.get_loc(gene)
    panels = {
        "regions": data.obs[REGION].cat.codes.to_numpy(),
        "truth": true[:, at[column]],
        "counts": data[:, gene].X.toarray().ravel(),
        "GSS of single spots": alone[:, gene].X.toarray().ravel(),
        "GSS of microdomains": whole.X[:, [column]].toarray().ravel(),
    }
    figure, axes = figure_of(1, len(panels), (13, 3.1))
    for axis, (name, shown) in zip(axes[0], panels.items(), strict=True):
        colours = (
            {"cmap": "tab10", "vmax": 9} if name == "regions" else {"cmap": "viridis", "vmax": np.quantile(shown, 0.99)}
        )
        axis.scatter(*data.obsm["spatial"].T, c=shown, s=4, marker="h", lw=0, vmin=0, **colours)
        agreement = "" if name in ("regions", "truth") else f"\ncorrelation {spearmanr(shown, panels['truth'])[0]:.2f}"
        axis.set_title(f"{name}{agreement}", fontsize=9)
        axis.set_aspect("equal")
        axis.axis("off")
    figure.suptitle(f"The gene {gene} on the slice with layers", fontsize=10)
    return figure


def _typical_gene(data, names: pd.Index, true: np.ndarray) -> str:
    """Of the genes whose true score differs most between regions, the one that a twentieth of them exceed in counts."""
    codes = data.obs[REGION].cat.codes.to_numpy()
    means = np.stack([true[codes == code].mean(axis=0) for code in range(codes.max() + 1)])
    marked = np.argsort(-means.std(axis=0), kind="stable")[:101]
    counts = np.asarray(data[:, names[marked]].X.sum(axis=0)).ravel()
    return str(names[marked[np.argsort(counts, kind="stable")[95]]])
