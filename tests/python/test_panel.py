"""PLINK panels: what is read, counted and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bed_reader import open_bed, to_bed
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from conftest import REAL, needs_real
from traitmap.errors import InputError
from traitmap.genetic_map import genetic_positions, interpolate, read_genetic_map
from traitmap.ledger import Ledger
from traitmap.panel import count_genotypes, find_panel, read_panel

MISSING = -127


def write_panel(folder: Path, genotypes: np.ndarray, name: str = "p", **properties) -> Path:
    """A PLINK panel of ``genotypes`` (SNPs, people), all on chromosome 1 unless told otherwise."""
    n = len(genotypes)
    columns = {
        "chromosome": ["1"] * n,
        "sid": [f"rs{i}" for i in range(n)],
        "bp_position": np.arange(1, n + 1) * 100,
        "cm_position": np.arange(1, n + 1) / 10,
        "allele_1": ["A"] * n,
        "allele_2": ["G"] * n,
    }
    to_bed(folder / f"{name}.bed", genotypes.T.astype(np.int8), properties={**columns, **properties})
    return folder / f"{name}.bed"


def counts(ledger: Ledger) -> dict[str, int]:
    return {count["what"]: count["n"] for count in ledger.counts}


def twin_standardized(genotypes: np.ndarray) -> np.ndarray:
    """Mean-imputed, centred, squares summing to 1; float64."""
    x = genotypes.astype(np.float64)
    x[genotypes == MISSING] = np.nan
    x = np.where(np.isnan(x), np.nanmean(x, axis=1, keepdims=True), x)
    x -= x.mean(axis=1, keepdims=True)
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


@given(arrays(np.int8, st.tuples(st.integers(1, 9), st.integers(3, 14)), elements=st.sampled_from([0, 1, 2, MISSING])))
@settings(max_examples=30, deadline=None)
def test_counts_in_packed_bytes_equal_bed_readers_genotypes(tmp_path_factory, genotypes):
    bed = write_panel(tmp_path_factory.mktemp("panel"), genotypes)
    with open_bed(bed) as file:
        np.testing.assert_array_equal(file.read(dtype="int8").T, genotypes)
    for first, last in ((0, len(genotypes)), (len(genotypes) // 2, len(genotypes))):
        found = count_genotypes(bed, genotypes.shape[1], first, last)
        for held, code in ((found.two, 2), (found.one, 1), (found.none, 0), (found.missing, MISSING)):
            np.testing.assert_array_equal(held, (genotypes[first:last] == code).sum(axis=1))
        x = np.where(genotypes[first:last] == MISSING, np.nan, genotypes[first:last].astype(float))
        for snp, mean, sd in zip(x, found.mean(), found.sd(), strict=True):
            seen = snp[~np.isnan(snp)]
            assert np.isnan(mean) if not len(seen) else mean == pytest.approx(seen.mean())
            filled = np.where(np.isnan(snp), mean, snp)
            assert sd == pytest.approx(np.std(filled) if len(seen) else 0.0, abs=1e-7)
            assert (sd == 0) == (len(set(seen)) <= 1)


def test_genotypes_are_standardized_with_missing_at_the_mean(tmp_path):
    rng = np.random.default_rng(1)
    genotypes = rng.binomial(2, 0.4, (30, 41)).astype(np.int8)
    genotypes[rng.random(genotypes.shape) < 0.1] = MISSING
    genotypes[0] = [1, 2, *[MISSING] * 39]
    ledger = Ledger("", "")
    panel = read_panel(write_panel(tmp_path, genotypes), 1, ledger)
    np.testing.assert_allclose(panel.read_standardized()(0, 30), twin_standardized(genotypes), atol=3e-7)
    assert counts(ledger)["with missing genotypes (set to the SNP's mean)"] == (genotypes == MISSING).any(axis=1).sum()


def test_snps_that_cannot_be_used_are_counted(tmp_path):
    rng = np.random.default_rng(3)
    genotypes = rng.binomial(2, 0.5, (9, 20)).astype(np.int8)
    genotypes[0] = 1  # all heterozygous
    genotypes[1] = 2
    genotypes[2] = [0] * 10 + [MISSING] * 10
    genotypes[3] = MISSING
    panel_ids = ["rs0", "rs1", "rs2", "rs3", "rs4", ".", ".", "rs4", "rsX"]
    bed = write_panel(
        tmp_path, genotypes, sid=panel_ids, chromosome=["1"] * 8 + ["X"], bp_position=[5, 6, 7, 8, 90, 70, 80, 91, 1]
    )
    ledger = Ledger("", "")
    panel = read_panel(bed, 1, ledger)
    assert panel.snps["SNP"].tolist() == [".", ".", "rs4"]
    assert panel.snps["BP"].tolist() == [70, 80, 90]
    assert set(panel.constant) == {"rs0", "rs1", "rs2", "rs3"}
    np.testing.assert_allclose(panel.read_standardized()(0, 3), twin_standardized(genotypes[[5, 6, 4]]), atol=3e-7)
    found = counts(ledger)
    assert found["read"] == 9
    assert found["on another chromosome"] == 1
    assert found["SNP id seen before in the panel"] == 1
    assert found["without an id"] == 2
    assert found["out of order in the .bim (sorted)"] == 1
    assert found["same genotype in all people"] == 4
    assert found["used"] == 3


def spoil_magic(bed: Path) -> None:
    bed.write_bytes(b"\0" + bed.read_bytes()[1:])


def spoil_order(bed: Path) -> None:
    bed.write_bytes(b"\x6c\x1b\0" + bed.read_bytes()[3:])


def cut_bed(bed: Path) -> None:
    bed.write_bytes(bed.read_bytes()[:-2])


def cut_bim(bed: Path) -> None:
    bim = bed.with_suffix(".bim")
    bim.write_text("".join(bim.read_text().splitlines(keepends=True)[:-1]))


def lose_column(bed: Path) -> None:
    bim = bed.with_suffix(".bim")
    bim.write_text("".join("\t".join(line.split()[:5]) + "\n" for line in bim.read_text().splitlines()))


def spoil_position(bed: Path) -> None:
    bim = bed.with_suffix(".bim")
    bim.write_text(bim.read_text().replace("\t300\t", "\t3e2.1\t"))


def spoil_cm(bed: Path) -> None:
    bim = bed.with_suffix(".bim")
    bim.write_text(bim.read_text().replace("\t0.2\t", "\tNA\t"))


def empty_fam(bed: Path) -> None:
    bed.with_suffix(".fam").write_text("\n\n")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (spoil_magic, "does not begin as a PLINK 1 .bed"),
        (spoil_order, "ordered by people"),
        (cut_bed, "truncated"),
        (cut_bim, "belong to another .bed"),
        (lose_column, "5 columns instead of six"),
        (spoil_position, "row 3: '3e2.1' is not a position"),
        (spoil_cm, "row 2: 'NA' is not a number of centimorgans"),
        (empty_fam, "lists 0 people"),
    ],
)
def test_damaged_panels_are_refused(tmp_path, spoil, complaint):
    bed = write_panel(tmp_path, np.tile(np.int8([0, 1, 2, 1, 0]), (4, 1)))
    spoil(bed)
    with pytest.raises(InputError, match=complaint) as error:
        read_panel(bed, 1, Ledger("", ""))
    assert len(error.value.problems) == 1


def test_a_panel_of_another_chromosome_is_refused(tmp_path):
    bed = write_panel(tmp_path, np.tile(np.int8([0, 1, 2]), (2, 1)), chromosome=["chr6", "chr6"])
    assert len(read_panel(bed, 6, Ledger("", "")).snps) == 2
    with pytest.raises(InputError, match="no SNP on chromosome 5, only on chr6"):
        read_panel(bed, 5, Ledger("", ""))


def test_all_missing_files_are_told_at_once(tmp_path):
    for chromosome in (1, 3, 7):
        write_panel(tmp_path, np.tile(np.int8([0, 1, 2]), (2, 1)), f"p.{chromosome}")
    (tmp_path / "p.7.fam").unlink()
    found, problems = find_panel(str(tmp_path / "p.{chr}"), [1, 2, 3, 4, 5, 7])
    assert sorted(found) == [1, 3, 7]
    assert len(problems) == 2
    assert "no file for chromosomes 2, 4-5" in problems[0]
    assert "p.7.fam: no such file" in problems[1]


def test_genetic_positions(tmp_path):
    position = np.array([1_000_000, 2_000_000, 5_000_000])
    ledger = Ledger("", "")
    np.testing.assert_array_equal(genetic_positions(position, np.zeros(3), 1, None, ledger), [1, 2, 5])
    assert "1 Mb is taken as 1 cM" in ledger.warnings[0]
    ledger = Ledger("", "")
    np.testing.assert_array_equal(genetic_positions(position, np.array([1.0, 3.0, 0.0]), 1, None, ledger), [1, 3, 3])
    assert counts(ledger) == {"cM below an earlier SNP's (raised to it)": 1}
    assert not ledger.warnings
    np.testing.assert_allclose(interpolate(position, np.array([1.5e6, 2.5e6]), np.array([0.0, 4.0])), [-0.5, 2, 6.5])


@pytest.mark.parametrize(
    "text",
    [
        "position COMBINED_rate(cM/Mb) Genetic_Map(cM)\n100 9 1.5\n200 9 2.5\n",
        "Chromosome\tPosition(bp)\tRate(cM/Mb)\tMap(cM)\nchr2\t100\t7\t8\nchr3\t100\t9\t1.5\nchr3\t200\t9\t2.5\n",
        "chr position COMBINED_rate(cM/Mb) Genetic_Map(cM)\n3 100 9 1.5\n3 200 9 2.5\n4 100 9 0\n",
        "3 rs1 1.5 100\n3 rs2 2.5 200\n",
        "pos,cM\n100,1.5\n200,2.5\n",
        "100 1.5\n200 2.5\n",
    ],
)
def test_genetic_maps_of_every_layout(tmp_path, text):
    path = tmp_path / "map"
    path.write_text(text)
    position, cm = read_genetic_map(path, 3)
    assert position.tolist() == [100, 200]
    assert cm.tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("100 1.5\n", "has 1 points on chromosome 3"),
        ("position cM\n100 1\n200 x\n", "row 3: position or cM is not a number"),
        ("100 3\n200 1\n", "cM falls at position 200"),
        ("a b\n100 1\n200 2\n", "names no position or no cM"),
        ("1 2 3 4 5\n1 2 3 4 6\n", "5 columns and no header"),
        ("1 2\n1\n", "equally long rows"),
    ],
)
def test_bad_genetic_maps_are_refused(tmp_path, text, complaint):
    path = tmp_path / "map"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_genetic_map(path, 3)


@needs_real
def test_real_panel():
    ledger = Ledger("", "")
    panel = read_panel(REAL / "panel_1000G_EUR_22x1Mb" / "1000G.subset.22.bed", 22, ledger)
    assert (panel.people, len(panel.snps)) == (489, 2608)
    z = panel.read_standardized()(0, 200).astype(np.float64)
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-7)
    np.testing.assert_allclose((z**2).sum(axis=1), 1, atol=1e-5)
