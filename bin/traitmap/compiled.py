"""Loops compiled by numba; imported only where one runs, for numba takes a moment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

CACHE = "NUMBA_CACHE_DIR"


def cache_folder(environment: Mapping[str, str]) -> str:
    """Where machine code is kept: NUMBA_CACHE_DIR (empty: nowhere), else traitmap/numba among the user's caches."""
    if CACHE in environment:
        return environment[CACHE]
    caches = environment.get("XDG_CACHE_HOME") or (environment.get("HOME", "") and f"{environment['HOME']}/.cache")
    return f"{caches}/traitmap/numba" if caches else ""


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


os.environ[CACHE] = cache_folder(os.environ)  # numba reads it when it is imported
KEPT = own_cache(os.environ[CACHE])

import numba  # noqa: E402


def compiled(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Compile; keep the machine code where the folder is the user's own, for what is read there is run."""
    # contract allows fused multiply-add only: sums keep their order.
    return numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy", cache=KEPT)(function)
