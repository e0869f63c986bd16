"""Regress one slice on one or more traits in one process: what further traits cost, and where the time goes.

The steps are those of bin/regress_spots.py, with a clock between them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))

from traitmap.cli import Threads, run, use_threads


class Phases:
    """Processor seconds of this process, split at each ``end``."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = 0.0

    def end(self, name: str) -> None:
        now = time.process_time()
        self.seconds[name] = now - self._last
        self._last = now


def main(
    specificity: Annotated[Path, typer.Option(help="As for regress_spots.py.")],
    reference: Annotated[Path, typer.Option(help="As for regress_spots.py.")],
    sumstats: Annotated[list[Path], typer.Option(help="Harmonised summary statistics; repeat for more traits.")],
    out: Annotated[Path, typer.Option(help="Folder to write <trait>.parquet and phases.json into.")],
    weights: Annotated[str, typer.Option(help="spot or shared.")] = "spot",
    keep_mhc: Annotated[bool, typer.Option("--keep-mhc", help="Keep the SNPs of the MHC.")] = False,
    threads: Threads = 1,
) -> None:
    """Regress all traits in one pass over the spots; phases.json holds the processor seconds of each phase."""
    use_threads(threads)
    from traitmap.ledger import Ledger
    from traitmap.reference import read_reference
    from traitmap.regression import prepare, regress_spots, write_table
    from traitmap.regression_inputs import SpotScores, read_trait

    phases = Phases()
    phases.end("start")
    scores, linked = SpotScores(specificity), read_reference(reference)
    phases.end("read")
    ready = []
    for path in sumstats:
        ledger = Ledger("regress_traits", path.stem)
        trait = read_trait(path, ledger)
        ready.append(prepare(linked, scores.genes, trait, ledger, weights=weights, keep_mhc=keep_mhc))
    phases.end("prepare")
    tables = regress_spots(scores, ready, threads)
    phases.end("regress")
    out.mkdir(parents=True, exist_ok=True)
    for path, table in zip(sumstats, tables, strict=True):
        write_table(table, out / f"{path.stem}.parquet")
    phases.end("write")
    (out / "phases.json").write_text(json.dumps(phases.seconds))


if __name__ == "__main__":
    run(main)
