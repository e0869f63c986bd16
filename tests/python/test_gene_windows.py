"""Gene files of every format, lists of SNPs, names of chromosomes, and which gene a SNP belongs to."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import GSMAP, REAL, needs_gsmap, needs_real
from traitmap.chromosomes import autosome, autosomes, parse_chromosomes, ranges
from traitmap.errors import InputError
from traitmap.gene_windows import gene_of_snps, read_genes
from traitmap.ledger import Ledger
from traitmap.regression_snps import read_snp_list


def read(tmp_path, text: str, name: str = "genes") -> tuple[pd.DataFrame, Ledger]:
    path = tmp_path / name
    path.write_text(text)
    ledger = Ledger("", "")
    return read_genes(path, ledger), ledger


def gtf(chromosome: str, start: int, end: int, strand: str, attributes: str, feature: str = "gene") -> str:
    return "\t".join([chromosome, "source", feature, str(start), str(end), ".", strand, ".", attributes]) + "\n"


EXPECTED = {"A": (1, 101, 900, "+"), "B": (2, 51, 70, "-")}
GTF = (
    "#!genome-build GRCh37\n"
    + gtf("chr2", 51, 70, "-", 'gene_id "E2"; gene_type "x"; gene_name "B"; level 2;')
    + gtf("chr2", 51, 60, "-", 'gene_id "E2"; gene_name "wrong";', "exon")
    + gtf("1", 101, 900, "+", 'gene_id "E1";gene_name  "A" ;note "gene_name of; old"')
)
TEXTS = {
    "GTF": GTF,
    "GTF without quotes": GTF.replace('"', ""),
    "GTF of NCBI": gtf("NC_000002.11", 51, 70, "-", 'gene_id "B"; db_xref "GeneID:1"; gene "B";')
    + gtf("NC_000001.10", 101, 900, "+", 'gene_id "A_1"; transcript_id ""; gene "A"; gene_synonym "gene Z";'),
    "GFF3": gtf("chr2", 51, 70, "-", "ID=E2;gene_id=E2;gene_name=B") + gtf("chr1", 101, 900, "+", "ID=E1;gene_name=A"),
    "gene.loc": "222\t2\t51\t70\t-\tB\n1\t1\t101\t900\t+\tA\n",
    "gene.loc of blanks": "222 chr2 51 70 - B\n1 chr1 101 900 + A\n",
    "BED": "track name=genes\nchr2\t50\t70\tB\t0\t-\nchr1\t100\t900\tA\t0\t+\n",
    "BED with a header": "chrom\tstart\tend\tname\tscore\tstrand\n2\t50\t70\tB\t0\t-\n1\t100\t900\tA\t0\t+\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_format_gives_the_same_genes(tmp_path, name):
    genes, ledger = read(tmp_path, TEXTS[name])
    assert {gene: tuple(row) for gene, *row in genes.itertuples()} == EXPECTED
    assert not ledger.warnings
    (tmp_path / "zipped").write_bytes(gzip.compress(TEXTS[name].encode()))
    pd.testing.assert_frame_equal(read_genes(tmp_path / "zipped", Ledger("", "")), genes)


def test_short_formats(tmp_path):
    genes, ledger = read(tmp_path, "chr1 100 900 A\nchr2 50 70 B\n")
    assert genes["strand"].tolist() == [".", "."]
    assert {c["what"]: c["n"] for c in ledger.counts}["without a strand (start taken as transcription start)"] == 2
    genes, ledger = read(tmp_path, "79501 1 69091 70008\n100996442 1 142447 174392\n")
    assert genes.index.tolist() == ["79501", "100996442"]
    assert "numbers, not symbols" in ledger.warnings[0]


def test_genes_left_out_are_counted(tmp_path):
    rows = [
        "chr1 0 9 A",
        "chrX 0 9 B",
        "chrX 0 9 A",
        "GL000192.1 0 9 C",
        "chr3 5 9 A",
        "chr3 1 2 .",
        "chr4 1 2 unmapped",
    ]
    genes, ledger = read(tmp_path, "".join(f"{row}\n" for row in rows))
    assert genes.index.tolist() == ["A"]
    assert genes.loc["A", "chr"] == 1
    assert {(c["what"], c["n"]) for c in ledger.counts if c["kind"] != "noted"} == {
        ("read", 7),
        ("without a symbol", 1),
        ("not on an autosome", 3),
        ("named 'unmapped', which is reserved", 1),
        ("symbol seen before in the file", 1),
        ("on autosomes, under their own symbol", 1),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a b c\nd e f\n", "reads neither as GTF nor .gene.loc .* nor BED"),
        ("1\t1\t100\t900\t+\tA\n2\t1\tx\t900\t+\tB\n", "row 2: does not read as the rows before it"),
        ("chr1 900 100 A\n", r"row 1: the gene ends \(100\) before it starts \(901\)"),
        (gtf("1", 1, 9, "+", 'gene_name "A"', "exon"), "no rows of type gene"),
        ("chrX 1 9 A\n", "holds no gene with a symbol on an autosome"),
    ],
)
def test_bad_gene_files_are_refused(tmp_path, text, complaint):
    with pytest.raises(InputError, match=complaint):
        read(tmp_path, text)


symbols = st.text("ABC123-.", min_size=1, max_size=4).filter(lambda name: name.strip(".") != "")


@given(
    st.dictionaries(
        symbols,
        st.tuples(st.integers(1, 22), st.integers(1, 10**8), st.integers(0, 10**6), st.sampled_from("+-")),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["GTF", "loc", "BED"]),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, genes, layout, prefix):
    rows = []
    for number, (gene, (chromosome, start, length, strand)) in enumerate(genes.items(), start=1000):
        name = f"chr{chromosome}" if prefix else str(chromosome)
        rows.append(
            {
                "GTF": gtf(name, start, start + length, strand, f'gene_id "E{number}"; gene_name "{gene}";'),
                "loc": f"{number}\t{name}\t{start}\t{start + length}\t{strand}\t{gene}\n",
                "BED": f"{name}\t{start - 1}\t{start + length}\t{gene}\t0\t{strand}\n",
            }[layout]
        )
    found, _ = read(tmp_path_factory.mktemp("genes"), "".join(rows))
    expected = {gene: (c, start, start + length, strand) for gene, (c, start, length, strand) in genes.items()}
    assert {gene: tuple(row) for gene, *row in found.itertuples()} == expected
    places = list(zip(found["chr"], found["start"], strict=True))
    assert places == sorted(places)


def twin_gene_of_snps(position: np.ndarray, genes: pd.DataFrame, window: int) -> list[int]:
    """SNP by SNP and gene by gene."""
    of_snp = []
    for snp in position:
        best = (np.inf, len(genes))
        for row, gene in enumerate(genes.itertuples()):
            if gene.start - window <= snp <= gene.end + window:
                tss = gene.end if gene.strand == "-" else gene.start
                best = min(best, (abs(snp - tss), row))
        of_snp.append(int(best[1]))
    return of_snp


@given(
    st.lists(st.integers(1, 300), max_size=40),
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 60), st.sampled_from("+-.")), max_size=12),
    st.integers(0, 40),
)
@settings(max_examples=100, deadline=None)
def test_gene_of_snps_equals_the_twin(position, genes, window):
    position = np.sort(np.array(position, dtype=np.int64))
    rows = sorted((start, start + length, strand) for start, length, strand in genes)
    frame = pd.DataFrame(rows, columns=["start", "end", "strand"])
    assert gene_of_snps(position, frame, window).tolist() == twin_gene_of_snps(position, frame, window)


def test_edges_and_ties():
    genes = pd.DataFrame({"start": [100, 130], "end": [120, 150], "strand": ["+", "-"]})
    position = np.array([89, 90, 124, 125, 126, 160, 161])
    assert gene_of_snps(position, genes, 10).tolist() == [2, 0, 0, 0, 0 + 1, 1, 2]


@needs_gsmap
def test_the_map_is_gsmaps(tmp_path):
    """gsMap counts SNPs from 0 and minus-strand starts from 1: only SNPs within a base of a tie could differ."""
    measured = set(pd.read_parquet(GSMAP / "outputs" / "gss.parquet", columns=["gene"])["gene"])
    lines = (GSMAP / "inputs" / "genes.gtf").read_text().splitlines(keepends=True)
    rows = [line for line in lines if "\tgene\t" in line and line.split('gene_name "')[1].split('"')[0] in measured]
    genes, _ = read(tmp_path, "".join(rows))
    pairs = pd.read_parquet(GSMAP / "outputs" / "snp_gene_pairs.parquet")
    for chromosome, theirs in pairs.groupby("CHR"):
        here = genes[genes["chr"] == chromosome]
        ours = np.append(here.index.to_numpy(object), None)[gene_of_snps(theirs["BP"].to_numpy(), here, 50_000)]
        np.testing.assert_array_equal(ours, theirs["gene_name"].replace(np.nan, None).to_numpy(object))


@needs_real
def test_real_gene_file():
    ledger = Ledger("", "")
    genes = read_genes(REAL / "genes" / "NCBI37.3.gene.loc", ledger)
    assert len(genes) == 18_575
    assert genes.loc["A1BG"].tolist() == [19, 58858172, 58864865, "-"]
    assert {c["what"]: c["n"] for c in ledger.counts}["not on an autosome"] == 852


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rs1\nrs2\n\nrs1\n", {"rs1", "rs2"}),
        ("SNP\tA1\tA2\nrs1\tA\tG\nrs2\tC\tT\n", {"rs1", "rs2"}),
        ("CHR,BP,rsid\n1,5,rs1\n1,6,rs2\n", {"rs1", "rs2"}),
        ("1 rs1 0 5 A G\n1 rs2 0 6 A G\n1 . 0 7 A G\n", {"rs1", "rs2"}),
        ("rs1 A G\nrs2 C T\n", {"rs1", "rs2"}),
    ],
)
def test_snp_lists(tmp_path, text, expected):
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(text.encode()))
    ids, repeated = read_snp_list(path)
    assert ids == expected
    assert repeated == (1 if text.count("rs1") > 1 or "\n1 . " in text else 0)


@pytest.mark.parametrize(
    ("text", "complaint"), [("SNP\n", "names no SNP"), ("CHR SNP\n1 rs1\n2\n", "row 3 has no column 2")]
)
def test_bad_snp_lists_are_refused(tmp_path, text, complaint):
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_snp_list(path)


def test_chromosome_names():
    names = ["1", "chr22", "Chr07", "NC_000009.11", "X", "chrX", "23", "0", "GL000192.1", "chr1_random", ""]
    assert autosomes(names).tolist() == [autosome(name) for name in names] == [1, 22, 7, 9, 0, 0, 0, 0, 0, 0, 0]
    assert autosomes([]).tolist() == []
    assert parse_chromosomes("20-22, 1,1") == [1, 20, 21, 22]
    assert ranges([22, 1, 2, 3, 7]) == "1-3, 7, 22"
    for text in ("", "0-3", "3-1", "X", "1-23", "1;2"):
        with pytest.raises(InputError, match="no autosome or range"):
            parse_chromosomes(text)
