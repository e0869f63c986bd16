"""Tables as the page of calibration holds them."""

from __future__ import annotations

import pandas as pd


def markdown(table: pd.DataFrame) -> str:
    """A table of text."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)
