"""The run's manifest: the SHA-256 of everything that went in and came out, and the check of a folder against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from traitmap import __version__
from traitmap.errors import InputError
from traitmap.files import require_file, sha256, writing

INFO = "pipeline_info"  # the engine still writes there when the manifest is made: it is no part of the results
WHERE = PurePosixPath(INFO, "manifest.json")
FORMAT = 1

# Role of a result by its path below the results folder; the first pattern that fits counts.
ROLES = (
    ("reference/*", "reference"),
    ("traits/*.qc.json", "trait quality control"),
    ("traits/*", "trait"),
    ("slices/*/embedding.h5ad", "embedding"),
    ("slices/*/specificity.h5ad", "specificity"),
    ("associations/*/spots.parquet", "spots"),
    ("associations/*/regions.tsv", "regions"),
    ("associations/*/region_tests.parquet", "region tests"),
    ("associations/*/genes.tsv", "genes"),
    ("associations/*.qc.json", "association quality control"),
    ("summary/failures.tsv", "failures"),
    ("summary/*", "summary"),
    ("report.html", "report"),
    ("report_data/*", "report data"),
    ("*_mqc.json", "report data"),
)


@dataclass(frozen=True)
class Differences:
    """How a results folder differs from its manifest: relative paths, sorted."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    unlisted: tuple[str, ...]

    def lines(self) -> list[str]:
        """One line a file."""
        kinds = (("missing", self.missing), ("changed", self.changed), ("unlisted", self.unlisted))
        return [f"{kind}: {name}" for kind, names in kinds for name in names]


def make_manifest(
    results: Path,
    inputs: list[tuple[str, Path]],
    parameters: Path | None = None,
    versions: Path | None = None,
    run_info: Path | None = None,
) -> dict[str, Any]:
    """Describe every input and every result: role, path, size in bytes, SHA-256.

    Parameters
    ----------
    results
        The results folder; all files below count, through links, except those in ``pipeline_info``.
    inputs
        Role and path; of a folder, every file below it. Their names are kept, without the folders they lie in, so that
        the manifest is the same wherever the run took place.
    parameters, versions, run_info
        JSON object of the run's parameters; YAML mapping of software versions; JSON object of the revision, the engine
        and the images. Their content goes into the manifest.
    """
    if not Path(results).is_dir():
        raise InputError(f"{results}: no such folder (results); check the path")
    entries = [_entry(role, shown, path) for role, given in inputs for shown, path in _input_files(given)]
    outputs = [_entry(_role(name), name, path) for name, path in result_files(results)]
    return {
        "format": FORMAT,
        "traitmap": __version__,
        "run": _read_json(run_info) if run_info else {},
        "parameters": _read_json(parameters) if parameters else {},
        "versions": _read_yaml(versions) if versions else {},
        "inputs": sorted(entries, key=lambda entry: (entry["role"], entry["path"], entry["sha256"])),
        "results": outputs,
    }


def write_manifest(manifest: dict[str, Any], path: Path) -> None:
    """Write ``manifest`` as JSON."""
    with writing(path) as beside:
        beside.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def parse_input(text: str) -> tuple[str, Path]:
    """Split ``ROLE=PATH``; raises InputError where one is missing."""
    role, _, path = text.partition("=")
    if not role.strip() or not path:
        raise InputError(f"--input {text}: must be ROLE=PATH, as in slice=slices/brain.h5ad")
    return role.strip(), Path(path)


def result_files(results: Path) -> list[tuple[str, Path]]:
    """Every file below ``results`` but those in pipeline_info: relative path (with /) and where it lies, sorted."""
    files = ((path.relative_to(results).as_posix(), path) for path in _walk(Path(results)))
    return sorted((name, path) for name, path in files if PurePosixPath(name).parts[0] != INFO)


def verify_run(results: Path) -> Differences:
    """Compare the folder ``results`` with its pipeline_info/manifest.json.

    Raises InputError where there is no manifest or it cannot be read.
    """
    path = Path(results) / WHERE
    listed = _listed(_read_json(path), path)
    present = dict(result_files(results))
    changed = [
        name
        for name in sorted(listed.keys() & present.keys())
        if present[name].stat().st_size != listed[name]["size"] or sha256(present[name]) != listed[name]["sha256"]
    ]
    return Differences(
        missing=tuple(sorted(listed.keys() - present.keys())),
        changed=tuple(changed),
        unlisted=tuple(sorted(present.keys() - listed.keys())),
    )


def _listed(manifest: Any, path: Path) -> dict[str, dict[str, Any]]:
    entries = manifest.get("results") if isinstance(manifest, dict) else None
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and {"path", "size", "sha256"} <= entry.keys() for entry in entries
    ):
        raise InputError(f"{path}: lists no results with path, size and sha256; is it a manifest of this pipeline?")
    return {entry["path"]: entry for entry in entries}


def _entry(role: str, shown: str, path: Path) -> dict[str, Any]:
    return {"role": role, "path": shown, "size": path.stat().st_size, "sha256": sha256(path)}


def _role(name: str) -> str:
    return next((role for pattern, role in ROLES if fnmatchcase(name, pattern)), "other")


def _input_files(given: Path) -> Iterator[tuple[str, Path]]:
    given = Path(given)
    shown = PurePosixPath(given.absolute().name)
    if given.is_dir():
        for path in _walk(given):
            yield str(shown / path.relative_to(given).as_posix()), path
    else:
        yield str(shown), require_file(given, "input")


def _walk(folder: Path) -> Iterator[Path]:
    """Files below ``folder``, through links to folders (engines stage by links), each real folder on a path once."""
    for name, folders, files in os.walk(folder, followlinks=True):
        here = Path(name)
        above = {here.resolve(), *here.resolve().parents}
        folders[:] = sorted(inner for inner in folders if (here / inner).resolve() not in above)
        for file in sorted(files):
            path = here / file
            if not path.exists():
                raise InputError(f"{path}: is a link to nothing; mend or remove it")
            yield path


def _read_json(path: Path) -> Any:
    path = require_file(path, "JSON")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: is no JSON ({error}); is it whole?") from error


def _read_yaml(path: Path) -> Any:
    import yaml

    path = require_file(path, "YAML")
    try:
        return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # versions stay text: 1.10 is not 1.1
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path}: is no YAML ({error}); is it whole?") from error
