"""Loops compiled by numba; imported only where one runs, for numba takes a moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np


def compiled(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Compile; keep the machine code in NUMBA_CACHE_DIR where that is the user's own: what is read there is run."""
    # contract allows fused multiply-add only: sums keep their order.
    options = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
    return numba.njit(**options, cache=own_cache(os.environ.get("NUMBA_CACHE_DIR", "")))(function)


def own_cache(folder: str) -> bool:
    """Whether ``folder`` is one, made if need be, that the user owns and nobody else can write to."""
    if not folder:
        return False
    try:
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        state = Path(folder).stat()
    except OSError:
        return False
    return state.st_uid == os.geteuid() and not state.st_mode & 0o022 and os.access(folder, os.W_OK)
