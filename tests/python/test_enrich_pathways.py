"""Pathways of driver genes: gene sets read and refused, the test against Fisher's, the run's table."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from conftest import call, refused
from traitmap.enrich_pathways import enrich, enrich_run, read_gene_sets
from traitmap.errors import InputError
from traitmap.formats import PATHWAYS

GENES = [f"G{i}" for i in range(100)]


def ranked(drivers: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({"gene": GENES, "drives": [drivers.get(gene, "") for gene in GENES]})


DRIVERS = {**{f"G{i}": "Cortex" for i in range(10)}, **{f"G{i}": "Fiber" for i in range(50, 54)}}
SETS = {
    "cortical": frozenset({f"G{i}" for i in range(6)} | {"G90", "G91", "ELSEWHERE"}),
    "fibrous": frozenset(f"G{i}" for i in range(48, 56)),
    "tiny": frozenset({"G1", "G2", "NOWHERE", "X", "Y"}),
}


def test_each_set_and_region_as_fisher_has_it():
    table = enrich(ranked(DRIVERS), SETS)
    assert len(table) == 4  # two regions; the tiny set has two measured genes and is no test
    for row in table.itertuples():
        members = SETS[row.pathway] & set(GENES)
        drivers = {gene for gene, region in DRIVERS.items() if region == row.region}
        both = len(members & drivers)
        counts = [[both, len(drivers) - both], [len(members) - both, 100 - len(members) - len(drivers) + both]]
        assert row.p == pytest.approx(fisher_exact(counts, alternative="greater").pvalue, rel=1e-9)
        assert (row.overlap, row.n_genes, row.n_drivers) == (both, len(members), len(drivers))
    first = table.iloc[0]
    assert (first["region"], first["pathway"], first["genes"]) == ("Cortex", "cortical", "G0,G1,G2,G3,G4,G5")
    assert first["expected"] == pytest.approx(0.8)


def test_a_trait_that_drives_nothing_has_no_row():
    assert enrich(ranked({}), SETS).empty


def test_the_run_has_one_q_and_no_empty_overlap(tmp_path):
    ranked(DRIVERS).to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    ranked({}).to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    table = enrich_run({("s", "t"): tmp_path / "a.tsv", ("s", "null"): tmp_path / "b.tsv"}, SETS)
    assert list(table.columns) == list(PATHWAYS)
    assert table[["region", "pathway"]].to_numpy().tolist() == [["Cortex", "cortical"], ["Fiber", "fibrous"]]
    assert table["q"].iat[0] == pytest.approx(table["p"].iat[0] * 4)  # of four tests, two of them without an overlap


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("\n", "holds no gene set"),
        ("set\tabout it\n", "row 1: is no set"),
        ("a\t\tG1\na\t\tG2\n", "row 2: set 'a' occurs more than once"),
        ("a b c\n", "row 1: is no set"),
    ],
)
def test_wrong_files_are_told(tmp_path, text, complaint):
    (tmp_path / "sets.gmt").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_gene_sets(tmp_path / "sets.gmt")


NAMES = st.text("ABCxyz019_-:/ ", min_size=1, max_size=12).map(str.strip).filter(bool)
SYMBOLS = st.text("ABCXYZ0123456789-.", min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.frozensets(SYMBOLS, min_size=1, max_size=9), min_size=1, max_size=9), st.booleans())
def test_any_sets_come_back(tmp_path_factory, sets, compressed):
    path = tmp_path_factory.mktemp("sets") / ("sets.gmt.gz" if compressed else "sets.gmt")
    text = "".join("\t".join([name, "a description, of words", *sorted(genes)]) + "\n" for name, genes in sets.items())
    path.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    assert read_gene_sets(path).sets == sets


def test_the_executable_writes_the_table(tmp_path):
    ranked(DRIVERS).to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    (tmp_path / "sheet.tsv").write_text(f"slice\ttrait\tgenes\ns\tt\t{tmp_path / 'genes.tsv'}\n")
    lines = ["\t".join([name, "", *sorted(genes)]) for name, genes in SETS.items()]
    (tmp_path / "sets.gmt").write_text("\n".join(lines) + "\n")
    given_ = ["--sheet", tmp_path / "sheet.tsv", "--out", tmp_path / "out.tsv"]
    call("enrich_pathways.py", *given_, "--gene-sets", tmp_path / "sets.gmt")
    assert pd.read_csv(tmp_path / "out.tsv", sep="\t")["pathway"].tolist() == ["cortical", "fibrous"]
    (tmp_path / "mouse.gmt").write_text("a\t\tGapdh\tActb\n")
    message = refused("enrich_pathways.py", *given_, "--gene-sets", tmp_path / "mouse.gmt")
    assert "no set holds 5 genes of the run (its genes: G0, ...; sets: Actb, ...)" in message
