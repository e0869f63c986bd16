"""Log ranks and the background of a group of slices."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.stats import rankdata

from conftest import call, refused
from traitmap.average_ranks import (
    average_ranks,
    log_ranks,
    per_slice,
    read_background,
    read_background_ledger,
    sums_over_spots,
    write_background,
)
from traitmap.errors import InputError
from traitmap.ledger import Ledger


def dense(ranks) -> np.ndarray:
    """Log ranks as a plain matrix."""
    ranked = ranks.doubled.toarray()
    return np.where(ranked, ranks.table[ranked], ranks.zero[:, None])


def a_slice(counts: np.ndarray, genes: list[str]) -> anndata.AnnData:
    obs = pd.DataFrame(index=[f"s{i}" for i in range(len(counts))])
    return anndata.AnnData(X=sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=genes))


def group(*slices: anndata.AnnData):
    return [lambda ledger, data=data: data for data in slices]


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 70), st.integers(1, 9)),
        elements=st.sampled_from([0, 0, 0, 0.5, 1, 2, 3, 250, 65_536, 70_000]),
    ),
    st.integers(1, 3),
)
def test_log_ranks_are_those_of_the_textbook(counts, threads):
    ranks = log_ranks(sparse.csr_matrix(counts), threads)
    np.testing.assert_allclose(dense(ranks), np.log(rankdata(counts, axis=1)), rtol=0, atol=1e-8)


def test_ranks_of_a_spot_by_hand():
    counts = sparse.csr_matrix(np.array([[0, 5, 0, 1, 5], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5]], dtype=np.float32))
    expected = [[1.5, 4.5, 1.5, 3, 4.5], [3, 3, 3, 3, 3], [1, 2, 3, 4, 5]]
    np.testing.assert_allclose(np.exp(dense(log_ranks(counts))), expected, rtol=1e-8)


def test_columns_without_counts_can_be_left_out_of_the_ranking():
    counts = np.random.default_rng(1).poisson(0.6, (60, 20)).astype(np.float32)
    counts[:, [3, 9, 19]] = 0
    rest = np.delete(counts, [3, 9, 19], axis=1)
    ranks = log_ranks(sparse.csr_matrix(counts), n_genes=17)
    np.testing.assert_allclose(np.delete(dense(ranks), [3, 9, 19], axis=1), np.log(rankdata(rest, axis=1)), rtol=1e-12)
    total, _ = sums_over_spots(ranks)
    np.testing.assert_allclose(np.delete(total, [3, 9, 19]), np.log(rankdata(rest, axis=1)).sum(axis=0), rtol=1e-12)


def test_sums_over_spots():
    counts = np.random.default_rng(2).poisson(0.4, (1500, 30)).astype(np.float32)
    total, expressed = sums_over_spots(log_ranks(sparse.csr_matrix(counts)))
    np.testing.assert_allclose(total, np.log(rankdata(counts, axis=1)).sum(axis=0), rtol=1e-10)
    np.testing.assert_array_equal(expressed, (counts > 0).sum(axis=0))


def test_background_of_a_group_is_that_of_all_its_spots_within_the_common_genes():
    rng = np.random.default_rng(3)
    first, second = rng.poisson(0.7, (40, 6)), rng.poisson(0.7, (25, 5))
    first[:, 4] = 0  # E is expressed in no spot of the first slice, F is not in the second
    ledger = Ledger("average_ranks", "group")
    background = average_ranks(group(a_slice(first, list("CABDEF")), a_slice(second, list("EDBAC"))), ledger)
    assert list(background.index) == list("ABCD")
    together = np.vstack([first[:, [1, 2, 0, 3]], second[:, [3, 2, 4, 1]]])
    np.testing.assert_allclose(background.mean_log_rank, np.log(rankdata(together, axis=1)).mean(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(background.expressed_fraction, (together > 0).mean(axis=0))
    counted = {(row["of"], row["kind"]): row["n"] for row in ledger.counts}
    assert counted["genes", "removed"] == 2
    assert counted["genes", "out"] == 4
    assert counted["spots", "out"] == 65


def test_background_depends_neither_on_the_order_of_slices_nor_on_that_of_genes():
    rng = np.random.default_rng(4)
    first, second = rng.poisson(1, (30, 8)), rng.poisson(1, (20, 8))
    genes = list("HGFEDCBA")
    order = rng.permutation(8)
    forth = average_ranks(group(a_slice(first, genes), a_slice(second, genes)), Ledger("", ""))
    shuffled = a_slice(first[:, order], [genes[i] for i in order])
    back = average_ranks(group(a_slice(second, genes), shuffled), Ledger("", ""), threads=2)
    pd.testing.assert_frame_equal(forth, back, rtol=1e-12)


def test_slices_without_a_common_gene_are_refused():
    slices = group(a_slice(np.ones((3, 2)), ["A", "B"]), a_slice(np.ones((3, 2)), ["a", "b"]))
    with pytest.raises(InputError, match="no gene is expressed in every slice"):
        average_ranks(slices, Ledger("", ""))


def test_options_once_for_all_or_once_a_slice():
    paths = [Path("a.h5ad"), Path("b.h5ad")]
    assert per_slice(paths, layer=["counts"], species=None) == [{"layer": "counts"}] * 2
    assert per_slice(paths, species=["human", "mouse"], homologs=[Path(), Path("m.txt")]) == [
        {"species": "human"},
        {"species": "mouse", "homologs": Path("m.txt")},
    ]
    with pytest.raises(InputError, match="--spatial-key is given 3 times for 2 slices"):
        per_slice(paths, spatial_key=["a", "b", "c"])
    with pytest.raises(InputError, match="twice"):
        per_slice([paths[0], paths[0]])


def test_background_survives_its_file_and_others_are_refused(tmp_path):
    ledger = Ledger("average_ranks", "group")
    ledger.warn("mind the gap")
    background = average_ranks(group(a_slice(np.eye(4) + 1, list("DCBA"))), ledger)
    write_background(background, ledger, tmp_path / "background.parquet")
    pd.testing.assert_frame_equal(read_background(tmp_path / "background.parquet"), background)
    assert read_background_ledger(tmp_path / "background.parquet") == ledger.to_dict()
    background[["mean_log_rank"]].reset_index().to_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="lacks column 'expressed_fraction'"):
        read_background(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        read_background(tmp_path / "text.parquet")


def test_executable(tmp_path):
    rng = np.random.default_rng(5)
    paths = []
    for name in "ab":
        data = a_slice(rng.poisson(1, (12, 5)), list("VWXYZ"))
        data.obsm["spatial"] = rng.normal(size=(12, 2))
        paths.append(tmp_path / f"{name}.h5ad")
        data.write_h5ad(paths[-1])
    out, qc = tmp_path / "background.parquet", tmp_path / "qc.json"
    call("average_ranks.py", "--slice", paths[0], "--slice", paths[1], "--out", out, "--qc", qc)
    assert list(read_background(out).index) == list("VWXYZ")
    assert qc.is_file()
    message = refused(
        "average_ranks.py", "--slice", paths[0], "--slice", tmp_path / "c.h5ad", "--out", tmp_path / "none.parquet"
    )
    assert "c.h5ad: no such file" in message
    assert not (tmp_path / "none.parquet").exists()
