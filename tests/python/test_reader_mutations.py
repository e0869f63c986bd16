"""Valid files with random damage: a reader gives a valid result whose account adds up, or a line; never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import gene_lists, programs, readers
from corpus.registry import OUT, Reader
from damage import damage
from test_corpus import assert_adds_up

BY_KEY = {reader.key: reader for reader in readers()}
# What is damaged: the reader, its file, and what that holds where it is not what the reader's ``make`` puts there.
TEXTS: dict[str, tuple[str, str, str | None]] = {
    "gwas": ("gwas", "gwas.tsv", None),
    "GTF": ("genes", "genes.loc", "#!genome-build GRCh37\n" + gene_lists.gtf()),
    "gene.loc": ("genes", "genes.loc", None),
    "BED": ("genes", "genes.loc", gene_lists.BED),
    "genetic map": ("genetic_map", "map.txt", None),
    "regression SNPs": ("snp_list", "snps.txt", None),
    "bim": ("panel", "panel.1.bim", None),
    "fam": ("panel", "panel.1.fam", None),
    "LD scores": ("ld_scores", "ld.1.l2.ldscore.gz", None),
    "homologs": ("homologs", "homologs.txt", None),
    "baseline": ("baseline", "baseline.tsv", None),
    "spot sets": ("spot_sets", "sets.tsv", None),
    "sheet of regions": ("summary", "sheet.tsv", None),
    "comparisons": ("summary", "comparisons.csv", None),
}
BYTES = {"bed": ("panel", "panel.1.bed"), "harmonised trait": ("harmonised", "trait.parquet")}
H5AD = {
    "slice": ("slice", "slice.h5ad"),
    "embedding": ("embedding", "embedding.h5ad"),
    "reference": ("reference", "reference.h5ad"),
    "specificity": ("specificity", "specificity.h5ad"),
    "gsMap's matrix": ("gsmap", "resource/quick_mode/snp_gene_weight_matrix.h5ad"),
}


@st.composite
def damaged_bytes(draw, data: bytes) -> bytes:
    """``data`` with bytes changed, left out, put in, or cut off."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        other = draw(st.binary(max_size=16))
        kind = draw(st.sampled_from(["change", "drop", "put in", "cut"]))
        if kind == "change":
            data = data[:at] + other + data[at + len(other) :]
        elif kind == "drop":
            data = data[:at] + data[at + 1 + len(other) :]
        elif kind == "put in":
            data = data[:at] + other + data[at:]
        else:
            data = data[:at]
    return data


VALUES = [
    np.float64(np.nan),
    np.int64(-1),
    np.bytes_(b"x"),
    np.zeros(0),
    np.zeros((2, 3)),
    np.array([np.nan, np.inf, -1.0, 0.5]),
    np.array([b"a", b"a"]),
    np.arange(60),
    np.array([2**40, -(2**40)]),
]


def damage_h5ad(path: Path, draw) -> None:
    """Parts of an AnnData file taken away, or replaced by other values, or called by another encoding."""
    with h5py.File(path, "r+") as file:
        for _ in range(draw(st.integers(1, 2))):
            names: list[str] = []
            file.visit(names.append)
            name = draw(st.sampled_from(sorted(names)))
            kind = draw(st.sampled_from(["drop", "replace", "value", "encoding"]))
            item = file[name]
            if kind == "encoding":
                encoding = draw(
                    st.sampled_from(["csr_matrix", "csc_matrix", "dataframe", "array", "categorical", "??"])
                )
                item.attrs["encoding-type"] = encoding
            elif kind == "value" and isinstance(item, h5py.Dataset) and item.size and item.dtype.kind in "fiu":
                flat = item[()].reshape(-1).copy()
                flat[draw(st.integers(0, len(flat) - 1))] = draw(st.sampled_from([0, 1, 100]))
                item[()] = flat.reshape(item.shape)
            else:
                attributes = dict(item.attrs)
                del file[name]
                if kind == "replace":
                    file[name] = draw(st.sampled_from(VALUES))
                    file[name].attrs.update(attributes if draw(st.booleans()) else {})


def read_or_refused(reader: Reader, folder: Path) -> None:
    """Call the reader: its account adds up, or it says what is wrong and leaves nothing. Other exceptions fail here."""
    line = [*programs.arguments(reader.options), *reader.arguments]
    code, told = programs.call(reader.program, line, folder)
    lines = told.splitlines()
    if code == 0:
        assert_adds_up(programs.ledger(folder))
    else:
        assert code == 1
        assert lines and all(line.startswith("error: ") for line in lines), told
        assert list((folder / OUT).iterdir()) == []
    shutil.rmtree(folder)


def prepared(reader: Reader, factory: pytest.TempPathFactory) -> Path:
    """A folder with the valid files of a reader."""
    folder = factory.mktemp("damaged")
    reader.prepare(folder, factory.getbasetemp() / "damaged-templates" / reader.key)
    return folder


def examples(most: int) -> settings:
    """So many examples; the folder's factory is the same for all."""
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=most, suppress_health_check=quiet)


@pytest.mark.parametrize("name", TEXTS)
@examples(20)
@given(data=st.data())
def test_damaged_text_is_read_or_refused(name, data, tmp_path_factory):
    key, file, content = TEXTS[name]
    folder = prepared(BY_KEY[key], tmp_path_factory)
    path = folder / file
    text = programs.plain_text(path.read_bytes()) if content is None else content
    path.write_bytes(data.draw(damage(text.splitlines())).encode())
    read_or_refused(BY_KEY[key], folder)


@pytest.mark.parametrize("name", BYTES)
@examples(20)
@given(data=st.data())
def test_damaged_bytes_are_read_or_refused(name, data, tmp_path_factory):
    key, file = BYTES[name]
    folder = prepared(BY_KEY[key], tmp_path_factory)
    path = folder / file
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    read_or_refused(BY_KEY[key], folder)


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning")  # damage may make a file look old
@pytest.mark.parametrize("name", H5AD)
@examples(15)
@given(data=st.data())
def test_damaged_h5ad_is_read_or_refused(name, data, tmp_path_factory):
    key, file = H5AD[name]
    folder = prepared(BY_KEY[key], tmp_path_factory)
    damage_h5ad(folder / file, data.draw)
    read_or_refused(BY_KEY[key], folder)
