"""What harmonize_sumstats.py is called on; its cases are in gwas_files, gwas_values, gwas_odd, header_vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from corpus.registry import Reader
from sumstats_fixture import reference_file

SNPS = 400


def table() -> pd.DataFrame:
    """A plain GWAS of 400 SNPs with every common column; effect over standard error is Z."""
    rng = np.random.default_rng(5)
    alleles = np.array([("A", "G"), ("C", "T"), ("G", "A"), ("T", "C"), ("A", "C"), ("G", "T")])
    pairs = alleles[rng.integers(len(alleles), size=SNPS)]
    z = rng.normal(scale=1.5, size=SNPS)
    return pd.DataFrame(
        {
            "SNP": [f"rs{1000 + number}" for number in range(SNPS)],
            "CHR": np.sort(rng.integers(1, 23, size=SNPS)),
            "BP": np.arange(SNPS) * 1000 + 1_000_000,
            "A1": pairs[:, 0],
            "A2": pairs[:, 1],
            "FRQ": rng.uniform(0.1, 0.9, SNPS).round(3),
            "INFO": 0.99,
            "BETA": (0.02 * z).round(6),
            "SE": 0.02,
            "N": 100_000,
        }
    ).astype(object)


def write(folder: Path, data: pd.DataFrame, sep: str = "\t", name: str = "gwas.tsv") -> None:
    """Write ``data`` as the GWAS."""
    (folder / name).write_text(data.to_csv(sep=sep, index=False, na_rep="NA"))


def make(folder: Path) -> None:
    """The GWAS, and a reference of the same SNPs."""
    write(folder, table())
    truth = table().rename(columns={"CHR": "chr", "BP": "bp", "A1": "a1", "A2": "a2"}).set_index("SNP")
    reference_file(folder / "reference.h5ad", truth)


GWAS = Reader(
    "gwas",
    "Summary statistics",
    "harmonize_sumstats",
    {
        "--sumstats": "gwas.tsv",
        "--trait": "trait",
        "--reference": "reference.h5ad",
        "--out": "out/trait.parquet",
        "--qc": "out/qc.json",
    },
    make,
)
READERS = [GWAS]


def changed(name: str, what: str, change: Callable[[pd.DataFrame], pd.DataFrame | None], *says: str, **kind) -> None:
    """Register a case that is the plain GWAS with its table changed."""

    def build(folder: Path) -> None:
        data = table()
        result = change(data)
        write(folder, data if result is None else result)

    GWAS.add(name, what, build, says, **kind)


def cell(column: str, rows: slice | int, value: object) -> Callable[[pd.DataFrame], None]:
    """A change: ``value`` in some rows of a column."""

    def change(data: pd.DataFrame) -> None:
        data.loc[data.index[rows], column] = value

    return change
