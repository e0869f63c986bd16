"""How the cost of our steps grows with spots, SNPs and traits, and what that makes of an atlas."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from bench_compare import REGRESS_TRAITS
from bench_measure import GB, Usage, measure, python, step
from bench_synthetic import GENES, cached, mark, write_genome, write_scores, write_slice

from traitmap.cli import say

SPECIFICITY = "specificity"
SPARE = 0.8  # of the free memory, that a point may be expected to need


@dataclass(frozen=True)
class Point:
    """One run: ``method`` is specificity, or the weights (spot or shared) of a regression."""

    curve: str  # what varies: spots, snps or traits
    method: str
    spots: int
    snps: int = 0
    traits: int = 0

    def __str__(self) -> str:
        sizes = (("spots", self.spots), ("SNPs", self.snps), ("traits", self.traits))
        return f"{self.method}: " + ", ".join(f"{size:,} {name}" for name, size in sizes if size)

    @property
    def at(self) -> int:
        """The value of what varies."""
        return getattr(self, self.curve)


@dataclass(frozen=True)
class Axes:
    """The points of the curves. Exact regressions cost SNPs x spots, so their curves end earlier."""

    genes: int = GENES
    spots: tuple[int, ...] = (2_000, 10_000, 30_000, 60_000, 120_000)
    exact_spots: tuple[int, ...] = (2_000, 5_000, 10_000)
    specificity_spots: tuple[int, ...] = (2_000, 10_000, 30_000, 60_000, 120_000)
    snps: tuple[int, ...] = (50_000, 200_000, 500_000, 1_100_000)
    traits: tuple[int, ...] = (1, 2, 5, 10, 20)
    exact_traits: tuple[int, ...] = (1, 5, 20)
    middle_spots: int = 10_000
    few_spots: int = 2_000  # for many traits, exact


FULL = Axes()
QUICK = Axes(
    genes=600,
    spots=(200, 400),
    exact_spots=(200, 400),
    specificity_spots=(300, 600),
    snps=(5_000, 10_000),
    traits=(1, 2),
    exact_traits=(1, 2),
    middle_spots=200,
    few_spots=200,
)


def points(axes: Axes) -> list[Point]:
    """All points, each curve from its smallest to its largest."""
    most = axes.snps[-1]
    return [
        *(Point("spots", SPECIFICITY, spots) for spots in axes.specificity_spots),
        *(Point("spots", "shared", spots, most, 1) for spots in axes.spots),
        *(Point("snps", "shared", axes.middle_spots, snps, 1) for snps in axes.snps),
        *(Point("traits", "shared", axes.middle_spots, most, traits) for traits in axes.traits),
        *(Point("spots", "spot", spots, most, 1) for spots in axes.exact_spots),
        *(Point("snps", "spot", axes.middle_spots, snps, 1) for snps in axes.snps),
        *(Point("traits", "spot", axes.few_spots, most, traits) for traits in axes.exact_traits),
    ]


@dataclass(frozen=True)
class Inputs:
    """Synthetic inputs, drawn when first asked for and kept in ``folder``."""

    folder: Path
    axes: Axes

    def genome(self, snps: int) -> Path:
        """Folder of a reference with ``snps`` SNPs, and traits on it."""
        traits = max(*self.axes.traits, *self.axes.exact_traits) if snps == self.axes.snps[-1] else 1
        return self._drawn(f"genome_{snps}", snps, traits, write_genome)

    def scores(self, spots: int) -> Path:
        drawn = self._drawn(f"scores_{spots}", spots, 0, lambda at, n, _, genes: write_scores(at / "x.h5ad", n, genes))
        return drawn / "x.h5ad"

    def slice(self, spots: int) -> Path:
        """Folder of slice.h5ad and embedding.h5ad."""
        return self._drawn(f"slice_{spots}", spots, 0, lambda at, n, _, genes: write_slice(at, n, genes))

    def _drawn(self, name: str, size: int, traits: int, write: Callable[[Path, int, int, int], None]) -> Path:
        at, facts = self.folder / name, {"size": size, "traits": traits, "genes": self.axes.genes}
        if not cached(at, facts):
            say(f"drawing {at}")
            write(at, size, traits, self.axes.genes)
            mark(at, facts)
        return at


def command(point: Point, inputs: Inputs, out: Path, threads: int) -> list[str | Path]:
    """The command that a point measures; it writes into the folder ``out``."""
    if point.method == SPECIFICITY:
        drawn = inputs.slice(point.spots)
        given = ("--slice", drawn / "slice.h5ad", "--embedding", drawn / "embedding.h5ad", "--annotation", "annotation")
        return step("score_specificity", *given, "--threads", str(threads), "--out", out / "specificity.h5ad")
    genome = inputs.genome(point.snps)
    traits = [w for i in range(1, point.traits + 1) for w in ("--sumstats", genome / f"trait_{i}.parquet")]
    given = ("--specificity", inputs.scores(point.spots), "--reference", genome / "reference.h5ad", *traits)
    return python(REGRESS_TRAITS, *given, "--weights", point.method, "--threads", str(threads), "--out", out / "traits")


@dataclass(frozen=True)
class Measured:
    """A point and its cost; phases: processor seconds of a regression's parts. None where memory would not do."""

    point: Point
    used: Usage | None
    phases: dict[str, float]


def scale(folder: Path, axes: Axes, threads: int, keep: bool) -> Iterator[Measured]:
    """Measure all points; one whose memory, by the points before it, would not do is left out and said.

    ``keep``: leave the drawn inputs in ``folder`` for another run.
    """
    inputs = Inputs(folder / "inputs", axes)
    out = folder / "out"
    done: dict[Point, Measured] = {}
    for point in points(axes):
        same = replace(point, curve="spots")
        if same in done and done[same].used:
            yield replace(done[same], point=point)
            continue
        before = [(each.point.at, each.used.peak_gb) for each in done.values() if each.used and _precedes(each, point)]
        if not affordable(before, point.at, psutil.virtual_memory().available / GB):
            say(f"{point}: left out, for memory")
            done[same] = Measured(point, None, {})
            yield done[same]
            continue
        words = command(point, inputs, out, threads)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        used = measure(words, folder / "logs" / f"{point.curve}_{point.method}_{point.at}.log", threads)
        say(f"{point}: {used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s, {used.peak_gb:.2f} GB")
        phases = out / "traits" / "phases.json"
        done[same] = Measured(point, used, json.loads(phases.read_text()) if phases.exists() else {})
        yield done[same]
    for drawn in (out, *([] if keep else [inputs.folder])):
        shutil.rmtree(drawn, ignore_errors=True)


def _precedes(measured: Measured, point: Point) -> bool:
    return (measured.point.curve, measured.point.method) == (point.curve, point.method)


def affordable(before: list[tuple[int, float]], at: int, free_gb: float) -> bool:
    """Whether a point at ``at`` fits ``free_gb``, by a line through the last two of ``before`` (at, GB)."""
    if len(before) < 2:
        return True
    line = fit_line(*zip(*before[-2:], strict=True))
    return line.at(at) <= SPARE * free_gb


@dataclass(frozen=True)
class Line:
    """start + slope * x."""

    start: float
    slope: float

    def at(self, x: float) -> float:
        return self.start + self.slope * x


def fit_line(x: list[float] | tuple[float, ...], y: list[float] | tuple[float, ...]) -> Line:
    """Least squares; through one point, proportional to x."""
    if len(x) == 1:
        return Line(0.0, y[0] / x[0])
    slope, start = np.polyfit(np.asarray(x, np.float64), np.asarray(y, np.float64), 1)
    return Line(float(start), float(slope))


@dataclass(frozen=True)
class Atlas:
    """What a step costs on an atlas, in slices of ``slice_spots`` spots; per trait, where the step has one."""

    step: str
    slice_spots: int
    slices: int
    cpu_hours: float
    minutes: float  # of one slice's task
    peak_gb: float  # of one slice's task
    line: Line  # CPU s by spots


def extrapolate(measured: list[Measured], method: str, spots: int, step: str) -> Atlas | None:
    """The atlas as slices of the largest size measured; None where fewer than two sizes are."""
    curve = [each for each in measured if each.used and (each.point.curve, each.point.method) == ("spots", method)]
    if len(curve) < 2:
        return None
    line = fit_line([each.point.spots for each in curve], [each.used.cpu_s for each in curve])
    last = curve[-1]
    slices = -(-spots // last.point.spots)
    hours = slices * last.used.cpu_s / 3600
    return Atlas(step, last.point.spots, slices, hours, last.used.wall_s / 60, last.used.peak_gb, line)


def plain(measured: Measured) -> dict[str, object]:
    """As JSON holds it."""
    return asdict(measured)


def from_plain(facts: dict[str, dict]) -> Measured:
    """The inverse of ``plain``."""
    used = Usage(**facts["used"]) if facts["used"] else None
    return Measured(Point(**facts["point"]), used, facts["phases"])
