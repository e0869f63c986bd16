"""LD scores as LDSC writes them: <prefix>.l2.ldscore.gz with columns CHR, SNP, BP, perhaps CM and MAF, and L2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.chromosomes import autosomes, find_files
from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.ledger import Ledger

SUFFIXES = (".l2.ldscore.gz", "l2.ldscore.gz", ".l2.ldscore", "l2.ldscore", "")
SCORES = ("L2", "BASEL2", "BASE")  # any gene or none: LDSC names a single annotation's score after it


def find_ld_scores(prefix: str, chromosomes: list[int], what: str, **mend: str) -> tuple[dict[int, Path], list[str]]:
    """The file of each chromosome by LDSC's prefix with ``{chr}`` in it (or the whole name), and what is missing."""
    return find_files(prefix, chromosomes, SUFFIXES, what, **mend)


def read_ld_scores(path: Path, chromosome: int, of: str, ledger: Ledger) -> pd.DataFrame:
    """Index SNP, columns BP (int), CM, MAF (NaN where the file lacks them) and L2, of one chromosome, by position.

    Counted under ``of`` and left out: rows of other chromosomes, without a finite L2, of repeated SNPs. L2 below 1 or
    0, which unbiased r2 and rounding allow, is kept and counted. Raises InputError where columns are missing.
    """
    with open_text(path, of) as text:
        try:
            table = pd.read_csv(text, sep=r"\s+", dtype={0: str}, engine="c")
        except ValueError as error:
            raise InputError(f"{path}: is no table ({of}: {error}); is it LDSC's .l2.ldscore?") from error
    table.columns = table.columns.str.upper()
    score = next((name for name in SCORES if name in table.columns), None)
    absent = [name for name in ("CHR", "SNP", "BP") if name not in table.columns]
    if absent or score is None:
        raise InputError(
            f"{path}: lacks column {', '.join([*absent, *([] if score else ['L2'])])} ({of}); is it LDSC's .l2.ldscore?"
        )
    ledger.read(of, len(table))
    table = pd.DataFrame(
        {
            "CHR": autosomes(table["CHR"].astype(str)),
            "SNP": table["SNP"].astype(str),
            "L2": pd.to_numeric(table[score], errors="coerce"),
            **{name: pd.to_numeric(table.get(name, np.nan), errors="coerce") for name in ("BP", "CM", "MAF")},
        }
    )
    unplaced = ~np.isfinite(table["BP"])
    if unplaced.any():
        raise InputError(f"{path}: row {int(np.argmax(unplaced)) + 2}: BP is not a number ({of}); mend the row")
    for what, bad in (
        ("on another chromosome", table["CHR"] != chromosome),
        ("L2 missing", ~np.isfinite(table["L2"])),
        ("SNP id seen before in the file", table["SNP"].duplicated()),
    ):
        out = bad.reindex(table.index)
        ledger.removed(of, what, out.sum())
        table = table[~out]
    ledger.noted(of, "L2 below 1", (table["L2"] < 1).sum())
    ledger.noted(of, "L2 below 0", (table["L2"] < 0).sum())
    table = table.astype({"BP": np.int64, "CM": np.float64, "MAF": np.float64, "L2": np.float64}).sort_values(
        "BP", kind="stable"
    )
    return table.set_index("SNP")[["BP", "CM", "MAF", "L2"]]
