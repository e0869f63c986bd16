#!/usr/bin/env python3
"""Embeddings, kinds of microdomains and scores compared; fills docs/embeddings.md. `make compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bin"), str(Path(__file__).resolve().parent)]

from traitmap.cli import Threads, run, say, use_threads  # noqa: E402


def main(
    work: Annotated[Path, typer.Option(help="Folder of slices and raw results; what is there is not done again.")],
    gsmap: Annotated[Path, typer.Option(help="Folder with gsMap's own environment; made if need be.")],
    docs: Annotated[Path | None, typer.Option(help="Folder with embeddings.md to fill; images/ beside it.")] = None,
    base: Annotated[
        str, typer.Option(help="Model that kinds of microdomains and scores are compared with.")
    ] = "smoothed_pca",
    way: Annotated[list[str] | None, typer.Option(help="These ways alone; may be repeated. [default: all]")] = None,
    real: Annotated[Path, typer.Option(help="Folder of real slices.")] = ROOT / "../shared/data/real/slices",
    threads: Threads = 1,
) -> None:
    """Embed simulated and real slices in every way, and measure clusters, recovery of the truth and region tests."""
    use_threads(threads)
    from bench_gsmap import install
    from calibrate_study import simulate
    from compare_groups import compare_groups
    from compare_page import fill_page, read_results, write_tables
    from compare_runs import run_all, test_regions
    from compare_study import STUDY, real_slices, simulated_slices
    from compare_ways import ways

    wanted = [each for each in ways() if not way or each.name in way]
    slices = simulated_slices(work, threads) + real_slices(real)
    results, program = work / "results", install(gsmap)
    results.mkdir(exist_ok=True)
    for text in run_all(slices, wanted, base, program, results):
        say(text)
    for text in test_regions(simulate(STUDY, work / "gwas", threads), slices, wanted, base, program, results):
        say(text)
    tables = write_tables(*read_results(results, base), work / "tables")
    if docs:
        tables["groups"] = compare_groups(work / "group", threads)
        fill_page(tables, results, slices, base, docs)


if __name__ == "__main__":
    run(main)
