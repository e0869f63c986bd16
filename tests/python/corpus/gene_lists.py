"""Cases of gene positions: GTF, MAGMA .gene.loc, BED (link_snps_to_genes.py --genes)."""

from __future__ import annotations

import gzip
from pathlib import Path

from corpus import panels
from corpus.registry import Reader

GENES = Reader("genes", "Gene positions (GTF, .gene.loc, BED)", "link_snps_to_genes", panels.OPTIONS, panels.make)
READERS = [GENES]
FILE = "genes.loc"


def gtf(*genes: str, attributes: str = 'gene_id "E{0}"; gene_name "GENE{0}";', chromosome: str = "chr1") -> str:
    """The three genes as GTF."""
    rows = [
        f"{chromosome}\thavana\tgene\t{k * 100_000}\t{k * 100_000 + 30_000}\t.\t+\t.\t{attributes.format(k)}"
        for k in range(1, 4)
    ]
    return "\n".join([*rows, *genes]) + "\n"


LOC = "".join(f"{k} 1 {k * 100_000} {k * 100_000 + 30_000} + GENE{k}\n" for k in range(1, 4))
BED = "".join(f"chr1\t{k * 100_000 - 1}\t{k * 100_000 + 30_000}\tGENE{k}\t0\t+\n" for k in range(1, 4))

GENES.texts(
    FILE,
    [
        ("empty", "An empty file", "", "genes.loc: is empty (genes); was its download or copy cut short?"),
        (
            "blank",
            "Blank lines only",
            "\n\n",
            (
                "genes.loc: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED "
                "(genes); give one of these"
            ),
        ),
        (
            "comments_only",
            "Comments only",
            "#!genome-build GRCh37\n",
            (
                "genes.loc: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED "
                "(genes); give one of these"
            ),
        ),
        (
            "prose",
            "No table",
            "genes of the human genome\nas of today\n",
            (
                "genes.loc: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED "
                "(genes); give one of these"
            ),
        ),
        (
            "two_columns",
            "Symbols and chromosomes, no positions",
            "APOE 19\nMBP 18\n",
            (
                "genes.loc: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED "
                "(genes); give one of these"
            ),
        ),
        (
            "binary",
            "A binary file",
            bytes(range(256)) * 4,
            "genes.loc: holds zero bytes, which no text does (genes); copy it again",
        ),
        (
            "latin1",
            "Latin-1 letters",
            LOC.encode() + "9 1 900000 930000 + GEN\u00c9\n".encode("latin-1"),
            "genes.loc: is not UTF-8 text (genes, byte 101); convert it first",
        ),
        (
            "fasta",
            "A FASTA file",
            ">chr1\nACGTACGT\n",
            (
                "genes.loc: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED "
                "(genes); give one of these"
            ),
        ),
        (
            "no_gene_rows",
            "A GTF of exons only",
            gtf().replace("\tgene\t", "\texon\t"),
            ("genes.loc: has no rows of type gene; give a GTF that has, such as GENCODE's or Ensembl's"),
        ),
        (
            "no_symbols",
            "A GTF without gene names",
            gtf(attributes='gene_id "E{0}";'),
            ("genes.loc: holds no gene with a symbol on an autosome; give a GTF, .gene.loc or BED file"),
        ),
        (
            "sex_chromosomes",
            "Genes of chromosome X only",
            gtf(chromosome="chrX"),
            ("genes.loc: holds no gene with a symbol on an autosome; give a GTF, .gene.loc or BED file"),
        ),
        (
            "position_text",
            "A word for a position",
            LOC + "9 1 here 930000 + GENE9\n",
            ("genes.loc: row 4: does not read as the rows before it: '9 1 here 930000 + GENE9'; mend it"),
        ),
        (
            "end_before_start",
            "A gene that ends before it starts",
            LOC + "9 1 930000 900000 + GENE9\n",
            "genes.loc: row 4: the gene ends (900000) before it starts (930000); mend it",
        ),
        (
            "gtf_truncated_row",
            "A GTF cut short in a row",
            gtf("chr1\thavana\tgene\t9000"),
            ("genes.loc: row 4: does not read as the rows before it: 'chr1\\thavana\\tgene\\t9000'; mend it"),
        ),
        (
            "bed_truncated_row",
            "A BED row without a name",
            BED + "chr1\t900000\t930000\n",
            ("genes.loc: row 4: does not read as the rows before it: 'chr1\\t900000\\t930000'; mend it"),
        ),
        (
            "unmapped_only",
            "Genes called unmapped",
            "1 1 100000 130000 + unmapped\n",
            ("genes.loc: holds no gene with a symbol on an autosome; give a GTF, .gene.loc or BED file"),
        ),
        (
            "other_chromosomes",
            "Genes of chromosomes that the panel lacks",
            LOC.replace(" 1 ", " 2 "),
            ("--genes: no gene lies on the chromosomes that were read; do the files belong together?"),
        ),
    ],
)


@GENES.wrong("genes.loc: no such file (genes); check the path")
def missing_file(folder: Path) -> None:
    """The file does not exist"""
    (folder / FILE).unlink()


@GENES.wrong(
    "genes.loc: row 4: does not read as the rows before it: '0 1 a b + G0'; mend it",
    "genes.loc: row 5: does not read as the rows before it: '1 1 a b + G1'; mend it",
    "genes.loc: row 6: does not read as the rows before it: '2 1 a b + G2'; mend it",
    "genes.loc: row 7: does not read as the rows before it: '3 1 a b + G3'; mend it",
    "genes.loc: row 8: does not read as the rows before it: '4 1 a b + G4'; mend it",
    "genes.loc: 15 more rows like these; mend them all",
)
def many_broken_rows(folder: Path) -> None:
    """Many broken rows"""
    (folder / FILE).write_text(LOC + "".join(f"{k} 1 a b + G{k}\n" for k in range(20)))


def as_other(name: str, what: str, content: str | bytes, *says: str, same: bool = True) -> None:
    """Register a file that reads as the three genes do."""
    data = content.encode() if isinstance(content, str) else content
    GENES.add(name, what, lambda folder: (folder / FILE).write_bytes(data) and None, says, wrong=False, same=same)


as_other("gtf", "GTF", gtf())
as_other("gff3", "GFF3", gtf(attributes="ID=gene:E{0};gene_name=GENE{0}"))
as_other("ncbi_gtf", "NCBI's GTF, which names genes by gene", gtf(attributes='gene_id "E{0}"; gene "GENE{0}";'))
as_other("bed", "BED, which counts from 0", BED)
as_other("gzipped", "gzip under a plain name", gzip.compress(LOC.encode()))
as_other("windows_lines", "Windows line ends", LOC.replace("\n", "\r\n"))
as_other("header_row", "A header row", "GENE CHR START STOP STRAND SYMBOL\n" + LOC, "1 gene file: header rows skipped")
as_other("other_rows", "Transcripts among the genes", gtf(*gtf().replace("\tgene\t", "\ttranscript\t").splitlines()))
as_other("patches", "Genes on patches", LOC + "9 HG1_PATCH 1 9 + GENE9\n", "1 genes: not on an autosome")
as_other(
    "repeated", "A symbol in two rows", LOC + "9 1 900000 930000 + GENE1\n", "1 genes: symbol seen before in the file"
)
as_other(
    "reserved",
    "A gene called unmapped",
    LOC + "9 1 900000 930000 + unmapped\n",
    "1 genes: named 'unmapped', which is reserved",
)
as_other(
    "nameless",
    "A gene without a symbol",
    gtf('chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "E9";'),
    "1 genes: without a symbol",
)
as_other(
    "no_strand",
    "Genes without a strand",
    LOC.replace(" + ", " . "),
    "3 genes: without a strand (start taken as transcription start)",
    same=False,
)
as_other(
    "entrez_only",
    "Entrez ids in place of symbols",
    "".join(f"{line.rsplit(' ', 2)[0]}\n" for line in LOC.splitlines()),
    "warning: Genes in genes.loc are numbers, not symbols: few or none will be found in slices.",
    same=False,
)
as_other(
    "out_of_reach",
    "A gene without any panel SNP near",
    LOC + "9 1 90000000 90030000 + GENE9\n",
    "1 genes: without a panel SNP in their window",
    same=False,
)
