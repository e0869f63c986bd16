"""What the regression reads: summary statistics, further baselines, spots; and what it says of bad files."""

from __future__ import annotations

import gzip
import re

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from anndata.io import write_elem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from regression_study import make_scores
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.regression_inputs import SpotScores, read_baselines, read_trait

TEXT = "SNP\tA1\tA2\tZ\tN\nrs1\tA\tC\t1.5\t100\nrs2\t\t\t\t\nrs3\tA\tG\t-2\t90\nrs1\tA\tC\t9\t100\nrs4\tA\tG\t0.5\tNA\n"


def ledger() -> Ledger:
    return Ledger("regress_spots", "test")


def counted(account: Ledger, kind: str, of: str = "SNPs") -> dict[str, int]:
    return {count["what"]: count["n"] for count in account.counts if count["kind"] == kind and count["of"] == of}


def written_forms(folder) -> list:
    """The same summary statistics as LDSC's text (plain, gzip, at blanks) and as parquet; no name tells which."""
    table = pd.read_csv(pd.io.common.StringIO(TEXT), sep="\t")
    paths = [folder / f"{i}.sumstats.gz" for i in range(4)]
    paths[0].write_text(TEXT)
    paths[1].write_bytes(gzip.compress(TEXT.encode()))
    table.to_csv(paths[2], sep=" ", index=False, na_rep="NA")
    table.to_parquet(paths[3])
    return paths


def test_summary_statistics_of_every_form_are_the_same(tmp_path):
    for path in written_forms(tmp_path):
        account = ledger()
        table = read_trait(path, account)
        assert table.index.tolist() == ["rs1", "rs3"]
        assert table["Z"].tolist() == [1.5, -2.0] and table["N"].tolist() == [100.0, 90.0]
        assert counted(account, "in") == {"read": 5}
        gone = counted(account, "removed")
        assert gone["repeated, first kept"] == 1 and gone["Z missing"] == 1 and gone["N missing or not above 0"] == 1


NUMBER = st.sampled_from(["1.5", "-0.25", "NA", "", "nan", "inf", "0", "1e3"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["rs1", "rs2", "rs3", "rs4", "NA"]), NUMBER, NUMBER), max_size=12))
def test_no_row_vanishes_uncounted(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("trait") / "trait.txt"
    path.write_text("SNP\tZ\tN\n" + "".join("\t".join(row) + "\n" for row in rows))
    account = ledger()
    table = read_trait(path, account)
    assert len(table) == len(rows) - sum(counted(account, "removed").values())
    assert np.isfinite(table["Z"]).all() and (table["N"] > 0).all() and table.index.is_unique


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SNP\tZ\nrs1\t1\n", "has no column N"),
        ("SNP\tZ\tN\nrs1\t1\t10\nrs2\tbig\t10\n", "Z of SNP rs2 is 'big'"),
        ("SNP\tZ\tN\nrs1\t1\t10\t4\t5\n", "as many fields as its header"),
        ("PAR1 but no parquet", "cannot be read"),
    ],
)
def test_bad_summary_statistics_are_told(tmp_path, text, message):
    path = tmp_path / "trait.sumstats"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_trait(path, ledger())


def test_baseline_parts_are_joined_and_missing_snps_counted(tmp_path):
    for chromosome in (1, 2):
        text = "CHR SNP BP aL2 bL2\n" + "".join(f"{chromosome} rs{chromosome}{i} {i} {i}.5 {i}\n" for i in range(3))
        (tmp_path / f"part.{chromosome}.l2.ldscore.gz").write_bytes(gzip.compress(text.encode()))
    other = pd.DataFrame({"SNP": ["rs11", "rs20", "rs21", "rs99"], "c": [1.0, np.nan, 3.0, 4.0]})
    other.to_feather(tmp_path / "other.feather")
    account = ledger()
    table = read_baselines([tmp_path / "part.{chr}.l2.ldscore.gz", tmp_path / "other.feather"], account)
    assert table.columns.tolist() == ["aL2", "bL2", "c"]
    assert table.loc["rs11"].tolist() == [1.5, 1.0, 1.0] and table.loc["rs21"].tolist() == [1.5, 1.0, 3.0]
    assert len(table) == 2
    gone = counted(account, "removed", "baseline SNPs")
    assert gone["not in every table"] == 3 and gone["an LD score missing"] == 1
    assert read_baselines([], ledger()) is None


def test_bad_baselines_are_told(tmp_path):
    (tmp_path / "names.txt").write_text("SNP CHR BP\nrs1 1 1\n")
    (tmp_path / "a.txt").write_text("SNP x\nrs1 1\n")
    (tmp_path / "b.txt").write_text("SNP x y\nrs1 1 1\n")
    for paths, message in (
        (["names.txt"], "columns of LD scores"),
        (["a.txt", "b.txt"], "column x occurs"),
        (["none.{chr}.txt"], "no such file for any"),
        (["none.txt"], "no such file"),
    ):
        with pytest.raises(InputError, match=message):
            read_baselines([tmp_path / path for path in paths], ledger())


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, lambda scores: scores.toarray()])
def test_spots_are_read_in_batches_whatever_the_matrix(tmp_path, form):
    scores = make_scores()
    data = anndata.AnnData(form(scores))
    data.obs["region"] = pd.Categorical(["A"] * 30 + [None] * 7)
    data.write_h5ad(tmp_path / "specificity.h5ad")
    spots = SpotScores(tmp_path / "specificity.h5ad")
    parts = list(spots.batches(10))
    assert [start for start, _ in parts] == [0, 10, 20, 30]
    assert (sparse.vstack([rows for _, rows in parts]) != scores).nnz == 0
    assert spots.region[0] == "A" and spots.region[36] is None


def test_bad_spots_are_told(tmp_path):
    path = tmp_path / "specificity.h5ad"
    scores = make_scores().toarray()
    scores[3, 4] = np.nan
    anndata.AnnData(sparse.csr_matrix(scores)).write_h5ad(path)
    with pytest.raises(InputError, match="spot 3, gene 4 is nan"):
        list(SpotScores(path).batches(2))
    with pytest.warns(UserWarning, match="not unique"):
        anndata.AnnData(np.ones((2, 2), dtype=np.float32), var=pd.DataFrame(index=["A", "A"])).write_h5ad(path)
    with pytest.raises(InputError, match="gene A occurs more than once"), pytest.warns(UserWarning, match="not unique"):
        SpotScores(path)
    anndata.AnnData(layers={"counts": np.ones((2, 2), dtype=np.float32)}).write_h5ad(path)
    with pytest.raises(InputError, match="nothing in X"):
        SpotScores(path)
    path.write_text("no h5ad")
    with pytest.raises(InputError, match="cannot be read"):
        SpotScores(path)


@pytest.mark.parametrize("matrix", [np.zeros(0), np.zeros((5, 2))])
def test_scores_of_another_shape_than_spots_and_genes_are_refused(tmp_path, matrix):
    path = tmp_path / "specificity.h5ad"
    anndata.AnnData(np.ones((5, 3), np.float32)).write_h5ad(path)
    with h5py.File(path, "a") as file:
        del file["X"]
        write_elem(file, "X", matrix)
    shape = re.escape(str(matrix.shape))
    with pytest.raises(InputError, match=f"specificity.h5ad: .*{shape}.*5 spots and 3 genes; score the slice again"):
        SpotScores(path)
