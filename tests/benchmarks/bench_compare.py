"""Our steps and gsMap's on one study, stage by stage, and whether their results are the same."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

from bench_equality import Agreement, compare_gss, compare_ldscores, compare_spots, read_gss
from bench_gsmap import Gsmap
from bench_measure import Usage, measure, python, step
from bench_study import Study

from traitmap.cli import say

TRAITS = 10  # that a task of the pipeline takes (--traits_per_task); as many as steady the difference to one
REGRESS_TRAITS = "tests/benchmarks/bench_regress_traits.py"


# Of the study of bench_study.FULL, by stage: CPU seconds, peak GB, ratio to gsMap's CPU seconds.
WANTED = {
    "gene specificity": (9, 1, 10),
    "LD scores": (9, 1, 20),
    "regression, exact": (12, 1, 12),
    "each further trait, exact": (8, None, 19),
    "regression, gene space": (2, None, 75),
    "each further trait, gene space": (2, None, 75),
}


@dataclass(frozen=True)
class Ours:
    """Our commands on one study, under gsMap's settings: its gene windows and LD windows, the MHC kept."""

    study: Study
    folder: Path
    threads: int

    @property
    def reference(self) -> Path:
        return self.folder / "reference.h5ad"

    @property
    def specificity(self) -> Path:
        return self.folder / "specificity.h5ad"

    def link(self) -> list[str | Path]:
        given = ("--panel", f"{self.study.panel}.{{chr}}", "--genes", self.study.genes)
        snps = ("--snps", f"{self.study.snps}.{{chr}}.snp", "--ldsc-chunk", "100")
        return step("link_snps_to_genes", *given, *snps, *self._end(self.reference))

    def score(self) -> list[str | Path]:
        given = ("--slice", self.study.slice, "--layer", "counts", "--annotation", "annotation")
        embedding = ("--embedding", self.study.embedding)
        gsmaps = ("--neighborhood", "cosine_top_k", "--neighbors", "21", "--spatial-neighbors", "101")
        return step("score_specificity", *given, *embedding, *gsmaps, *self._end(self.specificity))

    def regress(self, weights: str, out: Path, specificity: Path | None = None) -> list[str | Path]:
        given = ("--specificity", specificity or self.specificity, "--reference", self.reference)
        trait = ("--sumstats", self.study.sumstats(self.study.traits[0]))
        return step("regress_spots", *given, *trait, "--weights", weights, "--keep-mhc", *self._end(out))

    def regress_traits(self, weights: str, traits: int) -> list[str | Path]:
        """Of as many traits as a task of the pipeline takes, the study's ones are regressed again and again."""
        given = ("--specificity", self.specificity, "--reference", self.reference)
        each = [
            word
            for trait in islice(cycle(self.study.traits), traits)
            for word in ("--sumstats", self.study.sumstats(trait))
        ]
        out = self.folder / f"traits_{weights}_{traits}"
        return python(REGRESS_TRAITS, *given, *each, "--weights", weights, "--keep-mhc", *self._end(out))

    def embed(self) -> list[str | Path]:
        given = ("--slice", self.study.slice, "--layer", "counts", "--annotation", "annotation")
        return step("embed_spots", *given, "--device", "cpu", "--out", self.folder / "embedding.h5ad")

    def _end(self, out: Path) -> tuple[str | Path, ...]:
        return ("--threads", str(self.threads), "--out", out)

    def spots(self, name: str) -> Path:
        return self.folder / f"spots_{name}.parquet"


@dataclass(frozen=True)
class Row:
    """A stage: what it cost us and gsMap, and what was wanted. ``theirs`` may be the cost of another stage."""

    stage: str
    ours: Usage
    theirs: Usage | None = None
    wanted_cpu_s: float | None = None
    wanted_gb: float | None = None
    wanted_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """gsMap's processor time over ours."""
        return self.theirs.cpu_s / max(self.ours.cpu_s, 1e-9) if self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether every wanted figure is met; None where none is wanted."""
        checks = [
            self.wanted_cpu_s is None or self.ours.cpu_s <= self.wanted_cpu_s,
            self.wanted_gb is None or self.ours.peak_gb <= self.wanted_gb,
            self.wanted_ratio is None or self.ratio is None or self.ratio >= self.wanted_ratio,
        ]
        wanted = (self.wanted_cpu_s, self.wanted_gb, self.wanted_ratio)
        return None if all(figure is None for figure in wanted) else all(checks)


def marginal(one: Usage, more: Usage, further: int) -> Usage:
    """What each of ``further`` traits adds: the difference of two runs, over their number; memory is the larger's."""
    cpu, wall = ((b - a) / further for a, b in ((one.cpu_s, more.cpu_s), (one.wall_s, more.wall_s)))
    return Usage(more.command, cpu, wall, more.peak_gb)


def compare(
    study: Study, program: Path, folder: Path, threads: int, *, embedding: bool, wanted: bool
) -> dict[str, object]:
    """Run every stage of both programs, ours and gsMap's in turn; return rows and agreements as plain data.

    Our compiled stages run twice: the first run of a machine compiles, and is told apart as ``compilation``.

    ``embedding``: with that stage, which takes minutes. ``wanted``: the study is the one that WANTED is about.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder / "compiled")  # empty: what compilation costs is seen in first runs
    ours = Ours(study, folder, threads)
    theirs = Gsmap(program, study, folder / "gsmap", threads)
    timed = _timer(folder / "logs", threads)
    rows: list[Row] = []

    def add(stage: str, ours: Usage, theirs: Usage) -> None:
        rows.append(Row(stage, ours, theirs, *(WANTED.get(stage, ()) if wanted else ())))

    if embedding:
        apart = Gsmap(program, study, folder / "gsmap_embedding", threads)
        add("embedding", timed("embed", ours.embed()), timed("embed_gsmap", apart.find_latent_representations()))
    compiled = {"gss": ours.score(), "ld": ours.link(), "exact": ours.regress("spot", ours.spots("exact"))}
    first = {name: timed(f"{name}_first", command) for name, command in compiled.items()}
    again = {name: timed(name, command) for name, command in compiled.items()}
    add("gene specificity", again["gss"], timed("gss_gsmap", theirs.latent_to_gene()))
    add("LD scores", again["ld"], timed("ld_gsmap", theirs.generate_ldscore()))
    exact = again["exact"]
    gsmap = timed("exact_gsmap", theirs.spatial_ldsc(study.traits[0]))
    add("regression, exact", exact, gsmap)
    add("each further trait, exact", _further(timed, ours, "spot"), gsmap)
    add("regression, gene space", timed("shared", ours.regress("shared", ours.spots("shared"))), gsmap)
    add("each further trait, gene space", _further(timed, ours, "shared"), gsmap)
    return {
        "rows": [asdict(row) for row in rows],
        "agreements": [asdict(each) for each in _agreements(timed, ours, theirs)],
        "phases": {weights: _phases(ours, weights) for weights in ("spot", "shared")},
        "compilation": {name: first[name].cpu_s - again[name].cpu_s for name in compiled},
    }


def _timer(logs: Path, threads: int) -> Callable[[str, list[str | Path]], Usage]:
    def timed(name: str, command: list[str | Path]) -> Usage:
        used = measure(command, logs / f"{name}.log", threads)
        say(f"{name}: {used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s, {used.peak_gb:.2f} GB")
        return used

    return timed


def _further(timed: Callable[[str, list[str | Path]], Usage], ours: Ours, weights: str) -> Usage:
    one, more = (timed(f"traits_{weights}_{n}", ours.regress_traits(weights, n)) for n in (1, TRAITS))
    return marginal(one, more, TRAITS - 1)


def _phases(ours: Ours, weights: str) -> dict[str, float]:
    return json.loads((ours.folder / f"traits_{weights}_1" / "phases.json").read_text())


def _agreements(timed: Callable[[str, list[str | Path]], Usage], ours: Ours, theirs: Gsmap) -> list[Agreement]:
    import anndata
    import pandas as pd

    matrix, spots, genes = read_gss(theirs.gss)
    same = ours.folder / "specificity_of_gsmap.h5ad"
    anndata.AnnData(matrix, pd.DataFrame(index=spots), pd.DataFrame(index=genes)).write_h5ad(same)
    timed("exact_same_gss", ours.regress("spot", ours.spots("same_gss"), same))
    result = theirs.spots(ours.study.traits[0])
    return [
        *compare_ldscores(ours.reference, theirs.ldscores),
        *compare_gss(ours.specificity, theirs.gss),
        compare_spots("z of spots, from gsMap's scores", ours.spots("same_gss"), result),
        compare_spots("z of spots, each from its own scores", ours.spots("exact"), result),
        compare_spots("z of spots, gene space and gsMap", ours.spots("shared"), result),
    ]
