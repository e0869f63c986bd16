"""Measures the parts, keeps what was measured as JSON, and writes the report of all that is kept."""

from __future__ import annotations

import compileall
import json
import os
from dataclasses import asdict
from pathlib import Path

import bench_gsmap as gsmap
import bench_page as page
import bench_scaling as scaling
import bench_study as study
import bench_tables as tables
from bench_compare import Row, compare
from bench_equality import Agreement
from bench_figure import draw
from bench_measure import ROOT, Usage
from rich.console import Console

from traitmap.cli import say, versions
from traitmap.files import writing

GSMAP = ROOT / ".bench" / "gsmap"


def measure_compare(cache: Path, size: study.Size, threads: int, embedding: bool) -> None:
    """Install, simulate, run both programs and store what they cost as compare.json."""
    program = gsmap.install(GSMAP)
    compileall.compile_dir(ROOT / "bin" / "traitmap", quiet=1)  # as installed packages are, gsMap among them
    simulated = study.simulate(cache / "study", size, os.cpu_count() or 1)
    full = size == study.FULL
    found = compare(simulated, program, cache / "compare", threads, embedding=embedding, wanted=full)
    about = {"size": asdict(size), "threads": threads, "gsmap_versions": gsmap.versions(program)}
    _store(cache / "compare.json", about | _here() | found)


def measure_scale(cache: Path, axes: scaling.Axes, threads: int, keep: bool) -> None:
    """Measure the scaling curves and store them as scaling.json, point by point."""
    measured = []
    for each in scaling.scale(cache / "scaling", axes, threads, keep):
        measured.append(scaling.plain(each))
        _store(cache / "scaling.json", {"genes": axes.genes, "threads": threads, **_here(), "measured": measured})


def _here() -> dict[str, str]:
    return {"machine": page.machine(), "versions": versions()}


def _store(path: Path, facts: dict[str, object]) -> None:
    with writing(path) as beside:
        beside.write_text(json.dumps(facts, indent=1))


def write(cache: Path, docs: Path) -> None:
    """Print and write what is stored of either part, measured now or before."""
    console = Console(width=None if Console().is_terminal else 160)
    compared, scaled = _stored(cache / "compare.json"), _stored(cache / "scaling.json")
    comparison = _comparison(compared) if compared else None
    curves = (
        page.Scaling(**scaled | {"measured": [scaling.from_plain(m) for m in scaled["measured"]]}) if scaled else None
    )
    if comparison:
        console.print(tables.stages(comparison.rows).rich("Beside gsMap"))
        console.print(tables.agreements(comparison.agreements).rich("Agreement with gsMap"))
    if curves:
        console.print(tables.curve(curves.measured).rich("By size"))
        console.print(tables.atlas(curves.atlas()).rich("An atlas of 10 million spots"))
        draw(curves.measured, docs / "images" / "scaling.svg")
    with writing(docs / "benchmarks.md") as beside:
        beside.write_text(page.page(comparison, curves, "images/scaling.svg"))
    say(f"written: {docs / 'benchmarks.md'}")


def _stored(path: Path) -> dict | None:
    return json.loads(path.read_text()) if path.exists() else None


def _comparison(facts: dict) -> page.Comparison:
    rows = [
        Row(**row | {"ours": Usage(**row["ours"]), "theirs": Usage(**row["theirs"]) if row["theirs"] else None})
        for row in facts["rows"]
    ]
    agreements = [Agreement(**each) for each in facts["agreements"]]
    return page.Comparison(**facts | {"size": study.Size(**facts["size"]), "rows": rows, "agreements": agreements})
