"""Cases of what is put together of a run: parts of a slice's spots, the sheet of regions, comparisons."""

from __future__ import annotations

from pathlib import Path

from corpus import regression_files as regression
from corpus import spot_files
from corpus.programs import arguments, call
from corpus.registry import OUT, Reader

HEAD = "slice\tgroup\ttrait\tregions\tspots\tregion_tests\n"
ROWS = [f"{name}\tg\tt\tregions.tsv\tspots.parquet\ttests.parquet\n" for name in ("one", "two")]


def run(program: str, options: dict[str, object], folder: Path) -> None:
    """Run an executable that must succeed."""
    code, told = call(program, arguments(options), folder)
    assert code == 0, told


def make(folder: Path) -> None:
    """Two slices' results, the sheet that names them, and a comparison."""
    spot_files.make(folder)
    (folder / OUT).mkdir()
    run("combine_regions", {**spot_files.COMBINE.options, "--out": "regions.tsv"}, folder)
    (folder / OUT / "qc.json").unlink()
    (folder / OUT).rmdir()
    (folder / "sheet.tsv").write_text(HEAD + "".join(ROWS))
    (folder / "comparisons.csv").write_text(COMPARED + "c,one,A,one,B\n")


COMPARED = "comparison,slices_a,region_a,slices_b,region_b\n"
SUMMARY = Reader(
    "summary",
    "Regions of a run",
    "summarize_regions",
    {"--sheet": "sheet.tsv", "--comparisons": "comparisons.csv", "--out": OUT},
    make,
)
SUMMARY.texts(
    "sheet.tsv",
    [
        ("empty", "An empty sheet", "", "sheet.tsv: is empty (sheet); was its download or copy cut short?"),
        (
            "header_only",
            "A sheet without rows",
            HEAD,
            "sheet.tsv: holds no row below its header; add one a slice x trait",
        ),
        (
            "no_column",
            "A sheet without regions",
            HEAD.replace("regions\t", ""),
            "sheet.tsv: has no column 'regions'; add it",
        ),
        (
            "bad_name",
            "A slice named by a path",
            HEAD + ROWS[0].replace("one", "../one") + ROWS[1],
            ("sheet.tsv: row 2: slice '../one' may hold letters, digits, '.', '_' and '-' only; rename it"),
        ),
        (
            "repeated",
            "A slice x trait twice",
            HEAD + ROWS[0] * 2,
            "sheet.tsv: row 3: slice 'one' with trait 't' occurs more than once; leave one",
        ),
        (
            "no_file",
            "Regions that do not exist",
            HEAD + ROWS[0].replace("regions.tsv", "no.tsv"),
            "no.tsv: no such file (regions); check the path",
        ),
    ],
)
SUMMARY.texts(
    "regions.tsv",
    [
        (
            "regions_empty",
            "An empty table of regions",
            "",
            "regions.tsv: is empty (regions); was its download or copy cut short?",
        ),
        (
            "regions_words",
            "Another table for regions",
            "a\tb\n1\t2\n",
            (
                "regions.tsv: has no column 'region', 'n_spots', 'p_cauchy', 'p_median', 'beta', "
                "'se', 'z_mean', 'p_mean', 'beta_contrast', 'se_contrast', 'z_contrast', "
                "'p_contrast', 'q', 'n_top_spots', 'share_top', 'odds_ratio', 'odds_ratio_p', "
                "'flags'; is it a table of regions?"
            ),
        ),
    ],
)
SUMMARY.texts(
    "comparisons.csv",
    [
        (
            "comparisons_empty",
            "An empty sheet of comparisons",
            "",
            "comparisons.csv: is empty (comparisons); was its download or copy cut short?",
        ),
        (
            "comparisons_no_rows",
            "Comparisons without rows",
            COMPARED,
            "comparisons.csv: holds no row below its header; add one a comparison",
        ),
        (
            "comparisons_no_column",
            "Comparisons without a column",
            COMPARED.replace(",region_b", ""),
            "comparisons.csv: has no column 'region_b'; add it",
        ),
        (
            "comparisons_empty_cell",
            "A comparison with an empty cell",
            COMPARED + "c,one,,one,B\n",
            "comparisons.csv: row 2: region_a is empty; fill it in",
        ),
        (
            "comparisons_unknown",
            "A comparison of an unknown slice",
            COMPARED + "c,three,A,one,B\n",
            (
                "comparisons.csv: row 2: slices_a 'three' is no slice or group of the run (it has: "
                "all, g, one, two); mend it"
            ),
        ),
        (
            "comparisons_same",
            "A comparison of a region with itself",
            COMPARED + "c,one,A,one,A\n",
            "comparisons.csv: row 2: both sides are region 'A' of 'one'; choose two",
        ),
        (
            "comparisons_short",
            "A comparison of too few fields",
            COMPARED + "c,one\n",
            "comparisons.csv: row 2: region_a is empty; fill it in",
            "comparisons.csv: row 2: slices_b is empty; fill it in",
            "comparisons.csv: row 2: region_b is empty; fill it in",
        ),
    ],
)


def make_parts(folder: Path) -> None:
    """The spots of a slice in two parts."""
    regression.make(folder)
    (folder / OUT).mkdir()
    for name, spots in (("a", "0-20"), ("b", "20-37")):
        options = {**regression.OPTIONS, "--region-tests": None, "--qc": None, "--spots": spots}
        run("regress_spots", {**options, "--out": f"{name}.parquet"}, folder)
    (folder / OUT).rmdir()


MERGE = Reader(
    "spot_parts",
    "Parts of a slice's spots",
    "merge_spots",
    {"--part": ["a.parquet", "b.parquet"], "--qc": "out/qc.json", "--out": "out/spots.parquet"},
    make_parts,
)
MERGE.add(
    "one_lacks",
    "A part is missing",
    lambda folder: {"--part": ["a.parquet"]},
    ("--part: 17 of the slice's 37 spots are in none (first: row 20); give all",),
)
MERGE.add(
    "one_twice",
    "A part given twice",
    lambda folder: {"--part": ["a.parquet", "a.parquet", "b.parquet"]},
    ("--part: row 0 is in more than one; give each once",),
)
MERGE.add(
    "no_file",
    "A part that does not exist",
    lambda folder: (folder / "b.parquet").unlink(),
    ("b.parquet: no such file (part of a slice's spots); check the path",),
)
MERGE.texts(
    "b.parquet",
    [
        (
            "empty",
            "An empty part",
            "",
            ("b.parquet: is empty (part of a slice's spots); was its download or copy cut short?"),
        ),
        (
            "text",
            "A text table",
            "spot\n",
            (
                "b.parquet: is no part of a slice's spots (wanted: row, spot, beta, se, tolerance, "
                "region); regress_spots.py --spots writes them"
            ),
        ),
    ],
)
OTHER_ORDER = {"--part": ["b.parquet", "a.parquet"]}
MERGE.add("in_any_order", "Parts in another order", lambda folder: OTHER_ORDER, (), wrong=False, same=True)
READERS = [SUMMARY, MERGE]
