"""Whole files, as the known programs write them, to one plain table: values, accounts and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import call, refused
from sumstats_fixture import (
    FORMATS,
    PAIRS,
    SIZE,
    TRUTH,
    VOCABULARY,
    Writer,
    bolt,
    bolt_p,
    check_account,
    check_truth,
    daner,
    finngen,
    frame,
    gwas_ssf,
    ldsc,
    reference_file,
    regenie,
    total_of,
    write,
)
from test_files import COMPRESS
from traitmap.errors import InputError
from traitmap.formats import SUMSTATS
from traitmap.sumstats import SCHEMA, harmonize, write_sumstats
from traitmap.sumstats_qc import REASONS, Filters

SCRIPT = "harmonize_sumstats.py"


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reference_file(tmp_path_factory.mktemp("reference") / "reference.h5ad", TRUTH)


@pytest.fixture(scope="session")
def plain_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reference_file(tmp_path_factory.mktemp("reference") / "reference.h5ad", TRUTH, alleles=False)


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
