"""Cases of GWAS summary statistics and their header vocabulary (harmonize_sumstats.py)."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from corpus.registry import Reader
from sumstats_fixture import VOCABULARY, reference_file

SNPS = 400


def table() -> pd.DataFrame:
    """A plain GWAS of 400 SNPs with every common column; effect over standard error is Z."""
    rng = np.random.default_rng(5)
    alleles = np.array([("A", "G"), ("C", "T"), ("G", "A"), ("T", "C"), ("A", "C"), ("G", "T")])
    pairs = alleles[rng.integers(len(alleles), size=SNPS)]
    z = rng.normal(scale=1.5, size=SNPS)
    return pd.DataFrame(
        {
            "SNP": [f"rs{1000 + number}" for number in range(SNPS)],
            "CHR": np.sort(rng.integers(1, 23, size=SNPS)),
            "BP": np.arange(SNPS) * 1000 + 1_000_000,
            "A1": pairs[:, 0],
            "A2": pairs[:, 1],
            "FRQ": rng.uniform(0.1, 0.9, SNPS).round(3),
            "INFO": 0.99,
            "BETA": (0.02 * z).round(6),
            "SE": 0.02,
            "N": 100_000,
        }
    ).astype(object)


def write(folder: Path, data: pd.DataFrame, sep: str = "\t", name: str = "gwas.tsv") -> None:
    """Write ``data`` as the GWAS."""
    (folder / name).write_text(data.to_csv(sep=sep, index=False, na_rep="NA"))


def make(folder: Path) -> None:
    """The GWAS, and a reference of the same SNPs."""
    write(folder, table())
    truth = table().rename(columns={"CHR": "chr", "BP": "bp", "A1": "a1", "A2": "a2"}).set_index("SNP")
    reference_file(folder / "reference.h5ad", truth)


GWAS = Reader(
    "gwas",
    "Summary statistics",
    "harmonize_sumstats",
    {
        "--sumstats": "gwas.tsv",
        "--trait": "trait",
        "--reference": "reference.h5ad",
        "--out": "out/trait.parquet",
        "--qc": "out/qc.json",
    },
    make,
)
READERS = [GWAS]


def changed(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame | None], *says: str, **kind) -> None:
    """Register a case that is the plain GWAS with its table changed."""

    def build(folder: Path) -> None:
        data = table()
        result = change(data)
        write(folder, data if result is None else result)

    GWAS.add(name, what, build, says, **kind)


def cell(column: str, rows: slice | int, value: object) -> Callable[[pd.DataFrame], None]:
    """A change: ``value`` in some rows of a column."""

    def change(data: pd.DataFrame) -> None:
        data.loc[data.index[rows], column] = value

    return change


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


changed(
    "all_n_missing",
    "N is NA in every row",
    cell("N", slice(None), "NA"),
    ("gwas.tsv: the sample size is missing in every row; give it by --n (column n of the sheet)"),
)
changed(
    "n_is_zero",
    "N is 0 in every row",
    cell("N", slice(None), 0),
    ("gwas.tsv: the sample size is missing in every row; give it by --n (column n of the sheet)"),
)
changed(
    "se_is_zero",
    "Every standard error is 0",
    cell("SE", slice(None), 0),
    (
        "gwas.tsv: no SNP is left of 400 rows: 400 no Z: its columns are missing or unusable;"
        " are its columns as they are named?"
    ),
)
changed(
    "all_text",
    "Effects are words",
    cell("BETA", slice(None), "up"),
    (
        "gwas.tsv: no SNP is left of 400 rows: 400 no Z: its columns are missing or unusable;"
        " are its columns as they are named?"
    ),
)
changed(
    "sex_chromosomes",
    "Chromosome X only",
    cell("CHR", slice(None), "X"),
    ("gwas.tsv: no SNP is left of 400 rows: 400 not on an autosome; are its columns as they are named?"),
)
changed(
    "indels",
    "Insertions and deletions only",
    cell("A1", slice(None), "ATT"),
    (
        "gwas.tsv: no SNP is left of 400 rows: 400 alleles missing or not two of A, C, G, T "
        "(indels); are its columns as they are named?"
    ),
)
changed(
    "other_names",
    "SNPs under names of another kind, without positions",
    lambda d: d.assign(SNP=[f"AX-{i}" for i in range(SNPS)]).drop(columns=["CHR", "BP"]),
    (
        "gwas.tsv: has no SNP in common with the reference (GRCh37): the file has, say, AX-0 "
        "at 0:0, the reference rs1000 at 1:1000000; is it of the same genome build and kind "
        "of name?"
    ),
)
changed(
    "low_info",
    "INFO below the least everywhere",
    cell("INFO", slice(None), 0.3),
    ("gwas.tsv: no SNP is left of 400 rows: 400 INFO below the least; are its columns as they are named?"),
)
changed(
    "p_out_of_range",
    "P above 1 everywhere",
    lambda d: d.assign(P=12),
    ("gwas.tsv: no SNP is left of 400 rows: 400 P outside 0 to 1; are its columns as they are named?"),
)
changed(
    "decimal_commas",
    "Decimal commas",
    lambda d: d.assign(BETA=[str(b).replace(".", ",") for b in d["BETA"]], SE="0,02"),
    (
        "gwas.tsv: no SNP is left of 400 rows: 400 no Z: its columns are missing or unusable;"
        " are its columns as they are named?"
    ),
)
changed(
    "odds_as_beta",
    "Odds ratios in a column called BETA",
    lambda d: d.assign(BETA=np.exp(d["BETA"].astype(float))),
    ("gwas.tsv: column BETA is positive in all rows, and above 0.5 in most: odds ratios? call it OR"),
)
changed(
    "beta_as_odds",
    "Log odds in a column called OR",
    lambda d: d.rename(columns={"BETA": "OR"}),
    "gwas.tsv: column OR is negative in 198 rows: log odds? call it BETA",
)
changed(
    "alleles_of_others",
    "Alleles that are not the reference's",
    lambda d: d.assign(
        A1="A", A2=["G" if {a, b} in ({"A", "C"}, {"G", "T"}) else "C" for a, b in zip(d["A1"], d["A2"], strict=True)]
    ),
    (
        "gwas.tsv: has other alleles than the reference in 400 of 400 SNPs; are its allele "
        "columns the right ones, and their names known?"
    ),
)
changed(
    "other_build",
    "Positions of another genome build",
    lambda d: d.assign(BP=d["BP"] + 25_000),
    (
        "gwas.tsv: is of another genome build than the reference (GRCh37): 400 of the 400 "
        "rsIDs in both stand at another position, such as rs1000 at 1:1025000, in the "
        "reference rs1000 at 1:1000000; lift it over to the reference's build, or leave its "
        "position columns out"
    ),
)
changed(
    "other_build_positions",
    "Positions of another genome build, without rsIDs",
    lambda d: d.assign(BP=d["BP"] + 25_500).drop(columns="SNP"),
    (
        "gwas.tsv: has no SNP in common with the reference (GRCh37): the file has, say, a SNP"
        " at 1:1025500, the reference rs1000 at 1:1000000; is it of the same genome build and"
        " kind of name?"
    ),
)


def option(name: str, what: str, options: dict[str, object], *says: str, wrong: bool = True) -> None:
    """Register a case of an option's value."""
    GWAS.add(name, what, lambda folder: options, says, wrong=wrong)


option("negative_n", "A negative --n", {"--n": -5}, "--n -5: must be above 0")
option("maf_of_3", "--maf-min above 0.5", {"--maf-min": 3}, "--maf-min 3: must be between 0 and 0.5")
option("info_of_90", "--info-min in per cent", {"--info-min": 90}, "--info-min 90: must be between 0 and 1")
option(
    "unknown_statistic",
    "An unknown --statistic",
    {"--statistic": "t"},
    "--statistic t: is unknown; give one of z, effect, p, chi2",
)
option(
    "no_such_reference",
    "A reference that does not exist",
    {"--reference": "nowhere.h5ad"},
    "nowhere.h5ad: no such file (reference); check the path",
)
option(
    "no_such_folder",
    "An output folder that does not exist",
    {"--out": "nowhere/trait.parquet"},
    "nowhere/trait.parquet: the folder nowhere does not exist; create it first",
)


@GWAS.wrong(
    "--maf-min 2: must be between 0 and 0.5",
    (
        "gwas.tsv: no column of the other allele (--no-alleles does without); its columns are"
        " SNP, CHR, BP, A1, FRQ, INFO, BETA, SE"
    ),
    (
        "gwas.tsv: no column of the sample size N (or cases and controls); give it by --n "
        "(column n of the traits sheet); its columns are SNP, CHR, BP, A1, FRQ, INFO, BETA, "
        "SE"
    ),
)
def several_mistakes(folder: Path) -> dict[str, object]:
    """Several mistakes at once"""
    write(folder, table().drop(columns=["A2", "N"]))
    return {"--n": None, "--maf-min": 2}


def vocabulary(name: str, what: str, content: str, *says: str) -> None:
    """Register a case of a header vocabulary."""

    def build(folder: Path) -> dict[str, object]:
        (folder / "headers.json").write_text(content)
        return {"--vocabulary": "headers.json"}

    GWAS.add(name, what, build, says)


KNOWN = json.loads(VOCABULARY.read_text())
vocabulary(
    "vocabulary_no_json",
    "A header vocabulary with a comma too much",
    '{"columns": {"snp": ["SNP",]}}',
    "headers.json, line 1: is not valid JSON (...); mend the vocabulary there",
)
vocabulary(
    "vocabulary_a_list",
    "A header vocabulary that is a list",
    "[]",
    ("headers.json: lacks the object 'columns' (role -> names); is it a header vocabulary?"),
)
vocabulary(
    "vocabulary_role",
    "A header vocabulary with an unknown role",
    json.dumps({"columns": {"snp": ["SNP"], "colour": ["C"]}}),
    (
        "headers.json: columns.colour is no known role; choose of snp, chr, bp, "
        "effect_allele, other_allele, z, beta, se, odds_ratio, neg_log10_p, p, chi2, n, "
        "n_effective, n_effective_half, n_cases, n_controls, n_cases_in_header, "
        "n_controls_in_header, frq, info, test"
    ),
)
vocabulary(
    "vocabulary_name_twice",
    "A header vocabulary with one name for two roles",
    json.dumps({"columns": {"snp": ["SNP"], "z": ["snp"]}}),
    "headers.json: the name 'snp' is given to both snp and z; leave it in one of them",
)
vocabulary(
    "vocabulary_text",
    "A header vocabulary with a text in place of a list",
    json.dumps({"columns": {"snp": "SNP"}}),
    'headers.json: columns.snp is no list of names; write ["name", ...]',
)
vocabulary(
    "vocabulary_formats",
    "A header vocabulary whose formats are no list of objects",
    json.dumps({"columns": {"snp": ["SNP"]}, "formats": "BOLT"}),
    ('headers.json: formats is no list of objects; write [{"name": ..., "marks": [...]}, ...]'),
)
vocabulary(
    "vocabulary_numbers",
    "A header vocabulary with numbers for names",
    json.dumps({"columns": {"snp": [1, 2]}}),
    'headers.json: columns.snp is no list of names; write ["name", ...]',
)
vocabulary(
    "vocabulary_pairs",
    "A header vocabulary with allele pairs of three",
    json.dumps({"columns": {"snp": ["SNP"]}, "allele_pairs": [["a", "b", "c"]]}),
    ('headers.json: allele_pairs is no list of pairs; write [["effect allele", "other allele"], ...]'),
)
vocabulary(
    "vocabulary_format_unnamed",
    "A header vocabulary with a format without marks",
    json.dumps({"columns": {"snp": ["SNP"]}, "formats": [{"name": "mine"}]}),
    ("headers.json: formats[0] lacks marks; write both, the format's name and the headers that tell it"),
)


# --- odd, but valid -------------------------------------------------------------------------------------------------


def repacked(name: str, what: str, pack: Callable[[bytes], bytes]) -> None:
    """Register the plain GWAS in other bytes: the result is the same."""

    def build(folder: Path) -> None:
        path = folder / "gwas.tsv"
        path.write_bytes(pack(path.read_bytes()))

    GWAS.add(name, what, build, (), wrong=False, same=True)


repacked("gzipped", "gzip under a plain name", gzip.compress)
repacked("bzipped", "bzip2 under a plain name", bz2.compress)
repacked("xz", "xz under a plain name", lzma.compress)
repacked("zstd", "zstd under a plain name", lambda data: pa.compress(data, "zstd", asbytes=True))
repacked("many_members", "gzip of several members", lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]))
repacked("byte_order_mark", "A byte order mark", lambda data: b"\xef\xbb\xbf" + data)
repacked("windows_lines", "Windows line ends", lambda data: data.replace(b"\n", b"\r\n"))
repacked("no_last_newline", "No newline at the end", lambda data: data.rstrip(b"\n"))
repacked("blank_lines", "Blank lines among the rows", lambda data: data.replace(b"\n", b"\n\n"))
repacked("comments_before", "Comments before the header", lambda data: b"## GWAS of 2020\n## build 37\n" + data)
repacked("hashed_header", "A header that begins with #", lambda data: b"#" + data)
repacked("commas", "Commas between columns", lambda data: data.replace(b"\t", b","))
repacked("blanks", "Blanks between columns", lambda data: data.replace(b"\t", b"   "))
repacked("semicolons", "Semicolons between columns", lambda data: data.replace(b"\t", b";"))
repacked(
    "lower_case", "Headers in lower case", lambda data: data.replace(*((head := data.split(b"\n")[0]), head.lower()))
)
repacked(
    "chr_prefix",
    "Chromosomes as chr01",
    lambda data: b"\n".join(
        b"\t".join([f[0], b"chr" + f[1].zfill(2), *f[2:]]) if number and len(f) > 1 else line
        for number, line in enumerate(data.split(b"\n"))
        for f in [line.split(b"\t")]
    ),
)
changed("shuffled", "Rows in another order", lambda d: d.sample(frac=1, random_state=1), wrong=False, same=True)
changed("swapped_columns", "Columns in another order", lambda d: d[d.columns[::-1]], wrong=False, same=True)
changed(
    "lower_case_alleles",
    "Alleles in lower case",
    lambda d: d.assign(A1=d["A1"].str.lower(), A2=d["A2"].str.lower()),
    wrong=False,
    same=True,
)
changed(
    "repeated_snp",
    "A SNP in two rows",
    lambda d: pd.concat([d, d.iloc[:3]]),
    "3 rows: repeats a SNP (the first row stays)",
    wrong=False,
    same=True,
)
changed(
    "some_n_missing", "N missing in two rows", cell("N", slice(2), "NA"), "2 rows: sample size missing", wrong=False
)
changed(
    "some_beta_missing",
    "Effect missing in three rows",
    cell("BETA", slice(3), "."),
    "3 rows: no Z: its columns are missing or unusable",
    wrong=False,
)
changed(
    "some_infinite",
    "An infinite effect",
    cell("BETA", 1, "inf"),
    "1 rows: no Z: its columns are missing or unusable",
    wrong=False,
)
changed(
    "some_indels",
    "An insertion",
    cell("A1", 3, "ATTT"),
    "1 rows: alleles missing or not two of A, C, G, T (indels)",
    wrong=False,
)
changed(
    "same_alleles",
    "Two alleles alike",
    lambda d: d.assign(A2=[d["A1"][0], *d["A2"][1:]]),
    "1 rows: alleles missing or not two of A, C, G, T (indels)",
    wrong=False,
)
changed("some_x", "A SNP on chromosome X", cell("CHR", 0, "X"), "1 rows: not on an autosome", wrong=False)
changed(
    "some_unknown",
    "SNPs that the reference lacks",
    lambda d: pd.concat([d, d[:4].assign(SNP=["rs1", "rs2", "rs3", "rs4"], BP=7)]),
    "4 rows: not in the reference",
    wrong=False,
)
changed("some_low_info", "INFO below the least", cell("INFO", slice(5), 0.5), "5 rows: INFO below 0.9", wrong=False)
changed(
    "rare",
    "Rare alleles",
    cell("FRQ", slice(6), 0.001),
    "6 rows: minor allele frequency not above 0.01, or outside 0 to 1",
    wrong=False,
)
changed(
    "small_n",
    "Small samples in some rows",
    cell("N", slice(7), 100),
    "7 rows: sample size below 66666.67 (90 % quantile / 1.5)",
    wrong=False,
)
changed("counted_from_0", "Positions that count from 0", lambda d: d.assign(BP=d["BP"] - 1), wrong=False, same=True)
changed(
    "broken_rows",
    "Rows of another number of fields",
    lambda d: d.assign(N=["100000\tmore", *d["N"][1:]]),
    "1 rows: another number of fields than the header",
    "warning: 1 rows have another number of fields...",
    wrong=False,
)
