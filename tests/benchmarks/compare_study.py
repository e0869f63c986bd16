"""What embeddings are compared on: slices of unlike tissue, one panel and its GWAS for all of them, and real slices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from traitmap.simulation import Study
from traitmap.simulation_genome import place_genes
from traitmap.simulation_slice import Tissue, capture, plan_tissue, spot_factors, write_slice

STUDY = Study(
    seed=31,
    spots=100,  # of a slice that nobody looks at: each scenario has its own
    genes=4000,
    snps=40_000,
    slices=1,
    gwas_people=2000,
    gwas_n=50_000,
    causal_traits=12,
    enrichments=(2.0, 4.0),
    null_traits=16,
    null_kinds=("uniform", "genes"),
)
# Centres along one axis: six parallel layers, some of them four or five spots thin.
LAYERS = np.column_stack([[-0.8, -0.45, -0.25, -0.05, 0.3, 0.75], np.zeros(6)])


@dataclass(frozen=True)
class Scenario:
    """A simulated slice. depth: median counts a spot; overdispersion: as a multiple of the usual; blur as in Tissue."""

    name: str
    says: str
    spots: int
    depth: float
    blur: float = 0.02
    overdispersion: float = 1.0
    layers: bool = False


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("regions", "compact regions, sharp borders", 2000, 2000),
        Scenario("layers", "thin parallel layers, sharp borders", 1500, 1500, blur=0.004, layers=True),
        Scenario("noisy", "compact regions, few counts, four times the overdispersion", 2000, 500, overdispersion=4),
        Scenario("gradients", "regions that go over into each other", 2000, 1500, blur=0.4),
    )
}


@dataclass(frozen=True)
class Slice:
    """A slice to compare on. truth: spots x genes, scores without noise, and the genes; None where nobody knows."""

    name: str
    says: str
    path: Path
    layer: str
    truth: tuple[np.ndarray, np.ndarray] | None = None
    species: str = "human"


def simulated_slices(folder: Path, threads: int = 1) -> list[Slice]:
    """A slice of each scenario, simulated where ``folder`` lacks it."""
    planned = plan_tissue(STUDY, place_genes(STUDY))
    slices = []
    for each in SCENARIOS.values():
        study = replace(STUDY, spots=each.spots, depth=each.depth)
        tissue = replace(planned, blur=each.blur, sizes=planned.sizes / each.overdispersion)
        if each.layers:
            tissue = replace(tissue, centres=LAYERS * np.array([1, 1.2]))
        path = folder / each.name / "slice_1.h5ad"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_slice(study, tissue, 1, path.parent, threads)
        slices.append(Slice(each.name, each.says, path, "counts", (true_scores(study, tissue), tissue.genes)))
    return slices


def true_scores(study: Study, tissue: Tissue) -> np.ndarray:
    """GSS of single spots, from expected expression without any noise: spots x genes, float32.

    As in ``gene_specificity``, R is a gene's rank in the spot over its geometric mean rank in the slice, and the score
    exp(R) - 1 where R > 1. No gene is tied and none is without expression here, so there is no gate.
    """
    factors, _, _, _ = spot_factors(study, tissue, 1)
    log_rank = np.log(rankdata(factors @ tissue.loadings + capture(study, tissue, 1), axis=1)).astype(np.float32)
    ratio = np.exp(log_rank - log_rank.mean(axis=0, dtype=np.float64))
    return np.where(ratio > 1, np.expm1(np.minimum(ratio, 20)), 0).astype(np.float32)


REAL = {
    "olfactory bulb": ("mouse_olfactory_bulb.h5ad", "mouse olfactory bulb, five layers", "mouse"),
    "breast tumour": ("human_breast_H1.h5ad", "HER2+ breast tumour, a pathologist's regions", "human"),
}


def real_slices(folder: Path) -> list[Slice]:
    """The real slices of ``folder``; none where it is missing."""
    found = [Slice(name, says, folder / file, "count", None, species) for name, (file, says, species) in REAL.items()]
    return [each for each in found if each.path.exists()]
