"""Small slices with layers of spots, for the tests of the embedding."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.embedding import Settings, embed_spots
from traitmap.ledger import Ledger

QUICK = {"model": "gat_ae", "epochs": 12, "variable_genes": 100, "components": 20, "dimensions": 8}
LAYERS = ("outer", "middle", "inner")


def layered_slice(spots=200, genes=120, depth=2.0, seed=1, regions=False):
    """A slice as read_slice returns it: three bands, each with a tenth of the genes at four times their level."""
    rng = np.random.default_rng(seed)
    places = rng.random((spots, 2)) * 100
    band = np.minimum((places[:, 0] // 34).astype(int), 2)
    levels = rng.gamma(1.0, depth / 4, (3, genes))
    share = max(genes // 10, 1)
    for layer in range(3):
        levels[layer, layer * share : (layer + 1) * share] *= 4
    counts = rng.poisson(levels[band]).astype(np.float32)
    obs = pd.DataFrame(index=[f"spot{number}" for number in range(spots)])
    if regions:
        obs["region"] = pd.Categorical.from_codes(band, categories=sorted(LAYERS))
    var = pd.DataFrame(index=[f"GENE{number}" for number in range(genes)])
    return anndata.AnnData(X=sparse.csr_matrix(counts), obs=obs, var=var, obsm={"spatial": places}), band


def purity(embedding, places, labels, neighbors=21, candidates=101):
    """Share of each spot's nearest cosine neighbours, out of its nearest spots in space, with its own label."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=min(candidates, len(places))).fit(places).kneighbors(return_distance=False)
    unit = embedding / np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), 1e-12)
    similar = np.einsum("ik,ijk->ij", unit, unit[near])
    top = np.take_along_axis(near, np.argsort(-similar, axis=1, kind="stable")[:, :neighbors], axis=1)
    return float((labels[top] == labels[:, None]).mean())


def embed(data, **settings):
    """Quickly: (embedded, ledger)."""
    ledger = Ledger("embed_spots", "test")
    return embed_spots(data, Settings(**{**QUICK, **settings}), ledger), ledger


def values(embedded):
    """The embedding, n x dimensions."""
    return np.asarray(embedded.obsm["embedding"])
