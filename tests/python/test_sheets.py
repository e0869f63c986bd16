"""Sheets with random damage, read by the pipeline itself: every row is taken or complained of, none vanishes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from damage import damage
from test_pipeline import NEXTFLOW, nextflow

pytestmark = pytest.mark.skipif(NEXTFLOW is None, reason="no nextflow on the PATH and none in .engine: make install")

VALID = {
    "slices": [
        "slice,h5ad,annotation,layer,spatial_key,species,group,z",
        'one,a.h5ad,"area, or region",,spatial,human,donor,1.5',
        "two,a.h5ad,,counts,spatial,mouse,donor,2",
        "three,a.h5ad,cell_type,,,,,",
    ],
    "traits": ["trait,sumstats,n", "height,a.tsv,", "SCZ,a.tsv,1000", "IQ_2018,a.tsv,2.5e5"],
    "comparisons": [
        "comparison,slices_a,region_a,slices_b,region_b",
        "layers,one,upper,one,lower",
        "all of it,all,upper,donor,lower",
    ],
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NAMES = {"slices": "slice", "traits": "trait", "comparisons": "comparison"}
FILES = {"slices": "h5ad", "traits": "sumstats", "comparisons": None}


@st.composite
def sheet(draw) -> tuple[str, str]:
    """A kind of sheet, and one of its kind that is damaged."""
    kind = draw(st.sampled_from(sorted(VALID)))
    return kind, draw(damage(VALID[kind], separator=","))


def rows_of(text: str) -> int:
    """Lines below the header that hold anything but commas, quotation marks and blanks."""
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip(', "\t\x00\ufeff')]
    return len(lines) - 1


def check(kind: str, text: str, path: Path) -> None:
    """What the pipeline told of a sheet: complaints that name it, or all its rows, as they should be."""
    told = json.loads(Path(f"{path}.json").read_text())
    for problem in told["problems"]:
        assert problem.startswith(str(path)) and "\n" not in problem
    if told["problems"]:
        return
    assert len(told["rows"]) == rows_of(text) > 0
    names = [row[NAMES[kind]] for row in told["rows"]]
    assert len({name.lower() for name in names}) == len(names)
    for row in told["rows"]:
        assert row[NAMES[kind]]
        if FILES[kind]:
            assert NAME.fullmatch(row[NAMES[kind]]) and Path(row[FILES[kind]]).is_file()
        assert row.get("n", "") in ("", "null") or float(row["n"]) > 0


@settings(
    max_examples=2,
    phases=[Phase.generate],  # the engine takes seconds to start: what fails is named, not made smaller
    suppress_health_check=list(HealthCheck),
)
@given(sheets=st.lists(sheet(), min_size=60, max_size=60))
def test_damaged_sheets_are_read_or_complained_of(sheets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    for name in ("a.h5ad", "a.tsv"):
        (folder / name).touch()
    undamaged = [(kind, "\n".join(lines) + "\n") for kind, lines in VALID.items()]
    paths = []
    for number, (kind, text) in enumerate(undamaged + sheets):
        paths.append(folder / f"{kind}_{number}.csv")
        paths[-1].write_bytes(text.encode())
    done = nextflow(folder, "--sheets", folder, pipeline=ROOT / "tests" / "lib" / "read_sheets.nf")
    assert done.returncode == 0, done.stdout + done.stderr
    for (kind, text), path in zip(undamaged + sheets, paths, strict=True):
        try:
            check(kind, text, path)
        except AssertionError as error:
            raise AssertionError(f"{text!r}\n{Path(f'{path}.json').read_text()}") from error
    for (_, text), path in zip(undamaged, paths, strict=False):
        assert json.loads(Path(f"{path}.json").read_text())["problems"] == [], text
