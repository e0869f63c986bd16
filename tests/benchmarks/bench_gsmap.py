"""gsMap from PyPI in an environment of its own, and its commands."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench_study import EMBEDDING, SAMPLE, Study

from traitmap.cli import say

VERSION = "1.73.8"
PYTHON = "3.11"
# What gsMap's own metadata allows and was seen to work; it needs numpy < 2.
REQUIREMENTS = Path(__file__).with_name("gsmap_requirements.txt")


@dataclass(frozen=True)
class Gsmap:
    """gsMap's commands on one study. ``workdir`` is its working folder."""

    program: Path
    study: Study
    workdir: Path
    threads: int

    def _command(self, name: str, *words: str | Path) -> list[str | Path]:
        return [self.program, name, "--workdir", self.workdir, "--sample_name", SAMPLE, *words]

    def find_latent_representations(self) -> list[str | Path]:
        given = ("--input_hdf5_path", self.study.slice, "--annotation", "annotation", "--data_layer", "counts")
        return self._command("run_find_latent_representations", *given)

    def latent_to_gene(self) -> list[str | Path]:
        given = ("--input_hdf5_path", self.study.latent, "--latent_representation", EMBEDDING)
        settings = ("--annotation", "annotation", "--num_neighbour", "21", "--num_neighbour_spatial", "101")
        return self._command("run_latent_to_gene", *given, *settings)

    def generate_ldscore(self) -> list[str | Path]:
        given = ("--bfile_root", self.study.panel, "--keep_snp_root", self.study.snps)
        genes = ("--gtf_annotation_file", self.study.folder / "genes.gtf", "--gene_window_size", "50000")
        return self._command("run_generate_ldscore", "--chrom", "all", *given, *genes)

    def spatial_ldsc(self, trait: str) -> list[str | Path]:
        given = ("--trait_name", trait, "--sumstats_file", self.study.gsmap_sumstats(trait))
        return self._command("run_spatial_ldsc", *given, "--num_processes", str(self.threads))

    @property
    def gss(self) -> Path:
        """genes x spots, feather."""
        return self.workdir / SAMPLE / "latent_to_gene" / f"{SAMPLE}_gene_marker_score.feather"

    @property
    def ldscores(self) -> Path:
        return self.workdir / SAMPLE / "generate_ldscore"

    def spots(self, trait: str) -> Path:
        return self.workdir / SAMPLE / "spatial_ldsc" / f"{SAMPLE}_{trait}.csv.gz"


def install(folder: Path) -> Path:
    """Install gsMap into ``folder`` unless it is there; return its executable."""
    program = folder / "bin" / "gsmap"
    stamp = folder / "installed"
    wanted = REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return program
    say(f"installing gsMap {VERSION} into {folder} (about 6 GB with the libraries of torch)")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", PYTHON, folder], check=True)
    # Compiled when installed, as our own packages are: else the first command that imports one pays for it.
    command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", folder / "bin" / "python"]
    subprocess.run([*command, "--requirement", REQUIREMENTS], check=True)
    stamp.write_text(wanted)
    return program


def versions(program: Path) -> str:
    """gsMap's version and those of what its numbers come from, one line."""
    wanted = ("gsmap", "numpy", "scipy", "pandas", "anndata", "scanpy", "torch", "torch-geometric", "pyranges")
    code = f"from importlib.metadata import version as v\nprint(', '.join(f'{{n}} {{v(n)}}' for n in {wanted!r}))"
    done = subprocess.run([program.with_name("python"), "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()
