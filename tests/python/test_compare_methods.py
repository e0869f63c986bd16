"""Methods side by side: consensus, AUC, agreement, tables of spots and regions, mistakes of the sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from conftest import call, refused
from traitmap import cauchy
from traitmap.compare_methods import CONSENSUS, LDSC, LEAST_P, SCDRS_METHOD, auc, consensus
from traitmap.formats import AGREEMENT, METHODS, REGIONS

SPOTS = 90
REGION_OF = np.repeat(["a", "b", "c"], SPOTS // 3)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """What the steps before leave for slice s1 and traits t1 (all methods) and t2 (AUCell alone)."""
    folder = tmp_path_factory.mktemp("methods")
    rng = np.random.default_rng(2)
    z = rng.standard_normal(SPOTS) + 2 * (REGION_OF == "b")
    p = stats.norm.sf(z)
    spots = pd.DataFrame({"spot": [f"s{i}" for i in range(SPOTS)], "z": z, "p": p, "region": REGION_OF})
    spots.loc[4, ["z", "p"]] = np.nan
    spots.to_parquet(folder / "spots.parquet")
    regions = pd.DataFrame(dict.fromkeys(REGIONS, 0.5), index=range(3)).astype(object)
    regions["region"], regions["flags"], regions["p_contrast"] = ["a", "b", "c"], "", [0.7, 1e-4, np.nan]
    regions["n_spots"], regions["n_top_spots"], regions["p_mean"] = 30, 1, [0.6, 2e-4, 0.04]
    regions.to_csv(folder / "regions.tsv", sep="\t", index=False)
    norm_score = z + rng.standard_normal(SPOTS)
    scdrs = pd.DataFrame({"spot": spots["spot"], "raw_score": 1.0, "norm_score": norm_score, "z": norm_score})
    scdrs["p"] = stats.norm.sf(norm_score)
    scdrs.assign(neg_log10_p=-np.log10(scdrs["p"]), mc_p=0.5).iloc[::-1].to_parquet(folder / "scdrs.parquet")
    own = pd.DataFrame({"region": ["b", "a", "c"], "n_spots": 30, "n_controls": 99, "assoc_z": [3.0, 0.1, -1.0]})
    own["assoc_p"] = [0.01, 0.4, 0.9]
    own.assign(hetero_z=0.0, hetero_p=0.5, n_fdr_05=0, n_fdr_20=0).to_csv(folder / "scdrs.tsv", sep="\t", index=False)
    spots[["spot"]].assign(aucell=np.exp(z)).to_parquet(folder / "signatures.parquet")
    names = ("regions.tsv", "spots.parquet", "scdrs.parquet", "scdrs.tsv", "signatures.parquet")
    files = [str(folder / name) for name in names]
    lines = ["slice trait regions spots scdrs scdrs_regions signatures".split(), ["s1", "t1", *files]]
    lines.append(["s1", "t2", *files[:2], "", "", files[4]])
    (folder / "sheet.tsv").write_text("".join("\t".join(line) + "\n" for line in lines))
    call("compare_methods.py", "--sheet", folder / "sheet.tsv", "--out", folder)
    return folder


def table_of(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "summary" / name, sep="\t", keep_default_na=False, na_values=[""])


def test_spots_hold_every_method_and_their_consensus(run_folder):
    spots = pd.read_parquet(run_folder / "associations" / "s1" / "t1" / "methods.parquet")
    assert spots["spot"].tolist() == [f"s{i}" for i in range(SPOTS)]
    scdrs = pd.read_parquet(run_folder / "scdrs.parquet").set_index("spot")
    for i in (0, 40, 89):
        row = spots.loc[i]
        assert row["scdrs_p"] == scdrs.loc[row["spot"], "p"]
        assert row["consensus_p"] == pytest.approx(cauchy.combine(row[["ldsc_p", "scdrs_p"]].to_numpy(float)))
    assert np.isnan(spots.loc[4, "consensus_p"])
    alone = pd.read_parquet(run_folder / "associations" / "s1" / "t2" / "methods.parquet")
    assert list(alone) == ["spot", "region", "ldsc_z", "ldsc_p", "aucell"]


def test_regions_hold_a_row_a_method(run_folder):
    table = table_of(run_folder, "methods.tsv")
    assert tuple(table) == METHODS
    assert len(table) == 3 * 4 + 3 * 2
    one = table[table["trait"] == "t1"].set_index(["method", "region"])
    assert one.loc[(LDSC, "b"), "p"] == 1e-4
    assert one.loc[(LDSC, "c"), "p"] == 0.04  # without a contrast, the mean's
    assert one.loc[(CONSENSUS, "b"), "p"] == pytest.approx(cauchy.combine(np.array([1e-4, 0.01])))
    assert one.loc[(SCDRS_METHOD, "b"), "flags"] == LEAST_P
    assert one.loc["aucell", ["z", "p", "q"]].isna().all(axis=None)
    assert (one["auc"].unstack()["b"] > 0.6).all()
    # q over the run, of each method apart: six tests of ldsc, three of scdrs.
    assert one.loc[(LDSC, "b"), "q"] == pytest.approx(1e-4 * 6 / 2)
    assert one.loc[(SCDRS_METHOD, "b"), "q"] == pytest.approx(0.03)


def test_agreement_of_each_pair(run_folder):
    table = table_of(run_folder, "method_agreement.tsv")
    assert tuple(table) == AGREEMENT
    row = table[(table["trait"] == "t1") & (table["method_a"] == LDSC) & (table["method_b"] == "aucell")].iloc[0]
    assert row["spearman"] == pytest.approx(1.0)
    assert row["top_overlap"] == 1.0
    assert row["n_spots"] == SPOTS - 1


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs(values):
    scores = np.array([float(value) for value, _ in values])
    inside = np.array([here for _, here in values])
    if inside.all() or not inside.any():
        assert np.isnan(auc(scores, inside))
        return
    above = scores[inside][:, None] - scores[~inside][None, :]
    assert auc(scores, inside) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean())


def test_a_missing_p_leaves_no_consensus():
    p = np.array([[0.1, 0.2], [np.nan, 0.2], [0.5, 0.5]])
    found = consensus(p)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(0.5)


def test_mistakes_of_the_sheet(run_folder, tmp_path):
    sheet = tmp_path / "sheet.tsv"
    sheet.write_text("slice\ttrait\tregions\n")
    assert "has no column 'spots'" in refused("compare_methods.py", "--sheet", sheet, "--out", tmp_path)
    header = "slice\ttrait\tregions\tspots\tscdrs\tscdrs_regions\tsignatures\n"
    files = [str(run_folder / name) for name in ("regions.tsv", "spots.parquet")]
    sheet.write_text(header + "\t".join(["s", "t", *files, files[1], "", ""]) + "\n")
    assert "has no column raw_score" in refused("compare_methods.py", "--sheet", sheet, "--out", tmp_path)
    assert not (tmp_path / "summary").exists()
