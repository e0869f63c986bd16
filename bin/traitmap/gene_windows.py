"""Where genes lie, and which gene each SNP belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.chromosomes import autosome, is_chromosome
from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.formats import REFERENCE_GENES, UNMAPPED
from traitmap.ledger import Ledger

# One gene as a file gives it: symbol (or ""), chromosome, first and last base (from 1, both included), strand.
Row = tuple[str, str, int, int, str]

STRANDS = ("+", "-", ".", "?")
SHOWN_PROBLEMS = 5


def read_genes(path: Path, ledger: Ledger) -> pd.DataFrame:
    """Read gene positions; index gene (symbol), columns chr (int), start, end (from 1, both included), strand.

    The format is told by content: GTF (or GFF3 with ``gene_name``) rows of type gene; MAGMA .gene.loc (id,
    chromosome, start, end[, strand[, symbol]]; without symbols the id is the name); BED (chromosome, start from 0,
    end, name[, score, strand]). Rows come in genomic order. Counted and left out: genes without a symbol, outside the
    autosomes, and all but the first row of a symbol (as gsMap does). A missing strand counts as +.

    Raises InputError for a file of none of these formats, rows that do not fit (by number) and no gene left.
    """
    with open_text(path, "genes") as lines:
        rows, skipped = _parse(lines, path)
    genes = pd.DataFrame(rows, columns=["gene", *REFERENCE_GENES])
    ledger.read("genes", len(genes))
    if skipped:
        ledger.noted("gene file", "header rows skipped", skipped)
    genes["chr"] = [autosome(name) for name in genes["chr"]]
    for what, out in (
        ("without a symbol", lambda g: g["gene"] == ""),
        ("not on an autosome", lambda g: g["chr"] == 0),
        (f"named {UNMAPPED!r}, which is reserved", lambda g: g["gene"] == UNMAPPED),
        ("symbol seen before in the file", lambda g: g["gene"].duplicated()),
    ):
        left_out = out(genes)
        ledger.removed("genes", what, left_out.sum())
        genes = genes[~left_out]
    stranded = genes["strand"].isin(["+", "-"])
    ledger.noted("genes", "without a strand (start taken as transcription start)", (~stranded).sum())
    ledger.kept("genes", len(genes), "on autosomes, under their own symbol")
    ledger.fact("n_listed_genes", len(genes))
    if genes.empty:
        raise InputError(f"{path}: holds no gene with a symbol on an autosome; give a GTF, .gene.loc or BED file")
    if genes["gene"].str.fullmatch(r"\d+").mean() > 0.5:
        ledger.warn(f"Genes in {path.name} are numbers, not symbols: few or none will be found in slices.")
    genes = genes.sort_values(["chr", "start", "end", "gene"], ignore_index=True)
    return genes.set_index("gene")


def gene_of_snps(position: np.ndarray, genes: pd.DataFrame, window: int) -> np.ndarray:
    """The gene of each SNP of one chromosome, as row number of ``genes`` (int64, (M,)); ``len(genes)`` for none.

    ``position`` ascends. Among the genes whose body, extended by ``window`` bases to either side, holds the SNP, the
    one with the nearest transcription start (start on +, end on -) has it; of equally near ones, the first in
    ``genes``, which ``read_genes`` gives in genomic order. One gene a SNP, as in gsMap (Song et al. 2025), and a
    function of the gene file alone.
    """
    position = np.asarray(position, dtype=np.int64)
    start, end = genes["start"].to_numpy(np.int64), genes["end"].to_numpy(np.int64)
    tss = np.where(genes["strand"] == "-", end, start)
    first = np.searchsorted(position, start - window, side="left")
    last = np.searchsorted(position, end + window, side="right")
    # Every (SNP, gene) pair within reach, gene by gene.
    held = last - first
    gene = np.repeat(np.arange(len(genes)), held)
    snp = np.arange(held.sum()) - np.repeat(np.cumsum(held) - held, held) + np.repeat(first, held)
    distance = np.abs(position[snp] - tss[gene])
    nearest = np.full(len(position), np.iinfo(np.int64).max)
    np.minimum.at(nearest, snp, distance)
    of_snp = np.full(len(position), len(genes), dtype=np.int64)
    near = distance == nearest[snp]
    np.minimum.at(of_snp, snp[near], gene[near])
    return of_snp


def _parse(lines: Iterator[str], path: Path) -> tuple[list[Row], int]:
    """All gene rows and the number of header rows; the format is that of the first row that fits one."""
    parse: Callable[[list[str]], Row | None] | None = None
    rows: list[Row] = []
    skipped = 0
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(("#", "track ", "browser ")):
            continue
        fields = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
        if parse is None:
            parse = next((of for fits, of in FORMATS if fits(fields)), None)
            if parse is None:
                skipped += 1
                if skipped > 1:  # one header row may stand before the genes
                    break
                continue
        try:
            row = parse(fields)
        except (ValueError, IndexError):
            problems.append(
                f"{path}: row {number}: does not read as the rows before it: {line.strip()[:80]!r}; mend it"
            )
            continue
        if row is not None:
            if row[3] < row[2]:
                problems.append(f"{path}: row {number}: the gene ends ({row[3]}) before it starts ({row[2]}); mend it")
            rows.append(row)
    if parse is None:
        raise InputError(
            f"{path}: reads neither as GTF nor .gene.loc (id, chromosome, start, end) nor BED (genes); "
            "give one of these"
        )
    if problems:
        if len(problems) > SHOWN_PROBLEMS:
            problems[SHOWN_PROBLEMS:] = [
                f"{path}: {len(problems) - SHOWN_PROBLEMS} more rows like these; mend them all"
            ]
        raise InputError(*problems)
    if not rows:
        raise InputError(f"{path}: has no rows of type gene; give a GTF that has, such as GENCODE's or Ensembl's")
    return rows, skipped


def _attribute(name: str) -> re.Pattern[str]:
    """``name "x"``, ``name 'x'``, ``name x`` and ``name=x`` among the attributes, whatever stands between them."""
    return re.compile(rf"""(?:^|;|\s){name}\s*[= ]\s*(?:"([^"]*)"|'([^']*)'|([^;"'\s]+))""")


# GENCODE and Ensembl name genes by gene_name, NCBI by gene; a gene_id alone is no symbol.
_SYMBOLS = (_attribute("gene_name"), _attribute("gene"))


def _gtf(fields: list[str]) -> Row | None:
    if fields[2] != "gene":
        return None
    match = next((found for pattern in _SYMBOLS if (found := pattern.search(" ".join(fields[8:])))), None)
    symbol = next((text for text in match.groups() if text), "") if match else ""
    return symbol.strip(), fields[0], int(fields[3]), int(fields[4]), fields[6].strip()


def _gene_loc(fields: list[str]) -> Row:
    symbol = fields[5] if len(fields) > 5 else fields[0]
    strand = fields[4].strip() if len(fields) > 4 else "."
    return symbol.strip(), fields[1], int(fields[2]), int(fields[3]), strand


def _bed(fields: list[str]) -> Row:
    name = fields[3].strip()
    strand = fields[5].strip() if len(fields) > 5 else "."
    return "" if name == "." else name, fields[0], int(fields[1]) + 1, int(fields[2]), strand


def _is_gtf(fields: list[str]) -> bool:
    return len(fields) >= 9 and _whole(fields[3]) and _whole(fields[4]) and fields[6].strip() in STRANDS


def _is_gene_loc(fields: list[str]) -> bool:
    stranded = len(fields) == 4 or (len(fields) in (5, 6) and fields[4].strip() in STRANDS)
    return stranded and is_chromosome(fields[1]) and _whole(fields[2]) and _whole(fields[3])


def _is_bed(fields: list[str]) -> bool:
    return 4 <= len(fields) <= 12 and _whole(fields[1]) and _whole(fields[2])


def _whole(text: str) -> bool:
    return text.strip().isdecimal()


# In this order: a .gene.loc row reads as BED too where its Entrez id is taken for a chromosome.
FORMATS = ((_is_gtf, _gtf), (_is_gene_loc, _gene_loc), (_is_bed, _bed))
