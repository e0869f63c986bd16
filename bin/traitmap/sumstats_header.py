"""Whose column is whose: the header vocabulary of GWAS formats, and the layout of one file by it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from traitmap.errors import InputError
from traitmap.files import open_text

ROLES = (
    "snp",
    "chr",
    "bp",
    "effect_allele",
    "other_allele",
    "z",
    "beta",
    "se",
    "odds_ratio",
    "neg_log10_p",
    "p",
    "chi2",
    "n",
    "n_effective",
    "n_effective_half",
    "n_cases",
    "n_controls",
    "n_cases_in_header",
    "n_controls_in_header",
    "frq",
    "info",
    "test",
)
STATISTICS = ("z", "effect", "p", "chi2")
NUMBER = "{n}"


def plain(name: str) -> str:
    """A header name without case and punctuation: ``#CHROM`` is ``chrom``, ``P-value`` is ``pvalue``."""
    return "".join(character for character in name.lower() if character.isalnum())


@dataclass(frozen=True)
class Name:
    """A name of the vocabulary, ready to be compared; ``{n}`` in it stands for digits."""

    pattern: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> Name:
        """Compile ``text`` as it stands in the vocabulary."""
        return cls(re.compile(r"(\d+)".join(re.escape(plain(part)) for part in text.split(NUMBER))))

    def number(self, header: str) -> float | None:
        """The number that ``header`` carries where ``{n}`` stands; None where it is another name or has no number."""
        match = self.pattern.fullmatch(plain(header))
        return float(match[1]) if match and match.groups() else None

    def matches(self, header: str) -> bool:
        """Whether ``header`` is this name."""
        return self.pattern.fullmatch(plain(header)) is not None


@dataclass(frozen=True)
class Format:
    """A known program's format: told by ``marks``; its ``columns`` replace the vocabulary's."""

    name: str
    marks: list[Name]
    columns: dict[str, list[Name]]
    statistic: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The file of header names (``assets/sumstats_headers.json`` says itself how it is read)."""

    path: Path
    columns: dict[str, list[Name]]
    formats: list[Format]
    allele_pairs: list[tuple[Name, Name]]
    tests: list[str]
    missing: list[str]


@dataclass(frozen=True)
class Layout:
    """Where one file keeps what.

    ``columns`` gives the position of a role's column. ``other_of`` holds the positions of two allele columns where the
    other allele is the one of them that the effect allele is not. ``numbers`` holds sample sizes that stand in headers.
    """

    header: tuple[str, ...]
    format: str | None
    columns: dict[str, int]
    statistic: tuple[str, ...]
    other_of: tuple[int, int] | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __contains__(self, role: str) -> bool:
        return role in self.columns

    @property
    def has_statistic(self) -> bool:
        """Whether the size of Z can be computed from some columns."""
        return bool({"z", "neg_log10_p", "p", "chi2"} & set(self.columns)) or (self.has_sign and "se" in self)

    @property
    def has_sign(self) -> bool:
        """Whether a column tells the direction of the effect."""
        return bool({"z", "beta", "odds_ratio"} & set(self.columns))

    @property
    def has_alleles(self) -> bool:
        """Whether columns tell both alleles."""
        return "effect_allele" in self and ("other_allele" in self or self.other_of is not None)

    @property
    def has_n(self) -> bool:
        """Whether the file tells its sample size."""
        total = {"n", "n_effective", "n_effective_half"} & set(self.columns)
        return bool(total) or {"n_cases", "n_controls"} <= set(self.columns) | set(self.numbers)

    def names(self) -> dict[str, str]:
        """The header of each role that is used, for the ledger."""
        names = {role: self.header[position] for role, position in self.columns.items()}
        if self.other_of is not None:
            names["other_allele"] = " or ".join(self.header[position] for position in self.other_of)
        return names


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary; InputError, a line a mistake, where it is no JSON or names roles that do not exist."""
    with open_text(path, "header vocabulary") as text:
        try:
            given = json.load(text)
        except json.JSONDecodeError as error:
            problem = f"{path}, line {error.lineno}: is not valid JSON ({error.msg}); mend the vocabulary there"
            raise InputError(problem) from error
    problems = _vocabulary_problems(path, given)
    if problems:
        raise InputError(*problems)
    formats = [
        Format(
            one["name"],
            [Name.of(mark) for mark in one["marks"]],
            _compiled(one.get("columns", {})),
            tuple(one.get("statistic", STATISTICS)),
        )
        for one in given.get("formats", [])
    ]
    pairs = [(Name.of(effect), Name.of(other)) for effect, other in given.get("allele_pairs", [])]
    tests = [test.upper() for test in given.get("tests", ["ADD"])]
    return Vocabulary(
        Path(path), _compiled(given["columns"]), formats, pairs, tests, list(given.get("missing", ["", "NA"]))
    )


def _compiled(columns: dict[str, list[str]]) -> dict[str, list[Name]]:
    return {role: [Name.of(text) for text in names] for role, names in columns.items()}


def _vocabulary_problems(path: Path, given: Any) -> list[str]:
    """What is wrong with a vocabulary, a line each."""
    if not isinstance(given, dict) or not isinstance(given.get("columns"), dict):
        return [f"{path}: lacks the object 'columns' (role -> names); is it a header vocabulary?"]
    problems = _form_problems(path, given)
    if problems:
        return problems
    owner: dict[str, str] = {}
    for role, names in given["columns"].items():
        # A frequency column may carry a sample size in its header as well.
        for name in [] if role.endswith("_in_header") else names:
            other = owner.setdefault(plain(str(name).replace(NUMBER, "0")), role)
            if other != role:
                problems.append(
                    f"{path}: the name {name!r} is given to both {other} and {role}; leave it in one of them"
                )
    for place in [given, *given.get("formats", [])]:
        where = f"formats[{place['name']}].columns" if "name" in place else "columns"
        unknown = [role for role in place.get("columns", {}) if role not in ROLES]
        problems += [f"{path}: {where}.{role} is no known role; choose of {', '.join(ROLES)}" for role in unknown]
        bad = [one for one in place.get("statistic", []) if one not in STATISTICS]
        problems += [f"{path}: {where}: {one!r} is no statistic; choose of {', '.join(STATISTICS)}" for one in bad]
    return problems


def _form_problems(path: Path, given: dict[str, Any]) -> list[str]:
    """Where a vocabulary is not made of objects and lists of texts as it should be, a line each."""
    formats = given.get("formats", [])
    if not (isinstance(formats, list) and all(isinstance(one, dict) for one in formats)):
        return [f'{path}: formats is no list of objects; write [{{"name": ..., "marks": [...]}}, ...]']
    problems = [
        f"{path}: formats[{number}] lacks {name}; write both, the format's name and the headers that tell it"
        for number, one in enumerate(formats)
        for name in ("name", "marks")
        if name not in one
    ]
    places = [
        ("", given, ("tests", "missing")),
        *((f"formats[{n}].", one, ("marks",)) for n, one in enumerate(formats)),
    ]
    for where, place, lists in places:
        columns = place.get("columns", {})
        if not isinstance(columns, dict):
            problems.append(f"{path}: {where}columns is no object; write role -> names")
            continue
        named = {f"{where}columns.{role}": names for role, names in columns.items()}
        named |= {f"{where}{name}": place[name] for name in (*lists, "statistic") if name in place}
        problems += [
            f'{path}: {name} is no list of names; write ["name", ...]'
            for name, names in named.items()
            if not _texts(names)
        ]
    pairs = given.get("allele_pairs", [])
    if not (isinstance(pairs, list) and all(_texts(pair) and len(pair) == 2 for pair in pairs)):
        problems.append(f'{path}: allele_pairs is no list of pairs; write [["effect allele", "other allele"], ...]')
    return problems


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def lay_out(header: list[str], vocabulary: Vocabulary) -> Layout:
    """Find the columns of ``header`` by ``vocabulary``.

    Where several headers fit a role, the first name of the vocabulary is taken and ``notes`` says so, unless the
    recognised format has settled it. Raises InputError where one wanted name heads two columns.
    """
    known = next((one for one in vocabulary.formats if all(_positions(header, [mark]) for mark in one.marks)), None)
    settled = known.columns if known else {}
    columns: dict[str, int] = {}
    numbers: dict[str, float] = {}
    notes, problems = [], []
    for role in ROLES:
        names = settled.get(role, vocabulary.columns.get(role, []))
        found = _positions(header, names)
        if not found:
            continue
        best, *others = found
        if role.endswith("_in_header"):
            numbers[role.removesuffix("_in_header")] = next(
                number for name in names if (number := name.number(header[best])) is not None
            )
            continue
        twins = [other for other in others if plain(header[other]) == plain(header[best])]
        if twins:
            where = ", ".join(str(position + 1) for position in [best, *twins])
            problems.append(f"columns {where} are all called {header[best]}; rename or remove all but one")
        elif others and role not in settled and not role.endswith("_allele"):
            rest = ", ".join(header[other] for other in others)
            notes.append(f"{header[best]} is taken for {role}, not {rest}")
        columns[role] = best
    if problems:
        raise InputError(*problems)
    other_of = _other_of(header, columns, vocabulary.allele_pairs)
    if other_of is not None:
        columns.pop("other_allele")
    statistic = known.statistic if known else STATISTICS
    name = known.name if known else None
    return Layout(tuple(header), name, columns, statistic, other_of, numbers, tuple(notes))


def _positions(header: list[str], names: list[Name]) -> list[int]:
    """Positions of the headers that have one of ``names``, in the order of ``names``."""
    found = [position for name in names for position, title in enumerate(header) if name.matches(title)]
    return list(dict.fromkeys(found))


def _other_of(header: list[str], columns: dict[str, int], pairs: list[tuple[Name, Name]]) -> tuple[int, int] | None:
    """Both columns of the pair that the other allele was found in, if the effect allele is named apart from them.

    PLINK2 has REF, ALT and A1: the other allele is REF or ALT, whichever A1 is not.
    """
    if "effect_allele" not in columns or "other_allele" not in columns:
        return None
    for first, second in pairs:
        both = [*_positions(header, [first])[:1], *_positions(header, [second])[:1]]
        if len(both) == 2 and columns["other_allele"] in both and columns["effect_allele"] not in both:
            return both[0], both[1]
    return None


def layout_problems(layout: Layout, ids_hold_alleles: bool, n_given: bool, no_alleles: bool, a1_inc: bool) -> list[str]:
    """All that a file's header lacks, a line each; ``ids_hold_alleles`` where SNPs are named ``chr:pos:ref:alt``."""
    if not layout.columns:
        return [f"none of its columns ({_shown(layout.header)}) has a known name; is the header line missing?"]
    lacks = []
    if "snp" not in layout and not {"chr", "bp"} <= set(layout.columns):
        lacks.append("column of SNPs (rsID, or chromosome and position)")
    if not (no_alleles or layout.has_alleles or ids_hold_alleles):
        which = [name for name, role in (("effect", "effect_allele"), ("other", "other_allele")) if role not in layout]
        lacks += [f"column of the {name} allele (--no-alleles does without)" for name in which]
    if not layout.has_statistic:
        lacks.append("column to compute Z from (Z, effect and standard error, P, -log10 P or chi-square)")
    if not (layout.has_sign or a1_inc):
        lacks.append("column of the effect's direction (Z, beta or odds ratio; --a1-inc where A1 always increases)")
    if not (layout.has_n or n_given):
        lacks.append(
            "column of the sample size N (or cases and controls); give it by --n (column n of the traits sheet)"
        )
    return [f"no {what}; its columns are {_shown(layout.header)}" for what in lacks]


def _shown(header: tuple[str, ...], most: int = 30) -> str:
    return ", ".join(header[:most]) + (f" and {len(header) - most} more" if len(header) > most else "")
