"""The reference: how regression SNPs are linked to genes, in one file that serves every slice and trait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.formats import REFERENCE_GENES, REFERENCE_SNPS, UNMAPPED
from traitmap.h5ad import read_h5ad, write_h5ad


@dataclass
class Reference:
    """LD between regression SNPs and genes.

    weights
        CSR float32, regression SNPs x (genes + 1): sum of unbiased r2 between the SNP and all panel SNPs of that gene;
        the last column sums over the SNPs of no gene. LD scores of any gene annotation are ``weights @ annotation``.
    snps
        Index SNP, columns ``formats.REFERENCE_SNPS``, in genomic order.
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
    write_h5ad(data, path)


def read_reference(path: Path) -> Reference:
    """Read and check a reference.h5ad (or the folder that holds one).

    Raises InputError where it is no reference, lacks columns, holds repeated SNPs or is not in genomic order.
    """
    path = Path(path)
    path = path / "reference.h5ad" if path.is_dir() else path
    data = read_h5ad(path, "reference")
    wanted = [("obs", column, data.obs) for column in REFERENCE_SNPS]
    wanted += [("var", column, data.var) for column in REFERENCE_GENES]
    problems = [
        f"{path}: lacks {axis} column {column}; is it a reference?" for axis, column, of in wanted if column not in of
    ]
    if data.n_vars == 0 or data.var_names[-1] != UNMAPPED:
        problems.append(f"{path}: its last column is not {UNMAPPED!r}; is it a reference?")
    if not data.obs_names.is_unique:
        problems.append(f"{path}: SNP {data.obs_names[data.obs_names.duplicated()][0]} occurs more than once")
    if problems:
        raise InputError(*problems)
    snps = data.obs[list(REFERENCE_SNPS)]
    position = snps["CHR"].to_numpy(np.int64) * 10**10 + snps["BP"].to_numpy(np.int64)
    if (np.diff(position) < 0).any():
        at = snps.index[int(np.argmax(np.diff(position) < 0)) + 1]
        raise InputError(f"{path}: SNPs are not in genomic order (first out of place: {at}); build the reference again")
    weights = sparse.csr_matrix(data.X).astype(np.float32)
    return Reference(weights, snps, data.var[list(REFERENCE_GENES)], dict(data.uns))
