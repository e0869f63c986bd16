#!/usr/bin/env python3
"""Check a results folder against the manifest that the run left in it."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    results: Annotated[Path, typer.Argument(help="Results folder with pipeline_info/manifest.json.")],
) -> None:
    """List the files that are missing, changed or not in the manifest; exit code 1 if there is any."""
    from traitmap import manifest

    differences = manifest.verify_run(results).lines()
    for line in differences:
        print(line)
    if differences:
        say(f"{results}: differs from its manifest in {len(differences)} files")
        raise typer.Exit(1)
    say(f"{results}: all files are as the manifest says")


if __name__ == "__main__":
    run(main)
