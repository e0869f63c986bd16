"""Cases of what regress_spots.py reads: harmonised traits, specificity."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd

from corpus.registry import Reader
from regression_study import GENES, make_reference, make_scores, make_trait
from traitmap.reference import write_reference

TRAIT, SCORES = "trait.parquet", "specificity.h5ad"


def trait() -> pd.DataFrame:
    """The trait as harmonised: SNP, Z, N and what else there is."""
    return make_trait(make_reference()).reset_index().assign(A1="A", A2="G")


def make(folder: Path) -> None:
    """Specificity, reference, trait, a baseline and a set of spots."""
    reference = make_reference()
    reference.facts["panel_snps"] = 5000
    write_reference(reference, folder / "reference.h5ad")
    trait().to_parquet(folder / TRAIT)
    data = anndata.AnnData(make_scores(), var=pd.DataFrame(index=[f"GENE{g}" for g in range(GENES)]))
    data.obs_names = [f"spot{i}" for i in range(data.n_obs)]
    data.obs["region"] = pd.Categorical(["A"] * 15 + ["B"] * 22)
    data.write_h5ad(folder / SCORES)
    baseline().to_csv(folder / "baseline.tsv", sep="\t", index=False)
    (folder / "sets.tsv").write_text("set\tspot\nedge\tspot0\nedge\tspot36\n")


def baseline() -> pd.DataFrame:
    """A further baseline column for every SNP."""
    rng = np.random.default_rng(9)
    return pd.DataFrame({"SNP": make_reference().snps.index, "coding": rng.gamma(2.0, 2.0, 1200).round(4)})


OPTIONS: dict[str, object] = {
    "--specificity": SCORES,
    "--reference": "reference.h5ad",
    "--sumstats": TRAIT,
    "--blocks": 10,
    "--weights": "shared",
    "--region-tests": "out/region_tests.parquet",
    "--qc": "out/qc.json",
    "--out": "out/spots.parquet",
}
HARMONISED = Reader("harmonised", "Harmonised traits (.parquet, LDSC .sumstats)", "regress_spots", OPTIONS, make)
SPECIFICITY = Reader("specificity", "Gene specificity (specificity.h5ad)", "regress_spots", OPTIONS, make)
READERS = [HARMONISED, SPECIFICITY]


def harmonised(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame], *says: str, **kind) -> None:
    """Register a changed trait."""
    HARMONISED.add(name, what, lambda folder: change(trait()).to_parquet(folder / TRAIT), says, **kind)


def some(column: str, rows: int, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A change of the first rows of a column."""
    return lambda t: t.assign(**{column: [value] * rows + t[column].tolist()[rows:]})


HARMONISED.texts(
    TRAIT,
    [
        (
            "empty",
            "An empty file",
            "",
            ("trait.parquet: is empty (summary statistics); was its download or copy cut short?"),
        ),
        (
            "header_only",
            "A header without rows",
            "SNP\tZ\tN\n",
            "trait: no SNP of the trait has a Z and an N; harmonise it again",
        ),
        (
            "ragged",
            "Rows of more fields than the header",
            "SNP\tZ\tN\nrs1\t1\t1000\tx\ty\n",
            ("trait.parquet: is no table of as many fields as its header names (summary statistics: ...); mend it"),
        ),
        (
            "word",
            "A word for Z",
            "SNP\tZ\tN\nrs1\thigh\t1000\n",
            "trait.parquet: Z of SNP rs1 is 'high', not a number; mend it",
        ),
        (
            "raw_gwas",
            "A GWAS that is not harmonised",
            "SNP\tA1\tA2\tBETA\tSE\nrs1\tA\tG\t0.1\t0.01\n",
            (
                "trait.parquet: has no column Z, N (columns: SNP, A1, A2, BETA, SE); harmonise it "
                "first (harmonize_sumstats.py)"
            ),
        ),
        (
            "binary",
            "A binary file",
            bytes(range(128, 256)),
            "trait.parquet: is not UTF-8 text (summary statistics, byte 0); convert it first",
        ),
        (
            "twice",
            "Two columns of one name",
            "SNP\tZ\tZ\tN\nrs1\t1\t1\t1000\n",
            ("trait.parquet: is no table of as many fields as its header names (summary statistics: ...); mend it"),
        ),
    ],
)
HARMONISED.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / TRAIT).unlink(),
    ("trait.parquet: no such file (summary statistics); check the path",),
)
HARMONISED.add(
    "truncated",
    "A parquet file cut short",
    lambda folder: (folder / TRAIT).write_bytes((folder / TRAIT).read_bytes()[:900]) and None,
    ("trait.parquet: cannot be read (summary statistics: ...); copy it again",),
)
harmonised(
    "no_z",
    "No column Z",
    lambda t: t.drop(columns="Z"),
    ("trait.parquet: has no column Z (columns: SNP, N, A1, A2); harmonise it first (harmonize_sumstats.py)"),
)
harmonised("no_rows", "No rows", lambda t: t[:0], "trait: no SNP of the trait has a Z and an N; harmonise it again")
harmonised(
    "z_missing",
    "Z missing everywhere",
    lambda t: t.assign(Z=np.nan),
    "trait: no SNP of the trait has a Z and an N; harmonise it again",
)
harmonised(
    "n_missing",
    "N missing everywhere",
    lambda t: t.assign(N=np.nan),
    "trait: no SNP of the trait has a Z and an N; harmonise it again",
)
harmonised(
    "n_zero",
    "N is 0 everywhere",
    lambda t: t.assign(N=0),
    "trait: no SNP of the trait has a Z and an N; harmonise it again",
)
harmonised(
    "other_snps",
    "SNPs that the reference lacks",
    lambda t: t.assign(SNP="x" + t["SNP"]),
    (
        "trait: no SNP is left: it has none in common with the reference outside the MHC "
        "(trait: xrs0, reference: rs0, ...); harmonise it again"
    ),
)
harmonised(
    "too_few",
    "Fewer SNPs than the jackknife needs",
    lambda t: t[:15],
    (
        "trait: 15 SNPs are left for the regression, but 10 jackknife blocks need 20; give a "
        "trait or a reference with more SNPs, or fewer --blocks"
    ),
)
harmonised(
    "huge_z",
    "Z above any limit everywhere",
    lambda t: t.assign(Z=100.0),
    (
        "trait: 0 SNPs are left for the regression, but 10 jackknife blocks need 20; give a "
        "trait or a reference with more SNPs, or fewer --blocks"
    ),
)
harmonised(
    "all_zero",
    "Z is 0 everywhere",
    lambda t: t.assign(Z=0.0),
    ("trait: mean chi-square of 1200 SNPs is 0, where 1 or more is expected; is its Z (or SE) what it is called?"),
)
HARMONISED.add(
    "options_apart",
    "Two traits, one --out",
    lambda folder: {"--sumstats": [TRAIT, TRAIT]},
    ("--out is given 1 times, --sumstats 2: give it once a trait",),
)
HARMONISED.add(
    "unknown_weights",
    "An unknown --weights",
    lambda folder: {"--weights": "equal"},
    ("--weights equal: unknown; choose spot or shared",),
)
harmonised(
    "repeated",
    "A SNP in two rows",
    lambda t: pd.concat([t, t[:2]]),
    "2 SNPs: repeated, first kept",
    wrong=False,
    same=True,
)
harmonised("some_z_missing", "Z missing in three rows", some("Z", 3, np.nan), "3 SNPs: Z missing", wrong=False)
harmonised("infinite_z", "Z infinite in a row", some("Z", 1, np.inf), "1 SNPs: Z missing", wrong=False)
harmonised(
    "some_n_missing", "N missing in two rows", some("N", 2, np.nan), "2 SNPs: N missing or not above 0", wrong=False
)
harmonised("nameless", "A SNP without a name", some("SNP", 1, None), "1 SNPs: without a name", wrong=False)
harmonised(
    "unknown_snps",
    "SNPs that the reference lacks, among others",
    lambda t: pd.concat([t, t[:2].assign(SNP=["a", "b"])]),
    "2 SNPs: not in the reference",
    wrong=False,
    same=True,
)
harmonised(
    "few_snps",
    "Few SNPs",
    lambda t: t,
    "warning: only ...SNPs in the regression (LDSC's advice: 200,000 or more); results are noisy",
    wrong=False,
)
harmonised("shuffled", "Rows in another order", lambda t: t.sample(frac=1, random_state=3), wrong=False, same=True)


@HARMONISED.odd(same=True)
def ldsc_text(folder: Path) -> dict[str, object]:
    """LDSC's .sumstats.gz"""
    text = trait().to_csv(sep="\t", index=False, float_format="%.17g")
    (folder / "trait.sumstats.gz").write_bytes(gzip.compress(text.encode()))
    return {"--sumstats": "trait.sumstats.gz"}


def scores(name: str, what: str, change: Callable[[anndata.AnnData], object], *says: str, **kind) -> None:
    """Register a changed specificity."""

    def build(folder: Path) -> None:
        data = anndata.read_h5ad(folder / SCORES)
        result = change(data)
        (result if isinstance(result, anndata.AnnData) else data).write_h5ad(folder / SCORES)

    SPECIFICITY.add(name, what, build, says, **kind)


SPECIFICITY.texts(
    SCORES,
    [
        ("empty", "An empty file", "", "specificity.h5ad: is empty (specificity); was its download or copy cut short?"),
        ("text", "A text table", "a,b\n", "specificity.h5ad: cannot be read as .h5ad (specificity: ...); is it whole?"),
    ],
)
SPECIFICITY.add(
    "missing_file",
    "The file does not exist",
    lambda folder: (folder / SCORES).unlink(),
    ("specificity.h5ad: no such file (specificity); check the path",),
)
scores(
    "no_x",
    "Nothing in X",
    lambda d: setattr(d, "X", None),
    "specificity.h5ad: holds no spots, no genes, or nothing in X; give spots x genes",
)
scores(
    "no_spots",
    "No spots",
    lambda d: d[:0].copy(),
    "specificity.h5ad: holds no spots, no genes, or nothing in X; give spots x genes",
)
scores(
    "no_genes",
    "No genes",
    lambda d: d[:, :0].copy(),
    "specificity.h5ad: holds no spots, no genes, or nothing in X; give spots x genes",
)
scores(
    "repeated_gene",
    "A gene in two columns",
    lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]),
    ("specificity.h5ad: gene GENE1 occurs more than once in var_names; make them unique"),
)
scores(
    "repeated_spot",
    "A spot in two rows",
    lambda d: setattr(d, "obs_names", ["spot1", *d.obs_names[1:]]),
    ("specificity.h5ad: spot spot1 occurs more than once in obs_names; make them unique"),
)
scores(
    "nan",
    "A score that is missing",
    lambda d: d.X.data.__setitem__(0, np.nan),
    "specificity.h5ad: X of spot spot0, gene GENE4 is nan; every value must be finite",
)
scores(
    "infinite",
    "An infinite score",
    lambda d: d.X.data.__setitem__(0, np.inf),
    "specificity.h5ad: X of spot spot0, gene GENE4 is inf; every value must be finite",
)
scores(
    "other_genes",
    "No gene of the reference",
    lambda d: setattr(d, "var_names", [f"X{g}" for g in range(GENES)]),
    ("--specificity, --reference: no gene in common (slice: X0, reference: GENE0); both must use human gene symbols"),
)
scores("dense", "X not sparse", lambda d: setattr(d, "X", d.X.toarray()), wrong=False, same=True)
scores("csc", "X by columns", lambda d: setattr(d, "X", d.X.tocsc()), wrong=False, same=True)
scores(
    "empty_spot",
    "A spot without scores",
    lambda d: setattr(d, "X", _without(d.X, 3)),
    "1 spots: singular regression: no result (NaN)",
    wrong=False,
)
scores(
    "further_genes",
    "Genes that the reference lacks",
    lambda d: setattr(d, "var_names", ["NEW", *d.var_names[1:]]),
    "1 genes: not in the reference",
    wrong=False,
)


def _without(matrix, row: int):
    changed = matrix.tolil()
    changed[row] = 0
    return changed.tocsr()


@SPECIFICITY.wrong("specificity.h5ad: X is damaged (specificity: ...); score the slice again")
def scores_without_values(folder: Path) -> None:
    """Scores of which only the places are there"""
    with h5py.File(folder / SCORES, "r+") as file:
        del file["X/data"]
