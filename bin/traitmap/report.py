"""The report: one page that holds everything, made of a results folder and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitmap import __version__
from traitmap.errors import InputError
from traitmap.files import require_file, writing
from traitmap.report_collect import collect
from traitmap.report_compared import compared_methods, compared_payload, compared_table
from traitmap.report_fates import fates_of_slices, fates_of_traits
from traitmap.report_files import write_report_data
from traitmap.report_further import further_tables
from traitmap.report_heatmap import heatmap, likeness
from traitmap.report_methods import methods
from traitmap.report_pack import embed
from traitmap.report_payload import payload
from traitmap.report_results import Choices, Results
from traitmap.report_tables import (
    GENE_COLUMNS,
    account_view,
    microdomain_rows,
    region_columns,
    region_rows,
    trust_rows,
)
from traitmap.report_words import findings, headline, plural, run_sentence, slice_rows, snp_counts, verdict

TEMPLATE = "report.html.j2"
STYLES = ("report.css",)
SCRIPTS = tuple(
    f"{name}.js"
    for name in "core statistics tables heatmap likeness layers selection maps lead genes trust start".split()
)
COMPARED_SCRIPT = "compared.js"  # in the page only where a run has methods beside ldsc
RUN_INFO_FIRST = ("run_name", "command_line", "start", "pipeline", "version", "revision", "nextflow", "profile")


def write_report(
    results_folder: Path,
    out: Path,
    *,
    templates: Path,
    data_folder: Path | None = None,
    run_info: Path | None = None,
    reference: Path | None = None,
    title: str | None = None,
    choices: Choices | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Results:
    """Write the page to ``out`` and the tables behind it to ``data_folder`` (default: report_data beside it).

    Raises InputError where the folder holds nothing of a run, a file cannot be read, or a template part is missing.
    """
    out = Path(out)
    names = (TEMPLATE, *STYLES, *SCRIPTS, COMPARED_SCRIPT)
    parts = {name: require_file(Path(templates) / name, "report template") for name in names}
    info = read_run_info(run_info)
    results = collect(Path(results_folder), reference, choices)
    say(f"read {plural(len(results.slices), 'slice')}, {plural(len(results.traits), 'trait')}")
    data_folder = Path(data_folder) if data_folder else out.parent / "report_data"
    page = render(results, parts, info, title or headline(results), data_folder.name)
    with writing(out) as beside:
        beside.write_text(page, encoding="utf-8")
    names = write_report_data(results, data_folder)
    say(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB) and {plural(len(names), 'file')} in {data_folder}")
    return results


def read_run_info(path: Path | None) -> dict[str, Any]:
    """The JSON object with what the run's engine knows; empty without a file."""
    if path is None:
        return {}
    try:
        info = json.loads(require_file(path, "run info").read_text())
    except ValueError as error:
        raise InputError(f"{path}: is no JSON (run info: {error})") from error
    if not isinstance(info, dict):
        raise InputError(f"{path}: holds JSON that is no object (run info)")
    return info


def render(results: Results, parts: dict[str, Path], info: dict[str, Any], title: str, data_folder: str) -> str:
    """The page as text; every name passes through the template's escaping or ``embed``."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=FileSystemLoader(parts[TEMPLATE].parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.lstrip_blocks = True
    scripts = (*SCRIPTS[:-1], COMPARED_SCRIPT, SCRIPTS[-1]) if compared_methods(results) else SCRIPTS
    data = payload(results) | {
        "heatmap": heatmap(results),
        "likeness": likeness(results),
        "significant": results.choices.fdr,
        "q_from": results.q_from,
    }
    if compared := compared_payload(results):
        data["compared"] = compared
    return environment.get_template(TEMPLATE).render(
        **view(results, info),
        title=title,
        data_folder=data_folder,
        styles=Markup("\n".join(parts[name].read_text() for name in STYLES)),
        scripts=Markup("\n".join(parts[name].read_text() for name in scripts)),
        plotly=Markup(get_plotlyjs()),
        data=Markup(embed(data)),
    )


def view(results: Results, info: dict[str, Any]) -> dict[str, Any]:
    """What the template shows without scripts: texts and tables."""
    columns = region_columns(results)
    qc_names, qc_rows = microdomain_rows(results)
    rows = slice_rows(results.summary)
    counts = snp_counts(results)
    compared_columns, compared_rows = compared_table(results)
    ordered = {name: info[name] for name in RUN_INFO_FIRST if name in info} | info
    ordered = {name: value for name, value in ordered.items() if value not in ("", None)}
    return {
        "results": results,
        "sentence": run_sentence(results),
        "verdict": verdict(results),
        "findings": findings(results),
        "tiles": _tiles(results, rows, counts),
        "columns": columns,
        "region_rows": region_rows(results, columns),
        "further": further_tables(results),
        "likeness": likeness(results),
        "compared_columns": compared_columns,
        "compared_rows": compared_rows,
        "gene_columns": GENE_COLUMNS,
        "accounts": [account_view(account) for account in results.accounts],
        "warnings": results.warnings,
        "trust": trust_rows(results),
        "fates": [
            ("SNPs of each trait", fates_of_traits(results)),
            ("Spots and genes of each slice", fates_of_slices(results)),
        ],
        "qc_names": qc_names,
        "qc_rows": qc_rows,
        "approximate": results.approximate,
        "methods": methods(results, __version__),
        "parameters": {name: _text(value) for name, value in sorted(results.parameters.items())},
        "run_info": {
            name.replace("_", " "): _text(value) for name, value in ordered.items() if value not in ("", None)
        },
        "kicker": " · ".join(str(info[name]) for name in ("run_name", "start") if info.get(name)),
        "version": __version__,
        "significant": results.choices.fdr,
    }


def _tiles(results: Results, rows: Any, counts: list[int]) -> list[tuple[str, str]]:
    spots = sum(len(found.spots) for found in results.slices.values() if found.spots is not None)
    hits = int((rows["q"] < results.choices.fdr).sum())
    tiles = [
        (f"{len(results.slices):,}", "slice" if len(results.slices) == 1 else "slices"),
        (f"{spots:,}", "spots"),
        (f"{len(results.traits):,}", "trait" if len(results.traits) == 1 else "traits"),
    ]
    if counts:
        low, high = min(counts), max(counts)
        tiles.append((f"{low:,}" if low == high else f"{low:,} – {high:,}", "regression SNPs"))
    return [*tiles, (f"{hits:,} / {int(rows['q'].notna().sum()):,}", f"tests with q < {results.choices.fdr}")]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
