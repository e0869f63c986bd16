"""Run a command and measure it: processor time, wall time and peak memory, children included."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = Path(__file__).with_name("bench_launch.py")
INTERVAL = 0.2  # seconds between looks at the memory of a process and its children
TAIL = 15  # lines of a failed command's output that are shown
KIB, GB = 1024, 1e9


class CommandError(RuntimeError):
    """A benchmarked command ended with an error; the text holds the end of its output."""


@dataclass(frozen=True)
class Usage:
    """What one command cost. cpu_s: user and system time of it and of its children; peak_gb: 1e9 bytes, resident."""

    command: str
    cpu_s: float
    wall_s: float
    peak_gb: float


def measure(command: list[str | Path], log: Path, threads: int) -> Usage:
    """Run ``command`` in the repository's root, its output to ``log``; raise CommandError where it fails.

    ``threads`` bounds what OpenMP and BLAS take for themselves. Memory is the larger of what the kernel says of the
    largest single process and of what was seen of process and children together, looked at every ``INTERVAL``.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, log.open("wb") as out:
        found = Path(folder) / "used.json"
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(found), *words]
        process = subprocess.Popen(launch, cwd=ROOT, env=environment(threads), stdout=out, stderr=subprocess.STDOUT)
        together = _watch(process)
        if process.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
            raise CommandError(f"{shown(words)}\nexit code {process.returncode}; the end of {log}:\n{tail}")
        used = json.loads(found.read_text())
    peak = max(used["maxrss"] * KIB, together) / GB
    return Usage(shown(words), used["cpu_s"], used["wall_s"], peak)


def environment(threads: int) -> dict[str, str]:
    """The environment of measured commands: bounded threads, compiled modules kept, as in an installation, and
    nothing that holds BLAS to the loops of another processor."""
    held = {"PYTHONDONTWRITEBYTECODE", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
    kept = {name: value for name, value in os.environ.items() if name not in held}
    bounds = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return kept | dict.fromkeys(bounds, str(threads))


def shown(words: list[str]) -> str:
    """A command as one types it in the repository's root."""
    words = ["python" if word == sys.executable else word.replace(f"{ROOT}/", "") for word in words]
    return shlex.join(words)


def _watch(process: subprocess.Popen) -> int:
    """Wait for the process; return the most bytes that its children were seen to hold together."""
    peak = 0
    try:
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(INTERVAL)
    except BaseException:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        raise
    return peak


def _resident(pid: int) -> int:
    """Bytes that all children of a process hold; 0 where one of them has just ended."""
    try:
        return sum(child.memory_info().rss for child in psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return 0


def python(*words: str | Path) -> list[str | Path]:
    """A command of this Python."""
    return [sys.executable, *words]


def step(name: str, *words: str | Path) -> list[str | Path]:
    """A command of ``bin/<name>.py``."""
    return python(f"bin/{name}.py", *words)
