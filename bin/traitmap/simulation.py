"""A simulated study with known truth: slices, LD panel, genes and GWAS, ready for the pipeline.

This module holds what a study is made of (``Study``) and puts the parts together (``simulate_study``); the parts are
``simulation_genome`` (genes, LD blocks, panel), ``simulation_gwas`` (effects and summary statistics) and
``simulation_slice`` (tissue and counts). docs/method.md says what is drawn from what.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitmap import __version__
from traitmap.errors import InputError

if TYPE_CHECKING:
    import numpy as np

REGION_NAMES = (
    "Cortex",
    "Hippocampus",
    "Thalamus",
    "Striatum",
    "Hypothalamus",
    "Fiber_tracts",
    "Cerebellum",
    "Midbrain",
    "Amygdala",
    "Olfactory_bulb",
    "Septum",
    "Pons",
    "Medulla",
    "Meninges",
    "Ventricle",
    "Choroid_plexus",
)
NULL_KINDS = ("uniform", "genes", "random_genes")
AUTOSOMES = 22
MT_GENES = 13
UNMEASURED_SHARE = 0.05  # genes of the gene file that the slices do not measure, on top of those that they do
GROUP = "donor_1"


@dataclass(frozen=True)
class Study:
    """What to simulate; every number that shapes the result, and nothing else."""

    seed: int
    spots: int = 2000  # per slice
    genes: int = 5000  # per slice, 13 mitochondrial ones among them
    snps: int = 50_000  # of the panel, over all chromosomes
    slices: int = 2
    regions: int = 6
    people: int = 500  # of the panel
    gwas_people: int = 5000  # whose genotypes carry the LD of the GWAS
    chromosomes: tuple[int, ...] = tuple(range(1, AUTOSOMES + 1))
    kb_per_gene: float = 100.0
    population_size: int = 10_000
    gwas_n: int = 200_000
    heritability: float = 0.3
    causal_region: str = "Hippocampus"
    causal_traits: int = 1  # for each enrichment
    enrichments: tuple[float, ...] = (8.0,)
    null_traits: int = 1  # for each kind
    null_kinds: tuple[str, ...] = ("uniform",)
    null_enrichment: float = 1.5
    window_kb: float = 50.0
    marker_share: float = 0.04  # of the genes, for each region
    depth: float | None = None  # median counts a spot; by default half as many as genes

    def __post_init__(self) -> None:
        problems = [text for wrong, text in self._checks() if wrong]
        if problems:
            raise InputError(*problems)

    def _checks(self) -> list[tuple[bool, str]]:
        chromosomes = self.chromosomes
        names = ", ".join(self.region_names)
        unknown = [kind for kind in self.null_kinds if kind not in NULL_KINDS]
        return [
            (self.seed < 0, f"--seed {self.seed}: must not be negative"),
            (not 2 <= self.regions, f"--regions {self.regions}: give at least 2"),
            (self.spots < 10 * self.regions, f"--spots {self.spots}: give at least 10 for each of the regions"),
            (self.markers < 1, f"--genes {self.genes}: too few for marker genes of {self.regions} regions; give more"),
            (self.regions * self.marker_share > 0.8, f"--regions {self.regions}: too many for their marker genes"),
            (self.snps < 10 * len(chromosomes), f"--snps {self.snps}: give at least 10 a chromosome"),
            (self.slices < 1, f"--slices {self.slices}: give at least 1"),
            (self.people < 3, f"--people {self.people}: give at least 3"),
            (self.gwas_people < 100, f"--gwas-people {self.gwas_people}: give at least 100"),
            (
                not chromosomes or len(set(chromosomes)) < len(chromosomes) or not set(chromosomes) <= set(AUTOSOME_MB),
                f"--chromosomes {','.join(map(str, chromosomes))}: give autosomes from 1 to 22, each once",
            ),
            (self.kb_per_gene <= 0, f"--kb-per-gene {self.kb_per_gene:g}: must be positive"),
            (self.gwas_n < 100, f"--gwas-n {self.gwas_n}: give at least 100"),
            (not 0 < self.heritability < 1, f"--heritability {self.heritability:g}: must lie between 0 and 1"),
            (
                self.causal_region not in self.region_names,
                f"--causal-region {self.causal_region}: no such region; the regions are {names}",
            ),
            (min((*self.enrichments, self.null_enrichment)) <= 0, "--enrichment: must be positive"),
            (bool(unknown), f"--null-kind {', '.join(unknown)}: the kinds are {', '.join(NULL_KINDS)}"),
            (min(self.causal_traits, self.null_traits) < 0, "numbers of traits must not be negative"),
            (self.causal_traits + self.null_traits == 0, "--causal-traits 0 --null-traits 0: give at least one trait"),
            (self.depth is not None and self.depth <= 0, f"--depth {self.depth}: must be positive"),
        ]

    @property
    def region_names(self) -> tuple[str, ...]:
        further = (f"Region_{i + 1}" for i in range(len(REGION_NAMES), self.regions))
        return (*REGION_NAMES[: self.regions], *further)

    @property
    def measured_genes(self) -> int:
        """Autosomal genes that the slices measure."""
        return self.genes - MT_GENES

    @property
    def located_genes(self) -> int:
        """Autosomal genes of the gene file."""
        return self.measured_genes + round(UNMEASURED_SHARE * self.measured_genes)

    @property
    def markers(self) -> int:
        """Marker genes of a region."""
        return round(self.marker_share * self.measured_genes)


# Lengths of the autosomes in megabases (GRCh37); chromosomes of a study are as long in proportion, never longer.
AUTOSOME_MB = dict(
    enumerate(
        (249, 243, 198, 191, 180, 171, 159, 146, 141, 135, 135, 133, 115, 107, 102, 90, 81, 78, 59, 63, 48, 51), start=1
    )
)


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """A random stream of its own for each ``key``: what one part draws never shifts what another draws."""
    import numpy as np

    words = tuple(zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=words))


def simulate_study(study: Study, out: Path, threads: int = 1) -> dict[str, Any]:
    """Write the study into the folder ``out``, which must be new or empty; return what truth.json holds.

    The files are the same, byte for byte, for the same study, whatever ``threads``. Raises InputError where ``out``
    is not empty or has no parent folder, or where the study asks for the impossible.
    """
    out = Path(out)
    if not out.absolute().parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; create it first")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not an empty folder; give a new folder with --out")
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        truth = _write_parts(study, beside, threads)
        beside.chmod(0o755)
        beside.replace(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return truth


def _write_parts(study: Study, out: Path, threads: int) -> dict[str, Any]:
    from traitmap.simulation_genome import place_genes, write_genes
    from traitmap.simulation_gwas import plan_traits, simulate_genotypes_and_gwas
    from traitmap.simulation_slice import plan_tissue, write_slice

    genes = place_genes(study)
    write_genes(genes, out / "genes.gtf")
    tissue = plan_tissue(study, genes)
    slices = {f"slice_{i}": write_slice(study, tissue, i, out, threads) for i in range(1, study.slices + 1)}
    traits = plan_traits(study, genes, tissue.markers)
    gwas = simulate_genotypes_and_gwas(study, genes, traits, out, threads)
    rows = [f"{name},{name}.h5ad,annotation,counts,{GROUP}" for name in slices]
    (out / "slices.csv").write_text("\n".join(["slice,h5ad,annotation,layer,group", *rows]) + "\n")
    rows = [f"{trait.name},{trait.name}.sumstats.gz" for trait in traits]
    (out / "traits.csv").write_text("\n".join(["trait,sumstats", *rows]) + "\n")
    truth = {
        "parameters": asdict(study),
        "versions": _versions(),
        "genome_build": "GRCh37",
        "panel": "panel/panel.{chr}",
        "genes": "genes.gtf",
        "snps": "snps/snps.{chr}.txt",
        "markers": tissue.markers,
        "slices": slices,
        **gwas,
    }
    (out / "truth.json").write_text(json.dumps(truth, indent=1, allow_nan=False) + "\n")
    return truth


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"traitmap": __version__, **{name: version(name) for name in ("msprime", "numpy", "scipy", "anndata")}}
