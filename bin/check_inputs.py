#!/usr/bin/env python3
"""CHECK_INPUTS: every mistake that headers tell, and a plan of the run, before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    inputs: Annotated[Path, typer.Option(help="List of the inputs, as the pipeline writes it (.json).")],
    folder: Annotated[Path, typer.Option(help="Folder with the files to look into, each in a folder of its number.")],
    vocabulary: Annotated[Path, typer.Option(help="Names of columns of summary statistics (.json).")],
    problems: Annotated[Path, typer.Option(help="Everything wrong, a line each, to write; empty where all is well.")],
    plan: Annotated[Path, typer.Option(help="Plan of the run to write: tasks, time, memory, disk.")],
) -> None:
    """Look into the headers of all inputs; mistakes go to --problems, so that the pipeline tells all of them."""
    from traitmap.check_inputs import check_inputs
    from traitmap.files import writing
    from traitmap.plan import plan_text

    found = check_inputs(inputs, folder, vocabulary)
    with writing(problems) as beside:
        beside.write_text("".join(f"error: {problem}\n" for problem in found.problems), encoding="utf-8")
    with writing(plan) as beside:
        beside.write_text(plan_text(found) if not found.problems else "", encoding="utf-8")
    say(f"{len(found.items)} inputs looked into, {len(found.problems)} mistakes")


if __name__ == "__main__":
    run(main)
