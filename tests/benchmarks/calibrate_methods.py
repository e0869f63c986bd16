#!/usr/bin/env python3
"""Calibration and power of the other methods beside ldsc; fills its part of docs/calibration.md. `make calibrate`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bin"), str(Path(__file__).resolve().parent)]

from traitmap.cli import Threads, run, say, use_threads  # noqa: E402


def main(
    work: Annotated[Path, typer.Option(help="Folder of the study and raw results; what is there is not done again.")],
    docs: Annotated[Path | None, typer.Option(help="Folder with calibration.md to fill.")] = None,
    traits: Annotated[int | None, typer.Option(min=1, help="The first so many traits alone. [default: all]")] = None,
    threads: Threads = 1,
) -> None:
    """Run ldsc, scDRS, AUCell, module score and consensus on simulated GWAS; summarise calibration and power."""
    use_threads(threads)
    from calibrate_methods_page import fill_page, summaries
    from calibrate_methods_runs import METHODS_STUDY, read_runs, run_genes, run_traits
    from calibrate_study import simulate

    study = simulate(METHODS_STUDY, work / "study", threads, keep_panel=True)
    start = time.process_time()
    run_genes(study, work / "results")
    for done, of in run_traits(study, work / "results", traits):
        say(f"{done} of {of} traits, {time.process_time() - start:.0f} CPU s")
    tables = summaries(*read_runs(work / "results"), work / "tables")
    if docs:
        fill_page(tables, study, docs)


if __name__ == "__main__":
    run(main)
