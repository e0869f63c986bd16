"""Executables called within the test's process: the code path of a user's call, without starting Python each time."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import io
import json
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import pyarrow.parquet as pq
from anndata.io import read_elem

from conftest import ROOT
from corpus.registry import OUT, Options
from traitmap.cli import exit_code


@cache
def _program(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bin_{name}", ROOT / "bin" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The threads of this process are the other tests' too; results do not depend on them.
    if hasattr(module, "use_threads"):
        module.use_threads = lambda threads: None
    return module


def arguments(options: Options) -> list[str]:
    """The command line of ``options``."""
    line: list[str] = []
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                line += [name] if one is True else [name, str(one)]
    return line


def call(program: str, line: list[str], folder: Path) -> tuple[int, str]:
    """Run ``bin/<program>.py`` in ``folder``: exit code and what it wrote to stderr."""
    module, told, before = _program(program), io.StringIO(), sys.argv
    sys.argv = [f"{program}.py", *line]
    try:
        with contextlib.chdir(folder), contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            code = exit_code(module.main)
    finally:
        sys.argv = before
    return code, told.getvalue()


def plain_text(data: bytes) -> str:
    """Decompressed text of a file's bytes."""
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()


def ledger(folder: Path) -> dict[str, Any]:
    """The account that an executable left: its --qc, or within its result."""
    account = folder / OUT / "qc.json"
    if account.exists():
        return json.loads(account.read_text())
    for path in sorted((folder / OUT).iterdir()):
        if path.suffix == ".h5ad":
            with h5py.File(path) as file:
                return json.loads(read_elem(file["uns"])["ledger"])
        if path.suffix == ".parquet" and b"ledger" in (held := pq.read_schema(path).metadata or {}):
            return json.loads(held[b"ledger"])
    return {"counts": [], "facts": {}, "warnings": []}
