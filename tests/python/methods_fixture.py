"""A small slice with a planted region, for the tests of the methods beside ldsc."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

REGION = "region"
SPOTS, GENES, SET = 120, 800, 40


def planted_slice(folder: Path) -> tuple[anndata.AnnData, Path, pd.Series]:
    """Counts as ``slices.read_slice`` gives them, the slice's specificity.h5ad, and the weights of a trait's genes.

    Regions a, b and c; b expresses the trait's genes threefold. Spot 7 has no count, spot 8 no label. Microdomains are
    pairs of neighbours in the file.
    """
    rng = np.random.default_rng(7)
    names = [f"G{i:03}" for i in range(GENES)]
    region = np.repeat(["a", "b", "c"], SPOTS // 3)
    rate = np.tile(rng.gamma(1.0, 2.0, GENES), (SPOTS, 1))
    trait = rng.choice(GENES, SET, replace=False)
    rate[np.ix_(region == "b", trait)] *= 3
    counts = rng.poisson(rate * rng.gamma(20, 1 / 20, (SPOTS, 1)))
    counts[7] = 0
    obs = pd.DataFrame(index=[f"s{i}" for i in range(SPOTS)])
    data = anndata.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=names))
    pairs = sparse.csr_matrix(np.kron(np.eye(SPOTS // 2), np.full((2, 2), 0.5)))
    labels = pd.Categorical(np.where(np.arange(SPOTS) == 8, None, region))
    scores = anndata.AnnData(sparse.csr_matrix((SPOTS, 3), dtype=np.float32), obs=obs.assign(region=labels))
    scores.obsp["microdomain"] = pairs
    path = folder / "specificity.h5ad"
    scores.write_h5ad(path)
    return data, path, pd.Series(rng.uniform(2, 6, SET), index=[names[i] for i in trait])
