"""From the summary tables to the page: tables between its markers, and its figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from calibrate_joint import joint_page_tables
from calibrate_maps import maps_page_table
from calibrate_settings import BASE, CONFIGURATIONS
from calibrate_study import Simulated
from calibrate_summary import (
    ALL,
    KINDS,
    TESTS,
    causal_spots,
    null_regions,
    null_spots,
    power,
    read_results,
    region_z,
    shared_over_spot,
)
from calibrate_tables import markdown

from traitmap.errors import InputError
from traitmap.files import write_tsv

PAGE = "calibration.md"
NULLS = {**KINDS, ALL: "all"}
REAL = [name for name, each in CONFIGURATIONS.items() if not each.shuffled]
MAIN = ("cauchy", "mean", "contrast")  # tests that settings are compared by
COMPARED_WEIGHTS = "shared"
COMPARED = (2.0, 4.0)  # enrichments at which configurations are compared


def write_tables(results: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Summarise the raw results into ``folder``, a TSV each; return them, raw ones too.

    Tables called ``compared_...`` hold only traits that were run with every setting, and shared weights.
    """
    spots, regions = read_results(results, "spots"), read_results(results, "regions")
    tables = summaries(spots, regions) | {"shared_over_spot": shared_over_spot(regions, spots, BASE)}
    some = regions[regions["weights"] == COMPARED_WEIGHTS]
    runs = some.groupby("trait")["configuration"].nunique()
    everywhere = runs.index[runs == some["configuration"].nunique()]
    compared = (table[table["trait"].isin(everywhere) & (table["weights"] == COMPARED_WEIGHTS)]
                for table in (spots, regions))  # fmt: skip
    tables |= {f"compared_{name}": table for name, table in summaries(*compared).items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_tsv(table, folder / f"{name}.tsv")
    return tables | {"spots": spots, "regions": regions, "compared_regions": regions[regions["trait"].isin(everywhere)]}


def summaries(spots: pd.DataFrame, regions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Every summary of raw results."""
    return {
        "null_spots": null_spots(spots),
        "null_regions": null_regions(regions),
        "power": power(regions),
        "causal_spots": causal_spots(spots),
        "region_z": region_z(regions, BASE),
    }


def fill_page(tables: Mapping[str, pd.DataFrame], study: Simulated, docs: Path) -> None:
    """Put tables into the page and draw its figures."""
    from calibrate_figures import draw_configurations, draw_power, draw_quantiles, draw_spots, save

    page = docs / PAGE
    text = page.read_text()
    for name, content in page_tables(tables, study).items():
        text = between_markers(text, name, content)
    page.write_text(text)
    figures = {
        "regions.png": draw_quantiles(tables["regions"], BASE),
        "spots.png": draw_spots(tables["spots"], BASE),
        "power.svg": draw_power(tables["power"], BASE),
        "settings.svg": draw_configurations(tables["compared_null_regions"], tables["compared_region_z"], REAL),
    }
    for name, figure in figures.items():
        save(figure, docs / "images" / f"calibration_{name}")


def between_markers(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. Raises InputError without such a pair."""
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    if not pattern.search(text):
        raise InputError(f"the page has no pair of markers <!-- {name} --> and <!-- /{name} -->")
    return pattern.sub(lambda found: found[1] + content + found[2], text)


def page_tables(tables: Mapping[str, pd.DataFrame], study: Simulated) -> dict[str, str]:
    """Markdown of every table of the page."""
    return {
        "study": markdown(_study(tables["spots"], study)),
        "compared": f"{_counted(tables['compared_regions'])}\n",
        "null spots": markdown(_null_spots(tables["null_spots"])),
        "null regions": markdown(_null_regions(tables["null_regions"])),
        "power": markdown(_power(tables["power"])),
        "settings": markdown(_settings(tables, REAL)),
        "weights": markdown(_weights(tables["shared_over_spot"])),
        "labels": markdown(_labels(tables)),
        **joint_page_tables(tables),
        "maps": maps_page_table(tables["maps"]),
    }


def _study(spots: pd.DataFrame, study: Simulated) -> pd.DataFrame:
    about = spots.drop_duplicates("trait")
    asked = study.study
    megabases = asked.located_genes * asked.kb_per_gene / 1000
    what = {
        "spots, genes, regions of the slice": f"{asked.spots:,}, {asked.genes:,}, {asked.regions}",
        "panel: people, SNPs, megabases": f"{asked.people:,}, {asked.snps:,}, {megabases:.0f}",
        "regression SNPs": f"{len(study.reference.snps):,}",
        "GWAS: N, heritability": f"{asked.gwas_n:,}, {asked.heritability:g}",
        "mean chi-square of the GWAS": f"{about['mean_chi2'].mean():.2f}",
        "null GWAS": ", ".join(f"{(about['kind'] == kind).sum()} {says}" for kind, says in KINDS.items()),
        "causal GWAS, of each enrichment": ", ".join(
            f"{n} at {enrichment:g}-fold"
            for enrichment, n in about.loc[about["kind"] == "causal", "enrichment"].value_counts(sort=False).items()
        ),
    }
    return pd.DataFrame({"what": what.keys(), "number": what.values()})


def _counted(regions: pd.DataFrame) -> str:
    kinds = regions.drop_duplicates("trait")["kind"]
    return f"{(kinds != 'causal').sum()} null and {(kinds == 'causal').sum()} causal GWAS."


def _null_spots(table: pd.DataFrame) -> pd.DataFrame:
    table = _in_order(table[(table["configuration"] == BASE) & table["kind"].isin(NULLS)], "kind")
    return pd.DataFrame(
        {
            "weights": table["weights"],
            "null GWAS": table["kind"].map(NULLS),
            "GWAS": table["traits"],
            "spots with P < 0.05": [f"{row.share_05:.3f} ± {row.share_05_sem:.3f}" for row in table.itertuples()],
            "by GWAS, range": [f"{row.share_05_min:.3f} to {row.share_05_max:.3f}" for row in table.itertuples()],
            "P < 0.001": table["share_001"].map("{:.4f}".format),
            "inflation, median (range)": [
                f"{row.lambda_median:.2f} ({row.lambda_min:.2f} to {row.lambda_max:.2f})" for row in table.itertuples()
            ],
        }
    )


def _null_regions(table: pd.DataFrame) -> pd.DataFrame:
    table = _in_order(table[(table["configuration"] == BASE) & table["kind"].isin(NULLS)], "test", "kind")
    return pd.DataFrame(
        {
            "weights": table["weights"],
            "test": table["test"].map(TESTS),
            "null GWAS": table["kind"].map(NULLS),
            "P < 0.05": [f"{row.share_05:.3f} ± {row.share_05_se:.3f}" for row in table.itertuples()],
            "P < 0.001": table["share_001"].map("{:.4f}".format),
            "distance from uniform (P)": [f"{row.ks:.2f} ({row.ks_p:.2g})" for row in table.itertuples()],
            "family-wise error": table["family_wise"].map("{:.3f}".format),
        }
    )


def _in_order(table: pd.DataFrame, *then: str) -> pd.DataFrame:
    """By weights, then by the columns ``then``, each in its order of first mention."""
    order = {"kind": list(NULLS), "test": list(TESTS), "weights": ["spot", "shared"]}
    return table.sort_values(["weights", *then], key=lambda column: column.map(order[column.name].index))


def _power(table: pd.DataFrame) -> pd.DataFrame:
    table = table[table["configuration"] == BASE]
    rows = []
    for _, own in _in_order(table, "test").groupby(["weights", "test"], sort=False):
        own = own.sort_values("enrichment")
        weights, test = own["weights"].iloc[0], own["test"].iloc[0]
        rows.append(
            {
                "weights": weights,
                "test": TESTS[test],
                "power": _listed(own["power"]),
                "at equal family-wise error": _listed(own["fair_power"]),
                "causal region first": _listed(own["first"]),
                "other regions with P < 0.05": _listed(own["elsewhere"]),
                "median z of the causal region": _listed(own["median_z"], 1),
            }
        )
    return pd.DataFrame(rows)


def _settings(tables: Mapping[str, pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """A row a configuration: null share and power by test, what z gains, z of spots."""

    def pick(table: str, column: str, name: str, test: str | None = None, **where: object) -> float:
        part = tables[f"compared_{table}"]
        for key, value in {"configuration": name, **where}.items():
            part = part[part[key] == value]
        part = part if test is None else part[part["test"] == test]
        return float(part[column].mean())

    rows = []
    for name in names:
        null = [pick("null_regions", "share_05", name, test, kind=ALL) for test in MAIN]
        both = [[pick("power", "power", name, test, enrichment=each) for test in MAIN] for each in COMPARED]
        gains = [
            f"{pick('region_z', 'gain', name, test):+.2f} ± {pick('region_z', 'gain_se', name, test):.2f}"
            for test in ("mean", "contrast")
        ]
        inside = pick("causal_spots", "mean_z_inside", name, enrichment=4.0)
        high = pick("causal_spots", "share_high_inside", name, enrichment=4.0)
        outside = pick("causal_spots", "share_high_outside", name, enrichment=4.0)
        rows.append(
            {
                "settings": name,
                "what": CONFIGURATIONS[name].says,
                "spots, null P < 0.05": f"{pick('null_spots', 'share_05', name, kind=ALL):.3f}",
                "regions, null P < 0.05": _listed(null),
                **{f"power at {each:g}-fold": _listed(values) for each, values in zip(COMPARED, both, strict=True)},
                "gain in z of the causal region": " / ".join(gains),
                "z inside at 4-fold": f"{inside:.2f}",
                "z > 3.5 inside, outside": f"{high:.2f}, {outside:.3f}",
            }
        )
    return pd.DataFrame(rows)


def _listed(values: Iterable[float], digits: int = 2) -> str:
    return " / ".join(f"{value:.{digits}f}" for value in values)


def _weights(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "z of": table["z of"],
            "weights of each spot": table["spot"].map("{:.2f}".format),
            "shared weights": (table["spot"] + table["gain"]).map("{:.2f}".format),
            "difference": [f"{row.gain:+.2f} ± {row.gain_se:.2f}" for row in table.itertuples()],
        }
    )


def _labels(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """With labels and without: nulls of all kinds, and labels without meaning under causal GWAS."""
    rows = []
    regions = tables["compared_regions"]
    regions = regions[regions["weights"] == COMPARED_WEIGHTS]
    for name in (BASE, "labels", "gat", "gat_labels", "shuffled", "shuffled_labels"):
        own = regions[regions["configuration"] == name]
        null, causal = own[own["kind"].isin(KINDS)], own[own["kind"] == "causal"]
        strong = causal[causal["enrichment"] >= 4]
        strong = strong if CONFIGURATIONS[name].shuffled else strong[~strong["causal"]]
        rows.append(
            {
                "settings": name,
                "what": CONFIGURATIONS[name].says,
                "null GWAS: regions with P < 0.05": _listed([(null[test] < 0.05).mean() for test in MAIN]),
                "causal GWAS, 4- and 8-fold: regions without enrichment with P < 0.05": _listed(
                    [(strong[test] < 0.05).mean() for test in MAIN]
                ),
            }
        )
    return pd.DataFrame(rows)
