"""Training that was cut short goes on where it was: state in one file, without pickled code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from traitmap import __version__
from traitmap.embedding_model import Inputs, Settings
from traitmap.errors import InputError
from traitmap.files import writing

WITHOUT = ("device", "checkpoint", "embedding_key")  # settings that training does not depend on


def fingerprint(inputs: Inputs, settings: Settings, components: Sequence[int] = ()) -> str:
    """SHA-256 of all that decides how training goes: settings, features, graph, labels, version."""
    known = {name: value for name, value in asdict(settings).items() if name not in WITHOUT}
    digest = hashlib.sha256(json.dumps([__version__, known], sort_keys=True).encode())
    arrays = (inputs.features, inputs.halves, inputs.graph.indices, inputs.places, inputs.slices, inputs.labels)
    for array in arrays:
        digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, numbers, texts, lists and dicts of them), beside and then renamed."""
    with writing(path) as beside:
        torch.save(state, beside)


def load(path: Path, expected: str) -> dict[str, Any] | None:
    """Read what ``save`` wrote; None where there is no file yet.

    Raises InputError where the file is no checkpoint or is of other slices or settings (fingerprint ``expected``).
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, weights_only=True)
        found = state["fingerprint"]
    except Exception as error:  # torch and zipfile raise whatever they meet in a file that is something else
        raise InputError(f"{path}: is no checkpoint of traitmap; name another file with --checkpoint") from error
    if found != expected:
        raise InputError(f"{path}: is the checkpoint of other slices or settings; remove it or name another file")
    return state
