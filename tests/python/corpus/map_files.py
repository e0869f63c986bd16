"""Cases of maps that are correlated (correlate_traits.py), and of a study that is planned (plan_power.py)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from corpus import spot_files
from corpus.registry import Reader

MAPS = Reader(
    "maps",
    "Maps of traits that are correlated",
    "correlate_traits",
    {
        "--spots": ["spots.parquet", "other.parquet"],
        "--trait": ["one", "other"],
        "--specificity": "specificity.h5ad",
        "--reference": "reference.h5ad",
        "--out": "out/correlations.tsv",
    },
    lambda folder: make(folder),
)
PLAN = Reader(
    "power",
    "A study that is planned",
    "plan_power",
    {
        "--specificity": "specificity.h5ad",
        "--reference": "reference.h5ad",
        "--n": 100_000,
        "--h2": 0.3,
        "--genes": "genes.txt",
        "--out": "out/power.tsv",
    },
    lambda folder: make(folder),
)
READERS = [MAPS, PLAN]


def make(folder: Path) -> None:
    """What later steps read, a second trait, and a list of genes."""
    spot_files.make(folder)
    table = spot_files.spots()
    table.assign(z=table["z"].to_numpy()[::-1]).to_parquet(folder / "other.parquet")
    (folder / "genes.txt").write_text("GENE1\nGENE2\nGENE3\n")


def other(change) -> object:
    """The second trait changed."""

    def build(folder: Path) -> None:
        table: pd.DataFrame = change(spot_files.spots())
        table.to_parquet(folder / "other.parquet")

    return build


MAPS.add(
    "fewer_traits",
    "Two maps, one trait",
    lambda folder: {"--trait": ["one"]},
    ("--trait is given 1 times, --spots 2: give both once a trait",),
)
MAPS.add(
    "same_trait",
    "Two maps of one name",
    lambda folder: {"--trait": ["one", "one"]},
    ("--trait one: is given more than once; rename one",),
)
MAPS.add(
    "one_map",
    "One map alone",
    lambda folder: {"--spots": ["spots.parquet"], "--trait": ["one"]},
    ("--spots: one map has nothing to be correlated with; give two traits or more",),
)
MAPS.add(
    "missing_file",
    "A map that does not exist",
    lambda folder: (folder / "other.parquet").unlink(),
    ("other.parquet: no such file (associations of spots); check the path",),
)
MAPS.add(
    "text",
    "A map that is text",
    lambda folder: (folder / "other.parquet").write_text("spot,z\n") and None,
    ("other.parquet: cannot be read as parquet (associations of spots: ...); is it a whole file?",),
)
MAPS.add(
    "no_z",
    "A map without z",
    other(lambda t: t.drop(columns="z")),
    ("other.parquet: has no column z; is it spots.parquet of regress_spots?",),
)
MAPS.add(
    "z_word",
    "A word for z",
    other(lambda t: t.assign(z=["high", *t["z"].astype(str)[1:]])),
    ("other.parquet: z of spot 'spot0' is no number: 'high'; regress the slice again",),
)
MAPS.add(
    "other_slice",
    "A map of another slice",
    other(lambda t: t.assign(spot="x" + t["spot"])),
    ("other.parquet: lacks 37 spots of the slice (first: 'spot0'); is it of this slice?",),
)
MAPS.add(
    "spot_twice",
    "A spot twice",
    other(lambda t: pd.concat([t, t[:1]])),
    ("other.parquet: spot 'spot0' occurs more than once; each needs one row",),
)
MAPS.add("constant", "A map of one value", other(lambda t: t.assign(z=1.0)), (), wrong=False)
MAPS.add(
    "some_missing", "Spots without a z", other(lambda t: t.assign(z=[None] * 5 + list(t["z"][5:]))), (), wrong=False
)
MAPS.add(
    "shuffled",
    "Spots in another order",
    other(lambda t: t.assign(z=t["z"].to_numpy()[::-1])[::-1]),
    (),
    wrong=False,
    same=True,
)

PLAN.add(
    "limits",
    "Numbers out of their limits, all at once",
    lambda folder: {"--n": [0, 1e5], "--h2": 30, "--alpha": 1, "--power": 80, "--top-genes": 5, "--enrichment": 0.5},
    (
        "--n 0: must be above 0 and at most 1e+12",
        "--h2 30: must be above 0 and at most 1",
        "--top-genes 5: must be above 0 and at most 1",
        "--alpha 1: must be above 0 and at most 0.5",
        "--power 80: must be above 0 and at most 0.9999",
        "--enrichment 0.5: must be at least 1 and at most 1,000",
    ),
)
PLAN.add(
    "alpha_zero",
    "An alpha of 0",
    lambda folder: {"--alpha": 0},
    ("--alpha 0: must be above 0 and at most 0.5",),
)
PLAN.add(
    "figure",
    "A figure that ends otherwise",
    lambda folder: {"--figure": "power.jpg"},
    ("--figure power.jpg: must end in .png, .svg, .pdf",),
)
PLAN.add(
    "region",
    "A region that the slice lacks",
    lambda folder: {"--region": ["A", "Bone"]},
    ("--region Bone: is not in the slice (there: A, B); choose of them",),
)
PLAN.texts(
    "genes.txt",
    [
        ("genes_empty", "No genes", "", "genes.txt: is empty (gene list); was its download or copy cut short?"),
        (
            "genes_mouse",
            "Symbols of a mouse",
            "Snap25\n",
            "genes.txt: none of its 1 genes is in the slice (first: 'Snap25'); give human symbols",
        ),
        (
            "genes_weights",
            "A word beside a gene",
            "GENE1\tup\n",
            "genes.txt: row 1: 'up' beside GENE1 is no number; give its weight or none",
        ),
    ],
)
PLAN.add(
    "no_regions",
    "A slice without regions",
    lambda folder: {"--specificity": "slice.h5ad"},
    ("--test contrast: the slice has one region, with nothing to contrast it with; choose mean",),
)
PLAN.add(
    "no_reference",
    "A reference that does not exist",
    lambda folder: {"--reference": "no.h5ad"},
    ("no.h5ad: no such file (reference); check the path",),
)
PLAN.add(
    "weighted",
    "Weights, which are not used",
    lambda folder: (folder / "genes.txt").write_text("GENE1\t2\nGENE2\nGENE3\n") and None,
    (),
    wrong=False,
    same=True,
)
