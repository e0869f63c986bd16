"""Genes: correlation, medians and marks, against dense twins."""

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from conftest import GSMAP, call, needs_gsmap, refused
from traitmap import genes
from traitmap.errors import InputError
from traitmap.formats import GENES
from traitmap.ledger import Ledger


def make_scores(spots=60, n_genes=40, density=0.4, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.gamma(2, 2, (spots, n_genes)).astype(np.float32)
    dense[rng.uniform(size=dense.shape) > rng.uniform(0, 2 * density, n_genes)] = 0
    return dense


def names(number):
    return pd.Index([f"G{at:03}" for at in range(number)])


def rank(dense, values, labels=None, ledger=None):
    regions = None if labels is None else pd.Series(labels, dtype=object)
    ledger = ledger or Ledger("rank_genes", "x")
    scores = sparse.csr_matrix(dense)
    described = genes.describe_genes(scores, names(dense.shape[1]), regions)
    return genes.rank_genes(scores, described, np.asarray(values, float), regions, ledger)


@pytest.mark.parametrize("unknown", [0, 7])
def test_pearson_is_that_of_numpy(unknown):
    dense = make_scores()
    dense[:, 3], dense[:, 4] = 0, 2.5
    values = np.random.default_rng(1).exponential(size=60)
    values[:unknown] = np.nan
    pcc, constant = genes.correlate(sparse.csr_matrix(dense), values)
    dense, values = dense[unknown:], values[unknown:]
    assert constant[[3, 4]].all() and (constant == (dense.min(axis=0) == dense.max(axis=0))).all()
    for column in np.flatnonzero(~constant):
        assert pcc[column] == pytest.approx(np.corrcoef(dense[:, column].astype(float), values)[0, 1], abs=1e-12)
    assert np.isnan(pcc[constant]).all()


def test_pearson_keeps_its_digits_far_from_zero():
    rng = np.random.default_rng(2)
    dense = (1e4 + rng.integers(0, 3, (500, 3)) / 64).astype(np.float32)  # exact in float32
    values = rng.normal(size=500)
    pcc, _ = genes.correlate(sparse.csr_matrix(dense), values)
    expected = [np.corrcoef(column - 1e4, values)[0, 1] for column in dense.T.astype(float)]
    assert pcc == pytest.approx(expected, abs=1e-9)


def test_a_gene_that_follows_exactly():
    values = np.array([0.0, 1, 2, 3])
    table = rank(np.array([values, 5 - values]).T, values)
    assert list(table["gene"]) == ["G000", "G001"]
    assert table["pcc"].to_numpy() == pytest.approx([1, -1])


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0, 0, 0, 1.5, 2, 7, -1]), min_size=n, max_size=n), min_size=1, max_size=6
        )
    )
)
@settings(max_examples=60)
def test_medians_are_exact(columns):
    dense = np.array(columns).T
    medians = genes.column_medians(sparse.csr_matrix(dense))
    assert medians == pytest.approx(np.median(dense, axis=0))


def test_medians_in_many_blocks(monkeypatch):
    monkeypatch.setattr(genes, "COLUMNS", 3)
    dense = make_scores(density=0.9)
    assert genes.column_medians(sparse.csr_matrix(dense)) == pytest.approx(np.median(dense.astype(float), axis=0))


def test_the_table_is_that_of_a_dense_twin():
    dense = make_scores(density=0.8)
    labels = np.array(["b", "a", "c", None] * 15, dtype=object)
    values = np.random.default_rng(3).exponential(size=60)
    values[:3] = np.nan
    ledger = Ledger("rank_genes", "x")
    table = rank(dense, values, labels, ledger)
    assert list(table.columns) == list(GENES)
    assert (np.diff(table["pcc"]) <= 0).all()
    for row in table.itertuples():
        column = dense[:, int(row.gene[1:])].astype(float)
        medians = {name: np.median(column[labels == name]) for name in "abc"}
        assert row.pcc == pytest.approx(np.corrcoef(column[3:], values[3:])[0, 1], abs=1e-12)
        assert row.median_gss == pytest.approx(max(medians.values()))
        assert row.region == (max(medians, key=medians.get) if max(medians.values()) else "")
        assert row.share_expressed == pytest.approx((column != 0).mean())
    numbers = {(count["of"], count["kind"]): count["n"] for count in ledger.counts if count["kind"] != "noted"}
    assert numbers["spots", "removed"] == 3
    assert numbers["genes", "in"] == numbers["genes", "removed"] + numbers["genes", "out"] == 40


def test_constant_genes_are_left_out_and_counted():
    dense = make_scores(n_genes=4)
    dense[:, 0], dense[:, 1] = 0, 3
    ledger = Ledger("rank_genes", "x")
    table = rank(dense, np.arange(60), ledger=ledger)
    assert set(table["gene"]) == {"G002", "G003"}
    assert [count["n"] for count in ledger.counts if count["kind"] == "removed"] == [0, 2]


def test_a_gene_constant_in_the_spots_with_a_p_is_left_out():
    dense = np.array([[0, 1.0], [0, 2], [0, 3], [9, 4]])
    assert list(rank(dense, [1, 2, 3, np.nan])["gene"]) == ["G001"]


def test_without_labels_region_is_empty():
    table = rank(make_scores(), np.arange(60))
    assert (table["region"] == "").all() and (table["drives"] == "").all() and table["median_gss"].isna().all()


def test_flat_p_rank_nothing_and_say_so():
    ledger = Ledger("rank_genes", "x")
    table = rank(make_scores(n_genes=5), np.ones(60), ledger=ledger)
    assert table["pcc"].isna().all() and len(table) == 5
    assert any("do not vary" in text for text in ledger.warnings)


def region_study(signal):
    """Gene 0 is specific to region a, gene 1 to region b; ``signal`` is the -log10 P inside a."""
    rng = np.random.default_rng(4)
    labels = np.repeat(np.array(["a", "b"], dtype=object), 50)
    dense = np.zeros((100, 2))
    dense[:50, 0], dense[50:, 1] = rng.uniform(2, 4, 50), rng.uniform(2, 4, 50)
    values = -np.log10(rng.uniform(0.3, 1, 100))
    values[:50] += signal
    return dense, values, labels


def test_genes_drive_only_an_associated_region():
    table = rank(*region_study(signal=4)).set_index("gene")
    assert table["region"].to_dict() == {"G000": "a", "G001": "b"}
    assert table["drives"].to_dict() == {"G000": "a", "G001": ""}
    weak = rank(*region_study(signal=0.1)).set_index("gene")
    assert weak.loc["G000", "pcc"] > 0 and (weak["drives"] == "").all()


def test_only_the_top_genes_drive():
    dense, values, labels = region_study(signal=4)
    many = np.repeat(dense[:, :1], genes.TOP_GENES + 10, axis=1)
    table = rank(many, values, labels)
    assert (table["drives"] == "a").sum() == genes.TOP_GENES
    assert (table["drives"][: genes.TOP_GENES] == "a").all()


def write_specificity(path, dense, spots, gene_names, labels=None):
    obs = pd.DataFrame(index=list(spots))
    if labels is not None:
        obs["region"] = pd.Categorical(labels)
    data = anndata.AnnData(X=sparse.csr_matrix(dense.astype(np.float32)), obs=obs)
    data.var_names = list(gene_names)
    data.write_h5ad(path)
    return path


def test_the_executable_matches_spots_by_name_and_uses_the_scores_labels(tmp_path):
    dense, values, labels = region_study(signal=4)
    spots = [f"s{number}" for number in range(100)]
    scores = write_specificity(tmp_path / "specificity.h5ad", dense, spots, ["A", "B"], labels)
    table = pd.DataFrame({"spot": spots, "p": 10.0**-values, "neg_log10_p": values, "region": None})
    table.sample(frac=1, random_state=1).to_parquet(tmp_path / "spots.parquet")
    arguments = ("--specificity", scores, "--spots", tmp_path / "spots.parquet")
    done = call("rank_genes.py", *arguments, "--out", tmp_path / "genes.tsv", "--qc", tmp_path / "qc.json")
    assert "2 genes ranked, 0 of constant specificity left out" in done.stderr
    found = pd.read_csv(tmp_path / "genes.tsv", sep="\t", keep_default_na=False)
    assert list(found.columns) == list(GENES)
    assert list(found["gene"]) == ["A", "B"] and list(found["drives"]) == ["a", ""]
    assert found["pcc"][0] == pytest.approx(np.corrcoef(dense[:, 0].astype(np.float32), values)[0, 1], abs=1e-8)
    assert (tmp_path / "qc.json").is_file()


def test_several_traits_are_ranked_as_each_alone_and_a_bad_one_stops_no_other(tmp_path):
    dense, values, labels = region_study(signal=4)
    spots = [f"s{number}" for number in range(100)]
    scores = write_specificity(tmp_path / "specificity.h5ad", dense, spots, ["A", "B"], labels)
    for name, names, p in (("one", spots, 10.0**-values), ("two", spots, 10.0 ** -values[::-1]), ("bad", "ab", 0.5)):
        pd.DataFrame({"spot": list(names), "p": p}).to_parquet(tmp_path / f"{name}.parquet")

    def arguments(*traits, failure=True):
        kinds = {"--spots": "parquet", "--out": "tsv", "--qc": "json"} | ({"--failure": "txt"} if failure else {})
        files = [
            word for trait in traits for kind, end in kinds.items() for word in (kind, tmp_path / f"{trait}.{end}")
        ]
        return ("rank_genes.py", "--specificity", scores, *files)

    call(*arguments("one", "bad", "two"))
    assert "spot" in (tmp_path / "bad.txt").read_text() and not (tmp_path / "bad.tsv").exists()
    together = {name: (tmp_path / f"{name}.tsv").read_bytes() for name in ("one", "two")}
    assert together["one"] != together["two"]
    for name, found in together.items():
        call(*arguments(name, failure=False))
        assert (tmp_path / f"{name}.tsv").read_bytes() == found
    assert (tmp_path / "bad.txt").read_text().strip() in refused(*arguments("one", "bad", failure=False))
    assert "give it once a trait" in refused(*arguments("one"), "--out", tmp_path / "more.tsv")


def test_expression_of_the_first_genes_is_written_in_the_slices_order(tmp_path):
    dense, values, labels = region_study(signal=4)
    spots = [f"s{number}" for number in range(100)]
    scores = write_specificity(tmp_path / "specificity.h5ad", dense, spots, ["A", "B"], labels)
    pd.DataFrame({"spot": spots, "p": 10.0**-values}).to_parquet(tmp_path / "spots.parquet")
    counts = np.random.default_rng(2).poisson(3, (100, 3))
    counts[7] = 0
    order = np.random.default_rng(3).permutation(100)
    slice_ = anndata.AnnData(sparse.csr_matrix(counts[order]), obs=pd.DataFrame(index=[spots[at] for at in order]))
    slice_.var_names = ["a", "other", "b"]
    slice_.obsm["spatial"] = np.arange(200.0).reshape(100, 2)
    slice_.write_h5ad(tmp_path / "slice.h5ad")
    (tmp_path / "homologs.tsv").write_text("MOUSE\tHUMAN\na\tA\nother\tOTHER\nb\tB\n")
    arguments = ("--specificity", scores, "--spots", tmp_path / "spots.parquet", "--out", tmp_path / "genes.tsv")
    expression = ("--expression", tmp_path / "expression.parquet")
    species = ("--species", "mouse", "--homologs", tmp_path / "homologs.tsv")
    call("rank_genes.py", *arguments, *expression, "--slice", tmp_path / "slice.h5ad", *species)
    found = pd.read_parquet(tmp_path / "expression.parquet")
    assert list(found.columns) == ["spot", "A", "B"]
    assert list(found["spot"]) == spots
    wanted = np.log1p(counts[:, [0, 2]] / np.where(counts.sum(1) == 0, np.nan, counts.sum(1))[:, None] * 10_000)
    np.testing.assert_allclose(found[["A", "B"]], wanted, rtol=1e-6)
    assert "--expression wants --slice" in refused("rank_genes.py", *arguments, *expression)


def test_bad_scores_are_refused(tmp_path):
    dense = make_scores(spots=3, n_genes=2)
    twice = write_specificity(tmp_path / "twice.h5ad", dense, "abc", ["A", "A"])
    dense[0, 0] = np.nan
    holes = write_specificity(tmp_path / "holes.h5ad", dense, "abc", ["A", "B"])
    for path, complaint in ((twice, "gene 'A' occurs more than once"), (holes, "missing or infinite")):
        with pytest.raises(InputError, match=complaint):
            genes.read_specificity(path)


@needs_gsmap
def test_genes_of_the_causal_region_come_first():
    gss = pd.read_parquet(GSMAP / "outputs" / "gss.parquet").set_index("gene").T
    spots = pd.read_csv(GSMAP / "outputs" / "spots_causal.csv", index_col="spot").loc[gss.index]
    labels = anndata.read_h5ad(GSMAP / "inputs" / "slice.h5ad", backed="r").obs["annotation"].loc[gss.index]
    scores = sparse.csr_matrix(gss.to_numpy(np.float32))
    neg_log10_p = -np.log10(spots["p"].to_numpy())
    described = genes.describe_genes(scores, gss.columns, labels)
    table = genes.rank_genes(scores, described, neg_log10_p, labels, Ledger("rank_genes", "causal"))
    assert (table["drives"][: genes.TOP_GENES] == "Hippocampus").mean() > 0.9
    dense = np.corrcoef(scores.toarray().astype(float).T, neg_log10_p)[-1, :-1]
    assert table.set_index("gene").loc[gss.columns, "pcc"].to_numpy() == pytest.approx(dense, abs=1e-10)
