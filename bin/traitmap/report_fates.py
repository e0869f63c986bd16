"""What became of the SNPs of every trait and of the spots and genes of every slice, in one table each."""

from __future__ import annotations

from dataclasses import dataclass

from traitmap.report_results import Account, Results
from traitmap.report_words import number

KINDS = ("in", "removed", "noted", "out")


@dataclass(frozen=True)
class Fates:
    """What became of things, side by side: ``names`` of columns, and lines (heading, kind, counts, their shares).

    kind: in, removed, noted, out, as ledgers say; a count is "" where an account lacks the line.
    """

    names: list[str]
    lines: list[tuple[str, str, list[str], list[float | None]]]


def fates_of_traits(results: Results) -> Fates:
    """The SNPs of each trait: rows read, each filter, and what the regression of its first slice used."""
    columns = {}
    for trait in results.traits.values():
        pair = next((p for p in results.associations.values() if p.trait == trait.name and p.account), None)
        columns[trait.name] = [account for account in (trait.account, pair.account if pair else None) if account]
    return _fates(columns, {"harmonize_sumstats": None, "regress_spots": "SNPs"})


def fates_of_slices(results: Results) -> Fates:
    """The spots and genes of each slice, as scoring its specificity counted them."""
    columns = {name: [a for a in results.accounts if a.subject == name] for name in results.slices}
    return _fates(columns, {"score_specificity": None})


def _fates(columns: dict[str, list[Account]], steps: dict[str, str | None]) -> Fates:
    """Lines that are above 0 in any column, of ``steps`` and there of the one thing named (None: of everything)."""
    found: dict[tuple[str, ...], dict[str, tuple[float, float]]] = {}
    for name, accounts in columns.items():
        for account in (a for step in steps for a in accounts if a.step == step):
            came = {}
            for count in account.counts:
                of, kind, what = (str(count.get(part, "")) for part in ("of", "kind", "what"))
                if steps[account.step] not in (None, of):
                    continue
                came.setdefault(of, count["n"]) if kind == "in" else None
                total = came.get(of) or next(iter(came.values()), 0)
                found.setdefault((account.step, of, kind, what), {})[name] = (count["n"], total)
    lines = []
    things = list(dict.fromkeys((step, of) for step, of, _, _ in found))
    order = sorted(found, key=lambda line: (things.index(line[:2]), KINDS.index(line[2]) if line[2] in KINDS else 1))
    for line in order:
        _, of, kind, what = line
        cells = found[line]
        if not any(n for n, _ in cells.values()):
            continue
        heading = what if not what or what.startswith(of) else f"{of}: {what}"
        numbers = [number(cells[name][0]) if name in cells else "" for name in columns]
        shares = [cells[name][0] / cells[name][1] if name in cells and cells[name][1] else None for name in columns]
        lines.append((heading or of, kind, numbers, shares))
    return Fates(list(columns), lines)
