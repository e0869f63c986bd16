"""The scaling curves as a figure."""

from __future__ import annotations

from pathlib import Path

from bench_scaling import Measured

NAMES = {"specificity": "gene specificity", "shared": "regression, gene space", "spot": "regression, exact"}
COLORS = {"specificity": "#b35806", "shared": "#1b7837", "spot": "#542788"}
AXES = {"spots": "spots", "snps": "regression SNPs", "traits": "traits in one run"}


def draw(measured: list[Measured], path: Path) -> None:
    """Write an SVG: processor time above, memory below; by spots, SNPs and traits."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, NullLocator

    plt.rcParams.update({"svg.hashsalt": "traitmap", "font.size": 9, "svg.fonttype": "none"})
    figure, panels = plt.subplots(2, 3, figsize=(10, 5.6), sharex="col", sharey="row", layout="constrained")
    for column, (curve, label) in enumerate(AXES.items()):
        for method, name in NAMES.items():
            here = [each for each in measured if each.used and (each.point.curve, each.point.method) == (curve, method)]
            x = [each.point.at for each in here]
            style = {"color": COLORS[method], "marker": "o", "markersize": 4, "label": f"{name} {_fixed(here, curve)}"}
            if here:
                panels[0, column].plot(x, [each.used.cpu_s for each in here], **style)
                panels[1, column].plot(x, [each.used.peak_gb for each in here], **style)
        sizes = sorted({each.point.at for each in measured if each.used and each.point.curve == curve})
        if not sizes:
            continue
        panels[0, column].legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1))
        panels[1, column].set_xlabel(label)
        for panel in panels[:, column]:
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_xticks(sizes, [EngFormatter(sep="")(size) for size in sizes], minor=False)
            panel.xaxis.set_minor_locator(NullLocator())
            panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.yaxis.set_minor_locator(NullLocator())
            panel.grid(alpha=0.3, which="both", linewidth=0.4)
            panel.spines[["top", "right"]].set_visible(False)
    panels[0, 0].set_ylabel("processor time, s")
    panels[1, 0].set_ylabel("peak memory, GB")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _fixed(here: list[Measured], curve: str) -> str:
    """What does not vary along a curve, in brackets."""
    if not here:
        return ""
    values = {name: getattr(here[0].point, name) for name in ("spots", "snps") if name != curve}
    words = [f"{value:,} {AXES[name].split()[-1]}" for name, value in values.items() if value]
    return f"({', '.join(words)})" if words else ""
