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
        ("empty", "An empty file", "", "map.txt: is empty (genetic map); was its download or copy cut short?"),
        (
            "blank",
            "Blank lines only",
            "\n\n",
            "map.txt: holds no row (genetic map); write two columns, position and cM",
        ),
        (
            "comments_only",
            "Comments only",
            "## map\n## of chromosome 1\n",
            "map.txt: holds no row (genetic map); write two columns, position and cM",
        ),
        (
            "header_only",
            "A header without rows",
            "position rate cM\n",
            ("map.txt: is no table of equally long rows (genetic map); write two columns, position and cM"),
        ),
        (
            "prose",
            "No table",
            "no map here\nnor in this longer row\n",
            ("map.txt: its header names no position or no cM (genetic map): no map here; write both"),
        ),
        (
            "ragged",
            "Rows of different length",
            "1 0\n2 0.1 5\n",
            ("map.txt: is no table of equally long rows (genetic map); write two columns, position and cM"),
        ),
        ("one_point", "One point", "1 0\n", "map.txt: has 1 points on chromosome 1 (genetic map); two are needed"),
        (
            "other_chromosome",
            "Another chromosome",
            "chr position rate cM\n7 1 0 0\n7 200000 0 1\n",
            "map.txt: has 0 points on chromosome 1 (genetic map); two are needed",
        ),
        (
            "falling",
            "cM that falls",
            "1 0\n100 5\n200 3\n",
            "map.txt: cM falls at position 200 (genetic map); are its columns right?",
        ),
        (
            "words",
            "A word among the numbers",
            "1 0\n100 NA\n200 3\n",
            ("map.txt: row 2: position or cM is not a number (genetic map); mend or remove the row"),
        ),
        (
            "infinite",
            "Infinite cM",
            "1 0\n100 inf\n200 inf\n",
            ("map.txt: row 2: position or cM is not a number (genetic map); mend or remove the row"),
        ),
        (
            "five_columns",
            "Five columns without a header",
            "1 2 3 4 5\n2 3 4 5 6\n",
            ("map.txt: has 5 columns and no header (genetic map); write two columns, position and cM"),
        ),
        (
            "unknown_header",
            "A header without a position",
            "where how\n1 0\n2 1\n",
            ("map.txt: its header names no position or no cM (genetic map): where how; write both"),
        ),
        (
            "binary",
            "A binary file",
            bytes(range(256)),
            "map.txt: holds zero bytes, which no text does (genetic map); copy it again",
        ),
    ],
)


@GENETIC_MAP.wrong("map.txt: no such file (genetic map); check it, or put {chr} where the chromosome stands")
def missing_file(folder: Path) -> None:
    """The file does not exist"""
    (folder / "map.txt").unlink()


def as_other(name: str, what: str, content: str) -> None:
    """Register a map that reads as the plain one does."""
    GENETIC_MAP.add(
        name, what, lambda folder: (folder / "map.txt").write_text(content) and None, (), wrong=False, same=True
    )


as_other(
    "hapmap",
    "HapMap's columns",
    "Chromosome\tPosition(bp)\tRate(cM/Mb)\tMap(cM)\n" + "".join(f"chr1\t{bp}\t1.0\t{cm}\n" for bp, cm in POINTS),
)
as_other(
    "shapeit",
    "SHAPEIT's columns",
    "pposition rrate gposition_cM\n".replace("pposition", "position")
    + "".join(f"{bp} 1.0 {cm}\n" for bp, cm in POINTS),
)
as_other("plink", "PLINK's .map", "".join(f"1 s{bp} {cm} {bp}\n" for bp, cm in POINTS))
as_other("repeated_points", "Points given twice", "".join(f"{bp} {cm}\n" * 2 for bp, cm in POINTS))
as_other("unsorted", "Points out of order", "".join(f"{bp} {cm}\n" for bp, cm in POINTS[::-1]))

IDS = [f"rs{i}" for i in range(0, panels.SNPS, 2)]

SNP_LIST.texts(
    "snps.txt",
    [
        ("empty", "An empty file", "", "snps.txt: is empty (regression SNPs); was its download or copy cut short?"),
        ("blank", "Blank lines only", "\n \n", "snps.txt: names no SNP (regression SNPs); write one id a row"),
        (
            "header_only",
            "A header without rows",
            "SNP A1 A2\n",
            "snps.txt: names no SNP (regression SNPs); write one id a row",
        ),
        ("dots", "Dots for ids", ".\n.\n", "snps.txt: names no SNP (regression SNPs); write one id a row"),
        (
            "short_row",
            "A row without the column of ids",
            "A1 A2 SNP\nA G rs0\nA G\n",
            "snps.txt: row 3 has no column 3 (regression SNPs); mend or remove it",
        ),
        (
            "positions",
            "Positions in place of ids",
            "1:10000\n1:20000\n",
            "--snps: no regression SNP is in the panel; are both of one naming (rs numbers)?",
        ),
        (
            "binary",
            "A binary file",
            b"\xff\xfe" + bytes(range(128, 256)),
            "snps.txt: is not UTF-8 text (regression SNPs, byte 0); convert it first",
        ),
    ],
)


@SNP_LIST.wrong("snps.txt: no such file (regression SNPs); check it, or put {chr} where the chromosome stands")
def missing_list(folder: Path) -> None:
    """The file does not exist"""
    (folder / "snps.txt").unlink()


def listed(name: str, what: str, content: str, *says: str) -> None:
    """Register a list that names the same SNPs."""
    SNP_LIST.add(
        name, what, lambda folder: (folder / "snps.txt").write_text(content) and None, says, wrong=False, same=True
    )


listed("table", "LDSC's w_hm3.snplist", "SNP A1 A2\n" + "".join(f"{i} A G\n" for i in IDS))
listed("bim", "A .bim", "".join(f"1 {i} 0 100 A G\n" for i in IDS))
listed(
    "repeated", "An id in two rows", "\n".join([*IDS, *IDS[:3]]), "3 regression SNPs: listed before, or without an id"
)
listed(
    "unknown",
    "Ids that the panel lacks",
    "\n".join([*IDS, "rs777"]),
    "1 regression SNPs: not on the panel's chromosomes that were read",
)
listed("windows_lines", "Windows line ends", "\r\n".join(IDS))
