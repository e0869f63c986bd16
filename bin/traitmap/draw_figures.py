"""DRAW_FIGURES: the figures of each association as PNG, SVG and PDF, for papers and for who has no browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from traitmap.errors import InputError
from traitmap.figure_plots import (
    Spots,
    draw_genes,
    draw_manhattan,
    draw_map,
    draw_qq,
    draw_regions,
)
from traitmap.figure_style import FORMATS, drawing, save
from traitmap.manhattan import read_manhattan
from traitmap.report_collect import collect
from traitmap.report_results import Association, Results
from traitmap.report_slices import read_gene_scores
from traitmap.report_words import P_NAMES

FIGURES = ("map", "regions", "genes", "manhattan", "qq")
GENES = 6
NAMED_GENES = 50  # of which the strongest are named on the Manhattan plot
SNPS = 100_000


def draw_figures(
    results_folder: Path,
    out: Path,
    *,
    formats: tuple[str, ...] = FORMATS,
    reference: Path | None = None,
    region_p: str | None = None,
    flip: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Draw every association in ``results_folder``; return the paths, ``out``/associations/<slice>/<trait>/figures/*.

    A figure whose data is not in the folder is left out. ``region_p``: cauchy, mean or
    contrast, the P that q was made of, where the folder alone does not tell. ``flip``: y runs downwards.
    Raises InputError for an unknown format, a folder without associations, or a file that cannot be read.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(f"--formats: {', '.join(unknown) or 'none'}; choose from {', '.join(FORMATS)}")
    if region_p and f"p_{region_p}" not in P_NAMES:
        raise InputError(f"--region-p: {region_p}; choose cauchy, mean or contrast")
    results = collect(results_folder, reference)
    if region_p:
        results.q_from = f"p_{region_p}"
    if not results.associations:
        raise InputError(f"{results_folder}: holds no associations/; nothing to draw")
    paths = []
    for pair in results.associations.values():
        made = draw_association(results, pair, Path(out), formats, flip=flip)
        paths += made
        say(f"{pair.slice} x {pair.trait}: {len(made)} files")
    return paths


def draw_association(
    results: Results, pair: Association, out: Path, formats: tuple[str, ...], *, flip: bool
) -> list[Path]:
    """Draw what the files of one slice x trait allow."""
    folder = out / "associations" / pair.slice / pair.trait / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for old in (folder / f"{name}.{ending}" for name in FIGURES for ending in FORMATS):
        old.unlink(missing_ok=True)
    paths = []
    with drawing():
        for name, draw in _drawable(results, pair, flip).items():
            figure = draw()
            if figure is not None:
                paths += save(figure, folder / name, formats)
    return paths


def _drawable(results: Results, pair: Association, flip: bool) -> dict[str, Callable]:
    """Figure by name, of those whose data is there."""
    found = results.slices[pair.slice]
    draws: dict[str, Callable] = {}
    title = f"{pair.trait} in {pair.slice}"
    on_map = f"{title} (single cells, drawn on the {found.drawn_on})" if found.drawn_on else title
    spots = Spots.of(found, pair, flip) if pair.spots is not None and found.coordinates is not None else None
    if spots is not None:
        draws["map"] = partial(draw_map, spots, on_map)
    if pair.regions is not None and len(pair.regions):
        draws["regions"] = partial(draw_regions, pair.regions, results.q_from, title)
    if spots is not None and pair.genes is not None:
        first = pair.genes[pair.genes["pcc"] > 0].head(GENES)
        scores = read_gene_scores(found, first["gene"].tolist())
        if scores:
            draws["genes"] = partial(draw_genes, spots, first, scores, pair.expression, title)
    sumstats = results.traits[pair.trait].sumstats
    if sumstats is not None:
        listed = [] if pair.genes is None else pair.genes["gene"].head(NAMED_GENES).tolist()
        gwas = read_manhattan(sumstats, listed, results.reference_genes, SNPS)
        if gwas is not None:
            draws["manhattan"] = partial(draw_manhattan, gwas, pair.trait)
    if pair.spots is not None:
        draws["qq"] = partial(draw_qq, pair.spots["neg_log10_p"].to_numpy(float), title)
    return draws
