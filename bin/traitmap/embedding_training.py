"""Training of a network on tiles of spots: device, seeds, held-out spots, best weights, checkpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from traitmap import embedding_checkpoint as checkpoint
from traitmap.cli import progress
from traitmap.embedding_model import Embedded, Inputs, Settings
from traitmap.embedding_tiles import FIRST_HALF, SECOND_HALF, WHOLE, pieces, spots_of, tiles_of
from traitmap.errors import InputError
from traitmap.ledger import Ledger

LOOK_EVERY = 5  # steps between two looks at the held-out loss
SAVE_EVERY = 50  # steps between two checkpoints
JUDGING_DRAWS = 4  # from the posterior, at each look
FEWEST_HELD_OUT = 5  # spots; with fewer, all are trained on and the training spots choose the weights
MOST_HELD_OUT = 1000  # spots
SETTLING = 50  # first steps, whose weights are never chosen: batch averages and the posterior still drift
ACTIVE = 0.01  # variance of a dimension's mean over spots above which it carries anything (Burda et al., ICLR 2016)
EMBEDDED_AT_ONCE = 8192  # spots


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


@dataclass
class Progress:
    """How far training is: what a checkpoint holds beside network, optimiser and random state."""

    step: int = 0
    best: float = float("inf")
    best_step: int = 0
    best_weights: dict[str, Tensor] | None = None
    waiting: list[int] = field(default_factory=list)  # tiles that this epoch has still to see
    rows: list[dict[str, float]] = field(default_factory=list)  # of the training curve


class Network(Protocol):
    """A torch module that ``train_network`` can train. ``embedding_autoencoder`` says what a tile holds.

    reach, hops
        Links that its messages pass; links over which features are propagated beforehand.
    smallest_gain
        By which a held-out loss must be lower to count as better.
    """

    reach: int
    hops: int
    smallest_gain: float

    def embed(self, tile: Data) -> Tensor:
        """The embedding of every spot of the tile, n x dimensions."""

    def parts(self, tile: Data, counted: Tensor, noises: list[Tensor]) -> dict[str, Tensor]:
        """Parts of the loss, a value for each counted spot. ``noises``: standard normal, n x dimensions each."""

    def total(self, parts: dict[str, Tensor], average: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """What is minimised, ``loss``, and what is told of it."""


Build = Callable[[int, int, int], nn.Module]


def train_network(build: Build, inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """Train on all spots but the held-out ones; embed all with the weights of the lowest held-out loss.

    ``build`` makes the Network for so many components, slices (0 for a single one) and classes of labels. Half of each
    spot's counts is the input and the other half the target, in turn, so that noise is not worth learning; what is
    embedded in the end are all counts.
    """
    device = choose_device(settings.device, torch.cuda.is_available())
    ledger.fact("device", device)
    with reproducible(settings.seed, device):
        held = _held_out(inputs.measured, settings, ledger)
        training = _Training(build, inputs, held, settings, device)
        done = training.run()
        embedding = training.embed()
    ledger.fact("steps_trained", done.step)
    ledger.fact("epochs_trained", training.epochs_at(done.step))
    ledger.fact("best_epoch", training.epochs_at(done.best_step))
    if done.best_step == training.most_steps:
        ledger.warn(f"the held-out loss still fell at the last of {done.step} steps; more may embed better")
    ledger.fact("active_dimensions", int((embedding.var(axis=0) > ACTIVE).sum()))
    return Embedded(embedding, pd.DataFrame(done.rows), {"held out of training (embedded all the same)": held})


def _held_out(measured: np.ndarray, settings: Settings, ledger: Ledger) -> np.ndarray:
    """Spots (n, bool) that the loss is judged on. They keep their place in the graph, where neighbours see them."""
    candidates = np.flatnonzero(measured)
    n = min(round(settings.held_out * len(candidates)), MOST_HELD_OUT)
    if n < FEWEST_HELD_OUT:
        ledger.warn(f"{len(candidates)} spots are too few to hold any out: the training loss chooses the best weights")
        n = 0
    held = np.zeros(len(measured), bool)
    held[candidates[torch.randperm(len(candidates))[:n].numpy()]] = True
    return held


class _Training:
    """Network, optimiser and tiles of one training."""

    def __init__(self, build: Build, inputs: Inputs, held: np.ndarray, settings: Settings, device: str):
        self.inputs, self.settings, self.device = inputs, settings, device
        self.components = inputs.features.shape[1]
        slices = int(inputs.slices.max()) + 1
        classes = 0 if inputs.labels is None else int(inputs.labels.max()) + 1
        self.network = build(self.components, slices if slices > 1 else 0, classes).to(device)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.spots = spots_of(inputs, self.network.hops)
        trained = torch.from_numpy(inputs.measured & ~held)
        judging = torch.from_numpy(held) if held.any() else trained
        groups = self._pieces(settings.batch, settings.tile)
        self.tiles = tiles_of(self.spots, trained, groups, self.network.reach)
        self.judging = tiles_of(self.spots, judging, self._pieces(self.spots.num_nodes, 0), self.network.reach)[0]
        self.tiles_a_step = max(1, round(settings.batch * len(groups) / self.spots.num_nodes))
        self.steps_an_epoch = -(-len(self.tiles) // self.tiles_a_step)
        self.most_steps = min(settings.epochs * self.steps_an_epoch, settings.steps)
        target = self.spots.features[judging, SECOND_HALF, : self.components]
        self.variance = float(target.square().mean(dim=1).median()) or 1.0  # around 0, the mean

    def _pieces(self, at_once: int, most: int) -> list[np.ndarray]:
        n = self.spots.num_nodes
        return [np.arange(n)] if n <= at_once else pieces(self.inputs.places, self.inputs.slices, most)

    def epochs_at(self, step: int) -> float:
        """Passes over the spots until ``step``."""
        return round(step / self.steps_an_epoch, 3)

    def run(self) -> Progress:
        """Train; leave the network with its best weights."""
        done = self._resumed()
        for _ in progress(range(done.step, self.most_steps), "training"):
            loss = self._step(done)
            if done.step % LOOK_EVERY and done.step != self.most_steps:
                continue
            self._look(done, loss)
            ends = done.step >= SETTLING and done.step - done.best_step >= self.settings.patience
            if self.settings.checkpoint and (ends or done.step % SAVE_EVERY == 0 or done.step == self.most_steps):
                self._save(done)
            if ends:
                break
        if done.best_weights is None:
            raise RuntimeError(f"training diverged: the loss was never finite in {done.step} steps")
        self.network.load_state_dict(done.best_weights)
        return done

    def _step(self, done: Progress) -> float:
        if not done.waiting:
            done.waiting = torch.randperm(len(self.tiles)).tolist()
        taken, done.waiting = done.waiting[: self.tiles_a_step], done.waiting[self.tiles_a_step :]
        tile = self._seen(Batch.from_data_list([self.tiles[number] for number in taken]), done.step % 2)
        self.network.train()
        with mixed_precision(self.device):
            parts = self.network.parts(tile, tile.own, self._noises(tile, 1))
            loss = self.network.total(parts, torch.mean)["loss"]
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        done.step += 1
        return loss.item()

    def _seen(self, tile: Data, side: int) -> Data:
        """The tile on the device, one half of the counts as input and the other as target."""
        tile = tile.to(self.device)
        tile.input = tile.features[:, FIRST_HALF + side]
        tile.target = tile.features[:, SECOND_HALF - side, : self.components]
        return tile

    def _noises(self, tile: Data, draws: int, generator: torch.Generator | None = None) -> list[Tensor]:
        shape = (draws, tile.num_nodes, self.settings.dimensions)
        return list(torch.randn(shape, generator=generator).to(self.device))

    def _look(self, done: Progress, loss: float) -> None:
        self.network.eval()
        generator = torch.Generator().manual_seed(self.settings.seed)  # the same noise at every look
        with torch.no_grad(), mixed_precision(self.device):
            tile = self._seen(self.judging.clone(), 0)
            parts = self.network.parts(tile, tile.own, self._noises(tile, JUDGING_DRAWS, generator))
            judged = {name: float(value) for name, value in self.network.total(parts, torch.median).items()}
        if "unexplained" in judged:
            judged["unexplained"] /= self.variance
        row = {"epoch": self.epochs_at(done.step), "step": done.step, "loss": loss}
        done.rows.append(row | {f"held_out_{name}": value for name, value in judged.items()})
        if done.step >= min(SETTLING, self.most_steps) and judged["loss"] < done.best - self.network.smallest_gain:
            done.best, done.best_step = judged["loss"], done.step
            done.best_weights = deepcopy(self.network.state_dict())

    def _resumed(self) -> Progress:
        """Where the checkpoint left off, if there is one; else the start."""
        if self.settings.checkpoint is None:
            return Progress()
        self.fingerprint = checkpoint.fingerprint(self.inputs, self.settings)
        state = checkpoint.load(self.settings.checkpoint, self.fingerprint)
        if state is None:
            return Progress()
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if self.device == "cuda" and state["random_cuda"]:
            torch.cuda.set_rng_state_all(state["random_cuda"])
        return Progress(**state["progress"])

    def _save(self, done: Progress) -> None:
        state = {
            "fingerprint": self.fingerprint,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if self.device == "cuda" else [],
            "progress": {each.name: getattr(done, each.name) for each in fields(done)},
        }
        checkpoint.save(self.settings.checkpoint, state)

    def embed(self) -> np.ndarray:
        """Embed all spots, from all their counts; tile by tile is the same as at once."""
        self.network.eval()
        embedding = np.empty((self.spots.num_nodes, self.settings.dimensions), np.float32)
        everyone = torch.ones(self.spots.num_nodes, dtype=torch.bool)
        groups = self._pieces(EMBEDDED_AT_ONCE, EMBEDDED_AT_ONCE)
        with torch.no_grad(), mixed_precision(self.device):
            for group in groups:
                (tile,) = tiles_of(self.spots, everyone, [group], self.network.reach)
                tile = tile.to(self.device)
                tile.input = tile.features[:, WHOLE]
                embedding[tile.spot[tile.own].cpu()] = self.network.embed(tile)[tile.own].float().cpu().numpy()
        return embedding
