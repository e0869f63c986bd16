"""Cases of what associates genes with a trait: its summary statistics and a panel, or MAGMA's results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from corpus import panels
from corpus.programs import arguments, call
from corpus.registry import OUT, Reader
from traitmap.reference import read_reference, write_reference

ASSOCIATE = Reader(
    "associate_genes",
    "Genes of a trait, by a panel",
    "associate_genes",
    {
        "--trait": "t",
        "--sumstats": "trait.parquet",
        "--reference": "reference.h5ad",
        "--panel": "panel.{chr}",
        "--chromosomes": "1",
        "--qc": "out/qc.json",
        "--out": "out/genes.tsv",
    },
    lambda folder: make(folder),
)
MAGMA = Reader(
    "magma",
    "Genes of a trait, by MAGMA (.genes.out)",
    "associate_genes",
    {
        "--trait": "t",
        "--magma": "t.genes.out",
        "--genes": "genes.loc",
        "--qc": "out/qc.json",
        "--out": "out/genes.tsv",
    },
    lambda folder: make_magma(folder),
)
READERS = [ASSOCIATE, MAGMA]


def trait() -> pd.DataFrame:
    """Harmonised summary statistics of the panel's SNPs."""
    at = np.arange(panels.SNPS)
    z = np.random.default_rng(4).normal(size=panels.SNPS)
    table = pd.DataFrame({"SNP": [f"rs{i}" for i in at], "CHR": 1, "BP": (at + 1) * 10_000})
    return table.assign(A1="A", A2="G", Z=z, N=1e5)


def make(folder: Path) -> None:
    """Panel, genes, a reference of them, and a trait."""
    panels.make(folder)
    (folder / OUT).mkdir()
    code, told = call("link_snps_to_genes", arguments({**panels.OPTIONS, "--out": "reference.h5ad"}), folder)
    assert code == 0, told
    (folder / OUT).rmdir()
    trait().to_parquet(folder / "trait.parquet")


def of_trait(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame], *says: str, **kind) -> None:
    """Register a changed trait."""
    ASSOCIATE.add(name, what, lambda folder: change(trait()).to_parquet(folder / "trait.parquet"), says, **kind)


def asked(name: str, what: str, options: dict[str, object], *says: str, **kind) -> None:
    """Register other options."""
    ASSOCIATE.add(name, what, lambda _folder: options, says, **kind)


asked(
    "neither",
    "Neither summary statistics nor MAGMA's genes",
    {"--sumstats": None},
    "give --sumstats (with --reference) or --magma, one of them",
)
asked(
    "both",
    "Summary statistics and MAGMA's genes",
    {"--magma": "t.genes.out"},
    "give --sumstats (with --reference) or --magma, one of them",
)
asked(
    "no_reference",
    "Summary statistics without a reference",
    {"--reference": None},
    "--reference is needed with --sumstats: it tells where genes lie",
)
asked(
    "no_panel_files",
    "A panel that is not there",
    {"--panel": "none.{chr}", "--chromosomes": "1-2"},
    "none.{chr}.bed: no file for chromosomes 1-2 (panel); add it, or name fewer by --chromosomes",
)
asked(
    "chromosomes",
    "Chromosomes that are none",
    {"--chromosomes": "1-"},
    "--chromosomes 1-: '1-' is no autosome or range; write 1-22 or 1,3,7-9",
)
asked(
    "missing_file",
    "Summary statistics that are not there",
    {"--sumstats": "no.parquet"},
    "no.parquet: no such file (summary statistics); check the path",
)
asked(
    "reference_is_slice",
    "A trait in place of the reference",
    {"--reference": "trait.parquet"},
    "trait.parquet: cannot be read as .h5ad (reference: ...); is it a whole AnnData file?",
)
asked(
    "reference_missing",
    "A reference that is not there",
    {"--reference": "no.h5ad"},
    "no.h5ad: no such file (reference); check the path",
)
of_trait(
    "no_place",
    "A trait that is not harmonised",
    lambda t: t.drop(columns=["CHR", "BP"]),
    "trait.parquet: has no column CHR, BP; harmonise it first (harmonize_sumstats.py)",
)
of_trait(
    "no_z",
    "A trait without Z",
    lambda t: t.drop(columns="Z"),
    "trait.parquet: has no column Z (columns: SNP, CHR, BP, A1, A2, N); harmonise it first (harmonize_sumstats.py)",
)
of_trait(
    "others",
    "SNPs that the panel lacks",
    lambda t: t.assign(SNP="x" + t["SNP"]),
    "panel.{chr}: has none of the trait's 40 SNPs (first: 'xrs0', there: 'rs0'); are both of one naming (rs numbers)?",
)
of_trait(
    "no_rows",
    "A trait without SNPs",
    lambda t: t[:0],
    "trait.parquet: holds no SNP with Z and N (summary statistics); harmonise the trait again",
)


@ASSOCIATE.wrong("the reference does not tell where genes lie; build or import it with --genes")
def no_places(folder: Path) -> None:
    """A reference that does not tell where genes lie"""
    reference = read_reference(folder / "reference.h5ad")
    reference.genes["chr"] = 0
    write_reference(reference, folder / "reference.h5ad")


@ASSOCIATE.wrong(
    "panel.1.bed: holds 318 bytes where 40 SNPs (.bim) x 30 people (.fam) need 323; it is truncated, or .bim or .fam "
    "belong to another .bed; copy all three again"
)
def panel_cut_short(folder: Path) -> None:
    """A panel cut short"""
    data = (folder / "panel.1.bed").read_bytes()
    (folder / "panel.1.bed").write_bytes(data[:-5])


@ASSOCIATE.wrong("panel.1.bim: has no SNP on chromosome 1, only on 2; check --panel")
def panel_of_another_chromosome(folder: Path) -> None:
    """A panel of another chromosome"""
    path = folder / "panel.1.bim"
    path.write_text("".join("2" + line[1:] + "\n" for line in path.read_text().splitlines()))


asked("no_panel", "No panel", {"--panel": None}, "warning: No genotypes: ...", wrong=False)
of_trait("fewer", "SNPs that the trait lacks", lambda t: t[:30], wrong=False)
of_trait(
    "more",
    "SNPs that the panel lacks, beside its own",
    lambda t: pd.concat([t, t[:3].assign(SNP=["a", "b", "c"])]),
    "3 SNPs: not in the panel",
    wrong=False,
    same=True,
)
of_trait("shuffled", "Rows in another order", lambda t: t.sample(frac=1, random_state=4), wrong=False, same=True)
of_trait(
    "z_missing", "A Z that is missing", lambda t: t.assign(Z=[np.nan, *t["Z"][1:]]), "1 SNPs: Z missing", wrong=False
)

GENES_OUT = """# VERSION = 110
GENE CHR START STOP NSNPS NPARAM N ZSTAT P
148398 1 859993 879961 15 4 10000 1.5 0.0668
79501 1 69091 70008 2 2 10000 -0.5 0.6915
26155 1 879583 894679 9 3 10000 2.0 0.02275
"""
LOC = "79501 1 69091 70008 + OR4F5\n148398 1 859993 879961 + SAMD11\n26155 1 879583 894679 - NOC2L\n"


def make_magma(folder: Path) -> None:
    """MAGMA's genes, by number, and the symbols of these."""
    (folder / "t.genes.out").write_text(GENES_OUT)
    (folder / "genes.loc").write_text(LOC)


MAGMA.texts(
    "t.genes.out",
    [
        ("empty", "An empty file", "", "t.genes.out: is empty (MAGMA's genes); was its download or copy cut short?"),
        (
            "header_only",
            "A header without rows",
            "".join(GENES_OUT.splitlines(keepends=True)[:2]),
            "t.genes.out: holds no gene with a symbol, z and P (MAGMA's genes); is it MAGMA's .genes.out?",
        ),
        (
            "no_column",
            "No column ZSTAT",
            GENES_OUT.replace("ZSTAT", "Z"),
            "t.genes.out: has no column ZSTAT (MAGMA's genes; columns: GENE, CHR, START, STOP, NSNPS, NPARAM, N, Z, "
            "P); give the .genes.out",
        ),
        (
            "genes_raw",
            "MAGMA's .genes.raw",
            "# VERSION = 110\n# COVAR = NSAMP MAC\n148398 1 859993 879961 15 4 10000 1.5\n",
            "t.genes.out: has no column GENE, CHR, START, STOP, NSNPS, NPARAM, ZSTAT, P (MAGMA's genes; columns: "
            "148398, ...); give the .genes.out",
        ),
        (
            "word",
            "A word for ZSTAT",
            GENES_OUT.replace(" 1.5 ", " high "),
            "t.genes.out: row 2: ZSTAT is 'high', no number (MAGMA's genes); mend it",
        ),
        (
            "p_range",
            "A P above 1",
            GENES_OUT.replace("0.0668", "1.5"),
            "t.genes.out: row 2: P is 1.5; it must lie between 0 and 1 (MAGMA's genes)",
        ),
        (
            "ragged",
            "A row of more fields than the header",
            GENES_OUT + "1 1 1 2 3 4 5 6 0.5 8 9\n",
            "t.genes.out: cannot be read as a table (MAGMA's genes: ...); give the .genes.out",
        ),
        (
            "all_missing",
            "Every Z missing",
            GENES_OUT.replace(" 1.5 ", " NA ").replace(" -0.5 ", " NA ").replace(" 2.0 ", " NA "),
            "t.genes.out: holds no gene with a symbol, z and P (MAGMA's genes); is it MAGMA's .genes.out?",
        ),
        (
            "binary",
            "A binary file",
            bytes(range(256)),
            "t.genes.out: holds zero bytes, which no text does (MAGMA's genes); copy it again",
        ),
    ],
)
MAGMA.texts(
    "genes.loc",
    [
        (
            "no_symbols",
            "Genes without symbols",
            LOC.replace("+", "").replace("-", ""),
            "t.genes.out: names genes by numbers, and genes.loc has no symbols for them; give a .gene.loc of six "
            "columns",
        ),
        (
            "other_genes",
            "Symbols of other genes",
            "1 1 5 6 + A1BG\n",
            "t.genes.out: none of its 3 genes is in genes.loc; give the .gene.loc that MAGMA was run with",
        ),
    ],
)
MAGMA.add(
    "no_loc",
    "Numbers without a .gene.loc",
    lambda folder: {"--genes": None},
    ("t.genes.out: names genes by numbers; give --genes, the .gene.loc that MAGMA was run with, with symbols in it",),
)
MAGMA.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "t.genes.out").unlink(),
    ("t.genes.out: no such file (MAGMA's genes); check the path",),
)


def of_magma(name: str, what: str, content: str, *says: str, **kind) -> None:
    """Register MAGMA's genes that work."""
    MAGMA.add(
        name, what, lambda folder: (folder / "t.genes.out").write_text(content) and None, says, wrong=False, **kind
    )


of_magma("missing", "A Z that is missing", GENES_OUT.replace(" 1.5 ", " NA "), "1 genes: z or P missing")
of_magma(
    "unknown",
    "A gene without a symbol",
    GENES_OUT + "1 1 1 2 3 1 100 1.0 0.1587\n",
    "1 genes: without a symbol",
    same=True,
)
of_magma(
    "symbols",
    "Symbols in place of numbers",
    GENES_OUT.replace("148398", "SAMD11").replace("79501", "OR4F5").replace("26155", "NOC2L"),
    same=True,
)
of_magma("windows", "Line ends of Windows", GENES_OUT.replace("\n", "\r\n"), same=True)
of_magma("short", "A row of fewer fields", GENES_OUT + "148400 1 1\n", "1 genes: without a symbol", same=True)
