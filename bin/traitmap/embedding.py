"""Embedding of spots: from counts and coordinates to a vector per spot in which like spots lie close.

``embed_slices`` puts the parts together, for the slices of a group or a single one: variable genes
(``embedding_genes``), principal components (``embedding_features``), the graph of spatial neighbours
(``embedding_graph``) and a model of ``MODELS``, each in a file of its own. A model sees ``Inputs``, never a slice.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap import __version__
from traitmap.embedding_features import Components, Expression, principal_components, spatial_weights
from traitmap.embedding_genes import rank_genes_by_variability, variable_genes
from traitmap.embedding_graph import joined_graph, spatial_graph
from traitmap.embedding_model import NAMES, UNLABELLED, Embedded, Inputs, Settings
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slice_checks import check_pattern, sketch
from traitmap.slices import REGION

if TYPE_CHECKING:
    from anndata import AnnData

GIVEN = "given"  # key of obsm
Model = Callable[[Inputs, Settings, Ledger], Embedded]


def _model(module: str, function: str) -> Model:
    """The function, its module imported where it is used: torch takes seconds."""

    def embed(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "`torch.jit.script` is deprecated", FutureWarning
            )  # torch-geometric's business
            found = getattr(import_module(f"traitmap.{module}"), function)
        return found(inputs, settings, ledger)

    return embed


MODELS: dict[str, Model] = {
    "smoothed_pca": _model("embedding_smoothed_pca", "embed_by_smoothing"),
    "gat_ae": _model("embedding_gat_ae", "embed_by_attention"),
    "contrastive": _model("embedding_contrastive", "embed_by_contrast"),
    "propagation": _model("embedding_propagation", "embed_by_propagation"),
    "pca": _model("embedding_pca", "embed_by_pca"),
    "given": _model("embedding_given", "embed_as_given"),
}
assert tuple(MODELS) == NAMES
UNGUIDED = ("pca", "given")  # models that labels have no say in


@dataclass(frozen=True)
class Slice:
    """A slice of a group.

    read
        Gives the slice as ``slices.read_slice`` does, and writes its account into a ledger. Called twice, unless the
        slice is alone: so no more than one slice's counts are in memory. For the model ``given``, the user's embedding
        (n x d) is in obsm[GIVEN].
    ledger
        The slice's account.
    height
        z of the slice in its stack; None outside of one.
    """

    read: Callable[[Ledger], AnnData]
    ledger: Ledger
    height: float | None = None


Failed = Callable[[Slice, InputError], None]


@dataclass(frozen=True)
class _Described:
    """What is kept of a slice but its counts; to single cells, ``_placed`` gives coordinates and graph."""

    names: pd.Index
    coordinates: np.ndarray | None
    region: pd.Series | None
    graph: sparse.csr_matrix | None
    sketch: str
    single_cells: bool
    given: np.ndarray | None


def embed_spots(data: AnnData, settings: Settings, ledger: Ledger) -> AnnData:
    """Embed the spots of one slice, as ``slices.read_slice`` returns it; see ``embed_slices``."""
    return embed_slices([Slice(lambda _ledger: data, ledger)], settings)[0]


def embed_slices(slices: Sequence[Slice], settings: Settings, failed: Failed | None = None) -> list[AnnData | None]:
    """Embed the spots of slices by one model: their vectors can be compared between slices.

    Parameters
    ----------
    failed
        Called with a slice that cannot be read, and why; the others are embedded without it. By default the error is
        raised.

    Returns
    -------
    For each slice an AnnData of its spots in its order, without genes: obsm['embedding'] (n x dimensions, float32),
    obsm['pca'] (n x components, float32), obsm['spatial'] (not of single cells), obsp['spatial_graph'] (CSR, 1 for
    every link within the slice and self loop), uns: training_curve (DataFrame), parameters and ledger (JSON texts).
    None for one that failed.

    Raises
    ------
    InputError
        A setting makes no sense, fewer than two spots have counts, no gene varies, or CUDA is asked for and missing.
    """
    from threadpoolctl import threadpool_limits

    settings.check()
    shared = Ledger("embed_spots", "all slices")  # what is said of all slices together
    with threadpool_limits(limits=1):  # sums of BLAS depend on the number of threads
        read, components = _read(slices, settings, shared, failed)
        if not read:
            return [None] * len(slices)
        some = [slices[number] for number in read]
        described = _placed(some, list(read.values()), components, settings)
        graph = joined_graph(
            [about.graph for about in described],
            [about.coordinates for about in described],
            [one.height for one in some],
        )
        inputs = _inputs(described, components, graph)
        embedded = MODELS[settings.model](inputs, settings, shared)
    shared.fact("dimensions", embedded.embedding.shape[1])
    if len(read) > 1:
        shared.fact("slices_embedded_together", len(read))
        shared.fact("links_between_slices", int(graph.nnz - sum(about.graph.nnz for about in described)) // 2)
    results: list[AnnData | None] = [None] * len(slices)
    for number, one, about, own in zip(read, some, described, _rows_of_each(inputs.slices), strict=True):
        _account(one.ledger, shared, embedded, inputs, own, settings.model)
        results[number] = _result(one, about, embedded, components.scores[own], own, settings)
    return results


def _rows_of_each(slices: np.ndarray) -> list[np.ndarray]:
    return np.split(np.arange(len(slices)), np.flatnonzero(np.diff(slices)) + 1)


def _read(
    slices: Sequence[Slice], settings: Settings, shared: Ledger, failed: Failed | None = None
) -> tuple[dict[int, _Described], Components | None]:
    """Graph and labels of every slice by its number, and the principal components of their shared variable genes.

    What ``failed`` was told of is left out; where nothing remains there are no components.
    """
    described, genes, ranks = {}, [], []
    data = None
    for number, one in enumerate(slices):
        data = None  # the last one's counts go before the next one's come
        try:
            data = one.read(one.ledger)
            if one.height is not None and "spatial" not in data.obsm:
                raise InputError(f"{one.ledger.subject}: has a height (z) but no coordinates; leave z empty")
        except InputError as error:
            if failed is None:
                raise
            failed(one, error)
            continue
        described[number] = _described(data, settings, one.ledger)
        measured = np.diff(data.X.indptr) > 0
        counts = data.X if measured.all() else data.X[measured]
        genes.append(data.var_names)
        ranks.append(rank_genes_by_variability(counts, settings.variable_genes, one.ledger))
        del counts
    if not described:
        return {}, None
    some = [slices[number] for number in described]
    chosen = variable_genes(genes, ranks, settings.variable_genes, [one.ledger for one in some])
    parts = []
    for one in some:
        if len(slices) > 1:
            data = None
            data = one.read(Ledger("embed_spots", "read again"))
        totals = np.asarray(data.X.sum(axis=1, dtype=np.float64)).ravel()
        parts.append(Expression(sparse.csr_matrix(data.X[:, data.var_names.get_indexer(chosen)]), totals))
    del data
    return described, principal_components(parts, settings.components, settings.seed, shared)


def _described(data: AnnData, settings: Settings, ledger: Ledger) -> _Described:
    places, graph = data.obsm.get("spatial"), None
    if places is None:
        ledger.fact("neighbors_by", "expression: single cells, no coordinates")
    else:
        graph = spatial_graph(places, settings.graph_neighbors, ledger)
        check_pattern(data.X, graph, ledger)
    return _Described(
        names=data.obs_names,
        coordinates=places,
        region=data.obs[REGION] if REGION in data.obs else None,
        graph=graph,
        sketch=" ".join(sketch(data.X, data.var.get("source_symbol", data.var_names))),
        single_cells=places is None,
        given=data.obsm.get(GIVEN),
    )


def _placed(
    slices: Sequence[Slice], described: list[_Described], components: Components, settings: Settings
) -> list[_Described]:
    """Single cells get the graph of those nearest in the principal components, which stand in for coordinates."""
    ends = np.cumsum([len(one.names) for one in described])
    placed = []
    for one, about, end in zip(slices, described, ends, strict=True):
        if about.single_cells:
            scores = components.scores[end - len(about.names) : end].astype(np.float64)
            graph = spatial_graph(scores, settings.graph_neighbors, one.ledger)
            about = replace(about, coordinates=scores, graph=graph)
        placed.append(about)
    return placed


def _inputs(described: list[_Described], components: Components, graph: sparse.csr_matrix) -> Inputs:
    weights = spatial_weights(components.scores, graph, components.measured)
    used = np.argsort(-weights * components.scores.std(axis=0), kind="stable")[: (weights > 0).sum()]
    given = [one.given for one in described]
    dimensions = min(one.coordinates.shape[1] for one in described)
    return Inputs(
        components=components.scores,
        features=np.ascontiguousarray(components.scores[:, used] * weights[used]),
        halves=np.ascontiguousarray(components.halves[:, :, used] * weights[used]),
        graph=graph,
        places=np.concatenate([one.coordinates[:, :dimensions] for one in described]),
        slices=np.repeat(np.arange(len(described)), [len(one.names) for one in described]),
        measured=components.measured,
        labels=_labels(described),
        given=None if any(one is None for one in given) else np.concatenate(given),
    )


def _labels(described: list[_Described]) -> np.ndarray | None:
    regions = [one.region for one in described]
    if all(region is None for region in regions):
        return None
    names = sorted({name for region in regions if region is not None for name in region.cat.categories})
    codes = [
        np.full(len(one.names), UNLABELLED)
        if one.region is None
        else pd.Categorical(one.region, categories=names).codes.astype(np.int64)  # -1, UNLABELLED, where missing
        for one in described
    ]
    return np.concatenate(codes)


def _account(ledger: Ledger, shared: Ledger, embedded: Embedded, inputs: Inputs, own: np.ndarray, model: str) -> None:
    if inputs.labels is not None and model in UNGUIDED:
        ledger.warn(f"region labels do not guide the model {model}; it embeds as without them")
    elif inputs.labels is not None:
        guided = int((inputs.labels[own] != UNLABELLED).sum())
        ledger.noted("spots", "whose region label guided the embedding", guided)
        ledger.warn(
            "region labels guided the embedding: a test of the same regions afterwards is not independent of them"
        )
    for what, spots in embedded.noted.items():
        ledger.noted("spots", what, int(spots[own].sum()))
    for name, value in shared.facts.items():
        ledger.fact(name, value)
    for text in shared.warnings:
        ledger.warn(text)
    ledger.kept("spots", len(own), "embedded")


def _result(one: Slice, about: _Described, embedded: Embedded, scores, own: np.ndarray, settings: Settings) -> AnnData:
    import anndata

    parameters = {name: value for name, value in asdict(settings).items() if name != "checkpoint"}
    places = {} if about.single_cells else {"spatial": about.coordinates}
    return anndata.AnnData(
        obs=pd.DataFrame(index=about.names),
        obsm={"embedding": embedded.embedding[own], "pca": scores, **places},
        obsp={"spatial_graph": about.graph},
        uns={
            "training_curve": embedded.training_curve,
            "parameters": json.dumps({"version": __version__, **parameters, "z": one.height}, indent=2),
            "ledger": one.ledger.to_json(),
            "sketch": about.sketch,
        },
    )
