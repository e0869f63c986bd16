"""Spots as torch-geometric sees them, whole or in tiles: pieces of tissue with what their layers see around them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.transforms import SIGN
from torch_geometric.utils import from_scipy_sparse_matrix, k_hop_subgraph

if TYPE_CHECKING:
    from traitmap.embedding import Inputs

WHOLE, FIRST_HALF, SECOND_HALF = 0, 1, 2  # of the counts, along the second axis of ``features``


def spots_of(inputs: Inputs, hops: int) -> Data:
    """All spots as one graph.

    features
        n x 3 x (1 + hops) components: of all counts and of two halves of them; the spot's own, then those propagated
        over 1 to ``hops`` links by the symmetrically normalised graph (torch-geometric's SIGN). The unit is the first
        component's SD.
    covariate
        n x slices, the slice's indicator; n x 0 where there is one slice.
    """
    stacked = np.concatenate([inputs.features[:, None], inputs.halves], axis=1)
    unit = float(inputs.features[inputs.measured, 0].std(ddof=1)) or 1.0
    own = torch.from_numpy(stacked / np.float32(unit))
    graph = Data(x=own.flatten(1), edge_index=from_scipy_sparse_matrix(inputs.graph)[0])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # torch's, on tensors that torch-geometric makes
        propagated = SIGN(hops)(graph) if hops else graph
    features = torch.cat([own, *(propagated[f"x{hop}"].view_as(own) for hop in range(1, hops + 1))], dim=2)
    n, slices = len(own), int(inputs.slices.max()) + 1
    codes = torch.from_numpy(inputs.slices)
    labels = inputs.labels if inputs.labels is not None else np.full(n, -1)
    return Data(
        features=features,
        edge_index=graph.edge_index,
        covariate=functional.one_hot(codes, slices).float() if slices > 1 else torch.zeros(n, 0),
        y=torch.from_numpy(labels),
        spot=torch.arange(n),
        num_nodes=n,
    )


def tiles_of(spots: Data, chosen: Tensor, groups: list[np.ndarray], reach: int) -> list[Data]:
    """A tile for each of ``groups`` (indices of spots): those spots and all within ``reach`` links of them.

    ``own`` (bool) marks the group's spots that are ``chosen`` (n, bool); groups without any give no tile.
    """
    tiles = []
    for group in groups:
        own = torch.zeros_like(chosen)
        own[torch.from_numpy(group)] = True
        own &= chosen
        if not own.any():
            continue
        seen = own if reach == 0 else _within(own, spots, reach)
        tile = spots if seen.all() else spots.subgraph(seen)
        tile = tile.clone() if tile is spots else tile
        tile.own = own[seen]
        tiles.append(tile)
    return tiles


def _within(own: Tensor, spots: Data, reach: int) -> Tensor:
    subset = k_hop_subgraph(own.nonzero().ravel(), reach, spots.edge_index, num_nodes=spots.num_nodes)[0]
    seen = torch.zeros_like(own)
    seen[subset] = True
    return seen


def pieces(places: np.ndarray, slices: np.ndarray, most: int) -> list[np.ndarray]:
    """Split every slice into compact pieces of at most ``most`` spots and about equal size (a k-d tree's leaves)."""
    found = []
    for code in np.unique(slices):
        spots = np.flatnonzero(slices == code)
        tree = KDTree(places[spots], leafsize=most)
        found += [np.sort(spots[leaf]) for leaf in _leaves(tree.tree)]
    return found


def _leaves(node: KDTree.node) -> Iterator[np.ndarray]:
    if isinstance(node, KDTree.leafnode):
        yield node.idx
    else:
        yield from _leaves(node.less)
        yield from _leaves(node.greater)
