"""All that headers tell of the inputs, looked at before anything is computed: every mistake at once.

A run's inputs come as a list of items: a ``role``, the item's files by name, each a number in the list ``shown`` of
the paths as the user gave them, and what the sheets say of it; slices come before what names their regions and spots.
A file that lies in ``folder``/NUMBER/ is looked into; of the others (large ones on object stores) no more is known than
their size.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from traitmap.check_slices import SliceHeader, check_slice
from traitmap.chromosomes import autosomes
from traitmap.errors import InputError
from traitmap.files import open_binary, require_file
from traitmap.ledger import Ledger

HEAD = 1 << 20  # bytes of text, decompressed, that the readers of tables are shown
GENES_HEAD = 1 << 24  # a GTF begins with long comments and its genes stand far apart

Item = dict[str, Any]
Sizes = dict[str, int]


@dataclass
class Context:
    """What a check may know beside its item.

    ``groups``: all slices of the sheet, with their groups; ``slices``: the headers of those looked into so far;
    ``sets``: the names of their sets of spots, None where the file with these was not looked into.
    """

    vocabulary: Path
    groups: list[tuple[str, str]]
    settings: dict[str, Any]
    slices: dict[str, SliceHeader] = field(default_factory=dict)
    sets: dict[str, list[str]] | None = field(default_factory=dict)

    def regions(self, name: str) -> set[str] | None:
        """The regions of a slice and its sets of spots, which may be named as regions are; None where not known."""
        held = self.slices[name].regions if name in self.slices else None
        return None if held is None or self.sets is None else {*held, *self.sets.get(name, ())}


@dataclass
class Inputs:
    """What was found: sizes of each item, in the order of ``items``, and everything wrong, a line each.

    ``bytes`` are those of each file, in the order of ``shown``.
    """

    items: list[Item]
    settings: dict[str, Any]
    bytes: list[int]
    sizes: list[Sizes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def of(self, role: str) -> list[tuple[Item, Sizes]]:
        """The items of a role, with their sizes."""
        return [pair for pair in zip(self.items, self.sizes, strict=True) if pair[0]["role"] == role]


def check_inputs(listed: Path, folder: Path, vocabulary: Path) -> Inputs:
    """Look into every file of the list ``listed`` (.json) that lies below ``folder``.

    ``vocabulary`` names the columns of summary statistics. Raises InputError only where the list itself is none.
    """
    try:
        given = json.loads(require_file(listed, "list of inputs").read_text(encoding="utf-8"))
        items, shown, settings = given["items"], given["shown"], given["settings"]
        found = Inputs(items, settings, given["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{listed}: is no list of inputs ({error!r}); the pipeline writes it") from error
    context = Context(
        vocabulary, [(item["slice"], item["group"]) for item in items if item["role"] == "slice"], settings
    )
    staged = {number: _only_file(Path(folder) / str(number)) for number in range(1, len(shown) + 1)}
    for item in items:
        files = {name: staged[number] for name, number in item["files"].items() if staged.get(number)}
        try:
            found.sizes.append(CHECKS[item["role"]](item, files, context))
        except InputError as error:
            found.sizes.append({})
            found.problems += [
                _as_given(problem, [(staged[number], shown[number - 1]) for number in item["files"].values()])
                for problem in error.problems
            ]
    found.problems = list(dict.fromkeys(found.problems + unknown_regions(found, context)))
    return found


def unknown_regions(found: Inputs, context: Context) -> list[str]:
    """Regions that --conditional_on names (between commas) and no annotated slice has; none where any is not known."""
    annotated = [item["slice"] for item in found.items if item["role"] == "slice" and item["annotation"]]
    known = [context.regions(name) for name in annotated]
    if not known or any(each is None for each in known):
        return []
    wanted = [name.strip() for name in (found.settings.get("conditional_on") or "").split(",")]
    everywhere = set().union(*known)
    return [
        f"--conditional_on: no slice has a region {name!r} (they have: {', '.join(sorted(everywhere))}); mend it"
        for name in wanted
        if name not in ("", "all") and name not in everywhere
    ]


def _only_file(folder: Path) -> Path | None:
    """The one file that the pipeline laid there, whatever its name."""
    return next(folder.iterdir(), None) if folder.is_dir() else None


def _as_given(problem: str, names: list[tuple[Path | None, str]]) -> str:
    for path, shown in names:
        problem = problem.replace(str(path), shown) if path else problem
    return problem


@contextmanager
def head(path: Path, what: str, most: int = HEAD) -> Iterator[Path]:
    """A file of the first lines of a text file, plain whatever its compression; messages of it name ``path``."""
    with open_binary(path, what) as stream:
        start = stream.read(most + 1)
    if len(start) > most:
        start = start[: start.rfind(b"\n", 0, most) + 1] or start
    with tempfile.TemporaryDirectory() as folder:
        beginning = Path(folder, "head.txt")
        beginning.write_bytes(start)
        try:
            yield beginning
        except InputError as error:
            raise InputError(*(problem.replace(str(beginning), str(path)) for problem in error.problems)) from error


def _lines(path: Path, what: str) -> int:
    with open_binary(path, what) as stream:
        return sum(1 for line in stream if line.strip())


def _slice(item: Item, files: dict[str, Path], context: Context) -> Sizes:
    from traitmap.slices import read_homologs

    if "h5ad" not in files:
        return {}
    given = [context.settings.get(name) or "" for name in ("embedding_key", "metacells")]
    said = [item[name] for name in ("annotation", "layer", "spatial_key", "species")]
    header = check_slice(files["h5ad"], *said, *given)
    context.slices[item["slice"]] = header
    if "homologs" in files:
        human = read_homologs(files["homologs"], Ledger("check_inputs", "homologs"))
        if not any(name in human for name in header.genes):
            first = f"first gene: {header.genes[0]!r}"
            raise InputError(
                f"{files['h5ad']}: none of its {len(header.genes)} genes is in {files['homologs']}; {first}"
            )
    return {"spots": len(header.spots), "genes": len(header.genes), "stored": header.stored}


def _trait(item: Item, files: dict[str, Path], context: Context) -> Sizes:
    from traitmap.magma import check_columns as check_magma
    from traitmap.sumstats import check_columns

    if "magma_genes" in files:
        with head(files["magma_genes"], "MAGMA's genes") as beginning:
            check_magma(beginning)
    if "sumstats" in files:
        with head(files["sumstats"], "GWAS summary statistics") as beginning:
            check_columns(beginning, context.vocabulary, float(item["n"]) if item["n"] else None)
    return {}


def _panel(item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.panel import check_bed, count_people, read_bim

    if not {"bim", "fam"} <= files.keys():
        return {}
    with head(files["bim"], "panel .bim") as beginning:
        chromosomes = autosomes(read_bim(beginning)["CHR"])
    if item["chromosome"] not in chromosomes:
        raise InputError(
            f"{files['bim']}: begins with chromosome {chromosomes[0]}, not {item['chromosome']}; check --panel"
        )
    people, snps = count_people(files["fam"]), _lines(files["bim"], "panel .bim")
    if "bed" in files:
        check_bed(files["bed"], people, snps)
    return {"people": people, "panel_snps": snps}


def _snps(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.reference_parts import read_snp_list

    return {"snps": len(read_snp_list(files["snps"])[0])} if "snps" in files else {}


def _ld_scores(item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.ldsc_files import read_ld_scores

    if "ld_scores" not in files:
        return {}
    with head(files["ld_scores"], "LD scores") as beginning:
        table = read_ld_scores(beginning, item["chromosome"], "LD scores", Ledger("check_inputs", "LD scores"))
    if table.empty:
        where = f"begins with no SNP of chromosome {item['chromosome']}"
        raise InputError(f"{files['ld_scores']}: {where}; check --ld_scores")
    return {"snps": _lines(files["ld_scores"], "LD scores") - 1}


def _genetic_map(item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.genetic_map import read_genetic_map

    if "genetic_map" in files and item["chromosome"]:  # one map of all chromosomes begins with the first alone
        with head(files["genetic_map"], "genetic map") as beginning:
            read_genetic_map(beginning, item["chromosome"])
    return {}


def _genes(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.gene_windows import read_genes

    if "genes" in files:
        with head(files["genes"], "genes", GENES_HEAD) as beginning:
            read_genes(beginning, Ledger("check_inputs", "genes"))
    return {}


def _baseline(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.regression_inputs import is_binary_table, read_baseline

    if "baseline" in files and not is_binary_table(require_file(files["baseline"], "baseline LD scores")):
        with head(files["baseline"], "baseline LD scores") as beginning:
            read_baseline(beginning)
    return {}


def _covariate(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.covariates import read_gene_list

    return {"genes": len(read_gene_list(files["covariate"])[0])} if "covariate" in files else {}


def _gene_sets(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.enrich_pathways import read_gene_sets

    return {"sets": len(read_gene_sets(files["gene_sets"]).sets)} if "gene_sets" in files else {}


def _reference(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.reference import read_reference_snps

    return {"snps": len(read_reference_snps(files["reference"])[0])} if "reference" in files else {}


def _gsmap_resource(_item: Item, files: dict[str, Path], _context: Context) -> Sizes:
    from traitmap.import_gsmap import find_resource

    if "gsmap_resource" in files:
        find_resource(files["gsmap_resource"])
    return {}


def _comparisons(_item: Item, files: dict[str, Path], context: Context) -> Sizes:
    from traitmap.comparisons import check_regions, read_comparisons, side_names

    if "comparisons" in files:
        path = files["comparisons"]
        given = read_comparisons(path, side_names(context.groups))
        regions = {name: held for name in context.slices if (held := context.regions(name)) is not None}
        if problems := check_regions(path, given, context.groups, regions):
            raise InputError(*problems)
    return {}


def _spot_sets(_item: Item, files: dict[str, Path], context: Context) -> Sizes:
    from traitmap.spot_sets import read_spot_sets

    if "spot_sets" not in files:
        context.sets = None
        return {}
    problems: list[str] = []
    for name, header in context.slices.items():
        try:
            sets = read_spot_sets(files["spot_sets"], header.spots, sorted(header.regions or ()), name)
            context.sets[name] = sets.names
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*dict.fromkeys(problems))
    return {}


CHECKS: dict[str, Callable[[Item, dict[str, Path], Context], Sizes]] = {
    "slice": _slice,
    "trait": _trait,
    "panel": _panel,
    "snps": _snps,
    "ld_scores": _ld_scores,
    "genetic_map": _genetic_map,
    "genes": _genes,
    "baseline": _baseline,
    "covariate": _covariate,
    "gene_sets": _gene_sets,
    "reference": _reference,
    "gsmap_resource": _gsmap_resource,
    "comparisons": _comparisons,
    "spot_sets": _spot_sets,
}
