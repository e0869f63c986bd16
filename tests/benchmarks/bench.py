#!/usr/bin/env python3
"""What the steps cost, beside gsMap and by size; writes docs/benchmarks.md. `make bench`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bin"), str(Path(__file__).resolve().parent)]

from traitmap.cli import run, say  # noqa: E402
from traitmap.errors import InputError  # noqa: E402

PARTS = ("compare", "embedding", "scaling")
BUSY = 0.5  # load of the machine above which timings are not to be trusted


def main(
    work: Annotated[Path, typer.Option(help="Folder of the study and of what was measured; a study there is kept.")],
    docs: Annotated[Path, typer.Option(help="Folder to write benchmarks.md into; images/ beside it.")],
    parts: Annotated[
        str, typer.Option(help="compare, scaling, or both; embedding adds its minutes to compare.")
    ] = "compare,scaling",
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes, to try it; writes into WORK/quick.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Of both programs, in compare.")] = 1,
    scaling_threads: Annotated[int | None, typer.Option(min=1, help="In scaling. [default: all cores]")] = None,
    keep_drawn: Annotated[
        bool, typer.Option("--keep-drawn", help="Keep the synthetic inputs of scaling (20 GB) for another run.")
    ] = False,
) -> None:
    """Measure our steps beside gsMap's and by size, print the tables and write benchmarks.md."""
    wanted = set(parts.split(","))
    if unknown := wanted - set(PARTS):
        raise InputError(f"--parts {','.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    import bench_report as report
    import bench_scaling as scaling
    import bench_study as study
    from bench_measure import CommandError

    if os.getloadavg()[0] > BUSY:
        say(f"warning: the machine is busy (load {os.getloadavg()[0]:.1f}): timings will be too long")
    work, docs = work.resolve(), docs.resolve()
    if quick:
        work = docs = work / "quick"
    work.mkdir(parents=True, exist_ok=True)
    docs.mkdir(parents=True, exist_ok=True)
    try:
        if wanted & {"compare", "embedding"}:
            report.measure_compare(work, study.QUICK if quick else study.FULL, threads, "embedding" in wanted)
        if "scaling" in wanted:
            axes = scaling.QUICK if quick else scaling.FULL
            report.measure_scale(work, axes, scaling_threads or os.cpu_count() or 1, keep_drawn)
    except CommandError as error:
        raise InputError(str(error)) from error
    report.write(work, docs)


if __name__ == "__main__":
    run(main)
