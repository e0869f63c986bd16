#!/usr/bin/env python3
"""MERGE_SPOTS: from parts of a slice's spots, regressed apart, to the slice's table."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    part: Annotated[
        list[Path], typer.Option(help="Part of the slice's spots (.parquet of regress_spots.py --spots); repeat.")
    ],
    out: Annotated[Path, typer.Option(help="Table of spots to write (.parquet).")],
    account: Annotated[
        Path | None,
        typer.Option(help="Account of the trait that goes with the first part (.qc.json), to be gone on with."),
    ] = None,
    qc: Annotated[Path | None, typer.Option(help="Account of what was used and left out, to write (.json).")] = None,
) -> None:
    """Merge parts of a slice: the same bytes as where all spots were regressed at once."""
    from traitmap.ledger import Ledger
    from traitmap.merge_spots import merge_parts
    from traitmap.regression import spots_table, write_table

    ledger = Ledger.from_json(account) if account else Ledger("regress_spots", out.stem)
    table = spots_table(merge_parts(part), ledger)
    write_table(table, out)
    if qc:
        ledger.write(qc)
    say(f"{len(part)} parts, {len(table)} spots")


if __name__ == "__main__":
    run(main)
