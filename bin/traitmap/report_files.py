"""The files beside the page: tables behind the plots as TSV, and what MultiQC can pick up."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from traitmap.files import write_tsv, writing
from traitmap.report_payload import drawn_gwas, expression, gene_choice, microdomain_layers
from traitmap.report_results import Results
from traitmap.report_slices import gene_scores
from traitmap.report_words import slice_rows

LISTED_GENES = 200


def write_report_data(results: Results, folder: Path) -> list[str]:
    """Write report_data/ anew and return the names of its files."""
    if folder.is_dir():
        for old in [*folder.glob("*.tsv"), *folder.glob("*.tsv.gz"), *folder.glob("*_mqc.json")]:
            old.unlink()
        for name in ("spots", "manhattan"):
            shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "regions.tsv": results.summary,
        **{f"{name}.tsv": table for name, table in results.further.items()},
        "methods.tsv": results.methods,
        "method_agreement.tsv": results.agreement,
        "genes.tsv": _genes(results),
        "counts.tsv": _counts(results),
        "facts.tsv": _facts(results),
        "warnings.tsv": pd.DataFrame(results.warnings, columns=["warning", "account"])[["warning"]],
        "training_curves.tsv": _curves(results),
    }
    names = []
    for name, table in tables.items():
        if table is not None and len(table.columns):
            write_tsv(table, folder / name)
            names.append(name)
    genes = gene_choice(results)
    drawn = {f"spots/{name}": _spots(results, name, genes[name]) for name in results.slices}
    drawn |= {f"manhattan/{trait}": _snps(results, trait) for trait in results.traits}
    for name, table in drawn.items():
        if table is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            _write_gzip(table, folder / f"{name}.tsv.gz")
            names.append(f"{name}.tsv.gz")
    for name, content in _multiqc(results).items():
        with writing(folder / name) as beside:
            beside.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        names.append(name)
    return names


def _write_gzip(table: pd.DataFrame, path: Path) -> None:
    text = io.StringIO()
    table.to_csv(text, sep="\t", index=False, float_format="%.6g", na_rep="", lineterminator="\n")
    with writing(path) as beside:
        beside.write_bytes(gzip.compress(text.getvalue().encode(), 6, mtime=0))


def _genes(results: Results) -> pd.DataFrame:
    parts = []
    for (name, trait), pair in results.associations.items():
        if pair.genes is not None:
            part = pair.genes.head(LISTED_GENES).copy()
            part.insert(0, "trait", trait)
            part.insert(0, "slice", name)
            parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _counts(results: Results) -> pd.DataFrame:
    rows = [
        (a.step, a.subject, c.get("of", ""), c.get("kind", ""), c.get("what", ""), c["n"])
        for a in results.accounts
        for c in a.counts
    ]
    return pd.DataFrame(rows, columns=["step", "subject", "of", "kind", "what", "n"])


def _facts(results: Results) -> pd.DataFrame:
    rows = [
        (a.step, a.subject, name, value if isinstance(value, str) else json.dumps(value))
        for a in results.accounts
        for name, value in a.facts.items()
    ]
    return pd.DataFrame(rows, columns=["step", "subject", "fact", "value"])


def _curves(results: Results) -> pd.DataFrame:
    parts = [f.training_curve.assign(slice=f.name) for f in results.slices.values() if f.training_curve is not None]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return table[["slice", *(column for column in table if column != "slice")]]


def _spots(results: Results, name: str, genes: list[str]) -> pd.DataFrame | None:
    """What the maps of a slice show, of all its spots: places, region, -log10 P and z by trait, microdomains, genes."""
    found = results.slices[name]
    if found.spots is None:
        return None
    table = pd.DataFrame({"spot": found.spots})
    if found.coordinates is not None:
        table["x"], table["y"] = found.coordinates[:, 0], found.coordinates[:, 1]
    if found.region is not None:
        table["region"] = np.asarray(found.region, dtype=object)
    columns: dict[str, np.ndarray] = {}
    if found.plane is not None:
        columns |= {f"embedding_{axis + 1}": found.plane[:, axis] for axis in (0, 1)}
    for (slice_name, trait), pair in results.associations.items():
        if slice_name == name and pair.spots is not None:
            values = pair.spots.set_index(pair.spots["spot"].astype(str)).reindex(found.spots)
            columns |= {f"{column} {trait}": values[column].to_numpy() for column in ("neg_log10_p", "z")}
    columns |= dict(microdomain_layers(found))
    columns |= {f"GSS {gene}": scores for gene, scores in gene_scores(found, genes).items()}
    columns |= {f"expression {gene}": counts for gene, counts in expression(results, found, genes).items()}
    return pd.concat([table, pd.DataFrame(columns)], axis=1)


def _snps(results: Results, trait: str) -> pd.DataFrame | None:
    """The SNPs that the Manhattan plot draws."""
    gwas = drawn_gwas(results, trait)
    if gwas is None:
        return None
    return pd.DataFrame({"snp": gwas.snps, "chr": gwas.chromosome, "bp": gwas.position, "neg_log10_p": gwas.log_p})


def _multiqc(results: Results) -> dict[str, dict[str, Any]]:
    rows = slice_rows(results.summary)
    return {
        "traitmap_general_mqc.json": _general(results, rows),
        "traitmap_regions_mqc.json": _regions(rows),
        "traitmap_heatmap_mqc.json": _heatmap(rows),
    }


def _number(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, (str, int)) or np.isfinite(value) else None


def _general(results: Results, rows: pd.DataFrame) -> dict[str, Any]:
    data: dict[str, dict[str, Any]] = {}
    for (name, trait), pair in results.associations.items():
        mine = rows[(rows["slice"] == name) & (rows["trait"] == trait)]
        facts = pair.account.facts if pair.account else {}
        item = {fact: facts[fact] for fact in ("n_snps", "mean_chi2", "lambda_gc") if fact in facts}
        if mine["q"].notna().any():
            item["smallest_q"] = float(mine["q"].min())
        data[f"{name} | {trait}"] = {fact: _number(value) for fact, value in item.items() if value is not None}
    return {
        "id": "traitmap_general",
        "plot_type": "generalstats",
        "pconfig": {
            "n_snps": {"title": "SNPs", "description": "SNPs in the regression", "format": "{:,.0f}"},
            "mean_chi2": {"title": "Mean χ²", "description": "of these SNPs", "format": "{:,.2f}"},
            "lambda_gc": {"title": "λ GC", "description": "Genomic control inflation", "format": "{:,.2f}"},
            "smallest_q": {"title": "Smallest q", "description": "Best region", "min": 0, "max": 1, "format": "{:.2g}"},
        },
        "data": data,
    }


def _regions(rows: pd.DataFrame) -> dict[str, Any]:
    columns = ["n_spots", "p_cauchy", "p_mean", "p_contrast", "q", "odds_ratio"]
    data = {
        f"{row['slice']} | {row['trait']} | {row['region']}": {c: _number(row[c]) for c in columns if pd.notna(row[c])}
        for _, row in rows.iterrows()
    }
    headers = {column: {"title": column, "format": "{:,.3g}"} for column in columns}
    return {
        "id": "traitmap_regions",
        "section_name": "traitmap: regions",
        "description": "Combined association of each slice, trait and region.",
        "plot_type": "table",
        "pconfig": {"id": "traitmap_regions_table", "title": "traitmap: regions"},
        "headers": headers,
        "data": data,
    }


def _heatmap(rows: pd.DataFrame) -> dict[str, Any]:
    data: dict[str, dict[str, float]] = {}
    for _, row in rows[rows["p_cauchy"].notna()].iterrows():
        log_p = float(abs(np.log10(max(row["p_cauchy"], 1e-300))))
        data.setdefault(str(row["trait"]), {})[f"{row['slice']} | {row['region']}"] = log_p
    return {
        "id": "traitmap_heatmap",
        "section_name": "traitmap: traits by regions",
        "description": "−log10 of the Cauchy P of each region.",
        "plot_type": "heatmap",
        "pconfig": {"id": "traitmap_heatmap_plot", "title": "traitmap: −log10 P", "square": False},
        "data": data,
    }
