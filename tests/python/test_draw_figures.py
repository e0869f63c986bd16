"""The figures as files: every association, every format, same bytes again, and names that would upset a renderer."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from conftest import call, refused
from report_fixture import Study, write_results
from traitmap.draw_figures import FIGURES, draw_figures
from traitmap.manhattan import best_snps, thinned

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
HOSTILE = Study(
    slices=("$x_1$ <b>",),
    traits=("a & b",),
    regions=("<script>alert(1)</script>", "$\\frac{1}", "x" * 200, "漢字"),
    spots=120,
    snps=400,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    study = Study(slices=("a",), traits=("t", "u"), spots=150, snps=600)
    return write_results(tmp_path_factory.mktemp("run") / "results", study)


def test_every_association_gets_every_figure_and_format(results, tmp_path):
    call("draw_figures.py", "--results", results, "--out", tmp_path)
    for trait in ("t", "u"):
        folder = tmp_path / "associations" / "a" / trait / "figures"
        assert {path.name for path in folder.iterdir()} == {f"{name}.{kind}" for name in FIGURES for kind in STARTS}
        for path in folder.iterdir():
            assert path.read_bytes().startswith(STARTS[path.suffix[1:]]), path


def test_text_stays_text_and_names_the_findings(results, tmp_path):
    draw_figures(results, tmp_path, formats=("svg",))
    folder = tmp_path / "associations" / "a" / "t" / "figures"
    texts = {name: " ".join(ElementTree.parse(folder / f"{name}.svg").getroot().itertext()) for name in FIGURES}
    regions = pd.read_csv(results / "associations" / "a" / "t" / "regions.tsv", sep="\t")
    for region, spots in zip(regions["region"], regions["n_spots"], strict=True):
        assert f"{region} ({spots})" in texts["regions"]
        assert region in texts["map"]
    first = pd.read_csv(results / "associations" / "a" / "t" / "genes.tsv", sep="\t")["gene"].head(6)
    assert all(gene in texts["genes"] for gene in first)
    assert "(above), expression (below)" in texts["genes"]
    assert "149 spots" in texts["qq"]  # one of 150 has no P


def test_same_bytes_again(results, tmp_path):
    for name in ("one", "two"):
        draw_figures(results, tmp_path / name)
    for path in sorted((tmp_path / "one").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path.name


def test_names_are_text(tmp_path):
    folder = write_results(tmp_path / "results", HOSTILE)
    draw_figures(folder, folder, formats=("svg", "png"))
    texts = "".join(ElementTree.parse(folder / "associations/$x_1$ <b>/a & b/figures/map.svg").getroot().itertext())
    assert "<script>alert(1)</script>"[:25] in texts
    assert "漢字" in texts
    assert "a & b in $x_1$ <b>" in texts


def test_what_is_missing_is_left_out(results, tmp_path):
    import shutil

    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    shutil.rmtree(folder / "traits")
    for name in ("genes.tsv", "regions.tsv"):
        (folder / "associations" / "a" / "t" / name).unlink()
    draw_figures(folder, folder, formats=("png",))
    made = {path.name for path in (folder / "associations" / "a" / "t" / "figures").iterdir()}
    assert made == {"map.png", "qq.png"}


def test_mistakes_are_one_line(results, tmp_path):
    assert "--formats: gif; choose from png, svg, pdf" in refused(
        "draw_figures.py", "--results", results, "--formats", "png,gif", "--out", tmp_path
    )
    (tmp_path / "empty").mkdir()
    assert "is it the outdir of a run?" in refused("draw_figures.py", "--results", tmp_path / "empty")


def test_the_best_snp_of_a_gene_is_that_of_a_plain_search():
    rng = np.random.default_rng(5)
    chromosome = np.sort(rng.integers(1, 4, 500))
    position = np.concatenate([np.sort(rng.integers(1, 3_000_000, (chromosome == c).sum())) for c in (1, 2, 3)])
    log_p = rng.exponential(size=500)
    start = rng.integers(1, 2_900_000, 30)
    places = pd.DataFrame({"chr": rng.integers(1, 5, 30), "start": start, "end": start + 20_000})
    places.index = [f"G{i}" for i in range(30)]
    found = {gene: rest for gene, *rest in best_snps([*places.index, "absent"], places, chromosome, position, log_p)}
    for gene, (chr_, first, last) in places.iterrows():
        near = (chromosome == chr_) & (position >= first - 50_000) & (position <= last + 50_000)
        if not near.any():
            assert gene not in found
            continue
        best = np.flatnonzero(near)[np.argmax(log_p[near])]
        assert found[gene] == [chr_, position[best], log_p[best]]


def test_thinning_keeps_the_strongest():
    log_p = np.random.default_rng(1).exponential(size=5000)
    keep = thinned(log_p, 200)
    assert len(keep) <= 200 and (np.diff(keep) > 0).all()
    assert set(np.argsort(log_p)[-100:]) <= set(keep)
    assert len(thinned(log_p, 6000)) == 5000
