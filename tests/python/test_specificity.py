"""Gene specificity scores: the definition, gsMap's own numbers, and what users get wrong."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import rankdata

from conftest import GSMAP, call, needs_gsmap, refused
from traitmap.average_ranks import average_ranks
from traitmap.errors import InputError
from traitmap.h5ad import write_in_blocks
from traitmap.ledger import Ledger
from traitmap.microdomain_kinds import COSINE
from traitmap.microdomains import find_microdomains
from traitmap.slices import read_slice
from traitmap.specificity import Settings, read_embedding, score_in_blocks, score_specificity
from traitmap.specificity_rows import LARGEST_EXPONENT

OF_GSMAP = ("--neighborhood", COSINE, "--neighbors", 21)


def simulated(n_spots=140, n_genes=60, seed=1, depth=0.8):
    """A slice with three regions of their own genes, and an embedding that knows them."""
    rng = np.random.default_rng(seed)
    region = rng.integers(0, 3, n_spots)
    mean = rng.lognormal(-1, 1, n_genes) * np.where(np.arange(n_genes) % 3 == region[:, None], 3, 0.5)
    counts = rng.poisson(mean * depth).astype(np.float32)
    counts[:, 5] = 0
    names = [f"G{i:03d}" for i in rng.permutation(n_genes)]
    names[7], names[8] = "MT-ND1", "mt-Co1"
    labels = pd.Categorical.from_codes(np.where(rng.random(n_spots) < 0.1, -1, region), ["a", "b", "c"])
    obs = pd.DataFrame({"region": labels}, index=[f"s{i}" for i in range(n_spots)])
    spatial = rng.uniform(0, 10, (n_spots, 2))
    data = anndata.AnnData(sparse.csr_matrix(counts), obs, pd.DataFrame(index=names), obsm={"spatial": spatial})
    return data, rng.normal(size=(n_spots, 4)) + 2 * np.eye(4)[region]


def plain(counts, microdomains, power=1.0, gate=True, background=None) -> np.ndarray:
    """The definition in dense float64, a spot at a time; ``counts`` of the ranked genes only."""
    log_rank = np.log(rankdata(counts, axis=1))
    mean, fraction = (log_rank.mean(0), (counts > 0).mean(0)) if background is None else background
    result = np.zeros(counts.shape)
    for i in range(len(counts)):
        members = microdomains.spots[microdomains.indptr[i] : microdomains.indptr[i + 1]]
        ratio = np.exp(log_rank[members].mean(axis=0) - mean)
        scores = (ratio > 1 + 1e-6) & ((counts[members] > 0).mean(axis=0) > fraction if gate else True)
        result[i, scores] = np.expm1(ratio[scores] ** power)
    return result


@pytest.mark.parametrize("power", [1.0, 1.5])
@pytest.mark.parametrize("gate", [True, False])
@pytest.mark.parametrize("use_labels", [True, False])
def test_as_defined(power, gate, use_labels):
    data, embedding = simulated()
    settings = Settings(8, 25, power, use_labels, gate, COSINE)
    result = score_specificity(data, embedding, Ledger("", "slice"), settings)
    labels = data.obs["region"].cat.codes.to_numpy() if use_labels else None
    found = find_microdomains(data.obsm["spatial"], embedding, 8, 25, labels)
    expressed = np.arange(data.n_vars) != 5
    expected = plain(data.X.toarray()[:, expressed], found, power, gate)
    expected = expected[:, ~data.var_names[expressed].str.upper().str.startswith("MT-")]
    assert 0.2 < (expected > 0).mean() < 0.7
    assert result.X.dtype == np.float32
    assert result.X.has_sorted_indices
    np.testing.assert_array_equal(result.X.toarray() > 0, expected > 0)
    np.testing.assert_allclose(result.X.toarray(), expected, rtol=1e-6)


def test_every_score_is_above_e_minus_1():
    data, embedding = simulated(depth=0.1)
    result = score_specificity(data, embedding, Ledger("", "slice"))
    assert result.X.nnz
    assert result.X.data.min() >= np.float32(np.e - 1)


def test_result_is_the_same_bit_for_bit_whatever_the_threads():
    data, embedding = simulated(300)
    results = [score_specificity(data, embedding, Ledger("", "slice"), threads=threads).X for threads in (1, 2, 3)]
    for other in results[1:]:
        for name in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(getattr(results[0], name), getattr(other, name))


def test_only_the_order_within_a_spot_matters():
    data, embedding = simulated()
    scaled = data.copy()
    scaled.X = sparse.csr_matrix(
        sparse.diags(np.random.default_rng(2).integers(1, 9, data.n_obs).astype(float)) @ data.X
    )
    one, other = (score_specificity(d, embedding, Ledger("", "slice")).X for d in (data, scaled))
    assert (one != other).nnz == 0


def test_genes_that_nothing_expresses_change_nothing():
    data, embedding = simulated()
    extra = anndata.AnnData(
        sparse.hstack([data.X, sparse.csr_matrix((data.n_obs, 40))], "csr").astype(np.float32),
        data.obs,
        pd.DataFrame(index=[*data.var_names, *(f"Z{i}" for i in range(40))]),
        obsm={"spatial": data.obsm["spatial"]},
    )
    one, other = (score_specificity(d, embedding, Ledger("", "slice")) for d in (data, extra))
    assert list(one.var_names) == list(other.var_names)
    assert (one.X != other.X).nnz == 0


def test_microdomain_of_all_spots_has_no_specific_gene():
    data, embedding = simulated(30)
    for gate in (True, False):
        settings = Settings(30, 30, use_labels=False, expression_gate=gate, neighborhood=COSINE)
        ledger = Ledger("", "slice")
        assert score_specificity(data, embedding, ledger, settings).X.nnz == 0
        assert any("30 spots have no specific gene" in text for text in ledger.warnings)


def test_background_of_one_slice_is_its_own():
    data, embedding = simulated()
    background = average_ranks([lambda ledger: data], Ledger("", ""))
    own = score_specificity(data, embedding, Ledger("", "slice"))
    given = score_specificity(data, embedding, Ledger("", "slice"), background=background)
    assert list(own.var_names) == list(given.var_names)
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(own.X, name), getattr(given.X, name))


def test_background_of_a_group():
    data, embedding = simulated()
    other, _ = simulated(90, 50, seed=2, depth=2)
    background = average_ranks([lambda ledger: data, lambda ledger: other], Ledger("", ""))
    ledger = Ledger("", "slice")
    result = score_specificity(
        data, embedding, ledger, Settings(8, 25, use_labels=False, neighborhood=COSINE), background
    )
    genes = [gene for gene in data.var_names if gene in background.index]
    assert len(genes) < data.n_vars - 1
    found = find_microdomains(data.obsm["spatial"], embedding, 8, 25)
    common = background.loc[genes, "mean_log_rank"], background.loc[genes, "expressed_fraction"]
    counts = data[:, genes].X.toarray()
    expected = pd.DataFrame(plain(counts, found, background=[c.to_numpy() for c in common]), columns=genes)
    np.testing.assert_allclose(result.X.toarray(), expected[result.var_names], rtol=1e-6)
    with pytest.raises(InputError, match="lacks 1 of the background's"):
        score_specificity(data[:, data.var_names != genes[0]].copy(), embedding, ledger, background=background)


def test_scores_that_would_overflow_are_capped_and_told():
    counts = np.tile(np.arange(1, 201, dtype=np.float32), (100, 1))
    counts[:3, 0] = 1000  # everywhere the least of 200 genes, in one place the greatest
    obs = pd.DataFrame(index=[f"s{i}" for i in range(100)])
    spatial = np.stack([np.arange(100.0), np.zeros(100)], axis=1)
    var = pd.DataFrame(index=[f"G{i}" for i in range(200)])
    data = anndata.AnnData(sparse.csr_matrix(counts), obs, var, obsm={"spatial": spatial})
    ledger = Ledger("", "slice")
    result = score_specificity(data, np.ones((100, 2)), ledger, Settings(1, 1, expression_gate=False))
    assert result.X.max() == np.float32(np.expm1(LARGEST_EXPONENT))
    assert np.isfinite(result.X.data).all()
    assert any("3 scores were capped" in text for text in ledger.warnings)


def test_all_is_accounted_for():
    data, embedding = simulated()
    ledger = Ledger("score_specificity", "slice")
    result = score_specificity(data, embedding, ledger, Settings(21, 101))
    counted = {row["what"]: row["n"] for row in ledger.counts}
    assert counted["not expressed in any spot"] == 1
    assert counted["mitochondrial (ranked, not scored)"] == 2
    assert result.shape == (data.n_obs, data.n_vars - 3)
    unlabelled = data.obs["region"].isna().sum()
    assert counted["without a label, their microdomain taken from all spots"] == unlabelled
    assert ledger.facts["share_non_zero"] == pytest.approx(
        result.X.nnz / result.X.shape[0] / result.X.shape[1], abs=1e-6
    )
    assert json.loads(result.uns["ledger"]) == ledger.to_dict()
    assert json.loads(result.uns["parameters"])["labels_used"] is True
    assert result.obsp["microdomain"].shape == (data.n_obs, data.n_obs)
    assert list(result.obs["region"].astype(object).fillna("")) == list(data.obs["region"].astype(object).fillna(""))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (Settings(neighbors=0), "--neighbors is 0"),
        (Settings(neighbors=50, spatial_neighbors=20), "--spatial-neighbors"),
        (Settings(power=-1), "--power is -1"),
        (Settings(radius=0.0), "--radius is 0"),
        (Settings(neighborhood="ring"), "--neighborhood is 'ring'; choose one of cosine_top_k"),
        (Settings(neighborhood="given"), "name the obs column with metacells"),
        (Settings(None, neighborhood="radius"), "--neighbors auto: goes with"),
        (Settings(specificity="gini"), "--specificity is 'gini'; choose one of gss, tau"),
        (Settings(power=float("nan")), "--power is nan"),
    ],
)
def test_senseless_settings_are_refused(settings, complaint):
    data, embedding = simulated(20)
    with pytest.raises(InputError, match=complaint):
        score_specificity(data, embedding, Ledger("", "slice"), settings)


def an_embedding(path, spots, values, key="embedding"):
    anndata.AnnData(obs=pd.DataFrame(index=spots), obsm={key: values}).write_h5ad(path)
    return path


def test_embedding_is_found_by_the_names_of_spots(tmp_path):
    values = np.arange(8.0).reshape(4, 2)
    path = an_embedding(tmp_path / "e.h5ad", list("dcba"), values)
    np.testing.assert_array_equal(read_embedding(path, pd.Index(list("abc"))), values[[3, 2, 1]])
    with pytest.raises(InputError, match=r"lacks 1 of the slice's 2 spots \(first: 'x'\)"):
        read_embedding(path, pd.Index(["a", "x"]))
    with pytest.raises(InputError, match=r"has no obsm\['X_pca'\] \(obsm: embedding\)"):
        read_embedding(path, pd.Index(["a"]), "X_pca")
    values[1, 1] = np.nan
    path = an_embedding(tmp_path / "nan.h5ad", list("dcba"), values)
    with pytest.raises(InputError, match=r"missing or infinite values .*'c'"):
        read_embedding(path, pd.Index(list("abcd")))
    np.testing.assert_array_equal(read_embedding(path, pd.Index(["a"])), values[[3]])


@needs_gsmap
def test_gsmap(tmp_path):
    """gsMap 1.73.8 ranks in float16: its scores are met within 1 %, but for flips of under 1 % of them at R = 1."""
    embedding = pd.read_parquet(GSMAP / "outputs" / "embedding.parquet").set_index("spot")
    path = an_embedding(tmp_path / "embedding.h5ad", embedding.index[::-1], embedding.to_numpy()[::-1])
    out = tmp_path / "specificity.h5ad"
    options = ("--annotation", "annotation", "--threads", 2, "--out", out, *OF_GSMAP)
    call("score_specificity.py", "--slice", GSMAP / "inputs" / "slice.h5ad", "--embedding", path, *options)
    result = anndata.read_h5ad(out)
    theirs = pd.read_parquet(GSMAP / "outputs" / "gss.parquet").set_index("gene").T
    assert set(theirs.columns) == set(result.var_names)
    theirs = theirs.loc[result.obs_names, result.var_names].to_numpy(np.float64)
    ours = result.X.toarray()
    assert ((ours > 0) != (theirs > 0)).mean() < 0.01
    both = (ours > 0) & (theirs > 0)
    np.testing.assert_allclose(ours[both], theirs[both], rtol=0.01)
    assert (result.obs["microdomain_purity"] == 1).all()
    # And no closer by chance: against its own definition in float64 nothing flips.
    data = read_slice(GSMAP / "inputs" / "slice.h5ad", Ledger("", ""), annotation="annotation")
    counts = data.X.toarray()[:, data.X.getnnz(axis=0) > 0]
    values = read_embedding(path, data.obs_names)
    found = find_microdomains(data.obsm["spatial"], values, labels=data.obs["region"].cat.codes.to_numpy())
    genes = data.var_names[data.X.getnnz(axis=0) > 0]
    exact = pd.DataFrame(plain(counts, found), columns=genes)[result.var_names].to_numpy()
    np.testing.assert_allclose(ours, exact, rtol=1e-5)


def test_executable_refuses_what_it_cannot_use(tmp_path):
    data, embedding = simulated(30)
    data.write_h5ad(tmp_path / "slice.h5ad")
    path = an_embedding(tmp_path / "embedding.h5ad", data.obs_names[:-1], embedding[:-1])
    out = tmp_path / "out.h5ad"
    arguments = ("--slice", tmp_path / "slice.h5ad", "--embedding", path, "--out", out)
    assert "lacks 1 of the slice's 30 spots" in refused("score_specificity.py", *arguments)
    assert "--power is 0.0" in refused("score_specificity.py", *arguments, "--power", 0)
    assert not out.exists()


def test_executable(tmp_path):
    data, embedding = simulated(60)
    data.write_h5ad(tmp_path / "slice.h5ad")
    path = an_embedding(tmp_path / "pca.h5ad", data.obs_names, embedding, "X_pca")
    background = tmp_path / "background.parquet"
    call("average_ranks.py", "--slice", tmp_path / "slice.h5ad", "--out", background)
    arguments = ("--slice", tmp_path / "slice.h5ad", "--embedding", path, "--embedding-key", "X_pca")
    arguments += ("--annotation", "region", "--no-use-labels", "--no-expression-gate", "--power", 1.5)
    call("score_specificity.py", *arguments, "--background", background, "--neighbors", 5, "--out", tmp_path / "o.h5ad")
    result = anndata.read_h5ad(tmp_path / "o.h5ad")
    parameters = json.loads(result.uns["parameters"])
    assert parameters["power"] == 1.5
    assert parameters["expression_gate"] is False
    assert parameters["labels_used"] is False
    assert result.obs["microdomain_purity"].min() < 1
    assert result.obs["region"].dtype == "category"
    expected = score_specificity(
        read_slice(tmp_path / "slice.h5ad", Ledger("", ""), annotation="region"),
        embedding,
        Ledger("", "slice"),
        Settings(5, 101, 1.5, False, False),
    )
    np.testing.assert_array_equal(result.X.toarray(), expected.X.toarray())


def test_a_file_written_in_blocks_is_the_one_written_whole(tmp_path, monkeypatch):
    data, embedding = simulated(60)
    monkeypatch.setattr("traitmap.specificity.BLOCK", 7)  # several blocks, the last of them shorter
    whole = score_specificity(data, embedding, Ledger("", "slice"))
    whole.write_h5ad(tmp_path / "whole.h5ad")
    scores = score_in_blocks(data, embedding, Ledger("", "slice"))
    write_in_blocks(scores.frame, scores.blocks(), tmp_path / "blocks.h5ad")
    one, other = (anndata.read_h5ad(tmp_path / f"{name}.h5ad") for name in ("whole", "blocks"))
    for table in ("obs", "var"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)
    for key, matrix in {"X": one.X, **one.obsp}.items():
        np.testing.assert_array_equal(matrix.toarray(), (other.X if key == "X" else other.obsp[key]).toarray())
    np.testing.assert_array_equal(one.obsm["spatial"], other.obsm["spatial"])
    assert one.uns == other.uns
    assert set(one.obsp) == set(other.obsp)
    assert other.X.indptr.dtype == other.X.indices.dtype == np.int32


def test_nothing_half_written_remains_of_blocks_that_fail(tmp_path):
    data, embedding = simulated(60)
    scores = score_in_blocks(data, embedding, Ledger("", "slice"))

    def failing():
        yield next(scores.blocks())
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_in_blocks(scores.frame, failing(), tmp_path / "o.h5ad")
    assert not list(tmp_path.iterdir())
