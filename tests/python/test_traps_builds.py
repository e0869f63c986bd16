"""Genome builds that differ: SNPs and genes at well-known places tell theirs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conftest import REAL, needs_real, refused
from test_panel import write_panel
from traitmap.gene_windows import read_genes
from traitmap.genome_builds import BUILDS, build_problem, count_builds, landmarks
from traitmap.ledger import Ledger
from traitmap.link_snps_to_genes import Settings, link_panel


@pytest.mark.parametrize(("build", "kind"), list(itertools.product(BUILDS, ("SNP", "gene"))))
def test_landmarks_tell_their_build(build, kind):
    known = landmarks(kind)
    other = next(name for name in BUILDS if name != build)
    found = count_builds(kind, known.index, known["chr"], known[build])
    assert found == {build: len(known), other: 0}
    assert build_problem("file", kind, known.index, known["chr"], known[build], build) is None
    said = build_problem("file", kind, known.index, known["chr"], known[build], other)
    assert said.startswith(f"file: is of genome build {build} ({len(known)} of {len(known)}")
    assert build_problem("file", kind, known.index[:4], known["chr"][:4], known[build][:4], other) is None


def landmark_files(folder, panel: str, genes: str) -> None:
    """A panel of chromosome 1's landmark SNPs, and its landmark genes, by the named builds."""
    snps, places = (landmarks(kind).query("chr == 1") for kind in ("SNP", "gene"))
    snps = snps.sort_values(panel)
    counts = np.random.default_rng(0).binomial(2, 0.4, (len(snps), 20))
    cm = np.arange(1.0, len(snps) + 1)
    write_panel(folder, counts, "p.1", sid=snps.index.tolist(), bp_position=snps[panel].to_numpy(), cm_position=cm)
    rows = [f"{name} 1 {start} {start + 9000} + {name}\n" for name, start in places[genes].items()]
    (folder / "genes.loc").write_text("".join(rows))
    (folder / "snps.txt").write_text("\n".join(snps.index))


@pytest.mark.parametrize(
    ("panel", "genes", "named"),
    [
        ("GRCh38", "GRCh37", "p.1.bed: is of genome build GRCh38"),
        ("GRCh37", "hg38", "genes.loc: is of genome build GRCh38"),
    ],
)
def test_panel_and_genes_of_another_build_are_refused(tmp_path, panel, genes, named):
    landmark_files(tmp_path, panel, "GRCh38" if genes == "hg38" else genes)
    text = refused(
        "link_snps_to_genes.py", "--panel", tmp_path / "p.{chr}", "--genes", tmp_path / "genes.loc",
        "--snps", tmp_path / "snps.txt", "--chromosomes", 1, "--out", tmp_path / "out.h5ad",
    )  # fmt: skip
    assert named in text
    assert not (tmp_path / "out.h5ad").exists()


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_panel_and_genes_of_the_declared_build_are_taken(tmp_path, build):
    landmark_files(tmp_path, build, build)
    files = (str(tmp_path / "p.{chr}"), tmp_path / "genes.loc", str(tmp_path / "snps.txt"), [1])
    ((_, reference),) = link_panel(*files, Settings(genome_build=build))
    assert reference.weights.shape[0] > 40


@needs_real
def test_real_genes_are_of_their_build():
    genes = read_genes(REAL / "genes" / "NCBI37.3.gene.loc", Ledger("test", "subject"))
    assert count_builds("gene", genes.index, genes["chr"], genes["start"]) == {"GRCh37": 210, "GRCh38": 0}
