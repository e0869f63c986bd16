"""Cases of genetic maps and lists of regression SNPs (link_snps_to_genes.py)."""

from __future__ import annotations

from pathlib import Path

from corpus import panels
from corpus.registry import Reader

MAP = "chromosome,position,COMBINED_rate(cM/Mb),Genetic_Map(cM)\n"
POINTS = [(1, 0.0), (200_000, 6.25), (400_000, 12.5)]


def make(folder: Path) -> None:
    """As the panel's, with a genetic map that says what the panel's .bim does."""
    panels.make(folder)
    (folder / "map.txt").write_text("".join(f"{bp} {cm}\n" for bp, cm in POINTS))


GENETIC_MAP = Reader(
    "genetic_map", "Genetic maps", "link_snps_to_genes", {**panels.OPTIONS, "--genetic-map": "map.txt"}, make
)
SNP_LIST = Reader("snp_list", "Lists of regression SNPs", "link_snps_to_genes", panels.OPTIONS, panels.make)
READERS = [GENETIC_MAP, SNP_LIST]

GENETIC_MAP.texts(
    "map.txt",
    [
        ("empty", "An empty file", "", "?"),
        ("blank", "Blank lines only", "\n\n", "?"),
        ("comments_only", "Comments only", "## map\n## of chromosome 1\n", "?"),
        ("header_only", "A header without rows", "position rate cM\n", "?"),
        ("prose", "No table", "no map here\nnor in this longer row\n", "?"),
        ("ragged", "Rows of different length", "1 0\n2 0.1 5\n", "?"),
        ("one_point", "One point", "1 0\n", "?"),
        ("other_chromosome", "Another chromosome", "chr position rate cM\n7 1 0 0\n7 200000 0 1\n", "?"),
        ("falling", "cM that falls", "1 0\n100 5\n200 3\n", "?"),
        ("words", "A word among the numbers", "1 0\n100 NA\n200 3\n", "?"),
        ("infinite", "Infinite cM", "1 0\n100 inf\n200 inf\n", "?"),
        ("five_columns", "Five columns without a header", "1 2 3 4 5\n2 3 4 5 6\n", "?"),
        ("unknown_header", "A header without a position", "where how\n1 0\n2 1\n", "?"),
        ("binary", "A binary file", bytes(range(256)), "?"),
    ],
)


@GENETIC_MAP.wrong("?")
def missing_file(folder: Path) -> None:
    """The file does not exist"""
    (folder / "map.txt").unlink()


def as_other(name: str, what: str, content: str) -> None:
    """Register a map that reads as the plain one does."""
    GENETIC_MAP.add(name, what, lambda folder: (folder / "map.txt").write_text(content) and None, (), wrong=False, same=True)


as_other("hapmap", "HapMap's columns", "Chromosome\tPosition(bp)\tRate(cM/Mb)\tMap(cM)\n" + "".join(
    f"chr1\t{bp}\t1.0\t{cm}\n" for bp, cm in POINTS))
as_other("shapeit", "SHAPEIT's columns", "pposition rrate gposition_cM\n".replace("pposition", "position") + "".join(
    f"{bp} 1.0 {cm}\n" for bp, cm in POINTS))
as_other("plink", "PLINK's .map", "".join(f"1 s{bp} {cm} {bp}\n" for bp, cm in POINTS))
as_other("repeated_points", "Points given twice", "".join(f"{bp} {cm}\n" * 2 for bp, cm in POINTS))
as_other("unsorted", "Points out of order", "".join(f"{bp} {cm}\n" for bp, cm in POINTS[::-1]))

IDS = [f"rs{i}" for i in range(0, panels.SNPS, 2)]

SNP_LIST.texts(
    "snps.txt",
    [
        ("empty", "An empty file", "", "?"),
        ("blank", "Blank lines only", "\n \n", "?"),
        ("header_only", "A header without rows", "SNP A1 A2\n", "?"),
        ("dots", "Dots for ids", ".\n.\n", "?"),
        ("short_row", "A row without the column of ids", "A1 A2 SNP\nA G rs0\nA G\n", "?"),
        ("positions", "Positions in place of ids", "1:10000\n1:20000\n", "?"),
        ("binary", "A binary file", b"\xff\xfe" + bytes(range(128, 256)), "?"),
    ],
)


@SNP_LIST.wrong("?")
def missing_list(folder: Path) -> None:
    """The file does not exist"""
    (folder / "snps.txt").unlink()


def listed(name: str, what: str, content: str, *says: str) -> None:
    """Register a list that names the same SNPs."""
    SNP_LIST.add(name, what, lambda folder: (folder / "snps.txt").write_text(content) and None, says, wrong=False, same=True)


listed("table", "LDSC's w_hm3.snplist", "SNP A1 A2\n" + "".join(f"{i} A G\n" for i in IDS))
listed("bim", "A .bim", "".join(f"1 {i} 0 100 A G\n" for i in IDS))
listed("repeated", "An id in two rows", "\n".join([*IDS, *IDS[:3]]), "3 regression SNPs: listed before, or without an id")
listed("unknown", "Ids that the panel lacks", "\n".join([*IDS, "rs777"]),
       "1 regression SNPs: not on the panel's chromosomes that were read")
listed("windows_lines", "Windows line ends", "\r\n".join(IDS))
