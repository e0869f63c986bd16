"""Training of the graph attention autoencoder: device, seeds, held-out spots, best weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch_geometric.data import Data
from torch_geometric.utils import from_scipy_sparse_matrix

from traitmap.embedding import UNLABELLED, Embedded, Inputs
from traitmap.embedding_model import GraphAutoencoder, Loss, loss_of
from traitmap.errors import InputError
from traitmap.ledger import Ledger

if TYPE_CHECKING:
    from traitmap.embedding import Settings

LOOK_EVERY = 5  # epochs between two looks at the held-out loss
JUDGING_DRAWS = 4  # from the posterior, at each look
FEWEST_HELD_OUT = 5  # spots; with fewer, all are trained on and the training spots choose the weights
SMALLEST_GAIN = 0.1  # nats per spot that count as a better held-out loss
SETTLING = 50  # first epochs, whose weights are never chosen: batch averages and the posterior still drift
ACTIVE = 0.01  # variance of a dimension's mean over spots above which it carries anything (Burda et al., ICLR 2016)


def choose_device(name: str, cuda_available: bool) -> str:
    """cpu or cuda; ``auto`` is cuda where there is one. Raises InputError where cuda is asked for and missing."""
    if name == "auto":
        return "cuda" if cuda_available else "cpu"
    if name == "cuda" and not cuda_available:
        raise InputError("--device is cuda, but torch finds no CUDA device here; take auto or cpu")
    return name


@contextmanager
def reproducible(seed: int, device: str) -> Iterator[None]:
    """Seed torch and hold it to deterministic algorithms in one thread; all is as before afterwards.

    The number of threads decides how sums are split, hence their last bits: one thread is the only number that every
    machine has. On CUDA an operation without a deterministic variant only warns.
    """
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    filling = torch.utils.deterministic.fill_uninitialized_memory
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with one of fixed size
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if device == "cuda" else []):
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True, warn_only=device == "cuda")
            torch.utils.deterministic.fill_uninitialized_memory = False  # a tenth of the time; nothing reads it here
            torch.manual_seed(seed)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            torch.utils.deterministic.fill_uninitialized_memory = filling


def mixed_precision(device: str) -> torch.autocast:
    """bfloat16 where CUDA multiplies matrices; nothing at all on a CPU."""
    return torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=device == "cuda")


def train_graph_autoencoder(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """Train on all spots but the held-out ones; embed all with the weights of the lowest held-out loss."""
    device = choose_device(settings.device, torch.cuda.is_available())
    ledger.fact("device", device)
    with reproducible(settings.seed, device):
        spots = _spots(inputs)
        _hold_out(spots, settings, ledger)
        classes = 0 if inputs.labels is None else int(inputs.labels.max()) + 1
        model = GraphAutoencoder(spots.x.shape[1], settings.dimensions, classes, settings.dropout).to(device)
        spots = spots.to(device)
        curve = _train(model, spots, settings, device, ledger)
        model.eval()
        with torch.no_grad(), mixed_precision(device):
            embedding = model.encode(spots.x, spots.edge_index).mean.cpu().numpy()
    ledger.fact("dimensions", embedding.shape[1])
    ledger.fact("active_dimensions", int((embedding.var(axis=0) > ACTIVE).sum()))
    return Embedded(embedding, curve)


def _spots(inputs: Inputs) -> Data:
    """A graph of torch-geometric: x with the first component's SD as unit, edge_index, y, measured."""
    features = torch.from_numpy(inputs.features)
    unit = features[torch.from_numpy(inputs.measured), 0].std()
    labels = inputs.labels if inputs.labels is not None else np.full(len(features), UNLABELLED)
    return Data(
        x=features / unit,
        edge_index=from_scipy_sparse_matrix(inputs.graph)[0],
        y=torch.from_numpy(labels),
        measured=torch.from_numpy(inputs.measured),
    )


def _hold_out(spots: Data, settings: Settings, ledger: Ledger) -> None:
    """Give ``spots`` the masks ``trained`` and ``judging`` (n, bool): over which the loss is trained and judged.

    Held-out spots keep their place in the graph, where their neighbours see them.
    """
    measured = spots.measured.nonzero().ravel()
    n = round(settings.held_out * len(measured))
    if n < FEWEST_HELD_OUT:
        ledger.warn(f"{len(measured)} spots are too few to hold any out: the training loss chooses the best weights")
        n = 0
    held = torch.zeros_like(spots.measured)
    held[measured[torch.randperm(len(measured))[:n]]] = True
    spots.trained = spots.measured & ~held
    spots.judging = held if n else spots.trained
    ledger.noted("spots", "held out of training (embedded all the same)", n)


def _train(model: GraphAutoencoder, spots: Data, settings: Settings, device: str, ledger: Ledger) -> pd.DataFrame:
    """Leave ``model`` with its best weights; return the training curve."""
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    shape = (spots.num_nodes, settings.dimensions)
    judging_noises = torch.randn(JUDGING_DRAWS, *shape).to(device)  # the same at every look: only the weights differ
    variance = float(spots.x[spots.judging].square().mean(dim=1).median())  # of features around 0, their mean
    best, best_epoch, best_weights = float("inf"), 0, None
    rows = []
    for epoch in range(1, settings.epochs + 1):
        model.train()
        loss = _loss(model, spots, spots.trained, [torch.randn(shape).to(device)], device)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        if epoch % LOOK_EVERY and epoch != settings.epochs:
            continue
        model.eval()
        with torch.no_grad():
            judged = _loss(model, spots, spots.judging, list(judging_noises), device, torch.median)
        rows.append(_row(epoch, loss, judged, variance))
        if epoch < min(SETTLING, settings.epochs):
            continue
        if rows[-1]["held_out_loss"] < best - SMALLEST_GAIN:
            best, best_epoch, best_weights = rows[-1]["held_out_loss"], epoch, deepcopy(model.state_dict())
        if epoch - best_epoch >= settings.patience:
            break
    if best_weights is None:
        raise RuntimeError(f"training diverged: the loss was never finite in {epoch} epochs")
    model.load_state_dict(best_weights)
    ledger.fact("epochs_trained", epoch)
    ledger.fact("best_epoch", best_epoch)
    if best_epoch == settings.epochs:
        ledger.warn(f"the held-out loss still fell at epoch {settings.epochs}, the last; more may embed better")
    return pd.DataFrame(rows)


def _loss(
    model: GraphAutoencoder,
    spots: Data,
    counted: torch.Tensor,
    noises: list[torch.Tensor],
    device: str,
    average=torch.mean,
) -> Loss:
    with mixed_precision(device):
        return loss_of(model, spots.x, spots.edge_index, spots.y, counted, noises, average)


def _row(epoch: int, trained: Loss, judged: Loss, variance: float) -> dict[str, float]:
    return {
        "epoch": epoch,
        "loss": trained.total.item(),
        "held_out_loss": judged.total.item(),
        "held_out_reconstruction": judged.reconstruction.item(),
        "held_out_divergence": judged.divergence.item(),
        "held_out_label": judged.label.item(),
        "held_out_unexplained": judged.squared_error.item() / variance,
    }
