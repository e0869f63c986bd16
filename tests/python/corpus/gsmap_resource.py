"""Cases of gsMap's resource folder (link_snps_to_genes.py)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anndata
import numpy as np

from corpus.references import changed, files, obs
from corpus.registry import Reader
from regression_study import make_reference
from test_reference import gsmap_folder
from traitmap.h5ad import write_h5ad

RESOURCE = Path("resource")
MATRIX = str(RESOURCE / "quick_mode" / "snp_gene_weight_matrix.h5ad")
WEIGHTS = RESOURCE / "LDSC_resource" / "weights_hm3_no_hla"


def make_resource(folder: Path) -> None:
    """A resource folder of twelve chromosomes, with a column of unmapped SNPs."""
    gsmap_folder(folder / RESOURCE, make_reference(snps=120, genes=12), with_unmapped=True, with_positions=True)


GSMAP = Reader(
    "gsmap",
    "gsMap's resource folder",
    "link_snps_to_genes",
    {"--gsmap-resource": RESOURCE, "--out": "out/reference.h5ad"},
    make_resource,
)
READERS = [GSMAP]
matrix = partial(changed, GSMAP, MATRIX)
files(GSMAP, MATRIX, "gsMap's SNP x gene matrix")
matrix(
    "other_positions",
    "Positions of another genome build",
    obs(BP=lambda o: o["BP"] + 9999),
    (
        "resource/quick_mode/snp_gene_weight_matrix.h5ad: positions differ from "
        "LDSC_resource/weights_hm3_no_hla/weights.{chr} (SNP rs0, say); are they of one "
        "genome build?"
    ),
)
matrix(
    "other_snps",
    "SNPs that the weights lack",
    lambda d: setattr(d, "obs_names", [f"x{i}" for i in range(120)]),
    (
        "resource/quick_mode/snp_gene_weight_matrix.h5ad: none of its SNPs is in "
        "LDSC_resource/weights_hm3_no_hla/weights.{chr}; do the files belong together?"
    ),
)
matrix(
    "repeated_snp",
    "A SNP in two rows",
    lambda d: setattr(d, "obs_names", ["rs1", *d.obs_names[1:]]),
    ("resource/quick_mode/snp_gene_weight_matrix.h5ad: SNP rs1 occurs more than once; copy the folder again"),
)
matrix(
    "repeated_gene",
    "A gene in two columns",
    lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]),
    ("resource/quick_mode/snp_gene_weight_matrix.h5ad: gene GENE1 occurs more than once; copy the folder again"),
)
matrix(
    "position_missing",
    "A position that is missing",
    obs(BP=lambda o: [np.nan, *o["BP"][1:].astype(float)]),
    wrong=False,
    same=True,
)
matrix(
    "no_x",
    "Nothing in X",
    lambda d: setattr(d, "X", None),
    ("resource/quick_mode/snp_gene_weight_matrix.h5ad: holds nothing in X (gsMap's SNP x gene matrix); copy it again"),
)


@GSMAP.wrong(
    (
        "nothing/LDSC_resource/weights_hm3_no_hla/weights.{chr}.l2.ldscore.gz: no file for "
        "chromosomes 1-22 (gsMap's regression weights); copy the folder again"
    ),
    ("nothing/quick_mode/snp_gene_weight_matrix.h5ad: no such file (gsMap's SNP x gene matrix); check the path"),
)
def an_empty_folder(folder: Path) -> dict[str, object]:
    """A folder that is none"""
    (folder / "nothing").mkdir()
    return {"--gsmap-resource": "nothing"}


@GSMAP.wrong(
    "resource/LDSC_resource/weights_hm3_no_hla/weights.{chr}.l2.ldscore.gz: no file for "
    "chromosome 3 (gsMap's regression weights); copy the folder again"
)
def no_weights_of_a_chromosome(folder: Path) -> None:
    """Weights of a chromosome are missing"""
    (folder / WEIGHTS / "weights.3.l2.ldscore.gz").unlink()


@GSMAP.wrong(
    "resource/LDSC_resource/weights_hm3_no_hla/weights.3.l2.ldscore.gz: the gzip data is "
    "truncated or damaged (regression weights: ...); copy it again"
)
def weights_truncated(folder: Path) -> None:
    """A file of weights is cut short"""
    path = folder / WEIGHTS / "weights.3.l2.ldscore.gz"
    path.write_bytes(path.read_bytes()[:40])


def _without_unmapped(folder: Path) -> Path:
    data = anndata.read_h5ad(folder / MATRIX)
    write_h5ad(data[:, :-1].copy(), folder / MATRIX)
    return folder / RESOURCE / "quick_mode" / "baseline" / "baseline.2.l2.ldscore.feather"


@GSMAP.wrong(
    (
        "resource/quick_mode/snp_gene_weight_matrix.h5ad: has no column 'unmapped', and its "
        "substitute is missing; copy the folder again"
    ),
    (
        "resource/quick_mode/baseline/baseline.{chr}.l2.ldscore.feather: no file for "
        "chromosome 2 (unmapped SNPs); copy the folder again"
    ),
)
def no_baseline(folder: Path) -> None:
    """Neither a column of unmapped SNPs nor a baseline"""
    _without_unmapped(folder).unlink()


@GSMAP.wrong(
    "resource/quick_mode/baseline/baseline.2.l2.ldscore.feather: cannot be read as feather (...); copy it again"
)
def baseline_damaged(folder: Path) -> None:
    """A baseline that is no feather file"""
    _without_unmapped(folder).write_text("SNP\tbase\n")


@GSMAP.odd("12 regression SNPs: without a regression weight")
def as_it_is(folder: Path) -> None:
    """SNPs that the weights leave out, as gsMap's leave out the MHC"""


matrix(
    "shuffled",
    "SNPs in any order",
    lambda d: d[::-1].copy(),
    "107 regression SNPs: out of genomic order in the matrix (sorted)",
    wrong=False,
    same=True,
)
