"""Variable genes, their scaling and principal components, against scanpy and plain numpy."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from embedding_slices import layered_slice
from traitmap import embedding_genes
from traitmap.embedding_features import CLIP, Expression, _Scaling, principal_components, spatial_weights
from traitmap.embedding_genes import rank_genes_by_variability, variable_genes
from traitmap.embedding_graph import spatial_graph
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


def chosen(counts, most, ledger):
    """Positions of the variable genes of one slice."""
    index = pd.RangeIndex(counts.shape[1]).astype(str)
    found = variable_genes([index], [rank_genes_by_variability(counts, most, ledger)], most, [ledger])
    return index.get_indexer(found)


def components(counts, genes, wanted, ledger):
    return principal_components([expression(counts, genes)], wanted, 0, ledger)


def expression(counts, genes=None):
    totals = np.asarray(counts.sum(axis=1)).ravel()
    return Expression(sparse.csr_matrix(counts if genes is None else counts[:, genes]), totals)


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
    part = expression(outlying, genes)
    found = _Scaling.of([part]).apply(part.logged(slice(None)), 0).toarray()
    unclipped = found - found.min(axis=0)  # every gene here has a spot without counts: its minimum is 0
    np.testing.assert_allclose(unclipped, expected - expected.min(axis=0), atol=2e-4)
    assert CLIP == 10


@pytest.mark.parametrize("wanted", [10, 60])  # by Lanczos iterations, and in full
def test_components_are_scanpys_up_to_sign(outlying, ledger, wanted):
    genes = chosen(outlying, 3000, ledger)
    found = components(outlying, genes, wanted, ledger)
    data = anndata.AnnData(scanpy_scaled(outlying, genes))
    sc.pp.pca(data, n_comps=wanted, svd_solver="full")
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
    found = chosen(counts, 50, ledger)
    np.testing.assert_array_equal(found, varying[table["highly_variable"]])
    assert ledger.facts["variable_genes_chosen_by"] == "seurat_v3"
    assert removed(ledger, "not among the most variable") == [len(varying) - 50]


def test_where_all_fit_all_varying_genes_are_taken(ledger):
    counts = counts_of([1, 2, 0, 3], [1, 0, 0, 3], [1, 1, 0, 4])
    np.testing.assert_array_equal(chosen(counts, 3000, ledger), [1, 3])
    assert removed(ledger, "same count in every spot") == [2]
    assert removed(ledger, "not among") == [0]


def test_a_trend_that_cannot_be_fitted_is_replaced_and_told(ledger):
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(0.3, (5, 3000)).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scanpy's own, on so few spots
        found = chosen(counts, 200, ledger)
    assert len(found) == 200
    assert (np.diff(found) > 0).all()
    assert ledger.facts["variable_genes_chosen_by"] == "pearson_residuals"
    assert any("cannot be fitted" in warning for warning in ledger.warnings)


def test_spots_without_counts_change_nothing_for_the_others(ledger):
    counts = layered_slice(60, 50)[0].X
    gaps = sparse.vstack([counts[:20], sparse.csr_matrix((2, 50), dtype=np.float32), counts[20:]], format="csr")
    whole = components(counts, None, 8, ledger)
    found = components(gaps, None, 8, ledger)
    np.testing.assert_array_equal(found.measured, np.r_[np.ones(20, bool), [False] * 2, np.ones(40, bool)])
    np.testing.assert_array_equal(found.scores[~found.measured], 0)
    np.testing.assert_array_equal(found.scores[found.measured], whole.scores)


@pytest.mark.parametrize(("spots", "genes", "expected"), [(5, 40, 4), (40, 3, 3), (2, 10, 1), (40, 1, 0)])
def test_components_are_as_many_as_there_are(ledger, spots, genes, expected):
    counts = layered_slice(spots, genes, depth=20)[0].X
    if expected == 0:  # one gene: its share is the same in every spot
        with pytest.raises(InputError, match="share of counts"):
            components(counts, None, 50, ledger)
        return
    found = components(counts, None, 50, ledger)
    assert found.scores.shape == (spots, expected)
    assert ledger.facts["components"] == expected
    assert any(f"has {expected} principal components; 50" in warning for warning in ledger.warnings)


def test_components_without_variance_are_left_out(ledger):
    one = layered_slice(50, 20, depth=10)[0].X
    twice = sparse.hstack([one, one, one], format="csr")
    found = components(twice, None, 30, ledger)
    assert found.scores.shape[1] <= 20
    assert np.isfinite(found.scores).all()


def test_few_counts_are_refused(ledger):
    with pytest.raises(InputError, match="only 1 spots have counts"):
        components(counts_of([0, 0], [1, 2]), None, 50, ledger)


def test_constant_counts_are_refused(ledger):
    with pytest.raises(InputError, match="no gene's count varies"):
        chosen(counts_of([1, 2], [1, 2], [1, 2]), 50, ledger)


def test_proportional_counts_are_refused(ledger):
    with pytest.raises(InputError, match="share of counts"):
        components(counts_of([1, 2, 3], [2, 4, 6], [4, 8, 12]), None, 50, ledger)


# --- halves, groups, weights --------------------------------------------------------------------------------------


def test_halves_share_what_is_real_and_not_their_noise(ledger):
    counts = layered_slice(400, 100, depth=4)[0].X
    found = components(counts, None, 20, ledger)
    one, two = found.halves[:, 0], found.halves[:, 1]
    between = [np.corrcoef(one[:, k], two[:, k])[0, 1] for k in range(20)]
    assert min(between[:2]) > 0.6  # bands
    assert abs(np.mean(between[5:])) < 0.25  # noise
    np.testing.assert_allclose(found.halves.mean(axis=0), 0, atol=1e-3)
    again = components(counts, None, 20, ledger)
    np.testing.assert_array_equal(found.halves, again.halves)


def test_blocks_of_spots_change_no_more_than_rounding(ledger, monkeypatch):
    counts = layered_slice(300, 80)[0].X
    whole = components(counts, None, 10, ledger)
    monkeypatch.setattr(embedding_genes, "AT_ONCE", 70)
    found = components(counts, None, 10, ledger)
    np.testing.assert_allclose(found.scores, whole.scores, atol=1e-4)


def test_slices_are_each_centred_and_scaled_by_what_they_vary_within(ledger):
    first, second = layered_slice(120, 60)[0].X, layered_slice(90, 60, seed=4)[0].X
    parts = [expression(first), expression(second)]
    found = principal_components(parts, 200, 0, ledger).scores  # all there are: a rotation
    logged = [part.logged(slice(None)).toarray().astype(float) for part in parts]
    squares = sum(((one - one.mean(axis=0)) ** 2).sum(axis=0) for one in logged)
    scaled = [one / np.sqrt(squares / (120 + 90 - 2)) for one in logged]
    expected = np.vstack([one - one.mean(axis=0) for one in scaled])
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=0.1)


def test_genes_of_a_group_are_those_variable_in_most_slices():
    index = [pd.Index(list("abcd")), pd.Index(list("dcba"))]
    ranks = [np.array([0, 1, np.inf, np.inf]), np.array([np.inf, 0, 1, np.inf])]  # a, b; then c, b
    ledgers = [Ledger("embed_spots", "test") for _ in range(2)]
    assert list(variable_genes(index, ranks, 1, ledgers)) == ["b"]
    assert list(variable_genes(index, ranks, 2, ledgers)) == ["a", "b"]  # a and c rank alike: the first
    assert [row["n"] for row in ledgers[0].counts if row["kind"] == "out"] == [1, 2]


def test_components_weigh_by_what_neighbours_share():
    rng = np.random.default_rng(0)
    places = rng.random((500, 2))
    graph = spatial_graph(places, 10, Ledger("embed_spots", "test"))
    scores = np.column_stack([7 * np.sin(6 * places[:, 0]), rng.normal(0, 3, 500)])
    scores = (scores - scores.mean(axis=0)).astype(np.float32)
    everyone = np.ones(500, bool)
    weights = spatial_weights(scores, graph, everyone) * scores.std(axis=0)
    links = graph - sparse.eye_array(500)
    moran = (scores * (links @ scores)).sum(axis=0) / links.sum() / scores.var(axis=0)
    np.testing.assert_allclose(weights, np.clip(moran, 0, 1), rtol=1e-3)
    assert weights[0] > 0.8
    assert weights[1] < 0.1
    alternating = np.where(np.arange(500) % 2, 1.0, -1.0)[:, None]
    ring = sparse.csr_matrix(np.eye(500) + np.roll(np.eye(500), 1, axis=1) + np.roll(np.eye(500), -1, axis=1))
    np.testing.assert_allclose(spatial_weights(alternating, ring, everyone), 1)  # none shares anything: all the same
