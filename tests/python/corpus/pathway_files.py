"""Cases of gene sets (GMT) and the tables of genes that they are looked for in (enrich_pathways.py)."""

from __future__ import annotations

import gzip
from pathlib import Path

from corpus.registry import Reader

HEAD = "slice\ttrait\tgenes\n"
SETS = (
    "one\tof my own\t"
    + "\t".join(f"G{g}" for g in range(8))
    + "\ntwo\t\t"
    + "\t".join(f"G{g}" for g in range(4, 16))
    + "\n"
)
GENES = Reader(
    "pathways",
    "Gene sets (GMT)",
    "enrich_pathways",
    {"--sheet": "sheet.tsv", "--gene-sets": "sets.gmt", "--out": "out/pathways.tsv"},
    lambda folder: make(folder),
)
READERS = [GENES]


def make(folder: Path) -> None:
    """The ranked genes of a slice x trait, of which six drive a region, their sheet, and two sets."""
    rows = [f"G{g}\t{'A' if g < 6 else ''}\n" for g in range(40)]
    (folder / "genes.tsv").write_text("gene\tdrives\n" + "".join(rows))
    (folder / "sheet.tsv").write_text(HEAD + "s\tt\tgenes.tsv\n")
    (folder / "sets.gmt").write_text(SETS)


GENES.texts(
    "sets.gmt",
    [
        ("empty", "An empty file", "", "sets.gmt: is empty (gene sets); was its download or copy cut short?"),
        ("blank", "Blank lines only", "\n\n", "sets.gmt: holds no gene set; give a GMT file"),
        (
            "no_genes",
            "A set without genes",
            SETS + "three\tempty\n",
            "sets.gmt: row 3: is no set; a row is name, description and genes, between tabs",
        ),
        (
            "no_name",
            "A set without a name",
            "\tnothing\tG1\tG2\n" + SETS,
            "sets.gmt: row 1: is no set; a row is name, description and genes, between tabs",
        ),
        (
            "commas",
            "Commas in place of tabs",
            SETS.replace("\t", ","),
            "sets.gmt: row 1: is no set; a row is name, description and genes, between tabs",
            "sets.gmt: row 2: is no set; a row is name, description and genes, between tabs",
        ),
        (
            "twice",
            "A set of a name that another has",
            SETS + SETS.splitlines()[0] + "\n",
            "sets.gmt: row 3: set 'one' occurs more than once; rename one",
        ),
        (
            "mouse",
            "Symbols of a mouse",
            "one\t\tSnap25\tSyt1\tSyn1\tGad1\tGad2\n",
            "--gene-sets: no set holds 5 genes of the run (its genes: G0, ...; sets: Gad1, ...); "
            "give sets of human symbols",
        ),
        (
            "small",
            "Sets of four genes",
            "one\t\tG1\tG2\tG3\tG4\n",
            "--gene-sets: no set holds 5 genes of the run (its genes: G0, ...; sets: G1, ...); "
            "give sets of human symbols",
        ),
        (
            "web_page",
            "A web page in its place",
            "<!DOCTYPE html>\n<html>\n",
            "sets.gmt: row 1: is no set; a row is name, description and genes, between tabs",
            "sets.gmt: row 2: is no set; a row is name, description and genes, between tabs",
        ),
        (
            "truncated",
            "A gzip file cut short",
            gzip.compress(SETS.encode())[:40],
            "sets.gmt: the gzip data is truncated or damaged (gene sets: ...); copy it again",
        ),
        (
            "latin1",
            "Latin-1 letters",
            SETS.replace("of my own", "\u00e0 moi").encode("latin-1"),
            "sets.gmt: is not UTF-8 text (gene sets, byte 4); convert it first",
        ),
    ],
)
GENES.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "sets.gmt").unlink(),
    ("sets.gmt: no such file (gene sets); check the path",),
)
GENES.texts(
    "genes.tsv",
    [
        (
            "genes_empty",
            "An empty table of genes",
            "",
            "genes.tsv: is empty (ranked genes); was its download or copy cut short?",
        ),
        (
            "genes_words",
            "Another table for genes",
            "a\tb\n1\t2\n",
            "genes.tsv: has no column gene, drives (of gene, ...); is it genes.tsv?",
        ),
    ],
)
GENES.texts(
    "sheet.tsv",
    [
        ("sheet_empty", "An empty sheet", "", "sheet.tsv: is empty (sheet); was its download or copy cut short?"),
        (
            "sheet_no_rows",
            "A sheet without rows",
            HEAD,
            "sheet.tsv: holds no row below its header; add one a slice x trait",
        ),
        (
            "sheet_no_column",
            "A sheet without genes",
            "slice\ttrait\ns\tt\n",
            "sheet.tsv: has no column 'genes'; add it",
        ),
        (
            "sheet_short_row",
            "A row of two fields",
            HEAD + "s\tt\n",
            "sheet.tsv: row 2: genes is empty; fill it in",
        ),
        (
            "sheet_twice",
            "A slice x trait twice",
            HEAD + "s\tt\tgenes.tsv\n" * 2,
            "sheet.tsv: row 3: slice 's' with trait 't' occurs more than once; leave one",
        ),
        (
            "sheet_no_file",
            "Genes that do not exist",
            HEAD + "s\tt\tno.tsv\n",
            "no.tsv: no such file (ranked genes); check the path",
        ),
    ],
)


def sets(name: str, what: str, content: str | bytes, *says: str, **kind) -> None:
    """Register sets that work."""
    data = content.encode() if isinstance(content, str) else content
    GENES.add(name, what, lambda folder: (folder / "sets.gmt").write_bytes(data) and None, says, wrong=False, **kind)


sets("packed", "Packed by gzip", gzip.compress(SETS.encode()), same=True)
sets(
    "windows",
    "Line ends of Windows, and a byte order mark",
    b"\xef\xbb\xbf" + SETS.replace("\n", "\r\n").encode(),
    same=True,
)
sets("repeated", "A gene twice in a set", SETS.replace("\tG0\t", "\tG0\tG0\t"), same=True)
sets("enrichr", "Weights beside the genes, as Enrichr writes them", SETS.replace("\tG0\t", "\tG0,1.0\t"), same=True)
sets("tiny_too", "A set of one gene beside the others", SETS + "three\t\tG1\n", same=True)
