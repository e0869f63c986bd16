"""The data inside the page: everything that its scripts draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.manhattan import Manhattan, read_manhattan
from traitmap.report_compared import packed_scores
from traitmap.report_pack import pack, pack_texts
from traitmap.report_results import Association, Results
from traitmap.report_slices import Slice, gene_scores
from traitmap.report_tables import GENE_COLUMNS

GENE_VALUES_AT_MOST = 1_500_000
LEVELS, MISSING = 254, 255  # values of a map as bytes: 0 lowest, 254 highest
SNPS_AT_MOST = 60_000
SNPS_EACH = 5_000  # drawn as vectors, so that the exported picture is one
LISTED_GENES = 50
EXPRESSION_UNIT = "log(1 + counts per 10,000)"


def payload(results: Results) -> dict[str, Any]:
    """Everything that the page's scripts draw."""
    shown = {name: _shown_spots(results, found) for name, found in results.slices.items()}
    genes = gene_choice(results)
    slices, pairs = [], []
    for name, found in results.slices.items():
        item = _slice(found, shown[name])
        scores = gene_scores(found, genes[name])
        item["genes"] = [layer(gene, values, shown[name], 0) for gene, values in scores.items()]
        expressed = expression(results, found, genes[name])
        item["expression"] = [layer(gene, values, shown[name], 0) for gene, values in expressed.items()]
        slices.append(item)
    places = {name: i for i, name in enumerate(results.slices)}
    traits = {name: i for i, name in enumerate(results.traits)}
    for (name, trait), pair in results.associations.items():
        item = _pair(pair, results.slices[name], shown[name])
        pairs.append({"slice": places[name], "trait": traits[trait], **item})
    return {
        "expression_unit": EXPRESSION_UNIT,
        "slices": slices,
        "traits": [{"name": name, "manhattan": _manhattan(results, name)} for name in results.traits],
        "pairs": pairs,
        "approximate": results.approximate,
    }


def _shown_spots(results: Results, found: Slice) -> np.ndarray:
    """Indices of the spots in the page: all, unless the run is larger than is chosen."""
    total = len(found.spots) if found.spots is not None else 0
    values = sum(len(each.spots) for each in results.slices.values() if each.spots is not None)
    values *= max(1, len(results.traits))
    at_most = results.choices.values_at_most
    if values <= at_most:
        return np.arange(total)
    wanted = max(1, int(total * at_most / values))
    return np.sort(np.random.default_rng(0).choice(total, min(total, wanted), replace=False))


def gene_choice(results: Results) -> dict[str, list[str]]:
    """Per slice, the genes whose maps the page holds: those asked for, and the first of each trait, as many as fit."""
    values = sum(len(f.spots) for f in results.slices.values() if f.spots is not None) * max(1, len(results.traits))
    each = min(results.choices.genes, max(1, GENE_VALUES_AT_MOST // max(1, values)))
    chosen = {name: list(results.choices.more_genes) for name in results.slices}
    for (name, _), pair in results.associations.items():
        if pair.genes is not None:
            best = pair.genes[pair.genes["pcc"].notna()]["gene"].head(each)
            chosen.setdefault(name, []).extend(gene for gene in best if gene not in chosen.get(name, []))
    return chosen


def layer(name: str, values: np.ndarray, shown: np.ndarray, low: float | None = None) -> dict[str, Any]:
    """Values of all spots as bytes between ``low`` (default: the lowest) and the highest, those of ``shown`` alone."""
    known = values[np.isfinite(values)].astype(float)
    low = float(known.min()) if low is None else low
    top = float(known.max()) if len(known) and known.max() > low else low + 1.0
    levels = np.rint((values[shown] - low) / (top - low) * LEVELS)
    levels = np.where(np.isfinite(levels), levels, MISSING)
    return {"name": name, "low": low, "top": top, "levels": pack(levels.astype(np.uint8))}


def expression(results: Results, found: Slice, genes: list[str]) -> dict[str, np.ndarray]:
    """Expression of ``genes`` in every spot of a slice, of those that any of its associations tells."""
    tables = [pair.expression for pair in results.associations.values() if pair.slice == found.name]
    known: dict[str, np.ndarray] = {}
    for gene in genes:
        table = next((table for table in tables if table is not None and gene in table), None)
        if table is not None:
            known[gene] = table[gene].reindex(found.spots).to_numpy(float)
    return known


def _slice(found: Slice, shown: np.ndarray) -> dict[str, Any]:
    item: dict[str, Any] = {"name": found.name, "total": len(found.spots) if found.spots is not None else 0}
    item["shown"] = len(shown)
    if found.spots is not None:
        item["spots"] = pack_texts(found.spots[shown])
    if found.coordinates is not None:
        item["x"], item["y"] = (pack(found.coordinates[shown, axis]) for axis in (0, 1))
        if found.drawn_on:
            item["drawn_on"] = found.drawn_on
    if found.region is not None:
        item["regions"] = [str(name) for name in found.region.categories]
        item["region"] = pack((found.region.codes[shown] + 1).astype(np.uint16))
    if found.plane is not None:
        item["plane"] = {"name": found.plane_name, "x": pack(found.plane[shown, 0]), "y": pack(found.plane[shown, 1])}
    if found.training_curve is not None:
        numeric = found.training_curve.select_dtypes("number")
        item["curve"] = {column: pack(numeric[column].to_numpy(np.float64)) for column in numeric}
    item["qc"] = [layer(name, values, shown) for name, values in microdomain_layers(found)]
    return item


def microdomain_layers(found: Slice) -> list[tuple[str, np.ndarray]]:
    """Name and values of every numeric QC column of the spots that varies."""
    if found.microdomain is None:
        return []
    columns = {str(name): found.microdomain[name].to_numpy(float) for name in found.microdomain}
    finite = {name: values[np.isfinite(values)] for name, values in columns.items()}
    return [(name, values) for name, values in columns.items() if len(finite[name]) and np.ptp(finite[name]) > 0]


def _pair(pair: Association, found: Slice, shown: np.ndarray) -> dict[str, Any]:
    item: dict[str, Any] = {"genes": gene_rows(pair, found)}
    if pair.spots is None or found.spots is None:
        return item
    order = pd.Index(pair.spots["spot"].astype(str)).get_indexer(pd.Index(found.spots[shown]))
    z = np.where(order >= 0, pair.spots["z"].to_numpy(float)[order], np.nan)
    log_p = np.where(order >= 0, pair.spots["neg_log10_p"].to_numpy(float)[order], np.nan)
    item["z"] = pack(z)
    known = np.isfinite(z) & np.isfinite(log_p)
    upper_tail = -stats.norm.logsf(z[known]) / math.log(10)
    # The page computes P from z where P is the upper normal tail, which halves what it must hold.
    if not np.allclose(upper_tail, log_p[known], rtol=1e-4, atol=1e-6):
        item["log_p"] = pack(log_p)
    if scores := packed_scores(pair, found.spots[shown]):
        item["scores"] = scores
    return item


def gene_rows(pair: Association, found: Slice) -> list[list[Any]]:
    """The first genes of a pair, as in genes.tsv, with the share of spots that express them (report_tables)."""
    if pair.genes is None:
        return []
    table = pair.genes.head(LISTED_GENES).copy()
    shares = pd.Series(dtype=float) if found.expressed is None else found.expressed
    table["expressed"] = shares.reindex(table["gene"]).to_numpy(float)
    return table[[column.key for column in GENE_COLUMNS]].to_numpy(object).tolist()


def drawn_gwas(results: Results, trait: str) -> Manhattan | None:
    """The SNPs of a trait that the page draws; None where its harmonised GWAS is missing or no SNP has a place."""
    path = results.traits[trait].sumstats
    at_most = min(SNPS_EACH, SNPS_AT_MOST // max(1, len(results.traits)))
    return path and read_manhattan(path, listed_genes(results, trait), results.reference_genes, at_most)


def _manhattan(results: Results, name: str) -> dict[str, Any] | None:
    gwas = drawn_gwas(results, name)
    if gwas is None:
        return None
    return {
        "total": gwas.total,
        "chr": pack(gwas.chromosome.astype(np.uint8)),
        "bp": pack(gwas.position.astype(np.uint32)),
        "log_p": pack(gwas.log_p),
        "snps": pack_texts(gwas.snps),
        "genes": [list(gene) for gene in gwas.genes],
    }


def listed_genes(results: Results, trait: str) -> list[str]:
    """The genes that the page lists for a trait in any slice."""
    names: dict[str, None] = {}
    for (_, other), pair in results.associations.items():
        if other == trait and pair.genes is not None:
            names.update(dict.fromkeys(pair.genes["gene"].head(LISTED_GENES)))
    return list(names)
