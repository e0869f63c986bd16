"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path

import bench_tables as tables
import psutil
from bench_compare import Row
from bench_equality import Agreement
from bench_measure import GB
from bench_scaling import SPECIFICITY, Atlas, Measured, extrapolate
from bench_study import Size

ATLAS_SPOTS = 10_000_000


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` measured, and on what."""

    size: Size
    threads: int
    machine: str
    versions: str
    gsmap_versions: str
    rows: list[Row]
    agreements: list[Agreement]
    phases: dict[str, dict[str, float]] = field(default_factory=dict)
    compilation: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scaling:
    """What ``scale`` measured, and on what."""

    genes: int
    threads: int
    machine: str
    versions: str
    measured: list[Measured]

    def atlas(self) -> list[Atlas]:
        """Ten million spots, by the curves."""
        named = ((SPECIFICITY, "gene specificity"), ("shared", "regression, gene space, a trait"))
        exact = (("spot", "regression, exact, a trait"),)
        found = (extrapolate(self.measured, method, ATLAS_SPOTS, name) for method, name in (*named, *exact))
        return [each for each in found if each]


def machine() -> str:
    """Processor, cores and memory of this machine."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = psutil.virtual_memory().total / GB
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}"


def page(comparison: Comparison | None, scaling: Scaling | None, figure: str) -> str:
    """The whole page; a part that was not measured says so. ``figure`` is its path from the page."""
    parts = [HEAD, *_comparison(comparison), *_scaling(scaling, figure)]
    return "\n\n".join(parts) + "\n"


HEAD = """# Benchmarks

Written by `make bench`; run it to measure your own machine. Processor time (CPU) is user and system time of a command
and its children, start-up included; peak memory is what the command and its children held at once
(resident, 1e9 bytes)."""


def _comparison(found: Comparison | None) -> list[str]:
    head = "## Beside gsMap"
    if found is None:
        return [head, 'Not measured: `make bench BENCH="--parts compare"`.']
    return [
        head,
        _study(found),
        tables.stages(found.rows).markdown(),
        *_phases(found.phases),
        *_compilation(found.compilation),
        "### Are the results the same?",
        SAME,
        tables.agreements(found.agreements).markdown(),
        "### Commands",
        _commands(found.rows),
        _where(found.machine, found.versions, f"gsMap's environment: {found.gsmap_versions}."),
    ]


def _study(found: Comparison) -> str:
    size = found.size
    return f"""A simulated study of {size.spots:,} spots x {size.genes:,} genes with {size.snps:,} panel SNPs of 500
people and two traits. Each stage ran as a command of its own, ours and gsMap's in turn, {_threads(found.threads)} each,
with gsMap's settings: its gene and LD windows, microdomains of 21 spots out of 101, 200 jackknife blocks, the MHC kept,
the same embedding. gsMap takes further traits one command each, so its cost of one trait stands beside ours of a
further one; ours is a ninth of the difference between ten traits and one in one process (as the pipeline runs them:
`--traits_per_task`)."""


SAME = """gsMap keeps ranks, scores and LD scores in float16. That flips scores whose rank ratio is next to 1, where
they jump from 0 to 1.72, and so moves the z that follow; from the same scores, z agree to the precision of its LD
scores. The gene space takes one vector of regression weights for all spots: another estimator, so its z are near, not
the same ([method](method.md))."""


def _threads(threads: int) -> str:
    return "one thread" if threads == 1 else f"{threads} threads"


def _phases(phases: dict[str, dict[str, float]]) -> list[str]:
    if not phases:
        return []
    names = {"spot": "exact", "shared": "gene space"}
    parts = [
        f"{names[weights]}: " + ", ".join(f"{name} {tables.number(seconds)}" for name, seconds in each.items())
        for weights, each in phases.items()
    ]
    return [f"Where the CPU seconds of one trait's regression go: {'; '.join(parts)}."]


def _compilation(seconds: dict[str, float]) -> list[str]:
    if not seconds:
        return []
    names = {"gss": "gene specificity", "ld": "LD scores", "exact": "regression, exact"}
    parts = ", ".join(f"{names[stage]} {tables.number(each)}" for stage, each in seconds.items())
    return [
        f"The first run on a machine compiles the loops and keeps them (`NUMBA_CACHE_DIR`); CPU seconds more: {parts}."
    ]


def _commands(rows: list[Row]) -> str:
    lines = [line for row in rows for line in (row.ours.command, row.theirs.command if row.theirs else "")]
    return "```bash\n" + "\n".join(dict.fromkeys(filter(None, lines))) + "\n```"


def _where(machine: str, ours: str, more: str = "") -> str:
    return f"Machine: {machine}. Ours: {ours}. {more}".strip()


def _scaling(found: Scaling | None, figure: str) -> list[str]:
    head = "## By size"
    if found is None:
        return [head, 'Not measured: `make bench BENCH="--parts scaling"`.']
    atlas = found.atlas()
    parts = [
        head,
        f"Synthetic scores and LD of realistic sparsity, {found.genes:,} genes, {_threads(found.threads)}.",
        f"![Processor time and peak memory by spots, SNPs and traits]({figure})",
        tables.curve(found.measured).markdown(),
    ]
    if atlas:
        parts += ["### An atlas of 10 million spots", _atlas_words(atlas), tables.atlas(atlas).markdown()]
    return [*parts, _where(found.machine, found.versions)]


def _atlas_words(atlas: list[Atlas]) -> str:
    lines = [
        f"{each.step}: {tables.number(max(each.line.start, 0.0))} s + {each.line.slope * 1000:.3g} s per 1,000 spots"
        for each in atlas
    ]
    return (
        "In slices as large as the largest that was measured, one task each; tasks run side by side on a cluster.\n"
        f"CPU seconds by spots, as straight lines through the measured sizes: {'; '.join(lines)}."
    )
