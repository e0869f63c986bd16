"""A results folder as the pipeline leaves one, simulated: for tests of the report and for looking at it.

``python tests/python/report_fixture.py DIR [--slices 6 --traits 10 --spots 15000]`` writes one to look at.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse, stats

from traitmap import cauchy, formats
from traitmap.files import write_tsv
from traitmap.ledger import Ledger
from traitmap.regions import enrichment

REGIONS = ("Cortex", "Hippocampus", "Thalamus", "Hypothalamus", "Striatum", "Fiber tracts")
GENES_PER_REGION = 20


@dataclass(frozen=True)
class Study:
    """What to simulate: names, sizes, and the region in which the first trait is enriched."""

    slices: tuple[str, ...] = ("brain_A", "brain_B")
    traits: tuple[str, ...] = ("schizophrenia", "height_null")
    regions: tuple[str, ...] = REGIONS
    spots: int = 500
    genes: int = 150
    snps: int = 4000
    approximate: bool = False
    seed: int = 7

    def gene_names(self) -> list[str]:
        """Marker genes named after their region, then others."""
        markers = [f"{region[:4].upper()}{i + 1}" for region in self.regions for i in range(GENES_PER_REGION)]
        return (markers + [f"GENE{i}" for i in range(self.genes)])[: self.genes]


def write_results(folder: Path, study: Study | None = None) -> Path:
    """Write the whole results folder of ``study`` and return it."""
    study = study or Study()
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(study.seed)
    _write_reference(folder, study, rng)
    for trait in study.traits:
        _write_trait(folder, study, trait, rng)
    tables = []
    for name in study.slices:
        coordinates, region = _tissue(study, rng)
        gss = _write_slice(folder, study, name, coordinates, region, rng)
        for number, trait in enumerate(study.traits):
            effect = 4.5 if number == 0 else 0.0
            tables.append(_write_association(folder, study, name, trait, coordinates, region, gss, effect, rng))
    _write_summary(folder, tables, study)
    _write_pipeline_info(folder)
    return folder


def _tissue(study: Study, rng: np.random.Generator) -> tuple[np.ndarray, pd.Categorical]:
    """Spots of a round section on a jittered grid, its regions as bent bands; a few spots without a label."""
    radius = np.sqrt(study.spots / np.pi)
    side = int(np.ceil(radius * 2)) + 2
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) - side / 2
    order = np.argsort(np.hypot(*grid.T), kind="stable")[: study.spots]
    at = grid[np.sort(order)] + rng.normal(0, 0.12, (study.spots, 2))
    depth = np.hypot(at[:, 0], at[:, 1] + radius * 0.35) / (1.4 * radius)
    code = np.clip((depth * len(study.regions)).astype(int), 0, len(study.regions) - 1)[:]
    labels = np.array(study.regions, dtype=object)[code]
    labels[rng.choice(study.spots, max(1, study.spots // 100), replace=False)] = None
    return at * 100, pd.Categorical(labels, categories=sorted(study.regions))


def _smooth(values: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    near = cKDTree(coordinates).query(coordinates, k=min(12, len(coordinates)))[1]
    return values[near].mean(axis=1)


def _write_slice(
    folder: Path,
    study: Study,
    name: str,
    coordinates: np.ndarray,
    region: pd.Categorical,
    rng: np.random.Generator,
) -> np.ndarray:
    import anndata

    path = folder / "slices" / name
    path.mkdir(parents=True, exist_ok=True)
    spots = [f"{name}_{i:06d}" for i in range(study.spots)]
    genes = study.gene_names()
    labels = np.asarray(region, dtype=object)
    gss = np.zeros((study.spots, len(genes)), dtype=np.float32)
    for i in range(len(genes)):
        home = study.regions[min(i // GENES_PER_REGION, len(study.regions) - 1)]
        level = _smooth(rng.normal(0, 1, study.spots) + 1.6 * (labels == home), coordinates)
        gss[:, i] = np.where(level > 0.6, np.exp(1 + level) - 1, 0)
    ledger = Ledger("score_specificity", name)
    ledger.read("spots", study.spots)
    ledger.read("genes", len(genes) + 130)
    ledger.removed("genes", "without a human homolog", 90)
    ledger.removed("genes", "mitochondrial", 40)
    ledger.kept("genes", len(genes))
    ledger.noted("spots", "without a region label (mapped, but in no region)", int(region.isna().sum()))
    ledger.kept("spots", study.spots)
    obs = pd.DataFrame({"region": region}, index=spots)
    obs["microdomain_size"] = rng.integers(12, 22, study.spots)
    obs["microdomain_similarity"] = rng.beta(20, 2, study.spots)
    parameters = {"neighbors": 21, "spatial_neighbors": 101, "power": 1.0}
    data = anndata.AnnData(
        X=sparse.csr_matrix(gss),
        obs=obs,
        var=pd.DataFrame({"expressed_fraction": (gss > 0).mean(axis=0) / 2}, index=genes),
        obsm={"spatial": coordinates},
        uns={"parameters": json.dumps(parameters), "ledger": ledger.to_json()},
    )
    data.write_h5ad(path / "specificity.h5ad")
    epochs = np.arange(1, 251)
    curve = pd.DataFrame({"epoch": epochs, "loss": 0.4 + 1.6 * np.exp(-epochs / 40) + rng.normal(0, 0.01, 250)})
    curve["reconstruction"] = curve["loss"] * 0.8
    ledger = Ledger("embed_spots", name)
    ledger.read("spots", study.spots)
    ledger.kept("spots", study.spots, "embedded")
    ledger.read("genes", len(genes) + 130)
    ledger.removed("genes", "not highly variable", len(genes) + 30)
    ledger.kept("genes", 100, "highly variable, used in training")
    ledger.fact("seed", 2024)
    ledger.fact("device", "cpu")
    if name == study.slices[0]:
        ledger.warn(f"{name}.h5ad: 3 spots have no count; they say nothing of any gene")
    centres = rng.normal(0, 2, (len(study.regions) + 1, 30))
    embedding = centres[region.codes] + rng.normal(0, 1, (study.spots, 30))
    anndata.AnnData(
        X=sparse.csr_matrix((study.spots, 0), dtype=np.float32),
        obs=pd.DataFrame(index=spots),
        obsm={"embedding": embedding.astype(np.float32)},
        obsp={"spatial_graph": sparse.identity(study.spots, dtype=np.float32, format="csr")},
        uns={
            "training_curve": curve,
            "parameters": json.dumps({"epochs": 250, "seed": 2024, "components": 300}),
            "ledger": ledger.to_json(),
        },
    ).write_h5ad(path / "embedding.h5ad")
    return gss


def _write_trait(folder: Path, study: Study, trait: str, rng: np.random.Generator) -> None:
    path = folder / "traits"
    path.mkdir(exist_ok=True)
    z = rng.normal(0, 1.3, study.snps)
    z[rng.choice(study.snps, 5, replace=False)] = rng.normal(0, 1, 5) + 7
    table = pd.DataFrame({"SNP": [f"rs{i + 1}" for i in range(study.snps)], **_positions(study)})
    table["A1"], table["A2"], table["Z"], table["N"] = "A", "G", z, 100_000.0
    table[list(formats.SUMSTATS)].to_parquet(path / f"{trait}.parquet", index=False)
    ledger = Ledger("harmonize_sumstats", trait)
    ledger.read("SNPs", study.snps + 1260, "rows read")
    ledger.removed("SNPs", "INFO below 0.9", 800)
    ledger.removed("SNPs", "strand-ambiguous alleles", 450)
    ledger.removed("SNPs", "duplicates", 10)
    ledger.removed("SNPs", "P out of (0, 1]", 0)
    ledger.kept("SNPs", study.snps)
    ledger.fact("build", "GRCh37")
    ledger.fact("n_mean", 100_000)
    ledger.write(path / f"{trait}.qc.json")


def _positions(study: Study) -> dict[str, np.ndarray]:
    chromosome = np.sort(np.arange(study.snps) % 22 + 1).astype(np.int8)
    within = np.concatenate([np.arange((chromosome == c).sum()) for c in range(1, 23)])
    return {"CHR": chromosome, "BP": (within * 40_000 + 1_000_000).astype(np.int32)}


def _write_reference(folder: Path, study: Study, rng: np.random.Generator) -> None:
    from traitmap.reference import Reference, write_reference

    (folder / "reference").mkdir(exist_ok=True)
    genes = [*study.gene_names(), formats.UNMAPPED]
    where = np.sort(rng.integers(0, study.snps, len(genes)))
    at = _positions(study)
    frame = pd.DataFrame({"chr": at["CHR"][where], "start": at["BP"][where]}, index=pd.Index(genes))
    frame["end"], frame["strand"] = frame["start"] + 30_000, "+"
    frame.iloc[-1, :3] = 0
    snps = pd.DataFrame(at, index=[f"rs{i + 1}" for i in range(study.snps)])
    snps["CM"], snps["A1"], snps["A2"], snps["MAF"], snps["w_ld"] = snps["BP"] / 1e6, "A", "G", 0.2, 10.0
    ledger = Ledger("link_snps_to_genes", "reference")
    ledger.read("regression SNPs", study.snps + 25)
    ledger.removed("regression SNPs", "not in the panel", 25)
    ledger.kept("regression SNPs", study.snps)
    if study.approximate:
        ledger.warn("the reference was built from LD scores only: approximate")
    facts = {
        "genome_build": "GRCh37",
        "approximate": study.approximate,
        "panel_people": 489,
        "ld_window": "1 cM",
        "window_kb": 50,
        "version": "0.1.0",
        "inputs": json.dumps({"panel.1.bed": "0" * 64}),
        "ledger": ledger.to_json(),
    }
    weights = sparse.random(study.snps, len(genes), 0.01, format="csr", dtype=np.float32, random_state=1)
    write_reference(
        Reference(weights, snps[list(formats.REFERENCE_SNPS)], frame, facts), folder / "reference" / "reference.h5ad"
    )


def _write_association(
    folder: Path,
    study: Study,
    name: str,
    trait: str,
    coordinates: np.ndarray,
    region: pd.Categorical,
    gss: np.ndarray,
    effect: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    path = folder / "associations" / name / trait
    path.mkdir(parents=True, exist_ok=True)
    labels = np.asarray(region, dtype=object)
    home = study.regions[min(1, len(study.regions) - 1)]
    z = 1.6 * _smooth(rng.normal(0, 1, study.spots), coordinates) * np.sqrt(6)
    z = z * 0.45 + effect * _smooth((labels == home).astype(float), coordinates)
    se = rng.uniform(2.5e-7, 3.5e-7, study.spots)
    p = np.maximum(stats.norm.sf(z), formats.SMALLEST_P)
    spots = pd.DataFrame({"spot": [f"{name}_{i:06d}" for i in range(study.spots)], "beta": z * se, "se": se})
    spots["z"], spots["p"], spots["neg_log10_p"] = z, p, -stats.norm.logsf(z) / np.log(10)
    spots["region"] = labels
    spots.loc[3, ["beta", "se", "z", "p", "neg_log10_p"]] = np.nan
    spots[list(formats.SPOTS)].to_parquet(path / "spots.parquet", index=False)
    regions, tests = _regions(study, spots, rng)
    tests.to_parquet(path / "region_tests.parquet", index=False)
    genes = study.gene_names()
    good = spots["z"].notna().to_numpy()
    nlp = spots["neg_log10_p"].to_numpy()[good]
    with np.errstate(invalid="ignore"):
        pcc = np.array([np.corrcoef(gss[good, i], nlp)[0, 1] for i in range(len(genes))])
    codes = region.codes
    medians = np.array([np.median(gss[codes == c], axis=0) for c in range(len(region.categories))])
    best = medians.argmax(axis=0)
    table = pd.DataFrame(
        {"gene": genes, "pcc": pcc, "region": region.categories[best], "median_gss": medians.max(axis=0)}
    )
    table["share_expressed"] = (gss > 0).mean(axis=0)
    table["drives"] = table["region"].astype(object).where((table["pcc"] > 0.3) & (table["median_gss"] > 0), "")
    table = table[gss[good].std(axis=0) > 0].sort_values("pcc", ascending=False, kind="stable")
    write_tsv(table[list(formats.GENES)], path / "genes.tsv")
    first = table["gene"].head(12).tolist()
    counts = pd.DataFrame(np.log1p(gss[:, [genes.index(gene) for gene in first]]), columns=first)
    counts.insert(0, "spot", spots["spot"])
    counts.to_parquet(path / "expression.parquet", index=False)
    ledger = Ledger("regress_spots", f"{name} x {trait}")
    ledger.read("SNPs", study.snps, "harmonised")
    ledger.removed("SNPs", "not in the reference", 120)
    ledger.removed("SNPs", "in the MHC (chr6:25-34 Mb, GRCh37)", 33)
    ledger.removed("SNPs", "chi-square above 100", 1)
    ledger.kept("SNPs", study.snps - 154)
    ledger.read("spots", study.spots)
    ledger.noted("spots", "singular regression (NaN)", 1)
    ledger.kept("spots", study.spots)
    for fact, value in (("n_snps", study.snps - 154), ("mean_chi2", 1.69), ("lambda_gc", 1.61), ("h2", 0.41)):
        ledger.fact(fact, value)
    ledger.fact("intercept", 1.02)
    ledger.fact("blocks", 200)
    ledger.fact("weights", "spot")
    ledger.fact("smallest_attainable_p", 1e-300)
    ledger.fact("reference", {"genome_build": "GRCh37", "approximate": study.approximate, "panel_people": 489})
    if trait == study.traits[-1]:
        ledger.warn(f"only {study.snps - 154:,} regression SNPs: fewer than 200,000; standard errors may be too small")
    ledger.write(path / "regression.qc.json")
    regions.insert(0, "trait", trait)
    regions.insert(0, "slice", name)
    return regions


def _regions(study: Study, spots: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    z, used = spots["z"], spots["z"].notna()
    top = (z >= z[used].quantile(0.95)).to_numpy()
    rows, tests = [], []
    for region in sorted(study.regions):
        inside = (spots["region"] == region).to_numpy()
        here = inside & used.to_numpy()
        if not here.any():
            continue
        mean, contrast = z[here].mean() * 1.6, (z[here].mean() - z[~here].mean()) * 1.7
        odds, odds_p = enrichment(int((top & here).sum()), int(here.sum()), int(top.sum()), int(used.sum()))
        rows.append(
            {
                "region": region,
                "n_spots": int(inside.sum()),
                "p_cauchy": cauchy.combine(spots["p"][here].to_numpy()),
                "p_median": spots["p"][here].median(),
                "beta": mean * 3e-7,
                "se": 3e-7,
                "z_mean": mean,
                "p_mean": stats.norm.sf(mean),
                "beta_contrast": contrast * 3e-7,
                "se_contrast": 3e-7,
                "z_contrast": contrast,
                "p_contrast": stats.norm.sf(contrast),
                "n_top_spots": int((top & here).sum()),
                "share_top": (top & here).sum() / here.sum(),
                "odds_ratio": odds,
                "odds_ratio_p": odds_p,
                "flags": "fewer than 30 spots" if inside.sum() < 30 else "",
            }
        )
        for test, value in (("mean", mean), ("contrast", contrast)):
            deletes = (value * 3e-7 + rng.normal(0, 1e-9, 200)).tolist()
            tests.append((region, test, int(inside.sum()), value * 3e-7, 3e-7, value, stats.norm.sf(value), deletes))
    names = ["region", "test", "n_spots", "beta", "se", "z", "p", "delete_values"]
    return pd.DataFrame(rows), pd.DataFrame(tests, columns=names)


def _write_summary(folder: Path, tables: list[pd.DataFrame], study: Study) -> None:
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "scope", "slice")
    if len(study.slices) > 1:
        merged = []
        for (trait, region), rows in table.groupby(["trait", "region"], sort=True):
            row = rows.iloc[0].copy()
            row["scope"], row["slice"], row["trait"], row["region"] = "all", "all", trait, region
            row["n_spots"] = rows["n_spots"].sum()
            row["p_cauchy"] = cauchy.combine(rows["p_cauchy"].to_numpy())
            row["n_top_spots"] = rows["n_top_spots"].sum()
            merged.append(row)
        table = pd.concat([table, pd.DataFrame(merged)], ignore_index=True)
    table["q"] = np.nan
    of_slices = table["scope"] == "slice"
    table.loc[of_slices, "q"] = stats.false_discovery_control(table.loc[of_slices, "p_cauchy"])
    if not of_slices.all():
        table.loc[~of_slices, "q"] = stats.false_discovery_control(table.loc[~of_slices, "p_cauchy"])
    (folder / "summary").mkdir(exist_ok=True)
    write_tsv(table[list(formats.SUMMARY)], folder / "summary" / "regions.tsv")
    for (name, trait), rows in table[of_slices].groupby(["slice", "trait"], sort=False):
        ordered = rows.sort_values("p_cauchy", kind="stable")[list(formats.REGIONS)]
        write_tsv(ordered, folder / "associations" / name / trait / "regions.tsv")


def _write_pipeline_info(folder: Path) -> None:
    info = folder / "pipeline_info"
    info.mkdir(exist_ok=True)
    versions = "REGRESS_SPOTS:\n  python: 3.11.7\n  traitmap: 0.1.0\nEMBED_SPOTS:\n  python: 3.11.7\n  torch: 2.9.1\n"
    (info / "software_versions.yml").write_text(versions + "Workflow:\n  traitmap: 0.1.0\n  Nextflow: 24.10.0\n")
    parameters = {"input": "slices.csv", "traits": "traits.csv", "reference": "reference", "blocks": 200, "seed": 2024}
    (info / "params.json").write_text(json.dumps(parameters))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for option, default in (("slices", 2), ("traits", 2), ("spots", 500), ("snps", 4000)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--approximate", action="store_true")
    given = parser.parse_args()
    numbered = Study(
        slices=tuple(f"brain_{i + 1}" for i in range(given.slices)),
        traits=tuple(
            ["schizophrenia", "height_null", *(f"trait_{i + 3}" for i in range(given.traits))][: given.traits]
        ),
        spots=given.spots,
        snps=given.snps,
        approximate=given.approximate,
    )
    print(write_results(given.folder, numbered))
