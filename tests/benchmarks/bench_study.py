"""The study that both programs are measured on: simulated once, kept, and put into the formats that each reads."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from bench_measure import measure, step

from traitmap.cli import say

EMBEDDING = "latent_GVAE"  # where gsMap looks for it by default
SAMPLE = "slice_1"


@dataclass(frozen=True)
class Size:
    """Of the simulated study; the names are those of simulate_study.py's options."""

    spots: int = 10_000
    genes: int = 12_000
    snps: int = 400_000
    gwas_people: int = 2_000
    slices: int = 1
    seed: int = 1


FULL = Size()
QUICK = Size(spots=500, genes=1_000, snps=10_000, gwas_people=500)


@dataclass(frozen=True)
class Study:
    """A simulated study in the formats of both programs. traits: causal first."""

    folder: Path
    ready: Path
    traits: tuple[str, ...]

    @property
    def slice(self) -> Path:
        return self.folder / f"{SAMPLE}.h5ad"

    @property
    def panel(self) -> Path:
        """PLINK prefix; a dot and the chromosome follow."""
        return self.folder / "panel" / "panel"

    @property
    def snps(self) -> Path:
        """Prefix of the regression SNPs as gsMap names them: <prefix>.<chromosome>.snp."""
        return self.ready / "snps" / "hm"

    @property
    def genes(self) -> Path:
        """The measured genes alone: gsMap links SNPs to no others."""
        return self.ready / "measured.gtf"

    @property
    def embedding(self) -> Path:
        return self.ready / "embedding.h5ad"

    @property
    def latent(self) -> Path:
        """The same embedding in the file that gsMap's next step reads."""
        return self.ready / "latent.h5ad"

    def sumstats(self, trait: str) -> Path:
        return self.ready / f"{trait}.parquet"

    def gsmap_sumstats(self, trait: str) -> Path:
        return self.ready / f"{trait}.sumstats.gz"


def simulate(folder: Path, size: Size, threads: int) -> Study:
    """Simulate the study into ``folder``, unless a study of this size is there; then convert what is not converted."""
    wanted = asdict(size)
    truth = folder / "truth.json"
    found = json.loads(truth.read_text())["parameters"] if truth.exists() else {}
    if {name: found.get(name) for name in wanted} != wanted:
        say(f"simulating {size.spots:,} spots, {size.genes:,} genes, {size.snps:,} SNPs into {folder}")
        ready = folder.with_name(f"{folder.name}_ready")
        for old in (folder, ready):
            shutil.rmtree(old, ignore_errors=True)
        options = [word for name, value in wanted.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        command = step("simulate_study", "--out", folder, *options, "--threads", str(threads))
        measure(command, folder.with_name(f"{folder.name}.log"), 1)
    traits = tuple(json.loads(truth.read_text())["traits"])
    study = Study(folder, folder.with_name(f"{folder.name}_ready"), traits)
    _convert(study)
    return study


def _convert(study: Study) -> None:
    done = study.ready / "converted"
    if done.exists():
        return
    say(f"converting into {study.ready}")
    (study.ready / "snps").mkdir(parents=True, exist_ok=True)
    for path in (study.folder / "snps").glob("snps.*.txt"):
        shutil.copy(path, f"{study.snps}.{path.name.split('.')[1]}.snp")
    for trait in study.traits:
        source = study.folder / f"{trait}.sumstats.gz"
        log = study.ready / "logs" / f"harmonize_{trait}.log"
        measure(
            step("harmonize_sumstats", "--sumstats", source, "--trait", trait, "--out", study.sumstats(trait)), log, 1
        )
        _write_gsmap_sumstats(study, trait)
    command = step("embed_spots", "--slice", study.slice, "--layer", "counts", "--model", "pca")
    measure([*command, "--out", study.embedding], study.ready / "logs" / "embed.log", 1)
    _write_latent(study)
    _write_measured_genes(study)
    done.touch()


def _write_gsmap_sumstats(study: Study, trait: str) -> None:
    table = pd.read_parquet(study.sumstats(trait), columns=["SNP", "A1", "A2", "Z", "N"])
    table.to_csv(study.gsmap_sumstats(trait), sep="\t", index=False)


def _write_latent(study: Study) -> None:
    """What gsMap's find_latent_representations leaves: log-normalised counts in X, the embedding in obsm."""
    import anndata
    import scanpy as sc

    data = anndata.read_h5ad(study.slice)
    data.X = data.layers.pop("counts")
    sc.pp.filter_genes(data, min_cells=1)
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    data.obsm[EMBEDDING] = anndata.read_h5ad(study.embedding)[data.obs_names].obsm["embedding"]
    data.write_h5ad(study.latent)


def _write_measured_genes(study: Study) -> None:
    import anndata

    measured = set(anndata.read_h5ad(study.latent, backed="r").var_names)
    lines = (study.folder / "genes.gtf").read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.startswith("#") or line.split('gene_name "')[1].split('"')[0] in measured]
    study.genes.write_text("".join(kept))
