"""The benchmarks as tables of text: one set of rows for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench_compare import Row
from bench_equality import Agreement
from bench_scaling import Atlas, Measured
from rich.table import Table


@dataclass(frozen=True)
class Text:
    """A table of text; all columns but the first hold numbers."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def markdown(self) -> str:
        rule = ("---", *("---:" for _ in self.header[1:]))
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.header, rule, *self.rows))

    def rich(self, title: str) -> Table:
        table = Table(title=title, title_justify="left")
        for i, name in enumerate(self.header):
            table.add_column(name, justify="right" if i else "left")
        for row in self.rows:
            table.add_row(*row)
        return table


def stages(rows: Sequence[Row]) -> Text:
    """Ours beside gsMap's, with ratios and the wanted figures."""
    header = (
        "stage", "CPU s", "gsMap CPU s", "ratio", "wall s", "gsMap wall s", "peak GB", "gsMap peak GB", "wanted", "met",
    )  # fmt: skip
    return Text(header, [_stage(row) for row in rows])


def _stage(row: Row) -> tuple[str, ...]:
    theirs = row.theirs
    return (
        row.stage,
        number(row.ours.cpu_s),
        number(theirs.cpu_s) if theirs else "",
        f"{row.ratio:.0f}x" if row.ratio is not None and row.ours.cpu_s > 0 else "",
        number(row.ours.wall_s),
        number(theirs.wall_s) if theirs else "",
        f"{row.ours.peak_gb:.2f}",
        f"{theirs.peak_gb:.2f}" if theirs else "",
        wanted(row),
        {None: "", True: "yes", False: "**no**"}[row.met],
    )


def wanted(row: Row) -> str:
    """The wanted figures in words."""
    figures = [
        (row.wanted_cpu_s, "<= {:g} CPU s"),
        (row.wanted_gb, "<= {:g} GB"),
        (row.wanted_ratio, ">= {:g}x"),
    ]
    return ", ".join(text.format(figure) for figure, text in figures if figure is not None)


def number(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    digits = 2 if abs(value) < 1 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def agreements(found: Sequence[Agreement]) -> Text:
    """How far results are from gsMap's."""
    header = ("values", "in both", "in one only", "correlation", "median difference", "largest", "largest / SD")
    rows = [
        (
            each.what,
            f"{each.n:,}",
            f"{each.only_one:,}",
            f"{each.correlation:.7f}",
            f"{each.median:.2g}",
            f"{each.largest:.2g}",
            f"{each.relative:.2g}",
        )
        for each in found
    ]
    return Text(header, rows)


def curve(measured: Sequence[Measured]) -> Text:
    """Every point of the scaling curves."""
    header = ("step", "spots", "SNPs", "traits", "CPU s", "wall s", "peak GB")
    names = {"specificity": "gene specificity", "shared": "regression, gene space", "spot": "regression, exact"}
    rows = []
    for each in measured:
        point, used = each.point, each.used
        cost = (
            (number(used.cpu_s), number(used.wall_s), f"{used.peak_gb:.2f}") if used else ("left out: memory", "", "")
        )
        sizes = tuple(f"{size:,}" if size else "" for size in (point.spots, point.snps, point.traits))
        rows.append((names[point.method], *sizes, *cost))
    return Text(header, list(dict.fromkeys(rows)))


def atlas(steps: Sequence[Atlas]) -> Text:
    """What an atlas costs, by step."""
    header = ("step", "tasks (slices)", "spots a slice", "CPU hours", "minutes a task", "peak GB a task")
    rows = [
        (
            each.step,
            f"{each.slices:,}",
            f"{each.slice_spots:,}",
            number(each.cpu_hours),
            number(each.minutes),
            f"{each.peak_gb:.1f}",
        )
        for each in steps
    ]
    return Text(header, rows)
