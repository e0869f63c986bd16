"""Genes' association as MAGMA's own run gave it: its .genes.out in place of what ASSOCIATE_GENES computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.chromosomes import autosomes
from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.formats import GENE_ASSOCIATIONS
from traitmap.ledger import Ledger

COLUMNS = {"GENE": "gene", "CHR": "chr", "START": "start", "STOP": "end", "NSNPS": "n_snps", "NPARAM": "n_independent"}
STATISTICS = {"ZSTAT": "z", "P": "p"}
WHAT = "MAGMA's genes"


def read_magma(path: Path, ledger: Ledger, gene_loc: Path | None = None) -> pd.DataFrame:
    """Read a .genes.out into the table of ``associate_genes`` (columns ``formats.GENE_ASSOCIATIONS``).

    ``gene_loc`` (.gene.loc with symbols in its sixth column) translates numbers, as MAGMA's own gene files have them,
    into symbols. Genes without a symbol, z or P, and all but the first of a symbol, are left out and counted.
    Raises InputError where it is no such table, or names genes by numbers and ``gene_loc`` does not help.
    """
    table = _read(path)
    ledger.read("genes", len(table))
    genes = table["GENE"].astype(str)
    if genes.str.fullmatch(r"\d+").mean() > 0.5:
        genes = genes.map(_symbols(path, gene_loc)).fillna("")
    table = pd.DataFrame({COLUMNS[name]: table[name] for name in COLUMNS} | {"z": table["ZSTAT"], "p": table["P"]})
    table = table.assign(gene=genes, chr=autosomes(table["chr"].astype(str)), mean_chi2=np.nan)
    for what, out in (
        ("without a symbol", lambda t: t["gene"] == ""),
        ("z or P missing", lambda t: ~(np.isfinite(t["z"]) & np.isfinite(t["p"]))),
        ("symbol seen before in the file", lambda t: t["gene"].duplicated()),
    ):
        left_out = out(table)
        ledger.removed("genes", what, int(left_out.sum()))
        table = table[~left_out]
    ledger.kept("genes", len(table))
    if len(genes) and not (genes != "").any() and gene_loc is not None:
        raise InputError(
            f"{path}: none of its {len(genes)} genes is in {gene_loc}; give the .gene.loc that MAGMA was run with"
        )
    if table.empty:
        raise InputError(f"{path}: holds no gene with a symbol, z and P ({WHAT}); is it MAGMA's .genes.out?")
    table = table.sort_values(["chr", "start", "end", "gene"], kind="stable", ignore_index=True)
    return table[list(GENE_ASSOCIATIONS)]


def check_columns(path: Path) -> None:
    """Raise InputError for what the header and the first rows tell to be wrong."""
    _read(path)


def _read(path: Path) -> pd.DataFrame:
    with open_text(path, WHAT) as text:
        try:
            table = pd.read_csv(text, sep=r"\s+", comment="#", dtype={"GENE": str, "CHR": str}, index_col=False)
        except (ValueError, OverflowError) as error:  # pandas' parser errors are ValueErrors
            raise InputError(f"{path}: cannot be read as a table ({WHAT}: {error}); give the .genes.out") from error
    missing = [name for name in (*COLUMNS, *STATISTICS) if name not in table]
    if missing:
        has = ", ".join(map(str, table.columns[:12]))
        raise InputError(f"{path}: has no column {', '.join(missing)} ({WHAT}; columns: {has}); give the .genes.out")
    for name in ("START", "STOP", "NSNPS", "NPARAM", *STATISTICS):
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = numbers.isna() & table[name].notna()
        if wrong.any():
            at = int(np.argmax(wrong))
            raise InputError(f"{path}: row {at + 2}: {name} is {table[name].iloc[at]!r}, no number ({WHAT}); mend it")
        table[name] = numbers
    outside = (table["P"] < 0) | (table["P"] > 1)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(f"{path}: row {at + 2}: P is {table['P'].iloc[at]:g}; it must lie between 0 and 1 ({WHAT})")
    return table


def _symbols(path: Path, gene_loc: Path | None) -> dict[str, str]:
    if gene_loc is None:
        raise InputError(
            f"{path}: names genes by numbers; give --genes, the .gene.loc that MAGMA was run with, with symbols in it"
        )
    symbols: dict[str, str] = {}
    with open_text(gene_loc, "genes") as lines:
        for line in lines:
            fields = line.split()
            if len(fields) > 5:
                symbols.setdefault(fields[0], fields[5])
    if not any(name.isdecimal() for name in symbols):
        raise InputError(
            f"{path}: names genes by numbers, and {gene_loc} has no symbols for them; give a .gene.loc of six columns"
        )
    return symbols
