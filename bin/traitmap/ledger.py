"""The account that every step keeps: no row, spot, gene or SNP vanishes uncounted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from traitmap.errors import InputError
from traitmap.files import open_text, writing


@dataclass
class Ledger:
    """Counts, facts and warnings of one step on one subject (a slice, a trait, the reference ...).

    ``counts`` holds, in order, ``{"of": "SNPs", "what": "INFO below 0.9", "n": 12, "kind": "removed"}``; the kinds are
    in, removed, noted and out.
    ``facts`` holds named numbers or texts for the report (lambda GC, mean chi-square, build ...).
    """

    step: str
    subject: str
    counts: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, path: Path) -> Ledger:
        """Read an account that ``write`` wrote, to go on with it; InputError where the file is no such account."""
        with open_text(path, "account") as text:
            try:
                return cls(**json.load(text))
            except (ValueError, TypeError) as error:
                raise InputError(f"{path}: is no account of a step ({error}); give its .qc.json") from error

    def read(self, of: str, n: int, what: str = "read") -> None:
        """``n`` things came in."""
        self._count(of, what, n, "in")

    def removed(self, of: str, what: str, n: int) -> None:
        """``n`` things were left out because of ``what`` (recorded also where n is 0: the filter ran)."""
        self._count(of, what, n, "removed")

    def noted(self, of: str, what: str, n: int) -> None:
        """``n`` things are kept, but worth telling (tied, clipped, flagged ...)."""
        self._count(of, what, n, "noted")

    def kept(self, of: str, n: int, what: str = "used") -> None:
        """``n`` things went on to the next step."""
        self._count(of, what, n, "out")

    def warn(self, text: str) -> None:
        """One line that the report must show, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def fact(self, name: str, value: Any) -> None:
        """A named number or text; numpy scalars become Python's."""
        self.facts[name] = value.item() if hasattr(value, "item") else value

    def _count(self, of: str, what: str, n: int, kind: str) -> None:
        self.counts.append({"of": of, "what": what, "n": int(n), "kind": kind})

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, ready for JSON."""
        return {
            "step": self.step,
            "subject": self.subject,
            "counts": self.counts,
            "facts": self.facts,
            "warnings": self.warnings,
        }

    def to_json(self) -> str:
        """One JSON text; NaN and infinities are refused, since browsers cannot read them."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def write(self, path: Path) -> None:
        """Write the JSON, beside and then renamed."""
        with writing(path) as beside:
            beside.write_text(self.to_json())
