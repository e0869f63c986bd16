"""AUCell and module score through their packages: plain twins, a planted region, spots without counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from conftest import call, refused
from methods_fixture import REGION, planted_slice
from traitmap.gene_sets import log_expression
from traitmap.ledger import Ledger
from traitmap.score_signatures import SIGNATURES, score_signatures


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signatures")
    counts, path, genes = planted_slice(folder)
    counts.obsm["spatial"] = np.stack([np.arange(counts.n_obs), np.arange(counts.n_obs) % 9], axis=1).astype(float)
    counts.write_h5ad(folder / "slice.h5ad")
    data = log_expression(counts, path, "spots", Ledger("", ""))
    table = score_signatures(data, genes.index, list(SIGNATURES), 3, counts.obs_names)
    return data, genes, table.set_index("spot"), folder


def aucell_twin(values: np.ndarray, members: np.ndarray, top: int) -> float:
    """Area under the recovery curve of the members among the first ``top`` genes, over its largest."""
    ranks = np.empty(len(values), int)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    recovered = np.array([(ranks[members] <= r).sum() for r in range(1, top)])
    most = np.minimum(np.arange(1, top), members.sum())
    return recovered.sum() / most.sum()


def test_aucell_is_the_area_under_the_recovery_curve(planted):
    data, genes, table, _folder = planted
    values = data.X.toarray()
    members = data.var_names.isin(genes.index)
    top = int(np.ceil(0.05 * data.n_vars))
    twin = [aucell_twin(row, members, top) for row in values]
    # Ties between genes are broken at random: equal on average, nearly equal spot by spot.
    found = table["aucell"].reindex(data.obs_names).to_numpy()
    np.testing.assert_allclose(found, twin, atol=0.03)
    assert np.corrcoef(found, twin)[0, 1] > 0.99


def test_both_find_the_region_and_leave_spots_without_counts_empty(planted):
    data, _genes, table, _folder = planted
    assert table.index.tolist() == [f"s{i}" for i in range(120)]
    assert table.index[table["aucell"].isna()].tolist() == ["s7"]
    regions = data.obs[REGION].reindex(table.index).to_numpy()
    for method in SIGNATURES:
        assert table[method][regions == "b"].min() > table[method][regions == "a"].median()


def test_the_executable_writes_the_methods_asked_for(planted):
    _data, genes, table, folder = planted
    listed = pd.DataFrame({"gene": genes.index, "z": genes.to_numpy(), "p": 0.01})
    others = pd.DataFrame({"gene": [f"X{i}" for i in range(9 * len(genes))], "z": -1.0, "p": 0.9})
    pd.concat([listed, others]).to_csv(folder / "genes.tsv", sep="\t", index=False)
    given = ("--slice", folder / "slice.h5ad", "--specificity", folder / "specificity.h5ad", "--layer", "X")
    given += ("--genes", folder / "genes.tsv", "--seed", 3, "--out", folder / "out.parquet")
    call("score_signatures.py", *given, "--methods", "module_score")
    written = pd.read_parquet(folder / "out.parquet")
    assert list(written) == ["spot", "module_score"]
    np.testing.assert_allclose(written["module_score"], table["module_score"], rtol=1e-6)
    assert "--methods gsea: unknown" in refused("score_signatures.py", *given, "--methods", "gsea")
