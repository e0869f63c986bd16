"""Valid files with random damage: a reader gives a valid result whose account adds up, or a line; never a traceback."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import programs, readers
from corpus.registry import OUT, Reader
from test_corpus import assert_adds_up

BY_KEY = {reader.key: reader for reader in readers()}
# The text file of each reader that is damaged.
TEXTS = {
    "gwas": "gwas.tsv",
    "genes": "genes.loc",
    "genetic_map": "map.txt",
    "snp_list": "snps.txt",
    "panel": "panel.1.bim",
    "ld_scores": "ld.1.l2.ldscore.gz",
    "homologs": "homologs.txt",
    "baseline": "baseline.tsv",
    "spot_sets": "sets.tsv",
}
PIECES = [
    "",
    "NA",
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "x",
    "é",
    '"',
    "'",
    "\t",
    " ",
    ",",
    "\n",
    "\r",
    "#",
    "rs1",
    "GENE1",
    "\x00",
]


@st.composite
def damage(draw, lines: list[str]) -> str:
    """``lines`` with a few fields replaced, repeated, dropped or cut."""
    lines = list(lines)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["field", "character", "repeat", "drop", "cut", "swap"]))
        if kind == "field":
            fields = lines[at].split("\t") if "\t" in lines[at] else lines[at].split(" ")
            fields[draw(st.integers(0, len(fields) - 1))] = draw(st.sampled_from(PIECES))
            lines[at] = "\t".join(fields)
        elif kind == "character":
            place = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:place] + draw(st.sampled_from(PIECES)) + lines[at][place + 1 :]
        elif kind == "repeat":
            lines.insert(at, lines[at])
        elif kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("key", TEXTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_text_is_read_or_refused(key, data, tmp_path_factory):
    reader: Reader = BY_KEY[key]
    folder = tmp_path_factory.mktemp("damaged")
    reader.prepare(folder, tmp_path_factory.getbasetemp() / "damaged-templates" / key)
    path = folder / TEXTS[key]
    raw = path.read_bytes()
    text = programs.plain_text(raw)
    path.write_bytes(data.draw(damage(text.splitlines())).encode())
    code, told = programs.call(
        reader.program, [*programs.arguments(reader.options), *reader.arguments], folder
    )  # any exception but InputError fails here
    lines = told.splitlines()
    if code == 0:
        assert_adds_up(programs.ledger(folder))
    else:
        assert code == 1
        assert lines and all(line.startswith("error: ") for line in lines), told
        assert list((folder / OUT).iterdir()) == []
    shutil.rmtree(folder)
