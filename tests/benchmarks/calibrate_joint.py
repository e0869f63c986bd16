"""Regions beside and against each other, slices against slices, and what power planning foretells, on the same GWAS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path

import pandas as pd
from calibrate_runs import CHUNK
from calibrate_settings import BASE, CONFIGURATIONS, write_specificity
from calibrate_study import ENRICHMENTS, Simulated
from calibrate_summary import ALPHA, KINDS, share_and_se
from calibrate_tables import markdown
from scipy import stats

from traitmap.formats import GIVEN
from traitmap.h5ad import write_h5ad
from traitmap.jackknife import jackknife
from traitmap.ledger import Ledger
from traitmap.plan_power import Plan, PowerPlanner
from traitmap.regression import prepare
from traitmap.regression_inputs import SpotScores
from traitmap.regression_joint import regress_conditionally
from traitmap.regression_regions import RegionScores, region_scores, regress_regions

TABLES = ("conditional", "differences")


def run_joint(study: Simulated, work: Path, limit: int | None = None) -> Iterator[tuple[int, int]]:
    """Run what is not yet in ``work``/results/joint, a parquet of each of ``TABLES`` a chunk of traits; yield chunks
    done and all."""
    traits = study.traits[:limit]
    starts = range(0, len(traits), CHUNK)
    for number, start in enumerate(starts):
        paths = [_path(work, table, number) for table in TABLES]
        if not all(path.exists() for path in paths):
            paths[0].parent.mkdir(parents=True, exist_ok=True)
            scores = SpotScores(write_specificity(study, CONFIGURATIONS[BASE], work / "gss"))
            twins = [SpotScores(path) for path in both_slices(study, work / "gss")]
            sides = [(region_scores(scores), scores.genes), ([region_scores(each) for each in twins], twins[0].genes)]
            found = [_trait(study, *each, *sides) for each in study.gwas(traits[start : start + CHUNK])]
            for path, tables in zip(paths, zip(*found, strict=True), strict=True):
                pd.concat(tables, ignore_index=True).to_parquet(path)
        yield number + 1, len(starts)


def _path(work: Path, table: str, number: int) -> Path:
    return work / "results" / "joint" / f"{number:02d}.{table}.parquet"


def joint_tables(study: Simulated, work: Path, regions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Summaries of what ``run_joint`` left, and of planned power beside the ``regions`` of ``calibrate_runs``."""
    folder = work / "results" / "joint"
    raw = {
        table: pd.concat([pd.read_parquet(path) for path in sorted(folder.glob(f"*.{table}.parquet"))])
        for table in TABLES
    }
    scores = SpotScores(write_specificity(study, CONFIGURATIONS[BASE], work / "gss"))
    planned = plan_causal(study, region_scores(scores), scores.genes)
    return {
        "conditional": conditional_summary(raw["conditional"]),
        "differences": difference_summary(raw["differences"]),
        "planned": planned_summary(planned, regions),
    }


def both_slices(study: Simulated, folder: Path) -> list[Path]:
    """Specificity of two slices of one tissue on a background that they share."""
    from calibrate_settings import ANNOTATION, LAYER, MODEL, embedding

    from traitmap.average_ranks import average_ranks
    from traitmap.slices import read_slice
    from traitmap.specificity import score_specificity

    paths = [folder / f"twin_{number}.h5ad" for number in (1, 2)]
    if all(path.exists() for path in paths):
        return paths
    loads = [partial(read_slice, study.slice(number), layer=LAYER) for number in (1, 2)]
    background = average_ranks(loads, Ledger("average_ranks", ""))
    for number, path in enumerate(paths, start=1):
        data = read_slice(study.slice(number), Ledger("read_slice", ""), layer=LAYER, annotation=ANNOTATION)
        vectors = embedding(study.slice(number), folder, MODEL)
        settings = CONFIGURATIONS[BASE].specificity
        write_h5ad(score_specificity(data, vectors, Ledger("s", ""), settings, background), path, compress=False)
    return paths


def _trait(study: Simulated, trait, table, own, twins) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every pair of regions beside and against each other, and every region against itself in the other slice."""
    regions, genes = own
    about = {"trait": trait.name, "kind": trait.kind, "enrichment": trait.enrichment, "causal": trait.region or ""}
    ready = prepare(study.reference, genes, table, Ledger("regress_spots", trait.name), weights="shared")
    tests = regress_regions(regions, ready)
    means = tests[tests["test"] == "mean"].set_index("region")
    beside = regress_conditionally(regions, ["all"], ready, "shared")
    beside["given"] = beside["test"].str.removeprefix(GIVEN)
    beside["z_alone"] = means["z"].reindex(beside["region"]).to_numpy()
    pairs = [("regions", a, b, means.loc[a], means.loc[b]) for a, b in combinations(means.index, 2)]
    ready = prepare(study.reference, twins[1], table, Ledger("regress_spots", trait.name), weights="shared")
    of_slices = [regress_regions(each, ready).query("test == 'mean'").set_index("region") for each in twins[0]]
    pairs += [("slices", name, name, *(each.loc[name] for each in of_slices)) for name in means.index]
    rows = []
    for what, a, b, one, other in pairs:
        difference, se = jackknife(one["estimate"] - other["estimate"], one["delete_values"] - other["delete_values"])
        z = float(difference / se)
        rows.append(about | {"what": what, "a": a, "b": b, "z": z, "p": 2 * float(stats.norm.sf(abs(z)))})
    return beside[["region", "given", "z", "p", "z_alone"]].assign(**about), pd.DataFrame(rows)


def plan_causal(study: Simulated, regions: RegionScores, genes: pd.Index) -> pd.DataFrame:
    """What plan_power foretells of the study's causal GWAS: by their true genes, and by the most specific ones."""
    planner = PowerPlanner(study.reference, regions, genes)
    asked = study.study
    plan = Plan(asked.gwas_n, asked.heritability, ALPHA / asked.regions)
    true = next(trait for trait in study.traits if trait.kind == "causal")
    carriers = {"true": list(true.genes), "most specific": planner.carriers(true.region, len(true.genes) / asked.genes)}
    tables = [
        planner.table(plan, true.region, test, names, ENRICHMENTS).assign(genes=of)
        for test in ("mean", "contrast")
        for of, names in carriers.items()
    ]
    return pd.concat(tables, ignore_index=True)


def conditional_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Null share of P below 0.05; on causal GWAS z alone and beside the other, by what the two are."""
    null = table[table["kind"].isin(KINDS)]
    rows = [
        {"GWAS": f"null, {says}", "region": "any", "beside": "any", "part": null[null["kind"] == kind]}
        for kind, says in KINDS.items()
    ]
    rows.append({"GWAS": "null, all", "region": "any", "beside": "any", "part": null})
    for fold in ENRICHMENTS:
        own = table[(table["kind"] == "causal") & (table["enrichment"] == fold)]
        carries, by = own["region"] == own["causal"], own["given"] == own["causal"]
        for region, beside, at in (
            ("causal", "another", carries),
            ("another", "the causal one", by),
            ("another", "another", ~carries & ~by),
        ):
            rows.append({"GWAS": f"causal, {fold:g}-fold", "region": region, "beside": beside, "part": own[at]})
    for row in rows:
        part = row.pop("part")
        share, se = share_and_se(part["p"] < ALPHA, part["trait"])
        row |= {"tests": len(part), "share": share, "se": se, "sd": float(part["z"].std())}
        row |= {"z_alone": float(part["z_alone"].mean()), "z": float(part["z"].mean())}
    return pd.DataFrame(rows)


def difference_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Share of two-sided P below 0.05 of regions against regions, and of slices against slices, by kind of GWAS.

    Of causal GWAS the pairs of regions with the causal one are told apart.
    """
    kinds = [(f"null, {says}", table["kind"] == kind) for kind, says in KINDS.items()]
    kinds.append(("null, all", table["kind"].isin(KINDS)))
    kinds += [
        (f"causal, {fold:g}-fold", (table["kind"] == "causal") & (table["enrichment"] == fold)) for fold in ENRICHMENTS
    ]
    rows = []
    for says, at in kinds:
        own = table[at]
        carries = (own["a"] == own["causal"]) | (own["b"] == own["causal"])
        apart = (own["what"] == "regions") & carries
        for what, part in (
            ("two regions", own[(own["what"] == "regions") & ~carries]),
            ("the causal region and another", own[apart]),
            ("one region in two slices", own[own["what"] == "slices"]),
        ):
            if len(part):
                share, se = share_and_se(part["p"] < ALPHA, part["trait"])
                rows.append({"GWAS": says, "what": what, "tests": len(part), "share": share, "se": se,
                             "sd": float(part["z"].std()), "abs_z": float(part["z"].abs().mean())})  # fmt: skip
    return pd.DataFrame(rows)


def planned_summary(planned: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Foretold z and power beside what the causal GWAS gave (mean z with its standard error, share found)."""
    causal = regions[regions["causal"] & (regions["configuration"] == BASE) & (regions["weights"] == "shared")]
    rows = []
    for _, row in planned.iterrows():
        own = causal[causal["enrichment"] == row["enrichment"]]
        z = own[f"z_{row['test']}"]
        threshold = ALPHA / regions["region"].nunique()
        rows.append(
            {
                **{name: row[name] for name in ("test", "genes", "enrichment", "expected_z", "power")},
                **{"gwas": len(own), "z": float(z.mean()), "z_se": float(z.sem())},
                "found": float((own[row["test"]] < threshold).mean()),
            }
        )
    return pd.DataFrame(rows)


def joint_page_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Markdown of the three tables."""
    beside, apart, planned = (tables[name] for name in ("conditional", "differences", "planned"))
    return {
        "conditional": markdown(
            pd.DataFrame(
                {
                    "GWAS": beside["GWAS"],
                    "region": beside["region"],
                    "beside": beside["beside"],
                    "tests": beside["tests"],
                    "P < 0.05": _with_error(beside["share"], beside["se"], 3),
                    "mean z alone": beside["z_alone"].map("{:.2f}".format),
                    "mean z beside": beside["z"].map("{:.2f}".format),
                    "SD of z beside": beside["sd"].map("{:.2f}".format),
                }
            )
        ),
        "differences": markdown(
            pd.DataFrame(
                {
                    "GWAS": apart["GWAS"],
                    "difference of": apart["what"],
                    "tests": apart["tests"],
                    "P < 0.05, two-sided": _with_error(apart["share"], apart["se"], 3),
                    "mean z, without its sign": apart["abs_z"].map("{:.2f}".format),
                    "SD of z": apart["sd"].map("{:.2f}".format),
                }
            )
        ),
        "planned": markdown(
            pd.DataFrame(
                {
                    "test": planned["test"],
                    "genes that carry": planned["genes"],
                    "enrichment": planned["enrichment"].map("{:g}".format),
                    "foretold z": planned["expected_z"].map("{:.2f}".format),
                    "mean z of the GWAS": _with_error(planned["z"], planned["z_se"], 2),
                    "foretold power": planned["power"].map("{:.2f}".format),
                    "found": planned["found"].map("{:.2f}".format),
                }
            )
        ),
    }


def _with_error(values: pd.Series, errors: pd.Series, digits: int) -> list[str]:
    return [f"{value:.{digits}f} ± {error:.{digits}f}" for value, error in zip(values, errors, strict=True)]
