"""Graph contrastive learning: two views of a spot, from two halves of its counts, must lie closer than two spots."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.nn import DeepGraphInfomax, SAGEConv
from torch_geometric.utils import dropout_edge

from traitmap.embedding_autoencoder import HIDDEN, Average, block
from traitmap.embedding_model import Embedded, Inputs, Settings
from traitmap.embedding_training import train_network
from traitmap.ledger import Ledger

TEMPERATURE = 2.0  # that like spots may lie together: lower ones spread them evenly over the sphere
MARGIN = 0.5  # of the triplet loss, in cosine distance
EDGES_DROPPED, FEATURES_DROPPED = 0.3, 0.1


class Encoder(nn.Module):
    """Two means over neighbours, each beside a linear map of the spot itself (Hamilton et al., NeurIPS 2017)."""

    def __init__(self, features: int, dimensions: int, dropout: float):
        super().__init__()
        _, narrow = HIDDEN
        self.dense = block(features, narrow, dropout)
        self.first = SAGEConv(narrow, narrow)
        self.second = SAGEConv(narrow, dimensions)

    def forward(self, features: Tensor, edges: Tensor) -> Tensor:
        hidden = functional.elu(self.first(self.dense(features), edges))
        return self.second(hidden, edges).float()


class ContrastiveNetwork(nn.Module):
    """Encoder of spots, trained by InfoNCE, Deep Graph Infomax or a triplet loss.

    Half of a spot's counts makes one view of it and the other half the other, each with some links and features left
    out: the views share what is real of a spot, and not its noise. ``kind``:

    infonce
        The other view of the spot is to be told from those of all other spots of the tile (van den Oord et al., 2018).
    infomax
        A spot is to be told from one with another spot's features, by a summary of all (Veličković et al., ICLR 2019).
    triplet
        The other view is to lie closer by a margin than the view of a random spot.
    """

    reach = 2  # links that a message passes
    hops = 0  # over which features are propagated beforehand
    smallest_gain = 0.0003  # that counts as a better held-out loss

    def __init__(self, components: int, slices: int, dimensions: int, classes: int, dropout: float, kind: str):
        super().__init__()
        self.kind = kind
        encoder = Encoder(components + slices, dimensions, dropout)
        self.infomax = DeepGraphInfomax(dimensions, encoder, lambda z, *_: z.mean(dim=0).sigmoid(), lambda *x: x)
        self.label_head = nn.Linear(dimensions, classes) if classes else None

    def embed(self, tile: Data) -> Tensor:
        """The embedding of every spot of the tile."""
        return self.infomax.encoder(torch.cat([tile.input, tile.covariate], dim=1), tile.edge_index)

    def _view(self, features: Tensor, tile: Data) -> Tensor:
        edges = dropout_edge(tile.edge_index, EDGES_DROPPED, training=self.training)[0]
        features = functional.dropout(features, FEATURES_DROPPED, self.training)
        return self.infomax.encoder(torch.cat([features, tile.covariate], dim=1), edges)

    def parts(self, tile: Data, counted: Tensor, noises: Sequence[Tensor]) -> dict[str, Tensor]:
        """Per counted spot (n, bool): contrast, and surprise at its label. ``noises`` order the spots at random."""
        one, two = self._view(tile.input, tile)[counted], self._view(tile.target, tile)[counted]
        order = noises[0][counted, 0].argsort()
        contrast = {"infonce": _infonce, "triplet": _triplet}.get(self.kind, self._infomax)
        labels, surprise = tile.y[counted], torch.zeros(len(one), device=one.device)
        labelled = labels >= 0
        if self.label_head is not None and labelled.any():
            each = functional.cross_entropy(self.label_head(one)[labelled], labels[labelled], reduction="none")
            surprise = surprise.masked_scatter(labelled, each)
        return {"contrast": contrast(one, two, order, tile, counted), "label": surprise}

    def _infomax(self, one, two, order, tile, counted):
        shuffled = tile.input.clone()
        shuffled[counted] = shuffled[counted][order]
        other = self._view(shuffled, tile)[counted]
        summary = one.mean(dim=0).sigmoid()
        right = self.infomax.discriminate(one, summary, sigmoid=False)
        wrong = self.infomax.discriminate(other, summary, sigmoid=False)
        return functional.softplus(-right) + functional.softplus(wrong)

    def total(self, parts: dict[str, Tensor], average: Average = torch.mean) -> dict[str, Tensor]:
        """What is minimised (``loss``) and its parts."""
        contrast, label = average(parts["contrast"]), parts["label"].mean()
        return {"loss": contrast + label, "contrast": contrast, "label": label}


def _infonce(one: Tensor, two: Tensor, *_) -> Tensor:
    similarity = functional.normalize(one) @ functional.normalize(two).T / TEMPERATURE
    itself = torch.arange(len(one), device=one.device)
    there = functional.cross_entropy(similarity, itself, reduction="none")
    return (there + functional.cross_entropy(similarity.T, itself, reduction="none")) / 2


def _triplet(one: Tensor, two: Tensor, order: Tensor, *_) -> Tensor:
    def distance(a: Tensor, b: Tensor) -> Tensor:
        return 1 - functional.cosine_similarity(a, b)

    return functional.triplet_margin_with_distance_loss(
        one, two, two[order], distance_function=distance, margin=MARGIN, reduction="none"
    )


def embed_by_contrast(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """Train the encoder by the contrast of ``settings``."""

    def build(components: int, slices: int, classes: int) -> ContrastiveNetwork:
        sizes = (components, slices, settings.dimensions, classes)
        return ContrastiveNetwork(*sizes, settings.dropout, settings.contrast)

    return train_network(build, inputs, settings, ledger)
