"""What the autoencoders share: a variational bottleneck, a decoder, a label head, and the loss they are trained by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data

HIDDEN = (256, 128)  # of the encoder; the decoder has them in reverse
LOG_VARIANCE = (-10.0, 5.0)  # bounds that keep exp() of an untrained layer finite
SMALLEST_ERROR = 1e-4  # squared, relative to the first component: slices of a few spots can be fitted exactly

Average = Callable[[Tensor], Tensor]


def block(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    """A dense layer as gsMap has them."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ELU(), nn.Dropout(dropout))


@dataclass(frozen=True)
class Posterior:
    """Mean and log variance of each spot's embedding, n x dimensions both; ``sample`` draws from it."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Mean + SD x ``noise``, standard normal of the same shape."""
        return self.mean + (self.log_variance / 2).exp() * noise

    def divergence(self) -> Tensor:
        """Kullback-Leibler divergence from the standard normal, nats per spot (n)."""
        return 0.5 * (self.mean**2 + self.log_variance.exp() - 1 - self.log_variance).sum(dim=1)


class Autoencoder(nn.Module):
    """A variational autoencoder of spots; models say how they ``encode``.

    A tile (torch_geometric.data.Data of n spots) has ``input`` (n x features), ``target`` (n x components),
    ``covariate`` (n x slices; n x 0 for a single one), ``edge_index`` (2 x links, self loops among them), ``y`` (n,
    label codes, -1 without). Encoder and decoder are told the slice, so that the embedding need not hold it.
    """

    smallest_gain = 0.1  # nats per spot that count as a better held-out loss

    def __init__(self, components: int, slices: int, dimensions: int, classes: int, dropout: float):
        super().__init__()
        wide, narrow = HIDDEN
        self.decoder = nn.Sequential(
            block(dimensions + slices, narrow, dropout), block(narrow, wide, dropout), nn.Linear(wide, components)
        )
        self.label_head = (
            nn.Sequential(block(dimensions, narrow, dropout), nn.Linear(narrow, classes)) if classes else None
        )

    def encode(self, tile: Data) -> Posterior:
        """Posterior of every spot of the tile."""
        raise NotImplementedError

    def embed(self, tile: Data) -> Tensor:
        """The embedding of every spot of the tile: the posterior's mean, never a draw from it."""
        return self.encode(tile).mean

    def parts(self, tile: Data, counted: Tensor, noises: Iterable[Tensor]) -> dict[str, Tensor]:
        """Per counted spot (n, bool): squared error per component, divergence, surprise at its label (or 0).

        Each of ``noises`` (n x dimensions, standard normal) is a draw from the posterior; errors are their average.
        """
        posterior = self.encode(tile)
        draws = [posterior.sample(noise)[counted] for noise in noises]
        covariate, target = tile.covariate[counted], tile.target[counted]
        decoded = [self.decoder(torch.cat([drawn, covariate], dim=1)).float() for drawn in draws]
        return {
            "squared_error": _mean([(found - target).square().mean(dim=1) for found in decoded]),
            "divergence": posterior.divergence()[counted],
            "label": self._surprise(draws, tile.y[counted]),
        }

    def _surprise(self, draws: list[Tensor], labels: Tensor) -> Tensor:
        surprise = torch.zeros(len(labels), device=labels.device)
        labelled = labels >= 0
        if self.label_head is None or not labelled.any():
            return surprise
        scores = [self.label_head(drawn).float()[labelled] for drawn in draws]
        each = [functional.cross_entropy(score, labels[labelled], reduction="none") for score in scores]
        return surprise.masked_scatter(labelled, _mean(each))

    def total(self, parts: dict[str, Tensor], average: Average = torch.mean) -> dict[str, Tensor]:
        """Negative evidence lower bound, nats per spot (``loss``), and its parts.

        The likelihood of the target is normal with one variance, at its optimum the mean squared error (a calibrated
        decoder: Rybkin et al., ICML 2021), so that nothing weighs reconstruction against divergence by hand. Labels add
        the cross-entropy of the label head. ``average`` is taken over spots: the mean to train; the median to judge,
        since of few held-out spots a single odd one can decide a mean.
        """
        error = average(parts["squared_error"])
        components = self.decoder[-1].out_features
        reconstruction = components / 2 * torch.log(error + SMALLEST_ERROR)
        divergence, label = average(parts["divergence"]), parts["label"].mean()
        return {
            "loss": reconstruction + divergence + label,
            "reconstruction": reconstruction,
            "divergence": divergence,
            "label": label,
            "unexplained": error,
        }


def _mean(draws: list[Tensor]) -> Tensor:
    return torch.stack(draws).mean(dim=0)
