"""Cases of GWAS whose values, columns or options are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from corpus.gwas import GWAS, SNPS, cell, changed, table, write

READERS = [GWAS]

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
