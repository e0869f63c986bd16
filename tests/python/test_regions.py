"""From spots to regions: labels, effect sizes, region tests, the table, the executable."""

import itertools
from math import comb

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from conftest import GSMAP, call, needs_gsmap, refused
from traitmap.cauchy import combine
from traitmap.errors import InputError
from traitmap.files import write_tsv
from traitmap.formats import REGIONS
from traitmap.ledger import Ledger
from traitmap.regions import (
    account,
    benjamini_hochberg,
    combine_regions,
    enrichment,
    label_spots,
    read_regions_table,
    top_spots,
)
from traitmap.spots import check_same_spots, read_spots


def make_spots(p, region=None):
    p = np.asarray(p, dtype=np.float64)
    return pd.DataFrame(
        {"p": p, "neg_log10_p": -np.log10(p), "region": region},
        index=pd.Index([f"spot{number}" for number in range(len(p))], name="spot"),
    )


def write_spots(path, spots):
    z = np.zeros(len(spots))
    spots.reset_index().assign(beta=z, se=z, z=z).to_parquet(path)
    return path


def write_slice(path, names, **obs):
    frame = pd.DataFrame(obs, index=list(names))
    anndata.AnnData(X=sparse.csr_matrix((len(frame), 2), dtype=np.float32), obs=frame).write_h5ad(path)
    return path


# Reading spots


def test_spots_keep_order_and_exact_log(tmp_path):
    spots = make_spots([0.5, 1e-300, np.nan], ["a", None, "a"])
    spots.loc["spot1", "neg_log10_p"] = 412.5
    read = read_spots(write_spots(tmp_path / "spots.parquet", spots))
    assert list(read.index) == ["spot0", "spot1", "spot2"]
    assert read["neg_log10_p"].to_numpy() == pytest.approx([np.log10(2), 412.5, np.nan], nan_ok=True)
    assert list(read["region"]) == ["a", None, "a"]


def test_spots_of_csv_without_logs(tmp_path):
    path = tmp_path / "spots.csv"
    path.write_text("spot,p\n1,0.1\n2,0\n3,\n4,1\n")
    read = read_spots(path)
    assert list(read.index) == ["1", "2", "3", "4"]
    assert read["neg_log10_p"].to_numpy() == pytest.approx([1, 300, np.nan, 0], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,p\na,0.1\n", "no column 'spot'"),
        ("spot,q\na,0.1\n", "no column 'p'"),
        ("spot,p\na,0.1\na,0.2\n", "'a' occurs more than once"),
        ("spot,p\na,0.1\nb,1.5\n", "P of spot 'b' is 1.5"),
        ("spot,p\na,0.1\nb,-0.1\n", "P of spot 'b' is -0.1"),
        ("spot,p\na,0.1\nb,x\n", "p of spot 'b' is no number"),
        ("spot,p,neg_log10_p\na,0.1,-1\n", "neg_log10_p of spot 'a' is -1"),
        ("spot,p\n", "holds no spot"),
    ],
)
def test_bad_spots_are_refused(tmp_path, text, complaint):
    path = tmp_path / "spots.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_spots(path)


def test_same_spots_in_another_order_agree():
    first, second = pd.Index(["a", "b"]), pd.Index(["b", "a"])
    check_same_spots(first, "one", second, "two")
    with pytest.raises(InputError, match="two: lacks 1 of the 2 spots of one"):
        check_same_spots(first, "one", second[:1], "two")
    with pytest.raises(InputError, match="one: lacks 1 of the 2 spots of two"):
        check_same_spots(first[:1], "one", second, "two")


# Effect size


def plain_fisher(top_inside, inside, top, total):
    """P(at least top_inside of the top spots lie inside) by counting."""
    ways = sum(comb(inside, k) * comb(total - inside, top - k) for k in range(top_inside, min(top, inside) + 1))
    return ways / comb(total, top)


@given(st.data())
def test_enrichment_is_fishers_exact_test(data):
    total = data.draw(st.integers(2, 60))
    inside = data.draw(st.integers(1, total - 1))
    top = data.draw(st.integers(0, total))
    top_inside = data.draw(st.integers(max(0, top - (total - inside)), min(top, inside)))
    odds_ratio, p = enrichment(top_inside, inside, top, total)
    assert p == pytest.approx(plain_fisher(top_inside, inside, top, total), rel=1e-8)
    a, b, c = top_inside, inside - top_inside, top - top_inside
    d = total - inside - c
    if a and b and c and d:
        assert odds_ratio == pytest.approx(a * d / (b * c))
    else:
        assert odds_ratio == pytest.approx((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))


def test_odds_ratio_closed_form():
    assert enrichment(10, 20, 20, 100)[0] == pytest.approx((10 * 70) / (10 * 10))


@pytest.mark.parametrize("inside", [0, 50])
def test_nothing_to_compare_has_no_odds(inside):
    assert np.isnan(enrichment(0, inside, 5, 50)).all()


def test_top_spots_are_the_share_of_tested_spots_with_ties():
    values = np.array([5.0, 4, 3, 3, 3, 1, np.nan, 0])
    assert top_spots(values, 0.2).sum() == 2  # ceil(0.2 x 7)
    assert top_spots(values, 0.4).sum() == 5  # the third of three is tied with two more
    assert not top_spots(np.array([np.nan, np.nan]), 0.05).any()
    assert top_spots(np.arange(100.0), 0.07).sum() == 7


@pytest.mark.parametrize("share", [0, 1, -0.1, np.nan])
def test_top_share_must_be_a_share(share):
    with pytest.raises(InputError, match="top-share"):
        top_spots(np.arange(5.0), share)


# Benjamini and Hochberg


@given(st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), max_size=20))
def test_q_is_that_of_a_plain_twin(p):
    tests = [value for value in p if not np.isnan(value)]

    def plain(value):
        larger = [other for other in tests if other >= value]
        return min(1, *[other * len(tests) / sum(test <= other for test in tests) for other in larger], 1)

    expected = [np.nan if np.isnan(value) else plain(value) for value in p]
    assert benjamini_hochberg(np.array(p)) == pytest.approx(expected, nan_ok=True)


# The table


def test_regions_by_hand():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=100)
    region = np.array(["b"] * 40 + ["a"] * 59 + [None], dtype=object)
    p[:10] = np.linspace(1e-6, 1e-5, 10)
    p[50] = np.nan
    table = combine_regions(make_spots(p, region), top_share=0.1).set_index("region")
    assert list(table.columns) == list(REGIONS)[1:]
    assert list(table.index) == ["b", "a"]
    assert list(table["n_spots"]) == [40, 59]
    assert table.loc["b", "p_cauchy"] == combine(p[:40])
    assert table.loc["a", "p_cauchy"] == combine(np.delete(p[40:99], 10))
    assert table.loc["a", "p_median"] == np.nanmedian(p[40:99])
    assert table.loc["b", "n_top_spots"] == 10 and table.loc["b", "share_top"] == 0.25
    assert table.loc["a", "n_top_spots"] == 0 and table.loc["a", "share_top"] == 0
    assert table.loc["b", "odds_ratio"] == pytest.approx(10.5 * 59.5 / (30.5 * 0.5))  # 59: 58 of a, 1 without a label
    assert table.loc["b", "odds_ratio_p"] == pytest.approx(plain_fisher(10, 40, 10, 99))
    assert list(table["flags"]) == ["", "NaN spots: 1"]
    assert table["q"].to_numpy() == pytest.approx(benjamini_hochberg(table["p_cauchy"].to_numpy()))
    assert table[["beta", "p_mean", "z_contrast"]].isna().all().all()


def test_the_order_of_spots_does_not_matter():
    rng = np.random.default_rng(1)
    spots = make_spots(rng.uniform(size=200), rng.choice(["x", "y", "z"], 200).astype(object))
    pd.testing.assert_frame_equal(combine_regions(spots), combine_regions(spots.sample(frac=1, random_state=2)))


def test_a_region_of_one_spot_and_one_of_none_tested():
    table = combine_regions(make_spots([0.01, 0.5, np.nan, np.nan], ["one", "two", "none", "none"]))
    assert list(table["region"]) == ["one", "two", "none"]
    assert table["p_cauchy"].to_numpy() == pytest.approx([0.01, 0.5, np.nan], nan_ok=True)
    assert table["flags"].iloc[2] == "few spots; NaN spots: 2"
    assert table["n_spots"].iloc[2] == 2 and np.isnan(table["q"].iloc[2])


def test_outliers_are_left_out_of_p_alone_and_flagged():
    p = np.append(np.linspace(0.2, 0.9, 50), 1e-30)
    spots = make_spots(p, ["a"] * 51)
    kept, left_out = combine_regions(spots).iloc[0], combine_regions(spots, outliers="gsmap").iloc[0]
    assert kept["p_cauchy"] == pytest.approx(51e-30, rel=1e-6)
    assert left_out["p_cauchy"] == combine(p[:50])
    assert left_out["flags"] == "outliers left out: 1"
    assert left_out["n_top_spots"] == kept["n_top_spots"] and left_out["p_median"] == kept["p_median"]


def test_region_tests_take_their_columns():
    tests = pd.DataFrame(
        {
            "region": ["a", "a", "c"],
            "test": ["contrast", "mean", "mean"],
            "beta": [1.0, 2, 9],
            "se": [0.5, 1, 9],
            "z": [2.0, 2, 1],
            "p": [0.02, 0.03, 0.16],
        }
    )
    table = combine_regions(make_spots([0.1, 0.2], ["a", "b"]), tests=tests).set_index("region")
    assert list(table.loc["a", ["beta", "se", "z_mean", "p_mean"]]) == [2, 1, 2, 0.03]
    assert list(table.loc["a", ["beta_contrast", "se_contrast", "z_contrast", "p_contrast"]]) == [1, 0.5, 2, 0.02]
    assert table.loc["b", ["beta", "p_mean", "p_contrast"]].isna().all()


def test_the_account_adds_up():
    spots = make_spots([0.1, np.nan, 0.3], ["a", "a", None])
    ledger = Ledger("combine_regions", "x")
    account(spots, combine_regions(spots), ledger)
    numbers = {(count["of"], count["what"]): count["n"] for count in ledger.counts}
    assert numbers["spots", "read"] == 3
    assert numbers["spots", "without a P (singular regression)"] == 1
    assert numbers["spots", "without a region label (in no region)"] == 1
    assert numbers["regions", "flagged: NaN spots"] == 1
    assert numbers["regions", "used"] == 1


def test_the_file_loses_nothing(tmp_path):
    names = ["NA", "1", 'layer "5"', "a\tb", "nan"]
    spots = make_spots([1e-300, 0.2, 0.3, 0.4, 0.123456789], names)
    table = combine_regions(spots)
    write_tsv(table, tmp_path / "regions.tsv")
    read = read_regions_table(tmp_path / "regions.tsv")
    pd.testing.assert_frame_equal(read, table, rtol=1e-9, check_dtype=False)
    assert read["p_cauchy"].iloc[0] == 1e-300


# The executable


def run_combine(tmp_path, *options):
    call("combine_regions.py", *options, "--out", tmp_path / "regions.tsv")
    return read_regions_table(tmp_path / "regions.tsv").set_index("region")


def test_labels_come_from_the_slice_by_name(tmp_path):
    spots = make_spots([0.01, 0.02, 0.5, 0.6])
    h5ad = write_slice(tmp_path / "s.h5ad", spots.index[::-1], layer=[" out", "out", "in", None])
    options = ("--spots", write_spots(tmp_path / "spots.parquet", spots), "--slice", h5ad)
    table = run_combine(tmp_path, *options, "--annotation", "layer", "--qc", tmp_path / "qc.json")
    assert table["n_spots"].to_dict() == {"in": 1, "out": 2}
    assert table.loc["in", "p_cauchy"] == 0.02
    assert (tmp_path / "qc.json").is_file()


def test_without_annotation_all_spots_are_one_region():
    spots = make_spots([0.01, 0.02, 0.5, 0.6], ["a", "a", "b", None])
    spots["region"] = label_spots(spots, "spots.parquet", None, "")
    table = combine_regions(spots)
    assert list(table["region"]) == ["all spots"] and list(table["n_spots"]) == [4]
    assert table[["odds_ratio", "odds_ratio_p"]].isna().all().all()


def test_mistakes_are_one_clear_line(tmp_path):
    spots = make_spots([0.1, 0.2])
    parquet = write_spots(tmp_path / "spots.parquet", spots)
    good = write_slice(tmp_path / "good.h5ad", spots.index, layer=["a", "b"], empty=[None, "NA"])
    less = write_slice(tmp_path / "less.h5ad", spots.index[:1], layer=["a"])
    more = write_slice(tmp_path / "more.h5ad", [*spots.index, "x"], layer=["a", "b", "c"])
    twice = write_slice(tmp_path / "twice.h5ad", ["spot0", "spot0"], layer=["a", "b"])
    (tmp_path / "cut.h5ad").write_bytes(good.read_bytes()[:300])
    for slice_file, column, complaint in (
        (good, "nope", "no obs column 'nope'"),
        (good, "empty", "no spot has a label"),
        (less, "layer", "less.h5ad: lacks 1 of the 2 spots"),
        (more, "layer", "spots.parquet: lacks 1 of the 3 spots"),
        (twice, "layer", "'spot0' occurs more than once"),
        (tmp_path / "none.h5ad", "layer", "no such file"),
        (tmp_path / "cut.h5ad", "layer", "cannot be read as .h5ad"),
        (None, "layer", "needs --slice"),
    ):
        with pytest.raises(InputError, match=complaint) as error:
            label_spots(read_spots(parquet), parquet, slice_file, column)
        assert len(error.value.problems) == 1
    (tmp_path / "cut.parquet").write_bytes(parquet.read_bytes()[:300])
    with pytest.raises(InputError, match="cannot be read as parquet"):
        read_spots(tmp_path / "cut.parquet")


def test_the_executable_refuses_and_leaves_no_file(tmp_path):
    spots = make_spots([0.1, 0.2])
    parquet = write_spots(tmp_path / "spots.parquet", spots)
    less = write_slice(tmp_path / "less.h5ad", spots.index[:1], layer=["a"])
    out = tmp_path / "regions.tsv"
    arguments = ("--spots", parquet, "--slice", less, "--annotation", "layer", "--out", out)
    assert "lacks 1 of the 2 spots" in refused("combine_regions.py", *arguments)
    assert not out.exists()


@needs_gsmap
@pytest.mark.parametrize("trait", ["causal", "null"])
def test_gsmap_regions_are_reproduced(trait):
    path = GSMAP / "outputs" / f"spots_{trait}.csv"
    spots = read_spots(path)
    spots["region"] = label_spots(spots, path, GSMAP / "inputs" / "slice.h5ad", "annotation")
    found = combine_regions(spots, outliers="gsmap").set_index("region")
    theirs = pd.read_csv(GSMAP / "outputs" / f"regions_{trait}.csv", index_col="annotation")
    assert list(found.index) == list(theirs.index)
    # The same rule on the same numbers: equal but for rounding.
    assert found["p_cauchy"].to_numpy() == pytest.approx(theirs["p_cauchy"].to_numpy(), rel=1e-8)
    assert found["p_median"].to_numpy() == pytest.approx(theirs["p_median"].to_numpy(), rel=1e-8)


def test_plain_fisher_counts_all_tables():
    """The twin itself: its terms over all tables add up to one."""
    for inside, top, total in itertools.product((3, 7), (2, 5), (10, 12)):
        lowest = max(0, top - (total - inside))
        assert plain_fisher(lowest, inside, top, total) == pytest.approx(1)
