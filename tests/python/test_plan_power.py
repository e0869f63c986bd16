"""Planned power: closed forms, simulated chi-squares, and the executable."""

from __future__ import annotations

from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import norm

from conftest import call, refused
from regression_study import GENES, make_reference, make_scores
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.plan_power import COLUMNS, Plan, PowerPlanner, expected_z
from traitmap.reference import Reference, write_reference
from traitmap.regression import prepare
from traitmap.regression_design import make_design, observe
from traitmap.regression_regions import RegionScores, regress_regions

NAMES = pd.Index([f"GENE{g}" for g in range(GENES)])
PANEL = 40_000


def make_planned(snps: int = 7200) -> Reference:
    """The small study's reference, whose regression SNPs are in LD with nothing but their genes (w_ld 1)."""
    reference = make_reference(7, snps=snps)
    reference.snps["w_ld"] = 1.0
    reference.facts["panel_snps"] = PANEL
    return reference


def make_regions() -> RegionScores:
    scores = make_scores(spots=3).toarray().astype(np.float64)
    scores[0, :6] += 20.0
    contrasts = [own - (scores.sum(axis=0) - own) / 2 for own in scores]
    return RegionScores(["A", "B", "C"] * 2, ["mean"] * 3 + ["contrast"] * 3, [10] * 6, np.array([*scores, *contrasts]))


@pytest.fixture(scope="module")
def planner() -> PowerPlanner:
    return PowerPlanner(make_planned(), make_regions(), NAMES)


def test_without_enrichment_nothing_is_expected(planner):
    table = planner.table(Plan(1e5, 0.3, 0.01), "A", "contrast", planner.carriers("A", 0.1), [1.0, 3.0])
    assert list(table.columns) == list(COLUMNS)
    assert table["expected_z"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert table["power"].iloc[0] == pytest.approx(0.01, rel=1e-4)
    assert table["expected_z"].iloc[1] > 0.5
    assert table["share_h2"].iloc[0] == pytest.approx(table["share_snps"].iloc[0])


def test_the_smallest_enrichment_has_the_power_that_is_wanted(planner):
    plan = Plan(1e6, 0.5, 0.01, wanted=0.8)
    genes = planner.carriers("A", 0.1)
    least = planner.table(plan, "A", "contrast", genes, [2.0])["smallest_enrichment"].iat[0]
    assert planner.table(plan, "A", "contrast", genes, [least])["power"].iat[0] == pytest.approx(0.8, abs=1e-3)
    weak = planner.table(Plan(100, 0.01, 1e-8), "A", "contrast", genes, [2.0])
    assert np.isnan(weak["smallest_enrichment"].iat[0])


def test_power_grows_with_the_study_and_the_enrichment(planner):
    genes = planner.carriers("A", 0.1)
    z = [
        planner.table(Plan(n, h2, 0.01), "A", "mean", genes, [2.0, 4.0])["expected_z"].to_numpy()
        for n, h2 in ((2e4, 0.2), (2e5, 0.2), (2e5, 0.5))
    ]
    assert (np.diff(np.array(z), axis=0) > 0).all() and (np.diff(np.array(z), axis=1) > 0).all()


def test_the_most_specific_genes_carry(planner):
    assert set(planner.carriers("A", 0.1)) == {f"GENE{g}" for g in range(6)}
    assert len(planner.carriers("B", 0.5)) == GENES // 2


def test_a_closed_form_of_one_column():
    """Without LD among SNPs and with chi-square 1 everywhere, SE is sqrt(2 / residual sum of squares)."""
    reference = make_planned(2400)
    plain = pd.DataFrame({"Z": 1.0, "N": 1.0}, index=reference.snps.index)
    seen = observe(reference, plain, None, keep_mhc=False, ledger=Ledger("t", "t"))
    design = make_design(reference, NAMES, seen, blocks=20, max_chi2=None, ledger=Ledger("t", "t"))
    own = np.random.default_rng(1).gamma(2.0, 1.0, design.n_snps)
    left = own - design.columns @ np.linalg.lstsq(design.columns, own, rcond=None)[0]
    # A tenth of the SNPs' worth of signal on top: expected coefficient 1e-9, which moves the error by nothing.
    z = expected_z(replace(design, chi2=1 + 1e-9 * own), own)
    assert z == pytest.approx(1e-9 / np.sqrt(2 / (left @ left)), rel=1e-4)


def test_foretold_z_and_power_are_those_of_simulated_gwas(planner):
    """Chi-squares drawn with the expectations that the plan has, regressed as the pipeline does, 150 times."""
    reference, regions = make_planned(), make_regions()
    genes, plan, fold, draws = planner.carriers("A", 0.1), Plan(2.5e4, 0.3, 0.01), 1.5, 150
    foretold = planner.table(plan, "A", "contrast", genes, [fold]).iloc[0]
    linked = reference.weights.toarray().astype(np.float64)
    near = linked[:, NAMES.get_indexer(genes)].sum(axis=1)
    share = near.sum() / linked.sum()
    c = plan.h2 / (PANEL * (1 + share * (fold - 1)))
    mean = 1 + plan.n * c * (linked.sum(axis=1) + (fold - 1) * near)
    rng = np.random.default_rng(2)
    found = []
    for _ in range(draws):
        trait = pd.DataFrame({"Z": rng.normal(size=len(mean)) * np.sqrt(mean), "N": plan.n}, index=reference.snps.index)
        ready = prepare(reference, NAMES, trait, Ledger("r", "t"), weights="shared", blocks=100)
        tests = regress_regions(regions, ready).set_index(["region", "test"])
        found.append(tests.loc[("A", "contrast"), "z"])
    assert np.mean(found) == pytest.approx(foretold["expected_z"], abs=4 / np.sqrt(draws))
    hits = np.mean(np.array(found) > norm.isf(0.01))
    spread = np.sqrt(foretold["power"] * (1 - foretold["power"]) / draws)
    assert hits == pytest.approx(foretold["power"], abs=4 * spread + 0.03)
    assert 0.1 < foretold["power"] < 0.99  # a test that says something


def test_a_reference_without_its_panel_is_refused():
    reference = make_reference()
    with pytest.raises(InputError, match="does not tell how many SNPs"):
        PowerPlanner(reference, make_regions(), NAMES)


def test_the_executable_writes_table_and_curve(tmp_path):
    write_reference(make_planned(2400), tmp_path / "reference.h5ad")
    scores = make_scores(spots=36).toarray()
    scores[:12, :6] += 20.0
    data = anndata.AnnData(sparse.csr_matrix(scores), var=pd.DataFrame(index=NAMES))
    data.obs_names = [f"spot{i}" for i in range(36)]
    data.obs["region"] = pd.Categorical(["A"] * 12 + ["B"] * 12 + ["C"] * 12)
    data.write_h5ad(tmp_path / "specificity.h5ad")
    given = ["--specificity", tmp_path / "specificity.h5ad", "--reference", tmp_path / "reference.h5ad"]
    given += ["--out", tmp_path / "power.tsv", "--n", 1e5, "--n", 1e6, "--h2", 0.3]
    result = call("plan_power.py", *given, "--region", "A", "--figure", tmp_path / "power.svg")
    assert "A, N 1,000,000, h2 0.3: " in result.stderr + result.stdout
    table = pd.read_csv(tmp_path / "power.tsv", sep="\t")
    assert list(table.columns) == list(COLUMNS)
    assert (table["region"] == "A").all() and set(table["n"]) == {1e5, 1e6}
    assert "<svg" in (tmp_path / "power.svg").read_text()
    assert "--region Z: is not in the slice (there: A, B, C)" in refused("plan_power.py", *given, "--region", "Z")
    message = refused("plan_power.py", *given, "--h2", 2, "--alpha", 0.9)
    assert "--h2 2: must be above 0 and at most 1" in message and "--alpha 0.9" in message
    (tmp_path / "mouse.txt").write_text("Gapdh\n")
    assert "none of its 1 genes is in the slice" in refused("plan_power.py", *given, "--genes", tmp_path / "mouse.txt")
