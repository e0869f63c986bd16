"""Gene specificity scores: how much higher a gene ranks in a spot's microdomain than in the slice at large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap import __version__
from traitmap.average_ranks import (
    BLOCK,
    EXPRESSED_FRACTION,
    MEAN_LOG_RANK,
    LogRanks,
    background_table,
    blocks,
    is_expressed,
    log_ranks,
    restrict,
    sums_over_spots,
)
from traitmap.errors import InputError
from traitmap.h5ad import read_h5ad
from traitmap.ledger import Ledger
from traitmap.microdomain_kinds import (
    COSINE,
    GAUSSIAN,
    GIVEN,
    KINDS,
    OF_NEIGHBORS,
    SIZES,
    choose_neighbors,
    microdomains_of_kind,
    typical_distance,
    weighted_by_distance,
)
from traitmap.microdomain_quality import account_quality, microdomain_quality
from traitmap.microdomains import Microdomains, unit_vectors
from traitmap.single_cells import PLANE
from traitmap.slices import REGION
from traitmap.specificity_rows import LARGEST_EXPONENT, Rows, Scores
from traitmap.specificity_scores import EXPRESSION_SCORES, SCORES, pagerank_microdomains, score_expression
from traitmap.threads import in_order

if TYPE_CHECKING:
    from anndata import AnnData

MITOCHONDRIAL = "MT-"
TOLERANCE = 1e-6  # of log R: float32 ranks cannot tell a ratio nearer to 1 from 1


@dataclass(frozen=True)
class Settings:
    """What gene specificity depends on. ``GSMAP`` has gsMap's (1.73.8) microdomains; the power is gsMap's anyhow.

    neighbors, spatial_neighbors
        Size of a microdomain (None: by count splitting), and of the spatial neighbourhood that it is chosen from.
    power
        GSS = exp(R ** power) - 1: 1 in gsMap since 1.73.1, 1.5 in the paper and in gsMap3D.
    use_labels
        Where the slice is annotated, take microdomains from spots of the same label only.
    expression_gate
        A gene scores only where more of the microdomain's spots express it than of the background's.
    neighborhood, radius
        A kind of ``microdomain_kinds.KINDS``, and its radius.
    specificity
        A score of ``specificity_scores.SCORES``.
    """

    neighbors: int | None = 31
    spatial_neighbors: int = 101
    power: float = 1.0
    use_labels: bool = True
    expression_gate: bool = True
    neighborhood: str = GAUSSIAN
    radius: float | None = None
    specificity: str = "gss"

    def check(self) -> None:
        """Raise InputError where a setting makes no sense, a line each."""
        problems = []
        if self.neighbors is not None and self.neighbors < 1:
            problems.append(f"--neighbors is {self.neighbors}; it must be 1 or more, or auto")
        if self.spatial_neighbors < (self.neighbors or 1):
            problems.append(
                f"--spatial-neighbors ({self.spatial_neighbors}) is less than --neighbors ({self.neighbors}); "
                "a microdomain is chosen from the spatial neighbours"
            )
        if not (np.isfinite(self.power) and self.power > 0):
            problems.append(f"--power is {self.power}; it must be above 0")
        if self.radius is not None and not (np.isfinite(self.radius) and self.radius > 0):
            problems.append(f"--radius is {self.radius}; it must be above 0")
        for option, value, choices in (
            ("neighborhood", self.neighborhood, KINDS),
            ("specificity", self.specificity, SCORES),
        ):
            if value not in choices:
                problems.append(f"--{option} is {value!r}; choose one of {', '.join(choices)}")
        if self.neighbors is None and self.neighborhood not in OF_NEIGHBORS:
            problems.append(f"--neighbors auto: goes with --neighborhood {', '.join(OF_NEIGHBORS)}; give a number")
        if problems:
            raise InputError(*problems)


GSMAP = Settings(neighbors=21, neighborhood=COSINE)


def read_embedding(path: Path, spots: pd.Index, key: str = "embedding") -> np.ndarray:
    """Read ``obsm[key]`` of an .h5ad for ``spots``, in their order: n x d, float64.

    Raises InputError where the key or a spot is missing, a spot is repeated or a value is not finite.
    """
    data = read_h5ad(path, "embedding")
    if key not in data.obsm:
        has = ", ".join(data.obsm) or "none"
        raise InputError(f"{path}: has no obsm[{key!r}] (obsm: {has}); set --embedding-key")
    if not data.obs_names.is_unique:
        name = data.obs_names[data.obs_names.duplicated()][0]
        raise InputError(f"{path}: spot {name!r} occurs more than once in obs_names; make them unique")
    at = data.obs_names.get_indexer(spots)
    missing = at < 0
    if missing.any():
        raise InputError(
            f"{path}: lacks {missing.sum()} of the slice's {len(spots)} spots "
            f"(first: {spots[int(np.argmax(missing))]!r}); is it the embedding of this slice?"
        )
    try:
        embedding = np.asarray(data.obsm[key], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{path}: obsm[{key!r}] holds values that are no numbers; it must be spots x dimensions"
        ) from error
    if embedding.ndim != 2 or embedding.shape[1] == 0:
        raise InputError(f"{path}: obsm[{key!r}] has shape {embedding.shape}; it must be spots x dimensions")
    embedding = embedding[at]
    wrong = ~np.isfinite(embedding).all(axis=1)
    if wrong.any():
        raise InputError(
            f"{path}: obsm[{key!r}] holds missing or infinite values (first: spot {spots[int(np.argmax(wrong))]!r}); "
            "embed again"
        )
    return embedding


def score_specificity(*given, **options) -> AnnData:
    """``score_in_blocks`` with X (CSR float32) in memory."""
    scores = score_in_blocks(*given, **options)
    scores.frame.X = sparse.vstack(list(scores.blocks()), format="csr")
    return scores.frame


def score_in_blocks(
    data: AnnData,
    embedding: np.ndarray,
    ledger: Ledger,
    settings: Settings | None = None,
    background: pd.DataFrame | None = None,
    threads: int = 1,
    metacells: np.ndarray | None = None,
    consume: bool = False,
    plane: np.ndarray | None = None,
) -> Scores:
    """Score every gene in every spot of a slice.

    Parameters
    ----------
    data
        A slice as ``slices.read_slice`` gives it.
    embedding
        Spots x dimensions, in the slice's order.
    background
        Common background of the slice's group (``average_ranks.average_ranks``); by default the slice's own.
    metacells
        For neighborhood given: ``microdomain_kinds.read_metacells``.
    consume
        Take the counts out of ``data`` once they are ranked: less memory, for a caller who needs them no more.
    plane
        n x 2: what maps of single cells are drawn on (``single_cells.read_plane``).

    Raises
    ------
    InputError
        Where a setting makes no sense or the slice lacks genes of the background.

    Source: gsMap (Song et al., Nature 2025), gene specificity score.
    """
    import anndata

    settings = settings or Settings()
    settings.check()
    regions = data.obs[REGION] if REGION in data.obs else None
    labels = regions.cat.codes.to_numpy() if settings.use_labels and regions is not None else None
    single_cells = "spatial" not in data.obsm
    # Of single cells those nearest in expression are the candidates: on the unit sphere, nearest is most similar.
    places = unit_vectors(embedding) if single_cells else data.obsm["spatial"]
    settings, microdomains = _microdomains(data, places, embedding, settings, labels, metacells, threads, ledger)
    ranks, background = _ranks(data, background, ledger, threads)
    ranked = background[MEAN_LOG_RANK].notna().to_numpy()
    scored = ranked & ~background.index.str.upper().str.startswith(MITOCHONDRIAL)
    ledger.removed("genes", "mitochondrial (ranked, not scored)", (ranked & ~scored).sum())
    if settings.specificity in EXPRESSION_SCORES:
        rows = iter([_by_expression(data, background.index, microdomains, settings, scored)])
    else:
        if consume:
            data.X = None
        own = pagerank_microdomains(microdomains) if settings.specificity == "pagerank" else microdomains
        rows = gene_specificity(ranks, background, own, settings, scored, threads)
    obs = pd.DataFrame(index=data.obs_names)
    if regions is not None:
        obs[REGION] = regions
    expected = settings.neighbors if settings.neighborhood in OF_NEIGHBORS else 2
    quality = microdomain_quality(microdomains, None if single_cells else places, expected, regions).set_index(
        obs.index
    )
    parameters = {"version": __version__, **asdict(settings), "labels_used": labels is not None}
    frame = anndata.AnnData(
        obs=obs.join(quality),
        var=background[scored],
        obsm={PLANE: plane} if single_cells else {"spatial": places},
        obsp={
            "microdomain": microdomains.average(),
            "microdomain_similarity": microdomains.matrix(microdomains.similarity),
            "microdomain_distance": microdomains.matrix(microdomains.distance),
        },
        uns={"parameters": json.dumps(parameters)},
    )
    account_quality(quality, expected, ledger)
    return Scores(frame, rows, labels, settings, ledger)


def _microdomains(
    data: AnnData,
    places: np.ndarray,
    embedding: np.ndarray,
    settings: Settings,
    labels: np.ndarray | None,
    metacells: np.ndarray | None,
    threads: int,
    ledger: Ledger,
) -> tuple[Settings, Microdomains]:
    """The microdomains, and the settings with their size, which may be chosen here."""
    if settings.neighborhood == GIVEN:
        if metacells is None:
            raise InputError(f"--neighborhood {GIVEN}: name the obs column with metacells, --metacells")
        ledger.noted("spots", "in no metacell, their own microdomain", (metacells < 0).sum())

    def of_size(neighbors: int) -> Microdomains:
        return microdomains_of_kind(
            settings.neighborhood,
            places,
            embedding,
            neighbors,
            settings.spatial_neighbors,
            radius=settings.radius,
            metacells=metacells,
            labels=labels,
            threads=threads,
        )

    if settings.neighbors is not None:
        return settings, of_size(settings.neighbors)

    def weighted(microdomains: Microdomains) -> Microdomains:
        if settings.neighborhood != GAUSSIAN:
            return microdomains
        size = int(microdomains.size.max())
        return weighted_by_distance(microdomains, settings.radius or typical_distance(places, size))

    widest = of_size(min(SIZES[-1], settings.spatial_neighbors))
    neighbors, losses = choose_neighbors(data.X, widest, weighted=weighted)
    ledger.fact("neighbors_chosen", neighbors)
    ledger.fact("loss_of_neighbors", {str(size): round(loss, 6) for size, loss in losses.items()})
    return replace(settings, neighbors=neighbors), of_size(neighbors)


def _by_expression(
    data: AnnData, genes: pd.Index, microdomains: Microdomains, settings: Settings, scored: np.ndarray
) -> Rows:
    """Scores of EXPRESSION_SCORES of the ``scored`` among ``genes``."""
    wanted = np.zeros(data.n_vars, bool)
    wanted[data.var_names.get_indexer(genes[scored])] = True
    scores = score_expression(settings.specificity, data.X, microdomains, wanted)
    return Rows(np.diff(scores.indptr), scores.indices, scores.data)


def _ranks(
    data: AnnData, background: pd.DataFrame | None, ledger: Ledger, threads: int
) -> tuple[LogRanks, pd.DataFrame]:
    """Log ranks of the slice within the background's genes; without a background, within all that it expresses.

    The background comes back with a row for each column of the ranks, missing where a gene is not ranked.
    """
    if background is None:
        expressed = is_expressed(data.X)  # other columns are empty, and stay: to take them out copies the counts
        ledger.removed("genes", "not expressed in any spot", (~expressed).sum())
        ranks = log_ranks(data.X, threads, int(expressed.sum()))
        total, count = sums_over_spots(ranks)
        table = background_table(data.var_names, total, count, data.n_obs)
        return ranks, table[expressed].reindex(table.index)
    missing = background.index.difference(data.var_names)
    if len(missing):
        raise InputError(
            f"{ledger.subject}: lacks {len(missing)} of the background's {len(background)} genes (first: "
            f"{missing[0]!r}); give average_ranks.py every slice of the group, with the same species and homologs"
        )
    counts, genes = restrict(data, background.index)
    ledger.removed("genes", "not in the group's background", data.n_vars - len(genes))
    return log_ranks(counts, threads), background.loc[genes]


def gene_specificity(
    ranks: LogRanks,
    background: pd.DataFrame,
    microdomains: Microdomains,
    settings: Settings,
    scored: np.ndarray,
    threads: int = 1,
) -> Iterator[Rows]:
    """GSS of the ``scored`` genes, by blocks of spots.

    With N the microdomain of a spot, r ranks, m_g a gene's mean log rank and f_g its share of expressing spots in the
    background, and q = share of N that expresses the gene:

        log R = mean over N of log r  -  m_g,     GSS = exp(R ** power) - 1 where R > 1 and q > f_g, else 0.

    The mean over N is that of the constants plus that of the sparse parts, and the latter is 0 unless a spot of N
    expresses the gene. The result is sparse on the genes that N expresses, without any being missed: of another gene q
    is 0, which never exceeds f_g >= 0. (Without the gate, such a gene scores where its microdomain is so shallow that
    the rank shared by its zeros alone lies above the gene's average: gsMap computes it so, and so do we.)

    Each spot's sum runs over its microdomain in order, in float64, whatever the number of threads.
    """
    from traitmap.specificity_kernel import log_ratios  # numba: only where it is used

    matrix = ranks.doubled
    of_ranks = (matrix.indptr, matrix.indices, matrix.data, ranks.table, ranks.zero)
    # Only scored genes are looked at: no share exceeds infinity.
    fraction = np.where(scored, background[EXPRESSED_FRACTION] if settings.expression_gate else -1.0, np.inf)
    of_genes = (fraction, background[MEAN_LOG_RANK].to_numpy(), (np.cumsum(scored) - 1).astype(np.int32))

    def score(block: tuple[int, int]) -> Rows:
        bounds = microdomains.indptr[block[0] : block[1] + 1]
        passed, columns, ratio = log_ratios(
            *of_ranks, bounds, microdomains.spots, microdomains.weights, *of_genes, TOLERANCE
        )
        exponent = np.exp(ratio * settings.power)
        capped = int((exponent > LARGEST_EXPONENT).sum())
        return Rows(passed, columns, (np.exp(np.minimum(exponent, LARGEST_EXPONENT)) - 1).astype(np.float32), capped)

    return in_order(score, blocks(matrix.shape[0], BLOCK), threads)
