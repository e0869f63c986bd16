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


bed("empty_bed", "An empty .bed", lambda data: b"", "?")
bed("wrong_magic", "A .bed with other first bytes", lambda data: b"VCF" + data[3:], "?")
bed("gzipped_bed", "A .bed that is gzip", lambda data: b"\x1f\x8b\x08" + data, "?")
bed("individual_major", "A .bed ordered by people", lambda data: data[:2] + b"\x00" + data[3:], "?")
bed("truncated_bed", "A .bed cut short", lambda data: data[:-20], "?")
bed("long_bed", "A .bed with bytes too many", lambda data: data + bytes(8), "?")
bed("header_only_bed", "A .bed of its first three bytes", lambda data: data[:3], "?")
bim("bim_cut_short", "A .bim with fewer SNPs than the .bed", lambda rows: rows.pop(), "?")
bim("bim_five_columns", "A .bim of five columns", lambda rows: [row.pop() for row in rows], "?")
bim("bim_ragged", "A .bim with a row of too many fields", lambda rows: rows[4].append("x"), "?")
bim("bim_position_text", "A .bim with a word for a position", put(2, 3, "here"), "?")
bim("bim_position_fraction", "A .bim with a fraction for a position", put(2, 3, "10.5"), "?")
bim("bim_position_negative", "A .bim with a negative position", put(2, 3, "-5"), "?")
bim("bim_cm_text", "A .bim with a word for centimorgans", put(2, 2, "NA"), "?")
bim("bim_cm_infinite", "A .bim with infinite centimorgans", put(2, 2, "inf"), "?")
bim("bim_header", "A .bim with a header", lambda rows: rows.insert(0, ["CHR", "SNP", "CM", "BP", "A1", "A2"]), "?")
bim("no_such_chromosome", "A .bim of another chromosome", each(0, "7"), "?")
bim("sex_chromosome", "A .bim of chromosome X alone", each(0, "23"), "?")
bim("other_names", "Panel SNPs named by position, regression SNPs by rsID", lambda rows: [
    row.__setitem__(1, f"1:{row[3]}") for row in rows], "?")


def removed(name: str, what: str, suffix: str, *says: str) -> None:
    """Register a panel that lacks a file."""
    PANEL.add(name, what, lambda folder: (folder / f"panel.1{suffix}").unlink(), says)


removed("no_bed", "No .bed", ".bed", "?")
removed("no_bim", "No .bim", ".bim", "?")
removed("no_fam", "No .fam", ".fam", "?")


@PANEL.wrong("?")
def empty_bim(folder: Path) -> None:
    """An empty .bim"""
    (folder / "panel.1.bim").write_text("")


@PANEL.wrong("?")
def empty_fam(folder: Path) -> None:
    """An empty .fam"""
    (folder / "panel.1.fam").write_text("")


@PANEL.wrong("?")
def fam_of_others(folder: Path) -> None:
    """A .fam with people too many"""
    with (folder / "panel.1.fam").open("a") as lines:
        lines.writelines(f"f{i} i{i} 0 0 0 0\n" for i in range(9))


@PANEL.wrong("?")
def two_people(folder: Path) -> None:
    """A panel of two people"""
    write(folder, genotypes()[:, :2])


@PANEL.wrong("?")
def all_missing(folder: Path) -> None:
    """Every genotype missing"""
    write(folder, np.full((SNPS, PEOPLE), MISSING, dtype=np.int8))


@PANEL.wrong("?")
def all_monomorphic(folder: Path) -> None:
    """Every SNP without variation"""
    write(folder, np.zeros((SNPS, PEOPLE), dtype=np.int8))


@PANEL.wrong("?")
def binary_bim(folder: Path) -> None:
    """A .bim that is no text"""
    (folder / "panel.1.bim").write_bytes(bytes(range(256)))


options("no_source", "Neither panel nor LD scores", {"--panel": None}, "?")
options("two_sources", "A panel and LD scores", {"--ld-scores": "l.{chr}"}, "?")
options("no_genes_no_snps", "A panel without genes and SNPs", {"--genes": None, "--snps": None}, "?", "?")
options("chromosome_x", "--chromosomes X", {"--chromosomes": "X"}, "?")
options("chromosomes_backwards", "--chromosomes 9-3", {"--chromosomes": "9-3"}, "?")
options("chromosome_without_files", "A chromosome without files", {"--chromosomes": "1-3"}, "?")
options("no_place_for_chr", "A prefix without {chr} that does not exist", {"--panel": "panel"}, "?")

bim("more_chromosomes", "SNPs of other chromosomes in the file", lambda rows: [
    row.__setitem__(0, "2") for row in rows[30:]], "10 panel SNPs: on another chromosome", wrong=False)
bim("chr_prefix", "Chromosomes as chr1", each(0, "chr1"), wrong=False, same=True)
bim("repeated_ids", "A SNP id in two rows", put(5, 1, "rs4"), "1 panel SNPs: SNP id seen before in the panel", wrong=False)
bim("no_ids", "SNPs without an id", lambda rows: [row.__setitem__(1, ".") for row in rows[1::2]],
    "20 panel SNPs: without an id", wrong=False)
bim("out_of_order", "SNPs out of order", lambda rows: (
    rows[3].__setitem__(3, "50001"),), "1 panel SNPs: out of order in the .bim (sorted)", wrong=False)
bim("no_cm", "No centimorgans", each(2, "0"), "warning: The panel has no genetic positions...", wrong=False)
bim("cm_back_to_0", "Centimorgans 0 at the end", lambda rows: [row.__setitem__(2, "0") for row in rows[36:]],
    "4 panel SNPs: cM below an earlier SNP's (raised to it)", wrong=False)
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
