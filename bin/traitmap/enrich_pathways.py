"""Which pathways are over-represented among the genes that drive a trait's regions? A user's gene sets, offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from traitmap.errors import InputError
from traitmap.files import open_text, read_tsv_as_text
from traitmap.formats import GENES, PATHWAYS
from traitmap.regions import benjamini_hochberg

FEWEST, MOST = 5, 500  # measured genes of a set that is tested: tiny and vast ones say little


@dataclass(frozen=True)
class GeneSets:
    """Sets by name, in the file's order; ``repeated``: genes named twice in a set, counted once."""

    sets: dict[str, frozenset[str]]
    repeated: int


def read_gene_sets(path: Path) -> GeneSets:
    """Read a GMT file: a set a row, its name, a description and its genes, between tabs (MSigDB, Enrichr).

    Raises InputError, the first three mistakes: no set, a row without genes, a name that repeats.
    """
    sets: dict[str, frozenset[str]] = {}
    problems: list[str] = []
    repeated = 0
    with open_text(path, "gene sets") as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            fields = [field.strip() for field in line.rstrip("\r\n").split("\t")]
            genes = [gene.partition(",")[0] for gene in fields[2:] if gene]  # Enrichr may write GENE,1.0
            if not fields[0] or not genes:
                problems.append(f"{path}: row {number}: is no set; a row is name, description and genes, between tabs")
            elif fields[0] in sets:
                problems.append(f"{path}: row {number}: set {fields[0]!r} occurs more than once; rename one")
            else:
                sets[fields[0]] = frozenset(genes)
                repeated += len(genes) - len(set(genes))
    if not sets and not problems:
        problems.append(f"{path}: holds no gene set; give a GMT file")
    if problems:
        raise InputError(*problems[:3])
    return GeneSets(sets, repeated)


def read_ranked_genes(path: Path) -> pd.DataFrame:
    """Read genes.tsv (RANK_GENES): gene and drives as text. Raises InputError where it is no such table."""
    table = read_tsv_as_text(path, "ranked genes", "is it genes.tsv?")
    missing = [name for name in ("gene", "drives") if name not in table]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)} (of {', '.join(GENES)}); is it genes.tsv?")
    return table[["gene", "drives"]]


def enrich(genes: pd.DataFrame, sets: dict[str, frozenset[str]]) -> pd.DataFrame:
    """Over-representation of each set among the drivers of each region of one slice and trait.

    The background is all ranked genes; of a set, those among them count, and sets of fewer than ``FEWEST`` or more than
    ``MOST`` are no tests. P is the hypergeometric upper tail (Fisher's exact test, one-sided); it takes genes as
    independent. Columns region to genes of ``PATHWAYS``, smallest P first; no row where no gene drives.
    """
    background = frozenset(genes["gene"])
    inside = {name: found for name, members in sets.items() if FEWEST <= len(found := members & background) <= MOST}
    rows = []
    for region, of in genes[genes["drives"] != ""].groupby("drives", sort=True):
        drivers = list(of["gene"])
        for name, members in inside.items():
            shared = [gene for gene in drivers if gene in members]
            p = float(stats.hypergeom.sf(len(shared) - 1, len(background), len(members), len(drivers)))
            expected = len(members) * len(drivers) / len(background)
            rows.append((region, name, len(members), len(drivers), len(shared), expected, p, ",".join(shared)))
    names = ("region", "pathway", "n_genes", "n_drivers", "overlap", "expected", "p", "genes")
    return pd.DataFrame(rows, columns=list(names)).sort_values(["p", "region", "pathway"], kind="stable")


def enrich_run(tables: dict[tuple[str, str], Path], sets: dict[str, frozenset[str]]) -> pd.DataFrame:
    """The table of ``formats.PATHWAYS`` of a run, by slice, trait, then P: (slice, trait) -> genes.tsv.

    q is Benjamini and Hochberg's over all tests of the run. Rows of which no driver is in the set are counted in q, and
    left out of the table. Raises InputError where no set shares enough genes with any slice.
    """
    ranked = {key: read_ranked_genes(path) for key, path in sorted(tables.items())}
    everywhere = set().union(*(table["gene"] for table in ranked.values()))
    if not any(len(members & everywhere) >= FEWEST for members in sets.values()):
        here, there = min(everywhere, default="none"), min(next(iter(sets.values())))
        raise InputError(
            f"--gene-sets: no set holds {FEWEST} genes of the run (its genes: {here}, ...; sets: {there}, ...); "
            "give sets of human symbols"
        )
    parts = [enrich(table, sets).assign(slice=s, trait=t) for (s, t), table in ranked.items()]
    whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    whole["q"] = benjamini_hochberg(whole["p"].to_numpy(np.float64))
    return whole.loc[whole["overlap"] > 0, list(PATHWAYS)].reset_index(drop=True)
