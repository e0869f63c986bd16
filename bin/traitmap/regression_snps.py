"""The list of regression SNPs: HapMap3 or any other, one id a row."""

from __future__ import annotations

from pathlib import Path

from traitmap.chromosomes import is_chromosome
from traitmap.errors import InputError
from traitmap.files import open_text

HEADERS = ("snp", "rsid", "rs_id", "rs", "id", "snpid", "snp_id", "markername", "marker", "variant", "variant_id")


def read_snp_list(path: Path) -> tuple[frozenset[str], int]:
    """The distinct SNP ids of a list, and how many rows repeated one.

    Read are one id a row, tables with a header that names the ids (w_hm3.snplist: SNP A1 A2), tables without (the
    first column) and .bim files (the second). Raises InputError where there is no SNP.
    """
    with open_text(path, "regression SNPs") as text:
        lines = text.read().replace(",", " ").splitlines()
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    fields = lines[first].split()
    names = [name.lower().lstrip("#") for name in fields]
    named = next((names.index(name) for name in HEADERS if name in names), None)
    column = (1 if _is_bim(fields) else 0) if named is None else named
    try:
        rows = lines[first + (named is not None) :]
        ids = [parts[column] for line in rows if (parts := line.split(None, column + 1))]
    except IndexError:
        row = next(at for at, line in enumerate(lines) if line.strip() and len(line.split()) <= column) + 1
        raise InputError(f"{path}: row {row} has no column {column + 1} (regression SNPs); mend or remove it") from None
    distinct = frozenset(ids) - {"."}
    if not distinct:
        raise InputError(f"{path}: names no SNP (regression SNPs); write one id a row")
    return distinct, len(ids) - len(distinct)


def _is_bim(fields: list[str]) -> bool:
    return len(fields) == 6 and is_chromosome(fields[0]) and fields[3].isdecimal()
