#!/usr/bin/env python3
"""TELL_FAILURES: say which slices and traits failed, and end with exit code 3 if there is any."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(failures: Annotated[Path, typer.Option(help="summary/failures.tsv of a run.")]) -> None:
    """Say which slices and traits failed, a line each; exit code 3 if there is any."""
    from traitmap.failures import read_failures

    rows = read_failures(failures)
    for subject, step, message in rows:
        say(f"error: {subject}, {step}: {message}")
    if rows:
        raise typer.Exit(3)


if __name__ == "__main__":
    run(main)
