"""The graph attention autoencoder: gsMap's layers with residual links and a variational bottleneck."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.nn import GATConv

from traitmap.embedding_autoencoder import HIDDEN, LOG_VARIANCE, Autoencoder, Posterior, block
from traitmap.embedding_model import Embedded, Inputs, Settings
from traitmap.embedding_training import train_network
from traitmap.ledger import Ledger

HEADS, PER_HEAD = 3, 64


class GraphAttentionAutoencoder(Autoencoder):
    """Encoder, two graph attention layers with residual links, decoder, and a label head where there are labels.

    Layer sizes are gsMap's (Song et al., Nature 2025; Veličković et al., ICLR 2018 for the attention). Unlike in gsMap
    the bottleneck is variational, and each attention layer adds a linear map of the spot itself, so that averaging
    over neighbours cannot wash out what a thin layer of spots has of its own.
    """

    reach = 2  # links that a message passes
    hops = 0  # over which features are propagated beforehand

    def __init__(self, components: int, slices: int, dimensions: int, classes: int, dropout: float):
        super().__init__(components, slices, dimensions, classes, dropout)
        wide, narrow = HIDDEN
        attended = HEADS * PER_HEAD
        self.encoder = nn.Sequential(block(components + slices, wide, dropout), block(wide, narrow, dropout))
        self.attention = GATConv(narrow, PER_HEAD, heads=HEADS, add_self_loops=False, residual=True)
        self.dropout = nn.Dropout(dropout)
        self.mean = GATConv(attended, dimensions, concat=False, add_self_loops=False, residual=True)
        self.log_variance = nn.Linear(attended, dimensions)

    def encode(self, tile: Data) -> Posterior:
        """See Autoencoder."""
        hidden = self.encoder(torch.cat([tile.input, tile.covariate], dim=1))
        hidden = self.dropout(functional.relu(self.attention(hidden, tile.edge_index)))
        log_variance = self.log_variance(hidden).float().clamp(*LOG_VARIANCE)
        return Posterior(self.mean(hidden, tile.edge_index).float(), log_variance)


def embed_by_attention(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """Train the graph attention autoencoder; the embedding is the posterior's mean."""

    def build(components: int, slices: int, classes: int) -> GraphAttentionAutoencoder:
        return GraphAttentionAutoencoder(components, slices, settings.dimensions, classes, settings.dropout)

    return train_network(build, inputs, settings, ledger)
