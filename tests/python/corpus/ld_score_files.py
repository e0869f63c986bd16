"""Cases of LDSC's LD scores (link_snps_to_genes.py --ld-scores)."""

from __future__ import annotations

import gzip
from pathlib import Path

from corpus import panels
from corpus.registry import Reader

FILE = "ld.1.l2.ldscore.gz"
HEAD = "CHR\tSNP\tBP\tL2\n"
ROWS = [f"1\trs{i}\t{(i + 1) * 10_000}\t{1 + i % 7}\n" for i in range(40)]


def make(folder: Path) -> None:
    """LD scores and genes of chromosome 1."""
    panels.make(folder)
    (folder / FILE).write_bytes(gzip.compress((HEAD + "".join(ROWS)).encode()))


SCORES = Reader(
    "ld_scores",
    "LD scores (LDSC)",
    "link_snps_to_genes",
    {"--ld-scores": "ld.{chr}", "--genes": "genes.loc", "--chromosomes": "1", "--out": "out/reference.h5ad"},
    make,
)
READERS = [SCORES]

SCORES.texts(
    FILE,
    [
        (
            "empty",
            "An empty file",
            "",
            ("ld.1.l2.ldscore.gz: is empty (regression SNPs); was its download or copy cut short?"),
        ),
        (
            "gzip_of_nothing",
            "A gzip file of nothing",
            gzip.compress(b""),
            ("ld.1.l2.ldscore.gz: is no table (regression SNPs: ...); is it LDSC's .l2.ldscore?"),
        ),
        (
            "truncated",
            "A gzip file cut short",
            gzip.compress((HEAD + "".join(ROWS)).encode())[:-30],
            ("ld.1.l2.ldscore.gz: the gzip data is truncated or damaged (regression SNPs: ...); copy it again"),
        ),
        (
            "header_only",
            "A header without rows",
            HEAD,
            ("ld.1.l2.ldscore.gz: holds no SNP of chromosome 1 with an L2; mend it, or name fewer by --chromosomes"),
        ),
        (
            "no_header",
            "Rows without a header",
            "".join(ROWS),
            ("ld.1.l2.ldscore.gz: lacks column CHR, SNP, BP, L2 (regression SNPs); is it LDSC's .l2.ldscore?"),
        ),
        (
            "no_l2",
            "No column L2",
            "CHR\tSNP\tBP\n1\trs0\t10000\n",
            "ld.1.l2.ldscore.gz: lacks column L2 (regression SNPs); is it LDSC's .l2.ldscore?",
        ),
        (
            "no_bp",
            "No column BP",
            "CHR\tSNP\tL2\n1\trs0\t2\n",
            "ld.1.l2.ldscore.gz: lacks column BP (regression SNPs); is it LDSC's .l2.ldscore?",
        ),
        (
            "bp_text",
            "A word for a position",
            HEAD + "1\trs0\there\t2\n",
            "ld.1.l2.ldscore.gz: row 2: BP is not a number (regression SNPs); mend the row",
        ),
        (
            "all_nan",
            "L2 missing everywhere",
            HEAD + "".join(f"1\trs{i}\t{i}\tNA\n" for i in range(1, 9)),
            ("ld.1.l2.ldscore.gz: holds no SNP of chromosome 1 with an L2; mend it, or name fewer by --chromosomes"),
        ),
        (
            "other_chromosome",
            "Another chromosome",
            HEAD + "".join(ROWS).replace("1\trs", "7\trs"),
            ("ld.1.l2.ldscore.gz: holds no SNP of chromosome 1 with an L2; mend it, or name fewer by --chromosomes"),
        ),
        (
            "ragged",
            "A row of too many fields",
            HEAD + ROWS[0] + "1\trs1\t20000\t3\tx\ty\n",
            ("ld.1.l2.ldscore.gz: is no table (regression SNPs: ...); is it LDSC's .l2.ldscore?"),
        ),
        (
            "binary",
            "A binary file",
            bytes(range(128, 256)) * 3,
            ("ld.1.l2.ldscore.gz: is no table (regression SNPs: ...); is it LDSC's .l2.ldscore?"),
        ),
    ],
)


@SCORES.wrong("ld.{chr}.l2.ldscore.gz: no file for chromosome 1 (LD scores); add it, or name fewer by --chromosomes")
def missing_file(folder: Path) -> None:
    """The file does not exist"""
    (folder / FILE).unlink()


@SCORES.wrong("w.{chr}.l2.ldscore.gz: no file for chromosome 1 (weights); add it, or name fewer by --chromosomes")
def missing_weights(folder: Path) -> dict[str, object]:
    """Weights that do not exist"""
    return {"--weights-prefix": "w.{chr}"}


@SCORES.wrong("w.1.l2.ldscore: has no SNP of ld.1.l2.ldscore.gz; do LD scores and weights belong together?")
def weights_of_others(folder: Path) -> dict[str, object]:
    """Weights of other SNPs"""
    (folder / "w.1.l2.ldscore").write_text(HEAD + "1\trs900\t10000\t2\n")
    return {"--weights-prefix": "w.{chr}"}


def as_other(name: str, what: str, content: str, *says: str, same: bool = False) -> None:
    """Register LD scores that work."""
    SCORES.add(name, what, lambda folder: (folder / FILE).write_text(content) and None, says, wrong=False, same=same)


as_other("plain_text", "No compression under .gz", HEAD + "".join(ROWS), same=True)
as_other("blanks", "Blanks between columns", (HEAD + "".join(ROWS)).replace("\t", "  "), same=True)
as_other("lower_case", "A header in lower case", HEAD.lower() + "".join(ROWS), same=True)
as_other("unsorted", "Rows out of order", HEAD + "".join(ROWS[::-1]), same=True)
as_other(
    "repeated",
    "A SNP in two rows",
    HEAD + "".join([*ROWS, ROWS[3]]),
    "1 regression SNPs: SNP id seen before in the file",
    same=True,
)
as_other(
    "some_missing",
    "L2 missing in a row",
    HEAD + "".join(ROWS) + "1\trs99\t900000\tNA\n",
    "1 regression SNPs: L2 missing",
    same=True,
)
as_other(
    "infinite",
    "L2 infinite in a row",
    HEAD + "".join(ROWS) + "1\trs99\t900000\tinf\n",
    "1 regression SNPs: L2 missing",
    same=True,
)
as_other("negative", "L2 below 0", HEAD + "".join(ROWS) + "1\trs99\t900000\t-0.2\n", "1 regression SNPs: L2 below 0")
as_other(
    "other_rows",
    "Rows of another chromosome",
    HEAD + "".join(ROWS) + "2\trs99\t900000\t1\n",
    "1 regression SNPs: on another chromosome",
    same=True,
)
