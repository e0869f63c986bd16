"""Correlation of traits' maps: the plain correlation, what spots are worth, its null, and the executable."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from conftest import call, refused
from regression_study import GENES, make_reference, make_scores
from traitmap.correlate_traits import correlate_traits, map_correlation, spots_worth
from traitmap.formats import TRAIT_CORRELATIONS
from traitmap.ledger import Ledger
from traitmap.reference import write_reference
from traitmap.regression import TraitRegression, prepare
from traitmap.regression_design import make_design, observe
from traitmap.regression_shared import shared_weights

NAMES = pd.Index([f"GENE{g}" for g in range(GENES)])


def design_of(reference):
    plain = pd.DataFrame({"Z": 1.0, "N": 1.0}, index=reference.snps.index)
    seen = observe(reference, plain, None, keep_mhc=False, ledger=Ledger("t", "t"))
    return make_design(reference, NAMES, seen, blocks=20, max_chi2=None, ledger=Ledger("t", "t"))


def test_the_table_holds_plain_correlations():
    rng = np.random.default_rng(1)
    z = pd.DataFrame(rng.normal(size=(50, 3)), columns=["t1", "t2", "t3"])
    z["t3"] = z["t1"] + 0.1 * z["t3"]
    z.loc[3, "t2"] = np.nan
    table = correlate_traits(z, 20.0, "s")
    assert list(table.columns) == list(TRAIT_CORRELATIONS)
    assert table[["trait_a", "trait_b"]].to_numpy().tolist() == [["t1", "t2"], ["t1", "t3"], ["t2", "t3"]]
    assert table["r"].to_numpy() == pytest.approx([z["t1"].corr(z["t2"]), z["t1"].corr(z["t3"]), z["t2"].corr(z["t3"])])
    assert table["n_spots"].tolist() == [49, 50, 49]
    assert table["p"].iloc[1] < 1e-6 < table["p"].iloc[0]


def test_independent_spots_have_the_p_of_pearson():
    from scipy.stats import pearsonr

    x, y = np.random.default_rng(2).normal(size=(2, 30))
    table = correlate_traits(pd.DataFrame({"x": x, "y": y}), 29.0, "s")  # 30 points leave 29 once centred
    assert table["p"].iat[0] == pytest.approx(pearsonr(x, y).pvalue, rel=1e-9)


def test_a_map_and_itself():
    x = np.random.default_rng(2).normal(size=30)
    row = correlate_traits(pd.DataFrame({"x": x, "y": x}), 12.0, "s").iloc[0]
    assert (row["r"], row["se"]) == pytest.approx((1, 0))
    assert 0 < row["p"] < 1e-100


def test_flat_maps_and_small_slices_have_no_test():
    flat = correlate_traits(pd.DataFrame({"x": [1.0, 1.0, 1.0], "y": [1.0, 2.0, 4.0]}), 10.0, "s")
    few = correlate_traits(pd.DataFrame({"x": [1.0, 3.0, 2.0], "y": [1.0, 2.0, 4.0]}), 1.5, "s")
    assert flat[["r", "p"]].isna().all(axis=None)
    assert few["p"].isna().all() and few["r"].notna().all()


@pytest.mark.parametrize(("groups", "size"), [(1, 40), (8, 5), (40, 1)])
def test_spots_in_groups_are_worth_their_groups(groups, size):
    """Spots of a group are one: the centred maps have as many directions as groups, less one."""
    correlation = np.kron(np.eye(groups), np.ones((size, size)))
    assert spots_worth(correlation, groups * size) == pytest.approx(groups - 1, rel=0.2)


def test_correlation_of_maps_is_that_of_residual_ld_scores():
    reference = make_reference()
    design = design_of(reference)
    rows = make_scores(spots=5)
    found = map_correlation(design, rows)
    ld = reference.weights.toarray().astype(np.float64)[:, :-1] @ rows.toarray().T
    root = np.sqrt(shared_weights(design))[:, None]
    columns = design.columns * root
    own = ld * root
    own -= columns @ np.linalg.lstsq(columns, own, rcond=None)[0]
    unit = own / np.linalg.norm(own, axis=0)
    assert found == pytest.approx(unit.T @ unit, abs=1e-6)


def test_maps_of_independent_null_traits_are_as_alike_as_foretold():
    reference = make_reference(8, snps=3600)
    scores = sparse.csr_matrix(np.repeat(make_scores(spots=12).toarray(), 5, axis=0) + 0.3 * make_scores(3, spots=60))
    worth = spots_worth(map_correlation(design_of(reference), scores), 60)
    rng = np.random.default_rng(9)
    maps = {}
    for number in range(30):
        z = rng.normal(size=len(reference.snps)) * 1.05
        trait = pd.DataFrame({"Z": z, "N": 1e5}, index=reference.snps.index)
        ready: TraitRegression = prepare(reference, NAMES, trait, Ledger("r", "t"), weights="shared", blocks=60)
        fits = ready.regression.fit(scores)
        pseudo = 60 * fits.full - 59 * fits.delete
        maps[f"t{number}"] = pseudo.mean(axis=0) / np.sqrt(pseudo.var(axis=0, ddof=1) / 60)
    table = correlate_traits(pd.DataFrame(maps), worth, "s")
    assert worth < 20  # of 60 spots
    assert np.sqrt(np.mean(table["r"] ** 2)) == pytest.approx(1 / np.sqrt(worth), rel=0.15)
    assert 0.02 < np.mean(table["p"] < 0.05) < 0.09


def test_the_executable_reads_maps_by_spot(tmp_path):
    reference = make_reference()
    write_reference(reference, tmp_path / "reference.h5ad")
    data = anndata.AnnData(make_scores(), var=pd.DataFrame(index=NAMES))
    data.obs_names = [f"spot{i}" for i in range(37)]
    data.write_h5ad(tmp_path / "specificity.h5ad")
    z = np.random.default_rng(3).normal(size=(2, 37))
    for name, values in zip(("a", "b"), z, strict=True):
        table = pd.DataFrame({"spot": data.obs_names, "z": values})
        table.iloc[::-1].to_parquet(tmp_path / f"{name}.parquet")
    given = ["--specificity", tmp_path / "specificity.h5ad", "--reference", tmp_path / "reference.h5ad"]
    given += ["--out", tmp_path / "out.tsv", "--slice-name", "s", "--spots", tmp_path / "a.parquet", "--trait", "a"]
    call("correlate_traits.py", *given, "--spots", tmp_path / "b.parquet", "--trait", "b")
    row = pd.read_csv(tmp_path / "out.tsv", sep="\t").iloc[0]
    assert row["r"] == pytest.approx(np.corrcoef(z)[0, 1], rel=1e-6)
    assert 2 < row["effective_spots"] < 37
    assert "give both once a trait" in refused("correlate_traits.py", *given, "--trait", "b")
    pd.DataFrame({"spot": ["spot0"], "z": [1.0]}).to_parquet(tmp_path / "c.parquet")
    message = refused("correlate_traits.py", *given, "--spots", tmp_path / "c.parquet", "--trait", "c")
    assert "lacks 36 spots of the slice (first: 'spot1')" in message
