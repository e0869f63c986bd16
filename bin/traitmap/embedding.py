"""Embedding of spots: from a slice's counts and coordinates to a vector per spot in which like spots lie close.

``embed_spots`` puts the parts together: variable genes and principal components (``embedding_features``), the graph
of spatial neighbours (``embedding_graph``) and a model of ``MODELS``: the graph attention autoencoder
(``embedding_model``, ``embedding_training``) or the principal components themselves. A model sees features, graph and
labels only (``Inputs``), never the slice.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap import __version__
from traitmap.embedding_features import principal_components
from traitmap.embedding_graph import spatial_graph
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slice_checks import check_pattern, sketch
from traitmap.slices import REGION

if TYPE_CHECKING:
    from anndata import AnnData

UNLABELLED = -1


@dataclass(frozen=True)
class Settings:
    """What an embedding depends on. Layer sizes and optimiser are those of gsMap where nothing else is said.

    model, device
        A name of MODELS; auto, cpu or cuda.
    variable_genes, components
        Genes that enter the principal components, and components that enter the model; clipped to what the slice has.
    graph_neighbors
        Nearest spots that a spot is linked with (itself not counted).
    dimensions
        Of the embedding.
    epochs, patience
        Most epochs to train, and epochs without a better held-out loss after which training stops.
    held_out
        Share of spots that the loss is not trained on: they choose the best weights.
    """

    model: str = "gat_ae"
    seed: int = 0
    device: str = "auto"
    variable_genes: int = 3000
    components: int = 50
    graph_neighbors: int = 10
    dimensions: int = 30
    epochs: int = 300
    patience: int = 60
    held_out: float = 0.1
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.1

    def check(self) -> None:
        """Raise InputError with a line for every value that makes no sense."""
        problems = [
            f"--{name.replace('_', '-')} is {getattr(self, name)}; it must be at least 1"
            for name in ("variable_genes", "components", "graph_neighbors", "dimensions", "epochs", "patience")
            if getattr(self, name) < 1
        ]
        if self.seed < 0:
            problems.append(f"--seed is {self.seed}; it must be at least 0")
        if self.model not in MODELS:
            problems.append(f"--model is {self.model!r}; choose one of {', '.join(MODELS)}")
        if self.device not in ("auto", "cpu", "cuda"):
            problems.append(f"--device is {self.device!r}; choose auto, cpu or cuda")
        if problems:
            raise InputError(*problems)


@dataclass(frozen=True)
class Inputs:
    """All that a model may see of n spots.

    features
        n x components, float32: principal component scores; 0, their mean, for a spot without counts.
    graph
        n x n CSR: symmetric, with self loops.
    measured
        n, bool: spots with counts; the others have nothing to reconstruct.
    labels
        n, int64: code of each spot's label, UNLABELLED where it has none. None: a label-free run.
    """

    features: np.ndarray
    graph: sparse.csr_matrix
    measured: np.ndarray
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Embedded:
    """What a model returns: n x dimensions float32, and a row per look at the held-out loss (none: not trained)."""

    embedding: np.ndarray
    training_curve: pd.DataFrame


def _graph_autoencoder(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "`torch.jit.script` is deprecated", FutureWarning
        )  # torch-geometric's business
        from traitmap.embedding_training import train_graph_autoencoder  # torch: only where it is used

    return train_graph_autoencoder(inputs, settings, ledger)


def _pca(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """The leading principal components as they are: no graph, nothing to train."""
    embedding = inputs.features[:, : settings.dimensions]
    ledger.fact("dimensions", embedding.shape[1])
    empty = int((~inputs.measured).sum())
    ledger.noted("spots", "without counts, embedded at the origin", empty)
    if empty:
        ledger.warn(f"{empty} spots without counts lie at the origin of the embedding: they are similar to no spot")
    return Embedded(embedding, pd.DataFrame({"epoch": np.empty(0, np.int64), "loss": np.empty(0)}))


MODELS: dict[str, Callable[[Inputs, Settings, Ledger], Embedded]] = {"gat_ae": _graph_autoencoder, "pca": _pca}


def embed_spots(data: AnnData, settings: Settings, ledger: Ledger) -> AnnData:
    """Embed the spots of one slice.

    Parameters
    ----------
    data
        As ``slices.read_slice`` returns it, n spots x genes: raw counts, obsm['spatial'] and, where labels may guide
        the model, obs['region'].

    Returns
    -------
    AnnData of the same n spots in the same order, without genes: obsm['embedding'] (n x dimensions, float32),
    obsm['pca'] (n x components, float32), obsm['spatial'], obsp['spatial_graph'] (CSR, 1 for every link and self loop),
    uns: training_curve (DataFrame), parameters and ledger (JSON texts).

    Raises
    ------
    InputError
        A setting makes no sense, fewer than two spots have counts, no gene varies, or CUDA is asked for and missing.
    """
    import anndata
    from threadpoolctl import threadpool_limits

    settings.check()
    with threadpool_limits(limits=1):  # sums of BLAS depend on the number of threads
        components = principal_components(data.X, settings, ledger)
        graph = spatial_graph(data.obsm["spatial"], settings.graph_neighbors, ledger)
        check_pattern(data.X, graph, ledger)
        inputs = Inputs(components.scores, graph, components.measured, _labels(data, ledger))
        embedded = MODELS[settings.model](inputs, settings, ledger)
    ledger.kept("spots", data.n_obs, "embedded")
    return anndata.AnnData(
        obs=pd.DataFrame(index=data.obs_names),
        obsm={"embedding": embedded.embedding, "pca": components.scores, "spatial": data.obsm["spatial"]},
        obsp={"spatial_graph": graph},
        uns={
            "training_curve": embedded.training_curve,
            "parameters": json.dumps({"version": __version__, **asdict(settings)}, indent=2),
            "ledger": ledger.to_json(),
            "sketch": " ".join(sketch(data.X, data.var.get("source_symbol", data.var_names))),
        },
    )


def _labels(data: AnnData, ledger: Ledger) -> np.ndarray | None:
    if REGION not in data.obs:
        return None
    labels = data.obs[REGION].cat.codes.to_numpy().astype(np.int64)  # -1, UNLABELLED, where missing
    ledger.noted("spots", "whose region label guided the embedding", (labels != UNLABELLED).sum())
    ledger.warn("region labels guided the embedding: a test of the same regions afterwards is not independent of them")
    return labels
