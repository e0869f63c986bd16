"""Maps of two traits that have nothing in common: how their correlation spreads, beside what is foretold of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from calibrate_runs import CHUNK
from calibrate_settings import BASE, CONFIGURATIONS, write_specificity
from calibrate_study import Simulated
from calibrate_summary import ALPHA, KINDS
from calibrate_tables import markdown

from traitmap.correlate_traits import correlate_traits, effective_spots
from traitmap.ledger import Ledger
from traitmap.regression import prepare, regress_spots
from traitmap.regression_inputs import SpotScores

GWAS = 40  # of each kind of null; pairs are of one kind


def run_maps(study: Simulated, work: Path, limit: int | None = None) -> None:
    """Correlate the maps of the first ``GWAS`` null traits of each kind into ``work``/results/maps.parquet, if that is
    not there."""
    path = _path(work)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = SpotScores(write_specificity(study, CONFIGURATIONS[BASE], work / "gss"))
    effective = effective_spots(scores, study.reference, Ledger("correlate_traits", ""))
    tables = []
    for kind in KINDS:
        traits = [trait for trait in study.traits[:limit] if trait.kind == kind][:GWAS]
        z = {}
        for start in range(0, len(traits), CHUNK):
            some = [
                (
                    trait,
                    prepare(
                        study.reference, scores.genes, table, Ledger("regress_spots", trait.name), weights="shared"
                    ),
                )
                for trait, table in study.gwas(traits[start : start + CHUNK])
            ]
            spots = regress_spots(scores, [ready for _, ready in some], 1)
            z |= {trait.name: table["z"] for (trait, _), table in zip(some, spots, strict=True)}
        tables.append(correlate_traits(pd.DataFrame(z), effective, kind).assign(kind=kind))
    beside = path.with_suffix(".tmp")
    pd.concat(tables, ignore_index=True).to_parquet(beside)
    beside.replace(path)


def _path(work: Path) -> Path:
    return work / "results" / "maps.parquet"


def maps_summary(work: Path) -> pd.DataFrame:
    """A row a kind of null: pairs, independent spots, SD of r, that foretold, and the share of P below 0.05."""
    pairs = pd.read_parquet(_path(work))
    rows = []
    for kind, says in KINDS.items():
        own = pairs[pairs["kind"] == kind]
        effective = float(own["effective_spots"].iloc[0])
        share = float((own["p"] < ALPHA).mean())
        rows.append({"GWAS": says, "pairs": len(own), "effective": effective, "sd": float(own["r"].std()),
                     "foretold": 1 / np.sqrt(effective), "share": share})  # fmt: skip
    return pd.DataFrame(rows)


def maps_page_table(table: pd.DataFrame) -> str:
    """Markdown of the summary."""
    return markdown(
        pd.DataFrame(
            {
                "null GWAS": table["GWAS"],
                "pairs": table["pairs"],
                "independent spots": table["effective"].map("{:.1f}".format),
                "SD of r": table["sd"].map("{:.3f}".format),
                "foretold": table["foretold"].map("{:.3f}".format),
                "P < 0.05": table["share"].map("{:.3f}".format),
            }
        )
    )
