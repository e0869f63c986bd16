"""What headers tell before anything is computed (check_inputs.py), and the lists of inputs that tell of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata

from conftest import ROOT

DEMO = ROOT / "assets" / "demo"
BUCKET = "s3://bucket/"  # where the user has the files
SETTINGS = {
    "embedding": "pca",
    "epochs": 300,
    "weights": "shared",
    "ld_window_cm": 1,
    "traits_per_task": 10,
    "spots_per_task": 0,
    "figures": "png",
    "methods": "ldsc",
    "scdrs_controls": 1000,
}
SLICE = {"role": "slice", "slice": "s", "annotation": "annotation", "layer": "", "spatial_key": "spatial"}
SLICE |= {"species": "human", "group": ""}
Item = dict[str, Any]


@dataclass(frozen=True)
class Mistake:
    """Inputs made in a folder, perhaps with parameters, and all that is said of them; ``...`` stands for any text."""

    what: str
    make: Callable[[Path], list[Item]]
    says: tuple[str, ...]
    settings: dict[str, object] = field(default_factory=dict)


def listed(folder: Path, items: list[Item], look: bool = True, **settings: object) -> Path:
    """The list that the pipeline would write of ``items``, whose files are paths; laid out for the look."""
    shown: list[Path] = []
    numbered = []
    for item in items:
        files = {}
        for name, path in item["files"].items():
            shown.append(path)
            files[name] = len(shown)
            if look:
                place = folder / "inputs" / str(len(shown))
                place.mkdir(parents=True)
                (place / path.name).symlink_to(path)
        numbered.append(item | {"files": files})
    sizes = [path.stat().st_size if path.is_file() else 0 for path in shown]
    text = {"items": numbered, "shown": [f"{BUCKET}{path.name}" for path in shown], "bytes": sizes}
    (folder / "inputs.json").write_text(json.dumps(text | {"settings": SETTINGS | settings}))
    return folder / "inputs.json"


def slice_of(path: Path, **said: str) -> Item:
    """A row of the sheet of slices."""
    return SLICE | {"files": {"h5ad": path}} | said


def trait_of(path: Path, n: str = "", **files: Path) -> Item:
    """A row of the sheet of traits."""
    return {"role": "trait", "trait": "t", "n": n, "files": {"sumstats": path} | files}


def panel_of(bed: Path, chromosome: int = 1) -> Item:
    """Genotypes of a chromosome."""
    files = {ending: bed.with_suffix(f".{ending}") for ending in ("bed", "bim", "fam")}
    return {"role": "panel", "chromosome": chromosome, "files": files}


def demo_slices() -> list[Item]:
    """Both slices of the demo, one without regions."""
    one = slice_of(DEMO / "slice_1.h5ad", slice="one", group="donor")
    return [one, slice_of(DEMO / "slice_2.h5ad", slice="two", group="donor", annotation="")]


def text(path: Path, content: str) -> Path:
    """A text file."""
    path.write_text(content)
    return path


def _cut(path: Path, source: Path, size: int) -> Path:
    path.write_bytes(source.read_bytes()[:size])
    return path


def _damaged_panel(folder: Path, ending: str, content: bytes) -> list[Item]:
    for each in ("bed", "bim", "fam"):
        shutil.copy(DEMO / "panel" / f"panel.1.{each}", folder / f"p.{each}")
    (folder / f"p.{ending}").write_bytes(content)
    return [panel_of(folder / "p.bed")]


def _spoiled(change: Callable[[anndata.AnnData], object], **said: str) -> Callable[[Path], list[Item]]:
    def make(folder: Path) -> list[Item]:
        data = anndata.read_h5ad(DEMO / "slice_1.h5ad")
        change(data)
        data.write_h5ad(folder / "a.h5ad")
        return [slice_of(folder / "a.h5ad", **said)]

    return make


def _of(role: str, name: str, content: str, chromosome: int | None = 1) -> Callable[[Path], list[Item]]:
    return lambda d: [{"role": role, "chromosome": chromosome, "files": {role: text(d / name, content)}}]


def _named(role: str, name: str, content: str) -> Callable[[Path], list[Item]]:
    """What names regions or spots of the demo's slices."""
    return lambda d: [*demo_slices(), *_of(role, name, content)(d)]


def _compared(rows: str) -> Callable[[Path], list[Item]]:
    return _named("comparisons", "c.csv", f"comparison,slices_a,region_a,slices_b,region_b\n{rows}")


def _trait(name: str, content: str, n: str = "") -> Callable[[Path], list[Item]]:
    return lambda d: [trait_of(text(d / name, content), n)]


def _homologs(folder: Path) -> list[Item]:
    pairs = text(folder / "h.tsv", "mouse\thuman\nActb\tACTB\n")
    return [SLICE | {"species": "mouse", "files": {"h5ad": DEMO / "slice_1.h5ad", "homologs": pairs}}]


MISTAKES = [
    Mistake(
        "A slice that is text",
        lambda d: [slice_of(text(d / "a.h5ad", "spot,x,y\n"))],
        ("a.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",),
    ),
    Mistake(
        "A slice cut short",
        lambda d: [slice_of(_cut(d / "a.h5ad", DEMO / "slice_1.h5ad", 9000))],
        ("a.h5ad: cannot be read as .h5ad (slice: ...); is it a whole AnnData file?",),
    ),
    Mistake(
        "An empty slice",
        lambda d: [slice_of(text(d / "a.h5ad", ""))],
        ("a.h5ad: is empty (slice); was its download or copy cut short?",),
    ),
    Mistake(
        "A slice without the layer, the coordinates and the annotation of its row",
        lambda d: [slice_of(DEMO / "slice_1.h5ad", annotation="cell_type", layer="spliced", spatial_key="X_umap")],
        (
            "slice_1.h5ad: has no coordinates in obsm['X_umap'] (obsm: spatial); set spatial_key (none: single cells)",
            "slice_1.h5ad: has no obs column 'cell_type' (columns: annotation, group); mend it or leave it empty",
            "slice_1.h5ad: has no layer 'spliced' (layers: counts); name the layer with raw counts, or X",
        ),
    ),
    Mistake(
        "A slice without the embedding and the metacells that are asked for",
        lambda d: [slice_of(DEMO / "slice_1.h5ad")],
        (
            "slice_1.h5ad: has no embedding in obsm['X_mine'] (obsm: spatial); set --embedding-key",
            "slice_1.h5ad: has no obs column 'SEACell' with metacells (columns: annotation, group); set --metacells",
        ),
        {"embedding_key": "X_mine", "metacells": "SEACell"},
    ),
    Mistake(
        "Spots of one name",
        _spoiled(lambda a: setattr(a, "obs_names", ["x", "x", *a.obs_names[2:]])),
        ("a.h5ad: spot name 'x' occurs more than once in obs_names; make them unique",),
    ),
    Mistake(
        "An annotation without a label",
        _spoiled(lambda a: setattr(a, "obs", a.obs.assign(annotation=""))),
        ("a.h5ad: no spot has a label in obs column 'annotation'; leave it empty for a label-free run",),
    ),
    Mistake(
        "Symbols of a mouse",
        _spoiled(lambda a: setattr(a, "var_names", [f"Gm{g}" for g in range(a.n_vars)])),
        (
            (
                "a.h5ad: gene symbols are written as those of mouse or rat (Gm0, Gm1, Gm2, Gm3, Gm4), but the "
                "species is human; set species and give --homologs"
            ),
        ),
    ),
    Mistake(
        "Summary statistics without P",
        _trait("t.tsv", "SNP\tA1\tA2\nrs1\tA\tC\n", "9"),
        (
            (
                "t.tsv: no column to compute Z from (Z, effect and standard error, P, -log10 P or chi-square); "
                "its columns are SNP, A1, A2"
            ),
            (
                "t.tsv: no column of the effect's direction (Z, beta or odds ratio; --a1-inc where A1 always "
                "increases); its columns are SNP, A1, A2"
            ),
        ),
    ),
    Mistake(
        "Summary statistics without N",
        _trait("t.tsv", "SNP A1 A2 Z\nrs1 A C 1\n"),
        (
            (
                "t.tsv: no column of the sample size N (or cases and controls); give it by --n (column n of the "
                "traits sheet); its columns are SNP, A1, A2, Z"
            ),
        ),
    ),
    Mistake(
        "Summary statistics cut short",
        lambda d: [trait_of(_cut(d / "t.gz", DEMO / "null_trait.sumstats.gz", 5000))],
        ("t.gz: the gzip data is truncated or damaged (GWAS summary statistics: ...); copy it again",),
    ),
    Mistake(
        "Summary statistics in a header alone",
        _trait("t.tsv", "SNP\tA1\tA2\tZ\tN\n"),
        ("t.tsv: has a header but no rows (GWAS summary statistics); was its download or copy cut short?",),
    ),
    Mistake(
        "A panel cut short",
        lambda d: _damaged_panel(d, "bed", b"\x6c\x1b\x01"),
        (
            (
                "p.bed: holds 3 bytes where 4042 SNPs (.bim) x 400 people (.fam) need 404203; it is truncated, "
                "or .bim or .fam belong to another .bed; copy all three again"
            ),
        ),
    ),
    Mistake(
        "A panel ordered by people",
        lambda d: _damaged_panel(d, "bed", b"\x6c\x1b\x00"),
        ("p.bed: is ordered by people, not by SNPs; write it again with plink --make-bed",),
    ),
    Mistake(
        "A panel that is none",
        lambda d: _damaged_panel(d, "bed", b"plink"),
        ("p.bed: does not begin as a PLINK 1 .bed does; convert it with plink --make-bed",),
    ),
    Mistake(
        "A .bim of five columns",
        lambda d: _damaged_panel(d, "bim", b"1 rs1 0 5 A\n"),
        ("p.bim: has 5 columns instead of six; is it a PLINK .bim?",),
    ),
    Mistake(
        "A .fam of two people",
        lambda d: _damaged_panel(d, "fam", b"a a 0 0 0 0\n" * 2),
        ("p.fam: lists 2 people; unbiased r2 needs 3 or more; give the whole panel",),
    ),
    Mistake(
        "A panel of another chromosome",
        lambda d: [panel_of(DEMO / "panel" / "panel.2.bed")],
        ("panel.2.bim: begins with chromosome 2, not 1; check --panel",),
    ),
    Mistake(
        "Genes that are none",
        _of("genes", "g.txt", "a\tb\nc\td\n"),
        ("g.txt: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED (genes); give one of these",),
    ),
    Mistake(
        "A baseline without LD scores",
        _of("baseline", "b.txt", "SNP\tCHR\nrs1\t1\n"),
        ("b.txt: needs a column SNP and columns of LD scores; has SNP, CHR",),
    ),
    Mistake(
        "LD scores without L2",
        _of("ld_scores", "l", "CHR SNP BP\n1 rs1 5\n"),
        ("l: lacks column L2 (LD scores); is it LDSC's .l2.ldscore?",),
    ),
    Mistake(
        "LD scores of another chromosome",
        _of("ld_scores", "l", "CHR SNP BP L2\n2 rs1 5 1\n"),
        ("l: begins with no SNP of chromosome 1; check --ld_scores",),
    ),
    Mistake(
        "A genetic map without cM",
        _of("genetic_map", "m", "pos rate\n1 2\n"),
        ("m: its header names no position or no cM (genetic map): pos rate; write both",),
    ),
    Mistake(
        "A reference that is a slice",
        lambda d: [{"role": "reference", "files": {"reference": DEMO / "slice_1.h5ad"}}],
        (
            "slice_1.h5ad: lacks obs column CHR; is it a reference?",
            "slice_1.h5ad: lacks obs column BP; is it a reference?",
            "slice_1.h5ad: lacks obs column CM; is it a reference?",
            "slice_1.h5ad: lacks obs column A1; is it a reference?",
            "slice_1.h5ad: lacks obs column A2; is it a reference?",
            "slice_1.h5ad: lacks obs column MAF; is it a reference?",
            "slice_1.h5ad: lacks obs column w_ld; is it a reference?",
        ),
    ),
    Mistake(
        "A gsMap resource without its matrix",
        lambda d: [{"role": "gsmap_resource", "files": {"gsmap_resource": DEMO}}],
        (
            (
                "demo/LDSC_resource/weights_hm3_no_hla/weights.{chr}.l2.ldscore.gz: no file for chromosomes 1-22 "
                "(gsMap's regression weights); copy the folder again"
            ),
            "demo/quick_mode/snp_gene_weight_matrix.h5ad: no such file (gsMap's SNP x gene matrix); check the path",
        ),
    ),
    Mistake(
        "Homologs of other genes", _homologs, ("slice_1.h5ad: none of its 1500 genes is in h.tsv; first gene: 'HTR16'",)
    ),
    Mistake(
        "A comparison of a region that its slice lacks",
        _compared("x,one,Cortex,one,Bone\n"),
        (
            (
                "c.csv: comparison 'x': one has no region 'Bone' (it has: Cortex, Fiber_tracts, Hippocampus, "
                "Hypothalamus, Striatum, Thalamus); mend it"
            ),
        ),
    ),
    Mistake(
        "A comparison of a region that no slice of the group has",
        _compared("x,donor,Cortex,donor,Bone\n"),
        (
            (
                "c.csv: comparison 'x': donor has no region 'Bone' (it has: Cortex, Fiber_tracts, Hippocampus, "
                "Hypothalamus, Striatum, Thalamus, all spots); mend it"
            ),
        ),
    ),
    Mistake(
        "A comparison by regions of a slice without annotation",
        _compared("x,one,Cortex,two,Cortex\n"),
        ("c.csv: comparison 'x': two has no region 'Cortex' (it has: all spots); mend it",),
    ),
    Mistake(
        "A comparison of an unknown slice, and one of a region with itself",
        _compared("x,three,A,one,A\ny,one,A,one,A\n"),
        (
            "c.csv: row 2: slices_a 'three' is no slice or group of the run (it has: all, donor, one, two); mend it",
            "c.csv: row 3: both sides are region 'A' of 'one'; choose two",
        ),
    ),
    Mistake(
        "Sets of spots that the slices lack",
        _named("spot_sets", "s.tsv", "set\tspot\nrim\tspot_0\n"),
        (
            "s.tsv: 1 of its 1 spots are not in slice one (first: row 2, spot 'spot_0'); give spots of this slice",
            "s.tsv: 1 of its 1 spots are not in slice two (first: row 2, spot 'spot_0'); give spots of this slice",
        ),
    ),
    Mistake(
        "A set of spots of another slice",
        _named("spot_sets", "s.tsv", "slice\tset\tspot\none\trim\tnowhere\n"),
        ("s.tsv: 1 of its 1 spots are not in slice one (first: row 2, spot 'nowhere'); give spots of this slice",),
    ),
    Mistake(
        "A set of spots called as a region",
        _named("spot_sets", "s.tsv", "slice\tset\tspot\none\tCortex\tslice1_spot1\n"),
        ("s.tsv: a set is called 'Cortex', as a region of the slice is; give it another name",),
    ),
    Mistake(
        "Comparisons without a column",
        _named("comparisons", "c.csv", "comparison,slices_a,region_a,slices_b\nx,one,A,two\n"),
        ("c.csv: has no column 'region_b'; add it",),
    ),
    Mistake(
        "Comparisons without rows",
        _compared(""),
        ("c.csv: holds no row below its header; add one a comparison",),
    ),
    Mistake(
        "Comparisons of one name, and an empty cell",
        _compared("x,one,Cortex,one,Striatum\nx,one,Cortex,,Thalamus\n"),
        (
            "c.csv: row 3: slices_b is empty; fill it in",
            "c.csv: row 3: comparison 'x' occurs more than once; rename it",
        ),
    ),
    Mistake(
        "A region to condition on that no slice has",
        lambda d: demo_slices()[:1],
        (
            (
                "--conditional_on: no slice has a region 'Bone' (they have: Cortex, Fiber_tracts, Hippocampus, "
                "Hypothalamus, Striatum, Thalamus); mend it"
            ),
        ),
        {"conditional_on": "Cortex,Bone"},
    ),
    Mistake(
        "A gene list with a word for a weight, and one that is empty",
        lambda d: [
            {"role": "covariate", "files": {"covariate": text(d / name, content)}}
            for name, content in (("a.txt", "GENE1\t2\nGENE2\thigh\n"), ("b.txt", ""))
        ],
        (
            "a.txt: row 2: 'high' beside GENE2 is no number; give its weight or none",
            "b.txt: is empty (gene list); was its download or copy cut short?",
        ),
    ),
    Mistake(
        "Gene sets between commas",
        _of("gene_sets", "sets.gmt", "one,my own,A,B,C,D,E\n"),
        ("sets.gmt: row 1: is no set; a row is name, description and genes, between tabs",),
    ),
    Mistake(
        "MAGMA's genes without ZSTAT",
        lambda d: [
            trait_of(
                DEMO / "null_trait.sumstats.gz",
                magma_genes=text(d / "t.genes.out", "GENE CHR START STOP NSNPS NPARAM N P\n1 1 5 6 2 1 9 0.5\n"),
            )
        ],
        (
            (
                "t.genes.out: has no column ZSTAT (MAGMA's genes; columns: GENE, CHR, START, STOP, NSNPS, NPARAM, N, "
                "P); give the .genes.out"
            ),
        ),
    ),
]
