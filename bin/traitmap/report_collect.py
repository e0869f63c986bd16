"""Reading a results folder for the report: what is there is read, what is missing is said, nothing is guessed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from traitmap import report_traps
from traitmap.errors import InputError
from traitmap.failures import read_failures
from traitmap.formats import AGREEMENT, GENES, METHODS, REGIONS, SPOTS, SUMMARY
from traitmap.ledger import Ledger
from traitmap.manhattan import read_parquet
from traitmap.regions import benjamini_hochberg, region_p_values
from traitmap.report_further import FURTHER
from traitmap.report_results import Account, Association, Choices, Results, Trait, natural
from traitmap.report_slices import read_elements, read_report_slice

TEXTS = {"scope", "slice", "trait", "region", "gene", "flags", "drives"}
TEXTS |= {"comparison", "slices_a", "region_a", "slices_b", "region_b", "conditional_on"}
TEXTS |= {"trait_a", "trait_b", "pathway", "genes"}
TEXTS |= {"method", "method_a", "method_b"}


def collect(folder: Path, reference: Path | None = None, choices: Choices | None = None) -> Results:
    """Read the results in ``folder`` (layout: docs/output.md), or what ``choices`` name of them.

    ``reference`` where it lies elsewhere. Raises InputError where the folder is missing, holds nothing of a run or not
    what is chosen, and for files that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder (results); give the outdir of a run")
    results = Results(choices=choices or Choices())
    pairs = sorted((path for path in folder.glob("associations/*/*") if path.is_dir()), key=lambda p: natural(str(p)))
    names = {path.name for path in folder.glob("slices/*") if path.is_dir()} | {path.parent.name for path in pairs}
    traits = {path.stem for path in folder.glob("traits/*.parquet")} | {path.name for path in pairs}
    traits |= {path.name.removesuffix(".qc.json") for path in folder.glob("traits/*.qc.json")}
    if not names and not traits and not (folder / "summary" / "regions.tsv").is_file():
        raise InputError(f"{folder}: holds no slices/, traits/, associations/ nor summary/; is it the outdir of a run?")
    names, traits = _chosen(sorted(names, key=natural), sorted(traits, key=natural), results.choices, folder)
    pairs = [path for path in pairs if path.parent.name in names and path.name in traits]
    pairs.sort(key=lambda path: (names.index(path.parent.name), traits.index(path.name)))
    _failures(results, folder)
    reference = _reference_file(folder, reference)
    _reference(results, reference)
    for name in traits:
        results.traits[name] = _trait(results, folder, name)
    for name in traits:
        path = folder / "traits" / "genes" / f"{name}.qc.json"
        if path.is_file():
            _account_file(results, path, folder, name)
    for name in names:
        results.slices[name] = read_report_slice(folder / "slices" / name, name, results.missing)
        for step, text in results.slices[name].ledgers:
            _account(results, json.loads(text), f"slices/{name}/{step}", name)
    for path in pairs:
        results.associations[path.parent.name, path.name] = _association(results, folder, path)
    for path in sorted(folder.glob("summary/*.qc.json")):
        _account_file(results, path, folder)
    _pipeline_info(results, folder / "pipeline_info")
    _summary(results, folder)
    for each in FURTHER:
        path = folder / "summary" / f"{each.name}.tsv"
        if path.is_file():
            results.further[each.name] = _table(results, path, folder, each.in_file)
    _methods(results, folder)
    results.q_from = q_column(results)
    _choose_rows(results)
    _traps(results, reference)
    return results


def _methods(results: Results, folder: Path) -> None:
    """The tables of the methods beside ldsc, where the run has any: rows of what is chosen."""
    for name, columns in (("methods", METHODS), ("agreement", AGREEMENT)):
        path = folder / "summary" / {"methods": "methods.tsv", "agreement": "method_agreement.tsv"}[name]
        if path.is_file():
            table = _table(results, path, folder, columns)
            here = table["slice"].isin(results.slices) & table["trait"].isin(results.traits)
            setattr(results, name, table[here].reset_index(drop=True))


def _chosen(slices: list[str], traits: list[str], choices: Choices, folder: Path) -> tuple[list[str], list[str]]:
    """The chosen names in the order wanted; all where none is chosen."""
    problems = [
        f"--{what} {name}: is not in {folder} (there: {', '.join(there)})"
        for what, wanted, there in (("slice", choices.slices, slices), ("trait", choices.traits, traits))
        for name in wanted
        if name not in there
    ]
    if problems:
        raise InputError(*problems)
    return list(dict.fromkeys(choices.slices)) or slices, list(dict.fromkeys(choices.traits)) or traits


def q_column(results: Results) -> str:
    """Column of the P that q was made of, found by making it again; where none fits, as the run was told."""
    rows = results.summary[(results.summary["scope"] == "slice") & results.summary["q"].notna()]
    for name in ("cauchy", "mean", "contrast"):
        if len(rows) and np.allclose(benjamini_hochberg(region_p_values(rows, name)), rows["q"], rtol=1e-6):
            return f"p_{name}"
    told = f"p_{results.parameters.get('region_p')}"
    return told if told in results.summary else "p_cauchy"


def _choose_rows(results: Results) -> None:
    """Leave the rows about what is chosen; q stays that of the whole run. Without some slices nothing is combined."""
    rows, choices = results.summary, results.choices
    if choices.traits:
        rows = rows[rows["trait"].isin(choices.traits)]
    if choices.slices:
        rows = rows[(rows["scope"] == "slice") & rows["slice"].isin(choices.slices)]
    results.summary = rows.reset_index(drop=True)


def _traps(results: Results, reference: Path | None) -> None:
    """The account of what only the whole run shows; without a reference, traits are not compared."""
    ledger = Ledger("write_report", "run")
    try:
        report_traps.check_slices({name: found.sketch for name, found in results.slices.items()}, ledger)
        paths = {name: trait.sumstats for name, trait in results.traits.items() if trait.sumstats}
        if reference:
            report_traps.check_traits(paths, reference, ledger)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are among these
        raise InputError(f"traits/*.parquet: cannot be read as parquet ({error}); run its step again") from error
    _account(results, ledger.to_dict(), "run")


def _failures(results: Results, folder: Path) -> None:
    """What failed while the others went on: before all other accounts, so that it is told first."""
    path = folder / "summary" / "failures.tsv"
    messages: dict[tuple[str, str], list[str]] = {}
    for subject, step, message in read_failures(path) if path.is_file() else []:
        messages.setdefault((step, subject), []).append(f"{subject} failed and is left out: {message}")
    for (step, subject), warnings in messages.items():
        about = {"step": step.lower(), "subject": subject, "warnings": warnings}
        _account(results, about, "summary/failures.tsv")


def _reference_file(folder: Path, given: Path | None) -> Path | None:
    """The reference of the run, or the one given in its place; None where there is none."""
    path = given or folder / "reference" / "reference.h5ad"
    path = path / "reference.h5ad" if path.is_dir() else path
    if given and not path.is_file():
        raise InputError(f"{path}: no such file (reference); check the path")
    return path if path.is_file() else None


def _reference(results: Results, path: Path | None) -> None:
    if path is None:
        missing = "genes are not named on the Manhattan plots, and traits not looked at for overlapping samples"
        results.missing.append(f"reference/reference.h5ad: {missing}")
        return
    parts = read_elements(path, "reference", ("var", "uns"))
    results.reference = {name: _plain(value) for name, value in parts["uns"].items()}
    results.reference_genes = parts["var"]
    ledger = results.reference.pop("ledger", None)
    if ledger:
        _account(results, _json(str(ledger), path), "reference/reference.h5ad")
    inputs = results.reference.pop("inputs", None)
    if inputs:
        results.checksums += sorted((str(name), str(value)) for name, value in _json(str(inputs), path).items())


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value


def _json(text: str, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: holds text that is no JSON ({error}); run its step again") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds JSON that is no object; run its step again")
    return value


def _account(results: Results, value: dict[str, Any], source: str, about: str = "") -> Account:
    counts = [count for count in value.get("counts", []) if isinstance(count, dict) and "n" in count]
    step, subject = str(value.get("step", "")), about or str(value.get("subject", ""))
    warnings = [str(text) for text in value.get("warnings", [])]
    account = Account(step, subject, counts, dict(value.get("facts", {})), warnings, source)
    results.accounts.append(account)
    return account


def _account_file(results: Results, path: Path, folder: Path, about: str = "") -> Account | None:
    if not path.is_file():
        results.missing.append(f"{path.relative_to(folder)}: no account of this step")
        return None
    return _account(results, _json(path.read_text(), path), str(path.relative_to(folder)), about)


def _trait(results: Results, folder: Path, name: str) -> Trait:
    trait = Trait(name, account=_account_file(results, folder / "traits" / f"{name}.qc.json", folder, name))
    path = folder / "traits" / f"{name}.parquet"
    if path.is_file():
        trait.sumstats = path
    else:
        results.missing.append(f"{path.relative_to(folder)}: no Manhattan plot of {name}")
    return trait


def _parquet(results: Results, path: Path, folder: Path, columns: list[str] | None) -> pd.DataFrame | None:
    if not path.is_file():
        results.missing.append(f"{path.relative_to(folder)}: what rests on it is left out")
        return None
    return read_parquet(path, columns)


def _association(results: Results, folder: Path, path: Path) -> Association:
    pair = Association(path.parent.name, path.name)
    pair.spots = _parquet(results, path / "spots.parquet", folder, None)
    if pair.spots is not None:
        lacks = [column for column in SPOTS if column not in pair.spots]
        if lacks:
            raise InputError(f"{path / 'spots.parquet'}: lacks columns {', '.join(lacks)}; run its step again")
    pair.regions = _table(results, path / "regions.tsv", folder, REGIONS)
    pair.genes = _table(results, path / "genes.tsv", folder, GENES)
    if (path / "expression.parquet").is_file():
        table = read_parquet(path / "expression.parquet")
        pair.expression = table.set_index(table.columns[0])
    if (path / "methods.parquet").is_file():
        pair.methods = read_parquet(path / "methods.parquet")
    if (path / "region_tests.parquet").is_file():
        wanted = ["region", "test", "n_spots", "z", "p"]
        pair.region_tests = _parquet(results, path / "region_tests.parquet", folder, wanted)
    about = f"{pair.slice} × {pair.trait}"
    pair.account = _account_file(results, path / "regression.qc.json", folder, about)
    for other in sorted(path.glob("*.qc.json")):
        if other.name != "regression.qc.json":
            _account_file(results, other, folder, about)
    return pair


def _table(results: Results, path: Path, folder: Path, columns: tuple[str, ...]) -> pd.DataFrame | None:
    """A TSV with ``columns``: names as text (a gene may be called NA), the rest as numbers; absent ones are missing."""
    if not path.is_file():
        results.missing.append(f"{path.relative_to(folder)}: what rests on it is left out")
        return None
    try:
        texts = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table ({error}); run its step again") from error
    table = pd.DataFrame(index=texts.index)
    for column in columns:
        if column not in texts:
            table[column] = "" if column in TEXTS else np.nan
            continue
        try:
            given = texts[column]
            table[column] = given if column in TEXTS else pd.to_numeric(given.where(given != "")).astype(np.float64)
        except ValueError as error:
            raise InputError(f"{path}: column {column} holds a value that is no number ({error})") from error
    return table


def _summary(results: Results, folder: Path) -> None:
    path = folder / "summary" / "regions.tsv"
    if path.is_file():
        results.summary = _table(results, path, folder, SUMMARY)
        return
    results.missing.append("summary/regions.tsv: the table is put together from the associations, without combinations")
    parts = []
    for (name, trait), pair in results.associations.items():
        if pair.regions is not None:
            part = pair.regions.copy()
            part.insert(0, "trait", trait)
            part.insert(0, "slice", name)
            part.insert(0, "scope", "slice")
            parts.append(part)
    if parts:
        results.summary = pd.concat(parts, ignore_index=True)


def _pipeline_info(results: Results, folder: Path) -> None:
    versions, parameters = folder / "software_versions.yml", folder / "params.json"
    if versions.is_file():
        import yaml

        try:
            content = yaml.safe_load(versions.read_text()) or {}
        except yaml.YAMLError as error:
            raise InputError(f"{versions}: is no YAML ({' '.join(str(error).split())})") from error
        for step, tools in sorted(content.items(), key=lambda item: str(item[0])):
            if isinstance(tools, dict):
                results.versions[str(step)] = {str(tool): str(version) for tool, version in sorted(tools.items())}
            else:
                results.versions.setdefault("", {})[str(step)] = str(tools)
    else:
        results.missing.append("pipeline_info/software_versions.yml: versions are not listed")
    if parameters.is_file():
        results.parameters = _json(parameters.read_text(), parameters)
    else:
        results.missing.append("pipeline_info/params.json: parameters are not listed")
    manifest = folder / "manifest.json"
    if manifest.is_file():
        results.checksums += _checksums(_json(manifest.read_text(), manifest))


def _checksums(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """File and SHA-256 wherever a manifest nests them."""
    found: list[tuple[str, str]] = []
    for name, value in manifest.items():
        if isinstance(value, dict):
            found += [(str(name), str(value["sha256"]))] if "sha256" in value else _checksums(value)
        elif isinstance(value, list):
            found += [
                (str(item.get("path", item.get("name", ""))), str(item["sha256"]))
                for item in value
                if isinstance(item, dict) and "sha256" in item
            ]
        elif isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
            found.append((str(name), value))
    return found
