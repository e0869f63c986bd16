"""The reference from genotypes: LD between regression SNPs and genes, chromosome by chromosome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from traitmap.chromosomes import PLACE, autosomes, fill, find_files, ranges
from traitmap.errors import InputError
from traitmap.files import file_problems
from traitmap.formats import A1_FREQUENCY
from traitmap.gene_windows import gene_of_snps
from traitmap.genetic_map import BY_POSITION, genetic_positions
from traitmap.genome_builds import build_problem
from traitmap.ldscores import ld_windows, sum_r2
from traitmap.ledger import Ledger
from traitmap.panel import Panel, find_panel, read_bim, read_panel
from traitmap.reference import Reference
from traitmap.reference_parts import NO_PANEL_SNP, STEP, SharedFile, make_part


@dataclass(frozen=True)
class Settings:
    """How SNPs are linked to genes.

    ``window_kb`` extends a gene's body to either side, ``ld_window_cm`` reaches from a SNP to either side;
    ``ldsc_chunk`` rounds LD windows as LDSC does (0: exact).
    """

    window_kb: float = 50.0
    ld_window_cm: float = 1.0
    ldsc_chunk: int = 0
    genome_build: str = "GRCh37"
    threads: int = 1

    @property
    def window(self) -> int:
        """Bases."""
        return round(self.window_kb * 1000)

    def facts(self, panel_people: int) -> dict[str, Any]:
        """What a reference says about itself."""
        rounded = f", rounded to {self.ldsc_chunk} SNPs as in LDSC" if self.ldsc_chunk else ""
        return {
            "genome_build": self.genome_build,
            "approximate": False,
            "panel_people": panel_people,
            "ld_window": f"{self.ld_window_cm:g} cM{rounded}",
            "window_kb": self.window_kb,
        }


def link_panel(
    panel: str,
    genes: Path,
    snps: str,
    chromosomes: list[int],
    settings: Settings,
    genetic_map: str | None = None,
) -> Iterator[tuple[str, Reference]]:
    """Yield each chromosome's name and reference (for ``reference_parts.merge``).

    ``panel`` (a PLINK prefix), ``snps`` and ``genetic_map`` may hold ``{chr}``. All missing files are told at once, in
    an InputError, before anything is computed.
    """
    beds, problems = find_panel(panel, chromosomes)
    lists, missing = find_files(snps, chromosomes, [""], "regression SNPs")
    problems += missing
    if genetic_map is not None:
        problems += find_files(genetic_map, chromosomes, [""], "genetic map")[1]
    problems += file_problems(genes, "genes")
    if problems:
        raise InputError(*problems)
    bim = None if PLACE in panel else _read_whole_bim(beds[chromosomes[0]], chromosomes)
    gene_file = SharedFile.genes(genes, settings.genome_build)
    snp_file: SharedFile | None = None
    for chromosome in chromosomes:
        if snp_file is None or PLACE in snps:
            snp_file = SharedFile.snps(lists[chromosome])
        map_path = None if genetic_map is None else fill(genetic_map, chromosome)
        reference = link_chromosome(beds[chromosome], chromosome, gene_file, snp_file, settings, map_path, bim)
        yield f"chromosome {chromosome}", reference


def link_chromosome(
    bed: Path,
    chromosome: int,
    gene_file: SharedFile,
    snp_file: SharedFile,
    settings: Settings,
    genetic_map: Path | None = None,
    bim: pd.DataFrame | None = None,
) -> Reference:
    """LD between the regression SNPs and genes of one chromosome of a panel; rows or genes may be none."""
    ledger = Ledger(STEP, f"chromosome {chromosome}")
    panel = read_panel(bed, chromosome, ledger, bim)
    genes = gene_file.content[gene_file.content["chr"] == chromosome]
    snps = panel.snps
    position = snps["BP"].to_numpy()
    whole = np.full(len(snps), chromosome)
    if problem := build_problem(str(bed), "SNP", pd.Index(snps["SNP"]), whole, position, settings.genome_build):
        raise InputError(problem)
    cm = genetic_positions(position, snps["CM"].to_numpy(), chromosome, genetic_map, ledger)
    gene = gene_of_snps(position, genes, settings.window)
    rows = np.flatnonzero(snps["SNP"].isin(snp_file.content))
    _account(ledger, panel, snp_file.content, len(genes), gene, rows)

    windows = ld_windows(cm, settings.ld_window_cm, settings.ldsc_chunk)
    among = ld_windows(cm[rows], settings.ld_window_cm, settings.ldsc_chunk) if settings.ldsc_chunk else None
    read = panel.read_standardized()
    scores = sum_r2(read, panel.people, rows, windows, gene, len(genes) + 1, settings.threads, among)
    ledger.noted(
        "regression SNPs", "LD score among regression SNPs below 1 (taken as 1 in weights)", (scores.among < 1).sum()
    )

    frequency = snps["mean"].to_numpy()[rows] / 2
    columns = {
        "CHR": np.full(len(rows), chromosome, dtype=np.int64),
        "BP": position[rows],
        "CM": cm[rows] if ledger.facts["genetic_positions"] != BY_POSITION else np.full(len(rows), np.nan),
        "A1": snps["A1"].to_numpy()[rows],
        "A2": snps["A2"].to_numpy()[rows],
        "MAF": np.minimum(frequency, 1 - frequency),
        A1_FREQUENCY: frequency,
        "w_ld": scores.among,
    }
    return make_part(
        chromosome,
        scores.weights,
        pd.DataFrame(columns, index=pd.Index(snps["SNP"].to_numpy()[rows], name="SNP")),
        genes,
        settings.facts(panel.people),
        ledger,
        shared=[gene_file, snp_file],
        inputs=[*(bed.with_suffix(s) for s in (".bed", ".bim", ".fam")), *([genetic_map] if genetic_map else [])],
    )


def _read_whole_bim(bed: Path, chromosomes: list[int]) -> pd.DataFrame:
    """The .bim of a panel in one file, which must hold every chromosome asked for."""
    bim = read_bim(bed.with_suffix(".bim"))
    missing = sorted(set(chromosomes) - set(autosomes(bim["CHR"])))
    if missing:
        raise InputError(f"{bed.with_suffix('.bim')}: has no SNP on chromosomes {ranges(missing)}; use --chromosomes")
    return bim


def _account(
    ledger: Ledger, panel: Panel, listed: frozenset[str], n_genes: int, gene: np.ndarray, rows: np.ndarray
) -> None:
    constant = int(panel.constant.isin(listed).sum())
    ledger.noted("panel SNPs", "in the window of no gene", (gene == n_genes).sum())
    ledger.removed("regression SNPs", "same genotype in all people of the panel", constant)
    ledger.kept("regression SNPs", len(rows))
    ledger.noted("genes", NO_PANEL_SNP, n_genes - len(np.unique(gene[gene < n_genes])))
    ledger.kept("genes", n_genes)
    ledger.fact("n_found_snps", len(rows) + constant)
    ledger.fact("n_regression_snps", len(rows))
    ledger.fact("n_genes", n_genes)
