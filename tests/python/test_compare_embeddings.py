"""The comparison's own logic: its truth, its measures and its tables."""

from __future__ import annotations

import sys
from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import spearmanr

from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "benchmarks"))

from compare_measures import clusters_agree, recovery
from compare_page import page_tables, summarise
from compare_study import SCENARIOS, STUDY, true_scores
from compare_ways import ways

from traitmap.simulation_genome import place_genes
from traitmap.simulation_slice import plan_tissue, spot_factors


def test_clusters_of_clear_groups_agree_with_them():
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1, 2], 60)
    embedding = 5 * np.eye(3)[group] + rng.normal(0, 0.3, (180, 3))
    regions = pd.Series(pd.Categorical.from_codes(np.where(np.arange(180) % 9, group, -1), list("abc")))
    assert clusters_agree(embedding, regions)[0] == pytest.approx(1)
    found, _ = clusters_agree(rng.normal(size=(180, 3)), regions)
    assert found < 0.2


def test_recovery_is_the_mean_rank_correlation():
    rng = np.random.default_rng(2)
    true, genes = rng.random((40, 12)), np.array([f"G{i}" for i in range(12)])
    seen = np.where(rng.random((40, 10)) < 0.5, true[:, :10] + rng.normal(0, 0.2, (40, 10)), 0)
    seen[3] = 0  # a spot that says nothing
    order = rng.permutation(10)
    scores = anndata.AnnData(sparse.csr_matrix(seen[:, order]), var=pd.DataFrame(index=genes[order]))
    found = recovery(scores, (true, genes))
    spots = [spearmanr(seen[i], true[i, :10])[0] for i in range(40) if i != 3]
    assert found["over_genes"] == pytest.approx(np.mean(spots))
    assert found["over_spots"] == pytest.approx(np.mean([spearmanr(seen[:, g], true[:, g])[0] for g in range(10)]))
    assert recovery(anndata.AnnData(true, var=pd.DataFrame(index=genes)), (true, genes))["over_spots"] == pytest.approx(
        1
    )


def test_truth_is_greatest_for_markers_in_their_region():
    study = replace(STUDY, spots=120, genes=300)
    tissue = plan_tissue(study, place_genes(study))
    true = true_scores(study, tissue)
    _, region, _, _ = spot_factors(study, tissue, 1)
    assert true.shape == (120, 300) and np.isfinite(true).all() and true.min() == 0
    for code, name in enumerate(study.region_names):
        own = true[:, np.isin(tissue.genes, tissue.markers[name])]
        assert own[region == code].mean() > 1.5 * own[region != code].mean()


def test_blur_makes_borders_gradual():
    study = replace(STUDY, spots=300, genes=100)
    tissue = plan_tissue(study, place_genes(study))
    share = [
        spot_factors(study, replace(tissue, blur=blur), 1)[0][:, 1 : 1 + study.regions].max(axis=1).mean()
        for blur in (0.004, 0.02, 0.4)
    ]
    assert share[0] > 0.95 and share[0] > share[1] > 0.8 and share[2] < 0.5


def test_pages_tables_hold_every_way_and_slice():
    rows, tests = [], []
    for place in [*SCENARIOS, "olfactory bulb"]:
        for way in ways():
            row = {
                "slice": place,
                "way": way.name,
                "of": way.of,
                "cpu_s": 10.0,
                "peak_gb": 0.5,
                "purity": 0.9,
                "ari": 0.7,
            }
            rows.append(row | ({"over_genes": 0.5, "over_spots": 0.4} if place in SCENARIOS else {}))
            if place not in SCENARIOS:
                continue
            for kind, enrichment in (("uniform", 1.0), ("genes", 1.5), ("causal", 2.0)):
                for region in "ab":
                    causal = kind == "causal" and region == "a"
                    tests.append(
                        {"slice": place, "way": way.name, "of": way.of, "trait": f"{kind}_1", "kind": kind}
                        | {"region": region, "enrichment": enrichment, "causal": causal}
                        | {"z": 4.0 * causal, "p": 0.001 if causal else 0.5}
                    )
    groups = pd.DataFrame({"": ["`pca`"], "in the own slice": ["0.90"]})
    regions = summarise(pd.DataFrame(tests))
    tables = page_tables({"runs": pd.DataFrame(rows), "regions": regions, "groups": groups}, "smoothed_pca")
    for way in ways():
        assert way.says in tables[f"{way.of} recovery"]
        assert f"| {way.says} | 0.000 ± 0.000 | 1.00 | 4.00 |" in tables[f"{way.of} tests"]
    assert tables["slices"].count("\n") == 2 + len(SCENARIOS) + 1
    assert "| `pca` | 0.90 |" in tables["groups"]
    assert "0.70 | – |" in tables["clusters"]  # the tumour was not run
