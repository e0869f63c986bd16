"""Cases of GWAS files that are no table, or not whole."""

from __future__ import annotations

import gzip
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa

from corpus.gwas import GWAS

READERS = [GWAS]
HEAD = "SNP\tA1\tA2\tZ\tN\n"

GWAS.texts(
    "gwas.tsv",
    [
        (
            "empty",
            "An empty file",
            "",
            ("gwas.tsv: is empty (GWAS summary statistics); was its download or copy cut short?"),
        ),
        (
            "blank",
            "Blank lines only",
            "\n\n \n",
            ("gwas.tsv: holds no header (GWAS summary statistics); was its download or copy cut short?"),
        ),
        (
            "comments_only",
            "Comments only",
            "## made by hand\n## nothing else\n",
            ("gwas.tsv: holds no header (GWAS summary statistics); was its download or copy cut short?"),
        ),
        (
            "header_only",
            "A header without rows",
            HEAD,
            ("gwas.tsv: has a header but no rows (GWAS summary statistics); was its download or copy cut short?"),
        ),
        (
            "no_header",
            "Rows without a header",
            "rs1\tA\tG\t1.2\t1000\nrs2\tA\tG\t0.2\t1000\n",
            ("gwas.tsv: none of its columns (rs1, A, G, 1.2, 1000) has a known name; is the header line missing?"),
        ),
        (
            "one_column",
            "One column",
            "SNP\nrs1\nrs2\n",
            ("gwas.tsv: its first line ('SNP') is no header of columns between tabs, blanks or commas; is it a table?"),
        ),
        (
            "web_page",
            "The web page of a failed download",
            "<!DOCTYPE html>\n<html><body>404 not found</body></html>\n",
            ("gwas.tsv: none of its columns (<!DOCTYPE, html>) has a known name; is the header line missing?"),
        ),
        (
            "binary",
            "A binary file",
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200),
            ("gwas.tsv: is no text table (GWAS summary statistics); give the file of summary statistics itself"),
        ),
        (
            "utf16",
            "UTF-16, as spreadsheets write it",
            "\ufeff".join(["", HEAD + "rs1\tA\tG\t1\t1000\n"]).encode("utf-16-le"),
            ("gwas.tsv: is no text table (GWAS summary statistics); give the file of summary statistics itself"),
        ),
        (
            "more_fields",
            "Rows of more fields than the header",
            HEAD + "rs1\tA\tG\t1\t1000\tx\ty\tz\n" * 3,
            "gwas.tsv: the header has 5 fields, the first row 8; is it one table?",
        ),
        (
            "no_snp",
            "No column of SNPs or positions",
            "A1\tA2\tZ\tN\nA\tG\t1\t1000\n",
            ("gwas.tsv: no column of SNPs (rsID, or chromosome and position); its columns are A1, A2, Z, N"),
        ),
        (
            "no_alleles",
            "No column of alleles",
            "SNP\tZ\tN\nrs1000\t1\t1000\n",
            ("gwas.tsv: no column of the effect allele (--no-alleles does without); its columns are SNP, Z, N"),
            ("gwas.tsv: no column of the other allele (--no-alleles does without); its columns are SNP, Z, N"),
        ),
        (
            "no_sign",
            "P without any effect",
            "SNP\tA1\tA2\tP\tN\nrs1000\tA\tG\t0.1\t1000\n",
            (
                "gwas.tsv: no column of the effect's direction (Z, beta or odds ratio; --a1-inc where"
                " A1 always increases); its columns are SNP, A1, A2, P, N"
            ),
        ),
        (
            "no_statistic",
            "No column that tells Z",
            "SNP\tA1\tA2\tBETA\tN\nrs1000\tA\tG\t0.1\t1000\n",
            (
                "gwas.tsv: no column to compute Z from (Z, effect and standard error, P, -log10 P or "
                "chi-square); its columns are SNP, A1, A2, BETA, N"
            ),
        ),
        (
            "no_n",
            "No sample size, none given",
            "SNP\tA1\tA2\tZ\nrs1000\tA\tG\t0.1\n",
            (
                "gwas.tsv: no column of the sample size N (or cases and controls); give it by --n "
                "(column n of the traits sheet); its columns are SNP, A1, A2, Z"
            ),
        ),
        (
            "twice",
            "Two columns of one name",
            "SNP\tA1\tA2\tZ\tZ\tN\nrs1000\tA\tG\t1\t2\t1000\n",
            "gwas.tsv: columns 4, 5 are all called Z; rename or remove all but one",
        ),
    ],
)


@GWAS.wrong("gwas.tsv: no such file (GWAS summary statistics); check the path")
def missing_file(folder: Path) -> None:
    """The file does not exist"""
    (folder / "gwas.tsv").unlink()


@GWAS.wrong("gwas.tsv: is not a file (GWAS summary statistics); give the path of a file")
def a_folder(folder: Path) -> None:
    """A folder in place of the file"""
    (folder / "gwas.tsv").unlink()
    (folder / "gwas.tsv").mkdir()


@GWAS.wrong("gwas.tsv: the gzip data is truncated or damaged (GWAS summary statistics: ...); copy it again")
def gzip_cut_short(folder: Path) -> None:
    """A gzip file cut short"""
    data = gzip.compress((folder / "gwas.tsv").read_bytes())
    (folder / "gwas.tsv").write_bytes(data[: len(data) // 2])


@GWAS.wrong(
    "gwas.tsv: the bgzip data is truncated or damaged (GWAS summary statistics: its end mark is missing); copy it again"
)
def bgzip_cut_short(folder: Path) -> None:
    """A bgzip file whose last block is missing"""
    text = (folder / "gwas.tsv").read_bytes()
    member = bytearray(gzip.compress(text))
    # A member with bgzip's extra field (BC, its length), without the empty member that ends a bgzip file.
    member[3] |= 4
    body = bytes(member[:10]) + b"\x06\x00BC\x02\x00" + (len(member) + 7).to_bytes(2, "little") + bytes(member[10:])
    (folder / "gwas.tsv").write_bytes(body)


@GWAS.wrong("gwas.tsv: the zstd data is truncated or damaged (GWAS summary statistics: ...); copy it again")
def zstd_cut_short(folder: Path) -> None:
    """A zstd file cut short"""
    data = pa.compress((folder / "gwas.tsv").read_bytes(), "zstd", asbytes=True)
    (folder / "gwas.tsv").write_bytes(data[: len(data) // 2])


@GWAS.wrong("gwas.tsv: the xz data is truncated or damaged (GWAS summary statistics: ...); copy it again")
def damaged_xz(folder: Path) -> None:
    """An xz file with damaged bytes"""
    data = bytearray(lzma.compress((folder / "gwas.tsv").read_bytes()))
    data[60:90] = bytes(30)
    (folder / "gwas.tsv").write_bytes(data)


@GWAS.wrong("gwas.tsv: is a zip archive (GWAS summary statistics); unpack it and give the file inside")
def zip_archive(folder: Path) -> None:
    """A zip archive"""
    text = (folder / "gwas.tsv").read_bytes()
    with zipfile.ZipFile(folder / "gwas.tsv", "w") as archive:
        archive.writestr("gwas.tsv", text)


@GWAS.wrong("gwas.tsv: is a zip archive (GWAS summary statistics); unpack it and give the file inside")
def spreadsheet(folder: Path) -> None:
    """An Excel file under a text name"""
    with zipfile.ZipFile(folder / "gwas.tsv", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")


@GWAS.wrong("gwas.tsv: cannot be read after line 1 (GWAS summary statistics: ...); is it UTF-8 text?")
def latin1(folder: Path) -> None:
    """Latin-1 letters in SNP names"""
    text = (folder / "gwas.tsv").read_text().replace("rs1100\t", "rs1100\u00e9\t")
    (folder / "gwas.tsv").write_bytes(text.encode("latin-1"))
