"""Cases of PLINK panels (link_snps_to_genes.py --panel)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from corpus.registry import Reader
from test_panel import MISSING, write_panel

SNPS, PEOPLE = 40, 30


def genotypes() -> np.ndarray:
    """SNPs x people, counts of A1, pairs of SNPs in LD; every SNP varies."""
    rng = np.random.default_rng(8)
    counts = rng.binomial(2, 0.4, (SNPS, PEOPLE)).astype(np.int8)
    counts[1::2] = np.where(rng.random((SNPS // 2, PEOPLE)) < 0.7, counts[::2], counts[1::2])
    return counts


def write(folder: Path, counts: np.ndarray | None = None, **properties) -> None:
    """Write the panel, perhaps with other genotypes or columns of the .bim."""
    given = {"bp_position": np.arange(1, SNPS + 1) * 10_000, "cm_position": np.arange(1, SNPS + 1) / 32, **properties}
    write_panel(folder, genotypes() if counts is None else counts, "panel.1", **given)


def make(folder: Path) -> None:
    """Panel, genes and regression SNPs of chromosome 1."""
    write(folder)
    rows = [f"{k} 1 {k * 100_000} {k * 100_000 + 30_000} + GENE{k}\n" for k in range(1, 4)]
    (folder / "genes.loc").write_text("".join(rows))
    (folder / "snps.txt").write_text("".join(f"rs{i}\n" for i in range(0, SNPS, 2)))


OPTIONS: dict[str, object] = {
    "--panel": "panel.{chr}",
    "--genes": "genes.loc",
    "--snps": "snps.txt",
    "--chromosomes": "1",
    "--out": "out/reference.h5ad",
}
PANEL = Reader("panel", "Genotype panels (PLINK .bed, .bim, .fam)", "link_snps_to_genes", OPTIONS, make)
READERS = [PANEL]


def bim(name: str, what: str, change: Callable[[list[list[str]]], object], *says: str, **kind) -> None:
    """Register a panel whose .bim has its rows (lists of fields) changed in place."""

    def build(folder: Path) -> None:
        rows = [line.split() for line in (folder / "panel.1.bim").read_text().splitlines()]
        change(rows)
        (folder / "panel.1.bim").write_text("".join("\t".join(row) + "\n" for row in rows))

    PANEL.add(name, what, build, says, **kind)


def put(row: int, column: int, value: str) -> Callable[[list[list[str]]], None]:
    """A change of one field."""
    return lambda rows: rows[row].__setitem__(column, value)


def each(column: int, value: str) -> Callable[[list[list[str]]], None]:
    """A change of a whole column."""
    return lambda rows: [row.__setitem__(column, value) for row in rows]


def bed(name: str, what: str, change: Callable[[bytes], bytes], *says: str) -> None:
    """Register a panel whose .bed has other bytes."""

    def build(folder: Path) -> None:
        path = folder / "panel.1.bed"
        path.write_bytes(change(path.read_bytes()))

    PANEL.add(name, what, build, says)


def options(name: str, what: str, given: dict[str, object], *says: str) -> None:
    """Register a call with other options."""
    PANEL.add(name, what, lambda folder: given, says)


bed(
    "empty_bed",
    "An empty .bed",
    lambda data: b"",
    "panel.1.bed: is empty (panel .bed); was its download or copy cut short?",
)
bed(
    "wrong_magic",
    "A .bed with other first bytes",
    lambda data: b"VCF" + data[3:],
    ("panel.1.bed: does not begin as a PLINK 1 .bed does; convert it with plink --make-bed"),
)
bed(
    "gzipped_bed",
    "A .bed that is gzip",
    lambda data: b"\x1f\x8b\x08" + data,
    ("panel.1.bed: does not begin as a PLINK 1 .bed does; convert it with plink --make-bed"),
)
bed(
    "individual_major",
    "A .bed ordered by people",
    lambda data: data[:2] + b"\x00" + data[3:],
    ("panel.1.bed: is ordered by people, not by SNPs; write it again with plink --make-bed"),
)
bed(
    "truncated_bed",
    "A .bed cut short",
    lambda data: data[:-20],
    (
        "panel.1.bed: holds 303 bytes where 40 SNPs (.bim) x 30 people (.fam) need 323; it is"
        " truncated, or .bim or .fam belong to another .bed; copy all three again"
    ),
)
bed(
    "long_bed",
    "A .bed with bytes too many",
    lambda data: data + bytes(8),
    (
        "panel.1.bed: holds 331 bytes where 40 SNPs (.bim) x 30 people (.fam) need 323; its "
        ".bim or .fam belong to another .bed; copy all three again"
    ),
)
bed(
    "header_only_bed",
    "A .bed of its first three bytes",
    lambda data: data[:3],
    (
        "panel.1.bed: holds 3 bytes where 40 SNPs (.bim) x 30 people (.fam) need 323; it is "
        "truncated, or .bim or .fam belong to another .bed; copy all three again"
    ),
)
bim(
    "bim_cut_short",
    "A .bim with fewer SNPs than the .bed",
    lambda rows: rows.pop(),
    (
        "panel.1.bed: holds 323 bytes where 39 SNPs (.bim) x 30 people (.fam) need 315; its "
        ".bim or .fam belong to another .bed; copy all three again"
    ),
)
bim(
    "bim_five_columns",
    "A .bim of five columns",
    lambda rows: [row.pop() for row in rows],
    "panel.1.bim: has 5 columns instead of six; is it a PLINK .bim?",
)
bim(
    "bim_ragged",
    "A .bim with a row of too many fields",
    lambda rows: rows[4].append("x"),
    "panel.1.bim: is no table of six columns (...); is it a PLINK .bim?",
)
bim(
    "bim_position_text",
    "A .bim with a word for a position",
    put(2, 3, "here"),
    "panel.1.bim: row 3: 'here' is not a position; is it a PLINK .bim?",
)
bim(
    "bim_position_fraction",
    "A .bim with a fraction for a position",
    put(2, 3, "10.5"),
    "panel.1.bim: row 3: '10.5' is not a position; is it a PLINK .bim?",
)
bim(
    "bim_position_negative",
    "A .bim with a negative position",
    put(2, 3, "-5"),
    "panel.1.bim: row 3: '-5' is not a position; is it a PLINK .bim?",
)
bim(
    "bim_cm_text",
    "A .bim with a word for centimorgans",
    put(2, 2, "NA"),
    "panel.1.bim: row 3: 'NA' is not a number of centimorgans; is it a PLINK .bim?",
)
bim(
    "bim_cm_infinite",
    "A .bim with infinite centimorgans",
    put(2, 2, "inf"),
    "panel.1.bim: row 3: 'inf' is not a number of centimorgans; is it a PLINK .bim?",
)
bim(
    "bim_header",
    "A .bim with a header",
    lambda rows: rows.insert(0, ["CHR", "SNP", "CM", "BP", "A1", "A2"]),
    "panel.1.bim: row 1: 'CM' is not a number of centimorgans; is it a PLINK .bim?",
    "panel.1.bim: row 1: 'BP' is not a position; is it a PLINK .bim?",
)
bim(
    "no_such_chromosome",
    "A .bim of another chromosome",
    each(0, "7"),
    "panel.1.bim: has no SNP on chromosome 1, only on 7; check --panel",
)
bim(
    "sex_chromosome",
    "A .bim of chromosome X alone",
    each(0, "23"),
    "panel.1.bim: has no SNP on chromosome 1, only on 23; check --panel",
)
bim(
    "other_names",
    "Panel SNPs named by position, regression SNPs by rsID",
    lambda rows: [row.__setitem__(1, f"1:{row[3]}") for row in rows],
    "--snps: no regression SNP is in the panel; are both of one naming (rs numbers)?",
)


def removed(name: str, what: str, suffix: str, *says: str) -> None:
    """Register a panel that lacks a file."""
    PANEL.add(name, what, lambda folder: (folder / f"panel.1{suffix}").unlink(), says)


removed(
    "no_bed",
    "No .bed",
    ".bed",
    ("panel.{chr}.bed: no file for chromosome 1 (panel); add it, or name fewer by --chromosomes"),
)
removed(
    "no_bim",
    "No .bim",
    ".bim",
    ("panel.1.bim: no such file (panel); a PLINK panel is .bed, .bim and .fam side by side"),
)
removed(
    "no_fam",
    "No .fam",
    ".fam",
    ("panel.1.fam: no such file (panel); a PLINK panel is .bed, .bim and .fam side by side"),
)


@PANEL.wrong("panel.1.bim: is empty (panel .bim); was its download or copy cut short?")
def empty_bim(folder: Path) -> None:
    """An empty .bim"""
    (folder / "panel.1.bim").write_text("")


@PANEL.wrong("panel.1.fam: is empty (panel .fam); was its download or copy cut short?")
def empty_fam(folder: Path) -> None:
    """An empty .fam"""
    (folder / "panel.1.fam").write_text("")


@PANEL.wrong(
    "panel.1.bed: holds 323 bytes where 40 SNPs (.bim) x 39 people (.fam) need 403; it is"
    " truncated, or .bim or .fam belong to another .bed; copy all three again"
)
def fam_of_others(folder: Path) -> None:
    """A .fam with people too many"""
    with (folder / "panel.1.fam").open("a") as lines:
        lines.writelines(f"f{i} i{i} 0 0 0 0\n" for i in range(9))


@PANEL.wrong("panel.1.fam: lists 2 people; unbiased r2 needs 3 or more; give the whole panel")
def two_people(folder: Path) -> None:
    """A panel of two people"""
    write(folder, genotypes()[:, :2])


@PANEL.wrong("panel.1.bed: no SNP of chromosome 1 varies: all people have one genotype, or none; is it the panel?")
def all_missing(folder: Path) -> None:
    """Every genotype missing"""
    write(folder, np.full((SNPS, PEOPLE), MISSING, dtype=np.int8))


@PANEL.wrong("panel.1.bed: no SNP of chromosome 1 varies: all people have one genotype, or none; is it the panel?")
def all_monomorphic(folder: Path) -> None:
    """Every SNP without variation"""
    write(folder, np.zeros((SNPS, PEOPLE), dtype=np.int8))


@PANEL.wrong("panel.1.bim: holds zero bytes, which no text does (panel .bim); copy it again")
def binary_bim(folder: Path) -> None:
    """A .bim that is no text"""
    (folder / "panel.1.bim").write_bytes(bytes(range(256)))


options(
    "no_source",
    "Neither panel nor LD scores",
    {"--panel": None},
    "give exactly one of --panel, --ld-scores, --gsmap-resource, --merge",
)
options(
    "two_sources",
    "A panel and LD scores",
    {"--ld-scores": "l.{chr}"},
    "give exactly one of --panel, --ld-scores, --gsmap-resource, --merge",
)
options(
    "no_genes_no_snps",
    "A panel without genes and SNPs",
    {"--genes": None, "--snps": None},
    "--genes (GTF, .gene.loc or BED) is needed with --panel",
    "--snps (the regression SNPs, HapMap3 for example) is needed with --panel",
)
options(
    "chromosome_x",
    "--chromosomes X",
    {"--chromosomes": "X"},
    "--chromosomes X: 'X' is no autosome or range; write 1-22 or 1,3,7-9",
)
options(
    "chromosomes_backwards",
    "--chromosomes 9-3",
    {"--chromosomes": "9-3"},
    "--chromosomes 9-3: '9-3' is no autosome or range; write 1-22 or 1,3,7-9",
)
options(
    "chromosome_without_files",
    "A chromosome without files",
    {"--chromosomes": "1-3"},
    ("panel.{chr}.bed: no file for chromosomes 2-3 (panel); add it, or name fewer by --chromosomes"),
)
options(
    "no_place_for_chr",
    "A prefix without {chr} that does not exist",
    {"--panel": "panel"},
    ("panel.bed: no such file (panel); check it, or put {chr} where the chromosome stands"),
)

bim(
    "more_chromosomes",
    "SNPs of other chromosomes in the file",
    lambda rows: [row.__setitem__(0, "2") for row in rows[30:]],
    "10 panel SNPs: on another chromosome",
    wrong=False,
)
bim("chr_prefix", "Chromosomes as chr1", each(0, "chr1"), wrong=False, same=True)
bim(
    "repeated_ids",
    "A SNP id in two rows",
    put(5, 1, "rs4"),
    "1 panel SNPs: SNP id seen before in the panel",
    wrong=False,
)
bim(
    "no_ids",
    "SNPs without an id",
    lambda rows: [row.__setitem__(1, ".") for row in rows[1::2]],
    "20 panel SNPs: without an id",
    wrong=False,
)
bim(
    "out_of_order",
    "SNPs out of order",
    lambda rows: (rows[3].__setitem__(3, "50001"),),
    "1 panel SNPs: out of order in the .bim (sorted)",
    wrong=False,
)
bim("no_cm", "No centimorgans", each(2, "0"), "warning: The panel has no genetic positions...", wrong=False)
bim(
    "cm_back_to_0",
    "Centimorgans 0 at the end",
    lambda rows: [row.__setitem__(2, "0") for row in rows[36:]],
    "4 panel SNPs: cM below an earlier SNP's (raised to it)",
    wrong=False,
)
bim("blanks", "A .bim with blanks", lambda rows: rows, wrong=False, same=True)


@PANEL.odd("2 panel SNPs: same genotype in all people", "1 regression SNPs: same genotype in all people of the panel")
def some_monomorphic(folder: Path) -> None:
    """Two SNPs without variation"""
    counts = genotypes()
    counts[[4, 7]] = 1
    write(folder, counts)


@PANEL.odd("1 panel SNPs: same genotype in all people")
def one_all_missing(folder: Path) -> None:
    """A SNP with all genotypes missing"""
    counts = genotypes()
    counts[5] = MISSING
    write(folder, counts)


@PANEL.odd("3 panel SNPs: with missing genotypes (set to the SNP's mean)")
def some_missing(folder: Path) -> None:
    """Missing genotypes in three SNPs"""
    counts = genotypes()
    counts[[1, 2, 9], 3] = MISSING
    write(folder, counts)
