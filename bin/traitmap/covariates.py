"""Gene lists as covariates of every regression: a cell type's genes as an annotation, by the reference's windows."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.ledger import Ledger
from traitmap.reference import Reference

HEADERS = ("gene", "genes", "symbol", "gene_symbol", "gene_name", "hgnc_symbol")


def parse_covariates(given: list[str]) -> dict[str, Path]:
    """``NAME=FILE`` of each, in order; InputError for one without a name or a file, and for names that repeat."""
    pairs = [text.partition("=") for text in given]
    names = [name.strip() for name, _, _ in pairs]
    whole = [bool(name and path) for name, (_, _, path) in zip(names, pairs, strict=True)]
    problems = [f"--covariate {text}: give NAME=FILE" for text, good in zip(given, whole, strict=True) if not good]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    problems += [f"--covariate {name}: is given more than once; rename one" for name in twice]
    if problems:
        raise InputError(*problems)
    return {name: Path(path) for name, (_, _, path) in zip(names, pairs, strict=True)}


def read_gene_list(path: Path) -> tuple[pd.Series, int]:
    """A gene list: one human symbol a row and perhaps, after a tab or comma, what it weighs (1 where nothing is said).

    A header that calls its first column a gene is known; empty rows and comments (#) are passed over.

    Returns
    -------
    Weights (float64) by symbol, unique, and how many rows repeated a symbol (the first counts).

    Raises
    ------
    InputError
        No gene, or weights that are no finite numbers: the first three, a line each.
    """
    genes: dict[str, float] = {}
    repeated = 0
    problems: list[str] = []
    with open_text(path, "gene list") as text:
        lines = text.read().splitlines()
    separator = "\t" if any("\t" in line for line in lines) else ","
    for number, fields in enumerate(csv.reader(lines, delimiter=separator), start=1):
        cells = [field.strip() for field in fields]
        if not any(cells) or cells[0].startswith("#") or (not genes and cells[0].lower() in HEADERS):
            continue
        weight = _number(cells[1]) if len(cells) > 1 and cells[1] else 1.0
        if not cells[0]:
            problems.append(f"{path}: row {number}: the gene is empty; fill it in or remove the row")
        elif weight is None:
            problems.append(
                f"{path}: row {number}: {cells[1]!r} beside {cells[0]} is no number; give its weight or none"
            )
        elif cells[0] in genes:
            repeated += 1
        else:
            genes[cells[0]] = weight
    if not genes and not problems:
        problems.append(f"{path}: holds no gene (gene list); write one symbol a row")
    if problems:
        raise InputError(*problems[:3])
    return pd.Series(genes, dtype=np.float64), repeated


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def covariate_ld_scores(lists: dict[str, Path], reference: Reference, ledger: Ledger) -> pd.DataFrame | None:
    """LD scores of each list's annotation on all SNPs of the reference: float64, a column a list; None without lists.

    The annotation of a SNP is the weight of its gene, by the reference's map of SNPs to genes, as for a spot's GSS.
    Raises InputError where a list shares no gene with the reference.
    """
    columns = {}
    for name, path in lists.items():
        genes, repeated = read_gene_list(path)
        of = f"genes of covariate {name}"
        at = reference.genes.index[:-1].get_indexer(genes.index)
        ledger.read(of, len(genes))
        ledger.noted(of, "rows that repeat a gene, not used", repeated)
        ledger.removed(of, "not in the reference", (at < 0).sum())
        ledger.kept(of, (at >= 0).sum())
        if (at < 0).all():
            raise InputError(
                f"{path}: none of its {len(genes)} genes is in the reference (first: {genes.index[0]!r}, there: "
                f"{reference.genes.index[0]!r}); give human symbols"
            )
        weights = np.zeros(reference.weights.shape[1])
        weights[at[at >= 0]] = genes.to_numpy()[at >= 0]
        columns[name] = reference.weights @ weights
    return pd.DataFrame(columns, index=reference.snps.index) if columns else None


def beside(baseline: pd.DataFrame | None, covariates: pd.DataFrame | None) -> pd.DataFrame | None:
    """Further baseline LD scores and those of covariates in one table, of the SNPs that both have.

    Raises InputError where a covariate is called as a column of the baseline.
    """
    if baseline is None or covariates is None:
        return baseline if covariates is None else covariates
    if both := sorted(set(baseline) & set(covariates)):
        raise InputError(f"--covariate {', '.join(both)}: a column of --baseline is called so; rename it")
    return pd.concat([baseline, covariates], axis=1, join="inner")
