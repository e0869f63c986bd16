"""Genes' association: the statistic against a plain twin, its null by simulation, MAGMA's own results, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import call, refused
from test_panel import twin_standardized, write_panel
from traitmap import associate_genes as library
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.magma import read_magma
from traitmap.reference import Reference, read_reference, write_reference
from traitmap.reference_parts import with_unmapped

SCRIPT = "associate_genes.py"
GENES, SNPS_OF_GENE = 150, 12
PEOPLE, GWAS_PEOPLE = 400, 2000


def correlated(rng: np.random.Generator, people: int) -> np.ndarray:
    """Genotypes (SNPs, people) of independent genes, whose SNPs share haplotypes as neighbours do."""
    steps = rng.standard_normal((GENES, SNPS_OF_GENE, people, 2))
    for at in range(1, SNPS_OF_GENE):
        steps[:, at] = 0.85 * steps[:, at - 1] + np.sqrt(1 - 0.85**2) * steps[:, at]
    threshold = stats.norm.ppf(np.tile([0.2, 0.35, 0.5], SNPS_OF_GENE // 3))[None, :, None, None]
    return (steps < threshold).sum(axis=3).reshape(GENES * SNPS_OF_GENE, people).astype(np.int8)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Panel, reference, and summary statistics of a null trait and of one with 15 causal genes."""
    folder = tmp_path_factory.mktemp("genes")
    rng = np.random.default_rng(11)
    n = GENES * SNPS_OF_GENE
    bp = np.repeat(np.arange(GENES) * 200_000 + 100_000, SNPS_OF_GENE) + np.tile(np.arange(SNPS_OF_GENE) * 3000, GENES)
    names = [f"rs{i}" for i in range(n)]
    write_panel(folder, correlated(rng, PEOPLE), "panel.1", sid=names, bp_position=bp, cm_position=bp / 1e6)
    genes = pd.DataFrame({"chr": 1, "start": bp[::SNPS_OF_GENE], "end": bp[::SNPS_OF_GENE] + 30_000, "strand": "+"})
    genes = with_unmapped(genes.set_index(pd.Index([f"G{i}" for i in range(GENES)], name="gene")))
    snps = pd.DataFrame({"CHR": 1, "BP": bp, "CM": bp / 1e6, "A1": "A", "A2": "G", "MAF": 0.3, "w_ld": 1.0})
    from scipy import sparse

    reference = Reference(sparse.csr_matrix((n, len(genes)), dtype=np.float32), snps, genes, {"genome_build": "GRCh37"})
    reference.snps.index = pd.Index(names, name="SNP")
    write_reference(reference, folder / "reference.h5ad")
    people = twin_standardized(correlated(rng, GWAS_PEOPLE))
    effects = np.zeros(n)
    effects[(np.arange(15) * 10 * SNPS_OF_GENE) + 4] = 8.0
    for name, truth in (("null", np.zeros(n)), ("causal", effects)):
        z = people @ rng.standard_normal(GWAS_PEOPLE) + people @ (people.T @ truth)
        table = pd.DataFrame({"SNP": names, "CHR": 1, "BP": bp, "A1": "A", "A2": "G", "Z": z, "N": 10_000.0})
        table.drop(index=[5, 17]).to_parquet(folder / f"{name}.parquet")
    many = people @ rng.standard_normal((GWAS_PEOPLE, 12))
    np.save(folder / "nulls.npy", many)
    return folder


def run(study: Path, trait: str, window_kb: float = 10, panel: bool = True) -> tuple[pd.DataFrame, dict]:
    """The table and the account, as the executable makes them."""
    ledger = Ledger("", trait)
    snps = library.read_snps(study / f"{trait}.parquet", ledger)
    parts = library.snps_by_position(snps, ledger)
    if panel:
        parts = library.snps_by_panel(snps, str(study / "panel.{chr}"), [1], "GRCh37", ledger)
    genes = library.genes_of(read_reference(study / "reference.h5ad"))
    return library.associate_genes(parts, genes, int(1000 * window_kb), ledger), ledger.to_dict()


def counts(account: dict) -> dict[str, int]:
    return {f"{count['of']}: {count['what']}": count["n"] for count in account["counts"]}


def test_a_gene_is_the_sum_over_its_window_under_the_panels_ld(study):
    table, account = run(study, "causal")
    assert len(table) == GENES
    assert table["n_snps"].sum() == GENES * SNPS_OF_GENE - 2
    assert counts(account)["SNPs: near a gene"] == GENES * SNPS_OF_GENE - 2
    assert counts(account)["SNPs: not in the panel"] == 0
    sumstats = pd.read_parquet(study / "causal.parquet").set_index("SNP")
    from bed_reader import open_bed

    with open_bed(study / "panel.1.bed") as file:
        genotypes = twin_standardized(file.read(dtype="int8").T)
    rng = np.random.default_rng(5)
    for row in (0, 1, 30):
        names = [f"rs{i}" for i in range(row * SNPS_OF_GENE, (row + 1) * SNPS_OF_GENE) if f"rs{i}" in sumstats.index]
        own = genotypes[[int(name[2:]) for name in names]]
        statistic = float(np.square(sumstats.loc[names, "Z"]).sum())
        drawn = np.square(own @ rng.standard_normal((own.shape[1], 40_000))).sum(axis=0)
        assert table.loc[row, "mean_chi2"] == pytest.approx(statistic / len(names), rel=1e-8)
        if (exceed := (drawn >= statistic).sum()) > 50:
            assert table.loc[row, "z"] == pytest.approx(stats.norm.isf(exceed / 40_000), abs=0.08)
        else:
            assert table.loc[row, "z"] > 2.8


def test_null_genes_are_uniform_and_causal_ones_are_found(study):
    table, _ = run(study, "causal")
    causal = np.arange(15) * 10
    assert (table["p"].to_numpy()[causal] < 1e-4).sum() >= 13

    many = np.load(study / "nulls.npy")
    ledger = Ledger("", "")
    snps = pd.DataFrame({"CHR": 1, "BP": 0, "Z": 0.0}, index=[f"rs{i}" for i in range(len(many))])
    (here,) = library.snps_by_panel(snps, str(study / "panel.{chr}"), [1], "GRCh37", ledger)
    genes = library.genes_of(read_reference(study / "reference.h5ad"))
    p = []
    for z in many.T:
        one = library.ChromosomeSnps(1, here.position, z, here.panel)
        p.append(library.associate_genes([one], genes, 10_000, Ledger("", ""))["p"].to_numpy())
    p = np.concatenate(p)
    assert len(p) == 12 * GENES
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert (p < 0.01).mean() == pytest.approx(0.01, abs=0.006)


def test_a_snp_counts_for_every_gene_that_reaches_it(study):
    table, _ = run(study, "null", window_kb=200)
    assert table["n_snps"].iloc[5] == 3 * SNPS_OF_GENE - 1  # the last SNP of the next gene is 203 kb away


def test_without_genotypes_genes_are_marked_as_approximate(study):
    table, account = run(study, "null", panel=False)
    assert "No genotypes" in account["warnings"][0]
    np.testing.assert_allclose(stats.norm.sf(table["z"]), stats.chi2.sf(table["mean_chi2"], 1), rtol=1e-6)
    # Complete LD claims less than there is: never more small P than the panel's LD gives.
    exact, _ = run(study, "null")
    assert (table["p"] < 0.05).sum() <= (exact["p"] < 0.05).sum()


def test_the_executable_writes_what_the_library_computes(study):
    known = ("--sumstats", study / "causal.parquet", "--reference", study / "reference.h5ad", "--trait", "causal")
    written = ("--out", study / "genes.tsv", "--qc", study / "genes.json")
    call(SCRIPT, *known, "--panel", study / "panel.{chr}", "--chromosomes", "1", "--window-kb", 10, *written)
    table = pd.read_csv(study / "genes.tsv", sep="\t")
    pd.testing.assert_frame_equal(table, run(study, "causal")[0], check_dtype=False, rtol=1e-9)
    facts = json.loads((study / "genes.json").read_text())["facts"]
    assert (facts["ld"], facts["approximate"]) == ("panel", False)
    assert facts["n_genes_below_bonferroni"] >= 10


def test_eigenvalues_are_those_of_the_correlation_whichever_side_is_smaller():
    rng = np.random.default_rng(3)
    for shape in ((5, 40), (40, 5)):
        x = rng.standard_normal(shape).astype(np.float32)
        found = np.sort(library.ld_eigenvalues(x))[-5:]
        np.testing.assert_allclose(found, np.sort(np.linalg.eigvalsh(x.astype(float) @ x.T))[-5:], rtol=1e-4)


MAGMA = """# VERSION = 110
GENE CHR START STOP NSNPS NPARAM N ZSTAT P
148398 1 859993 879961 15 4 10000 1.5 0.0668
79501 1 69091 70008 2 2 10000 -0.5 0.6915
339451 1 895967 901099 9 3 10000 NA NA
26155 1 879583 894679 9 3 10000 2.0 0.02275
"""


def test_magmas_results_are_taken_with_symbols(tmp_path):
    (tmp_path / "t.genes.out").write_text(MAGMA)
    loc = "79501 1 69091 70008 + OR4F5\n148398 1 859993 879961 + SAMD11\n26155 1 879583 894679 - NOC2L\n"
    (tmp_path / "genes.loc").write_text(loc)
    given = ("--trait", "t", "--magma", tmp_path / "t.genes.out", "--genes", tmp_path / "genes.loc")
    call(SCRIPT, *given, "--out", tmp_path / "t.tsv", "--qc", tmp_path / "t.json")
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    assert table["gene"].tolist() == ["OR4F5", "SAMD11", "NOC2L"]
    assert table["z"].tolist() == [-0.5, 1.5, 2.0]
    assert table["mean_chi2"].isna().all()
    account = json.loads((tmp_path / "t.json").read_text())
    assert counts(account)["genes: without a symbol"] == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GENE CHR\n1 1\n", "has no column START"),
        (MAGMA.replace("1.5 0.0668", "high 0.0668"), "row 2: ZSTAT is 'high', no number"),
        (MAGMA.replace("0.0668", "1.5"), "row 2: P is 1.5; it must lie between 0 and 1"),
        (MAGMA, "names genes by numbers"),
        ("", "is empty"),
    ],
)
def test_what_is_not_magmas_is_refused(tmp_path, text, told):
    path = tmp_path / "t.genes.out"
    path.write_text(text)
    with pytest.raises(InputError, match=told.replace("(", r"\(")):
        read_magma(path, Ledger("", ""))


def test_mistakes_of_the_command_are_told(study):
    out = ("--trait", "t", "--out", study / "no.tsv")
    assert "give --sumstats" in refused(SCRIPT, *out)
    assert "--reference is needed" in refused(SCRIPT, "--sumstats", study / "null.parquet", *out)
    known = ("--sumstats", study / "null.parquet", "--reference", study / "reference.h5ad")
    told = refused(SCRIPT, *known, *out, "--panel", study / "none.{chr}", "--chromosomes", "1-2")
    assert "no file for chromosomes 1-2" in told
    assert not (study / "no.tsv").exists()
