"""What the regression reads: a trait's Z, further baseline LD scores and, batch by batch, the spots' scores."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import open_text, require_file
from traitmap.h5ad import read_h5ad
from traitmap.ledger import Ledger
from traitmap.slices import REGION

PARQUET_MAGIC = b"PAR1"
FEATHER_MAGIC = (b"ARROW1", b"FEA1")
NOT_LD_SCORES = {"SNP", "CHR", "BP", "CM", "MAF", "A1", "A2"}
AUTOSOMES = range(1, 23)


def read_table(path: Path, what: str, wanted: list[str] | None = None) -> pd.DataFrame:
    """Read a parquet, feather or (compressed) text table; told by content. Text is split at tabs, else at blanks.

    Of a parquet that has all columns ``wanted``, no other is read. Raises InputError where it cannot be read.
    """
    path = require_file(path, what)
    magic = _magic(path)
    try:
        if magic.startswith(PARQUET_MAGIC):
            there = wanted and set(wanted) <= set(pq.read_schema(path).names)
            return pd.read_parquet(path, columns=wanted if there else None)
        if magic.startswith(FEATHER_MAGIC):
            return pd.read_feather(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        raise InputError(f"{path}: cannot be read ({what}: {error}); copy it again") from error
    with open_text(path, what) as text:
        header = text.readline()
        separator = "\t" if "\t" in header else r"\s+"
        names = header.rstrip("\r\n").split("\t") if separator == "\t" else header.split()
        try:
            with warnings.catch_warnings():
                # pandas would drop the fields beyond the header's with no more than a warning.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                return pd.read_csv(text, sep=separator, names=names, header=None, index_col=False, dtype={"SNP": str})
        except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
            raise InputError(
                f"{path}: is no table of as many fields as its header names ({what}: {error}); mend it"
            ) from error


def is_binary_table(path: Path) -> bool:
    """Whether a table is parquet or feather, by its first bytes."""
    return _magic(path).startswith((PARQUET_MAGIC, *FEATHER_MAGIC))


def _magic(path: Path) -> bytes:
    with path.open("rb") as raw:
        return raw.read(6)


def read_trait(path: Path, ledger: Ledger) -> pd.DataFrame:
    """Read harmonised parquet or LDSC .sumstats[.gz]: index SNP (unique), columns Z and N (float64, finite, N > 0).

    Repeated SNPs after the first, and rows without Z or N, are left out and counted.
    Raises InputError where SNP, Z or N is no column, or a value is text.
    """
    wanted = ["SNP", "Z", "N"]
    table = read_table(path, "summary statistics", wanted)
    missing = [column for column in wanted if column not in table]
    if missing:
        has = ", ".join(map(str, table.columns[:12]))
        raise InputError(
            f"{path}: has no column {', '.join(missing)} (columns: {has}); harmonise it first (harmonize_sumstats.py)"
        )
    table = pd.DataFrame(
        {"Z": _numbers(table, "Z", path), "N": _numbers(table, "N", path)}, index=pd.Index(table["SNP"], name="SNP")
    )
    ledger.read("SNPs", len(table))
    for what, keep in (
        ("without a name", lambda t: t.index.notna()),
        ("repeated, first kept", lambda t: ~t.index.duplicated()),
        ("Z missing", lambda t: np.isfinite(t["Z"])),
        ("N missing or not above 0", lambda t: np.isfinite(t["N"]) & (t["N"] > 0)),
    ):
        kept = np.asarray(keep(table), dtype=bool)
        ledger.removed("SNPs", what, len(table) - kept.sum())
        table = table[kept]
    return table


def _numbers(table: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    values = table[column]
    numbers = pd.to_numeric(values, errors="coerce")
    text = numbers.isna() & values.notna()
    if text.any():
        at = int(np.argmax(text.to_numpy()))
        raise InputError(
            f"{path}: {column} of SNP {table['SNP'].iloc[at]} is {values.iloc[at]!r}, not a number; mend it"
        )
    return numbers.to_numpy(np.float64)


def read_baselines(paths: list[Path], ledger: Ledger) -> pd.DataFrame | None:
    """Read further baseline LD scores: index SNP (unique), one float64 column each; None where there is no file.

    Files with the same columns are parts of one table (one a chromosome, say); ``{chr}`` in a name stands for 1 to 22.
    Tables with different columns stand side by side and keep the SNPs that all of them have.
    """
    tables: dict[tuple[str, ...], list[pd.DataFrame]] = {}
    for path in _expanded(paths):
        table = read_baseline(path)
        tables.setdefault(tuple(table.columns), []).append(table)
    if not tables:
        return None
    names = [name for columns in tables for name in columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"--baseline: column {', '.join(repeated)} occurs in files of different columns; rename it")
    whole = []
    for parts in tables.values():
        table = pd.concat(parts)
        duplicated = table.index.duplicated()
        ledger.removed("baseline SNPs", "repeated, first kept", duplicated.sum())
        whole.append(table[~duplicated])
    joined = pd.concat(whole, axis=1, join="inner")
    finite = np.isfinite(joined.to_numpy()).all(axis=1)
    ledger.removed("baseline SNPs", "not in every table", max(map(len, whole)) - len(joined))
    ledger.removed("baseline SNPs", "an LD score missing", len(joined) - finite.sum())
    if not finite.any():
        raise InputError(f"{', '.join(map(str, paths))}: no SNP has all LD scores (baseline); do the files fit?")
    return joined[finite]


def _expanded(paths: list[Path]) -> list[Path]:
    expanded: list[Path] = []
    for path in map(str, paths):
        if "{chr}" not in path:
            expanded.append(Path(path))
            continue
        found = [each for each in (Path(path.replace("{chr}", str(c))) for c in AUTOSOMES) if each.exists()]
        if not found:
            raise InputError(f"{path}: no such file for any of chromosomes 1 to 22 (baseline LD scores); check it")
        expanded += found
    return expanded


def read_baseline(path: Path) -> pd.DataFrame:
    """One table of further LD scores: index SNP, one float64 column each; InputError where it is none."""
    table = read_table(path, "baseline LD scores")
    columns = [column for column in table.columns if column not in NOT_LD_SCORES]
    if "SNP" not in table or not columns:
        raise InputError(
            f"{path}: needs a column SNP and columns of LD scores; has {', '.join(map(str, table.columns))}"
        )
    values = {str(column): _numbers(table, column, path) for column in columns}
    return pd.DataFrame(values, index=pd.Index(table["SNP"].astype(str), name="SNP"))


class SpotScores:
    """Spots x genes of a specificity.h5ad (or any .h5ad with numbers in X), read in batches: memory stays bounded.

    Attributes
    ----------
    spots, genes
        Names, in the file's order.
    region
        obs['region'] as str or None per spot; None where the file has no such column.
    """

    def __init__(self, path: Path):
        import anndata

        self._path = require_file(path, "specificity")
        try:
            data = anndata.read_h5ad(path, backed="r")
        except Exception as error:  # h5py and anndata raise whatever their parsers meet
            raise InputError(f"{path}: cannot be read as .h5ad (specificity: {error}); is it whole?") from error
        self.spots = data.obs_names.astype(str).to_numpy()
        self.genes = data.var_names.astype(str)
        # data.X of a file without one is a KeyError
        if not len(self.spots) or not len(self.genes) or "X" not in data.file:
            raise InputError(f"{path}: holds no spots, no genes, or nothing in X; give spots x genes")
        shape = tuple(getattr(data.X, "shape", ()))
        if shape != (len(self.spots), len(self.genes)):
            raise InputError(
                f"{path}: X has shape {shape}, but there are {len(self.spots)} spots and "
                f"{len(self.genes)} genes; score the slice again"
            )
        if not data.obs_names.is_unique:
            spot = data.obs_names[data.obs_names.duplicated()][0]
            raise InputError(f"{path}: spot {spot} occurs more than once in obs_names; make them unique")
        if not self.genes.is_unique:
            gene = self.genes[self.genes.duplicated()][0]
            raise InputError(f"{path}: gene {gene} occurs more than once in var_names; make them unique")
        self.region = None
        if REGION in data.obs:
            labels = data.obs[REGION].astype(object)
            self.region = labels.where(labels.notna(), None).to_numpy()
        self._matrix = data.X
        # Rows of a CSC matrix cannot be read in batches: take it whole.
        if getattr(data.X, "format", "csr") == "csc":
            self._matrix = read_h5ad(path, "specificity").X.tocsr()

    def __len__(self) -> int:
        return len(self.spots)

    def batches(self, size: int, first: int = 0, last: int | None = None) -> Iterator[tuple[int, sparse.csr_matrix]]:
        """Yield (first spot, rows as CSR) for runs of ``size`` of the spots from ``first`` to before ``last``.

        Raises InputError at a value that is not finite.
        """
        last = len(self) if last is None else last
        for start in range(first, last, size):
            rows = self._rows(start, min(start + size, last))
            bad = ~np.isfinite(rows.data)
            if bad.any():
                at = int(np.argmax(bad))
                spot = self.spots[start + int(np.searchsorted(rows.indptr, at, side="right")) - 1]
                gene = self.genes[rows.indices[at]]
                raise InputError(
                    f"{self._path}: X of spot {spot}, gene {gene} is {rows.data[at]}; every value must be finite"
                )
            yield start, rows

    def _rows(self, start: int, stop: int) -> sparse.csr_matrix:
        try:
            rows = sparse.csr_matrix(self._matrix[start:stop])
            rows.check_format(full_check=True)
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise InputError(f"{self._path}: X is damaged (specificity: {error}); score the slice again") from error
        return rows
