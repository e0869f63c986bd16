"""What a run will take, told before it starts: tasks, processor time, memory and disk, by the sizes in its headers.

The costs are straight lines through two measured runs, the demo (550 spots x 1,500 genes) and a simulated study of
10,000 spots x 12,000 genes, 212,000 regression SNPs and a panel of 400,000 SNPs x 500 people, and through the curves by
size of docs/benchmarks.md, up to 120,000 spots x 18,000 genes and 1.1 million SNPs (docs/method.md, "The plan of a
run"). Another machine, or sizes far beyond, may differ by a factor of two or three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traitmap.check_inputs import Inputs

GIGA = 1e9
START = 1.5  # seconds that an executable takes to start
# What is assumed of a slice that lies on an object store and was not looked into.
GENES, BYTES_PER_SPOT = 20_000, 4_000
SNPS, PANEL_SNPS_PER_BYTE, PEOPLE = 1_200_000, 1 / 35, 500
CHROMOSOME_CM = 160.0
PRODUCTS_PER_SECOND = 1e10
SETS, MAP_SAMPLE = 1000, 256  # gene sets of a file that was not looked into; spots that a map's correlation is made of
UNTRAINED = ("smoothed_pca", "pca", "given")  # embeddings
MOST_STEPS, SPOTS_OF_STEP = 600, 1024  # of the embedding's training


@dataclass(frozen=True)
class Task:
    """One task: its step, seconds of one core, peak memory (GB) and what it leaves (GB)."""

    step: str
    seconds: float
    memory: float
    disk: float = 0.0


@dataclass(frozen=True)
class Slice:
    """Spots, genes and stored counts of a slice."""

    spots: float
    genes: float
    stored: float

    @property
    def cells(self) -> float:
        """Spots x genes."""
        return self.spots * self.genes


def plan_tasks(inputs: Inputs) -> list[Task]:
    """Every task of the run, in the order of the steps."""
    slices = [_size(inputs, number) for number, item in enumerate(inputs.items) if item["role"] == "slice"]
    traits = [_bytes(inputs, number) for number, item in enumerate(inputs.items) if item["role"] == "trait"]
    snps = regression_snps(inputs)
    return [
        Task("CHECK_INPUTS", 2.0, 0.2),
        *_reference(inputs, snps),
        *(_harmonize(size, snps) for size in traits),
        *(_embed(size, inputs.settings) for size in _embedded_together(inputs, slices)),
        *(_average(group) for group in _groups(inputs, slices) if len(group) > 1),
        *(_score(size) for size in slices),
        *(task for size in slices for task in _regress(size, len(traits), snps, inputs.settings)),
        *(task for size in slices for task in _rank(size, len(traits), inputs.settings)),
        *(task for size in slices for _ in traits for task in _associate(size, inputs.settings)),
        Task("SUMMARIZE_REGIONS", 1.8 + 0.05 * len(slices) * len(traits), 0.2),
        *_further(inputs, slices, len(traits), snps),
        *_methods(inputs, slices, len(traits), snps),
        _report(slices, len(traits)),
        Task("WRITE_MANIFEST", 0.5 + 2e-9 * sum(inputs.bytes), 0.1),
    ]


def regression_snps(inputs: Inputs) -> float:
    """Regression SNPs of the reference, as far as headers tell."""
    for role in ("reference", "ld_scores", "snps"):
        sizes = [size for _, size in inputs.of(role)]
        if sizes and all(sizes):
            return float(sum(size["snps"] for size in sizes))
    return SNPS


def _size(inputs: Inputs, number: int) -> Slice:
    size = inputs.sizes[number]
    if size:
        return Slice(size["spots"], size["genes"], size["stored"])
    spots = _bytes(inputs, number) / BYTES_PER_SPOT
    return Slice(spots, GENES, spots * GENES / 10)


def _bytes(inputs: Inputs, number: int) -> float:
    return float(sum(inputs.bytes[file - 1] for file in inputs.items[number]["files"].values()))


def _reference(inputs: Inputs, snps: float) -> list[Task]:
    disk, memory = 280 * snps / GIGA, 0.2 + 8e-7 * snps
    if inputs.of("reference"):
        return []
    if inputs.of("gsmap_resource"):
        return [Task("IMPORT_REFERENCE", START + 6e-5 * snps, 0.5 + 5e-6 * snps, disk)]
    if inputs.of("ld_scores"):
        return [Task("LINK_LD_SCORES", START + 1e-5 * snps, memory, disk)]
    panel = [number for number, item in enumerate(inputs.items) if item["role"] == "panel"]
    linked = [_link(inputs, number, snps / len(panel)) for number in panel]
    return [*linked, Task("MERGE_REFERENCE", START + 7e-6 * snps, memory, disk)]


def _link(inputs: Inputs, number: int, rows: float) -> Task:
    size = inputs.sizes[number]
    people = size.get("people", PEOPLE)
    panel_snps = size.get("panel_snps", _bytes(inputs, number) * PANEL_SNPS_PER_BYTE / 4)
    near = panel_snps / CHROMOSOME_CM * 2 * float(inputs.settings["ld_window_cm"])
    seconds = START + 1e-8 * panel_snps * people + 2 * rows * near * people / PRODUCTS_PER_SECOND
    return Task("LINK_SNPS_TO_GENES", seconds, 0.2 + 1e-6 * panel_snps + 8e-9 * near * people, 280 * rows / GIGA)


def _harmonize(size: float, snps: float) -> Task:
    return Task("HARMONIZE_SUMSTATS", START + 1.2e-7 * size, 0.2 + 1.2e-6 * snps, 20 * snps / GIGA)


def _embed(size: Slice, settings: dict) -> Task:
    trained = settings["embedding"] not in UNTRAINED
    steps = min(MOST_STEPS, int(settings["epochs"]) * max(1.0, size.spots / SPOTS_OF_STEP)) if trained else 0
    umap = 2.5e-3 * min(size.spots, 5000)
    seconds = 10 + umap + 0.06 * steps + 1e-4 * size.spots + 3e-8 * size.stored
    return Task("EMBED_SPOTS", seconds, 0.9 + 5e-5 * size.spots, 370 * size.spots / GIGA)


def _average(group: list[Slice]) -> Task:
    cells = sum(size.cells for size in group)
    return Task("AVERAGE_RANKS", START + 3e-8 * cells, 0.3 + 2e-9 * cells)


def _score(size: Slice) -> Task:
    return Task("SCORE_SPECIFICITY", 1.2 + 2.1e-8 * size.cells, 0.35 + 2.2e-9 * size.cells, 2.8 * size.cells / GIGA)


def _regress(size: Slice, traits: int, snps: float, settings: dict) -> list[Task]:
    """Tasks of REGRESS_SPOTS, a batch of traits and a part of the spots each, and of MERGE_SPOTS, one a trait."""
    shared = settings["weights"] == "shared"
    each = 6.9e-9 * size.cells if shared else 8.4e-10 * size.spots * snps + 3.8e-9 * size.cells
    parts = math.ceil(size.spots / int(settings["spots_per_task"])) if int(settings["spots_per_task"]) else 1
    tasks = []
    for batch in _batches(traits, settings):
        seconds = START + 4e-7 * snps + batch * (each / parts + 1.6e-6 * snps)
        memory = 0.25 + 1.7e-5 * size.genes + 2e-10 * size.cells + snps * (7e-7 + (2e-7 if shared else 3.6e-7) * batch)
        tasks += [Task("REGRESS_SPOTS", seconds, memory, batch * 60 * size.spots / parts / GIGA)] * parts
    merged = Task("MERGE_SPOTS", START + 1e-6 * size.spots, 0.2, 60 * size.spots / GIGA)
    return tasks + ([merged] * traits if int(settings["spots_per_task"]) else [])


def _batches(traits: int, settings: dict) -> list[int]:
    """How many traits share each task."""
    most = int(settings["traits_per_task"])
    return [min(most, traits - start) for start in range(0, traits, most)]


def _rank(size: Slice, traits: int, settings: dict) -> list[Task]:
    seconds, memory = 2.4 + 3e-8 * size.cells, 0.25 + 7.5e-9 * size.cells
    return [
        Task("RANK_GENES", seconds + batch * 6e-9 * size.cells, memory, batch * 43 * size.genes / GIGA)
        for batch in _batches(traits, settings)
    ]


def _associate(size: Slice, settings: dict) -> list[Task]:
    files = (3.2e6 + 2200 * size.spots) / GIGA
    figures = Task("DRAW_FIGURES", 7.5 + 1.3e-3 * size.spots, 0.3 + 2.5e-5 * size.spots, files)
    drawn = [figures] if settings["figures"] != "none" else []
    return [Task("COMBINE_REGIONS", 2.0 + 1e-5 * size.spots, 0.25, 1e-6), *drawn]


def _further(inputs: Inputs, slices: list[Slice], traits: int, snps: float) -> list[Task]:
    """Tasks of tables that are made where they are asked for."""
    tasks = []
    if inputs.settings.get("trait_correlations") and traits > 1:
        for size in slices:
            looked_at = min(size.spots, MAP_SAMPLE)
            seconds = START + snps * (1e-6 + 1.4e-8 * looked_at)
            tasks.append(Task("CORRELATE_TRAITS", seconds, 0.3 + 4.5e-7 * snps, 1e-7 * traits**2))
    if inputs.of("gene_sets"):
        sets = sum(size.get("sets", SETS) for _, size in inputs.of("gene_sets"))
        ranked = traits * sum(size.genes for size in slices)
        seconds = START + 2e-6 * ranked + 1e-4 * sets * traits * len(slices)
        tasks.append(Task("ENRICH_PATHWAYS", seconds, 0.2 + 1e-7 * ranked, 1e-7 * sets * traits * len(slices)))
    return tasks


def _methods(inputs: Inputs, slices: list[Slice], traits: int, snps: float) -> list[Task]:
    """Tasks of the methods beside ldsc, where any is asked for."""
    settings = inputs.settings
    methods = {name.strip() for name in settings["methods"].split(",")} - {"ldsc"}
    if not methods:
        return []
    by_snp = 5e-5 if inputs.of("panel") or settings.get("gene_panel") else 1e-6  # without genotypes there is no LD
    tasks = [Task("ASSOCIATE_GENES", START + by_snp * snps, 0.3 + 3e-7 * snps, 2e-3)] * traits
    for size in slices:
        if "scdrs" in methods:
            controls = int(settings["scdrs_controls"])
            genes = min(float(settings.get("gene_set_size", 1000)), 0.1 * size.genes)
            seconds = 6 + 8e-4 * size.spots + controls * (1e-5 * genes + 8e-7 * size.spots)
            memory = 0.5 + 24e-9 * size.spots * controls + 3e-8 * size.stored
            tasks += [Task("SCORE_SCDRS", seconds, memory, 50 * size.spots / GIGA)] * traits
        if methods - {"scdrs"}:
            aucell = 3e-8 * size.cells if "aucell" in methods else 0.0
            tasks += [Task("SCORE_SIGNATURES", 5.5 + aucell, 0.5 + 3e-8 * size.stored)] * traits
    return [*tasks, Task("COMPARE_METHODS", START + 0.1 * len(slices) * traits, 0.3)]


def _groups(inputs: Inputs, slices: list[Slice]) -> list[list[Slice]]:
    """The slices of each group; a slice without one is a group of its own."""
    groups: dict[str, list[Slice]] = {}
    for (item, _), size in zip(inputs.of("slice"), slices, strict=True):
        groups.setdefault(item["group"] or f"alone {len(groups)}", []).append(size)
    return list(groups.values())


def _embedded_together(inputs: Inputs, slices: list[Slice]) -> list[Slice]:
    """A group's slices as the one that EMBED_SPOTS makes of them."""
    return [
        Slice(sum(one.spots for one in group), max(one.genes for one in group), sum(one.stored for one in group))
        for group in _groups(inputs, slices)
    ]


def _report(slices: list[Slice], traits: int) -> Task:
    drawn = min(1e6, traits * sum(size.spots for size in slices))
    largest = max((size.cells for size in slices), default=0.0)
    memory = 0.3 + 4e-6 * drawn + 2e-9 * largest
    return Task("WRITE_REPORT", 2.8 + 1.6e-4 * drawn, memory, 5.2e-3 + 2e-8 * drawn)


# The steps of which each waits for the one before: the longest tasks on this way are the least time.
WAY = (
    ("CHECK_INPUTS",),
    ("LINK_SNPS_TO_GENES", "LINK_LD_SCORES", "IMPORT_REFERENCE", "EMBED_SPOTS"),
    ("MERGE_REFERENCE", "AVERAGE_RANKS", "SCORE_SPECIFICITY"),
    ("REGRESS_SPOTS",),
    ("MERGE_SPOTS",),
    ("RANK_GENES", "COMBINE_REGIONS", "CORRELATE_TRAITS"),
    ("SUMMARIZE_REGIONS", "ENRICH_PATHWAYS"),
    ("ASSOCIATE_GENES",),
    ("SCORE_SCDRS", "SCORE_SIGNATURES"),
    ("COMPARE_METHODS",),
    ("DRAW_FIGURES",),
    ("WRITE_REPORT",),
    ("WRITE_MANIFEST",),
)


def least_seconds(tasks: list[Task]) -> float:
    """Time with a core for every task: each stage takes as long as its longest task."""
    return sum(max((task.seconds for task in tasks if task.step in stage), default=0.0) for stage in WAY)


def plan_text(inputs: Inputs) -> str:
    """The plan as people read it: a line a step, and what all of them take."""
    tasks = plan_tasks(inputs)
    total, least = sum(task.seconds for task in tasks), least_seconds(tasks)
    disk = 2 * sum(task.disk for task in tasks)  # in the work folder, and in --outdir
    lines = [f"{'step':<20} {'tasks':>6} {'each (longest)':>15} {'core time':>10} {'memory':>8} {'leaves':>8}"]
    for step in dict.fromkeys(task.step for task in tasks):
        mine = [task for task in tasks if task.step == step]
        longest, memory = max(task.seconds for task in mine), max(task.memory for task in mine)
        time, leaves = sum(task.seconds for task in mine), sum(task.disk for task in mine)
        lines.append(
            f"{step:<20} {len(mine):>6} {duration(longest):>15} {duration(time):>10} "
            f"{memory:>5.1f} GB {amount(leaves):>8}"
        )
    at = "; ".join(f"{cores} cores {duration(max(least, total / cores))}" for cores in (2, 16, 64))
    lines += [
        "",
        f"{len(tasks)} tasks, {duration(total)} of core time: {at}",
        f"largest task {max(task.memory for task in tasks):.1f} GB of memory; disk {amount(disk)}, "
        "in the work folder and --outdir together",
        "(estimated from the headers' sizes; within a factor of two or three)",
    ]
    return "\n".join(lines) + "\n"


def duration(seconds: float) -> str:
    """``12 s``, ``3 min``, ``4.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def amount(gigabytes: float) -> str:
    """``340 MB``, ``1.2 GB``; ``-`` for next to nothing."""
    if gigabytes < 1e-3:
        return "-"
    return f"{1000 * gigabytes:.0f} MB" if gigabytes < 1 else f"{gigabytes:.1f} GB"
