"""The graph attention autoencoder: its layers and what they are trained to minimise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torch_geometric.nn import GATConv

HIDDEN = (256, 128)  # of the encoder; the decoder has them in reverse
HEADS, PER_HEAD = 3, 64
LOG_VARIANCE = (-10.0, 5.0)  # bounds that keep exp() of an untrained layer finite
SMALLEST_ERROR = 1e-4  # squared, relative to the first component: slices of a few spots can be fitted exactly


def _block(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ELU(), nn.Dropout(dropout))


@dataclass(frozen=True)
class Posterior:
    """Mean and log variance of each spot's embedding, n x dimensions both; ``sample`` draws from it."""

    mean: torch.Tensor
    log_variance: torch.Tensor

    def sample(self, noise: torch.Tensor) -> torch.Tensor:
        """Mean + SD x ``noise``, standard normal of the same shape."""
        return self.mean + (self.log_variance / 2).exp() * noise

    def divergence(self) -> torch.Tensor:
        """Kullback-Leibler divergence from the standard normal, nats per spot (n)."""
        return 0.5 * (self.mean**2 + self.log_variance.exp() - 1 - self.log_variance).sum(dim=1)


class GraphAutoencoder(nn.Module):
    """Encoder, two graph attention layers with residual links, decoder, and a label head where there are labels.

    Layer sizes are gsMap's (Song et al., Nature 2025; Veličković et al., ICLR 2018 for the attention). Unlike in gsMap
    the bottleneck is variational, and each attention layer adds a linear map of the spot itself, so that averaging
    over neighbours cannot wash out what a thin layer of spots has of its own.
    """

    def __init__(self, components: int, dimensions: int, classes: int, dropout: float):
        super().__init__()
        wide, narrow = HIDDEN
        attended = HEADS * PER_HEAD
        self.encoder = nn.Sequential(_block(components, wide, dropout), _block(wide, narrow, dropout))
        self.attention = GATConv(narrow, PER_HEAD, heads=HEADS, add_self_loops=False, residual=True)
        self.dropout = nn.Dropout(dropout)
        self.mean = GATConv(attended, dimensions, concat=False, add_self_loops=False, residual=True)
        self.log_variance = nn.Linear(attended, dimensions)
        self.decoder = nn.Sequential(
            _block(dimensions, narrow, dropout), _block(narrow, wide, dropout), nn.Linear(wide, components)
        )
        self.label_head = (
            nn.Sequential(_block(dimensions, narrow, dropout), nn.Linear(narrow, classes)) if classes else None
        )

    def encode(self, features: torch.Tensor, edges: torch.Tensor) -> Posterior:
        """``features`` n x components; ``edges`` 2 x links, self loops among them."""
        hidden = self.dropout(functional.relu(self.attention(self.encoder(features), edges)))
        log_variance = self.log_variance(hidden).float().clamp(*LOG_VARIANCE)
        return Posterior(self.mean(hidden, edges).float(), log_variance)


@dataclass(frozen=True)
class Loss:
    """The parts of the loss, in nats per spot, and the squared error of the reconstruction per component."""

    reconstruction: torch.Tensor
    divergence: torch.Tensor
    label: torch.Tensor
    squared_error: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """What is minimised: a bound on -log p(features, label)."""
        return self.reconstruction + self.divergence + self.label


def loss_of(
    model: GraphAutoencoder,
    features: torch.Tensor,
    edges: torch.Tensor,
    labels: torch.Tensor | None,
    counted: torch.Tensor,
    noises: Sequence[torch.Tensor],
    average: Callable[[torch.Tensor], torch.Tensor] = torch.mean,
) -> Loss:
    """Negative evidence lower bound over the ``counted`` spots (n, bool).

    The likelihood of the features is normal with one variance, at its optimum the mean squared error (a calibrated
    decoder: Rybkin et al., ICML 2021), so that nothing weighs reconstruction against divergence by hand. Labels add the
    cross-entropy of the label head, over counted spots that have one (others: -1).

    Each of ``noises`` (n x dimensions, standard normal) is a draw from the posterior; errors are averaged over draws,
    then by ``average`` over spots: the mean to train; the median to judge, since of few held-out spots a single odd one
    can decide a mean.
    """
    posterior = model.encode(features, edges)
    draws = [posterior.sample(noise) for noise in noises]
    errors = _mean([(model.decoder(drawn).float() - features)[counted].square().mean(dim=1) for drawn in draws])
    error = average(errors)
    reconstruction = features.shape[1] / 2 * torch.log(error + SMALLEST_ERROR)
    label = torch.zeros((), device=features.device)
    if model.label_head is not None and labels is not None:
        labelled = counted & (labels >= 0)
        if labelled.any():
            scores = [model.label_head(drawn).float()[labelled] for drawn in draws]
            each = [functional.cross_entropy(score, labels[labelled], reduction="none") for score in scores]
            label = average(_mean(each)) * labelled.sum() / counted.sum()
    return Loss(reconstruction, average(posterior.divergence()[counted]), label, error)


def _mean(draws: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(draws).mean(dim=0)
