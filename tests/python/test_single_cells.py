"""Single cells: an .h5ad without coordinates, whose neighbours are those alike in expression."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from conftest import call, refused
from embedding_slices import QUICK, layered_slice, values
from traitmap.check_slices import check_slice
from traitmap.embedding import Settings, Slice, embed_slices
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.report_slices import read_report_slice
from traitmap.slices import read_slice
from traitmap.specificity import score_specificity


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The file, and the same cells in memory."""
    data, _ = layered_slice(regions=True)
    del data.obsm["spatial"]
    path = tmp_path_factory.mktemp("cells") / "cells.h5ad"
    data.write_h5ad(path)
    return path, data


def embedded(data, height=None, **settings):
    ledger = Ledger("embed_spots", "cells")
    chosen = Settings(**{**QUICK, **settings})
    return embed_slices([Slice(lambda _: data.copy(), ledger, height)], chosen)[0], ledger


def test_a_missing_key_stays_a_mistake_unless_it_is_said(cells):
    path, _ = cells
    with pytest.raises(InputError, match=r"no coordinates in obsm.*none: single cells"):
        check_slice(path)
    with pytest.raises(InputError, match="no coordinates"):
        read_slice(path, Ledger("test", "cells"))
    assert len(check_slice(path, spatial_key="none").spots) == 200
    assert "spatial" not in read_slice(path, Ledger("test", "cells"), spatial_key="none").obsm


def test_the_graph_links_cells_near_in_the_components(cells):
    found, ledger = embedded(cells[1], model="pca", graph_neighbors=5)
    assert "spatial" not in found.obsm
    scores = found.obsm["pca"].astype(np.float64)
    near = NearestNeighbors(n_neighbors=5).fit(scores).kneighbors(return_distance=False)
    linked = found.obsp["spatial_graph"].toarray() > 0
    wanted = np.eye(len(scores), dtype=bool)
    wanted[np.arange(len(scores))[:, None], near] = True
    assert np.array_equal(linked, wanted | wanted.T)
    assert ledger.facts["neighbors_by"].startswith("expression")
    assert not any("coordinates" in text or "pattern" in text for text in ledger.warnings)


def test_cells_cannot_stand_in_a_stack(cells):
    with pytest.raises(InputError, match=r"has a height \(z\) but no coordinates"):
        embedded(cells[1], height=1.0)


def test_microdomains_are_the_most_similar_of_all_cells(cells):
    data = cells[1]
    vectors = values(embedded(data, model="pca")[0]).astype(np.float64)
    plane = np.random.default_rng(0).normal(size=(data.n_obs, 2))
    scored = score_specificity(data.copy(), vectors, Ledger("score_specificity", "cells"), plane=plane)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similar = unit @ unit.T
    np.fill_diagonal(similar, np.inf)
    wanted = np.argsort(-similar, axis=1, kind="stable")[:, :31]
    members = scored.obsp["microdomain"]
    for cell in range(data.n_obs):
        assert set(members[cell].indices) == set(wanted[cell])
    assert not {"at_slice_border", "at_region_border"} & set(scored.obs)
    assert "microdomain_purity" in scored.obs
    assert list(scored.obsm) == ["X_umap"] and np.array_equal(scored.obsm["X_umap"], plane)


def test_from_the_file_to_what_maps_are_drawn_on(cells, tmp_path):
    path, _ = cells
    folder = tmp_path / "slices" / "cells"
    folder.mkdir(parents=True)
    quick = ["--model", "pca", "--variable-genes", "100", "--components", "20", "--spatial-key", "none"]
    call("embed_spots.py", "--slice", path, "--out", folder / "embedding.h5ad", *quick)
    given = ["--slice", path, "--embedding", folder / "embedding.h5ad", "--annotation", "region"]
    assert "no coordinates" in refused("score_specificity.py", *given, "--out", folder / "specificity.h5ad")
    call("score_specificity.py", *given, "--out", folder / "specificity.h5ad", "--spatial-key", "none")
    missing: list[str] = []
    found = read_report_slice(folder, "cells", missing)
    assert missing == []
    assert found.drawn_on == "UMAP of the embedding"
    umap = anndata.read_h5ad(folder / "embedding.h5ad").obsm["X_umap"]
    assert found.coordinates == pytest.approx(np.asarray(umap, dtype=np.float64))
