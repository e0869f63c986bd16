"""How good an embedding, a kind of microdomain or a score is: clusters, recovery of the truth, region tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scipy.stats import rankdata

from traitmap.regression import TraitRegression
from traitmap.regression_inputs import SpotScores
from traitmap.regression_regions import RegionScores, region_scores, regress_regions
from traitmap.simulation_gwas import Trait

RESOLUTIONS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
CLUSTER_NEIGHBORS = 15
SEED = 0


def clusters_agree(embedding: np.ndarray, regions: pd.Series) -> tuple[float, float]:
    """Adjusted Rand index of Leiden clusters against the known regions, the best of ``RESOLUTIONS``, and where.

    Neighbours are the 15 of greatest cosine similarity anywhere in the slice: space has no say but by the embedding.
    """
    import scanpy as sc
    from sklearn.metrics import adjusted_rand_score

    data = AnnData(obs=pd.DataFrame(index=regions.index), obsm={"embedding": embedding.astype(np.float32)})
    sc.pp.neighbors(data, CLUSTER_NEIGHBORS, use_rep="embedding", metric="cosine", random_state=SEED)
    known = regions.notna().to_numpy()
    found = {}
    for resolution in RESOLUTIONS:
        sc.tl.leiden(
            data, resolution, flavor="igraph", n_iterations=2, directed=False, random_state=SEED, key_added="cluster"
        )
        found[resolution] = adjusted_rand_score(regions[known].astype(str), data.obs["cluster"][known].astype(str))
    best = max(found, key=found.get)
    return float(found[best]), best


def recovery(scores: AnnData, truth: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Spearman correlation of scores with the truth: over genes, mean of all spots; and over spots, mean of all genes.

    Genes that the scores lack are left out, and so are genes and spots whose scores are all alike.
    """
    values, genes = truth
    true = values[:, pd.Index(genes).get_indexer(scores.var_names)]
    ours = scores.X.toarray() if sparse.issparse(scores.X) else scores.X
    return {"over_genes": _mean_spearman(ours, true), "over_spots": _mean_spearman(ours.T, true.T)}


def _mean_spearman(a: np.ndarray, b: np.ndarray) -> float:
    ranks = [rankdata(each, axis=1).astype(np.float64) for each in (a, b)]
    centred = [each - each.mean(axis=1, keepdims=True) for each in ranks]
    norms = [np.linalg.norm(each, axis=1) for each in centred]
    some = (norms[0] > 0) & (norms[1] > 0)
    return float(np.mean(np.einsum("ij,ij->i", *centred)[some] / (norms[0] * norms[1])[some]))


def region_tests(path: Path, genes: pd.Index, designs: list[tuple[Trait, TraitRegression]]) -> pd.DataFrame:
    """Contrast of every region with every trait: a row each. ``genes``: those of the designs; others score 0."""
    scores = SpotScores(path)
    found = region_scores(scores)
    at = scores.genes.get_indexer(genes)
    aligned = RegionScores(
        found.region, found.test, found.n_spots, np.where(at >= 0, found.scores[:, np.maximum(at, 0)], 0.0)
    )
    parts = []
    for trait, design in designs:
        tests = regress_regions(aligned, design)
        tests = tests.loc[tests["test"] == "contrast", ["region", "z", "p"]]
        about = {"trait": trait.name, "kind": trait.kind, "enrichment": trait.enrichment}
        parts.append(tests.assign(**about, causal=tests["region"] == trait.region))
    return pd.concat(parts, ignore_index=True)
