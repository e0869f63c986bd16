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
    specificity: Settings = field(default_factory=lambda: replace(GSMAP, use_labels=False))
    model: str = "pca"
    guided: bool = False
    common_background: bool = False
    shuffled: bool = False
    weights: tuple[str, ...] = ("shared",)
    share: float = 0.5


def _sized(neighbors: int, spatial: int) -> Configuration:
    settings = replace(GSMAP, neighbors=neighbors, spatial_neighbors=spatial, use_labels=False)
    return Configuration(f"K{neighbors}_S{spatial}", f"microdomains of {neighbors} out of {spatial} spots", settings)


BASE = "base"
CONFIGURATIONS = {
    each.name: each
    for each in (
        Configuration(
            BASE,
            "21 out of 101 spots, power 1, own background, PCA, labels not used",
            weights=("spot", "shared"),
            share=1.0,
        ),
        Configuration("labels", "microdomains within labels", GSMAP),
        Configuration("power_1.5", "GSS power 1.5", replace(GSMAP, power=1.5, use_labels=False)),
        Configuration("K1", "no microdomains (single spots)", replace(GSMAP, neighbors=1, use_labels=False)),
        _sized(8, 101),
        _sized(8, 201),
        _sized(21, 201),
        _sized(50, 101),
        _sized(50, 201),
        Configuration("common", "background common to two slices", common_background=True),
        Configuration("gat", "graph autoencoder, labels not used", model="gat_ae"),
        Configuration(
            "gat_labels",
            "graph autoencoder guided by labels, microdomains within labels (as gsMap)",
            GSMAP,
            model="gat_ae",
            guided=True,
        ),
        Configuration("shuffled", "labels without meaning, not used", shuffled=True),
        Configuration(
            "shuffled_labels",
            "labels without meaning, microdomains within them",
            GSMAP,
            shuffled=True,
        ),
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
        embedding = _embedding(study.slice(1), folder, wanted.model, wanted.guided)
        background = _common_background(study) if wanted.common_background else None
        ledger = Ledger("score_specificity", wanted.name)
        write_h5ad(score_specificity(data, embedding, ledger, wanted.specificity, background), path, compress=False)
    return path


def _slice(path: Path, annotation: str | None = ANNOTATION) -> anndata.AnnData:
    return read_slice(path, Ledger("read_slice", path.name), layer=LAYER, annotation=annotation)


def _embedding(slice_: Path, folder: Path, model: str, guided: bool) -> np.ndarray:
    from traitmap.embedding import Settings as Embedding
    from traitmap.embedding import embed_spots

    path = folder / f"embedding_{model}{'_guided' * guided}.h5ad"
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
