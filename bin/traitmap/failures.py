"""How an executable ends when something goes wrong: what it says, and the exit code that tells the pipeline what to do.

A user's mistake is a line each and exit code 1, without a traceback. Where the environment variable TRAITMAP_FAILURE
names a file, the task is one of many (a slice, a trait): the lines go there too and the exit code is 0, so that the
others go on and the pipeline tells in the end. Out of memory is 137, as if the system had killed the task, and a full
disk 74: those are no fault of the slice or the trait, and the pipeline tries again, or stops.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.formats import FAILURES

FAILURE = "TRAITMAP_FAILURE"
MISTAKE, NO_SPACE, NO_MEMORY = 1, 74, 137
# torch, HDF5 and the loader of libraries tell these by words alone.
MEMORY_WORDS = (
    "can't allocate memory",
    "cannot allocate memory",
    "failed to map segment from shared object",
    "out of memory",
    "unable to allocate",
)
SPACE_ERRORS = (errno.ENOSPC, errno.EDQUOT)
SPACE_WORDS = ("no space left on device", "disk quota exceeded")


def end_with(error: Exception) -> int:
    """Say what went wrong on standard error, write it to the file of TRAITMAP_FAILURE, and return the exit code."""
    causes = list(_causes(error))
    if any(isinstance(cause, MemoryError) or _says(cause, MEMORY_WORDS) for cause in causes):
        _say([f"out of memory ({_words(error)}); give the step more"])
        return NO_MEMORY
    if any(getattr(cause, "errno", None) in SPACE_ERRORS or _says(cause, SPACE_WORDS) for cause in causes):
        _say([f"no space left on the disk ({_words(error)}); make room, and go on with -resume"])
        return NO_SPACE
    if isinstance(error, InputError):
        problems = error.problems
    else:
        traceback.print_exception(error)
        problems = [f"this should not happen, please report it: {_words(error)}"]
    _say(problems)
    if FAILURE not in os.environ:
        return MISTAKE
    write_messages(Path(os.environ[FAILURE]), problems)
    return 0


def write_messages(path: Path, problems: Iterable[str]) -> None:
    """Leave what is wrong, a line each, for the pipeline to tell."""
    path.write_text("".join(f"{problem}\n" for problem in problems), encoding="utf-8")


def tell_failures(wrong: Mapping[int, Iterable[str]], files: Sequence[Path] | None) -> None:
    """Say what is wrong with some of many, by place, and leave it in their ``files``; without files raise it all."""
    if wrong and not files:
        raise InputError(*dict.fromkeys(problem for problems in wrong.values() for problem in problems))
    for number, problems in wrong.items():
        _say(problems)
        write_messages(files[number], problems)


def read_failures(path: Path) -> list[tuple[str, str, str]]:
    """Subject, step and message of each row of a run's summary/failures.tsv; empty where nothing failed."""
    with open_text(path, "failures") as text:
        lines = [line.rstrip("\n").split("\t") for line in text]
    if tuple(lines[0]) != FAILURES or any(len(line) != len(FAILURES) for line in lines):
        raise InputError(f"{path}: has other columns than {', '.join(FAILURES)}; is it a run's summary/failures.tsv?")
    return [(subject, step, message) for subject, step, message in lines[1:]]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    text = "" if isinstance(error, InputError) else str(error).lower()  # a user's file may be called anything
    return any(word in text for word in words)


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()) if not isinstance(error, InputError) else str(error)


def _say(problems: Iterable[str]) -> None:
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
