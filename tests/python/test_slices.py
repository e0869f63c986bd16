"""Reading slices: layers, coordinates, labels, symbols, homologs, and every way in which a file can be wrong."""

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from conftest import REAL, needs_real
from traitmap import slices
from traitmap.errors import InputError
from traitmap.h5ad import read_h5ad, write_h5ad
from traitmap.ledger import Ledger
from traitmap.slices import read_homologs, read_slice

COUNTS = np.array([[3, 0, 1], [0, 0, 2], [5, 1, 0], [1, 0, 0]])
GENES = ["APOE", "SNAP25", "MBP"]


def slice_of(counts=COUNTS, genes=GENES, **parts):
    """An AnnData slice; ``parts`` replace or add obs, obsm, layers."""
    rows = counts.shape[0]
    parts.setdefault("obs", pd.DataFrame(index=[f"s{row}" for row in range(rows)]))
    parts.setdefault("obsm", {"spatial": np.arange(rows * 2.0).reshape(rows, 2)})
    return anndata.AnnData(X=counts, var=pd.DataFrame(index=list(genes)), **parts)


def labelled(labels):
    obs = pd.DataFrame({"area": labels})
    obs.index = obs.index.map("s{}".format)
    return slice_of(obs=obs)


@pytest.fixture
def ledger():
    return Ledger("test", "slice")


@pytest.fixture
def read(tmp_path, ledger):
    """Write an AnnData and read it as a slice."""

    def go(data, **options):
        data.write_h5ad(tmp_path / "slice.h5ad")
        return read_slice(tmp_path / "slice.h5ad", ledger, **options)

    return go


@pytest.fixture
def refuse(read):
    """The problems that a slice is refused for, a line each."""

    def go(data, **options):
        with pytest.raises(InputError) as caught:
            read(data, **options)
        return caught.value.problems

    return go


def counted(ledger, of, what):
    return [row["n"] for row in ledger.counts if row["of"] == of and what in row["what"]]


# --- counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint16, np.float32, np.float64])
def test_any_storage_of_counts_reads_the_same(read, kind, dtype):
    data = read(slice_of(kind(COUNTS.astype(dtype))))
    assert isinstance(data.X, sparse.csr_matrix) or sparse.issparse(data.X)
    assert data.X.format == "csr"
    assert data.X.dtype == np.float32
    np.testing.assert_array_equal(data.X.toarray(), COUNTS)
    assert data.obs_names.tolist() == ["s0", "s1", "s2", "s3"]
    assert data.var_names.tolist() == GENES


def test_stored_zeros_are_no_counts(read, ledger):
    stored = sparse.csr_matrix(COUNTS.astype(np.float32))
    stored.data[:2] = 0  # both counts of spot 0
    data = read(slice_of(stored))
    assert data.X.nnz == np.count_nonzero(COUNTS) - 2
    assert counted(ledger, "spots", "without any count") == [1]


def test_counts_stored_in_two_parts_are_one(read):
    parts = sparse.csr_matrix((np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
    data = read(slice_of(parts, ["APOE", "MBP"]))
    np.testing.assert_array_equal(data.X.toarray(), [[0, 3], [4, 0]])
    assert data.X.nnz == 2


def test_the_counts_layer_is_preferred_and_any_can_be_named(read):
    data = slice_of(np.log1p(COUNTS), layers={"counts": COUNTS, "half": COUNTS * 2})
    np.testing.assert_array_equal(read(data).X.toarray(), COUNTS)
    np.testing.assert_array_equal(read(data, layer="half").X.toarray(), COUNTS * 2)


def test_x_can_be_named_beside_a_counts_layer(read):
    data = slice_of(COUNTS * 3, layers={"counts": COUNTS})
    np.testing.assert_array_equal(read(data, layer="X").X.toarray(), COUNTS * 3)


def test_an_unknown_layer_is_named_with_those_there_are(refuse):
    (problem,) = refuse(slice_of(layers={"raw": COUNTS}), layer="counts")
    assert "no layer 'counts'" in problem
    assert "raw" in problem


def test_a_file_without_x_asks_for_a_layer(refuse):
    data = anndata.AnnData(
        obs=pd.DataFrame(index=["s0"]),
        var=pd.DataFrame(index=["APOE"]),
        layers={"raw": np.ones((1, 1))},
        obsm={"spatial": np.zeros((1, 2))},
    )
    (problem,) = refuse(data)
    assert "X is empty" in problem


@pytest.mark.parametrize(
    ("value", "word"), [(-1, "negative"), (0.5, "non-integer"), (np.nan, "missing"), (np.inf, "infinite")]
)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csc_matrix])
@pytest.mark.parametrize("at_once", [1, 5, slices.CHECKED_AT_ONCE])
def test_what_is_no_count_is_refused_and_placed(refuse, monkeypatch, value, word, kind, at_once):
    monkeypatch.setattr(slices, "CHECKED_AT_ONCE", at_once)
    counts = COUNTS.astype(float)
    counts[2, 1] = value
    (problem,) = refuse(slice_of(kind(counts)))
    assert word in problem
    assert "'s2'" in problem
    assert "'SNAP25'" in problem


@given(row=st.integers(0, 3), column=st.integers(0, 2))
def test_the_first_bad_value_is_found_among_empty_rows(tmp_path_factory, row, column):
    counts = np.zeros((4, 3))
    counts[row, column] = -2
    path = tmp_path_factory.mktemp("slice") / "slice.h5ad"
    slice_of(sparse.csr_matrix(counts)).write_h5ad(path)
    with pytest.raises(InputError, match=f"'s{row}', gene '{GENES[column]}', value -2"):
        read_slice(path, Ledger("test", "slice"))


def test_a_slice_without_any_count_is_refused(refuse):
    (problem,) = refuse(slice_of(np.zeros((4, 3))))
    assert "no count at all" in problem


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0)])
def test_a_slice_without_spots_or_genes_is_refused(refuse, shape):
    (problem,) = refuse(slice_of(np.zeros(shape), GENES[: shape[1]]))
    assert f"holds {shape[0]} spots and {shape[1]} genes" in problem


# --- coordinates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_two_or_three_coordinates_of_any_number_type(read, columns, dtype):
    places = np.arange(4 * columns).reshape(4, columns).astype(dtype)
    data = read(slice_of(obsm={"spatial": places}))
    np.testing.assert_array_equal(data.obsm["spatial"], places)
    assert data.obsm["spatial"].dtype == np.float64


def test_coordinates_in_a_table_and_under_another_key(read):
    spots = [f"s{row}" for row in range(4)]
    table = pd.DataFrame({"x": [0.0, 1, 2, 3], "y": [0.0, 0, 1, 1]}, index=spots)
    data = read(slice_of(obsm={"X_spatial": table}), spatial_key="X_spatial")
    np.testing.assert_array_equal(data.obsm["spatial"], table.to_numpy())


def test_missing_coordinates_name_the_keys_there_are(refuse):
    (problem,) = refuse(slice_of(obsm={"X_umap": np.zeros((4, 2))}))
    assert "obsm['spatial']" in problem
    assert "X_umap" in problem


@pytest.mark.parametrize("columns", [1, 4])
def test_another_number_of_coordinates_is_refused(refuse, columns):
    (problem,) = refuse(slice_of(obsm={"spatial": np.zeros((4, columns))}))
    assert f"(4, {columns})" in problem


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_spots_without_a_place_are_counted_and_named(refuse, value):
    places = np.zeros((4, 2))
    places[1:3, 0] = value
    (problem,) = refuse(slice_of(obsm={"spatial": places}))
    assert "2 spots lack coordinates" in problem
    assert "'s1'" in problem


def test_coordinates_that_are_no_numbers_are_refused(refuse):
    spots = [f"s{row}" for row in range(4)]
    table = pd.DataFrame({"x": ["left"] * 4, "y": ["top"] * 4}, index=spots)
    (problem,) = refuse(slice_of(obsm={"spatial": table}))
    assert "no numbers" in problem


def test_a_spot_name_that_occurs_twice_is_refused(refuse):
    (problem,) = refuse(slice_of(obs=pd.DataFrame(index=["a", "b", "a", "c"])))
    assert "'a' occurs more than once" in problem


def test_all_mistakes_come_at_once(refuse):
    problems = refuse(
        slice_of(-COUNTS, obs=pd.DataFrame(index=["a", "a", "b", "c"]), obsm={"here": np.zeros((4, 2))}),
        annotation="area",
    )
    assert len(problems) == 4


# --- labels -------------------------------------------------------------------------------------------------------


def test_without_annotation_there_is_no_region(read):
    assert "region" not in read(labelled(["a", "b", "a", "b"])).obs


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["b", "a", None, "a"], ["b", "a", None, "a"]),
        ([" a", "a ", "b", "\tb"], ["a", "a", "b", "b"]),
        (["nan", "NA", "", "a"], [None, None, None, "a"]),
        (pd.Categorical(["a", "b", None, "a"], categories=["z", "b", "a"]), ["a", "b", None, "a"]),
        (pd.Categorical([2, 1, 2, 1]), ["2", "1", "2", "1"]),
        ([1, 2, 1, 2], ["1", "2", "1", "2"]),
        ([True, False, True, True], ["True", "False", "True", "True"]),
    ],
)
def test_labels_of_every_kind(read, ledger, labels, expected):
    region = read(labelled(labels), annotation="area").obs["region"]
    assert [None if pd.isna(label) else label for label in region] == expected
    assert region.cat.categories.tolist() == sorted({label for label in expected if label})
    assert counted(ledger, "spots", "without a region label") == [expected.count(None)]


def test_small_regions_are_kept_and_flagged(read, ledger):
    data = read(labelled(["a", "a", "b", None]), annotation="area")
    assert data.n_obs == 4
    assert counted(ledger, "regions", "fewer than 30 spots") == [2]
    assert any("a, b" in warning for warning in ledger.warnings)


def test_a_column_without_any_label_is_refused(refuse):
    (problem,) = refuse(labelled([None, "nan", "", " "]), annotation="area")
    assert "no spot has a label" in problem


def test_an_unknown_annotation_names_the_columns_there_are(refuse):
    (problem,) = refuse(labelled(["a"] * 4), annotation="layer")
    assert "no obs column 'layer'" in problem
    assert "area" in problem


# --- symbols ------------------------------------------------------------------------------------------------------


def test_of_genes_with_one_symbol_the_one_with_most_counts_is_kept(read, ledger):
    data = read(slice_of(genes=["MBP", "APOE", "MBP"]))
    assert data.var_names.tolist() == ["MBP", "APOE"]
    np.testing.assert_array_equal(data.X.toarray(), COUNTS[:, :2])
    assert counted(ledger, "genes", "same symbol") == [1]


@pytest.fixture
def homologs(tmp_path):
    path = tmp_path / "homologs.txt"
    path.write_text("MOUSE\tHUMAN\nApoe\tAPOE\nApoe\tAPOC1\nMbp\tMBP\nMbp2\tMBP\n\n")
    return path


def test_homologs_many_to_many(read, ledger, homologs):
    data = slice_of(np.array([[3, 0, 1, 9], [0, 1, 2, 9]]), ["Mbp", "Apoe", "Mbp2", "Gm1"])
    data = read(data, species="mouse", homologs=homologs)
    assert data.var_names.tolist() == ["MBP", "APOE"]  # Mbp and Mbp2 tie at 3 counts: the first stays
    assert data.var["source_symbol"].tolist() == ["Mbp", "Apoe"]
    np.testing.assert_array_equal(data.X.toarray(), [[3, 0], [0, 1]])
    assert counted(ledger, "genes", "without a human homolog") == [1]
    assert counted(ledger, "genes", "same symbol") == [1]
    assert counted(ledger, "homologs", "further pairs") == [1]


def test_another_species_needs_homologs(refuse):
    (problem,) = refuse(slice_of(), species="mouse")
    assert "--homologs" in problem


def test_human_genes_need_no_homologs(read):
    assert read(slice_of(), species="Human").var_names.tolist() == GENES


def test_homologs_of_another_species_are_noticed(refuse, homologs):
    (problem,) = refuse(slice_of(), species="mouse", homologs=homologs)
    assert "human ones, but its species is mouse" in problem


@pytest.mark.parametrize(
    ("text", "word"), [("MOUSE\tHUMAN\nApoe\n", "row 2"), ("MOUSE\tHUMAN\n", "no pair"), ("a\tb\nApoe\t\n", "row 2")]
)
def test_bad_homologs_are_refused(tmp_path, ledger, text, word):
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(InputError, match=word):
        read_homologs(tmp_path / "pairs.txt", ledger)


def test_homologs_may_be_separated_by_blanks(tmp_path, ledger):
    (tmp_path / "pairs.txt").write_text("MOUSE HUMAN\nApoe  APOE\n")
    assert read_homologs(tmp_path / "pairs.txt", ledger) == {"Apoe": "APOE"}


# --- files --------------------------------------------------------------------------------------------------------


def test_a_damaged_file_is_told_apart_from_a_missing_one(tmp_path):
    path = tmp_path / "slice.h5ad"
    with pytest.raises(InputError, match="no such file"):
        read_h5ad(path, "slice")
    slice_of().write_h5ad(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"cannot be read as \.h5ad"):
        read_h5ad(path, "slice")
    path.write_text("spot,x,y\n")
    with pytest.raises(InputError, match="whole AnnData file"):
        read_h5ad(path, "slice")


def test_of_a_file_one_matrix_is_read_and_everything_but_matrices(tmp_path):
    data = slice_of(layers={"counts": sparse.csr_matrix(COUNTS), "logged": np.log1p(COUNTS)})
    data.obs["area"] = pd.Categorical(["a", "b", "a", "a"])
    data.uns["note"] = {"made": "here"}
    data.obsp["near"] = sparse.eye(4, format="csr")
    data.raw = data
    data.write_h5ad(tmp_path / "slice.h5ad")
    whole = read_h5ad(tmp_path / "slice.h5ad", "slice")
    layer, only_x = (read_h5ad(tmp_path / "slice.h5ad", "slice", lambda _, name=name: name) for name in ("counts", "X"))
    assert layer.X is None
    assert set(layer.layers) == {"counts"}
    np.testing.assert_array_equal(layer.layers["counts"].toarray(), COUNTS)
    np.testing.assert_array_equal(only_x.X, whole.X)
    assert not only_x.layers
    for found in (layer, only_x):
        assert found.raw is None
        pd.testing.assert_frame_equal(found.obs, whole.obs)
        pd.testing.assert_frame_equal(found.var, whole.var)
        np.testing.assert_array_equal(found.obsm["spatial"], whole.obsm["spatial"])
        np.testing.assert_array_equal(found.obsp["near"].toarray(), np.eye(4))
        assert found.uns == whole.uns


def test_where_the_matrix_is_not_there_all_is_read(tmp_path):
    slice_of(layers={"counts": COUNTS}).write_h5ad(tmp_path / "slice.h5ad")
    found = read_h5ad(tmp_path / "slice.h5ad", "slice", lambda layers: f"not {sorted(layers)}")
    assert found.X is not None
    assert set(found.layers) == {"counts"}


def test_written_and_read_is_the_same_and_nothing_stays_beside(tmp_path):
    write_h5ad(slice_of(sparse.csr_matrix(COUNTS)), tmp_path / "out.h5ad")
    np.testing.assert_array_equal(read_h5ad(tmp_path / "out.h5ad", "slice").X.toarray(), COUNTS)
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5ad"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.h5ad"
    write_h5ad(slice_of(), path)
    before = path.read_bytes()
    bad = slice_of()
    bad.uns["thing"] = object()
    with pytest.raises(Exception, match="object"):
        write_h5ad(bad, path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["out.h5ad"]


@needs_real
def test_a_real_mouse_slice(ledger):
    data = read_slice(
        REAL / "slices" / "mouse_olfactory_bulb.h5ad",
        ledger,
        annotation="annotation",
        species="mouse",
        homologs=REAL / "genes" / "mouse_human_homologs.txt",
    )
    assert data.n_obs == 262
    read, removed = 15_928, sum(row["n"] for row in ledger.counts if row["of"] == "genes" and row["kind"] == "removed")
    assert data.n_vars == read - removed
    assert data.var_names.is_unique
    assert data.obs["region"].isna().sum() == 2
    assert len(data.obs["region"].cat.categories) == 5
