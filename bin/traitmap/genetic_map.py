"""Genetic positions (centimorgans) of a panel's SNPs: from the .bim, a genetic map, or, failing both, the position."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.chromosomes import autosome
from traitmap.errors import InputError
from traitmap.files import open_text
from traitmap.ledger import Ledger

BY_POSITION = "1 Mb taken as 1 cM"
BASES_PER_CM = 1_000_000  # the human genome's average, and what stands in where no map is known


def genetic_positions(
    position: np.ndarray, centimorgan: np.ndarray, chromosome: int, genetic_map: Path | None, ledger: Ledger
) -> np.ndarray:
    """Ascending cM (M,) of SNPs at ascending base positions ``position`` (M,).

    The map decides where one is given; otherwise the .bim's ``centimorgan`` unless all are 0, and then 1 Mb counts as
    1 cM, with a warning. Where cM goes back along the chromosome (0 beyond the end of a map, say) it is held at the
    highest so far, and counted.
    """
    if genetic_map is not None:
        ledger.fact("genetic_positions", "genetic map")
        mapped, cm = read_genetic_map(genetic_map, chromosome)
        return interpolate(position, mapped, cm)
    if not np.any(centimorgan):
        ledger.fact("genetic_positions", BY_POSITION)
        ledger.warn(
            "The panel has no genetic positions (its cM column is all 0) and no genetic map was given: "
            "1 Mb is taken as 1 cM."
        )
        return position / BASES_PER_CM
    ledger.fact("genetic_positions", "panel")
    ascending = np.maximum.accumulate(centimorgan)
    ledger.noted("panel SNPs", "cM below an earlier SNP's (raised to it)", (ascending > centimorgan).sum())
    return ascending


def interpolate(position: np.ndarray, mapped: np.ndarray, cm: np.ndarray) -> np.ndarray:
    """cM at ``position``, linear between the ascending points of the map, 1 cM per Mb outside of it."""
    inside = np.interp(position, mapped, cm)
    before = np.minimum(position - mapped[0], 0) / BASES_PER_CM
    after = np.maximum(position - mapped[-1], 0) / BASES_PER_CM
    return inside + before + after


def read_genetic_map(path: Path, chromosome: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and cM (points,), ascending, of one chromosome.

    Read are HapMap's and Eagle's maps (chromosome, position, rate, cM), SHAPEIT's (position, rate, cM), PLINK's .map
    (chromosome, id, cM, position) and plain position, cM; a header with names for position and cM is followed.
    Raises InputError where no two points of the chromosome are found or cM falls.
    """
    with open_text(path, "genetic map") as lines:
        rows = [fields for line in lines if (fields := line.replace(",", " ").split()) and not line.startswith("##")]
    if not rows:
        raise InputError(f"{path}: holds no row (genetic map); write two columns, position and cM")
    header = None if _is_number(rows[0][-1]) else [name.lower().lstrip("#") for name in rows.pop(0)]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise InputError(f"{path}: is no table of equally long rows (genetic map); write two columns, position and cM")
    table = pd.DataFrame(rows)
    names, at_position, at_cm = _columns(header, table.shape[1], path)
    if names is not None:
        table = table[[autosome(name) == chromosome for name in table[names]]]
    numbers = table[[at_position, at_cm]].apply(pd.to_numeric, errors="coerce")
    bad = ~np.isfinite(numbers.to_numpy(np.float64)).all(axis=1)
    if bad.any():
        row = int(numbers.index[bad][0]) + 1 + (header is not None)
        raise InputError(f"{path}: row {row}: position or cM is not a number (genetic map); mend or remove the row")
    numbers = numbers.drop_duplicates(at_position).sort_values(at_position)
    position, cm = numbers.to_numpy(np.float64).T
    if len(position) < 2:
        raise InputError(f"{path}: has {len(position)} points on chromosome {chromosome} (genetic map); two are needed")
    if (np.diff(cm) < 0).any():
        at = int(position[1:][np.diff(cm) < 0][0])
        raise InputError(f"{path}: cM falls at position {at} (genetic map); are its columns right?")
    return position, cm


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(header: list[str] | None, width: int, path: Path) -> tuple[int | None, int, int]:
    """Where the chromosome (or None), the position and cM stand."""
    if header is not None:
        of_position = [i for i, name in enumerate(header) if name.startswith(("pos", "bp", "physical"))]
        of_cm = [i for i, name in enumerate(header) if "rate" not in name and ("cm" in name or "genetic" in name)]
        of_name = [i for i, name in enumerate(header) if name.startswith("chr")]
        if not of_position or not of_cm:
            raise InputError(
                f"{path}: its header names no position or no cM (genetic map): {' '.join(header)}; write both"
            )
        return (of_name[0] if of_name else None), of_position[0], of_cm[-1]
    layouts = {2: (None, 0, 1), 3: (None, 0, 2), 4: (0, 3, 2)}
    if width not in layouts:
        raise InputError(f"{path}: has {width} columns and no header (genetic map); write two columns, position and cM")
    return layouts[width]
