"""Scores other than GSS against their formulas, a spot and a gene at a time."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from traitmap.ledger import Ledger
from traitmap.microdomain_kinds import GAUSSIAN, microdomains_of_kind
from traitmap.specificity import Settings, score_specificity
from traitmap.specificity_scores import DAMPING, LEAST_VISIT, STEPS, pagerank_microdomains

N_SPOTS, N_GENES = 60, 30


def a_slice() -> tuple[anndata.AnnData, np.ndarray]:
    rng = np.random.default_rng(1)
    counts = rng.poisson(rng.lognormal(-0.5, 1, N_GENES), (N_SPOTS, N_GENES)).astype(np.float32)
    counts[:, 4] = 0
    counts[1:, 5] = 0
    counts[0, 5] = 9  # in one spot alone
    counts[7] = 0
    names = [f"G{i}" for i in range(N_GENES - 1)] + ["MT-CO1"]
    obs = pd.DataFrame(index=[f"s{i}" for i in range(N_SPOTS)])
    data = anndata.AnnData(sparse.csr_matrix(counts), obs, pd.DataFrame(index=names))
    data.obsm["spatial"] = rng.uniform(0, 5, (N_SPOTS, 2))
    return data, rng.normal(size=(N_SPOTS, 3))


def plain(name: str, x: np.ndarray) -> np.ndarray:
    """The formulas, a gene at a time."""
    n = len(x)
    result = np.zeros(x.shape)
    for g in range(x.shape[1]):
        own = x[:, g]
        for i in np.flatnonzero(own > own.mean()):
            if name == "tau":
                result[i, g] = np.sum(1 - own / own.max()) / (n - 1) * own[i] / own.max()
            elif name == "entropy":
                p = own / own.sum()
                h = -sum(v * np.log2(v) for v in p if v > 0)
                result[i, g] = 2 * np.log2(n) - (h - np.log2(p[i]))
            else:
                result[i, g] = (own[i] - own.mean()) / own.std()
    return result


@pytest.mark.parametrize("kind", ["cosine_top_k", GAUSSIAN])
@pytest.mark.parametrize("neighbors", [1, 6])
@pytest.mark.parametrize("name", ["tau", "entropy", "zscore"])
def test_as_defined(name, neighbors, kind):
    data, embedding = a_slice()
    settings = Settings(neighbors, 20, neighborhood=kind, specificity=name)
    result = score_specificity(data, embedding, Ledger("", "slice"), settings)
    counts = data.X.toarray().astype(np.float64)
    expression = np.log1p(1e4 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    average = microdomains_of_kind(kind, data.obsm["spatial"], embedding, neighbors, 20).average().toarray()
    genes = [i for i in range(N_GENES - 1) if i != 4]
    expected = plain(name, average.astype(np.float64) @ expression[:, genes])
    assert list(result.var_names) == [f"G{i}" for i in genes]
    assert result.X.dtype == np.float32 and result.X.has_sorted_indices and result.X.data.min() > 0
    np.testing.assert_allclose(result.X.toarray(), expected, rtol=1e-5, atol=1e-6)
    assert 0.1 < (expected > 0).mean() < 0.7


def test_a_gene_of_one_spot_has_the_greatest_score():
    """tau 1; all of Schug's 2 log2 n bits; z of sqrt(n - 1)."""
    data, embedding = a_slice()
    for name, greatest in (("tau", 1), ("entropy", 2 * np.log2(N_SPOTS)), ("zscore", np.sqrt(N_SPOTS - 1))):
        result = score_specificity(data, embedding, Ledger("", "slice"), Settings(1, 1, specificity=name))
        assert result[:, "G5"].X.toarray()[0, 0] == pytest.approx(greatest)
        assert result.X.max() == pytest.approx(greatest)


def test_pagerank_is_the_chance_that_a_walk_stops(monkeypatch):
    data, embedding = a_slice()
    found = microdomains_of_kind("gaussian", data.obsm["spatial"], embedding, 5, 20)
    walk = found.average().toarray().astype(np.float64)
    exact = (1 - DAMPING) * np.linalg.inv(np.eye(N_SPOTS) - DAMPING * walk)
    np.testing.assert_allclose(pagerank_microdomains(found).average().toarray(), exact, atol=STEPS * 4 * LEAST_VISIT)
    monkeypatch.setattr("traitmap.specificity_scores.LEAST_VISIT", 0.0)
    monkeypatch.setattr("traitmap.specificity_scores.BLOCK", 7)
    np.testing.assert_allclose(pagerank_microdomains(found).average().toarray(), exact, atol=2 * DAMPING**STEPS)


def test_pagerank_scores_are_gss_over_its_weights():
    data, embedding = a_slice()
    result = score_specificity(data, embedding, Ledger("", "slice"), Settings(5, 20, specificity="pagerank"))
    gss = score_specificity(data, embedding, Ledger("", "slice"), Settings(5, 20))
    assert result.X.shape == gss.X.shape and result.X.nnz and (result.X != gss.X).nnz
    assert result.X.data.min() > np.e - 1.001
    assert not np.isnan(result.obs["microdomain_similarity"]).any()
