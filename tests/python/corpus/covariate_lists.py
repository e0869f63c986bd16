"""Cases of gene lists to condition on (regress_spots.py --covariate)."""

from __future__ import annotations

from pathlib import Path

from corpus.registry import Reader
from corpus.regression_files import OPTIONS
from corpus.regression_files import make as make_study

GIVEN = "neurons=neurons.txt"
COVARIATES = Reader(
    "covariates",
    "Gene lists to condition on",
    "regress_spots",
    {**OPTIONS, "--covariate": GIVEN},
    lambda folder: make(folder),
)
READERS = [COVARIATES]
LIST = "".join(f"GENE{g}\n" for g in range(5, 15))


def make(folder: Path) -> None:
    """The study of the regression, and a list of ten of its genes."""
    make_study(folder)
    (folder / "neurons.txt").write_text(LIST)


COVARIATES.texts(
    "neurons.txt",
    [
        ("empty", "An empty file", "", "neurons.txt: is empty (gene list); was its download or copy cut short?"),
        (
            "header_only",
            "A header, and comments",
            "# markers\ngene\tweight\n",
            "neurons.txt: holds no gene (gene list); write one symbol a row",
        ),
        (
            "weight_word",
            "A word for a weight",
            "GENE5\t1\nGENE6\thigh\n",
            "neurons.txt: row 2: 'high' beside GENE6 is no number; give its weight or none",
        ),
        (
            "weight_infinite",
            "An infinite weight",
            "GENE5,inf\n",
            "neurons.txt: row 1: 'inf' beside GENE5 is no number; give its weight or none",
        ),
        (
            "no_gene",
            "A weight without a gene",
            "GENE5,1\n,2\n",
            "neurons.txt: row 2: the gene is empty; fill it in or remove the row",
        ),
        (
            "many",
            "Mistakes in four rows, of which three are told",
            "".join(f"GENE{g}\tx\n" for g in range(4)),
            *(f"neurons.txt: row {g + 1}: 'x' beside GENE{g} is no number; give its weight or none" for g in range(3)),
        ),
        (
            "mouse",
            "Symbols of a mouse",
            "Snap25\nSyt1\n",
            "neurons.txt: none of its 2 genes is in the reference (first: 'Snap25', there: 'GENE0'); "
            "give human symbols",
        ),
        (
            "numbers",
            "Entrez numbers",
            "6616\n6857\n",
            "neurons.txt: none of its 2 genes is in the reference (first: '6616', there: 'GENE0'); give human symbols",
        ),
        (
            "one_line",
            "All genes in one row",
            " ".join(LIST.split()) + "\n",
            "neurons.txt: none of its 1 genes is in the reference (first: '...', there: 'GENE0'); give human symbols",
        ),
        (
            "latin1",
            "Latin-1 letters",
            "GENE5\nGÈNE\n".encode("latin-1"),
            "neurons.txt: is not UTF-8 text (gene list, byte 7); convert it first",
        ),
        (
            "workbook",
            "A workbook",
            b"PK\x03\x04\x00\x00",
            "neurons.txt: is a zip archive (gene list); unpack it and give the file inside",
        ),
    ],
)
COVARIATES.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "neurons.txt").unlink(),
    ("neurons.txt: no such file (gene list); check the path",),
)
COVARIATES.add(
    "no_name",
    "A list without a name",
    lambda folder: {"--covariate": "neurons.txt"},
    ("--covariate neurons.txt: give NAME=FILE",),
)
COVARIATES.add(
    "twice",
    "Two lists of one name",
    lambda folder: {"--covariate": [GIVEN, GIVEN]},
    ("--covariate neurons: is given more than once; rename one",),
)
COVARIATES.add(
    "called_as_baseline",
    "A list called as a column of --baseline",
    lambda folder: {"--covariate": "coding=neurons.txt", "--baseline": "baseline.tsv"},
    ("--covariate coding: a column of --baseline is called so; rename it",),
)
COVARIATES.add(
    "same_list",
    "One list under two names",
    lambda folder: {"--covariate": [GIVEN, "again=neurons.txt"]},
    ("1 baseline columns: left out: the others determine them",),
    wrong=False,
)


def lists(name: str, what: str, content: str | bytes, *says: str, **kind) -> None:
    """Register a list that works."""
    data = content.encode() if isinstance(content, str) else content
    COVARIATES.add(name, what, lambda folder: put(folder, data), says, wrong=False, **kind)


def put(folder: Path, data: bytes) -> None:
    """Write the list."""
    (folder / "neurons.txt").write_bytes(data)


lists(
    "some_unknown",
    "A gene that the reference lacks",
    LIST + "NOWHERE\n",
    "1 genes of covariate neurons: not in the reference",
    same=True,
)
lists(
    "repeated",
    "A gene twice, with another weight",
    LIST + "GENE5\t7\n",
    "1 genes of covariate neurons: rows that repeat a gene, not used",
    same=True,
)
lists("weights", "Weights of 1, after commas", LIST.replace("\n", ",1\n"), same=True)
lists(
    "header", "A header, comments, empty rows", "#list\n\nsymbol\tweight\n" + LIST.replace("\n", "\t1\n\n"), same=True
)
lists(
    "windows",
    "Line ends of Windows, and a byte order mark",
    b"\xef\xbb\xbf" + LIST.replace("\n", "\r\n").encode(),
    same=True,
)
lists("order", "Genes in another order", "".join(reversed(LIST.splitlines(keepends=True))), same=True)
