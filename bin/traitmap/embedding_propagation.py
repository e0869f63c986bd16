"""Propagation: features averaged over the graph without parameters, and a small autoencoder without message passing.

The embedding has two parts of the same length, after gsMap3D: what the spot is, and what surrounds it. Unlike there
propagation is symmetric, and the posterior's mean is taken, not a draw from it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy import sparse
from torch import nn
from torch_geometric.data import Data

from traitmap.embedding_autoencoder import HIDDEN, LOG_VARIANCE, Autoencoder, Posterior, block
from traitmap.embedding_model import Embedded, Inputs, Settings
from traitmap.embedding_training import train_network
from traitmap.ledger import Ledger


class PropagationAutoencoder(Autoencoder):
    """Dense encoder of a spot's features beside those propagated over 1 to 3 links (SIGN; Frasca et al., 2020)."""

    reach = 0  # links that a message passes
    hops = 3  # over which features are propagated beforehand

    def __init__(self, components: int, slices: int, dimensions: int, classes: int, dropout: float):
        super().__init__(components, slices, dimensions, classes, dropout)
        wide, narrow = HIDDEN
        inputs = components * (1 + self.hops) + slices
        self.encoder = nn.Sequential(block(inputs, wide, dropout), block(wide, narrow, dropout))
        self.mean = nn.Linear(narrow, dimensions)
        self.log_variance = nn.Linear(narrow, dimensions)

    def encode(self, tile: Data) -> Posterior:
        """See Autoencoder."""
        hidden = self.encoder(torch.cat([tile.input, tile.covariate], dim=1))
        return Posterior(self.mean(hidden).float(), self.log_variance(hidden).float().clamp(*LOG_VARIANCE))


def embed_by_propagation(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """Cell embedding beside niche embedding, n x 2 dimensions, each part of length 1: their cosines are averaged.

    Cell: the autoencoder's posterior mean. Niche: the leading principal components, averaged over the spot's links.
    """

    def build(components: int, slices: int, classes: int) -> PropagationAutoencoder:
        return PropagationAutoencoder(components, slices, settings.dimensions, classes, settings.dropout)

    cell = train_network(build, inputs, settings, ledger)
    niche = averaged(inputs.graph, inputs.components[:, : settings.dimensions])
    return replace(cell, embedding=np.hstack([unit(cell.embedding), unit(niche)]))


def averaged(graph: sparse.csr_matrix, values: np.ndarray) -> np.ndarray:
    """Sum over each spot's links, itself among them, each divided by the root of both ends' numbers of links."""
    scale = sparse.diags_array(1 / np.sqrt(np.diff(graph.indptr)))
    return np.asarray(scale @ (graph @ (scale @ values)), dtype=np.float32)


def unit(values: np.ndarray) -> np.ndarray:
    """Rows of length 1; those of zeros stay."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(length > 0, length, 1)
