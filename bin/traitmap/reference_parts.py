"""References of single chromosomes put together into one, with one account of all that was read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap import __version__
from traitmap.chromosomes import ranges
from traitmap.errors import InputError
from traitmap.files import sha256
from traitmap.formats import REFERENCE_GENES, UNMAPPED
from traitmap.gene_windows import read_genes
from traitmap.genome_builds import build_problem
from traitmap.ledger import Ledger
from traitmap.reference import Reference, read_reference, snp_columns
from traitmap.regression_snps import read_snp_list

STEP = "link_snps_to_genes"

# What must be the same in all parts, and how a message calls it.
SETTINGS = {
    "genome_build": "genome build",
    "approximate": "kind of reference (exact or approximate)",
    "panel_people": "number of people in the panel",
    "ld_window": "LD window",
    "window_kb": "gene window",
    "version": "traitmap version",
}


@dataclass(frozen=True)
class SharedFile:
    """A file that is read whole, whatever the chromosome: what it holds, its account and its hash."""

    content: Any
    ledger: Ledger
    sha256: str

    @classmethod
    def genes(cls, path: Path, build: str = "") -> SharedFile:
        """Gene positions; InputError where they are surely of another genome build than ``build``."""
        ledger = Ledger(STEP, path.name)
        genes = read_genes(path, ledger)
        if problem := build_problem(str(path), "gene", genes.index, genes["chr"], genes["start"], build):
            raise InputError(problem)
        return cls(genes, ledger, sha256(path))

    @classmethod
    def snps(cls, path: Path) -> SharedFile:
        """Regression SNPs."""
        ledger = Ledger(STEP, path.name)
        ids, repeated = read_snp_list(path)
        ledger.read("regression SNPs", len(ids) + repeated)
        ledger.removed("regression SNPs", "listed before, or without an id", repeated)
        ledger.fact("n_listed_snps", len(ids))
        return cls(ids, ledger, sha256(path))


def make_part(
    chromosome: int,
    weights: sparse.csr_matrix,
    snps: pd.DataFrame,
    genes: pd.DataFrame,
    facts: dict[str, Any],
    ledger: Ledger,
    shared: list[SharedFile],
    inputs: list[Path],
) -> Reference:
    """The reference of one chromosome; ``genes`` without the row for unmapped SNPs.

    ``ledger`` is about this chromosome alone, ``shared`` are the files that serve several chromosomes, so that a merger
    counts the former each and the latter once. ``inputs`` are the chromosome's own files.
    """
    parts = {
        "chromosomes": {str(chromosome): ledger.to_dict()},
        "files": {file.sha256: file.ledger.to_dict() for file in shared},
    }
    hashes = {file.ledger.subject: file.sha256 for file in shared} | {path.name: sha256(path) for path in inputs}
    facts = {**facts, "version": __version__, "inputs": json.dumps(hashes), "ledger_parts": json.dumps(parts)}
    facts["ledger"] = total_ledger(parts).to_json()
    return Reference(weights, snps[snp_columns(snps)], with_unmapped(genes), facts)


def with_unmapped(genes: pd.DataFrame) -> pd.DataFrame:
    """``genes`` in ``formats.REFERENCE_GENES`` with the last row for SNPs of no gene."""
    last = pd.DataFrame([(0, 0, 0, ".")], index=[UNMAPPED], columns=REFERENCE_GENES)
    joined = pd.concat([genes[list(REFERENCE_GENES)], last]) if len(genes) else last
    types = {"chr": np.int64, "start": np.int64, "end": np.int64, "strand": str}
    return joined.astype(types).rename_axis("gene")


def merge(parts: Iterable[tuple[str, Reference]]) -> Reference:
    """Put references of different chromosomes, each with a name for messages, into one in genomic order.

    Raises InputError where a chromosome comes twice, the parts were built with different settings, a SNP id occurs on
    two chromosomes, or no regression SNP or gene is left in the whole.
    """
    named = list(parts)
    _require_same_settings(named)
    ledgers = [_ledger_parts(name, part) for name, part in named]
    joined: dict[str, dict[str, Any]] = {"chromosomes": {}, "files": {}}
    for (name, _), ledger in zip(named, ledgers, strict=True):
        twice = sorted(set(joined["chromosomes"]) & set(ledger["chromosomes"]), key=int)
        if twice:
            raise InputError(f"{name}: chromosome {', '.join(twice)} is in another of the files too; give each once")
        for kind in joined:
            joined[kind].update(ledger[kind])

    snps = pd.concat([part.snps for _, part in named])
    genes = pd.concat([part.genes.iloc[:-1] for _, part in named])
    weights = _stack([part.weights for _, part in named])
    by_chromosome = np.argsort(snps["CHR"].to_numpy(), kind="stable")
    genes_by_chromosome = np.argsort(genes["chr"].to_numpy(), kind="stable")
    if (np.diff(by_chromosome) < 0).any() or (np.diff(genes_by_chromosome) < 0).any():
        weights = weights[by_chromosome][:, [*genes_by_chromosome, len(genes)]]
        snps, genes = snps.iloc[by_chromosome], genes.iloc[genes_by_chromosome]
    ledger = total_ledger(joined)
    if snps.index.has_duplicates:
        snp = snps.index[snps.index.duplicated()][0]
        raise InputError(f"{_holding(named, 'snps', snp)}: SNP {snp} is on two chromosomes; mend the panel's ids")
    if genes.index.has_duplicates:
        gene = genes.index[genes.index.duplicated()][0]
        raise InputError(f"{_holding(named, 'genes', gene)}: gene {gene} is on two chromosomes; use one gene file")
    if snps.empty:
        raise InputError("--snps: no regression SNP is in the panel; are both of one naming (rs numbers)?")
    if genes.empty:
        raise InputError("--genes: no gene lies on the chromosomes that were read; do the files belong together?")
    facts = dict(named[0][1].facts)
    inputs: dict[str, str] = {}
    for _, part in named:
        inputs |= json.loads(part.facts["inputs"])
    facts |= {"inputs": json.dumps(inputs), "ledger_parts": json.dumps(joined), "ledger": ledger.to_json()}
    return Reference(weights, snps, with_unmapped(genes), facts)


def _require_same_settings(named: list[tuple[str, Reference]]) -> None:
    first_name, first = named[0]
    problems = [
        f"{name}: no part of a reference: lacks {key}; build it with --chromosome"
        for name, part in named
        for key in (*SETTINGS, "ledger_parts", "inputs")
        if key not in part.facts
    ]
    if problems:
        raise InputError(*problems)
    problems = [
        f"{name}: its {called} is {part.facts[key]}, that of {first_name} {first.facts[key]}; build all parts alike"
        for name, part in named[1:]
        for key, called in SETTINGS.items()
        if part.facts[key] != first.facts[key]
    ]
    if problems:
        raise InputError(*problems)


def _ledger_parts(name: str, part: Reference) -> dict[str, dict[str, Any]]:
    try:
        return json.loads(part.facts["ledger_parts"])
    except ValueError as error:
        raise InputError(f"{name}: its account is no JSON ({error}); build this part again") from error


def _holding(named: list[tuple[str, Reference]], axis: str, name: str) -> str:
    """The parts that hold the SNP or gene ``name``."""
    return ", ".join(of for of, part in named if name in getattr(part, axis).index)


def _stack(parts: list[sparse.csr_matrix]) -> sparse.csr_matrix:
    """Genes of the parts side by side, SNPs below each other, and one last column for unmapped."""
    genes = [part.shape[1] - 1 for part in parts]
    before = np.cumsum([0, *genes])
    indices = [
        np.where(part.indices == n, before[-1], part.indices + first)
        for part, n, first in zip(parts, genes, before[:-1], strict=True)
    ]
    counts = np.concatenate([np.diff(part.indptr) for part in parts])
    return sparse.csr_matrix(
        (
            np.concatenate([part.data for part in parts]).astype(np.float32, copy=False),
            np.concatenate(indices).astype(np.int32),
            np.concatenate([[0], np.cumsum(counts)]),
        ),
        shape=(sum(part.shape[0] for part in parts), before[-1] + 1),
    )


def total_ledger(parts: dict[str, dict[str, Any]]) -> Ledger:
    """One ledger of ledgers: those of shared files once, those of chromosomes summed, warnings each once."""
    chromosomes = {key: parts["chromosomes"][key] for key in sorted(parts["chromosomes"], key=int)}
    total = Ledger(STEP, "reference")
    total.counts += sum_counts(parts["files"].values())
    _count_unmet(total, parts)
    total.counts += sum_counts(chromosomes.values())

    total.fact("chromosomes", ranges(map(int, chromosomes)))
    values: dict[str, list[Any]] = {}
    for ledger in [*parts["files"].values(), *chromosomes.values()]:
        for warning in ledger["warnings"]:
            total.warn(warning)
        for name, value in ledger["facts"].items():
            if name not in PER_PART and value not in values.setdefault(name, []):
                values[name].append(value)
    for name, distinct in values.items():
        total.fact(name, distinct[0] if len(distinct) == 1 else "; ".join(map(str, distinct)))
    unseen = sum(count["n"] for count in total.counts if count["what"] == NO_PANEL_SNP)
    if 2 * unseen > sum(ledger["facts"].get("n_genes", 0) for ledger in chromosomes.values()):
        total.warn(
            f"{unseen} genes, more than half, have no panel SNP in their window and so cannot matter to a result."
        )
    for what, name in (("without a regression SNP", "n_regression_snps"), ("without a gene", "n_genes")):
        empty = [int(key) for key, ledger in chromosomes.items() if ledger["facts"].get(name) == 0]
        total.noted("chromosomes", what, len(empty))
        if empty:
            total.warn(f"Chromosomes {what}: {ranges(empty)}.")
    return total


def sum_counts(ledgers: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Counts of the same thing added up, in the order of their first mention."""
    sums: dict[tuple[str, str, str], int] = {}
    for ledger in ledgers:
        for count in ledger["counts"]:
            key = (count["of"], count["what"], count["kind"])
            sums[key] = sums.get(key, 0) + count["n"]
    return [{"of": of, "what": what, "n": n, "kind": kind} for (of, what, kind), n in sums.items()]


NO_PANEL_SNP = "without a panel SNP in their window"

# Facts of one chromosome or file, by which ``total_ledger`` finds what met nothing.
PER_PART = ("n_regression_snps", "n_found_snps", "n_genes", "n_listed_snps", "n_listed_genes")


def _count_unmet(total: Ledger, parts: dict[str, dict[str, Any]]) -> None:
    """Regression SNPs of the list that the panel lacks, genes of the file on chromosomes not read."""

    def summed(kind: str, name: str) -> int:
        return sum(ledger["facts"].get(name, 0) for ledger in parts[kind].values())

    if summed("files", "n_listed_snps"):
        absent = summed("files", "n_listed_snps") - summed("chromosomes", "n_found_snps")
        total.removed("regression SNPs", "not on the panel's chromosomes that were read", absent)
    absent = summed("files", "n_listed_genes") - summed("chromosomes", "n_genes")
    total.removed("genes", "on chromosomes that were not read", absent)


def read_part(path: Path) -> Reference:
    """Read one file for ``merge``."""
    reference = read_reference(path)
    if "ledger_parts" not in reference.facts:
        raise InputError(
            f"{path}: was not built from chromosomes (an imported gsMap resource is whole as it is); leave it out"
        )
    return reference
