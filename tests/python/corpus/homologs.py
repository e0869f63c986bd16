"""Cases of homologs of other species (score_specificity.py)."""

from __future__ import annotations

from pathlib import Path

from corpus.registry import Reader
from corpus.slice_files import FILE, GENES, OPTIONS, make, slice_data
from traitmap.h5ad import write_h5ad

HOMOLOGS = Reader(
    "homologs",
    "Homologs of other species",
    "score_specificity",
    {**OPTIONS, "--species": "mouse", "--homologs": "homologs.txt"},
    lambda folder: (make(folder), _as_mouse(folder)) and None,
)


def _as_mouse(folder: Path) -> None:
    data = slice_data()
    data.var_names = [f"Gene{g}" for g in range(GENES)]
    write_h5ad(data, folder / FILE)


TABLE = "M\tH\n" + "".join(f"Gene{g}\tGENE{g}\n" for g in range(GENES))
HOMOLOGS.texts(
    "homologs.txt",
    [
        ("empty", "An empty file", "", "homologs.txt: is empty (homologs); was its download or copy cut short?"),
        (
            "blank",
            "Blank lines only",
            "\n\n",
            "homologs.txt: holds no pair of gene symbols below its header; give two columns",
        ),
        (
            "header_only",
            "A header without rows",
            "M\tH\n",
            "homologs.txt: holds no pair of gene symbols below its header; give two columns",
        ),
        (
            "one_symbol",
            "A row of one symbol",
            "M\tH\nGene1\n",
            "homologs.txt: row 2 does not hold two gene symbols: 'Gene1'; mend it",
        ),
        (
            "empty_symbol",
            "An empty symbol",
            "M\tH\nGene1\t\n",
            "homologs.txt: row 2 does not hold two gene symbols: 'Gene1'; mend it",
        ),
        (
            "others",
            "No gene of the slice",
            "M\tH\nActb\tACTB\n",
            ("slice.h5ad: none of its 40 genes is in homologs.txt (first gene: 'Gene0'); do they belong together?"),
        ),
        (
            "swapped",
            "Human symbols first",
            "H\tM\n" + "".join(f"GENE{g}\tGene{g}\n" for g in range(GENES)),
            (
                "homologs.txt: its second column holds no human symbols (Gene0, Gene1, Gene2, Gene3, "
                "Gene4); write those of mouse first, then human ones"
            ),
        ),
        (
            "binary",
            "A binary file",
            bytes(range(128, 256)),
            "homologs.txt: is not UTF-8 text (homologs, byte 0); convert it first",
        ),
    ],
)
HOMOLOGS.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / "homologs.txt").unlink(),
    ("homologs.txt: no such file (homologs); check the path",),
)
HOMOLOGS.add(
    "not_given",
    "Another species without homologs",
    lambda folder: {"--homologs": None},
    (("slice.h5ad: is of species 'mouse'; give --homologs, its gene symbols beside human ones"),),
)


def paired(name: str, what: str, text: str, *says: str, same: bool = False) -> None:
    """Register a table of homologs that works."""
    HOMOLOGS.add(
        name, what, lambda folder: (folder / "homologs.txt").write_text(text) and None, says, wrong=False, same=same
    )


paired(
    "many_humans",
    "A mouse gene with two human ones",
    TABLE + "Gene1\tGENE900\n",
    "1 homologs: further pairs of a species gene, not used",
    same=True,
)
paired(
    "many_mice",
    "Two mouse genes with one human one",
    TABLE.replace("GENE2\n", "GENE1\n"),
    "1 genes: same symbol as a gene with more counts",
)
paired(
    "repeated",
    "A pair twice",
    TABLE + "Gene1\tGENE1\n",
    "1 homologs: further pairs of a species gene, not used",
    same=True,
)
paired(
    "some_lacking", "Genes without a homolog", TABLE.replace("Gene3\tGENE3\n", ""), "1 genes: without a human homolog"
)
paired("blanks", "Blanks between columns", TABLE.replace("\t", "  "), same=True)
paired("windows_lines", "Windows line ends", TABLE.replace("\n", "\r\n"), same=True)
paired("more_columns", "Further columns", TABLE.replace("\n", "\tx\n"), same=True)

READERS = [HOMOLOGS]
