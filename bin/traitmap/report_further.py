"""Tables that a run has only where they were asked for: comparisons, conditional tests, likeness of maps, pathways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from traitmap.formats import COMPARISONS, CONDITIONAL, PATHWAYS, TRAIT_CORRELATIONS
from traitmap.report_results import Results
from traitmap.report_tables import Column, exact, written

ROWS_AT_MOST = 500  # in the page; all are in report_data


@dataclass(frozen=True)
class Further:
    """A table: its name (summary/<name>.tsv), all its columns in the file, and what the page says and shows of it."""

    name: str
    in_file: tuple[str, ...]
    section: str  # regions, heatmap or genes: where it stands
    title: str
    help: str
    columns: tuple[Column, ...]
    empty: str = "Nothing to show: the table holds no row."


_TRAIT = Column("trait", "Trait", "Trait of the GWAS", "text")
_SLICE = Column("slice", "Slice", "Slice of tissue, group, or all", "text")
_SCOPE = Column("scope", "Scope", "One slice, a group of slices, or all slices combined", "text")
_Q = Column("q", "q", "False discovery rate (Benjamini–Hochberg) over this table", "p")
_FLAGS = Column("flags", "Remarks", "What to bear in mind", "text")

FURTHER = (
    Further(
        "comparisons",
        COMPARISONS,
        "regions",
        "Comparisons",
        "Differences between two regions, or between groups of slices, as the sheet of comparisons asked: coefficient "
        "on side a minus that on side b, with the joint jackknife error; two-sided P, q over this table.",
        (
            Column("comparison", "Comparison", "Its name in the sheet", "text"),
            _TRAIT,
            Column("region_a", "Region a", "Region on the first side", "text"),
            Column("slices_a", "Slices a", "Slices or groups on the first side", "text"),
            Column("region_b", "Region b", "Region on the second side", "text"),
            Column("slices_b", "Slices b", "Slices or groups on the second side", "text"),
            Column("difference", "Difference", "Coefficient on side a minus that on side b"),
            Column("z", "z", "Difference over its joint jackknife error"),
            Column("p", "P", "Two-sided", "p"),
            _Q,
            _FLAGS,
        ),
    ),
    Further(
        "conditional_tests",
        CONDITIONAL,
        "regions",
        "Conditional tests",
        "Each region's mean specificity regressed beside that of another region. Where z falls to about 0 beside the "
        "other, the region's own signal is what the two share; where it stays, there is more in it. Two regions that "
        "lose their signal beside each other cannot be told apart. One-sided P, q over the rows of a scope.",
        (
            _SCOPE,
            _SLICE,
            _TRAIT,
            Column("region", "Region", "Region that is tested", "text"),
            Column("conditional_on", "Beside", "Region whose mean specificity is in the same regression", "text"),
            Column("z_alone", "z alone", "z of the region's mean specificity without the other"),
            Column("z", "z beside", "z of the region's mean specificity beside the other's"),
            Column("p_alone", "P alone", "One-sided, without the other", "p"),
            Column("p", "P beside", "One-sided, beside the other", "p"),
            _Q,
            _FLAGS,
        ),
    ),
    Further(
        "trait_correlations",
        TRAIT_CORRELATIONS,
        "heatmap",
        "Traits by traits",
        "How alike two traits' maps of a slice are: correlation of z over spots. Neighbouring spots are nearly one: "
        "the error counts what the spots are worth (Worth), not how many there are. Two independent GWAS without any "
        "link to the tissue reach |r| of 2 / √Worth in one pair of twenty. Traits whose GWAS share people are alike "
        "for that reason alone. Two-sided P; q over the pairs of the slice.",
        (
            _SLICE,
            Column("trait_a", "Trait", "Trait of the GWAS", "text"),
            Column("trait_b", "and", "The other trait", "text"),
            Column("r", "r", "Pearson correlation of z over spots"),
            Column("se", "± SE", "Its standard error, by what the spots are worth"),
            Column("effective_spots", "Worth", "Independent spots that the slice is worth for maps of no signal"),
            Column("p", "P", "Two-sided", "p"),
            _Q,
        ),
    ),
    Further(
        "pathways",
        PATHWAYS,
        "genes",
        "Pathways of the driver genes",
        "Gene sets that hold more of the genes that drive a region (the column Drives above) than chance would: "
        "hypergeometric P, q over all tests of the run. It takes genes as independent; genes of one pathway are often "
        "specific together, so that P is too small where a set is a set of markers. Sets of 5 to 500 measured genes.",
        (
            _SLICE,
            _TRAIT,
            Column("region", "Region", "Region that the genes drive", "text"),
            Column("pathway", "Gene set", "Its name in the file", "text"),
            Column("n_genes", "Genes", "Genes of the set that the slice has", "count"),
            Column("overlap", "Drivers", "Driver genes in the set", "count"),
            Column("expected", "Expected", "Driver genes in the set by chance"),
            Column("p", "P", "One-sided", "p"),
            _Q,
            Column("genes", "Which", "The driver genes in the set", "text"),
        ),
        "No gene set holds a gene that drives a region.",
    ),
)


def further_tables(results: Results) -> list[dict[str, Any]]:
    """What the page shows of each table that is there: rows of (exact, written), smallest P first."""
    return [_view(each, results) for each in FURTHER if results.further.get(each.name) is not None]


def _view(each: Further, results: Results) -> dict[str, Any]:
    table = results.further[each.name]
    traits, slices = results.choices.traits, results.choices.slices
    for names, column in ((traits, "trait"), (traits, "trait_a"), (traits, "trait_b"), (slices, "slice")):
        if names and column in table:
            table = table[table[column].isin(names)]
    table = table.sort_values("p", kind="stable", na_position="last")
    columns = [column for column in each.columns if not _empty(table[column.key], column.key)]
    rows = [
        [(exact(row[column.key]), written(row[column.key], column.kind)) for column in columns]
        for _, row in table.head(ROWS_AT_MOST).iterrows()
    ]
    return {
        "name": each.name,
        "section": each.section,
        "title": each.title,
        "help": each.help,
        "empty": each.empty,
        "columns": columns,
        "rows": rows,
        "more": max(0, len(table) - ROWS_AT_MOST),
    }


def _empty(values: pd.Series, key: str) -> bool:
    """Whether a column says nothing: remarks without any, a scope that is always the same."""
    return (key == "flags" and (values == "").all()) or (key == "scope" and values.nunique() < 2)
