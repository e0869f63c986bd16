"""The networks of the embedding: losses in closed form, how far messages reach, what the parts of an embedding are."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch_geometric.data import Data

from traitmap.embedding_autoencoder import SMALLEST_ERROR, Posterior
from traitmap.embedding_contrastive import MARGIN, TEMPERATURE, ContrastiveNetwork
from traitmap.embedding_gat_ae import GraphAttentionAutoencoder
from traitmap.embedding_graph import spatial_graph
from traitmap.embedding_model import CONTRASTS
from traitmap.embedding_propagation import averaged, unit
from traitmap.ledger import Ledger

SPOTS, COMPONENTS, DIMENSIONS, CLASSES = 12, 6, 3, 2


def ring(slices=0):
    """A tile of 12 spots on a ring, each linked with the two beside it and itself."""
    torch.manual_seed(0)
    spot = torch.arange(SPOTS)
    edges = torch.stack([torch.cat([spot] * 3), torch.cat([spot, (spot + 1) % SPOTS, (spot - 1) % SPOTS])])
    return Data(
        input=torch.randn(SPOTS, COMPONENTS),
        target=torch.randn(SPOTS, COMPONENTS),
        covariate=torch.nn.functional.one_hot(spot % slices, slices).float() if slices else torch.zeros(SPOTS, 0),
        edge_index=edges,
        y=torch.tensor([0, 1, -1, 0, 1, 0, -1, -1, 0, 0, 1, 1]),
        num_nodes=SPOTS,
    )


def attention(slices=0):
    torch.manual_seed(1)
    return GraphAttentionAutoencoder(COMPONENTS, slices, DIMENSIONS, CLASSES, dropout=0.1).eval()


def contrastive(kind, classes=CLASSES):
    torch.manual_seed(1)
    return ContrastiveNetwork(COMPONENTS, 0, DIMENSIONS, classes, 0.1, kind).eval()


# --- autoencoder --------------------------------------------------------------------------------------------------


def test_divergence_in_closed_form():
    means = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    log_variances = torch.tensor([[0.0, 0.0], [0.0, 0.0], [np.log(4.0), 0.0]], dtype=torch.float32)
    expected = [0, 12.5, 0.5 * (4 - 1 - np.log(4))]
    np.testing.assert_allclose(Posterior(means, log_variances).divergence(), expected, rtol=1e-6)


def test_a_sample_has_the_posteriors_mean_and_spread():
    posterior = Posterior(torch.full((1, 1), 2.0), torch.full((1, 1), np.log(9.0)))
    assert posterior.sample(torch.zeros(1, 1)).item() == 2
    assert posterior.sample(torch.ones(1, 1)).item() == pytest.approx(5)


@pytest.mark.parametrize("average", [torch.mean, torch.median])
def test_the_loss_is_what_its_formula_says(average):
    tile, network = ring(), attention()
    counted = torch.arange(SPOTS) < 9
    noises = [torch.randn(SPOTS, DIMENSIONS) for _ in range(2)]
    with torch.no_grad():
        loss = network.total(network.parts(tile, counted, noises), average)
        posterior = network.encode(tile)
        draws = [posterior.sample(noise) for noise in noises]
        decoded = [network.decoder(drawn).numpy() for drawn in draws]
        log_odds = [torch.log_softmax(network.label_head(drawn), dim=1).numpy() for drawn in draws]
    plain = np.mean if average is torch.mean else lambda values: np.sort(values)[(len(values) - 1) // 2]
    errors = np.mean([((found - tile.target.numpy()) ** 2).mean(axis=1) for found in decoded], axis=0)[:9]
    surprise = [
        np.mean([-row[spot, tile.y[spot]] for row in log_odds]) if tile.y[spot] >= 0 else 0 for spot in range(9)
    ]
    assert loss["unexplained"].item() == pytest.approx(plain(errors), rel=1e-5)
    assert loss["reconstruction"].item() == pytest.approx(3 * np.log(plain(errors) + SMALLEST_ERROR), rel=1e-5)
    assert loss["divergence"].item() == pytest.approx(plain(posterior.divergence().numpy()[:9]), rel=1e-5)
    assert loss["label"].item() == pytest.approx(np.mean(surprise), rel=1e-5)
    parts = sum(loss[name].item() for name in ("reconstruction", "divergence", "label"))
    assert loss["loss"].item() == pytest.approx(parts)


def test_spots_without_a_label_add_no_label_loss():
    tile, network = ring(), attention()
    tile.y = torch.full((SPOTS,), -1)
    parts = network.parts(tile, torch.ones(SPOTS, dtype=bool), [torch.zeros(SPOTS, DIMENSIONS)])
    assert (parts["label"] == 0).all()


@pytest.mark.parametrize("build", [attention, lambda: contrastive("infonce")])
def test_messages_reach_two_links_far_and_no_further(build):
    network, tile = build(), ring()
    with torch.no_grad():
        before = network.embed(tile)
        tile.input[0] += 5
        moved = (network.embed(tile) - before).abs().sum(dim=1)
    assert network.reach == 2
    assert (moved > 0).nonzero().ravel().tolist() == [0, 1, 2, 10, 11]


def test_the_slice_is_told_to_encoder_and_decoder():
    network, tile = attention(slices=2), ring(slices=2)
    everyone, noises = torch.ones(SPOTS, dtype=bool), [torch.zeros(SPOTS, DIMENSIONS)]
    with torch.no_grad():
        before = network.embed(tile), network.parts(tile, everyone, noises)["squared_error"]
        tile.covariate = tile.covariate.flip(1)
        assert not torch.equal(network.embed(tile), before[0])
        assert not torch.equal(network.parts(tile, everyone, noises)["squared_error"], before[1])


# --- contrastive --------------------------------------------------------------------------------------------------


def views(network, tile):
    with torch.no_grad():
        edges = tile.edge_index
        one, two = (network.infomax.encoder(values, edges) for values in (tile.input, tile.target))
    return one.numpy().astype(float), two.numpy().astype(float)


def cosines(a, b):
    return (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T


@pytest.mark.parametrize("kind", CONTRASTS)
def test_the_contrast_is_what_its_formula_says(kind):
    network, tile = contrastive(kind, classes=0), ring()
    counted = torch.arange(SPOTS) < 8
    noise = torch.randn(SPOTS, DIMENSIONS)
    with torch.no_grad():
        found = network.parts(tile, counted, [noise])["contrast"].numpy()
    one, two = (view[:8] for view in views(network, tile))
    order = noise[:8, 0].argsort().numpy()
    if kind == "infonce":
        similar = cosines(one, two) / TEMPERATURE
        expected = [
            np.log(np.exp(table[spot] - table[spot, spot]).sum()) for table in (similar, similar.T) for spot in range(8)
        ]
        expected = np.mean(np.reshape(expected, (2, 8)), axis=0)
    elif kind == "triplet":
        expected = np.maximum(np.diag(cosines(one, two[order])) - np.diag(cosines(one, two)) + MARGIN, 0)
    else:
        shuffled = tile.input.clone()
        shuffled[:8] = tile.input[:8][order]
        with torch.no_grad():
            other = network.infomax.encoder(shuffled, tile.edge_index)[:8].numpy()
        weighted = network.infomax.weight.detach().numpy() @ (1 / (1 + np.exp(-one.mean(axis=0))))
        expected = np.log1p(np.exp(-one @ weighted)) + np.log1p(np.exp(other @ weighted))
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)


def test_views_differ_only_while_training():
    network, tile = contrastive("infonce"), ring()
    assert torch.equal(network._view(tile.input, tile), network.embed(tile))
    network.train()
    assert not torch.equal(network._view(tile.input, tile), network._view(tile.input, tile))


# --- propagation --------------------------------------------------------------------------------------------------


def test_averages_do_not_depend_on_the_order_of_spots():
    rng = np.random.default_rng(0)
    places, values, order = rng.random((40, 2)), rng.normal(size=(40, 3)).astype(np.float32), rng.permutation(40)
    ledger = Ledger("embed_spots", "test")
    straight = averaged(spatial_graph(places, 5, ledger), values)
    turned = averaged(spatial_graph(places[order], 5, ledger), values[order])
    np.testing.assert_allclose(turned, straight[order], atol=1e-6)


def test_averages_are_symmetric_and_keep_what_is_the_same_everywhere():
    full = sparse.csr_matrix(np.ones((5, 5), np.float32))
    np.testing.assert_allclose(averaged(full, np.full((5, 2), 3.0)), 3, rtol=1e-6)
    path = sparse.csr_matrix(np.eye(3) + np.eye(3, k=1) + np.eye(3, k=-1))
    operator = averaged(path, np.eye(3))
    np.testing.assert_allclose(operator, operator.T, rtol=1e-6)
    assert operator[0, 1] == pytest.approx(1 / np.sqrt(6))


def test_rows_have_length_one_but_those_of_zeros():
    np.testing.assert_allclose(unit(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])
