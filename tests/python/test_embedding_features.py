"""Variable genes, their scaling and principal components, against scanpy and plain numpy."""

import warnings

import anndata
import numpy as np
import pytest
import scanpy as sc
from scipy import sparse

from embedding_slices import layered_slice
from traitmap.embedding import Settings
from traitmap.embedding_features import CLIP, principal_components, scaled_expression, variable_genes
from traitmap.errors import InputError
from traitmap.ledger import Ledger


@pytest.fixture
def ledger():
    return Ledger("embed_spots", "test")


def counts_of(*rows):
    return sparse.csr_matrix(np.array(rows, dtype=np.float32))


def removed(ledger, what):
    return [row["n"] for row in ledger.counts if what in row["what"]]


@pytest.fixture(scope="module")
def outlying():
    """Counts with a gene that a single spot expresses, and very much so: it is clipped."""
    counts = layered_slice(300, 80)[0].X.toarray()
    counts[:, 5] = 0
    counts[17, 5] = 900
    return sparse.csr_matrix(counts)


def scanpy_scaled(counts, genes):
    data = anndata.AnnData(counts.copy())
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    data = data[:, genes].copy()
    sc.pp.scale(data, max_value=10)
    return np.asarray(data.X)


def test_scaling_without_centring_is_scanpys_scaling(outlying):
    genes = np.arange(1, 80)
    expected = scanpy_scaled(outlying, genes)
    assert (expected == 10).any()
    found = scaled_expression(outlying, genes).toarray()
    unclipped = found - found.min(axis=0)  # every gene here has a spot without counts: its minimum is 0
    np.testing.assert_allclose(unclipped, expected - expected.min(axis=0), atol=2e-4)
    assert CLIP == 10


@pytest.mark.parametrize("components", [10, 60])  # by Lanczos iterations, and in full
def test_components_are_scanpys_up_to_sign(outlying, ledger, components):
    found = principal_components(outlying, Settings(components=components), ledger)
    data = anndata.AnnData(scanpy_scaled(outlying, found.genes))
    sc.pp.pca(data, n_comps=components, svd_solver="full")
    expected = data.obsm["X_pca"]
    sign = np.sign((found.scores * expected).sum(axis=0))
    np.testing.assert_allclose(found.scores * sign, expected, atol=5e-3)
    assert found.scores.dtype == np.float32


def test_variable_genes_are_scanpys(ledger):
    counts = layered_slice(300, 400)[0].X
    varying = np.flatnonzero(counts.toarray().std(axis=0) > 0)
    table = sc.pp.highly_variable_genes(
        anndata.AnnData(counts[:, varying]), flavor="seurat_v3", n_top_genes=50, inplace=False
    )
    found = variable_genes(counts, 50, ledger)
    np.testing.assert_array_equal(found, varying[table["highly_variable"]])
    assert ledger.facts["variable_genes_chosen_by"] == "seurat_v3"
    assert removed(ledger, "not among the most variable") == [len(varying) - 50]


def test_where_all_fit_all_varying_genes_are_taken(ledger):
    counts = counts_of([1, 2, 0, 3], [1, 0, 0, 3], [1, 1, 0, 4])
    np.testing.assert_array_equal(variable_genes(counts, 3000, ledger), [1, 3])
    assert removed(ledger, "same count in every spot") == [2]
    assert removed(ledger, "not among") == [0]


def test_a_trend_that_cannot_be_fitted_is_replaced_and_told(ledger):
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(0.3, (5, 3000)).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scanpy's own, on so few spots
        found = variable_genes(counts, 200, ledger)
    assert len(found) == 200
    assert (np.diff(found) > 0).all()
    assert ledger.facts["variable_genes_chosen_by"] == "pearson_residuals"
    assert any("cannot be fitted" in warning for warning in ledger.warnings)


def test_spots_without_counts_change_nothing_for_the_others(ledger):
    counts = layered_slice(60, 50)[0].X
    gaps = sparse.vstack([counts[:20], sparse.csr_matrix((2, 50), dtype=np.float32), counts[20:]], format="csr")
    whole = principal_components(counts, Settings(components=8), ledger)
    found = principal_components(gaps, Settings(components=8), ledger)
    np.testing.assert_array_equal(found.measured, np.r_[np.ones(20, bool), [False] * 2, np.ones(40, bool)])
    np.testing.assert_array_equal(found.scores[~found.measured], 0)
    np.testing.assert_array_equal(found.scores[found.measured], whole.scores)


@pytest.mark.parametrize(("spots", "genes", "expected"), [(5, 40, 4), (40, 3, 3), (2, 10, 1), (40, 1, 0)])
def test_components_are_as_many_as_there_are(ledger, spots, genes, expected):
    counts = layered_slice(spots, genes, depth=20)[0].X
    if expected == 0:  # one gene: its share is the same in every spot
        with pytest.raises(InputError, match="share of counts"):
            principal_components(counts, Settings(), ledger)
        return
    found = principal_components(counts, Settings(), ledger)
    assert found.scores.shape == (spots, expected)
    assert ledger.facts["components"] == expected
    assert any(f"has {expected} principal components; 50" in warning for warning in ledger.warnings)


def test_components_without_variance_are_left_out(ledger):
    one = layered_slice(50, 20, depth=10)[0].X
    twice = sparse.hstack([one, one, one], format="csr")
    found = principal_components(twice, Settings(components=30), ledger)
    assert found.scores.shape[1] <= 20
    assert np.isfinite(found.scores).all()


def test_few_counts_are_refused(ledger):
    with pytest.raises(InputError, match="only 1 spots have counts"):
        principal_components(counts_of([0, 0], [1, 2]), Settings(), ledger)


def test_constant_counts_are_refused(ledger):
    with pytest.raises(InputError, match="no gene's count varies"):
        principal_components(counts_of([1, 2], [1, 2], [1, 2]), Settings(), ledger)


def test_proportional_counts_are_refused(ledger):
    with pytest.raises(InputError, match="share of counts"):
        principal_components(counts_of([1, 2, 3], [2, 4, 6], [4, 8, 12]), Settings(), ledger)
