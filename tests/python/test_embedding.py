"""The embedding of slices and groups of slices: labels, odd slices, quality, the executable."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from threadpoolctl import threadpool_limits

from conftest import GSMAP, call, needs_gsmap, refused
from embedding_slices import QUICK, embed, layered_slice, purity, values
from traitmap.embedding import MODELS, Settings, Slice, embed_slices, embed_spots
from traitmap.embedding_given import read_given
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slices import read_slice

ALL_MODELS = [name for name in MODELS if name != "given"]


# --- labels -------------------------------------------------------------------------------------------------------


def test_without_labels_nothing_of_them_is_learned():
    data, _ = layered_slice(regions=True)
    free = data.copy()
    del free.obs["region"]
    guided, ledger = embed(data)
    assert (guided.uns["training_curve"]["held_out_label"] > 0).all()
    assert any("not independent" in warning for warning in ledger.warnings)
    alone, ledger = embed(free)
    assert (alone.uns["training_curve"]["held_out_label"] == 0).all()
    assert not any("label" in warning for warning in ledger.warnings)
    assert not np.array_equal(values(guided), values(alone))


def test_labels_guide_a_model_or_are_told_not_to():
    data, _ = layered_slice(100, regions=True)
    free = data.copy()
    del free.obs["region"]
    for model, guides in (("smoothed_pca", True), ("pca", False)):
        guided, ledger = embed(data, model=model)
        assert any("not independent" in warning for warning in ledger.warnings) == guides
        assert any(f"do not guide the model {model}" in warning for warning in ledger.warnings) != guides
        assert np.array_equal(values(guided), values(embed(free, model=model)[0])) != guides


def test_unlabelled_spots_and_rare_labels_are_kept():
    data, _ = layered_slice(60, regions=True)
    labels = data.obs["region"].astype(object)
    labels.iloc[:30] = None
    labels.iloc[30] = "alone"
    data.obs["region"] = pd.Categorical(labels)
    embedded, ledger = embed(data)
    assert embedded.obs_names.tolist() == data.obs_names.tolist()
    assert np.isfinite(values(embedded)).all()
    assert [row["n"] for row in ledger.counts if "guided" in row["what"]] == [30]


# --- odd slices ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ALL_MODELS)
@pytest.mark.parametrize(("spots", "genes"), [(2, 30), (5, 30), (40, 3), (40, 300)])
def test_slices_of_any_size(model, spots, genes):
    data, _ = layered_slice(spots, genes, depth=10)
    embedded, ledger = embed(data, model=model, epochs=3)
    assert values(embedded).shape[0] == spots
    assert values(embedded).dtype == np.float32
    assert np.isfinite(values(embedded)).all()
    assert ledger.facts["dimensions"] == values(embedded).shape[1]


def test_too_few_spots_to_hold_out_are_all_trained_on():
    _, ledger = embed(layered_slice(30)[0], epochs=3)
    assert any("too few to hold any out" in warning for warning in ledger.warnings)
    assert [row["n"] for row in ledger.counts if "held out" in row["what"]] == [0]


@pytest.mark.parametrize("model", ALL_MODELS)
def test_spots_without_counts_are_embedded(model):
    data, _ = layered_slice(60)
    counts = data.X.toarray()
    counts[10:13] = 0
    data.X = sparse.csr_matrix(counts)
    embedded, ledger = embed(data, model=model, epochs=5)
    lengths = np.linalg.norm(values(embedded)[10:13], axis=1)
    if model == "pca":
        np.testing.assert_array_equal(lengths, 0)
        assert any("3 spots without counts" in warning for warning in ledger.warnings)
    else:
        assert (lengths > 0).all()  # their neighbours speak for them


@pytest.mark.parametrize("model", ALL_MODELS)
def test_threads_change_no_bit(model):
    data, _ = layered_slice(60)
    threads = torch.get_num_threads()
    found = []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            with threadpool_limits(number):
                found.append(values(embed(data, model=model, epochs=3)[0]))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(*found)


def test_all_spots_at_one_place():
    data, _ = layered_slice(60)
    data.obsm["spatial"] = np.zeros((60, 2))
    assert np.isfinite(values(embed(data, epochs=3)[0])).all()


def test_every_gene_is_accounted_for():
    data, _ = layered_slice(80, 150)
    _, ledger = embed(data, epochs=1)
    genes = [row for row in ledger.counts if row["of"] == "genes"]
    assert data.n_vars - sum(row["n"] for row in genes if row["kind"] == "removed") == 100
    assert [row["n"] for row in genes if row["kind"] == "out"] == [100]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"model": "umap"}, "smoothed_pca, gat_ae, contrastive, propagation, pca, given"),
        ({"model": "given"}, "--embedding-key is missing"),
        ({"contrast": "none"}, "infonce, infomax, triplet"),
        ({"steps": 0}, "--steps is 0"),
        ({"device": "gpu"}, "auto, cpu, cuda"),
        ({"epochs": 0}, "--epochs is 0"),
        ({"graph_neighbors": 0}, "--graph-neighbors is 0"),
        ({"seed": -1}, "--seed is -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, word):
    with pytest.raises(InputError, match=word):
        Settings(**wrong).check()


# --- groups of slices ---------------------------------------------------------------------------------------------


def in_group(*data, settings=None, heights=None, given=None):
    """Embedded together: (results, ledgers)."""
    ledgers = [Ledger("embed_spots", f"slice {number}") for number in range(len(data))]
    if given:
        data = [one.copy() for one in data]
        for one, values_of_it in zip(data, given, strict=True):
            one.obsm["given"] = values_of_it
    slices = [
        Slice(lambda _ledger, one=one: one, ledger, heights[number] if heights else None)
        for number, (one, ledger) in enumerate(zip(data, ledgers, strict=True))
    ]
    return embed_slices(slices, Settings(**{**QUICK, **(settings or {})})), ledgers


@pytest.fixture(scope="module")
def two_slices():
    """Two slices of one tissue: the same levels of expression, other spots; in the second all genes catch otherwise."""
    one, band = layered_slice(150, 120)
    other, _ = layered_slice(150, 120)
    rng = np.random.default_rng(5)
    counts = other.X.toarray()[rng.permutation(150)]
    order = np.argsort(rng.permutation(150), kind="stable")
    counts = rng.poisson(counts[order] * rng.lognormal(0, 0.4, 120)).astype(np.float32)
    other.X = sparse.csr_matrix(counts)
    return one, other, band


@pytest.mark.parametrize("model", ALL_MODELS)
def test_slices_of_a_group_are_embedded_together(two_slices, model):
    one, other, _ = two_slices
    results, ledgers = in_group(one, other, settings={"model": model})
    for data, result, ledger in zip((one, other), results, ledgers, strict=True):
        assert result.obs_names.tolist() == data.obs_names.tolist()
        assert np.isfinite(values(result)).all()
        assert result.obsp["spatial_graph"].shape == (150, 150)
        assert ledger.facts["slices_embedded_together"] == 2
        assert ledger.facts["links_between_slices"] == 0
    alone, _ = embed(one, model=model)
    assert not np.array_equal(values(alone), values(results[0]))


def test_components_hold_no_difference_between_slices(two_slices):
    results, _ = in_group(*two_slices[:2], settings={"model": "pca"})
    for result in results:
        np.testing.assert_allclose(np.asarray(result.obsm["pca"]).mean(axis=0), 0, atol=1e-4)


def test_a_group_uses_the_genes_that_all_slices_have(two_slices):
    one, other, _ = two_slices
    results, ledgers = in_group(one, other[:, 20:].copy(), settings={"variable_genes": 3000})
    notes = [row for row in ledgers[0].counts if "not in every slice" in row["what"]]
    assert [row["n"] for row in notes] == [20]
    assert ledgers[1].facts["variable_genes"] <= 100
    assert len(results) == 2


def test_slices_without_a_common_gene_are_refused(two_slices):
    one, other, _ = two_slices
    with pytest.raises(InputError, match="no gene in common"):
        in_group(one[:, :50].copy(), other[:, 50:].copy())


def test_a_slice_that_cannot_be_read_is_told_and_the_others_are_embedded(two_slices):
    def broken(_ledger):
        raise InputError("no counts")

    one, other, _ = two_slices
    slices = [Slice(read, Ledger("embed_spots", "test")) for read in (lambda _: one, broken, lambda _: other)]
    settings = Settings(**{**QUICK, "model": "pca"})
    told = []
    found = embed_slices(slices, settings, lambda which, error: told.append((which, str(error))))
    assert told == [(slices[1], "no counts")]
    assert found[1] is None
    for result, expected in zip((found[0], found[2]), in_group(one, other, settings={"model": "pca"})[0], strict=True):
        np.testing.assert_array_equal(values(result), values(expected))
    assert embed_slices(slices[1:2], settings, lambda *_: None) == [None]
    with pytest.raises(InputError, match="no counts"):
        embed_slices(slices, settings)


def test_a_stack_links_its_slices(two_slices):
    one, other, _ = two_slices
    flat, _ = in_group(one, other)
    stacked, ledgers = in_group(one, other, heights=[0.0, 10.0])
    assert ledgers[0].facts["links_between_slices"] > 150
    assert not np.array_equal(values(flat[0]), values(stacked[0]))
    assert json.loads(stacked[1].uns["parameters"])["z"] == 10
    assert (stacked[0].obsp["spatial_graph"] != flat[0].obsp["spatial_graph"]).nnz == 0


def test_labels_of_a_group_mean_the_same_in_every_slice():
    one, other = layered_slice(80, regions=True)[0], layered_slice(80, regions=True, seed=2)[0]
    other.obs["region"] = other.obs["region"].cat.remove_categories(["inner"])
    _, ledgers = in_group(one, other)
    guided = [row["n"] for ledger in ledgers for row in ledger.counts if "guided" in row["what"]]
    assert guided == [80, int(other.obs["region"].notna().sum())]


def test_the_users_own_embedding_is_taken_as_it_is(two_slices):
    one, other, _ = two_slices
    given = [np.random.default_rng(seed).normal(size=(150, 7)).astype(np.float32) for seed in range(2)]
    results, _ = in_group(one, other, settings={"model": "given", "embedding_key": "mine"}, given=given)
    for result, expected in zip(results, given, strict=True):
        np.testing.assert_array_equal(values(result), expected)
        assert "pca" in result.obsm


# --- quality ------------------------------------------------------------------------------------------------------


def test_neighbours_in_the_embedding_are_of_the_same_layer():
    data, band = layered_slice(300, 200, depth=1.0)
    embedded, _ = embed(data, epochs=60)
    found = purity(values(embedded), data.obsm["spatial"], band)
    assert found > 0.95
    assert found > purity(np.asarray(embedded.obsm["pca"]), data.obsm["spatial"], band)
    assert found > purity(data.obsm["spatial"] - 50, data.obsm["spatial"], band)


@needs_gsmap
def test_it_is_purer_without_labels_than_gsmap_with_them():
    data = read_slice(GSMAP / "inputs" / "slice.h5ad", Ledger("embed_spots", "test"), annotation="annotation")
    labels = data.obs.pop("region").astype(str).to_numpy()
    gsmap = pd.read_parquet(GSMAP / "outputs" / "embedding.parquet").set_index("spot").loc[data.obs_names].to_numpy()
    embedded = embed_spots(data, Settings(), Ledger("embed_spots", "test"))
    assert purity(values(embedded), data.obsm["spatial"], labels) > purity(gsmap, data.obsm["spatial"], labels)


# --- the executable -----------------------------------------------------------------------------------------------


@pytest.fixture
def slice_file(tmp_path):
    data, _ = layered_slice()
    data.write_h5ad(tmp_path / "slice.h5ad")
    return tmp_path / "slice.h5ad"


def test_the_executable_gives_the_same_bits_with_other_threads(slice_file, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setenv("MKL_NUM_THREADS", "4")
    options = [
        "--epochs",
        12,
        "--variable-genes",
        100,
        "--components",
        20,
        "--dimensions",
        8,
        "--seed",
        3,
        "--model",
        "gat_ae",
    ]
    options += ["--model", "gat_ae", "--device", "cpu"]
    call("embed_spots.py", "--slice", slice_file, *options, "--out", tmp_path / "out.h5ad")
    found = anndata.read_h5ad(tmp_path / "out.h5ad")
    data = read_slice(slice_file, Ledger("embed_spots", "slice.h5ad"))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        expected, _ = embed(data, seed=3, device="cpu")
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(values(found), values(expected))
    assert found.obs_names.tolist() == data.obs_names.tolist()
    assert sparse.issparse(found.obsp["spatial_graph"])
    np.testing.assert_array_equal(found.obsm["spatial"], data.obsm["spatial"])
    assert {"epoch", "loss", "held_out_loss"} <= set(found.uns["training_curve"].columns)
    assert json.loads(found.uns["parameters"])["seed"] == 3
    assert json.loads(found.uns["ledger"])["facts"]["device"] == "cpu"


def test_the_executable_takes_another_species_without_homologs(slice_file, tmp_path):
    options = ["--species", "mouse", "--homologs", tmp_path / "none.txt", "--model", "pca"]
    call("embed_spots.py", "--slice", slice_file, *options, "--out", tmp_path / "out.h5ad")
    found = anndata.read_h5ad(tmp_path / "out.h5ad")
    np.testing.assert_array_equal(values(found), np.asarray(found.obsm["pca"])[:, :30])
    assert len(found.uns["training_curve"]) == 0


def test_the_executable_refuses_in_lines(slice_file, tmp_path):
    out = tmp_path / "out.h5ad"
    assert "no such file" in refused("embed_spots.py", "--slice", tmp_path / "none.h5ad", "--out", out)
    complaint = refused("embed_spots.py", "--slice", slice_file, "--model", "umap", "--epochs", 0, "--out", out)
    assert len(complaint.strip().splitlines()) == 2
    assert not out.exists()


def test_the_executable_embeds_a_stack(two_slices, tmp_path):
    options = []
    for number, data in enumerate(two_slices[:2]):
        data.write_h5ad(tmp_path / f"{number}.h5ad")
        options += ["--slice", tmp_path / f"{number}.h5ad", "--out", tmp_path / f"out{number}.h5ad", "--z", number]
    call("embed_spots.py", *options, "--no-umap")
    found = [anndata.read_h5ad(tmp_path / f"out{number}.h5ad") for number in range(2)]
    assert [len(one) for one in found] == [150, 150]
    assert json.loads(found[0].uns["ledger"])["facts"]["links_between_slices"] > 0
    counts = json.loads(found[1].uns["ledger"])["counts"]
    assert [row["n"] for row in counts if row["of"] == "spots" and row["kind"] == "in"] == [
        150
    ]  # read twice, told once
    complaint = refused("embed_spots.py", *options[:-2], "--out", tmp_path / "third.h5ad")
    assert "--out is given 3 times for 2 slices" in complaint
    assert "--z is given once" in complaint


def test_the_executable_takes_a_given_embedding_or_says_what_is_wrong(tmp_path):
    data, _ = layered_slice(60)
    data.obsm["STAGATE"] = np.random.default_rng(0).normal(size=(60, 4))
    data.obsm["broken"] = np.where(np.arange(60)[:, None] == 5, np.nan, data.obsm["STAGATE"])
    data.obsm["empty"] = np.zeros((60, 4))
    data.write_h5ad(tmp_path / "slice.h5ad")
    options = ["--slice", tmp_path / "slice.h5ad", "--model", "given", "--out", tmp_path / "out.h5ad", "--no-umap"]
    call("embed_spots.py", *options, "--embedding-key", "STAGATE")
    found = anndata.read_h5ad(tmp_path / "out.h5ad")
    np.testing.assert_array_equal(values(found), data.obsm["STAGATE"].astype(np.float32))
    for key, word in (
        ("none", r"has no embedding in obsm\['none'\]"),
        ("broken", "row 6"),
        ("empty", "nothing but zeros"),
    ):
        with pytest.raises(InputError, match=word):
            read_given(tmp_path / "slice.h5ad", key)
