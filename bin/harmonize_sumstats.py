#!/usr/bin/env python3
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traitmap.cli import run, say

VOCABULARY = Path(__file__).resolve().parents[1] / "assets" / "sumstats_headers.json"


def main(
    sumstats: Annotated[Path, typer.Option(help="GWAS summary statistics: plain, gzip, bgzip, zstd, bzip2 or xz.")],
    trait: Annotated[str, typer.Option(help="Name of the trait.")],
    out: Annotated[Path, typer.Option(help="Table to write (.parquet).")],
    reference: Annotated[Path | None, typer.Option(help="reference.h5ad; only its SNPs are kept.")] = None,
    n: Annotated[float | None, typer.Option(help="Sample size, where the file tells none.")] = None,
    qc: Annotated[Path | None, typer.Option(help="Account to write (.json); default: beside --out.")] = None,
    info_min: Annotated[float, typer.Option(help="Least imputation INFO.")] = 0.9,
    maf_min: Annotated[float, typer.Option(help="Minor allele frequencies must be above this.")] = 0.01,
    n_min: Annotated[float | None, typer.Option(help="Least sample size; default: 90 % quantile / 1.5.")] = None,
    keep_ambiguous: Annotated[bool, typer.Option("--keep-ambiguous", help="Keep A/T and C/G SNPs.")] = False,
    no_alleles: Annotated[bool, typer.Option("--no-alleles", help="Do without alleles.")] = False,
    a1_inc: Annotated[bool, typer.Option("--a1-inc", help="The effect allele always increases the trait.")] = False,
    statistic: Annotated[str | None, typer.Option(help="Take Z from this first: z, effect, p or chi2.")] = None,
    vocabulary: Annotated[Path, typer.Option(help="Names of columns (.json).", show_default=False)] = VOCABULARY,
) -> None:
    """Turn any GWAS file into one plain table SNP, CHR, BP, A1, A2, Z, N, with an account of every row."""
    from traitmap.sumstats import harmonize, write_sumstats
    from traitmap.sumstats_qc import Filters

    filters = Filters(info_min, maf_min, n_min, keep_ambiguous, no_alleles, a1_inc, statistic)
    table, ledger = harmonize(sumstats, trait, vocabulary, reference, n, filters)
    write_sumstats(table, out)
    ledger.write(qc or out.with_suffix(".qc.json"))
    for warning in ledger.warnings:
        say(f"warning: {trait}: {warning}")
    say(f"{trait}: {len(table)} SNPs, lambda GC {ledger.facts['lambda_gc']:.3f}")


if __name__ == "__main__":
    run(main)
