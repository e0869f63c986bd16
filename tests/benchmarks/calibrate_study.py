"""The calibration's study: two slices, a panel, its reference, and hundreds of GWAS kept in memory, never as files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.reference import Reference, read_reference, write_reference
from traitmap.simulation import Study, stream
from traitmap.simulation_gwas import Associations, Trait, plan_traits, simulate_associations, z_scores

RANDOM_GENES_ENRICHMENT = 4.0
ENRICHMENTS = (1.5, 2.0, 4.0, 8.0)
STUDY = Study(
    seed=20,
    spots=1200,
    genes=4000,
    snps=60_000,
    slices=2,
    gwas_people=2500,
    gwas_n=50_000,
    causal_traits=20,
    enrichments=ENRICHMENTS,
    null_traits=80,
    null_kinds=("uniform", "genes"),  # near all genes 1.5-fold; those near random genes are planned apart
)


def plan(study: Study) -> list[Trait]:
    """Traits in an order in which every run of consecutive ones holds all kinds, so that a part run is a fair one."""
    traits = plan_traits(study, _genes(study), _markers(study))
    apart = replace(study, null_kinds=("random_genes",), null_enrichment=RANDOM_GENES_ENRICHMENT, causal_traits=0)
    random = plan_traits(apart, _genes(study), _markers(study))
    traits += [replace(trait, name=f"random_genes_{trait.name}") for trait in random]
    of_kind: dict[tuple[str, float], list[Trait]] = {}
    for trait in traits:
        of_kind.setdefault((trait.kind, trait.enrichment), []).append(trait)
    place = {trait.name: i / len(same) for same in of_kind.values() for i, trait in enumerate(same)}
    return sorted(traits, key=lambda trait: place[trait.name])


def _genes(study: Study) -> pd.DataFrame:
    from traitmap.simulation_genome import place_genes

    return place_genes(study)


def _markers(study: Study) -> dict[str, list[str]]:
    from traitmap.simulation_slice import plan_tissue

    return plan_tissue(study, _genes(study)).markers


@dataclass(frozen=True)
class Simulated:
    """What ``simulate`` left in its folder: slices, reference, and what Z of the regression SNPs are made of."""

    folder: Path
    study: Study
    traits: list[Trait]
    reference: Reference
    associations: Associations

    def slice(self, number: int) -> Path:
        """The slice's .h5ad."""
        return self.folder / f"slice_{number}.h5ad"

    def gwas(self, traits: list[Trait]) -> Iterator[tuple[Trait, pd.DataFrame]]:
        """Each trait with its table as ``regression_inputs.read_trait`` gives it: index SNP, columns Z and N."""
        at = {trait.name: i for i, trait in enumerate(self.traits)}
        index = pd.Index(self.associations.snps["SNP"], name="SNP")
        for trait in traits:
            rng = stream(self.study.seed, "sumstats", trait.name)
            z, n = z_scores(self.study, self.associations, at[trait.name], rng)
            yield trait, pd.DataFrame({"Z": z, "N": n}, index=index)


def simulate(study: Study, folder: Path, threads: int = 1, keep_panel: bool = False) -> Simulated:
    """Simulate into ``folder``, or read what an earlier call with the same numbers left there.

    ``keep_panel`` leaves the genotypes of the panel in panel/.

    Raises InputError where the folder holds another study.
    """
    parameters = json.loads(json.dumps(asdict(study)))
    told = folder / "parameters.json"
    if told.exists() and json.loads(told.read_text()) != parameters:
        raise InputError(f"{folder}: holds a study of other numbers; give a new folder with --work")
    traits = plan(study)
    if not told.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _simulate(study, traits, folder, threads)
        if not keep_panel:
            shutil.rmtree(folder / "panel")
        told.write_text(json.dumps(parameters, indent=1) + "\n")
    snps = pd.read_parquet(folder / "snps.parquet")
    arrays = np.load(folder / "associations.npz")
    associations = Associations(snps, *(arrays[name] for name in ("mean", "noise", "near", "explained")), len(snps))
    return Simulated(folder, study, traits, read_reference(folder / "reference.h5ad"), associations)


def _simulate(study: Study, traits: list[Trait], folder: Path, threads: int) -> None:
    from traitmap.simulation_genome import write_genes
    from traitmap.simulation_slice import plan_tissue, write_slice

    genes = _genes(study)
    write_genes(genes, folder / "genes.gtf")
    tissue = plan_tissue(study, genes)
    for number in range(1, study.slices + 1):
        write_slice(study, tissue, number, folder, threads)
    whole = simulate_associations(study, genes, traits, folder, threads)
    reference = _link(study, folder, threads)
    write_reference(reference, folder / "reference.h5ad")
    at = pd.Index(whole.snps["SNP"]).get_indexer(reference.snps.index)
    whole.snps.iloc[at].reset_index(drop=True).to_parquet(folder / "snps.parquet")
    np.savez(
        folder / "associations.npz",
        mean=whole.mean[at],
        noise=whole.noise[at],
        near=whole.near[at],
        explained=whole.explained,
    )


def _link(study: Study, folder: Path, threads: int) -> Reference:
    from traitmap.link_snps_to_genes import Settings, link_panel
    from traitmap.reference_parts import merge

    settings = Settings(threads=threads)
    parts = link_panel(
        str(folder / "panel" / "panel.{chr}"),
        folder / "genes.gtf",
        str(folder / "snps" / "snps.{chr}.txt"),
        sorted(study.chromosomes),
        settings,
    )
    return merge(list(parts))
