"""Matching to the reference against a slow plain twin; names, chromosomes, strands, genome builds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traitmap import sumstats_matching as matching
from traitmap.formats import REFERENCE_SNPS

PAIRS = {"A": "T", "C": "G", "G": "C", "T": "A"}


def make_reference(rows: list[tuple], build: str = "GRCh37") -> matching.ReferenceSnps:
    """A reference of rows (name, CHR, BP, A1, A2), put in genomic order."""
    rows = sorted(rows, key=lambda row: (row[1], row[2]))
    table = pd.DataFrame(rows, columns=["SNP", "CHR", "BP", "A1", "A2"]).set_index("SNP")
    table[["CM", "MAF", "w_ld"]] = 0.0
    return matching.ReferenceSnps.of(table[list(REFERENCE_SNPS)], build)


def codes(alleles: str) -> np.ndarray:
    return matching.allele_codes(pa.array(list(alleles), pa.string()))


def agree_slowly(a1: str, a2: str, b1: str, b2: str) -> tuple[bool, bool]:
    """The twin of ``alleles_agree``: sets of letters."""
    known = {a1, a2} <= set(PAIRS)
    return known and {a1, a2} == {b1, b2}, known and {PAIRS[a] for a in (a1, a2)} == {b1, b2}


def test_alleles_agree_as_sets_do_on_either_strand() -> None:
    letters = "ACGTN"
    quads = [(a, b, c, d) for a in letters for b in letters for c in "ACGT" for d in "ACGT" if a != b and c != d]
    same, other = matching.alleles_agree(*(codes("".join(column)) for column in zip(*quads, strict=True)))
    expected = [agree_slowly(*quad) for quad in quads]
    assert list(zip(same.tolist(), other.tolist(), strict=True)) == expected


def test_allele_codes_and_ambiguity() -> None:
    assert (
        matching.allele_codes(pa.array(["A", "c", "G", "t", "AT", "I", "", None, "N"])).tolist()
        == [0, 1, 2, 3] + [-1] * 5
    )
    ambiguous = matching.is_ambiguous(codes("ATCGACAN"), codes("TAGCCTGA"))
    assert ambiguous.tolist() == [True] * 4 + [False] * 4


def test_chromosomes_by_any_name() -> None:
    names = ["1", "chr22", "Chr07", "X", "chrX", "23", "MT", "0", None, "6.0", "NC_000006.12", "GL000192.1", " 3 "]
    assert matching.chromosome_codes(pa.array(names)).tolist() == [1, 22, 7, -1, -1, -1, -1, -1, 0, 6, 6, -1, 3]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("7:1234:A:G", (7, 1234, "A", "G")),
        ("chr7:1234:A:G", (7, 1234, "A", "G")),
        ("CHR7_1234_a_g", (7, 1234, "A", "G")),
        ("7-1234-A-G", (7, 1234, "A", "G")),
        ("7:1234_A/G", (7, 1234, "A", "G")),
        ("07:1234:A:G_more", (7, 1234, "A", "G")),
        ("7:1234:A:G:b37", (7, 1234, "A", "G")),
        ("7:1234", (7, 1234, None, None)),
        ("7:1234:SNP", (7, 1234, None, None)),
        ("X:1234:A:G", (-1, 1234, "A", "G")),
        ("7:1234:AT:G", (7, 1234, None, "G")),
        ("rs7", (0, 0, None, None)),
        ("7:", (0, 0, None, None)),
        ("7:x:A:G", (0, 0, None, None)),
        ("1234", (0, 0, None, None)),
    ],
)
def test_names_that_hold_positions(name: str, expected: tuple) -> None:
    told = matching.parse_variant_names(pa.array([name]))
    alleles = [matching.BASES[code] if code >= 0 else None for code in (told.first[0], told.second[0])]
    assert (told.chromosome[0], told.bp[0], *alleles) == expected


def test_rsids_are_found_in_names() -> None:
    names = ["rs1", "RS2", "rs3:100:A:G", "Rs4_A", "rs5;x", "exm-rs6", "ss7", None, "1:100"]
    assert matching.rsids(pa.array(names)).to_pylist() == [
        "rs1",
        "rs2",
        "rs3",
        "rs4",
        "rs5",
        "exm-rs6",
        "ss7",
        None,
        "1:100",
    ]


def test_names_match_as_they_stand_as_rsids_and_in_lists() -> None:
    reference = make_reference([("rs1", 1, 10, "A", "C"), ("rs2", 1, 20, "A", "C"), ("1:30:A:C", 1, 30, "A", "C")])
    names = ["rs2", "1:30:A:C", "RS1", "rs1:10:A:C", "rs9,rs2", "rs9;rs1;rs2", "rs9", "rs20", None, ""]
    assert matching.match_names(pa.array(names), reference).tolist() == [1, 2, 0, 0, 1, 0, -1, -1, -1, -1]


SNP = st.tuples(st.integers(1, 2), st.integers(1, 6), st.sampled_from("ACGT"), st.sampled_from("ACGT")).filter(
    lambda snp: snp[2] != snp[3]
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(SNP, min_size=1, max_size=12, unique_by=lambda snp: (*snp[:2], frozenset(snp[2:]))),
    st.lists(SNP, max_size=20),
)
def test_positions_match_as_the_slow_twin_does(known: list[tuple], asked: list[tuple]) -> None:
    reference = make_reference([(f"rs{number}", *snp) for number, snp in enumerate(known)])
    names = reference.names.to_pylist()
    chromosome, bp = (np.array([snp[place] for snp in asked], dtype=np.int64) for place in (0, 1))
    a1, a2 = (codes("".join(snp[place] for snp in asked)) for place in (2, 3))
    found, at = matching.match_positions(chromosome, bp, a1, a2, np.zeros(len(asked), bool), reference)
    for row, snp in enumerate(asked):
        here = [number for number, one in enumerate(known) if one[:2] == snp[:2]]
        fitting = {f"rs{number}" for number in here if any(agree_slowly(*snp[2:], *known[number][2:]))}
        assert at[row] == bool(here)
        assert (names[found[row]] in fitting) if found[row] >= 0 else not fitting


def test_positions_alone_decide_only_where_alleles_are_unknown() -> None:
    reference = make_reference([("rs1", 1, 10, "", ""), ("rs2", 1, 20, "A", "C")])
    one, place = np.ones(3, int), np.array([10, 10, 20])
    need = np.array([False, True, False])
    found, at = matching.match_positions(one, place, codes("AAA"), codes("GGG"), need, reference)
    assert found.tolist() == [0, -1, -1]
    assert at.all()


def test_builds_are_told_by_rsids() -> None:
    rows = [(f"rs{number}", 1, 1000 * number, "A", "C") for number in range(1, 11)]
    reference = make_reference(rows)
    names = pa.array([row[0] for row in rows])
    for shift, moved in ((0, 0), (1, 0), (-1, 0), (2, 10), (50_000, 10)):
        evidence = matching.Evidence()
        bp = reference.bp + shift
        matching.compare_positions(np.arange(10), names, reference.chromosome, bp, reference, evidence)
        assert (evidence.shared, evidence.moved) == (10, moved)
        problem = evidence.problem(reference)
        assert (problem is None) == (moved == 0)
        if problem:
            assert "another genome build than the reference (GRCh37): 10 of the 10 rsIDs" in problem
            assert f"rs1 at 1:{1000 + shift}, in the reference rs1 at 1:1000" in problem


def test_builds_are_told_by_alleles_where_there_are_no_rsids() -> None:
    reference = make_reference([("rs1", 1, 10, "A", "C")])
    assert matching.Evidence(at_position=100, alleles_agree=55, tried=9000, matched=55).problem(reference)
    assert matching.Evidence(at_position=100, alleles_agree=99, tried=9000, matched=99).problem(reference) is None


def test_next_to_nothing_in_common_is_told() -> None:
    reference = make_reference([(f"rs{number}", 1, number + 1, "", "") for number in range(5000)])
    assert "only 9 of 5000" in matching.Evidence(tried=5000, matched=9, at_position=9, alleles_agree=9).problem(
        reference
    )
    assert "no SNP in common" in matching.Evidence(tried=5, first_row="x at 1:5").problem(reference)
    assert matching.Evidence(tried=5000, matched=900, at_position=900, alleles_agree=900).problem(reference) is None
