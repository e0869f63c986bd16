"""What a model of the embedding gets and returns: settings, inputs, and the embedding."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError

UNLABELLED = -1
NAMES = ("smoothed_pca", "gat_ae", "contrastive", "propagation", "pca", "given")
CONTRASTS = ("infonce", "infomax", "triplet")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Settings:
    """What an embedding depends on. Layer sizes and optimiser are those of gsMap where nothing else is said.

    model, device
        A name of NAMES; auto, cpu or cuda.
    variable_genes, components
        Genes that enter the principal components, and components that enter the model; clipped to what there is.
    graph_neighbors
        Nearest spots that a spot is linked with (itself not counted).
    dimensions
        Of the embedding; of each of its two parts for ``propagation``.
    epochs, steps
        Training ends after so many passes over the spots or so many steps, whichever comes first.
    patience
        Steps without a better held-out loss after which training stops.
    held_out
        Share of spots, 1,000 at most, that the loss is not trained on: they choose the best weights.
    batch, tile
        Spots of a step, about, and of the pieces of tissue it is made of. No more than ``batch`` spots are one step.
    contrast
        Of ``contrastive``: a name of CONTRASTS.
    embedding_key
        Of ``given``: where in obsm the embedding is.
    checkpoint
        File in which training is kept, and from which it goes on.
    """

    model: str = "smoothed_pca"
    seed: int = 0
    device: str = "auto"
    variable_genes: int = 3000
    components: int = 50
    graph_neighbors: int = 10
    dimensions: int = 30
    epochs: int = 300
    steps: int = 600
    patience: int = 60
    held_out: float = 0.1
    batch: int = 1024
    tile: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.1
    contrast: str = "infonce"
    embedding_key: str = ""
    checkpoint: Path | None = field(default=None, compare=False)

    def check(self) -> None:
        """Raise InputError with a line for every value that makes no sense."""
        positive = ("variable_genes", "components", "graph_neighbors", "dimensions", "epochs", "steps", "patience")
        problems = [
            f"--{name.replace('_', '-')} is {getattr(self, name)}; it must be at least 1"
            for name in positive
            if getattr(self, name) < 1
        ]
        if self.seed < 0:
            problems.append(f"--seed is {self.seed}; it must be at least 0")
        for name, known in (("model", NAMES), ("contrast", CONTRASTS), ("device", DEVICES)):
            if getattr(self, name) not in known:
                problems.append(f"--{name} is {getattr(self, name)!r}; choose one of {', '.join(known)}")
        if self.model == "given" and not self.embedding_key:
            problems.append("--embedding-key is missing: --model given takes the embedding from that key of obsm")
        if problems:
            raise InputError(*problems)


@dataclass(frozen=True)
class Inputs:
    """All that a model may see of n spots, of one slice or of those of a group one after the other.

    components
        n x k, float32: principal component scores; 0, their mean, for a spot without counts.
    features, halves
        n x c and n x 2 x c, float32: components weighted by what neighbours have in common; of all counts and of two
        independent halves of them.
    graph
        n x n CSR: symmetric, with self loops.
    places, slices
        n x 2 or 3, float64: coordinates; n, int64: number of the spot's slice.
    measured
        n, bool: spots with counts; the others have nothing to reconstruct.
    labels
        n, int64: code of each spot's label, UNLABELLED where it has none. None: a label-free run.
    given
        n x d, float32: the user's own embedding, where the model is ``given``.
    """

    components: np.ndarray
    features: np.ndarray
    halves: np.ndarray
    graph: sparse.csr_matrix
    places: np.ndarray
    slices: np.ndarray
    measured: np.ndarray
    labels: np.ndarray | None = None
    given: np.ndarray | None = None


@dataclass(frozen=True)
class Embedded:
    """What a model returns.

    embedding
        n x dimensions, float32.
    training_curve
        A row per look at the held-out loss; none where nothing is trained.
    noted
        Spots (n, bool) that the account of each slice tells of, by what it says.
    """

    embedding: np.ndarray
    training_curve: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"epoch": np.empty(0), "loss": np.empty(0)})
    )
    noted: dict[str, np.ndarray] = field(default_factory=dict)
