"""Whole files, as the known programs write them, to one plain table: values, accounts and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from conftest import GSMAP, REAL, ROOT, call, needs_gsmap, needs_real, refused
from test_files import COMPRESS
from traitmap.errors import InputError
from traitmap.formats import REFERENCE_SNPS, SUMSTATS
from traitmap.ledger import Ledger
from traitmap.reference import Reference, write_reference
from traitmap.sumstats import SCHEMA, harmonize, write_sumstats
from traitmap.sumstats_qc import REASONS, Filters

VOCABULARY = ROOT / "assets" / "sumstats_headers.json"
SCRIPT = "harmonize_sumstats.py"
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


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reference_file(tmp_path_factory.mktemp("reference") / "reference.h5ad", TRUTH)


@pytest.fixture(scope="session")
def plain_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reference_file(tmp_path_factory.mktemp("reference") / "reference.h5ad", TRUTH, alleles=False)


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


@pytest.mark.parametrize(
    ("writer", "delimiter", "before", "n"), FORMATS, ids=[writer.__name__ for writer, *_ in FORMATS]
)
def test_formats_against_a_reference(
    tmp_path: Path, reference: Path, writer: Writer, delimiter: str, before: str, n: str | float
) -> None:
    shuffled = TRUTH.sample(frac=1, random_state=1)
    path = write(tmp_path / "file", writer(shuffled), delimiter, before)
    given_n = n if writer in (bolt, bolt_p, finngen) else None
    table, ledger = harmonize(path, "trait", VOCABULARY, reference, given_n, block=997)
    check_truth(table, n)
    check_account(table, ledger)
    strand = next(count["n"] for count in ledger.counts if count["what"] == "alleles of the other strand")
    assert strand == SIZE // 3
    assert not [warning for warning in ledger.warnings if "disagree" in warning]


@pytest.mark.parametrize(
    ("writer", "delimiter", "before", "n"), FORMATS, ids=[writer.__name__ for writer, *_ in FORMATS]
)
def test_formats_without_a_reference(
    tmp_path: Path, writer: Writer, delimiter: str, before: str, n: str | float
) -> None:
    path = write(tmp_path / "file", writer(TRUTH), delimiter, before, "gzip")
    table, ledger = harmonize(path, "trait", VOCABULARY, n=5000.0)
    check_account(table, ledger)
    np.testing.assert_allclose(np.sort(table["Z"]), np.sort(TRUTH["z"]), rtol=1e-8)
    if "bp" in ledger.facts["columns"] and writer not in (gwas_ssf, finngen):
        check_truth(table, n)


def test_without_reference_and_name_a_snp_is_called_by_its_position(tmp_path: Path) -> None:
    table = frame(TRUTH, "CHR=chr BP=bp A1=a1 A2=a2 Z=z N=n")
    found, _ = harmonize(write(tmp_path / "file", table), "trait", VOCABULARY)
    first = TRUTH.iloc[0]
    assert found["SNP"][0] == f"{first['chr']}:{first['bp']}:{first['a2']}:{first['a1']}"


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("strand", [False, True])
def test_positions_match_with_alleles_in_any_order_and_strand(
    tmp_path: Path, reference: Path, flip: bool, strand: bool
) -> None:
    a1, a2 = ("a2", "a1") if flip else ("a1", "a2")
    table = frame(TRUTH, f"CHR=chr BP=bp EA={a1} OA={a2} Z=z N=n")
    if strand:
        table[["EA", "OA"]] = table[["EA", "OA"]].apply(lambda column: column.str.translate(PAIRS))
    table.loc[table.index[:7], "CHR"] = "chr" + table["CHR"][:7].astype(str)
    found, ledger = harmonize(write(tmp_path / "file", table), "trait", VOCABULARY, reference)
    check_account(found, ledger)
    # The file's own alleles and the sign that goes with them stay.
    np.testing.assert_allclose(found.set_index("SNP")["Z"], TRUTH.loc[found["SNP"], "z"])
    assert (found.set_index("SNP")["A1"] == table.loc[found["SNP"], "EA"]).all()
    assert len(found) == SIZE


def test_positions_come_from_the_reference_where_the_file_has_none(tmp_path: Path, plain_reference: Path) -> None:
    found, ledger = harmonize(write(tmp_path / "file", ldsc(TRUTH)), "trait", VOCABULARY, plain_reference)
    check_truth(found, "n")
    assert any("knows no alleles" in warning for warning in ledger.warnings)


def test_every_filter_counts_what_it_removes(tmp_path: Path, reference: Path) -> None:
    table = frame(
        TRUTH, "SNP=rsid CHR=chr BP=bp A1=a1 A2=a2 BETA=beta SE=se P=p FRQ=frq INFO=0.95 N=n TEST=ADD"
    ).reset_index(drop=True)
    changes = {
        0: {"TEST": "DOM"},
        1: {"SNP": "NA", "BP": "NA"},
        2: {"CHR": "X"},
        3: {"A1": "AT"},
        4: {"A2": "NA"},
        5: {"A1": "A", "A2": "T"},
        6: {"SNP": "rs424242", "BP": 5},
        7: {"A1": "A", "A2": {"A": "C"}.get(TRUTH["a2"].iloc[7], "A")},
        8: {"P": "1.2"},
        9: {"P": "-0.1"},
        10: {"INFO": 0.899},
        11: {"FRQ": 0.01},
        12: {"FRQ": 0.995},
        13: {"FRQ": 1.2},
        14: {"SE": 0, "P": "NA"},
        15: {"BETA": "?", "P": 0.5},
        16: {"N": "NA"},
        17: {"N": 50_000},
        18: {"INFO": "NA"},
        19: {"FRQ": "."},
        20: {"SE": "NA"},
    }
    a1, a2 = TRUTH["a1"].iloc[7], TRUTH["a2"].iloc[7]
    wrong = next(
        base
        for base in "ACGT"
        if base not in (a1, a2, a1.translate(PAIRS), a2.translate(PAIRS))[:2] and base.translate(PAIRS) != a1
    )
    changes[7] = {"A1": a1, "A2": wrong}
    for row, values in changes.items():
        for column, value in values.items():
            table.loc[row, column] = value
    table.loc[len(table)] = table.loc[30].copy()
    table.loc[len(table) - 1, "BETA"] = 77
    text = table.to_csv(sep="\t", index=False, na_rep="NA") + "one\ttwo\n"
    path = tmp_path / "file"
    path.write_text(text)
    found, ledger = harmonize(path, "trait", VOCABULARY, reference)
    check_account(found, ledger)
    removed = [count["n"] for count in ledger.counts if count["kind"] == "removed"]
    assert dict(zip(REASONS, removed, strict=True)) == dict(
        zip(REASONS, [1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 3, 2, 1, 1, 1], strict=True)
    )
    kept = found.set_index("SNP")
    assert sorted(kept.index) == sorted(TRUTH.index[18:])
    np.testing.assert_allclose(kept["Z"], TRUTH.loc[kept.index, "z"], rtol=1e-8)  # the first of the repeated rows too
    noted = {count["what"]: count["n"] for count in ledger.counts if count["kind"] == "noted"}
    assert noted["INFO missing, kept"] == noted["allele frequency missing, kept"] == noted["Z by P and sign"] == 1
    assert any("another number of fields" in warning and "line 63" in warning for warning in ledger.warnings)


def test_filters_can_be_set(tmp_path: Path) -> None:
    table = frame(TRUTH, "SNP=rsid A1=a1 A2=a2 Z=z N=n INFO=info MAF=maf", info=0.5, maf=0.005)
    table.loc[table.index[0], ["A1", "A2"]] = ["G", "C"]
    path = write(tmp_path / "file", table)
    with pytest.raises(InputError, match=r"no SNP is left of 60 rows: 59 INFO below the least; 1 strand-ambiguous"):
        harmonize(path, "trait", VOCABULARY)
    found, _ = harmonize(path, "trait", VOCABULARY, filters=Filters(info_min=0.5, maf_min=0, keep_ambiguous=True))
    assert len(found) == SIZE
    found, _ = harmonize(path, "trait", VOCABULARY, filters=Filters(info_min=0, maf_min=0, n_min=95_000))
    assert found["N"].min() >= 95_000


def test_alleles_can_be_done_without(tmp_path: Path, plain_reference: Path, reference: Path) -> None:
    path = write(tmp_path / "file", frame(TRUTH, "SNP=rsid P=p N=n"))
    filters = Filters(no_alleles=True, a1_inc=True)
    for one in (plain_reference, reference, None):
        found, ledger = harmonize(path, "trait", VOCABULARY, one, filters=filters)
        np.testing.assert_allclose(found.set_index("SNP")["Z"], TRUTH.loc[found["SNP"], "z"].abs(), rtol=1e-8)
        assert set(found["A1"]) == set(found["A2"]) == {""}
        check_account(found, ledger)


def test_statistic_can_be_preferred(tmp_path: Path) -> None:
    table = frame(TRUTH, "SNP=rsid A1=a1 A2=a2 BETA=beta SE=wrong P=p N=n", wrong=2 * TRUTH["se"])
    path = write(tmp_path / "file", table)
    found, ledger = harmonize(path, "trait", VOCABULARY)
    np.testing.assert_allclose(found["Z"], TRUTH["z"] / 2)
    assert any("disagree" in warning and "--statistic p" in warning for warning in ledger.warnings)
    found, _ = harmonize(path, "trait", VOCABULARY, filters=Filters(first="p"))
    np.testing.assert_allclose(found["Z"], TRUTH["z"], rtol=1e-8)


def test_p_of_zero_is_the_smallest_double_and_told(tmp_path: Path) -> None:
    table = frame(TRUTH, "SNP=rsid A1=a1 A2=a2 BETA=beta P=p N=n")
    table.loc[table.index[0], "P"] = "0"
    found, ledger = harmonize(write(tmp_path / "file", table), "trait", VOCABULARY)
    with mpmath.workdps(30):
        p = mpmath.erfc(abs(mpmath.mpf(float(found["Z"].iloc[0]))) / mpmath.sqrt(2))
        assert float(p / mpmath.mpf(5e-324)) == pytest.approx(1, rel=1e-9)
    assert any("lower bounds" in warning for warning in ledger.warnings)


def test_n_of_the_file_comes_before_n_given(tmp_path: Path) -> None:
    table = ldsc(TRUTH)
    table.loc[table.index[:3], "N"] = "NA"
    path = write(tmp_path / "file", table)
    found, ledger = harmonize(path, "trait", VOCABULARY, n=98_000)
    expected = TRUTH["n"].where(np.arange(SIZE) >= 3, 98_000)
    np.testing.assert_array_equal(found["N"], expected)
    assert any("--n is used in 3 rows only" in warning for warning in ledger.warnings)
    assert ledger.facts["n_source"] == "N"
    path = write(tmp_path / "file", table.assign(N="NA"))
    with pytest.raises(InputError, match="sample size is missing in every row"):
        harmonize(path, "trait", VOCABULARY)
    assert set(harmonize(path, "trait", VOCABULARY, n=7)[0]["N"]) == {7.0}


def test_half_an_effective_n_is_told(tmp_path: Path) -> None:
    table = daner(TRUTH).assign(Neff=TRUTH["neff"] / 2)
    _, ledger = harmonize(write(tmp_path / "file", table), "trait", VOCABULARY)
    assert any("NEFF_HALF" in warning for warning in ledger.warnings)


@pytest.mark.parametrize(("column", "says"), [("BETA", "odds ratios? call it OR"), ("OR", "log odds? call it BETA")])
def test_effects_under_the_wrong_name_are_refused(tmp_path: Path, column: str, says: str) -> None:
    many = pd.concat([TRUTH, TRUTH.rename(index=lambda name: name + "9")])
    effect = np.exp(many["beta"]) if column == "BETA" else many["beta"]
    table = frame(many, f"SNP=rsid A1=a1 A2=a2 {column}=e SE=se P=p N=n", e=effect)
    with pytest.raises(InputError, match=says.replace("?", r"\?")):
        harmonize(write(tmp_path / "file", table), "trait", VOCABULARY)


def test_another_genome_build_is_refused(tmp_path: Path, plain_reference: Path) -> None:
    moved = reference_file(tmp_path / "moved.h5ad", TRUTH, shift=31_337)
    path = write(tmp_path / "file", gwas_ssf(TRUTH))
    with pytest.raises(InputError, match=r"another genome build than the reference \(GRCh37\): 45 of the 45 rsIDs"):
        harmonize(path, "trait", VOCABULARY, moved)
    # Without positions, rsIDs alone decide.
    assert len(harmonize(write(tmp_path / "file", ldsc(TRUTH)), "trait", VOCABULARY, moved)[0]) == SIZE
    # Without rsIDs, alleles tell: here every SNP stands where the reference has the next one.
    table = frame(TRUTH, "CHR=c BP=bp A1=a1 A2=a2 Z=z N=n", c=1)
    same_chromosome = TRUTH.assign(chr=1)
    next_one = reference_file(tmp_path / "next.h5ad", same_chromosome, shift=1000)
    with pytest.raises(InputError, match=r"another genome build .* only \d+ have its alleles"):
        harmonize(write(tmp_path / "file", table), "trait", VOCABULARY, next_one)


def test_some_moved_snps_are_only_told(tmp_path: Path, reference: Path) -> None:
    table = frame(TRUTH, "SNP=rsid CHR=chr BP=bp A1=a1 A2=a2 Z=z N=n")
    table.loc[table.index[:5], "BP"] += 12_345
    found, ledger = harmonize(write(tmp_path / "file", table), "trait", VOCABULARY, reference)
    check_truth(found, "n")
    assert any("5 of 60 rsIDs stand at another position" in warning for warning in ledger.warnings)


CELLS = {
    "SNP": ["rs1000", "rs1001", "rs1002", "rs1003", "1:11000:A:G", "rs1,rs1004", "NA", "", "x", "RS1005:7"],
    "CHR": ["1", "chr2", "X", "NA", "22", "99", ".", "one"],
    "BP": ["10000", "11000", "12000.0", "NA", "-5", "1e300", "x"],
    "A1": ["A", "c", "G", "T", "AT", "I", "NA", "-"],
    "A2": ["A", "C", "g", "T", "<CN0>", "D", "NA"],
    "BETA": ["0.1", "-0.1", "0", "NA", "inf", "1e400", "?", "0,1"],
    "SE": ["0.1", "0", "-1", "NA", "inf", "x"],
    "P": ["0.5", "0", "1e-400", "1", "1.1", "-1", "NA", "p", "nan", "inf"],
    "FRQ": ["0.5", "0.001", "2", "NA", "f"],
    "INFO": ["1", "0.1", "NA", "i", "1.3"],
    "N": ["1000", "10", "0", "-1", "NA", "n", "1e400"],
}


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_garbage_never_crashes_and_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, reference: Path, data: st.DataObject
) -> None:
    row = st.tuples(*(st.sampled_from(cells) for cells in CELLS.values()))
    rows = data.draw(st.lists(row, min_size=1, max_size=30))
    good = frame(TRUTH.iloc[20:24], "SNP=rsid CHR=chr BP=bp A1=a1 A2=a2 BETA=beta SE=se P=p FRQ=frq INFO=1 N=n")
    table = pd.concat([good, pd.DataFrame(rows, columns=list(CELLS))])
    table = table[data.draw(st.permutations(list(table.columns)))]
    path = write(tmp_path_factory.mktemp("garbage") / "file", table)
    used = data.draw(st.sampled_from([reference, None]))
    try:
        found, ledger = harmonize(path, "trait", VOCABULARY, used, block=data.draw(st.integers(50, 2000)))
    except InputError as error:
        assert all("another genome build" in problem for problem in error.problems)
        return
    check_account(found, ledger)
    assert total_of(ledger, "in") == len(table)
    assert found["SNP"].is_unique
    assert set(good["SNP"]) <= set(found["SNP"]) or used is None
    assert np.isfinite(found[["Z", "N"]].to_numpy()).all()
    assert (found["N"] > 0).all()
    assert set(found["A1"]) | set(found["A2"]) <= set("ACGT")
    assert found["CHR"].between(0, 22).all()


def test_the_size_of_blocks_does_not_matter(tmp_path: Path, reference: Path) -> None:
    path = write(tmp_path / "file", regenie(TRUTH), " ")
    one, first = harmonize(path, "trait", VOCABULARY, reference)
    for block in (1, 300, 4096):
        other, second = harmonize(path, "trait", VOCABULARY, reference, block=block)
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        assert first.to_json() == second.to_json()


def test_the_executable_writes_a_table_and_its_account(tmp_path: Path, reference: Path) -> None:
    path = write(tmp_path / "file.gz", gwas_ssf(TRUTH), compress="bgzip")
    out = tmp_path / "height.parquet"
    call(SCRIPT, "--sumstats", path, "--trait", "height", "--reference", reference, "--out", out)
    written = pq.read_table(out)
    assert written.schema.equals(SCHEMA, check_metadata=False)
    assert tuple(written.column_names) == SUMSTATS
    check_truth(written.to_pandas(), "n")
    account = json.loads((tmp_path / "height.qc.json").read_text())
    assert (account["step"], account["subject"]) == ("harmonize_sumstats", "height")
    assert account["facts"]["format"] == "GWAS-SSF"
    assert account["facts"]["mean_chi2"] == pytest.approx((TRUTH["z"] ** 2).mean())
    table, ledger = harmonize(path, "height", VOCABULARY, reference)
    write_sumstats(table, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == out.read_bytes()
    assert ledger.to_dict() == account


def test_the_executable_tells_all_mistakes_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out" / "trait.parquet"
    out.parent.mkdir()
    whole = COMPRESS["gzip"](frame(TRUTH, "SNP=rsid A1=a1 BETA=beta").to_csv(sep="\t", index=False).encode())
    path = tmp_path / "file.gz"
    path.write_bytes(whole[:-20])
    said = refused(
        SCRIPT, "--sumstats", path, "--trait", "t", "--reference", tmp_path / "none", "--info-min", 2, "--out", out
    )
    lines = said.strip().splitlines()
    for what in (
        "--info-min 2: must be between 0 and 1",
        f"{tmp_path / 'none'}: no such file (reference)",
        "no column of the other allele",
        "no column to compute Z from",
        "no column of the sample size N",
        "the gzip data is truncated or damaged",
    ):
        assert sum(what in line for line in lines) == 1, said
    assert len(lines) == 6
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"SNP\tA1\tA2\tZ\tN\n", "has a header but no rows"),
        (COMPRESS["gzip"](b"SNP\tA1\tA2\tZ\tN\n" + b"rs1\tA\tC\t1\t5\n" * 9000)[:-9], "truncated or damaged"),
        (COMPRESS["zstd"](b"SNP\tA1\tA2\tZ\tN\n" + b"rs1\tA\tC\t1\t5\n" * 9000)[:-9], "truncated or damaged"),
        (b"SNP\tA1\tA2\tZ\tN\nrs424242\tA\tC\t1\t5\n", "has no SNP in common with the reference (GRCh37)"),
        (b"SNP\tA1\tA2\tZ\tN\nrs1000\tA\tT\t1\t5\n", "no SNP is left of 1 rows: 1 strand-ambiguous"),
    ],
)
def test_hopeless_files_are_refused_in_one_line(tmp_path: Path, reference: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        harmonize(path, "trait", VOCABULARY, reference)
    assert len(caught.value.problems) == 1
    assert says in caught.value.problems[0]


@needs_real
def test_schizophrenia_as_it_was_published() -> None:
    path = REAL / "traits" / "schizophrenia_PGC3_100k.tsv.gz"
    table, ledger = harmonize(path, "scz", VOCABULARY)
    check_account(table, ledger)
    raw = pd.read_csv(path, sep="\t").drop_duplicates("RSID").set_index("RSID").loc[table["SNP"]]
    np.testing.assert_allclose(table["Z"], raw["B"] / raw["SE"], rtol=1e-9)
    np.testing.assert_allclose(table["N"], 4 / (1 / raw["CaseN"] + 1 / raw["ControlN"]))
    assert ledger.facts["mean_chi2"] > 1.5
    assert not ledger.warnings


@needs_real
def test_bolt_lmm_as_it_was_published() -> None:
    path = REAL / "traits" / "bolt_lmm_22x1Mb.txt.gz"
    with pytest.raises(InputError, match="no column of the sample size N"):
        harmonize(path, "trait", VOCABULARY)
    table, ledger = harmonize(path, "trait", VOCABULARY, n=337_000)
    check_account(table, ledger)
    raw = pd.read_csv(path, sep="\t").drop_duplicates("SNP").set_index("SNP").loc[table["SNP"]]
    np.testing.assert_allclose(table["Z"] ** 2, raw["CHISQ_BOLT_LMM"], rtol=1e-9, atol=1e-12)
    assert (np.sign(table["Z"].to_numpy()) * np.sign(raw["BETA"].to_numpy()) >= 0).all()


@needs_gsmap
@pytest.mark.parametrize("trait", ["causal", "null"])
def test_ldsc_files_pass_unchanged(trait: str) -> None:
    path = GSMAP / "inputs" / "gwas" / f"{trait}.sumstats.gz"
    table, ledger = harmonize(path, trait, VOCABULARY)
    check_account(table, ledger)
    raw = pd.read_csv(path, sep="\t")
    assert table[["SNP", "A1", "A2", "Z", "N"]].astype(raw.dtypes.to_dict()).equals(raw)
