"""Regions of a whole run: q, groups, the joint jackknife, the sheet."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from conftest import call
from traitmap.cauchy import combine
from traitmap.errors import InputError
from traitmap.files import write_tsv
from traitmap.formats import REGIONS, SUMMARY
from traitmap.jackknife import jackknife
from traitmap.regions import benjamini_hochberg, combine_regions, read_regions_table, region_p_values
from traitmap.summary import average_tests, read_sheet, summarize_regions, write_summary

BLOCKS = 20


def make_tests(seed, regions=("cortex", "fiber"), blocks=BLOCKS, n_spots=40):
    """Region tests whose delete values, estimate, beta and SE belong together."""
    rng = np.random.default_rng(seed)
    rows = []
    for region in regions:
        for test in ("mean", "contrast"):
            full, deleted = rng.normal(3, 1), rng.normal(3, 0.1, blocks)
            beta, se = jackknife(full, deleted)
            rows.append((region, test, n_spots, beta, se, beta / se, norm.sf(beta / se), full, deleted))
    columns = ["region", "test", "n_spots", "beta", "se", "z", "p", "estimate", "delete_values"]
    return pd.DataFrame(rows, columns=columns)


class Run:
    """Files of a run as the steps before leave them, and its sheet."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []

    def add(self, slice_name, group, trait, seed, regions=("cortex", "fiber"), labelled=True, tests=None):
        here = self.folder / slice_name / trait
        here.mkdir(parents=True)
        rng = np.random.default_rng(seed)
        p = rng.uniform(size=60)
        region = np.array([*np.resize(np.array(regions, dtype=object), 59), None], dtype=object)
        spots = pd.DataFrame({"spot": [f"s{at}" for at in range(60)], "p": p, "neg_log10_p": -np.log10(p)})
        spots["region"] = region if labelled else None
        spots.to_parquet(here / "spots.parquet")
        tests_path = ""
        if tests is not None:
            tests_path = here / "region_tests.parquet"
            tests.to_parquet(tests_path)
        frame = spots.assign(region=region if labelled else "all spots")
        table = combine_regions(frame, tests=tests)
        write_tsv(table, here / "regions.tsv")
        self.rows.append((slice_name, group, trait, here / "regions.tsv", here / "spots.parquet", tests_path))
        return frame

    def sheet(self):
        path = self.folder / "sheet.tsv"
        header = ("slice", "group", "trait", "regions", "spots", "region_tests")
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in (header, *self.rows)))
        return path

    def summary(self, **options):
        return summarize_regions(read_sheet(self.sheet()), **options)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def pick(table, **wanted):
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table


def test_one_slice_has_its_own_rows_alone(run):
    run.add("a", "", "t", 1)
    table = run.summary()
    assert list(table.columns) == list(SUMMARY)
    assert set(table["scope"]) == {"slice"} and len(table) == 2


def test_q_is_over_all_slices_and_traits(run):
    for number, (slice_name, trait) in enumerate([("a", "t"), ("a", "u"), ("b", "t"), ("b", "u")]):
        run.add(slice_name, "", trait, number)
    table = run.summary()
    for scope, rows in (("slice", 8), ("all", 4)):
        part = pick(table, scope=scope)
        assert len(part) == rows
        assert part["q"].to_numpy() == pytest.approx(benjamini_hochberg(part["p_cauchy"].to_numpy()))


def test_groups_pool_the_spots_of_equal_labels(run):
    frames = {
        name: run.add(name, group, "t", seed) for seed, (name, group) in enumerate([("a", "g"), ("b", "g"), ("c", "")])
    }
    table = run.summary()
    assert [*dict.fromkeys(zip(table["scope"], table["slice"], strict=True))] == [
        ("slice", "a"),
        ("slice", "b"),
        ("slice", "c"),
        ("group", "g"),
        ("all", "all"),
    ]
    for scope, members in (("group", "ab"), ("all", "abc")):
        for region in ("cortex", "fiber"):
            pooled = np.concatenate([frames[name]["p"][frames[name]["region"] == region] for name in members])
            row = pick(table, scope=scope, region=region).iloc[0]
            assert row["p_cauchy"] == pytest.approx(combine(pooled), rel=1e-12)
            assert row["n_spots"] == len(pooled)
            assert row["flags"] == ""
        everything = np.concatenate([frames[name]["p"] for name in members])
        worst = np.sort(everything)[int(np.ceil(0.05 * len(everything))) - 1]
        labelled = np.concatenate([frames[name]["p"][frames[name]["region"].notna()] for name in members])
        assert pick(table, scope=scope)["n_top_spots"].sum() == (labelled <= worst).sum()


def test_a_region_that_some_slices_lack_is_flagged(run):
    run.add("a", "g", "t", 1)
    run.add("b", "g", "t", 2, regions=("cortex",))
    row = pick(run.summary(), scope="group", region="fiber").iloc[0]
    assert row["flags"] == "few spots; in 1 of 2 slices"


def test_label_free_slices_are_one_region(run):
    frames = [run.add(name, "g", "t", seed, labelled=False) for seed, name in enumerate("ab")]
    table = pick(run.summary(), scope="all")
    assert list(table["region"]) == ["all spots"]
    assert table["p_cauchy"].iloc[0] == pytest.approx(combine(np.concatenate([frame["p"] for frame in frames])))


def test_a_trait_of_one_slice_only_has_no_group_rows(run):
    run.add("a", "g", "t", 1)
    run.add("b", "g", "t", 2)
    run.add("a", "g", "alone", 3)
    table = run.summary()
    assert set(pick(table, scope="group")["trait"]) == {"t"}
    assert set(pick(table, scope="slice")["trait"]) == {"t", "alone"}


def test_the_order_of_the_sheet_does_not_matter(run):
    for number, (slice_name, trait) in enumerate([("b", "t"), ("a", "u"), ("a", "t"), ("b", "u")]):
        run.add(slice_name, "g", trait, number, tests=make_tests(number))
    first = run.summary()
    run.rows.reverse()
    pd.testing.assert_frame_equal(first, run.summary(), check_exact=True)


@pytest.mark.parametrize("region_p", ["mean", "contrast"])
def test_q_of_the_region_tests(run, region_p):
    for number, name in enumerate("ab"):
        run.add(name, "", "t", number, tests=make_tests(number))
    part = pick(run.summary(region_p=region_p), scope="slice")
    assert part["q"].to_numpy() == pytest.approx(benjamini_hochberg(part[f"p_{region_p}"].to_numpy()), rel=1e-6)


def test_q_of_tests_that_nobody_made_is_refused(run):
    run.add("a", "", "t", 1)
    with pytest.raises(InputError, match="region-p mean"):
        run.summary(region_p="mean")


def test_the_outlier_rule_reaches_the_groups(run):
    for number, name in enumerate("ab"):
        run.add(name, "g", "t", number, regions=("cortex",))
    spots = pd.read_parquet(run.rows[0][4])
    spots.loc[0, ["p", "neg_log10_p"]] = 1e-50, 50.0
    spots.to_parquet(run.rows[0][4])
    kept = pick(run.summary(), scope="group").iloc[0]
    left_out = pick(run.summary(outliers="gsmap"), scope="group").iloc[0]
    assert kept["p_cauchy"] == pytest.approx(118e-50, rel=1e-6)
    assert left_out["p_cauchy"] > 1e-10 and "outliers left out" in left_out["flags"]


# The joint jackknife


def test_one_slice_averaged_is_itself():
    tests = make_tests(1)
    averaged, remarks = average_tests({"a": tests})
    merged = tests.merge(averaged, on=["region", "test"], suffixes=("", "_averaged"))
    for column in ("beta", "se", "z", "p"):
        assert merged[f"{column}_averaged"].to_numpy() == pytest.approx(merged[column].to_numpy(), rel=1e-9)
    assert len(merged) == len(tests) and remarks == {}


def test_the_average_is_the_jackknife_of_the_averages():
    first, second = make_tests(1, n_spots=30), make_tests(2, n_spots=90)
    averaged, _ = average_tests({"a": first, "b": second})
    for row in averaged.itertuples():
        a, b = (of[(of["region"] == row.region) & (of["test"] == row.test)].iloc[0] for of in (first, second))
        deleted = 0.25 * a["delete_values"] + 0.75 * b["delete_values"]
        # Pseudo-values by hand: B x full - (B - 1) x delete-one, their mean, and the SE of that mean.
        pseudo = BLOCKS * (0.25 * a["estimate"] + 0.75 * b["estimate"]) - (BLOCKS - 1) * deleted
        assert row.beta == pytest.approx(pseudo.mean())
        assert row.se == pytest.approx(pseudo.std(ddof=1) / np.sqrt(BLOCKS))
        assert row.z == pytest.approx(row.beta / row.se)
        assert row.p == pytest.approx(norm.sf(row.z))
        assert row.n_spots == 120


def test_slices_that_say_the_same_do_not_say_it_twice():
    """Identical slices share all their noise: the SE must stay, where inverse variance would divide it by sqrt(2)."""
    tests = make_tests(1)
    averaged, _ = average_tests({"a": tests, "b": tests})
    assert np.sort(averaged["se"]) == pytest.approx(np.sort(tests["se"]))


def test_other_numbers_of_blocks_are_not_averaged():
    averaged, remarks = average_tests({"a": make_tests(1), "b": make_tests(2, blocks=BLOCKS + 1)})
    assert averaged[["beta", "se", "z", "p"]].isna().all().all()
    assert all("numbers of jackknife blocks differ" in remark for of in remarks.values() for remark in of)
    assert set(remarks) == {"cortex", "fiber"}


def test_a_test_that_one_slice_could_not_give_is_flagged(run):
    lacking = make_tests(2)
    lacking.loc[0, ["beta", "se", "z", "p"]] = np.nan
    run.add("a", "g", "t", 1, tests=make_tests(1))
    run.add("b", "g", "t", 2, tests=lacking)
    row = pick(run.summary(), scope="group", region="cortex").iloc[0]
    assert row["flags"] == "mean test from 1 of 2 slices"
    assert row["beta"] == pytest.approx(make_tests(1)["beta"][0]) and np.isfinite(row["beta_contrast"])


def test_delete_values_of_another_fit_are_refused():
    tests = make_tests(1)
    tests["delete_values"] = tests["delete_values"] * 1000
    with pytest.raises(InputError, match="do not give its beta and se"):
        average_tests({"a": tests, "b": make_tests(2)})


# Files


def test_files_hold_the_runs_q(run, tmp_path):
    for number, name in enumerate("ab"):
        run.add(name, "g", "t", number)
    out = tmp_path / "out"
    call("summarize_regions.py", "--sheet", run.sheet(), "--out", out)
    table = run.summary()
    for name in "ab":
        written = read_regions_table(out / "associations" / name / "t" / "regions.tsv")
        expected = pick(table, scope="slice", slice=name)[list(REGIONS)].reset_index(drop=True)
        pd.testing.assert_frame_equal(written, expected, rtol=1e-9, check_dtype=False)
    written = pd.read_csv(out / "summary" / "regions.tsv", sep="\t", keep_default_na=False)
    assert list(written.columns) == list(SUMMARY) and len(written) == len(table)


def test_writing_twice_gives_the_same_bytes(run, tmp_path):
    run.add("a", "", "t", 1, tests=make_tests(1))
    for name in ("first", "second"):
        write_summary(run.summary(), tmp_path / name)
    first, second = ((tmp_path / name / "summary" / "regions.tsv").read_bytes() for name in ("first", "second"))
    assert first == second


def test_labels_of_another_annotation_are_refused(run):
    run.add("a", "", "t", 1)
    run.add("b", "", "t", 2)
    spots = pd.read_parquet(run.rows[0][4])
    spots["region"] = "elsewhere"
    spots.to_parquet(run.rows[0][4])
    with pytest.raises(InputError, match="regions are not those of"):
        run.summary()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a/b\t\tt\tr\ts\t", "row 2: slice 'a/b' may hold letters"),
        ("..\t\tt\tr\ts\t", "slice '..' may hold"),
        ("\t\tt\tr\ts\t", "slice '' may hold"),
        ("a\t\tt t\tr\ts\t", "trait 't t' may hold"),
        ("a\t?\tt\tr\ts\t", "group '\\?' may hold"),
        ("a\t\tt\t\ts\t", "regions is empty"),
        ("a\t\tt\tr\ts\t\na\t\tt\tr\ts\t", "row 3: slice 'a' with trait 't' occurs more than once"),
        ("a\tg\tt\tr\ts\t\na\th\tu\tr\ts\t", "slice 'a' is in group 'h' and in 'g'"),
        ("", "holds no row"),
    ],
)
def test_a_bad_sheet_is_refused(tmp_path, line, complaint):
    path = tmp_path / "sheet.tsv"
    path.write_text(f"slice\tgroup\ttrait\tregions\tspots\tregion_tests\n{line}\n")
    with pytest.raises(InputError, match=complaint):
        read_sheet(path)


def test_missing_columns_are_told_all_at_once(tmp_path):
    path = tmp_path / "sheet.tsv"
    path.write_text("slice\ttrait\na\tt\n")
    with pytest.raises(InputError) as error:
        read_sheet(path)
    assert len(error.value.problems) == 2


def test_all_mistakes_of_a_sheet_are_told_at_once(tmp_path):
    path = tmp_path / "sheet.tsv"
    path.write_text("slice\ttrait\tregions\tspots\na b\tt\tr\ts\nc\tt/u\tr\ts\n")
    with pytest.raises(InputError) as error:
        read_sheet(path)
    assert len(error.value.problems) == 2


def test_a_region_that_is_the_whole_slice_is_judged_by_its_mean():
    table = pd.DataFrame({"p_cauchy": [0.5, 0.5], "p_mean": [0.1, 0.2], "p_contrast": [0.01, np.nan]})
    assert region_p_values(table, "contrast").tolist() == [0.01, 0.2]
    assert region_p_values(table, "cauchy").tolist() == [0.5, 0.5]
