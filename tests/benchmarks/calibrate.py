#!/usr/bin/env python3
"""Calibration and power: hundreds of simulated GWAS on one slice; fills docs/calibration.md. `make calibrate`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bin"), str(Path(__file__).resolve().parent)]

from traitmap.cli import Threads, run, say, use_threads  # noqa: E402
from traitmap.errors import InputError  # noqa: E402


def main(
    work: Annotated[Path, typer.Option(help="Folder of the study and raw results; what is there is not done again.")],
    docs: Annotated[Path | None, typer.Option(help="Folder with calibration.md to fill; images/ beside it.")] = None,
    configuration: Annotated[
        list[str] | None, typer.Option(help="These configurations alone; may be repeated. [default: all]")
    ] = None,
    traits: Annotated[int | None, typer.Option(min=1, help="The first so many traits alone. [default: all]")] = None,
    threads: Threads = 1,
) -> None:
    """Simulate null and causal GWAS, run every configuration on each, and summarise calibration and power."""
    use_threads(threads)
    from calibrate_joint import joint_tables, run_joint
    from calibrate_maps import maps_summary, run_maps
    from calibrate_page import fill_page, write_tables
    from calibrate_runs import run_chunks
    from calibrate_settings import BASE, CONFIGURATIONS
    from calibrate_study import STUDY, simulate

    wrong = sorted(set(configuration or []) - set(CONFIGURATIONS))
    if wrong:
        raise InputError(f"--configuration {', '.join(wrong)}: unknown; choose from {', '.join(CONFIGURATIONS)}")
    wanted = [CONFIGURATIONS[name] for name in dict.fromkeys([BASE, *(configuration or CONFIGURATIONS)])]
    study = simulate(STUDY, work / "study", threads)
    start = time.process_time()
    for done, of in run_chunks(study, wanted, work / "results", traits, threads):
        say(f"{done} of {of} parts, {time.process_time() - start:.0f} CPU s")
    for done, of in run_joint(study, work, traits):
        say(f"{done} of {of} parts of regions beside each other, {time.process_time() - start:.0f} CPU s")
    run_maps(study, work, traits)
    say(f"maps of two traits, {time.process_time() - start:.0f} CPU s")
    tables = write_tables(work / "results", work / "tables")
    tables |= joint_tables(study, work, tables["regions"])
    tables["maps"] = maps_summary(work)
    if docs:
        fill_page(tables, study, docs)


if __name__ == "__main__":
    run(main)
