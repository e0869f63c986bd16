"""The vocabulary of headers and the layout of a file by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from traitmap.errors import InputError
from traitmap.sumstats_header import ROLES, Layout, Name, lay_out, layout_problems, plain, read_vocabulary

PATH = ROOT / "assets" / "sumstats_headers.json"
VOCABULARY = read_vocabulary(PATH)

# Headers as the programs write them, the format that is recognised, and what must be taken for what.
HEADERS = {
    "LDSC": ("SNP A1 A2 Z N", "LDSC", {"snp": "SNP", "effect_allele": "A1", "other_allele": "A2", "z": "Z", "n": "N"}),
    "GWAS-SSF": (
        "chromosome base_pair_location effect_allele other_allele beta standard_error effect_allele_frequency p_value "
        "variant_id rsid ref_allele n",
        "GWAS-SSF",
        {"snp": "rsid", "effect_allele": "effect_allele", "other_allele": "other_allele", "p": "p_value", "n": "n"},
    ),
    "GWAS Catalog": (
        "hm_variant_id hm_rsid hm_chrom hm_pos hm_other_allele hm_effect_allele hm_beta hm_odds_ratio hm_ci_lower "
        "hm_ci_upper hm_effect_allele_frequency hm_code chromosome base_pair_location other_allele effect_allele beta "
        "standard_error p_value",
        "GWAS Catalog, harmonised",
        {
            "snp": "hm_rsid",
            "bp": "hm_pos",
            "effect_allele": "hm_effect_allele",
            "beta": "hm_beta",
            "se": "standard_error",
        },
    ),
    "daner": (
        "CHR SNP BP A1 A2 FRQ_A_53386 FRQ_U_77258 INFO OR SE P ngt Direction HetISqt HetDf HetPVa Nca Nco Neff_half",
        "PGC daner",
        {
            "n_cases": "Nca",
            "n_controls": "Nco",
            "n_effective_half": "Neff_half",
            "odds_ratio": "OR",
            "frq": "FRQ_U_77258",
        },
    ),
    "PGC": (
        "CHROM ID POS A1 A2 FCAS FCON IMPINFO BETA SE PVAL NCAS NCON NEFFDIV2",
        "PGC",
        {"n_effective_half": "NEFFDIV2", "frq": "FCON", "info": "IMPINFO", "p": "PVAL", "n_cases": "NCAS"},
    ),
    "Neale": (
        "variant minor_allele minor_AF low_confidence_variant n_complete_samples AC ytx beta se tstat pval",
        "Neale lab UK Biobank",
        {"snp": "variant", "z": "tstat", "n": "n_complete_samples", "frq": "minor_AF"},
    ),
    "REGENIE": (
        "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA",
        "REGENIE",
        {
            "bp": "GENPOS",
            "effect_allele": "ALLELE1",
            "other_allele": "ALLELE0",
            "neg_log10_p": "LOG10P",
            "test": "TEST",
        },
    ),
    "SAIGE": (
        "CHR POS MarkerID Allele1 Allele2 AC_Allele2 AF_Allele2 MissingRate imputationInfo BETA SE Tstat var p.value "
        "p.value.NA Is.SPA AF_case AF_ctrl N_case N_ctrl",
        "SAIGE",
        {
            "effect_allele": "Allele2",
            "other_allele": "Allele1",
            "p": "p.value",
            "n_cases": "N_case",
            "info": "imputationInfo",
        },
    ),
    "BOLT-LMM": (
        "SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ INFO CHISQ_LINREG P_LINREG BETA SE CHISQ_BOLT_LMM_INF P_BOLT_LMM_INF "
        "CHISQ_BOLT_LMM P_BOLT_LMM",
        "BOLT-LMM",
        {
            "bp": "BP",
            "effect_allele": "ALLELE1",
            "other_allele": "ALLELE0",
            "p": "P_BOLT_LMM",
            "chi2": "CHISQ_BOLT_LMM",
        },
    ),
    "PLINK2 linear": (
        "#CHROM POS ID REF ALT A1 TEST OBS_CT BETA SE T_STAT P ERRCODE",
        "PLINK2",
        {"chr": "CHROM", "effect_allele": "A1", "other_allele": "ALT or REF", "z": "T_STAT", "n": "OBS_CT"},
    ),
    "PLINK2 logistic": (
        "#CHROM POS ID REF ALT PROVISIONAL_REF? A1 OMITTED A1_FREQ TEST OBS_CT OR LOG(OR)_SE Z_STAT "
        "NEG_LOG10_P ERRCODE",
        "PLINK2",
        {"other_allele": "OMITTED", "se": "LOG(OR)_SE", "z": "Z_STAT", "neg_log10_p": "NEG_LOG10_P", "frq": "A1_FREQ"},
    ),
    "METAL": (
        "MarkerName Allele1 Allele2 Freq1 FreqSE Effect StdErr P-value Direction TotalSampleSize",
        "METAL",
        {
            "effect_allele": "Allele1",
            "beta": "Effect",
            "se": "StdErr",
            "p": "P-value",
            "n": "TotalSampleSize",
            "frq": "Freq1",
        },
    ),
    "METAL by sample size": (
        "MarkerName Allele1 Allele2 Weight Zscore P-value Direction",
        "METAL",
        {"z": "Zscore", "n": "Weight"},
    ),
    "FinnGen": (
        "#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt af_alt_cases af_alt_controls",
        "FinnGen",
        {"effect_allele": "alt", "other_allele": "ref", "neg_log10_p": "mlogp", "se": "sebeta", "frq": "af_alt"},
    ),
    "PGC3 as reformatted": (
        "CHR POS RSID EffectAllele OtherAllele B SE EAF INFO P CaseN ControlN",
        None,
        {"effect_allele": "EffectAllele", "beta": "B", "n_cases": "CaseN", "n_controls": "ControlN", "frq": "EAF"},
    ),
    "GWAMA": (
        "rs_number reference_allele other_allele eaf beta se p-value n_samples",
        "GWAMA",
        {"effect_allele": "reference_allele", "other_allele": "other_allele", "n": "n_samples"},
    ),
    "fastGWA": (
        "CHR SNP POS A1 A2 N AF1 BETA SE P",
        None,
        {"effect_allele": "A1", "other_allele": "A2", "frq": "AF1"},
    ),
}


def layout_of(header: str) -> Layout:
    return lay_out(header.split(), VOCABULARY)


@pytest.mark.parametrize("name", HEADERS)
def test_headers_of_known_programs(name: str) -> None:
    header, known, expected = HEADERS[name]
    layout = lay_out([title.lstrip("#") for title in header.split()], VOCABULARY)
    assert layout.format == known
    found = layout.names()
    assert {role: found.get(role) for role in expected} == expected
    n_given = name in ("BOLT-LMM", "FinnGen", "GWAS Catalog")
    assert layout_problems(layout, name == "Neale", n_given, no_alleles=False, a1_inc=False) == []


@settings(deadline=None)
@given(st.data())
def test_case_punctuation_and_order_do_not_matter(data: st.DataObject) -> None:
    header, known, expected = HEADERS[data.draw(st.sampled_from(sorted(HEADERS)))]
    change = data.draw(st.sampled_from([str.upper, str.lower, str.title, lambda title: f"#{title.replace('_', '.')}"]))
    titles = data.draw(st.permutations([change(title) for title in header.split()]))
    layout = lay_out(titles, VOCABULARY)
    assert layout.format == known
    found = layout.names()
    for role, title in expected.items():
        assert {plain(part) for part in found[role].split(" or ")} == {plain(part) for part in title.split(" or ")}


def test_scores_are_no_z_in_saige() -> None:
    assert "z" not in layout_of(HEADERS["SAIGE"][0])


def test_genetic_position_is_no_position_outside_regenie() -> None:
    assert "bp" not in layout_of("SNP GENPOS A1 A2 Z N")


def test_sample_sizes_in_the_header_of_daner() -> None:
    layout = layout_of("SNP A1 A2 FRQ_A_100 FRQ_U_300 OR SE P")
    assert layout.numbers == {"n_cases": 100, "n_controls": 300}
    assert layout.has_n


def test_the_other_allele_is_the_one_that_the_effect_allele_is_not() -> None:
    layout = layout_of("SNP A1 A2 effect_allele BETA SE N")
    assert layout.names()["effect_allele"] == "effect_allele"
    assert layout.other_of == (1, 2)
    assert layout_of("SNP effect_allele other_allele A1 A2 BETA SE N").names()["other_allele"] == "other_allele"


def test_several_headers_for_a_role_are_told() -> None:
    layout = layout_of("SNP A1 A2 P PVAL BETA SE N")
    assert layout.names()["p"] == "P"
    assert layout.notes == ("P is taken for p, not PVAL",)


def test_a_wanted_name_twice_is_refused_and_an_unknown_one_twice_is_not() -> None:
    with pytest.raises(InputError, match="columns 4, 6 are all called P; rename"):
        layout_of("SNP A1 A2 P BETA p SE N")
    assert "z" in layout_of("SNP A1 A2 Z N note note")


def test_all_that_is_missing_is_told_at_once() -> None:
    problems = layout_problems(layout_of("A1 color"), False, False, no_alleles=False, a1_inc=False)
    assert [problem.split(";")[0].split(" (")[0] for problem in problems] == [
        "no column of SNPs",
        "no column of the other allele",
        "no column to compute Z from",
        "no column of the effect's direction",
        "no column of the sample size N",
    ]
    assert all("its columns are A1, color" in problem for problem in problems)


def test_options_stand_in_for_columns() -> None:
    layout = layout_of("SNP P")
    assert len(layout_problems(layout, False, False, no_alleles=False, a1_inc=False)) == 4
    assert layout_problems(layout, False, True, no_alleles=True, a1_inc=True) == []
    assert layout_problems(layout, True, True, no_alleles=False, a1_inc=True) == []


def test_a_header_of_data_is_no_header() -> None:
    problems = layout_problems(layout_of("rs1 A C 0.5 1.2"), False, False, no_alleles=False, a1_inc=False)
    assert len(problems) == 1
    assert "is the header line missing?" in problems[0]


@settings(deadline=None)
@given(st.text("abcXYZ019", min_size=1), st.integers(0, 10**9))
def test_names_with_a_number(text: str, number: int) -> None:
    name = Name.of(text + "_{n}_x")
    assert name.number(f"{text}.{number}.X") == number
    assert name.number(f"{text}.X") is None
    assert not name.matches(text)


def test_the_vocabulary_covers_every_role() -> None:
    assert set(VOCABULARY.columns) == set(ROLES)
    assert len({one.name for one in VOCABULARY.formats}) == len(VOCABULARY.formats)


def test_a_synonym_may_be_added(tmp_path: Path) -> None:
    given_words = json.loads(PATH.read_text())
    given_words["columns"]["z"].append("Tau-Wert")
    (tmp_path / "words.json").write_text(json.dumps(given_words))
    assert "z" in lay_out(["SNP", "TAU_WERT"], read_vocabulary(tmp_path / "words.json"))
    assert "z" not in layout_of("SNP TAU_WERT")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not valid JSON"),
        ("[]", "lacks the object 'columns'"),
        ('{"columns": {"p": ["x"], "z": ["X"]}}', "the name 'X' is given to both p and z"),
        ('{"columns": {"pee": ["x"]}}', "columns.pee is no known role"),
        ('{"columns": {"p": "x"}}', "columns.p is no list"),
        ('{"columns": {}, "formats": [{"name": "F", "marks": [], "statistic": ["t"]}]}', "'t' is no statistic"),
        (
            '{"columns": {}, "formats": [{"name": "F", "marks": [], "columns": {"q": []}}]}',
            "columns.q is no known role",
        ),
    ],
)
def test_mistakes_in_a_vocabulary_are_told(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "words.json").write_text(content)
    with pytest.raises(InputError, match=says.replace("[", r"\[")):
        read_vocabulary(tmp_path / "words.json")
