"""Slices of a group: does the same region of two slices lie together in the embedding?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from bench_measure import measure, step
from compare_study import STUDY
from compare_ways import ways

from traitmap.microdomains import unit_vectors
from traitmap.simulation_genome import place_genes
from traitmap.simulation_slice import plan_tissue, write_slice

SPOTS, NEIGHBORS = 1000, 15
DEPTHS = (2000, 700)  # median counts a spot: what is the same tissue may not be the same quality


def simulated_pair(folder: Path, threads: int = 1) -> list[Path]:
    """Two slices of one tissue, each with its own spots, bends of borders, capture of genes and depth."""
    tissue = plan_tissue(STUDY, place_genes(STUDY))
    paths = [folder / f"slice_{number}.h5ad" for number in (1, 2)]
    for number, (path, depth) in enumerate(zip(paths, DEPTHS, strict=True), start=1):
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_slice(replace(STUDY, spots=SPOTS, depth=depth), tissue, number, folder, threads)
    return paths


def compare_groups(folder: Path, threads: int = 1) -> pd.DataFrame:
    """A row a model: share of nearest spots in the other slice that are of the spot's own region."""
    paths = simulated_pair(folder, threads)
    rows = []
    for way in ways():
        if way.of != "embedding" or way.embedding.startswith("gsmap"):
            continue
        told = folder / f"{way.name}.json"
        if not told.exists():
            told.write_text(json.dumps(_shares(way.embedding, paths, folder)))
        rows.append({"": way.says} | {name: f"{value:.2f}" for name, value in json.loads(told.read_text()).items()})
    return pd.DataFrame(rows)


def _shares(model: str, paths: list[Path], folder: Path) -> dict[str, float]:
    together = _embedded(model, [paths], folder)
    alone = _embedded(model, [[path] for path in paths], folder)
    return {
        "in the own slice": np.mean([_alike(one, one) for one in together]),
        "in the other slice, one group": (_alike(*together) + _alike(*together[::-1])) / 2,
        "in the other slice, embedded apart": (_alike(*alone) + _alike(*alone[::-1])) / 2,
    }


def _embedded(model: str, groups: list[list[Path]], folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unit vectors and regions of each slice, the slices of each of ``groups`` embedded together."""
    found = []
    for group in groups:
        outs = [folder / f"{path.stem}.{model}.h5ad" for path in group]
        given = [option for pair in zip(group, outs, strict=True) for option in ("--slice", pair[0], "--out", pair[1])]
        command = step("embed_spots", *given, "--layer", "counts", "--model", model, "--no-umap", "--device", "cpu")
        measure(command, folder / f"{model}.log", 1)
        for path, out in zip(group, outs, strict=True):
            regions = anndata.read_h5ad(path, backed="r").obs["annotation"].astype(str).to_numpy()
            found.append((unit_vectors(np.asarray(anndata.read_h5ad(out).obsm["embedding"])), regions))
    return found


def _alike(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """Share of the most similar spots of ``other``, of each spot of ``one``, that are of its region."""
    similarity = one[0] @ other[0].T
    if one is other:
        np.fill_diagonal(similarity, -np.inf)
    near = np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBORS]
    known = one[1] != "nan"
    return float((other[1][near] == one[1][:, None])[known].mean())
