"""Cases of the corpus: what a case is, and how one file of cases registers its own.

A case is a function that spoils (or makes odd) the valid files that its reader's ``make`` has put into a folder; it may
return options that replace those of the reader. Its docstring says what is wrong: docs/errors.md shows it.
"""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Options = dict[str, object]  # of an executable: text, True for a flag, a list to repeat it, None to leave it out
Build = Callable[[Path], Options | None]
OUT = "out"  # where executables write, below a case's folder


@dataclass(frozen=True)
class Case:
    """One file (or pair of files) that a reader meets.

    ``says``: of a wrong input its lines after ``error:``, all of them, in order; of an odd one lines of the ledger
    (``3 SNPs: in the MHC``) or warnings (``warning: ...``). ``...`` stands for any text. ``same``: the odd input gives
    the result of the valid one.
    """

    reader: Reader
    name: str
    what: str
    build: Build
    says: tuple[str, ...]
    wrong: bool
    same: bool = False

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.reader.key}-{self.name}"


@dataclass
class Reader:
    """What one executable reads: how it is called on the valid files that ``make`` writes into a folder."""

    key: str
    title: str
    program: str
    options: Options
    make: Callable[[Path], None]
    arguments: tuple[str, ...] = ()
    cases: list[Case] = field(default_factory=list)

    def wrong(self, *says: str) -> Callable[[Build], Build]:
        """Register a case that is refused with these lines."""
        return self._register(says, wrong=True)

    def odd(self, *says: str, same: bool = False) -> Callable[[Build], Build]:
        """Register a case that works; ``says`` are lines of its account."""
        return self._register(says, wrong=False, same=same)

    def _register(self, says: tuple[str, ...], *, wrong: bool, same: bool = False) -> Callable[[Build], Build]:
        def register(build: Build) -> Build:
            self.add(build.__name__, inspect.getdoc(build) or "", build, says, wrong=wrong, same=same)
            return build

        return register

    def add(
        self, name: str, what: str, build: Build, says: tuple[str, ...], *, wrong: bool = True, same: bool = False
    ) -> None:
        """Register a case by its parts; names are unique within a reader."""
        assert what and name not in {case.name for case in self.cases}, name
        self.cases.append(Case(self, name.rstrip("_"), what, build, says, wrong, same))

    def texts(self, file: str, cases: list[tuple]) -> None:
        """Register files that are refused for their text: (name, what is wrong, content of ``file``, lines ...)."""
        for name, what, content, *lines in cases:
            data = content.encode() if isinstance(content, str) else content
            self.add(name, what, _write(file, data), tuple(lines))

    def prepare(self, folder: Path, template: Path) -> None:
        """Put the valid files into ``folder``; they are made once, in ``template``."""
        if not template.exists():
            template.mkdir(parents=True)
            self.make(template)
        shutil.copytree(template, folder, dirs_exist_ok=True)
        (folder / OUT).mkdir()


def _write(file: str, data: bytes) -> Build:
    def build(folder: Path) -> None:
        (folder / file).write_bytes(data)

    return build
