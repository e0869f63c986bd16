"""What the executables share: how they start, fail, use threads and show progress."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

import typer

from traitmap import __version__
from traitmap.errors import InputError
from traitmap.failures import end_with

Item = TypeVar("Item")

PACKAGES = (
    "anndata",
    "bed-reader",
    "decoupler",
    "jinja2",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "scanpy",
    "scdrs",
    "scipy",
    "torch",
    "torch-geometric",
    "umap-learn",
)

# How a slice is read (``slices.read_slice``).
Layer = Annotated[str, typer.Option(help="Layer with raw counts; default: counts if there is one, else X.")]
SpatialKey = Annotated[str, typer.Option(help="obsm key of the coordinates; none: single cells.")]
Species = Annotated[str, typer.Option(help="Species of the gene symbols; other than human wants --homologs.")]
Homologs = Annotated[Path | None, typer.Option(help="Table: the species' gene symbols, human ones.")]
# What methods score a trait's genes in.
Expression = Annotated[
    Literal["spots", "microdomains"], typer.Option(help="Score single spots, or means of their microdomains.")
]
GeneSetSize = Annotated[int, typer.Option(min=10, help="Genes of a set: the first by z, a tenth at most.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads; the result does not depend on it.")]


def run(command: Callable[..., None]) -> None:
    """Run ``command`` as a typer program and end the process; what goes wrong ends as ``traitmap.failures`` says."""
    if sys.argv[1:] == ["--version"]:
        print(versions())
        return
    _leave(exit_code(command))


def exit_code(command: Callable[..., None]) -> int:
    """Run ``command`` as a typer program and say what goes wrong; the exit code that it is to end with."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except SystemExit as ended:  # typer's end of every command
        return int(ended.code or 0)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told there)
        return end_with(error)
    return 0


def _leave(code: int) -> NoReturn:
    """End with an exit code, all having been done and said, without tearing down the interpreter.

    One process in thousands aborts there (exit 134 where all was well, or 1): Arrow's threads may still be starting.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code)


def versions() -> str:
    """One line: traitmap, Python and the packages that its numbers come from, where they are installed."""
    found = [f"traitmap {__version__}", f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue  # images hold only what their steps need
    return ", ".join(found)


def use_threads(threads: int) -> None:
    """Set the threads of numba's parallel loops; BLAS is held at one, for its sums depend on the number of threads.

    Call it before numpy is imported.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["NUMBA_NUM_THREADS"] = str(threads)


def check_once_a_trait(option: str, n: int, others: Mapping[str, Sequence[Path] | None]) -> None:
    """Raise InputError for the first of ``others`` that is given, but not ``n`` times, as ``option`` is."""
    for other, paths in others.items():
        if paths and len(paths) != n:
            raise InputError(f"{other} is given {len(paths)} times, {option} {n}: give it once a trait")


def say(text: str) -> None:
    """One line for the person who watches (stderr, so that stdout stays free)."""
    print(text, file=sys.stderr, flush=True)


def progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterable[Item]:
    """Yield ``items`` under a progress bar; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, description, total=total, console=console, disable=not console.is_terminal, transient=True)
