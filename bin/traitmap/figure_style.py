"""How the figures for papers look, and how they are saved: small type, no decoration, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from traitmap.files import writing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
WIDTH = 7.2  # inches: two columns of a journal
RASTER_ABOVE = 20_000  # points: more are drawn as a picture within vector formats
DPI = 300

# Okabe and Ito's colours, then Paul Tol's muted ones: told apart with any kind of colour vision; as on the page.
COLORS = (
    "#0072B2 #E69F00 #009E73 #CC79A7 #56B4E9 #D55E00 #F0E442 #332288 #88CCEE "
    "#44AA99 #117733 #999933 #DDCC77 #CC6677 #882255 #AA4499 #6e6e6e"
).split()
NO_REGION = "#b5bcc2"
TONES = ("#0b6e74", "#9db4b8")
ACCENT = "#D55E00"

STYLE = {
    "font.family": "DejaVu Sans",  # ships with matplotlib
    "font.size": 7.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "text.parse_math": False,  # names are the user's: a $ is a $
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "traitmap",
    "pdf.fonttype": 42,
    "savefig.dpi": DPI,
}
UNDATED = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None, "ModDate": None}}


@contextmanager
def drawing() -> Iterator[None]:
    """The style of every figure; a glyph that the font lacks is a box, and no reason to warn."""
    import logging
    import warnings

    import matplotlib

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, without pyplot's memory of it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, stem: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write ``figure`` as ``stem`` plus each format's ending, and return the paths."""
    paths = []
    for name in formats:
        path = stem.with_name(f"{stem.name}.{name}")
        with writing(path) as beside:
            figure.savefig(beside, format=name, metadata=UNDATED[name])
        paths.append(path)
    return paths


def short(text: object, most: int = 34) -> str:
    """A name that fits: its beginning, on one line."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def bare(axes: Axes) -> None:
    """No frame, no ticks, equal units: a map."""
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
