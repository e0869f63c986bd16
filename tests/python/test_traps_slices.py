"""Traps of a slice: coordinates, symbols, species, counts, labels, one slice twice; good data gives no false alarm."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from conftest import REAL, ROOT, needs_real
from corpus import slice_files
from traitmap import report_traps, slice_checks
from traitmap.embedding_graph import spatial_graph
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.slices import read_slice

DEMO = ROOT / "assets" / "demo"


def ledger() -> Ledger:
    return Ledger("test", "subject")


def warned(account: Ledger, words: str) -> bool:
    return any(words in text for text in account.warnings)


def read(tmp_path, data: anndata.AnnData, **options) -> tuple[anndata.AnnData, Ledger]:
    account = ledger()
    data.write_h5ad(tmp_path / "slice.h5ad")
    return read_slice(tmp_path / "slice.h5ad", account, **options), account


def smooth_slice(seed: int = 0, shuffle: bool = False) -> anndata.AnnData:
    """A slice of 400 spots whose genes follow gradients; ``shuffle`` mixes its coordinates up."""
    rng = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    rate = 5 + 4 * np.sin(places @ rng.normal(scale=0.3, size=(2, 80)))
    counts = sparse.csr_matrix(rng.poisson(rate).astype(np.float32))
    places = rng.permutation(places) if shuffle else places
    data = anndata.AnnData(counts, var=pd.DataFrame(index=[f"GENE{g}" for g in range(80)]), obsm={"spatial": places})
    data.obs_names = [f"spot{i}" for i in range(400)]
    return data


def pattern(data: anndata.AnnData) -> Ledger:
    account = ledger()
    slice_checks.check_pattern(data.X.tocsr(), spatial_graph(data.obsm["spatial"], 10, ledger()), account)
    return account


def test_mixed_up_coordinates_are_told():
    assert not pattern(smooth_slice()).warnings
    assert all(warned(pattern(smooth_slice(seed, shuffle=True)), "no spatial pattern") for seed in range(5))


def test_morans_z_equals_the_plain_formula():
    rng = np.random.default_rng(0)
    graph = spatial_graph(rng.normal(size=(60, 2)), 5, ledger())
    x = rng.normal(size=60)
    w = graph.toarray().astype(float)
    np.fill_diagonal(w, 0)
    d = x - x.mean()
    n, s0 = 60, w.sum()
    moran = n / s0 * sum(w[i, j] * d[i] * d[j] for i in range(n) for j in range(n)) / (d @ d)
    s1 = 0.5 * ((w + w.T) ** 2).sum()
    s2 = ((w.sum(axis=0) + w.sum(axis=1)) ** 2).sum()
    expected = -1 / (n - 1)
    variance = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1)) - expected**2
    assert slice_checks.morans_z(x[:, None], graph)[0] == pytest.approx((moran - expected) / np.sqrt(variance))


def test_a_flat_axis_and_shared_places_are_told(tmp_path):
    data = slice_files.slice_data()
    data.obsm["spatial"][:, 0] = 4.0
    _, account = read(tmp_path, data)
    assert warned(account, "x is the same in all spots")
    data.obsm["spatial"] = np.repeat(np.arange(30.0), 2)[:, None] * [1, 2]
    _, account = read(tmp_path, data)
    assert warned(account, "30 of 60 spots are at the place of another")


@pytest.mark.parametrize("symbol", ["1-Mar", "Sep-02", "2-SEP", "Dec-1", "2006-09-02", "44257", "2.31E+19"])
def test_symbols_that_a_spreadsheet_mangled_are_told(tmp_path, symbol):
    data = slice_files.slice_data()
    data.var_names = [symbol, *data.var_names[1:]]
    _, account = read(tmp_path, data)
    assert warned(account, f"1 gene symbols were made dates or numbers by a spreadsheet ({symbol})")


@pytest.mark.parametrize("symbol", ["MARCH1", "SEPTIN2", "MARCHF1", "DEC1", "7SK", "HLA-A", "5S_rRNA", "RP11-34P13.7"])
def test_symbols_that_are_whole_raise_no_alarm(symbol):
    assert not slice_checks.MANGLED.fullmatch(symbol)
    assert not slice_checks.NOT_HUMAN.fullmatch(symbol)


def test_species_that_are_mixed_up_are_refused(tmp_path):
    data = slice_files.slice_data()
    data.var_names = ["Gapdh", "Actb", "H2-Aa", "mt-Nd1", *(f"Gm{g}" for g in range(36))]
    with pytest.raises(InputError, match="written as those of mouse or rat"):
        read(tmp_path, data)
    (tmp_path / "pairs.txt").write_text("MOUSE\tHUMAN\nGapdh\tGAPDH\nActb\tACTB\n")
    _, account = read(tmp_path, data, species="mouse", homologs=tmp_path / "pairs.txt")
    assert warned(account, "only 2 of 40 genes have a human homolog")
    data.var_names = ["GAPDH", "ACTB", *(f"GENE{g}" for g in range(38))]
    with pytest.raises(InputError, match="human ones, but its species is mouse"):
        read(tmp_path, data, species="mouse", homologs=tmp_path / "pairs.txt")


def test_ensembl_ids_are_told(tmp_path):
    data = slice_files.slice_data()
    data.var_names = [f"ENSG{g:011d}.3" for g in range(40)]
    _, account = read(tmp_path, data)
    assert warned(account, "40 of 40 genes are named by Ensembl ids")


def test_values_that_are_no_counts_are_guessed(tmp_path):
    data = slice_files.slice_data()
    for change, guess in (
        (lambda x: np.log1p(x), "log-transformed data?"),
        (lambda x: x - x.mean(), "scaled or centred data?"),
        (lambda x: x * 1000.5, "normalised data?"),
    ):
        data.X = change(slice_files.slice_data().X.toarray())
        with pytest.raises(InputError, match=guess.replace("?", r"\?")):
            read(tmp_path, data)


def test_binary_data_is_told(tmp_path):
    data = smooth_slice()
    data.X = (data.X > 0).astype(np.float32)
    _, account = read(tmp_path, data)
    assert warned(account, "no count is above 1")


def test_a_label_with_one_spot_is_told(tmp_path):
    data = slice_files.slice_data()
    data.obs["area"] = ["alone", *data.obs["area"][1:]]
    _, account = read(tmp_path, data, annotation="area")
    assert warned(account, "regions with fewer than 30 spots: alone")


def test_one_slice_under_two_names_is_told():
    """Spots renamed, in another order, genes in another order, a third left out: still the same spots."""
    one = smooth_slice()
    rng = np.random.default_rng(1)
    two = one[rng.permutation(400)[:270], rng.permutation(80)]
    other = smooth_slice(seed=3)
    sketches = {
        name: slice_checks.sketch(sparse.csr_matrix(data.X), data.var_names)
        for name, data in (("one", one), ("two", two), ("other", other))
    }
    account = ledger()
    report_traps.check_slices(sketches, account)
    assert len(account.warnings) == 1
    assert "slices one and two hold the same counts in about" in account.warnings[0]
    assert slice_checks.shared_spots(sketches["one"], sketches["two"]) == pytest.approx(270 / 400, abs=0.3)
    assert slice_checks.shared_spots(sketches["one"], sketches["other"]) == 0


def test_a_sketch_is_the_same_however_many_spots_are_hashed_at_once(monkeypatch):
    data = smooth_slice()
    counts = sparse.csr_matrix(data.X)
    whole = slice_checks.sketch(counts, data.var_names)
    monkeypatch.setattr(slice_checks, "SKETCHED_AT_ONCE", 7)
    assert slice_checks.sketch(counts, data.var_names) == whole
    assert len(whole) == slice_checks.SKETCH


SLICES = [(path, {}) for path in sorted(DEMO.glob("*.h5ad"))]
HOMOLOGS = REAL / "genes" / "mouse_human_homologs.txt"
REAL_SLICES = [
    (REAL / "slices" / "mouse_olfactory_bulb.h5ad", {"species": "mouse", "homologs": HOMOLOGS}),
    (REAL / "slices" / "human_breast_H1.h5ad", {}),
]


def quiet(path, options) -> None:
    account = ledger()
    data = read_slice(path, account, **options)
    slice_checks.check_pattern(data.X, spatial_graph(data.obsm["spatial"], 10, ledger()), account)
    assert account.warnings == []


@pytest.mark.parametrize(("path", "options"), SLICES, ids=lambda value: getattr(value, "stem", ""))
def test_slices_of_the_demo_raise_no_alarm(path, options):
    quiet(path, options)


@needs_real
@pytest.mark.parametrize(("path", "options"), REAL_SLICES, ids=lambda value: getattr(value, "stem", ""))
def test_real_slices_raise_no_alarm(path, options):
    quiet(path, options)
