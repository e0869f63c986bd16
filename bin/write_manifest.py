#!/usr/bin/env python3
"""WRITE_MANIFEST: the SHA-256, size and role of every input and result of a run."""

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say


def main(
    results: Annotated[Path, typer.Option(help="Results folder; its pipeline_info is left out.")],
    out: Annotated[Path, typer.Option(help="Manifest to write (.json).")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="ROLE=PATH of an input, a file or a folder; may be repeated.")
    ] = None,
    parameters: Annotated[Path | None, typer.Option(help="Parameters of the run (.json).")] = None,
    run_info: Annotated[Path | None, typer.Option(help="Revision, engine and images of the run (.json).")] = None,
    versions: Annotated[Path | None, typer.Option(help="Software versions (.yml).")] = None,
) -> None:
    """Write the manifest of a run; verify_run.py checks a results folder against it."""
    from traitmap import manifest

    given = [manifest.parse_input(text) for text in inputs or []]
    made = manifest.make_manifest(results, given, parameters, versions, run_info)
    manifest.write_manifest(made, out)
    say(f"{len(made['inputs'])} input files and {len(made['results'])} results listed")


if __name__ == "__main__":
    run(main)
