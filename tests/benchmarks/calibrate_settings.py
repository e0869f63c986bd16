"""What is compared: settings of gene specificity, each of which gives one specificity.h5ad of the first slice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from calibrate_study import Simulated

from traitmap.h5ad import read_h5ad, write_h5ad
from traitmap.ledger import Ledger
from traitmap.slices import REGION, read_slice
from traitmap.specificity import GSMAP, Settings, score_specificity

ANNOTATION, LAYER = "annotation", "counts"
MODEL = "smoothed_pca"


@dataclass(frozen=True)
class Configuration:
    """Settings of gene specificity, and what is run with them.

    guided
        The embedding sees region labels.
    common_background
        Background of both slices' spots, not of the slice's own.
    shuffled
        Region labels are dealt out to spots at random, so that no region differs from any other.
    weights, share
        Regression weights to compare, and the share of the traits (the first ones) that are run.
    """

    name: str
    says: str
    specificity: Settings = field(default_factory=lambda: OWN)
    model: str = MODEL
    guided: bool = False
    common_background: bool = False
    shuffled: bool = False
    weights: tuple[str, ...] = ("shared",)
    share: float = 0.5


OWN = Settings(use_labels=False)  # the pipeline's own


def _sized(neighbors: int, spatial: int) -> Configuration:
    settings = replace(OWN, neighbors=neighbors, spatial_neighbors=spatial)
    return Configuration(f"K{neighbors}_S{spatial}", f"microdomains of {neighbors} out of {spatial} spots", settings)


BASE = "base"
CONFIGURATIONS = {
    each.name: each
    for each in (
        Configuration(
            BASE,
            "31 out of 101 spots weighted by distance, power 1, own background, smoothed components, labels not used",
            weights=("spot", "shared"),
            share=1.0,
        ),
        Configuration("labels", "microdomains within labels", Settings()),
        Configuration("power_1.5", "GSS power 1.5", replace(OWN, power=1.5)),
        Configuration("K1", "no microdomains (single spots)", replace(OWN, neighbors=1)),
        _sized(8, 101),
        _sized(21, 101),
        _sized(31, 201),
        _sized(51, 101),
        _sized(51, 201),
        Configuration("common", "background common to two slices", common_background=True),
        Configuration("pca", "components, not smoothed", model="pca"),
        Configuration(
            "cosine_pca",
            "21 out of 101 spots weighted alike, components, not smoothed",
            replace(GSMAP, use_labels=False),
            model="pca",
        ),
        Configuration("gat", "graph autoencoder, labels not used", model="gat_ae"),
        Configuration(
            "gat_labels",
            "graph autoencoder guided by labels, 21 spots weighted alike, within labels (as gsMap)",
            GSMAP,
            model="gat_ae",
            guided=True,
        ),
        Configuration("shuffled", "labels without meaning, not used", shuffled=True),
        Configuration("shuffled_labels", "labels without meaning, microdomains within them", Settings(), shuffled=True),
    )
}


def write_specificity(study: Simulated, wanted: Configuration, folder: Path) -> Path:
    """Score the first slice with ``wanted`` into ``folder``, unless it is there; return the file."""
    path = folder / f"{wanted.name}.h5ad"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        data = _slice(study.slice(1))
        if wanted.shuffled:
            labels = data.obs[REGION].to_numpy()[np.random.default_rng(study.study.seed).permutation(data.n_obs)]
            data.obs[REGION] = pd.Categorical(labels, categories=data.obs[REGION].cat.categories)
        vectors = embedding(study.slice(1), folder, wanted.model, wanted.guided)
        background = _common_background(study) if wanted.common_background else None
        ledger = Ledger("score_specificity", wanted.name)
        write_h5ad(score_specificity(data, vectors, ledger, wanted.specificity, background), path, compress=False)
    return path


def _slice(path: Path, annotation: str | None = ANNOTATION) -> anndata.AnnData:
    return read_slice(path, Ledger("read_slice", path.name), layer=LAYER, annotation=annotation)


def embedding(slice_: Path, folder: Path, model: str, guided: bool = False) -> np.ndarray:
    """The slice's embedding by ``model`` (spots x dimensions), kept in ``folder``."""
    from traitmap.embedding import Settings as Embedding
    from traitmap.embedding import embed_spots

    path = folder / f"embedding_{slice_.stem}_{model}{'_guided' * guided}.h5ad"
    if not path.exists():
        data = _slice(slice_, ANNOTATION if guided else None)
        write_h5ad(embed_spots(data, Embedding(model=model, device="cpu"), Ledger("embed_spots", model)), path)
    return np.asarray(read_h5ad(path, "embedding").obsm["embedding"], dtype=np.float64)


@cache
def _common_background_of(*slices: Path) -> pd.DataFrame:
    from functools import partial

    from traitmap.average_ranks import average_ranks

    return average_ranks([partial(read_slice, path, layer=LAYER) for path in slices], Ledger("average_ranks", ""))


def _common_background(study: Simulated) -> pd.DataFrame:
    return _common_background_of(*(study.slice(number) for number in range(1, study.study.slices + 1)))
