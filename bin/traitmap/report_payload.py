"""The data inside the page: typed arrays as deflated base64, in one JSON text that no name can break out of."""

from __future__ import annotations

import base64
import json
import math
import zlib
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.manhattan import read_manhattan
from traitmap.report_collect import Association, Results
from traitmap.report_slices import Slice, read_gene_scores

VALUES_AT_MOST = 1_000_000  # spots x traits in the page; above, spots are drawn at random (seeded) and the page says so
GENE_VALUES_AT_MOST = 1_500_000
SNPS_AT_MOST = 60_000
SNPS_EACH = 5_000  # drawn as vectors, so that the exported picture is one
SHOWN_GENES = 6
LISTED_GENES = 50


def pack(values: np.ndarray) -> dict[str, str]:
    """An array as {type, deflated base64}; types are those of JavaScript's typed arrays, little-endian."""
    kind = {"f": "f4", "u1": "u1", "u2": "u2", "u4": "u4"}[values.dtype.str[1:] if values.dtype.kind == "u" else "f"]
    raw = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    return {"type": kind, "data": base64.b64encode(zlib.compress(raw, 9)).decode()}


def pack_texts(values: np.ndarray) -> dict[str, str]:
    """Names, one a line, deflated; line breaks within a name become spaces."""
    text = "\n".join(" ".join(str(value).splitlines()) for value in values)
    return {"type": "text", "data": base64.b64encode(zlib.compress(text.encode(), 9)).decode()}


def embed(value: Any) -> str:
    """JSON for a <script> block: NaN and infinities become null, and ``<`` cannot end the block."""
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def payload(results: Results) -> dict[str, Any]:
    """Everything that the page's scripts draw."""
    shown = {name: _shown_spots(results, found) for name, found in results.slices.items()}
    genes = gene_choice(results)
    slices, pairs = [], []
    for name, found in results.slices.items():
        slices.append(_slice(found, shown[name], genes.get(name, [])))
    places = {name: i for i, name in enumerate(results.slices)}
    traits = {name: i for i, name in enumerate(results.traits)}
    for (name, trait), pair in results.associations.items():
        item = _pair(pair, results.slices[name], shown[name])
        pairs.append({"slice": places[name], "trait": traits[trait], **item})
    at_most = min(SNPS_EACH, SNPS_AT_MOST // max(1, len(results.traits)))
    return {
        "slices": slices,
        "traits": [{"name": name, "manhattan": _manhattan(results, name, at_most)} for name in results.traits],
        "pairs": pairs,
        "approximate": results.approximate,
    }


def _shown_spots(results: Results, found: Slice) -> np.ndarray:
    """Indices of the spots in the page: all, unless the run is larger than VALUES_AT_MOST."""
    total = len(found.spots) if found.spots is not None else 0
    values = sum(len(each.spots) for each in results.slices.values() if each.spots is not None)
    values *= max(1, len(results.traits))
    if values <= VALUES_AT_MOST:
        return np.arange(total)
    wanted = max(1, int(total * VALUES_AT_MOST / values))
    return np.sort(np.random.default_rng(0).choice(total, min(total, wanted), replace=False))


def gene_choice(results: Results) -> dict[str, list[str]]:
    """Per slice, the genes whose maps the page holds: the first few by correlation of each trait, as many as fit."""
    values = sum(len(f.spots) for f in results.slices.values() if f.spots is not None) * max(1, len(results.traits))
    each = max(1, min(SHOWN_GENES, GENE_VALUES_AT_MOST // max(1, values)))
    chosen: dict[str, list[str]] = {}
    for (name, _), pair in results.associations.items():
        if pair.genes is not None:
            best = pair.genes[pair.genes["pcc"].notna()]["gene"].head(each)
            chosen.setdefault(name, []).extend(gene for gene in best if gene not in chosen.get(name, []))
    return chosen


def _slice(found: Slice, shown: np.ndarray, genes: list[str]) -> dict[str, Any]:
    item: dict[str, Any] = {"name": found.name, "total": len(found.spots) if found.spots is not None else 0}
    item["shown"] = len(shown)
    if found.spots is not None:
        item["spots"] = pack_texts(found.spots[shown])
    if found.coordinates is not None:
        item["x"], item["y"] = (pack(found.coordinates[shown, axis]) for axis in (0, 1))
    if found.region is not None:
        item["regions"] = [str(name) for name in found.region.categories]
        item["region"] = pack((found.region.codes[shown] + 1).astype(np.uint16))
    if found.plane is not None:
        item["plane"] = {"name": found.plane_name, "x": pack(found.plane[shown, 0]), "y": pack(found.plane[shown, 1])}
    if found.training_curve is not None:
        numeric = found.training_curve.select_dtypes("number")
        item["curve"] = {column: pack(numeric[column].to_numpy(np.float64)) for column in numeric}
    item["genes"] = []
    for gene, values in read_gene_scores(found, genes).items():
        top = float(values.max()) or 1.0
        levels = np.rint(values[shown] / top * 255).astype(np.uint8)
        item["genes"].append({"name": gene, "top": top, "levels": pack(levels)})
    return item


def _pair(pair: Association, found: Slice, shown: np.ndarray) -> dict[str, Any]:
    item: dict[str, Any] = {"genes": gene_rows(pair)}
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
    return item


def gene_rows(pair: Association) -> list[list[Any]]:
    """The first genes of a pair, as in genes.tsv."""
    return [] if pair.genes is None else pair.genes.head(LISTED_GENES).to_numpy(object).tolist()


def _manhattan(results: Results, name: str, at_most: int) -> dict[str, Any] | None:
    path = results.traits[name].sumstats
    if path is None:
        return None
    gwas = read_manhattan(path, listed_genes(results, name), results.reference_genes, at_most)
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
