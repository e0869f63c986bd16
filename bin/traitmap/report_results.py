"""What the report knows of a run: the contents of a results folder, as plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from traitmap.formats import SUMMARY
from traitmap.report_slices import Slice


@dataclass(frozen=True)
class Choices:
    """What the page shows and calls significant.

    slices, traits
        Names, in the order wanted; empty: all.
    fdr
        q below which a region is called associated.
    genes, more_genes
        Genes mapped for each slice and trait, and genes mapped on every slice beside them.
    values_at_most
        Spots x traits in the page; of larger runs spots are drawn at random (seeded), and the page says so.
    """

    slices: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    fdr: float = 0.05
    genes: int = 6
    more_genes: tuple[str, ...] = ()
    values_at_most: int = 1_000_000


@dataclass
class Account:
    """One step's ledger, what it is about (slice, trait or both, as the folders say) and where it was found."""

    step: str
    subject: str
    counts: list[dict[str, Any]]
    facts: dict[str, Any]
    warnings: list[str]
    source: str


@dataclass
class Trait:
    """A trait: its ledger, and where its harmonised GWAS lies (None where it is missing); read when it is drawn."""

    name: str
    sumstats: Path | None = None
    account: Account | None = None


@dataclass
class Association:
    """One slice x trait; each table is None where its file is missing. expression: spots by name x genes."""

    slice: str
    trait: str
    spots: pd.DataFrame | None = None
    regions: pd.DataFrame | None = None
    genes: pd.DataFrame | None = None
    expression: pd.DataFrame | None = None
    region_tests: pd.DataFrame | None = None
    methods: pd.DataFrame | None = None
    account: Account | None = None


@dataclass
class Results:
    """All that a results folder holds, in natural order of the names.

    q_from: the column of the P that q is made of; further: the tables of ``report_further.FURTHER`` that are there.
    """

    slices: dict[str, Slice] = field(default_factory=dict)
    traits: dict[str, Trait] = field(default_factory=dict)
    associations: dict[tuple[str, str], Association] = field(default_factory=dict)
    summary: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SUMMARY)))
    further: dict[str, pd.DataFrame] = field(default_factory=dict)
    methods: pd.DataFrame | None = None
    agreement: pd.DataFrame | None = None
    reference: dict[str, Any] = field(default_factory=dict)
    reference_genes: pd.DataFrame | None = None
    accounts: list[Account] = field(default_factory=list)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    checksums: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    choices: Choices = field(default_factory=lambda: Choices())
    q_from: str = "p_cauchy"

    @property
    def approximate(self) -> bool:
        """Whether any part rests on a reference that was built from LD scores alone."""
        facts = [self.reference, *(account.facts.get("reference") for account in self.accounts)]
        return any(bool(fact.get("approximate")) for fact in facts if isinstance(fact, dict))

    @property
    def warnings(self) -> list[tuple[str, int]]:
        """Every warning, once, with the number of the first account that gives it."""
        first: dict[str, int] = {}
        for number, account in enumerate(self.accounts):
            for text in account.warnings:
                first.setdefault(text, number)
        return list(first.items())


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which slice_2 comes before slice_10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"([0-9]+)", name) if part]
