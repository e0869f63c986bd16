"""The embedding: model and loss in closed form, training, odd slices, quality, the executable."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from conftest import GSMAP, call, needs_gsmap, refused
from embedding_slices import layered_slice, purity
from traitmap.embedding import MODELS, Settings, embed_spots
from traitmap.embedding_model import SMALLEST_ERROR, GraphAutoencoder, Posterior, loss_of
from traitmap.embedding_training import SETTLING, SMALLEST_GAIN, choose_device, mixed_precision, reproducible
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slices import read_slice

QUICK = {"epochs": 12, "variable_genes": 100, "components": 20, "dimensions": 8}


def embed(data, **settings):
    ledger = Ledger("embed_spots", "test")
    return embed_spots(data, Settings(**{**QUICK, **settings}), ledger), ledger


def values(embedded):
    return np.asarray(embedded.obsm["embedding"])


# --- model and loss -----------------------------------------------------------------------------------------------


def test_divergence_in_closed_form():
    means = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    log_variances = torch.tensor([[0.0, 0.0], [0.0, 0.0], [np.log(4.0), 0.0]], dtype=torch.float32)
    expected = [0, 12.5, 0.5 * (4 - 1 - np.log(4))]
    np.testing.assert_allclose(Posterior(means, log_variances).divergence(), expected, rtol=1e-6)


def test_a_sample_has_the_posteriors_mean_and_spread():
    posterior = Posterior(torch.full((1, 1), 2.0), torch.full((1, 1), np.log(9.0)))
    assert posterior.sample(torch.zeros(1, 1)).item() == 2
    assert posterior.sample(torch.ones(1, 1)).item() == pytest.approx(5)


@pytest.fixture
def tiny():
    """An untrained model in evaluation mode with 12 spots on a ring: (model, features, edges)."""
    torch.manual_seed(0)
    spot = torch.arange(12)
    ring = torch.stack([torch.cat([spot, spot, spot]), torch.cat([spot, (spot + 1) % 12, (spot - 1) % 12])])
    return GraphAutoencoder(6, 3, 2, dropout=0.1).eval(), torch.randn(12, 6), ring


@pytest.mark.parametrize("average", [torch.mean, torch.median])
def test_the_loss_is_what_its_formula_says(tiny, average):
    model, features, edges = tiny
    labels = torch.tensor([0, 1, -1, 0, 1, 0, -1, -1, 0, 0, 1, 1])
    counted = torch.arange(12) < 9
    noises = [torch.randn(12, 3) for _ in range(2)]
    with torch.no_grad():
        loss = loss_of(model, features, edges, labels, counted, noises, average)
        posterior = model.encode(features, edges)
        draws = [posterior.sample(noise) for noise in noises]
        decoded = [model.decoder(drawn).numpy() for drawn in draws]
        log_odds = [torch.log_softmax(model.label_head(drawn), dim=1).numpy() for drawn in draws]
    plain = np.mean if average is torch.mean else lambda values: np.sort(values)[(len(values) - 1) // 2]
    errors = np.mean([((found - features.numpy()) ** 2).mean(axis=1) for found in decoded], axis=0)[:9]
    chosen = [spot for spot in range(9) if labels[spot] >= 0]
    surprise = np.mean([[-row[spot, labels[spot]] for spot in chosen] for row in log_odds], axis=0)
    assert loss.squared_error.item() == pytest.approx(plain(errors), rel=1e-5)
    assert loss.reconstruction.item() == pytest.approx(3 * np.log(plain(errors) + SMALLEST_ERROR), rel=1e-5)
    assert loss.divergence.item() == pytest.approx(plain(posterior.divergence().numpy()[:9]), rel=1e-5)
    assert loss.label.item() == pytest.approx(plain(surprise) * len(chosen) / 9, rel=1e-5)
    assert loss.total.item() == pytest.approx(sum(map(float, (loss.reconstruction, loss.divergence, loss.label))))


def test_spots_without_a_label_add_no_label_loss(tiny):
    model, features, edges = tiny
    noises, everyone = [torch.zeros(12, 3)], torch.ones(12, dtype=bool)
    unlabelled = loss_of(model, features, edges, torch.full((12,), -1), everyone, noises)
    assert unlabelled.label.item() == 0
    assert unlabelled.total.item() == loss_of(model, features, edges, None, everyone, noises).total.item()


def test_messages_reach_two_links_far_and_no_further(tiny):
    model, features, edges = tiny
    changed = features.clone()
    changed[0] += 5
    with torch.no_grad():
        moved = (model.encode(features, edges).mean - model.encode(changed, edges).mean).abs().sum(dim=1)
    assert (moved > 0).nonzero().ravel().tolist() == [0, 1, 2, 10, 11]


# --- device and reproducibility -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "available", "expected"),
    [
        ("auto", True, "cuda"),
        ("auto", False, "cpu"),
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_the_device_follows_what_is_asked_and_there(asked, available, expected):
    assert choose_device(asked, available) == expected


def test_cuda_that_is_missing_is_refused():
    with pytest.raises(InputError, match="no CUDA device"):
        choose_device("cuda", False)


def test_mixed_precision_does_nothing_on_a_cpu():
    with mixed_precision("cpu"):
        assert not torch.is_autocast_enabled("cpu")
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_reproducible_leaves_torch_as_it_was():
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.random.get_rng_state()
    with reproducible(5, "cpu"):
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        first = torch.randn(3)
    with reproducible(5, "cpu"):
        assert torch.equal(torch.randn(3), first)
    assert torch.get_num_threads() == before[0]
    assert torch.are_deterministic_algorithms_enabled() == before[1]
    assert torch.equal(torch.random.get_rng_state(), before[2])


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    data, _ = layered_slice()
    first = values(embed(data, seed=1)[0])
    torch.randn(7)  # the state of others' random numbers is of no account
    np.testing.assert_array_equal(values(embed(data, seed=1)[0]), first)
    assert not np.array_equal(values(embed(data, seed=2)[0]), first)


# --- training -----------------------------------------------------------------------------------------------------


FAST = {"learning_rate": 0.05, "dropout": 0.0, "weight_decay": 0.0}  # overfits: the last weights are not the best


def test_the_best_weights_are_those_that_embed():
    data, _ = layered_slice(100)
    whole, ledger = embed(data, **FAST, epochs=100, patience=100)
    best = ledger.facts["best_epoch"]
    assert SETTLING <= best < ledger.facts["epochs_trained"]
    judged = whole.uns["training_curve"].set_index("epoch")["held_out_loss"]
    assert judged[best] < judged.loc[SETTLING:].min() + SMALLEST_GAIN
    cut_short, _ = embed(data, **FAST, epochs=best)
    np.testing.assert_array_equal(values(cut_short), values(whole))


def test_training_stops_when_held_out_spots_gain_no_more():
    _, ledger = embed(layered_slice(100)[0], **FAST, epochs=300, patience=10)
    assert ledger.facts["epochs_trained"] == ledger.facts["best_epoch"] + 10
    assert ledger.facts["epochs_trained"] < 300


def test_an_end_that_comes_too_early_is_told():
    embedded, ledger = embed(layered_slice()[0], epochs=3)
    assert any("still fell at epoch 3" in warning for warning in ledger.warnings)
    assert embedded.uns["training_curve"]["epoch"].tolist() == [3]


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


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("spots", "genes"), [(2, 30), (5, 30), (40, 3), (41, 300)])
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


@pytest.mark.parametrize("model", MODELS)
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
        ({"model": "umap"}, "gat_ae, pca"),
        ({"device": "gpu"}, "auto, cpu or cuda"),
        ({"epochs": 0}, "--epochs is 0"),
        ({"graph_neighbors": 0}, "--graph-neighbors is 0"),
        ({"seed": -1}, "--seed is -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, word):
    with pytest.raises(InputError, match=word):
        Settings(**wrong).check()


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
    embedded = embed_spots(data, Settings(epochs=100), Ledger("embed_spots", "test"))
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
    options = ["--epochs", 12, "--variable-genes", 100, "--components", 20, "--dimensions", 8, "--seed", 3]
    call("embed_spots.py", "--slice", slice_file, *options, "--device", "cpu", "--out", tmp_path / "out.h5ad")
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
