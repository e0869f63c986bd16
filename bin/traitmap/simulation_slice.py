"""Simulated tissue: contiguous regions, marker genes, gradients, and negative binomial counts in spots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.simulation import GROUP, Study, stream

SPACING = 100.0  # micrometres between spots, as on Visium
CELLS_PER_BLOCK = 4_000_000  # spots x genes drawn at once, which bounds the memory
FIELDS = 8  # smooth patterns that have nothing to do with regions
SHARED_MARKERS = 0.3  # of a region's marker genes, those that the nearest region carries too, at half the log fold
FOLDS = (1.8, 6.0)  # of marker genes in their region
MITOCHONDRIAL_SHARE = 0.08  # of all counts


@dataclass
class Tissue:
    """What all slices share.

    genes
        Symbols in the order of the slices.
    loadings
        Factors x genes, float32: log expression is a linear function of the factors of a spot, which are 1, its weight
        in each region, the same times its place along the region's gradient, and smooth fields.
    markers
        Marker genes of each region.
    centres
        Regions x 2, in the unit disc.
    directions
        Regions x 2, unit vectors: the gradient of each region.
    sizes
        Per gene, the size parameter of the negative binomial (variance = mean + mean^2 / size).
    blur
        How gradually a region goes over into the next: squared distance, in the unit disc, at which weights fall by e.
    """

    genes: np.ndarray
    loadings: np.ndarray
    markers: dict[str, list[str]]
    centres: np.ndarray
    directions: np.ndarray
    sizes: np.ndarray
    blur: float = 0.02


def plan_tissue(study: Study, genes: pd.DataFrame) -> Tissue:
    """Draw regions and genes; ``genes`` as ``simulation_genome.place_genes`` gives them."""
    rng = stream(study.seed, "tissue")
    measured = genes[genes["measured"]]
    measured = measured.iloc[rng.permutation(len(measured))]
    names = measured.index.to_numpy().astype(str)
    mitochondrial = (measured["chr"] == "MT").to_numpy()
    n, regions = len(names), study.regions
    level = rng.normal(0, 1.6, n)
    centres = _centres(regions, rng)
    angle = rng.uniform(0, 2 * np.pi, regions)
    own = rng.permutation(np.flatnonzero(~mitochondrial))[: regions * study.markers].reshape(regions, study.markers)
    # A gene that is hardly expressed anywhere would be a marker only on paper.
    level[own] = np.maximum(level[own], rng.normal(0, 1, own.shape))
    fold, gradient = np.zeros((regions, n)), np.zeros((regions, n))
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    for region, chosen in enumerate(own):
        fold[region, chosen] = rng.uniform(*np.log(FOLDS), study.markers)
        gradient[region, chosen] = fold[region, chosen] * rng.uniform(-0.4, 0.4, study.markers)
        shared = chosen[rng.random(study.markers) < SHARED_MARKERS]
        fold[np.argmin(distance[region]), shared] = fold[region, shared] / 2
    fields = rng.normal(0, 0.3, (FIELDS, n)) * (rng.random((FIELDS, n)) < 0.15)
    # Levels so that mitochondrial genes have their share of the counts.
    level[mitochondrial] += np.log(
        MITOCHONDRIAL_SHARE / (1 - MITOCHONDRIAL_SHARE) * np.exp(level[~mitochondrial]).sum()
    ) - np.log(np.exp(level[mitochondrial]).sum())
    loadings = np.vstack([level, fold, gradient, fields]).astype(np.float32)
    markers = {name: sorted(names[chosen]) for name, chosen in zip(study.region_names, own, strict=True)}
    directions = np.column_stack([np.cos(angle), np.sin(angle)])
    return Tissue(names, loadings, markers, centres, directions, np.exp(rng.normal(np.log(4), 0.5, n)))


def _centres(regions: int, rng: np.random.Generator) -> np.ndarray:
    """Centres of a Voronoi tessellation of the unit disc with areas of like size (Lloyd's algorithm)."""
    points = rng.uniform(-1, 1, (20_000, 2))
    points = points[(points**2).sum(axis=1) <= 1]
    centres = points[:regions].copy()
    for _ in range(20):
        nearest = _squared_distances(points, centres).argmin(axis=1)
        for region in range(regions):
            centres[region] = points[nearest == region].mean(axis=0)
    return centres


def _squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((points[:, None, :] - centres[None]) ** 2).sum(axis=2)


def _hexagons(spots: int) -> np.ndarray:
    """``spots`` points of a hexagonal grid of spacing 1 that fill an ellipse around 0, row by row."""
    reach = int(2 * np.sqrt(spots)) + 3
    row, column = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1), indexing="ij")
    x = (column + 0.5 * (row % 2)).ravel()
    y = (row * np.sqrt(3) / 2).ravel()
    inside = np.sort(np.argsort(np.hypot(x / 1.2, y), kind="stable")[:spots])
    return np.column_stack([x[inside], y[inside]])


def _smooth_fields(points: np.ndarray, n: int, length: float, rng: np.random.Generator) -> np.ndarray:
    """``n`` stationary Gaussian fields at ``points`` (variance 1, squared exponential, random Fourier features)."""
    waves = 64
    frequency = rng.normal(0, 1 / length, (n, waves, 2))
    phase = rng.uniform(0, 2 * np.pi, (n, waves))
    return np.sqrt(2 / waves) * np.column_stack(
        [np.cos(points @ frequency[k].T + phase[k]).sum(axis=1) for k in range(n)]
    )


def spot_factors(study: Study, tissue: Tissue, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Factors (spots x factors, float32), region index, coordinates (micrometres) and expected counts of each spot."""
    rng = stream(study.seed, "slice", number)
    grid = _hexagons(study.spots)
    points = grid / np.abs(grid).max()
    # Regions' borders bend, and bend a little differently from slice to slice.
    bent = points + 0.06 * _smooth_fields(points, 2, 0.4, stream(study.seed, "bending"))
    bent += 0.03 * _smooth_fields(points, 2, 0.4, rng)
    squared = _squared_distances(bent, tissue.centres * np.array([1.0, 1 / 1.2]))
    region = squared.argmin(axis=1)
    weight = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / tissue.blur)
    weight /= weight.sum(axis=1, keepdims=True)
    place = np.column_stack([(bent - c) @ d for c, d in zip(tissue.centres, tissue.directions, strict=True)])
    place = np.clip(place * np.sqrt(study.regions), -1.5, 1.5)
    fields = _smooth_fields(points, FIELDS, 0.35, rng)
    factors = np.column_stack([np.ones(study.spots), weight, weight * place, fields]).astype(np.float32)
    median = study.depth if study.depth is not None else study.genes / 2
    depth = median * np.exp(rng.normal(0, 0.3, study.spots) + 0.2 * _smooth_fields(points, 1, 0.5, rng)[:, 0])
    coordinates = (SPACING * (grid + rng.normal(0, 0.03, grid.shape))).round(2)
    return factors, region, coordinates, depth


def capture(study: Study, tissue: Tissue, number: int) -> np.ndarray:
    """Log efficiency of each gene in a slice, which sets slices apart: a gene's log expression is
    ``factors @ loadings + capture``, but for the spot's depth."""
    return stream(study.seed, "batch", number).normal(0, 0.1, len(tissue.genes)).astype(np.float32)


def count_blocks(
    study: Study, tissue: Tissue, number: int, factors: np.ndarray, depth: np.ndarray, threads: int = 1
) -> Iterator[sparse.csr_matrix]:
    """Yield the counts of the slice (CSR float32) in blocks of spots, negative binomial around the factors' means."""
    from concurrent.futures import ThreadPoolExecutor

    batch = capture(study, tissue, number)
    size = max(1, CELLS_PER_BLOCK // len(tissue.genes))

    def draw(first: int) -> sparse.csr_matrix:
        rng = stream(study.seed, "counts", number, first)
        block = slice(first, first + size)
        mean = np.exp(factors[block] @ tissue.loadings + batch)
        mean *= (depth[block] / mean.sum(axis=1, dtype=np.float64)).astype(np.float32)[:, None]
        rate = rng.standard_gamma(tissue.sizes, mean.shape) / tissue.sizes
        rate *= mean
        return sparse.csr_matrix(rng.poisson(rate).astype(np.float32))

    firsts = range(0, len(depth), size)
    if threads == 1:
        yield from map(draw, firsts)
        return
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(firsts), threads):  # in step, so that no more than these blocks wait in memory
            yield from pool.map(draw, firsts[start : start + threads])


def write_slice(study: Study, tissue: Tissue, number: int, out: Path, threads: int = 1) -> dict[str, Any]:
    """Write slice_<number>.h5ad, block by block; return what truth.json says of it.

    layers['counts'] CSR float32, obs['annotation'] the region, obsm['spatial'] micrometres; X is left empty.
    """
    import anndata
    import h5py

    factors, region, coordinates, depth = spot_factors(study, tissue, number)
    labels = pd.Categorical.from_codes(region, categories=list(study.region_names))
    annotation = labels.remove_unused_categories()
    names = [f"slice{number}_spot{i + 1}" for i in range(study.spots)]
    obs = pd.DataFrame({"annotation": annotation, "group": pd.Categorical([GROUP] * study.spots)}, index=names)
    var = pd.DataFrame({"mt": np.char.startswith(tissue.genes, "MT-")}, index=tissue.genes)
    with h5py.File(out / f"slice_{number}.h5ad", "w") as file:
        empty = anndata.AnnData(obs=obs, var=var, obsm={"spatial": coordinates})
        anndata.io.write_elem(file, "/", empty)
        file.pop("raw", None)  # older anndata cannot read the absent raw that newer ones write
        _append(file, count_blocks(study, tissue, number, factors, depth, threads))
    return {"spots": {name: int(n) for name, n in annotation.value_counts().sort_index().items()}}


def _append(file: Any, blocks: Iterable[sparse.csr_matrix]) -> None:
    import anndata

    for i, block in enumerate(blocks):
        if i == 0:
            options = {"compression": "gzip", "compression_opts": 6, "shuffle": True}
            anndata.io.write_elem(file, "layers/counts", block, dataset_kwargs=options)
            counts = anndata.io.sparse_dataset(file["layers/counts"])
        else:
            counts.append(block)
