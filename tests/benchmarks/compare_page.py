"""From raw results to docs/embeddings.md: tables between its markers, and its figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from calibrate_page import between_markers, markdown
from calibrate_summary import ALPHA, share_and_se
from compare_study import REAL, SCENARIOS, Slice
from compare_ways import GSMAP, ways

from traitmap.files import write_tsv

PAGE = "embeddings.md"
CAUSAL = 2.0  # enrichment at which power is told


def read_results(folder: Path, base: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row a slice and way; a row a slice, way, trait and region. Of ways that ``--base`` embeds: with ``base``."""
    paths = [path for way in ways() for path in sorted(folder.glob(f"*.{way.name}.{way.embedding or base}.json"))]
    runs = pd.DataFrame([json.loads(path.read_text()) for path in paths])
    tests = [pd.read_parquet(each) for path in paths if (each := path.with_suffix(".parquet")).exists()]
    return runs, pd.concat(tests, ignore_index=True) if tests else pd.DataFrame()


def write_tables(runs: pd.DataFrame, tests: pd.DataFrame, folder: Path) -> dict[str, pd.DataFrame]:
    """Summaries into ``folder``, a TSV each; return them."""
    tables = {"runs": runs, "regions": summarise(tests) if len(tests) else pd.DataFrame(columns=["slice", "way", "z"])}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_tsv(table, folder / f"{name}.tsv")
    return tables


def summarise(tests: pd.DataFrame) -> pd.DataFrame:
    """Per slice and way (and over all slices, slice "all"): what the contrast of regions says.

    null
        Share of null GWAS x regions with P < 0.05; null_se with GWAS as units.
    power
        Share of GWAS of 2-fold enrichment whose causal region has P < 0.05 / regions.
    z
        Mean z of the causal region, over all causal GWAS.
    """
    rows = []
    tests = pd.concat([tests, tests.assign(slice="all")])
    for (place, way), part in tests.groupby(["slice", "way"], sort=False):
        null, causal = part[part["kind"] != "causal"], part[part["causal"]]
        share, se = share_and_se(null["p"] < ALPHA, null["trait"])
        some = causal[causal["enrichment"] == CAUSAL]
        rows.append(
            {
                "slice": place,
                "way": way,
                "null": share,
                "null_se": se,
                "power": float((some["p"] < ALPHA / part["region"].nunique()).mean()),
                "z": float(causal["z"].mean()),
            }
        )
    return pd.DataFrame(rows)


def fill_page(tables: dict[str, pd.DataFrame], results: Path, slices: list[Slice], base: str, docs: Path) -> None:
    """Put tables into the page and draw its figures."""
    from calibrate_figures import save
    from compare_figures import draw_embeddings, draw_toy

    page = docs / PAGE
    text = page.read_text()
    for name, content in page_tables(tables, base).items():
        text = between_markers(text, name, content)
    page.write_text(text)
    save(draw_embeddings(tables["runs"]), docs / "images" / "embeddings.svg")
    toy = next(each for each in slices if each.name == "layers")
    save(draw_toy(toy, results / "embeddings" / f"layers.{base}.h5ad"), docs / "images" / "microdomains.png")


def page_tables(tables: dict[str, pd.DataFrame], base: str) -> dict[str, str]:
    """Markdown of every table of the page."""
    runs, regions = tables["runs"], tables["regions"]
    places = [*SCENARIOS, *REAL]
    tables = {"slices": markdown(_slices(runs)), "groups": markdown(tables["groups"])}
    for of in ("embedding", "neighborhood", "specificity"):
        some = [way for way in ways() if way.of == of and way.name in set(runs["way"])]
        own = runs[runs["of"] == of]
        if of == "embedding":
            tables["clusters"] = markdown(_by_place(own, some, places, "ari", 2))
            tables["cost"] = markdown(_cost(own, some, places))
        if of != "specificity":
            tables[f"{of} purity"] = markdown(_by_place(own, some, places, "purity", 2))
        tables[f"{of} recovery"] = markdown(_by_place(own, some, list(SCENARIOS), "over_genes", 3))
        tables[f"{of} recovery over spots"] = markdown(_by_place(own, some, list(SCENARIOS), "over_spots", 3))
        tables[f"{of} tests"] = markdown(_tests(regions, some))
    return tables


def _slices(runs: pd.DataFrame) -> pd.DataFrame:
    rows = [{"slice": each.name, "what": each.says, "spots": f"{each.spots:,}", "counts a spot": f"{each.depth:,g}"}
            for each in SCENARIOS.values()]  # fmt: skip
    rows += [{"slice": name, "what": says, "spots": "262" if "bulb" in name else "613", "counts a spot": "real"}
             for name, (_, says, _) in REAL.items() if name in set(runs["slice"])]  # fmt: skip
    return pd.DataFrame(rows)


def _by_place(runs: pd.DataFrame, some: list, places: list[str], column: str, digits: int) -> pd.DataFrame:
    """A row a way, a column a slice; the mean over simulated slices last."""
    wide = runs.pivot(index="way", columns="slice", values=column)
    rows = []
    for way in some:
        values = [wide[place].get(way.name, np.nan) if place in wide else np.nan for place in places]
        simulated = [value for place, value in zip(places, values, strict=True) if place in SCENARIOS]
        cells = {place: _number(value, digits) for place, value in zip(places, values, strict=True)}
        rows.append({"": way.says} | cells | {"mean of simulated": _number(float(np.mean(simulated)), digits)})
    return pd.DataFrame(rows)


def _number(value: float, digits: int) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def _cost(runs: pd.DataFrame, some: list, places: list[str]) -> pd.DataFrame:
    """CPU seconds and memory of the embedding, whole commands."""
    seconds = runs.pivot(index="way", columns="slice", values="cpu_s")
    memory = runs.pivot(index="way", columns="slice", values="peak_gb")
    theirs = seconds.loc[GSMAP, list(SCENARIOS)]
    rows = []
    for way in some:
        cells = {place: _number(seconds[place].get(way.name, np.nan), 0) for place in places if place in seconds}
        rows.append(
            {"": way.says}
            | cells
            | {
                "of gsMap's, simulated": _share(seconds.loc[way.name, list(SCENARIOS)], theirs),
                "GB, most": _number(memory.loc[way.name].max(), 2),
            }
        )
    return pd.DataFrame(rows)


def _share(own: pd.Series, theirs: pd.Series) -> str:
    """Of the sum over slices that both have embedded."""
    both = own.notna() & theirs.notna()
    return f"{own[both].sum() / theirs[both].sum():.2f}" if both.any() else "–"


def _tests(regions: pd.DataFrame, some: list) -> pd.DataFrame:
    """Region tests over all simulated slices, z also by slice."""
    table = regions.set_index(["slice", "way"])
    rows = []
    for way in some:
        if ("all", way.name) not in table.index:
            continue
        all_of = table.loc[("all", way.name)]
        rows.append(
            {
                "": way.says,
                "null P < 0.05": f"{all_of['null']:.3f} ± {all_of['null_se']:.3f}",
                f"power at {CAUSAL:g}-fold": f"{all_of['power']:.2f}",
                "z of the causal region": f"{all_of['z']:.2f}",
            }
            | {f"z, {place}": _number(table["z"].get((place, way.name), np.nan), 2) for place in SCENARIOS}
        )
    return pd.DataFrame(rows)
