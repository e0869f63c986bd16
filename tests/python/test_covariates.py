"""Gene lists as covariates: read, refused where wrong, and the same as their LD scores given as a baseline."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import call, refused
from regression_study import GENES, make_reference, make_scores, make_trait, twin
from traitmap.covariates import beside, covariate_ld_scores, parse_covariates, read_gene_list
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.reference import write_reference
from traitmap.regression import prepare

NAMES = [f"GENE{g}" for g in range(GENES)]


def written(path, text: str):
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "genes"),
    [
        ("A\nB\n", {"A": 1, "B": 1}),
        ("gene\tweight\nA\t0.5\nB\n\n# C\nA\t3\n", {"A": 0.5, "B": 1}),
        ("Symbol,score\nA,2\nB,-1\n", {"A": 2, "B": -1}),
        ('"A",1\r\n"B",\r\n', {"A": 1, "B": 1}),
    ],
)
def test_lists_as_people_write_them(tmp_path, text, genes):
    found, repeated = read_gene_list(written(tmp_path / "list.txt", text))
    assert found.to_dict() == genes
    assert repeated == text.count("A\t3")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("# nothing\n", "holds no gene"),
        ("gene\n", "holds no gene"),
        ("A\t1\nB\thigh\n", "row 2: 'high' beside B is no number"),
        ("A\tinf\n", "row 1: 'inf' beside A is no number"),
        ("A\t1\n\t2\n", "row 2: the gene is empty"),
    ],
)
def test_wrong_lists_are_told(tmp_path, text, complaint):
    with pytest.raises(InputError, match=complaint):
        read_gene_list(written(tmp_path / "list.txt", text))


SYMBOLS = st.text("ABCXYZ0123456789-.", min_size=1, max_size=8)


@given(st.dictionaries(SYMBOLS, st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from("\t,"))
def test_any_list_comes_back(tmp_path_factory, genes, separator):
    path = tmp_path_factory.mktemp("list") / "list.txt"
    path.write_text("".join(f"{gene}{separator}{weight!r}\n" for gene, weight in genes.items()))
    assert read_gene_list(path)[0].to_dict() == genes


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        (["a"], "give NAME=FILE"),
        (["=x"], "give NAME=FILE"),
        (["a="], "give NAME=FILE"),
        (["a=x", "a=y"], "more than once"),
    ],
)
def test_options_without_a_name_or_a_file(given_, complaint):
    with pytest.raises(InputError, match=complaint):
        parse_covariates(given_)


def test_ld_scores_are_those_of_the_annotation(tmp_path):
    reference, ledger = make_reference(), Ledger("regress_spots", "t")
    path = written(tmp_path / "cells.txt", "GENE3\t2\nGENE9\nNOWHERE\n")
    found = covariate_ld_scores({"cells": path}, reference, ledger)
    dense = reference.weights.toarray().astype(np.float64)
    assert found["cells"].to_numpy() == pytest.approx(2 * dense[:, 3] + dense[:, 9], rel=1e-12)
    assert list(found.index) == list(reference.snps.index)
    counts = {count["what"] or count["kind"]: count["n"] for count in ledger.counts}
    assert counts["not in the reference"] == 1
    with pytest.raises(InputError, match="none of its 1 genes is in the reference"):
        covariate_ld_scores({"cells": written(tmp_path / "x.txt", "Gapdh\n")}, reference, ledger)
    assert covariate_ld_scores({}, reference, ledger) is None


def test_covariates_stand_beside_a_baseline():
    one = pd.DataFrame({"a": [1.0, 2.0]}, index=["rs1", "rs2"])
    other = pd.DataFrame({"b": [3.0, 4.0]}, index=["rs2", "rs3"])
    assert beside(one, other).to_dict("list") == {"a": [2.0], "b": [3.0]}
    assert beside(one, None) is one and beside(None, other) is other and beside(None, None) is None
    with pytest.raises(InputError, match="--covariate a: a column of --baseline is called so"):
        beside(one, other.set_axis(["a"], axis=1))


@pytest.mark.parametrize("weights", ["shared", "spot"])
def test_every_spot_is_conditional_on_the_list(tmp_path, weights):
    """The plain twin with the list's LD scores as one more baseline column gives the same spots."""
    reference = make_reference()
    trait = make_trait(reference)
    scores = make_scores(spots=4)
    path = written(tmp_path / "cells.txt", "".join(f"GENE{g}\n" for g in range(0, GENES, 4)))
    ledger = Ledger("regress_spots", "t")
    further = covariate_ld_scores({"cells": path}, reference, ledger)
    ready = prepare(reference, pd.Index(NAMES), trait, ledger, weights=weights, further=further, blocks=20)
    fits = ready.regression.fit(scores)
    plain = twin(reference, trait, scores.toarray(), NAMES, blocks=20, weights=weights, further=further.to_numpy())
    assert fits.full / ready.design.mean_n == pytest.approx(plain["full"].to_numpy(), rel=2e-4)
    assert "cells" in ledger.facts["baseline_columns"]


def test_a_signal_of_the_listed_genes_goes():
    """A trait of a cell type's genes: a spot that shares them is found without the list, and is null beside it."""
    snps, draws = 6000, 60
    reference = make_reference(5, snps=snps)
    rng = np.random.default_rng(6)
    listed = (rng.random(GENES) < 0.3).astype(np.float64)
    spot = np.where(rng.random(GENES) < 0.6, 2 * listed, 2.0 * (rng.random(GENES) < 0.3))
    dense = reference.weights.toarray().astype(np.float64)
    column = pd.DataFrame({"cells": dense[:, :-1] @ listed}, index=reference.snps.index)
    n = np.full(snps, 1e5)
    mean = 1 + 1e-7 * n * dense.sum(axis=1) + 1e-6 * n * column["cells"].to_numpy()
    gss = make_scores(spots=1).__class__(spot[None].astype(np.float32))
    z = {None: [], "cells": []}
    for _ in range(draws):
        trait = pd.DataFrame({"Z": rng.normal(size=snps) * np.sqrt(mean), "N": n}, index=reference.snps.index)
        for key, further in ((None, None), ("cells", column)):
            ready = prepare(
                reference, pd.Index(NAMES), trait, Ledger("r", "t"), weights="shared", further=further, blocks=100
            )
            fits = ready.regression.fit(gss)
            pseudo = 100 * fits.full - 99 * fits.delete
            z[key].append(float(pseudo.mean() / np.sqrt(pseudo.var(ddof=1) / 100)))
    assert np.mean(z[None]) > 2.5
    assert abs(np.mean(z["cells"])) < 3 / np.sqrt(draws)


def test_the_executable_takes_lists(tmp_path):
    reference = make_reference()
    write_reference(reference, tmp_path / "reference.h5ad")
    make_trait(reference).assign(A1="A", A2="G").to_csv(tmp_path / "trait.sumstats.gz", sep="\t")
    anndata.AnnData(make_scores(), var=pd.DataFrame(index=NAMES)).write_h5ad(tmp_path / "specificity.h5ad")
    path = written(tmp_path / "cells.txt", "".join(f"GENE{g}\n" for g in range(0, GENES, 4)))
    given_ = ["--specificity", tmp_path / "specificity.h5ad", "--reference", tmp_path / "reference.h5ad"]
    given_ += ["--sumstats", tmp_path / "trait.sumstats.gz", "--blocks", 20]
    call("regress_spots.py", *given_, "--out", tmp_path / "plain.parquet")
    call("regress_spots.py", *given_, "--out", tmp_path / "beside.parquet", "--covariate", f"cells={path}")
    scores = covariate_ld_scores({"cells": path}, reference, Ledger("r", "t")).rename_axis("SNP").reset_index()
    scores.to_parquet(tmp_path / "cells.parquet")
    call(
        *("regress_spots.py", *given_, "--out", tmp_path / "baseline.parquet"),
        *("--baseline", tmp_path / "cells.parquet"),
    )
    plain, covariate, baseline = (
        pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("plain", "beside", "baseline")
    )
    pd.testing.assert_frame_equal(covariate, baseline)
    assert not np.allclose(plain["z"], covariate["z"])
    assert "give NAME=FILE" in refused("regress_spots.py", *given_, "--out", tmp_path / "x", "--covariate", path)
