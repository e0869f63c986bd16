"""Each simulated GWAS through every method, as the pipeline runs them: genes, scDRS, signatures, ldsc beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from calibrate_runs import describe_regions
from calibrate_settings import BASE, CONFIGURATIONS, write_specificity
from calibrate_study import STUDY, Simulated
from scipy import stats

from traitmap import associate_genes as genes_step
from traitmap.compare_methods import auc, consensus
from traitmap.gene_sets import log_expression, measured, top_genes
from traitmap.ledger import Ledger
from traitmap.regression import prepare, regress_spots
from traitmap.regression_inputs import SpotScores
from traitmap.regression_regions import region_scores, regress_regions
from traitmap.score_scdrs import score_regions, score_spots, spots_table
from traitmap.score_signatures import SIGNATURES, score_signatures
from traitmap.simulation_gwas import Trait
from traitmap.slices import REGION, read_slice

METHODS_STUDY = replace(
    STUDY, seed=21, spots=2000, slices=1, causal_traits=20, enrichments=(2.0, 4.0, 8.0), null_traits=80
)
CONTROLS = 200  # control gene sets of scDRS: P of regions down to 1 / 201, where 0.05 / 6 is asked for
SEED = 2024
NO_SIGNAL_DRAWS = 20
EXPRESSIONS = ("spots", "microdomains")


class GeneTests:
    """ASSOCIATE_GENES for many GWAS of the same SNPs: the eigenvalues of each gene's LD are made once."""

    def __init__(self, study: Simulated):
        names = study.associations.snps["SNP"]
        snps = pd.DataFrame({"CHR": 1, "BP": 1, "Z": np.arange(len(names), dtype=float)}, index=names)
        genes = genes_step.genes_of(study.reference)
        window = round(study.study.window_kb * 1000)
        prefix = str(study.folder / "panel" / "panel.{chr}")
        self.genes: list[str] = []
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        for here in genes_step.snps_by_panel(snps, prefix, list(study.study.chromosomes), "", Ledger("", "")):
            read = here.panel.read_standardized()
            for gene in genes_step.snps_of_genes(here, genes, window).itertuples():
                self.genes.append(gene.Index)
                at = here.z[gene.first : gene.last].astype(int)
                self._parts.append((at, genes_step.ld_eigenvalues(read(gene.first, gene.last))))

    def test(self, z: np.ndarray) -> pd.DataFrame:
        """z and P by gene, of the GWAS with ``z`` (SNPs,)."""
        rows = [genes_step.gene_test(z[at], values)[2:] for at, values in self._parts]
        return pd.DataFrame(rows, columns=["z", "p"], index=pd.Index(self.genes, name="gene"))


def run_genes(study: Simulated, folder: Path) -> None:
    """P of genes where a GWAS has no heritability at all: Z is drawn from LD alone."""
    path = folder / "no_signal.parquet"
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    tests = GeneTests(study)
    drawn = [tests.test(study.associations.noise[:, t]).assign(draw=t) for t in range(NO_SIGNAL_DRAWS)]
    pd.concat(drawn).reset_index().to_parquet(path)


def run_traits(study: Simulated, folder: Path, limit: int | None = None) -> Iterator[tuple[int, int]]:
    """Run what is not yet in ``folder``, a parquet a trait; yield traits done and all."""
    traits = study.traits[:limit]
    left = [trait for trait in traits if not (folder / f"{trait.name}.regions.parquet").exists()]
    if left:
        bench = _Bench(study)
    for number, trait in enumerate(traits):
        if trait in left:
            spots, regions = bench.run(trait)
            about = {"trait": trait.name, "kind": trait.kind, "enrichment": trait.enrichment}
            spots.assign(**about).to_parquet(folder / f"{trait.name}.spots.parquet")
            regions.assign(**about).to_parquet(folder / f"{trait.name}.regions.parquet")
        yield number + 1, len(traits)


def read_runs(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All spots' summaries, regions and no-signal genes."""
    of = {
        what: pd.concat([pd.read_parquet(path) for path in sorted(folder.glob(f"*.{what}.parquet"))], ignore_index=True)
        for what in ("spots", "regions")
    }
    return of["spots"], of["regions"], pd.read_parquet(folder / "no_signal.parquet")


class _Bench:
    """What all traits share: the slice's scores and expression, and the genes' LD."""

    def __init__(self, study: Simulated):
        self._study = study
        self._genes = GeneTests(study)
        path = write_specificity(study, CONFIGURATIONS[BASE], study.folder.parent / "gss")
        self._scores = SpotScores(path)
        counts = read_slice(study.slice(1), Ledger("", ""), layer="counts")
        self._expression = {of: log_expression(counts, path, of, Ledger("", "")) for of in EXPRESSIONS}

    def run(self, trait: Trait) -> tuple[pd.DataFrame, pd.DataFrame]:
        """A row a method with the share of spots of P < 0.05; a row a method and region."""
        ((_, table),) = self._study.gwas([trait])
        ldsc, regions = self._ldsc(trait, table)
        rows = [self._about("ldsc", each, each["contrast"]) for each in regions]
        shares = {"ldsc": ldsc["p"]}
        weights = top_genes(self._genes.test(table["Z"].to_numpy()), 1000, Ledger("", ""))
        p_ldsc = pd.Series({each["region"]: each["contrast"] for each in regions})
        for of, expression in self._expression.items():
            own = measured(weights, expression.var_names, Ledger("", ""))
            data = expression.copy()
            scores = score_spots(data, own, CONTROLS, SEED)
            spots = spots_table(scores, pd.Index(ldsc["spot"]))
            found = score_regions(data, scores, SEED, heterogeneity=False).set_index(REGION)
            both = consensus(np.column_stack([p_ldsc, found["assoc_p"].reindex(p_ldsc.index)]))
            shares[f"scdrs, {of}"] = spots["p"]
            pairs = np.column_stack([ldsc["p"], spots["p"]])
            shares[f"consensus, {of}"] = pd.Series(consensus(pairs))
            for each, combined in zip(regions, both, strict=True):
                rows.append(self._about(f"scdrs, {of}", each, found.loc[each["region"], "assoc_p"]))
                rows.append(self._about(f"consensus, {of}", each, combined))
        rows += self._signatures(weights, ldsc, regions)
        by_method = [{"method": method, "share_05": float((p < 0.05).mean())} for method, p in shares.items()]
        return pd.DataFrame(by_method), pd.DataFrame(rows)

    def _signatures(self, weights: pd.Series, ldsc: pd.DataFrame, regions: list[dict]) -> list[dict[str, object]]:
        expression = self._expression["spots"]
        own = measured(weights, expression.var_names, Ledger("", ""))
        signatures = score_signatures(expression, own.index, list(SIGNATURES), SEED, pd.Index(ldsc["spot"]))
        rows = []
        for name in SIGNATURES:
            scores = signatures[name].to_numpy()
            for each in regions:
                inside = (ldsc[REGION] == each["region"]).to_numpy()
                row = self._about(f"{name}, rank sum", each, rank_sum_p(scores, inside))
                rows.append(row | {"auc": auc(scores, inside)})
        return rows

    def _ldsc(self, trait: Trait, table: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, object]]]:
        design = prepare(self._study.reference, self._scores.genes, table, Ledger("", ""), weights="shared")
        (spots,) = regress_spots(self._scores, [design], 1)
        tests = regress_regions(region_scores(self._scores), design)
        return spots, describe_regions(spots, tests, trait.region)

    @staticmethod
    def _about(method: str, region: dict[str, object], p: float) -> dict[str, object]:
        return {"method": method, "region": region["region"], "causal": region["causal"], "p": float(p), "auc": np.nan}


def rank_sum_p(scores: np.ndarray, inside: np.ndarray) -> float:
    """One-sided P of a rank-sum test, spots taken as independent: what is often made of such scores."""
    return float(stats.mannwhitneyu(scores[inside], scores[~inside], alternative="greater").pvalue)
