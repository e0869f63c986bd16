"""The calibration's own logic: shares, errors, power, and the page that they fill."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "benchmarks"))

from calibrate_maps import maps_page_table, maps_summary
from calibrate_page import between_markers
from calibrate_runs import describe_regions, describe_spots
from calibrate_settings import BASE, CONFIGURATIONS
from calibrate_study import STUDY, plan
from calibrate_summary import null_regions, power, share_and_se
from calibrate_tables import markdown

from traitmap.errors import InputError

REGIONS = ("a", "b", "c", "d")


def raw_regions(kind: str, p: np.ndarray, causal: str = "") -> pd.DataFrame:
    """Raw results of traits x regions P, the same by every test."""
    rows = [
        {
            "configuration": "base",
            "weights": "spot",
            "trait": f"{kind}_{t}",
            "kind": kind,
            "enrichment": 4.0,
            "region": region,
            "causal": region == causal,
            **dict.fromkeys(("cauchy", "cauchy_gsmap", "mean", "contrast"), value),
        }
        for t, values in enumerate(p)
        for region, value in zip(REGIONS, values, strict=True)
    ]
    return pd.DataFrame(rows)


def test_standard_error_takes_traits_as_units() -> None:
    traits = pd.Series(np.repeat(np.arange(20), 6))
    alike = pd.Series(np.repeat(np.arange(20) < 5, 6))  # all regions of a trait agree: 20 observations, not 120
    share, se = share_and_se(alike, traits)
    assert share == 0.25
    assert se == pytest.approx(np.sqrt(0.25 * 0.75 / 19))


def test_null_regions() -> None:
    p = np.tile([0.01, 0.3, 0.6, 0.9], (10, 1))
    p[0] = [0.04, 0.3, 0.6, 0.9]  # below 0.05, not below 0.05 / 4
    (row,) = null_regions(raw_regions("uniform", p)).query("test == 'mean' and kind == 'uniform'").to_dict("records")
    assert row["traits"] == 10
    assert row["share_05"] == 0.25
    assert row["family_wise"] == pytest.approx(0.9)
    assert row["share_001"] == 0


def test_uniform_p_are_called_uniform_and_skewed_ones_not() -> None:
    p = np.random.default_rng(1).random((150, 4))
    uniform = null_regions(raw_regions("uniform", p)).query("test == 'cauchy'").iloc[0]
    skewed = null_regions(raw_regions("uniform", p**3)).query("test == 'cauchy'").iloc[0]
    assert uniform["ks_p"] > 0.01 > skewed["ks_p"]
    assert uniform["ks"] < 0.1 < skewed["ks"]


def test_power_at_equal_error_forgives_no_inflated_null() -> None:
    null = np.full((40, 4), 0.5)
    null[:4, 1] = 1e-6  # one null trait in ten is as significant as the causal ones
    causal = np.tile([0.5, 1e-4, 0.5, 0.001], (8, 1))
    raw = pd.concat([raw_regions("random_genes", null), raw_regions("causal", causal, "b")])
    row = power(raw).query("test == 'contrast'").iloc[0]
    assert (row["power"], row["first"]) == (1, 1)
    assert row["fair_power"] == 0
    assert row["elsewhere"] == pytest.approx(1 / 3)
    raw.loc[raw["kind"] == "random_genes", "contrast"] = 0.5
    assert power(raw).query("test == 'contrast'").iloc[0]["fair_power"] == 1


def test_spots_and_regions_are_described() -> None:
    z = np.array([0.0, 2.0, 4.0, np.nan])
    spots = pd.DataFrame({"z": z, "p": [0.5, 0.02, 0.0005, np.nan], "neg_log10_p": [0.3, 1.7, 3.3, np.nan]})
    spots["region"] = pd.array(["a", "b", "b", "b"], dtype="string")
    found = describe_spots(spots, "b")
    assert found["n_singular"] == 1
    assert (found["share_05"], found["share_001"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (found["mean_z_inside"], found["share_high_inside"], found["mean_z_outside"]) == (3, 0.5, 0)
    tests = pd.DataFrame(
        {"region": [*"aabb"], "test": ["mean", "contrast"] * 2, "z": range(4), "p": [0.4, 0.3, 0.2, 0.1]}
    )
    a, b = describe_regions(spots, tests, "b")
    assert (a["causal"], a["cauchy"], b["mean"], b["z_contrast"]) == (False, pytest.approx(0.5), 0.2, 3)
    assert b["cauchy"] == pytest.approx(0.001, rel=0.05)  # of two P, 0.02 and 0.0005: about the harmonic mean


def test_plan_names_every_trait_once_and_mixes_kinds() -> None:
    study = replace(STUDY, genes=113, spots=60, causal_traits=4, null_traits=8)
    traits = plan(study)
    assert len({trait.name for trait in traits}) == len(traits) == 4 * 4 + 3 * 8
    half = [trait.kind for trait in traits[:20]]
    assert {kind: half.count(kind) for kind in half} == {"causal": 8, "uniform": 4, "genes": 4, "random_genes": 4}
    assert plan(study) == traits


def test_page_is_filled_between_its_markers() -> None:
    table = markdown(pd.DataFrame({"a": [1], "b": ["x"]}))
    text = "before\n<!-- t -->\nold\n<!-- /t -->\nafter\n"
    filled = between_markers(text, "t", table)
    assert filled == "before\n<!-- t -->\n| a | b |\n| --- | --- |\n| 1 | x |\n<!-- /t -->\nafter\n"
    assert between_markers(filled, "t", table) == filled
    with pytest.raises(InputError, match="no pair of markers"):
        between_markers(text, "u", table)


def test_every_table_of_the_page_has_its_markers() -> None:
    page = (ROOT / "docs" / "calibration.md").read_text()
    for name in ("study", "null spots", "null regions", "power", "weights", "compared", "settings", "labels"):
        assert f"<!-- {name} -->" in page and f"<!-- /{name} -->" in page


def test_maps_of_two_traits_are_summarised_by_kind(tmp_path) -> None:
    kinds = ["uniform"] * 4 + ["genes"] * 3 + ["random_genes"] * 3
    r = [0.1, -0.1, 0.3, -0.3, 0.2, 0.0, -0.2, 0.0, 0.0, 0.6]
    p = [0.5, 0.5, 0.04, 0.06, 0.2, 1.0, 0.2, 1.0, 1.0, 0.001]
    table = pd.DataFrame({"kind": kinds, "r": r, "p": p, "effective_spots": 25.0})
    (tmp_path / "results").mkdir()
    table.to_parquet(tmp_path / "results" / "maps.parquet")
    found = maps_summary(tmp_path).set_index("GWAS")
    assert found["pairs"].tolist() == [4, 3, 3]
    assert found["share"].tolist() == [0.25, 0.0, pytest.approx(1 / 3)]
    assert found.loc["near all genes", "sd"] == pytest.approx(0.2)
    assert found["foretold"].tolist() == [0.2, 0.2, 0.2]
    assert "| near all genes | 3 | 25.0 | 0.200 | 0.200 | 0.000 |" in maps_page_table(found.reset_index())


def test_settings_vary_the_defaults_of_the_pipeline() -> None:
    from traitmap.embedding_model import Settings as Embedding
    from traitmap.specificity import Settings

    base = CONFIGURATIONS[BASE]
    assert base.specificity == replace(Settings(), use_labels=False)
    assert base.model == Embedding().model
