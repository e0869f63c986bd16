"""Cases of GWAS that are odd, but valid."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from corpus.gwas import GWAS, cell, changed

READERS = [GWAS]


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
