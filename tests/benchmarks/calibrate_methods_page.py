"""From the methods' raw results to their tables in docs/calibration.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from calibrate_methods_runs import CONTROLS, NO_SIGNAL_DRAWS
from calibrate_page import PAGE, between_markers, markdown
from calibrate_study import Simulated
from calibrate_summary import ALPHA, KINDS, share_and_se
from scipy import stats

from traitmap.files import write_tsv


def summaries(spots: pd.DataFrame, regions: pd.DataFrame, genes: pd.DataFrame, folder: Path) -> dict[str, pd.DataFrame]:
    """The tables, also written to ``folder``."""
    tables = {"methods": methods_table(spots, regions), "genes": genes_table(genes)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_tsv(table, folder / f"{name}.tsv")
    counts = regions.drop_duplicates("trait")["kind"].value_counts()
    return tables | {"counts": counts.rename_axis("kind").reset_index(name="traits")}


def methods_table(spots: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """A row a method: shares of null spots and regions with P < 0.05, family-wise error, and on causal traits power at
    0.05 / regions, power at an equal family-wise error, and how often the causal region is first (by AUC where the
    method itself has no P). Power has a value an enrichment."""
    rows = []
    enrichments = sorted(regions.loc[regions["kind"] == "causal", "enrichment"].unique())
    count = regions["region"].nunique()
    for method, own in regions.groupby("method", sort=False):
        null = own[own["kind"].isin(KINDS)]
        share, se = share_and_se(null["p"] < ALPHA, null["trait"])
        smallest = null.groupby("trait")["p"].min()
        of_spots = spots[(spots["method"] == method) & spots["kind"].isin(KINDS)]["share_05"]
        row = {
            "method": method,
            "null_spots_05": float(of_spots.mean()) if len(of_spots) else np.nan,
            "null_spots_most": float(of_spots.max()) if len(of_spots) else np.nan,
            "null_05": share,
            "null_05_se": se,
            "family_wise": float((smallest < ALPHA / count).mean()),
        }
        threshold = smallest.quantile(ALPHA)
        for enrichment in enrichments:
            part = own[(own["kind"] == "causal") & (own["enrichment"] == enrichment)]
            causal = part[part["causal"]].set_index("trait")["p"]
            row[f"power_{enrichment:g}"] = float((causal < ALPHA / count).mean())
            row[f"fair_power_{enrichment:g}"] = float((causal <= threshold).mean())
            row[f"first_{enrichment:g}"] = float(_first(part).mean())
        rows.append(row | {"elsewhere": float((_others(own)["p"] < ALPHA).mean())})
    return pd.DataFrame(rows)


def _others(own: pd.DataFrame) -> pd.DataFrame:
    return own[(own["kind"] == "causal") & ~own["causal"]]


def _first(part: pd.DataFrame) -> pd.Series:
    """Whether the causal region is the first of each trait: largest AUC, else smallest P."""
    value = part["auc"] if part["auc"].notna().any() else -part["p"]
    best = part.assign(value=value).groupby("trait")["value"].transform("max")
    return (value >= best)[part["causal"]]


def genes_table(genes: pd.DataFrame) -> pd.DataFrame:
    """Shares of genes of GWAS without heritability with P below thresholds; GWAS are the independent units."""
    rows = []
    for level in (0.05, 0.01, 0.001):
        by_draw = (genes["p"] < level).groupby(genes["draw"]).mean()
        rows.append({"level": level, "share": by_draw.mean(), "se": by_draw.sem()})
    one = genes.groupby("draw", group_keys=False).sample(100, random_state=0)
    return pd.DataFrame(rows).assign(n=len(genes), ks_p=stats.kstest(one["p"], "uniform").pvalue)


def fill_page(tables: Mapping[str, pd.DataFrame], study: Simulated, docs: Path) -> None:
    """Put the tables into the page."""
    text = (docs / PAGE).read_text()
    for name, content in page_tables(tables, study).items():
        text = between_markers(text, name, content)
    (docs / PAGE).write_text(text)


def page_tables(tables: Mapping[str, pd.DataFrame], study: Simulated) -> dict[str, str]:
    """Markdown of both tables, and what was run."""
    counts = tables["counts"].set_index("kind")["traits"]
    asked = study.study
    null = int(counts.drop("causal").sum())
    says = (
        f"{null} null GWAS ({int(counts['uniform'])} of each kind) and {int(counts['causal'])} "
        f"causal ones, {asked.spots:,} spots, {asked.genes:,} genes; scDRS with {CONTROLS} control sets.\n"
    )
    return {
        "methods study": says,
        "methods": markdown(_methods(tables["methods"])),
        "gene associations": markdown(_genes(tables["genes"])),
    }


def _methods(table: pd.DataFrame) -> pd.DataFrame:
    levels = [name.removeprefix("power_") for name in table if name.startswith("power_")]

    def three(row: pd.Series, what: str) -> str:
        return " / ".join(f"{row[f'{what}_{level}']:.2f}" for level in levels)

    rows = [
        {
            "method": row["method"],
            "null spots P < 0.05 (most)": ""
            if np.isnan(row["null_spots_05"])
            else f"{row['null_spots_05']:.3f} ({row['null_spots_most']:.2f})",
            "null regions P < 0.05": f"{row['null_05']:.3f} ± {row['null_05_se']:.3f}",
            "family-wise error": f"{row['family_wise']:.3f}",
            "power": three(row, "power"),
            "at equal family-wise error": three(row, "fair_power"),
            "causal region first": three(row, "first"),
            "other regions with P < 0.05": f"{row['elsewhere']:.2f}",
        }
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(rows)


def _genes(table: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"P below": f"{row['level']:g}", "share of genes": f"{row['share']:.5f} ± {row['se']:.5f}"}
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(rows).assign(GWAS=NO_SIGNAL_DRAWS)
