"""Training of the embedding: device, reproducibility, best weights, tiles, checkpoints."""

import numpy as np
import pytest
import torch

from embedding_slices import embed, layered_slice, values
from traitmap import embedding_training
from traitmap.embedding_gat_ae import GraphAttentionAutoencoder
from traitmap.embedding_graph import spatial_graph
from traitmap.embedding_model import Inputs
from traitmap.embedding_tiles import FIRST_HALF, WHOLE, pieces, spots_of, tiles_of
from traitmap.embedding_training import SETTLING, choose_device, mixed_precision, reproducible
from traitmap.errors import InputError
from traitmap.ledger import Ledger

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
    assert judged[best] < judged.loc[SETTLING:].min() + GraphAttentionAutoencoder.smallest_gain
    cut_short, _ = embed(data, **FAST, epochs=int(best))
    np.testing.assert_array_equal(values(cut_short), values(whole))


def test_training_stops_when_held_out_spots_gain_no_more():
    _, ledger = embed(layered_slice(100)[0], **FAST, epochs=300, patience=10)
    assert ledger.facts["epochs_trained"] == ledger.facts["best_epoch"] + 10
    assert ledger.facts["epochs_trained"] < 300


def test_an_end_that_comes_too_early_is_told():
    embedded, ledger = embed(layered_slice()[0], epochs=3)
    assert any("still fell at the last of 3 steps" in warning for warning in ledger.warnings)
    assert embedded.uns["training_curve"]["epoch"].tolist() == [3]


# --- tiles --------------------------------------------------------------------------------------------------------


def inputs_of(spots=300, slices=1, seed=0):
    rng = np.random.default_rng(seed)
    places = rng.random((spots, 2))
    features = rng.normal(size=(spots, 4)).astype(np.float32)
    halves = rng.normal(size=(spots, 2, 4)).astype(np.float32)
    graph = spatial_graph(places, 6, Ledger("embed_spots", "test"))
    code = np.sort(rng.integers(0, slices, spots))
    return Inputs(features, features, halves, graph, places, code, np.ones(spots, bool))


def test_pieces_are_compact_and_hold_every_spot_once():
    inputs = inputs_of(slices=3)
    found = pieces(inputs.places, inputs.slices, 40)
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), np.arange(300))
    assert max(map(len, found)) <= 40
    assert all(len(set(inputs.slices[group])) == 1 for group in found)


def test_a_tile_sees_all_that_its_layers_need():
    """The embedding of a tile's own spots is that of the whole slice."""
    inputs = inputs_of()
    torch.manual_seed(0)
    network = GraphAttentionAutoencoder(4, 0, 3, 0, 0.1).eval()
    spots = spots_of(inputs, network.hops)
    chosen = torch.arange(300) % 3 > 0
    with torch.no_grad():
        spots.input = spots.features[:, WHOLE]
        whole = network.embed(spots)
        tiles = tiles_of(spots, chosen, pieces(inputs.places, inputs.slices, 40), network.reach)
        assert sum(int(tile.own.sum()) for tile in tiles) == int(chosen.sum())
        assert max(tile.num_nodes for tile in tiles) < 300
        for tile in tiles:
            np.testing.assert_allclose(network.embed(tile)[tile.own], whole[tile.spot[tile.own]], atol=1e-5)


def test_propagated_features_are_powers_of_the_normalised_graph():
    inputs = inputs_of(60)
    scale = 1 / np.sqrt(np.diff(inputs.graph.indptr))
    operator = scale[:, None] * inputs.graph.toarray() * scale
    half = inputs.halves[:, 0] / inputs.features[:, 0].std(ddof=1)
    found = spots_of(inputs, 3).features[:, FIRST_HALF].numpy()
    expected = np.hstack([np.linalg.matrix_power(operator, hops) @ half for hops in range(4)])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_slices_are_told_apart_only_where_there_are_several():
    assert spots_of(inputs_of(slices=1), 0).covariate.shape == (300, 0)
    covariate = spots_of(inputs_of(slices=3), 0).covariate.numpy()
    np.testing.assert_array_equal(covariate.argmax(axis=1), inputs_of(slices=3).slices)
    np.testing.assert_array_equal(covariate.sum(axis=1), 1)


@pytest.mark.parametrize("model", ["gat_ae", "contrastive", "propagation"])
def test_slices_larger_than_a_batch_are_trained_on_in_tiles(model, monkeypatch):
    monkeypatch.setattr(embedding_training, "EMBEDDED_AT_ONCE", 50)
    embedded, ledger = embed(layered_slice(200)[0], model=model, batch=60, tile=30, epochs=4)
    assert ledger.facts["steps_trained"] > 10
    assert ledger.facts["epochs_trained"] == 4
    assert np.isfinite(values(embedded)).all()
    again, _ = embed(layered_slice(200)[0], model=model, batch=60, tile=30, epochs=4)
    np.testing.assert_array_equal(values(again), values(embedded))


def test_embedding_in_tiles_is_embedding_at_once(monkeypatch):
    at_once, _ = embed(layered_slice(200)[0])
    monkeypatch.setattr(embedding_training, "EMBEDDED_AT_ONCE", 50)
    in_tiles, _ = embed(layered_slice(200)[0])
    np.testing.assert_allclose(values(in_tiles), values(at_once), atol=1e-5)


def test_steps_end_training_too():
    _, ledger = embed(layered_slice(200)[0], batch=60, tile=30, epochs=50, steps=7)
    assert ledger.facts["steps_trained"] == 7


# --- checkpoints --------------------------------------------------------------------------------------------------


class KilledError(Exception):
    """Stands for whatever ends a task before its time."""


@pytest.mark.parametrize("size", [{}, {"batch": 60, "tile": 30}])
def test_training_that_was_cut_short_ends_as_if_it_had_not_been(size, tmp_path, monkeypatch):
    data, _ = layered_slice(150)
    settings = {**size, "epochs": 80, "steps": 80}
    undisturbed, _ = embed(data, **settings)
    path, steps, step = tmp_path / "training.pt", [], embedding_training._Training._step

    def counted(self, done):
        if len(steps) == 63:
            raise KilledError
        steps.append(done.step)
        return step(self, done)

    monkeypatch.setattr(embedding_training._Training, "_step", counted)
    with pytest.raises(KilledError):
        embed(data, **settings, checkpoint=path)
    monkeypatch.setattr(
        embedding_training._Training, "_step", lambda self, done: steps.append(done.step) or step(self, done)
    )
    resumed, _ = embed(data, **settings, checkpoint=path)
    assert steps[63] == 50  # the last checkpoint
    np.testing.assert_array_equal(values(resumed), values(undisturbed))
    assert resumed.uns["training_curve"].equals(undisturbed.uns["training_curve"])


def test_a_finished_checkpoint_embeds_without_training(tmp_path):
    data, path = layered_slice(60)[0], tmp_path / "training.pt"
    first, _ = embed(data, checkpoint=path)
    second, ledger = embed(data, checkpoint=path)
    np.testing.assert_array_equal(values(first), values(second))
    assert ledger.facts["steps_trained"] == 12


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "training.pt"
    embed(layered_slice(60)[0], checkpoint=path)
    with pytest.raises(InputError, match="other slices or settings"):
        embed(layered_slice(60, seed=2)[0], checkpoint=path)
    with pytest.raises(InputError, match="other slices or settings"):
        embed(layered_slice(60)[0], checkpoint=path, seed=4)
    path.write_text("not a checkpoint")
    with pytest.raises(InputError, match="no checkpoint"):
        embed(layered_slice(60)[0], checkpoint=path)
