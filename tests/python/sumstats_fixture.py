"""A small GWAS in full precision, the files that programs would write of it, and a reference of its SNPs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
from scipy import sparse

from conftest import ROOT
from test_files import COMPRESS
from traitmap.formats import REFERENCE_SNPS
from traitmap.ledger import Ledger
from traitmap.reference import Reference, write_reference
from traitmap.sumstats_qc import REASONS

VOCABULARY = ROOT / "assets" / "sumstats_headers.json"
PAIRS = str.maketrans("ACGT", "TGCA")
SIZE = 60


def make_truth() -> pd.DataFrame:
    """A small GWAS in full precision; ``a1`` is the effect allele; index rsID; every tenth SNP on the same position."""
    rng = np.random.default_rng(7)
    alleles = [("A", "G"), ("C", "T"), ("G", "A"), ("T", "C"), ("A", "C"), ("G", "T")]
    truth = pd.DataFrame([alleles[number] for number in rng.integers(len(alleles), size=SIZE)], columns=["a1", "a2"])
    truth["chr"] = np.sort(rng.integers(1, 23, size=SIZE))
    truth["bp"] = np.arange(SIZE) * 1000 + 10_000
    truth["z"] = rng.normal(scale=2, size=SIZE)
    truth.loc[5, "z"] = 45.0  # P < 1e-300
    truth["se"] = rng.uniform(0.01, 0.05, size=SIZE)
    truth["beta"] = truth["z"] * truth["se"]
    truth["n"] = rng.integers(90_000, 100_000, size=SIZE)
    truth["cases"] = rng.integers(30_000, 31_000, size=SIZE)
    truth["controls"] = rng.integers(60_000, 61_000, size=SIZE)
    truth["frq"] = rng.uniform(0.05, 0.95, size=SIZE)
    with mpmath.workdps(30):
        p = [mpmath.erfc(abs(mpmath.mpf(z)) / mpmath.sqrt(2)) for z in truth["z"]]
        truth["p"] = [mpmath.nstr(one, 12) for one in p]
        truth["mlogp"] = [float(-mpmath.log10(one)) for one in p]
    truth["neff"] = 4 / (1 / truth["cases"] + 1 / truth["controls"])
    truth.index = [f"rs{1000 + number}" for number in range(SIZE)]
    return truth


TRUTH = make_truth()


def reference_file(path: Path, truth: pd.DataFrame, alleles: bool = True, shift: int = 0) -> Path:
    """A reference of ``truth``'s SNPs and one more: every other swapped, every third of the other strand."""
    snps = pd.DataFrame({"CHR": truth["chr"], "BP": truth["bp"] + shift, "A1": truth["a1"], "A2": truth["a2"]})
    snps.loc[snps.index[::2], ["A1", "A2"]] = snps.loc[snps.index[::2], ["A2", "A1"]].to_numpy()
    for column in "A1", "A2":
        snps.loc[snps.index[::3], column] = [base.translate(PAIRS) for base in snps.loc[snps.index[::3], column]]
    snps.loc["rs999"] = [22, 99_000_000, "A", "C"]
    if not alleles:
        snps[["A1", "A2"]] = ""
    snps[["CM", "MAF", "w_ld"]] = 0.0
    snps = snps.astype({"CHR": int, "BP": int}).sort_values(["CHR", "BP"])[list(REFERENCE_SNPS)]
    genes = pd.DataFrame({"chr": [1, 0], "start": [1, 0], "end": [2, 0], "strand": ["+", ""]}, index=["G", "unmapped"])
    weights = sparse.csr_matrix((len(snps), 2), dtype=np.float32)
    write_reference(Reference(weights, snps, genes, {"genome_build": "GRCh37"}), path)
    return path


def frame(truth: pd.DataFrame, columns: str, **values: object) -> pd.DataFrame:
    """A file's table: ``columns`` are ``header=truth's column`` or a name of ``values``."""
    table = pd.DataFrame(index=truth.index)
    for column in columns.split():
        header, _, source = column.partition("=")
        source = source or header
        if source == "rsid":
            table[header] = truth.index
        elif source in truth:
            table[header] = truth[source]
        else:
            table[header] = values.get(source, source)
    return table.astype(object)


def write(path: Path, table: pd.DataFrame, delimiter: str = "\t", before: str = "", compress: str = "none") -> Path:
    """Write ``table`` as a program would, numbers in full."""
    text = before + table.to_csv(None, sep=delimiter, index=False, na_rep="NA")
    path.write_bytes(COMPRESS[compress](text.encode()))
    return path


def ldsc(t: pd.DataFrame) -> pd.DataFrame:
    return frame(t, "SNP=rsid A1=a1 A2=a2 Z=z N=n")


def gwas_ssf(t: pd.DataFrame) -> pd.DataFrame:
    table = frame(
        t,
        "chromosome=chr base_pair_location=bp effect_allele=a1 other_allele=a2 beta standard_error=se "
        "effect_allele_frequency=frq p_value=p variant_id=v rsid=rsid ref_allele=EA n",
        v=t["chr"].astype(str) + "_" + t["bp"].astype(str) + "_" + t["a2"] + "_" + t["a1"],
    )
    table.loc[table.index[::4], "rsid"] = "#NA"
    return table


def gwas_ssf_odds(t: pd.DataFrame) -> pd.DataFrame:
    table = frame(
        t,
        "chromosome=chr base_pair_location=bp effect_allele=a1 other_allele=a2 beta=b odds_ratio=or standard_error=se "
        "p_value=p rsid=rsid n_cases=none n",
        **{"or": np.exp(t["beta"]), "b": "#NA", "none": "#NA"},
    )
    return table.assign(n_controls="#NA")


def daner(t: pd.DataFrame) -> pd.DataFrame:
    odds = {"or": np.exp(t["beta"])}
    columns = "CHR=chr SNP=rsid BP=bp A1=a1 A2=a2 FRQ_A_30000=frq FRQ_U_60000=frq INFO=0.97 OR=or SE=se P=p ngt=0"
    return frame(t, columns + " Direction=++ Nca=cases Nco=controls", **odds)


def daner_half(t: pd.DataFrame) -> pd.DataFrame:
    return daner(t).assign(Neff_half=t["neff"] / 2)


def daner_header(t: pd.DataFrame) -> pd.DataFrame:
    return daner(t).drop(columns=["Nca", "Nco"])


def pgc(t: pd.DataFrame) -> pd.DataFrame:
    return frame(
        t,
        "#CHROM=chr ID=rsid POS=bp A1=a1 A2=a2 BETA=beta SE=se PVAL=p FCAS=frq FCON=frq IMPINFO=0.95 NEFFDIV2=half",
        half=t["neff"] / 2,
    )


def neale(t: pd.DataFrame) -> pd.DataFrame:
    variant = t["chr"].astype(str) + ":" + t["bp"].astype(str) + ":" + t["a2"] + ":" + t["a1"]
    minor = np.minimum(t["frq"], 1 - t["frq"])
    columns = "variant minor_allele=a2 minor_AF=m low_confidence_variant=false n_complete_samples=n AC=1 ytx=1 beta se"
    return frame(t, columns + " tstat=z pval=p", variant=variant, m=minor)


def regenie(t: pd.DataFrame) -> pd.DataFrame:
    columns = (
        "CHROM=chr GENPOS=bp ID=rsid ALLELE0=a2 ALLELE1=a1 A1FREQ=frq INFO=0.98 N=n TEST=ADD BETA=beta SE=se CHISQ=c"
    )
    additive = frame(t, columns + " LOG10P=mlogp EXTRA=NA", c=t["z"] ** 2)
    return pd.concat([additive, additive.assign(TEST="DOM", BETA=99)])


def regenie_p(t: pd.DataFrame) -> pd.DataFrame:
    return regenie(t).assign(SE="NA")


def saige(t: pd.DataFrame) -> pd.DataFrame:
    return frame(
        t,
        "CHR=chr POS=bp MarkerID=rsid Allele1=a2 Allele2=a1 AC_Allele2=1 AF_Allele2=frq imputationInfo=0.99 BETA=beta "
        "SE=se Tstat=score var=7 p.value=p p.value.NA=p Is.SPA=TRUE AF_case=frq N_case=cases N_ctrl=controls",
        score=t["beta"] / t["se"] ** 2,
    )


def bolt(t: pd.DataFrame) -> pd.DataFrame:
    return frame(
        t,
        "SNP=rsid CHR=chr BP=bp GENPOS=0.1 ALLELE1=a1 ALLELE0=a2 A1FREQ=frq INFO=0.99 CHISQ_LINREG=1 P_LINREG=0.3 "
        "BETA=b SE=se CHISQ_BOLT_LMM_INF=1 P_BOLT_LMM_INF=0.3 CHISQ_BOLT_LMM=c P_BOLT_LMM=p",
        b=0.9 * t["beta"],
        c=t["z"] ** 2,
    )


def bolt_p(t: pd.DataFrame) -> pd.DataFrame:
    return bolt(t).drop(columns=["CHISQ_BOLT_LMM", "CHISQ_BOLT_LMM_INF"])


def plink2_linear(t: pd.DataFrame) -> pd.DataFrame:
    flip = np.arange(len(t)) % 2 == 0
    ref, alt = np.where(flip, t["a1"], t["a2"]), np.where(flip, t["a2"], t["a1"])
    columns = "#CHROM=chr POS=bp ID=rsid REF=ref ALT=alt A1=a1 TEST=ADD OBS_CT=n BETA=beta SE=se T_STAT=z P=p ERRCODE=."
    additive = frame(t, columns, ref=ref, alt=alt)
    return pd.concat([additive.assign(TEST="AGE", T_STAT=50), additive])


def plink2_logistic(t: pd.DataFrame) -> pd.DataFrame:
    columns = "#CHROM=chr POS=bp ID=rsid REF=a2 ALT=a1 A1=a1 TEST=ADD OBS_CT=n OR=or LOG(OR)_SE=se P=p"
    return frame(t, columns, **{"or": np.exp(t["beta"])})


def metal(t: pd.DataFrame) -> pd.DataFrame:
    columns = "MarkerName=rsid Allele1=l1 Allele2=l2 Freq1=frq FreqSE=0 Effect=beta StdErr=se P-value=p Direction=++-"
    return frame(t, columns + " TotalSampleSize=n", l1=t["a1"].str.lower(), l2=t["a2"].str.lower())


def metal_z(t: pd.DataFrame) -> pd.DataFrame:
    name = "chr" + t["chr"].astype(str) + ":" + t["bp"].astype(str)
    return frame(t, "MarkerName=name Allele1=a1 Allele2=a2 Weight=n Zscore=z P-value=p Direction=++", name=name)


def finngen(t: pd.DataFrame) -> pd.DataFrame:
    columns = "#chrom=chr pos=bp ref=a2 alt=a1 rsids=r nearest_genes=G1,G2 pval=p mlogp beta sebeta=se af_alt=frq"
    names = [f"rs{number},{name}" if number % 2 else name for number, name in enumerate(t.index)]
    return frame(t, columns, r=names)


def p_and_direction(t: pd.DataFrame) -> pd.DataFrame:
    return frame(t, "SNP=rsid A1=a1 A2=a2 OR=or P=p N=n", **{"or": np.exp(t["beta"])})


def chi2_and_direction(t: pd.DataFrame) -> pd.DataFrame:
    return frame(t, "rsid=rsid EA=a1 NEA=a2 BETA=beta CHISQ=c N=n", c=t["z"] ** 2)


Writer = Callable[[pd.DataFrame], pd.DataFrame]
# writer, delimiter, what stands before the header, the truth's N (a number: given by --n)
FORMATS: list[tuple[Writer, str, str, str | float]] = [
    (ldsc, "\t", "", "n"),
    (gwas_ssf, "\t", "", "n"),
    (gwas_ssf_odds, "\t", "", "n"),
    (daner, "\t", "", "neff"),
    (daner_half, " ", "", "neff"),
    (daner_header, "\t", "", 4 / (1 / 30_000 + 1 / 60_000)),
    (pgc, "\t", "##fileformat=PGC\n##INFO=<what, ever>\n", "neff"),
    (neale, "\t", "", "n"),
    (regenie, " ", "", "n"),
    (regenie_p, " ", "", "n"),
    (saige, "\t", "", "neff"),
    (bolt, "\t", "", 5000.0),
    (bolt_p, "\t", "", 5000.0),
    (plink2_linear, "\t", "", "n"),
    (plink2_logistic, "\t", "", "n"),
    (metal, "\t", "", "n"),
    (metal_z, "\t", "", "n"),
    (finngen, "\t", "", 5000.0),
    (p_and_direction, ",", "", "n"),
    (chi2_and_direction, " ", "", "n"),
]


def total_of(ledger: Ledger, kind: str) -> int:
    return sum(count["n"] for count in ledger.counts if count["kind"] == kind)


def check_account(table: pd.DataFrame, ledger: Ledger) -> None:
    """Every row that was read was removed, for one reason, or is in the table."""
    assert total_of(ledger, "in") == total_of(ledger, "removed") + len(table)
    assert total_of(ledger, "out") == len(table)
    assert len([count for count in ledger.counts if count["kind"] == "removed"]) == len(REASONS)
    json.loads(ledger.to_json())


def check_truth(table: pd.DataFrame, n: str | float) -> None:
    """The table is the truth: names, positions, alleles of the effect, Z and N."""
    found = table.set_index("SNP")
    truth = TRUTH.loc[found.index]
    assert len(found) == SIZE
    assert (found["CHR"] == truth["chr"]).all()
    assert (found["BP"] == truth["bp"]).all()
    assert (found["A1"] == truth["a1"]).all()
    assert (found["A2"] == truth["a2"]).all()
    np.testing.assert_allclose(found["Z"], truth["z"], rtol=1e-8)
    np.testing.assert_allclose(found["N"], truth[n] if isinstance(n, str) else n, rtol=1e-12)
    assert table.equals(table.sort_values(["CHR", "BP"], kind="stable"))
