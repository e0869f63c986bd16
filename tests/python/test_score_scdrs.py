"""scDRS through its package: its own published toy results, a planted region, control sets, mistakes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from methods_fixture import REGION, planted_slice
from traitmap.errors import InputError
from traitmap.formats import SCDRS, SCDRS_REGIONS
from traitmap.gene_sets import log_expression, measured, top_genes
from traitmap.ledger import Ledger
from traitmap.score_scdrs import NEIGHBORS, _link_alike, _Nearest, score_regions, score_spots, spots_table

TOY = resources.files("scdrs") / "data"
# This gene stands at the edge of a bin of mean and variance: pandas put it here for scDRS's authors, and puts it into
# 10.14 now, which changes the control sets of all genes after it. All other 2,499 genes are in the same bins.
AT_AN_EDGE, THEIR_BIN = "Lemd2", "10.13"

pytestmark = pytest.mark.skipif(not TOY.is_dir(), reason="the package scdrs came without its toy data")


@pytest.fixture
def toy() -> anndata.AnnData:
    return anndata.read_h5ad(str(TOY / "toydata_mouse.h5ad"))


@pytest.fixture(scope="module")
def toy_genes() -> pd.Series:
    table = pd.read_csv(str(TOY / "toydata_mouse.gs"), sep="\t", index_col="TRAIT")
    return pd.Series(1.0, index=table.loc["toydata_gs_mouse", "GENESET"].split(","))


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return pd.read_csv(str(TOY / "toydata_gs_mouse.ref_Ctrl20_CovNone.score.gz"), sep="\t", index_col=0)


def test_the_published_scores_of_the_toy_data(toy, toy_genes, published, monkeypatch):
    import scdrs

    preprocess = scdrs.preprocess

    def with_their_bin(data: anndata.AnnData) -> None:
        preprocess(data)
        data.uns["SCDRS_PARAM"]["GENE_STATS"].loc[AT_AN_EDGE, "mean_var"] = THEIR_BIN

    ours = score_spots(toy.copy(), toy_genes, controls=20, seed=0)
    np.testing.assert_allclose(ours["raw_score"], published["raw_score"], rtol=1e-5)
    monkeypatch.setattr(scdrs, "preprocess", with_their_bin)
    scores = score_spots(toy, toy_genes, controls=20, seed=0)
    for column in ("raw_score", "norm_score", "mc_pval", "pval", "zscore"):
        np.testing.assert_allclose(scores[column], published[column], rtol=1e-4, atol=1e-5, err_msg=column)


def test_the_published_group_statistics_of_the_toy_data(toy):
    stem = "toydata_gs_mouse.ref_Ctrl20_CovConstCovariate"
    full = pd.read_csv(str(TOY / f"{stem}.full_score.gz"), sep="\t", index_col=0)
    wanted = pd.read_csv(str(TOY / f"{stem}.scdrs_group.cell_type"), sep="\t", index_col=0)
    toy.obs[REGION] = toy.obs["cell_type"]
    found = score_regions(toy, full.loc[toy.obs_names], seed=0).set_index(REGION)
    assert list(found.index) == ["causal_cell", "non_causal_cell"]
    for ours, theirs in (
        ("n_spots", "n_cell"),
        ("assoc_p", "assoc_mcp"),
        ("assoc_z", "assoc_mcz"),
        ("hetero_p", "hetero_mcp"),
        ("n_fdr_05", "n_fdr_0.05"),
    ):
        np.testing.assert_allclose(found[ours], wanted.loc[found.index, theirs], rtol=1e-5, err_msg=ours)
    # On a graph of neighbours that differs in a few links between versions of umap-learn.
    np.testing.assert_allclose(found["hetero_z"], wanted.loc[found.index, "hetero_mcz"], rtol=0.02)


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> tuple[anndata.AnnData, pd.Series, Path]:
    """Log expression of a slice whose region b expresses the trait's genes; spot 7 has no count, spot 8 no label."""
    counts, path, genes = planted_slice(tmp_path_factory.mktemp("scdrs"))
    data = log_expression(counts, path, "spots", Ledger("", ""))
    return data, measured(genes, data.var_names, Ledger("", "")), path


def test_the_region_that_expresses_the_genes_is_found(planted):
    data, genes, _path = planted
    data = data.copy()
    scores = score_spots(data, genes, controls=99, seed=1)
    regions = score_regions(data, scores, seed=1)
    assert tuple(regions) == SCDRS_REGIONS
    assert regions[REGION].tolist()[0] == "b"
    assert regions["assoc_p"].tolist()[0] == pytest.approx(0.01)
    assert (regions["assoc_p"][1:] > 0.05).all()
    assert regions["n_spots"].sum() == data.obs[REGION].notna().sum()
    table = spots_table(scores, pd.Index([*data.obs_names, "empty"]))
    assert tuple(table) == SCDRS
    assert table["p"].isna().tolist() == [False] * data.n_obs + [True]
    inside = (data.obs[REGION] == "b").to_numpy()
    assert table["z"][:-1][inside].mean() > 1 > table["z"][:-1][~inside].mean()


def test_the_same_seed_gives_the_same_scores_and_another_others(planted):
    data, genes, _path = planted
    one, same, other = (score_spots(data.copy(), genes, controls=20, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert not np.allclose(one["norm_score"], other["norm_score"])


def test_microdomains_average_counts_before_the_logarithm(planted):
    _data, _genes, path = planted
    counts, _, _ = planted_slice(path.parent)
    ledger = Ledger("", "")
    means = log_expression(counts, path, "microdomains", ledger)
    assert next(c["n"] for c in ledger.counts if c["what"] == "without any count") == 1
    totals = np.asarray(counts.X.sum(axis=1)).ravel()
    scaled = counts.X.toarray() * (1e4 / np.where(totals > 0, totals, 1))[:, None]
    weights = anndata.read_h5ad(path).obsp["microdomain"].toarray()
    twin = np.log1p(weights @ scaled)[totals > 0][:, counts.var_names.get_indexer(means.var_names)]
    np.testing.assert_allclose(means.X.toarray(), twin, rtol=1e-5)


def test_first_genes_are_a_tenth_at_most_and_their_weight_is_capped():
    z = pd.Series(np.linspace(-2, 14, 200), index=[f"G{i:03}" for i in range(200)])
    associations = pd.DataFrame({"z": z, "p": 0.5})
    weights = top_genes(associations, 1000, Ledger("", ""))
    assert len(weights) == 20
    assert weights.index[0] == "G199"
    assert weights.max() == 10
    assert len(top_genes(associations, 15, Ledger("", ""))) == 15
    assert top_genes(associations.assign(z=-1.0), 15, Ledger("", "")).empty


def test_genes_of_another_kind_of_name_are_told():
    with pytest.raises(InputError, match=r"only 0 of the trait's 20 first genes .* are measured"):
        measured(pd.Series(1.0, index=range(20)), pd.Index(["A"]), Ledger("", ""))


def test_neighbours_are_scanpys_own_and_exact_however_many_spots():
    import scanpy as sc

    rng = np.random.default_rng(3)
    small = anndata.AnnData(rng.normal(size=(200, 60)))
    _link_alike(small, 0)
    own = small.obsp["connectivities"].toarray()
    sc.pp.neighbors(small, n_neighbors=NEIGHBORS, random_state=0)
    np.testing.assert_allclose(own, small.obsp["connectivities"].toarray(), atol=1e-4)

    many = anndata.AnnData(rng.normal(size=(8300, 60)).astype(np.float32))
    _link_alike(many, 0)
    graph = sparse.csr_matrix(many.obsp["distances"])
    at = np.sqrt(((many.obsm["X_pca"][4] - many.obsm["X_pca"]) ** 2).sum(axis=1))
    nearest = np.argsort(at)[1:NEIGHBORS]
    assert set(nearest) <= set(graph[4].indices)
    np.testing.assert_allclose(graph[4, nearest].toarray().ravel(), at[nearest], rtol=1e-4)


def test_points_at_one_place_are_their_own_first_neighbours():
    points = np.repeat(np.arange(6.0)[:, None], 5, axis=0)  # five at each place
    found = _Nearest(4).fit_transform(points)
    rows = found.indices.reshape(30, 4)
    assert rows[:, 0].tolist() == list(range(30))
    assert all(len(set(row)) == 4 for row in rows)
    assert found.data.max() == 0
