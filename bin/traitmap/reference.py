"""The reference: how regression SNPs are linked to genes, in one file that serves every slice and trait."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import require_file
from traitmap.formats import A1_FREQUENCY, REFERENCE_GENES, REFERENCE_SNPS, UNMAPPED
from traitmap.h5ad import read_h5ad, write_h5ad

ROWS = 50_000  # of the weights that are summed at a time


@dataclass
class Reference:
    """LD between regression SNPs and genes.

    weights
        CSR float32, regression SNPs x (genes + 1): sum of unbiased r2 between the SNP and all panel SNPs of that gene;
        the last column sums over the SNPs of no gene. LD scores of any gene annotation are ``weights @ annotation``.
    snps
        Index SNP, columns ``formats.REFERENCE_SNPS`` and maybe ``A1_FREQUENCY``, in genomic order.
    genes
        Index gene symbol, columns ``formats.REFERENCE_GENES``; the last row is ``unmapped``.
    facts
        Genome build, panel size, windows, tool version, hashes, ``approximate`` (bool), ``ledger`` (JSON text).
    """

    weights: sparse.csr_matrix
    snps: pd.DataFrame
    genes: pd.DataFrame
    facts: dict[str, Any]

    def __post_init__(self) -> None:
        if self.weights.shape != (len(self.snps), len(self.genes)):
            raise ValueError(f"weights {self.weights.shape}, {len(self.snps)} SNPs, {len(self.genes)} genes")
        if self.genes.index[-1] != UNMAPPED:
            raise ValueError(f"the last column must be {UNMAPPED!r}, not {self.genes.index[-1]!r}")


def write_reference(reference: Reference, path: Path) -> None:
    """Write ``reference`` as .h5ad (DESIGN: X, obs, var, uns)."""
    import anndata

    data = anndata.AnnData(X=reference.weights, obs=reference.snps, var=reference.genes, uns=reference.facts)
    write_h5ad(data, path, compress=False)  # every trait of every slice reads it


def read_reference(path: Path) -> Reference:
    """Read and check a reference.h5ad (or the folder that holds one).

    Raises InputError where it is no reference, lacks columns, holds repeated SNPs or is not in genomic order.
    """
    path = _reference_file(path)
    data = read_h5ad(path, "reference")
    problems = _lacking(path, "obs", data.obs, REFERENCE_SNPS) + _lacking(path, "var", data.var, REFERENCE_GENES)
    if data.n_vars == 0 or data.var_names[-1] != UNMAPPED:
        problems.append(f"{path}: its last column is not {UNMAPPED!r}; is it a reference?")
    if data.var_names.has_duplicates:
        gene = data.var_names[data.var_names.duplicated()][0]
        problems.append(f"{path}: gene {gene} occurs more than once; build the reference again")
    if data.X is None:
        problems.append(f"{path}: holds nothing in X; is it a whole reference?")
    if problems:
        raise InputError(*problems)
    snps = _checked_snps(path, data.obs)
    weights = sparse.csr_matrix(data.X).astype(np.float32, copy=False)
    if not np.isfinite(weights.data).all():
        raise InputError(f"{path}: X holds missing or infinite values; build the reference again")
    return Reference(weights, snps, data.var[list(REFERENCE_GENES)], dict(data.uns))


def read_reference_snps(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The SNP table and the facts of a reference alone, without its weights: a second instead of a minute.

    Raises InputError as ``read_reference`` does.
    """
    import h5py
    from anndata.io import read_elem

    path = require_file(_reference_file(path), "reference")
    try:
        with h5py.File(path) as file:
            obs, facts = read_elem(file["obs"]), dict(read_elem(file["uns"]))
    except Exception as error:  # h5py and anndata raise whatever their parsers meet
        raise InputError(f"{path}: cannot be read as a reference ({error}); is it a whole reference.h5ad?") from error
    problems = _lacking(path, "obs", obs, REFERENCE_SNPS)
    if problems:
        raise InputError(*problems)
    return _checked_snps(path, obs), facts


def panel_snps(facts: dict[str, Any]) -> int | None:
    """M, the SNPs that the reference's LD scores sum over, by its own account; None where it does not say."""
    if "panel_snps" in facts:
        return int(facts["panel_snps"])
    counts = json.loads(facts["ledger"])["counts"] if "ledger" in facts else []
    sign = {"in": 1, "removed": -1}
    return sum(sign.get(count["kind"], 0) * count["n"] for count in counts if count["of"] == "panel SNPs") or None


def read_ld_scores(path: Path) -> tuple[pd.DataFrame, float]:
    """LD score ``ld`` of each regression SNP over all panel SNPs and ``w_ld``, index SNP; and the panel's SNPs.

    The weights are summed as they are read, in a moment. A reference that does not say how many SNPs its panel has
    counts as having its own: that scales heritabilities, but no intercept. Raises InputError as ``read_reference``.
    """
    import h5py

    snps, facts = read_reference_snps(path)
    with h5py.File(_reference_file(path)) as file:
        group = file["X"]
        if not {"data", "indptr"} <= set(group) or group.attrs.get("encoding-type") != "csr_matrix":
            raise InputError(f"{path}: X is no CSR matrix; build the reference again")
        ends = group["indptr"][:]
        ld = np.empty(len(snps))
        for first in range(0, len(snps), ROWS):  # not all weights at once
            here = ends[first : first + ROWS + 1]
            sums = np.concatenate([[0.0], np.cumsum(group["data"][here[0] : here[-1]], dtype=np.float64)])
            ld[first : first + ROWS] = np.diff(sums[here - here[0]])
    return pd.DataFrame({"ld": ld, "w_ld": snps["w_ld"]}, index=snps.index), float(panel_snps(facts) or len(snps))


def _reference_file(path: Path) -> Path:
    path = Path(path)
    return path / "reference.h5ad" if path.is_dir() else path


def snp_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a SNP table that a reference keeps: ``formats.REFERENCE_SNPS``, and A1's frequency if there."""
    return [*REFERENCE_SNPS, *(name for name in (A1_FREQUENCY,) if name in table)]


def _lacking(path: Path, axis: str, table: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    return [f"{path}: lacks {axis} column {column}; is it a reference?" for column in columns if column not in table]


def _checked_snps(path: Path, obs: pd.DataFrame) -> pd.DataFrame:
    if not obs.index.is_unique:
        raise InputError(
            f"{path}: SNP {obs.index[obs.index.duplicated()][0]} occurs more than once; build the reference again"
        )
    snps = obs[snp_columns(obs)]
    for column in (name for name in snps if name not in ("A1", "A2")):
        needed = column in ("CHR", "BP")
        numbers = pd.to_numeric(snps[column], errors="coerce")
        bad = (numbers.isna() & (snps[column].notna() | needed)) | np.isinf(numbers)
        if bad.any():
            at, value = snps.index[bad][0], snps[column][bad].iloc[0]
            raise InputError(f"{path}: {column} of SNP {at} is {value!r}, not a number; build the reference again")
    position = snps["CHR"].to_numpy(np.int64) * 10**10 + snps["BP"].to_numpy(np.int64)
    if (np.diff(position) < 0).any():
        at = snps.index[int(np.argmax(np.diff(position) < 0)) + 1]
        raise InputError(f"{path}: SNPs are not in genomic order (first out of place: {at}); build the reference again")
    return snps
