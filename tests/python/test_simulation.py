"""The simulator: right LD, right GWAS, right counts, and the same bytes for the same seed."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bed_reader import open_bed
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial import cKDTree

from conftest import ROOT, call, refused
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.simulation import Study, simulate_study
from traitmap.simulation_genome import BLOCK, FIRST_BP, place_genes, shares, simulate_blocks, write_panel
from traitmap.simulation_gwas import LAYOUTS, marginal_effects, near_genes, write_sumstats
from traitmap.simulation_slice import count_blocks, plan_tissue, spot_factors
from traitmap.slices import read_slice

DEMO = ROOT / "assets" / "demo"
SMALL = {
    "seed": 7,
    "spots": 240,
    "genes": 213,
    "snps": 6000,
    "chromosomes": (4, 5),
    "people": 150,
    "gwas_people": 3000,
    "gwas_n": 10_000,
    "regions": 4,
    "kb_per_gene": 60.0,
    "depth": 400.0,
    "causal_traits": 12,
    "null_traits": 16,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, Study]:
    folder = tmp_path_factory.mktemp("study") / "out"
    asked = Study(**SMALL)
    return folder, simulate_study(asked, folder), asked


def read_panel(folder: Path, chromosome: int) -> tuple[pd.DataFrame, np.ndarray]:
    with open_bed(folder / "panel" / f"panel.{chromosome}.bed") as bed:
        snps = pd.DataFrame(
            {"CM": bed.cm_position, "BP": bed.bp_position, "A1": bed.allele_1, "A2": bed.allele_2}, index=bed.sid
        )
        return snps, bed.read(dtype="float64", num_threads=1)


def standardised(genotypes: np.ndarray) -> np.ndarray:
    return (genotypes - genotypes.mean(axis=0)) / genotypes.std(axis=0)


def z_of(path: Path) -> pd.DataFrame:
    """Z, N and alleles of a file in any of the layouts; Z counts the effect allele."""
    table = pd.read_csv(path, sep="\t")
    columns = {
        "standard_error": ("rsid", "effect_allele", "other_allele", "n"),
        "T_STAT": ("ID", "A1", "REF", "OBS_CT"),
        "OR": ("SNP", "A1", "A2", None),
    }
    kind = next(name for name in columns if name in table)
    snp, effect, other, n = columns[kind]
    if kind == "OR":
        z, n = np.log(table["OR"]) / table["SE"], table["Nca"] + table["Nco"]
    else:
        z, n = table[["beta", "BETA"][kind == "T_STAT"]] / table[["standard_error", "SE"][kind == "T_STAT"]], table[n]
    return pd.DataFrame(
        {"Z": z.to_numpy(), "N": n.to_numpy(), "A1": table[effect].to_numpy(), "A2": table[other].to_numpy()},
        index=table[snp],
    )


# The panel --------------------------------------------------------------------------------------------------------


def test_panel_and_snp_lists(study):
    folder, truth, asked = study
    total = listed = 0
    for chromosome in asked.chromosomes:
        snps, genotypes = read_panel(folder, chromosome)
        assert genotypes.shape[0] == asked.people
        assert (np.diff(snps["BP"]) > 0).all()
        np.testing.assert_allclose(snps["CM"], snps["BP"] * 1e-6, atol=1e-6)
        frequency = genotypes.mean(axis=0) / 2
        maf = pd.Series(np.minimum(frequency, 1 - frequency), index=snps.index)
        assert maf.min() >= 0.01 - 1e-12
        assert (snps["A1"] != snps["A2"]).all()
        names = (folder / "snps" / f"snps.{chromosome}.txt").read_text().split()
        assert snps.index.isin(names).sum() == len(names) > 0.35 * len(snps)
        assert list(snps.index[snps.index.isin(names)]) == names, "in genomic order"
        assert maf[names].min() >= 0.05
        assert not (snps.loc[names, "A1"] + snps.loc[names, "A2"]).isin(["AT", "TA", "CG", "GC"]).any()
        total, listed = total + len(snps), listed + len(names)
    assert total == truth["panel_snps"] == asked.snps
    assert listed == truth["regression_snps"]


def test_ld_decays_and_stops_between_blocks(study):
    folder, _, asked = study
    close, far, across = [], [], []
    for chromosome in asked.chromosomes:
        snps, genotypes = read_panel(folder, chromosome)
        r2 = (standardised(genotypes).T @ standardised(genotypes) / asked.people) ** 2
        bp = snps["BP"].to_numpy()
        distance = np.abs(bp[:, None] - bp)
        block = (bp - FIRST_BP - 1) // BLOCK
        same = block[:, None] == block
        close.append(r2[same & (distance > 0) & (distance < 5_000)].mean())
        far.append(r2[same & (distance > 500_000)].mean())
        across.append(r2[(block[:, None] + 2) <= block].mean())
    assert np.mean(close) > 0.1
    assert np.mean(far) < 0.03
    np.testing.assert_allclose(across, 1 / (asked.people - 1), rtol=0.05)  # what chance gives


def test_chromosomes_do_not_hang_on_each_other():
    # Chromosome 17 keeps its random stream; only how much of it there is depends on the others.
    few = Study(seed=5, spots=60, genes=73, snps=300, chromosomes=(17,), people=20, gwas_people=100)
    block = next(simulate_blocks(few, 17))
    again = next(simulate_blocks(few, 17))
    np.testing.assert_array_equal(block.panel, again.panel)
    assert block.panel.shape == (len(block.snps), 20)
    other = next(simulate_blocks(Study(**{**few.__dict__, "seed": 6}), 17))
    assert other.panel.shape != block.panel.shape or (other.panel != block.panel).any()


@given(st.integers(0, 10_000), st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_shares_add_up(total, weights):
    parts = shares(total, np.array(weights))
    assert parts.sum() == total
    assert (np.abs(parts - total * np.array(weights) / sum(weights)) < 1).all()


# The GWAS ---------------------------------------------------------------------------------------------------------


def test_marginal_effects_meet_their_definition():
    rng = np.random.default_rng(1)
    haplotypes = (rng.random((40, 600)) < 0.3).astype(np.int8)
    haplotypes[1:] |= haplotypes[:-1]
    gwas = haplotypes[:, ::2] + haplotypes[:, 1::2]
    X = standardised(gwas.T.astype(np.float64))
    R = X.T @ X / 300
    effects, noise = rng.normal(size=(40, 3)), rng.normal(size=(300, 3))
    mean, sampling, explained = marginal_effects(gwas, effects, noise)
    np.testing.assert_allclose(mean, R @ effects, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(explained, np.einsum("jt,jk,kt->t", effects, R, effects), rtol=1e-5)
    np.testing.assert_allclose(sampling, X.T @ noise / np.sqrt(300), rtol=1e-4, atol=1e-4)
    _, sampling, _ = marginal_effects(gwas, np.zeros((40, 20_000)), rng.normal(size=(300, 20_000)))
    np.testing.assert_allclose(sampling @ sampling.T / 20_000, R, atol=0.05)  # 5 SE of a covariance


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 100)), max_size=20),
    st.lists(st.integers(0, 700), min_size=1, max_size=40),
    st.integers(0, 50),
)
def test_near_genes_meets_its_plain_twin(bodies, positions, window):
    genes = pd.DataFrame({"start": [s for s, _ in bodies], "end": [s + n for s, n in bodies]}, dtype=np.int64)
    plain = [any(s - window <= bp <= s + n + window for s, n in bodies) for bp in positions]
    np.testing.assert_array_equal(near_genes(np.array(positions), genes, window), plain)


@pytest.fixture(scope="module")
def ld_scores(study) -> pd.DataFrame:
    """Per SNP: whether ``near`` the causal region's markers, and LD scores with all SNPs and with those near markers.

    LD in the GWAS's people, within blocks, r2 corrected for chance; nearness by a plain loop over markers.
    """
    _, truth, asked = study
    markers = place_genes(asked).loc[truth["markers"][asked.causal_region]]
    tables = []
    for chromosome in asked.chromosomes:
        here = markers[markers["chr"] == str(chromosome)]
        for block in simulate_blocks(asked, chromosome):
            X = standardised(block.gwas.T.astype(np.float64))
            r2 = (X.T @ X / asked.gwas_people) ** 2
            r2 -= (1 - r2) / (asked.gwas_people - 2)
            bp = block.snps["BP"]
            near = np.array([((here["start"] - 50_000 <= at) & (at <= here["end"] + 50_000)).any() for at in bp])
            columns = {"near": near, "l2": r2.sum(axis=1), "l2_near": r2[:, near].sum(axis=1)}
            tables.append(pd.DataFrame(columns, index=block.snps["SNP"]))
    return pd.concat(tables)


def traits_of(truth: dict, kind: str) -> list[str]:
    return [name for name, fact in truth["traits"].items() if fact["kind"] == kind]


def test_null_chi2_follows_ld_scores(study, ld_scores):
    """LDSC on 16 null traits: E[chi2] = 1 + N h2 / M l, so intercept 1, slope N h2 / M."""
    folder, truth, asked = study
    names = traits_of(truth, "uniform")
    assert len(names) == 16
    fits = []
    for name in names:
        table = z_of(folder / f"{name}.sumstats.gz")
        assert 0.95 * asked.snps < len(table) < asked.snps
        signal = table["N"].to_numpy() * asked.heritability / asked.snps * ld_scores.loc[table.index, "l2"].to_numpy()
        weights = 1 / (1 + signal)  # the SD of chi2 is sqrt(2) times its mean
        design = np.column_stack([np.ones(len(table)), signal]) * weights[:, None]
        chi2 = table["Z"].to_numpy() ** 2
        intercept, slope = np.linalg.lstsq(design, chi2 * weights, rcond=None)[0]
        fits.append((intercept, slope, (chi2.mean() - 1) / signal.mean()))
    intercept, slope, mean = np.mean(fits, axis=0)
    errors = np.std(fits, axis=0, ddof=1) / np.sqrt(len(fits))
    assert (errors < (0.12, 0.06, 0.03)).all(), "a test without power"
    # Chance LD among K people adds N h2 / M (SNPs of a block / K), about 0.1 here, to the intercept.
    block = asked.snps * BLOCK / (asked.located_genes * asked.kb_per_gene * 1000)
    extra = asked.gwas_n * asked.heritability / asked.snps * block / asked.gwas_people
    assert abs(intercept - 1 - extra) < 4 * errors[0]
    assert abs(slope - 1) < 4 * errors[1]
    assert abs(mean - 1) < 4 * errors[2] + extra


def test_causal_chi2_follows_enriched_ld_scores(study, ld_scores):
    """12 causal traits: E[chi2] = 1 + N h2 (l + 7 l_near) / (M + 7 M_near), near the markers and far from them."""
    folder, truth, asked = study
    names = traits_of(truth, "causal")
    assert len(names) == 12
    share = ld_scores["near"].mean()
    for name in names:
        fact = truth["traits"][name]
        assert fact["region"] == asked.causal_region
        assert fact["share_of_snps_near"] == pytest.approx(share)
        assert fact["share_of_heritability_near"] == pytest.approx(8 * share / (1 + 7 * share))
    per_unit = asked.heritability / (asked.snps * (1 + 7 * share))
    ratios, higher = [], []
    for name in names:
        table = z_of(folder / f"{name}.sumstats.gz")
        score = ld_scores.loc[table.index]
        signal = table["N"].to_numpy() * per_unit * (score["l2"] + 7 * score["l2_near"]).to_numpy()
        excess, near = table["Z"].to_numpy() ** 2 - 1, score["near"].to_numpy()
        ratios.append((excess[near].mean() / signal[near].mean(), excess[~near].mean() / signal[~near].mean()))
        higher.append(excess[near].mean() / excess[~near].mean())
    errors = np.std(ratios, axis=0, ddof=1) / np.sqrt(len(ratios))
    assert (errors < 0.06).all(), "a test without power"
    assert (np.abs(np.mean(ratios, axis=0) - 1) < 4 * errors + 0.03).all()
    assert np.mean(higher) > 2.5


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_keep_z_n_and_alleles(tmp_path, layout):
    rng = np.random.default_rng(3)
    n = 400
    snps = pd.DataFrame({"CHR": 1, "BP": np.arange(n) + 1, "SNP": [f"rs{i}" for i in range(n)], "A1": "A", "A2": "G"})
    snps["FREQ"] = rng.uniform(0.05, 0.95, n)
    z, size = rng.normal(0, 4, n), np.round(rng.uniform(90_000, 100_000, n))
    write_sumstats(snps, z, size, layout, np.random.default_rng(4), tmp_path / "t.gz")
    table = z_of(tmp_path / "t.gz")
    assert 0.9 * n < len(table) < n, "some SNPs are missing"
    order = [int(name[2:]) for name in table.index]
    assert set(table["A1"]) == {"A", "G"}
    sign = np.where(table["A1"] == "A", 1, -1)
    np.testing.assert_allclose(table["Z"] * sign, z[order], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(table["N"], size[order])


def test_null_kinds_and_enrichments_name_their_traits(tmp_path):
    asked = Study(
        seed=1,
        spots=40,
        genes=113,
        snps=400,
        slices=1,
        regions=2,
        people=20,
        gwas_people=100,
        chromosomes=(22,),
        kb_per_gene=20,
        enrichments=(2.0, 8.0),
        null_kinds=("uniform", "genes", "random_genes"),
    )
    traits = simulate_study(asked, tmp_path / "s")["traits"]
    assert list(traits) == [
        "2_fold_causal_trait",
        "8_fold_causal_trait",
        "uniform_null_trait",
        "genes_null_trait",
        "random_genes_null_trait",
    ]
    shares_near = [fact["share_of_snps_near"] for fact in traits.values()]
    assert shares_near[0] == shares_near[1] > 0 == shares_near[2]
    assert shares_near[3] > shares_near[4] > 0
    assert [fact["enrichment"] for fact in traits.values()] == [2, 8, 1, 1.5, 1.5]


# The slices -------------------------------------------------------------------------------------------------------


def test_slices_hold_regions_markers_and_overdispersed_counts(study):
    folder, truth, asked = study
    for number in (1, 2):
        ledger = Ledger("test", "slice")
        data = read_slice(folder / f"slice_{number}.h5ad", ledger, annotation="annotation")
        assert data.shape == (asked.spots, asked.genes)
        region = data.obs["region"]
        assert region.value_counts().to_dict() == truth["slices"][f"slice_{number}"]["spots"]
        assert set(region) == set(asked.region_names) and region.value_counts().min() >= 0.1 * asked.spots
        totals = np.asarray(data.X.sum(axis=1)).ravel()
        assert 0.75 < np.median(totals) / asked.depth < 1.33
        assert np.std(np.log(totals)) > 0.2, "library sizes vary"
        mitochondrial = data.var_names.str.startswith("MT-")
        assert mitochondrial.sum() == 13
        assert 0.04 < data.X[:, mitochondrial].sum() / totals.sum() < 0.16
        share = pd.DataFrame(data.X.toarray() / totals[:, None], columns=data.var_names)
        for name, markers in truth["markers"].items():
            inside, outside = (
                share.loc[(region == name).to_numpy(), markers],
                share.loc[(region != name).to_numpy(), markers],
            )
            assert inside.to_numpy().mean() > 1.6 * outside.to_numpy().mean()
        # Regions hang together: nearly all spots of one are reached from each other over neighbouring spots of it.
        pairs = cKDTree(data.obsm["spatial"]).query_pairs(130, output_type="ndarray")
        same = pairs[(region.iloc[pairs[:, 0]].to_numpy() == region.iloc[pairs[:, 1]].to_numpy())]
        graph = sparse.coo_matrix((np.ones(len(same)), same.T), shape=(asked.spots, asked.spots))
        _, part = sparse.csgraph.connected_components(graph, directed=False)
        for name in asked.region_names:
            sizes = np.bincount(part[(region == name).to_numpy()])
            assert sizes.max() >= 0.9 * sizes.sum()


def test_counts_are_negative_binomial_around_their_means():
    asked = Study(seed=2, spots=4000, genes=53, snps=100, chromosomes=(1,), regions=2, depth=500, marker_share=0.1)
    tissue = plan_tissue(asked, place_genes(asked))
    factors, _, _, depth = spot_factors(asked, tissue, 1)
    factors, depth = np.repeat(factors[:1], 4000, axis=0), np.full(4000, 500.0)
    counts = sparse.vstack(list(count_blocks(asked, tissue, 1, factors, depth))).toarray().astype(np.float64)
    mean = counts.mean(axis=0)
    assert abs(mean.sum() - 500) < 10
    high = mean > 2
    assert high.sum() >= 10
    expected = mean + mean**2 / tissue.sizes
    np.testing.assert_allclose(counts.var(axis=0)[high], expected[high], rtol=0.25)


# The whole ---------------------------------------------------------------------------------------------------------


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


TINY = (
    "--spots 60 --genes 113 --snps 600 --regions 3 --people 30 --gwas-people 200 --chromosomes 21-22 --kb-per-gene 50"
)


def test_same_seed_same_bytes_whatever_the_threads(tmp_path):
    asked = Study(
        seed=11,
        spots=60,
        genes=113,
        snps=600,
        regions=3,
        people=30,
        gwas_people=200,
        chromosomes=(21, 22),
        kb_per_gene=50.0,
    )
    simulate_study(asked, tmp_path / "one")
    call("simulate_study.py", "--out", tmp_path / "two", "--seed", 11, "--threads", 2, *TINY.split())
    one, two = files_of(tmp_path / "one"), files_of(tmp_path / "two")
    assert list(one) == list(two)
    assert [name for name in one if one[name] != two[name]] == []
    sheet = list(csv.DictReader((tmp_path / "one" / "slices.csv").open()))
    assert [row["slice"] for row in sheet] == ["slice_1", "slice_2"]
    assert all((tmp_path / "one" / row["h5ad"]).is_file() and row["group"] for row in sheet)
    sheet = list(csv.DictReader((tmp_path / "one" / "traits.csv").open()))
    assert [row["trait"] for row in sheet] == ["causal_trait", "null_trait"]
    assert all((tmp_path / "one" / row["sumstats"]).is_file() for row in sheet)


def test_mistakes_are_told_at_once(tmp_path):
    lines = refused("simulate_study.py", "--out", tmp_path / "x", "--seed", 1, "--snps", 3, "--causal-region", "Liver")
    assert "--snps 3" in lines and "Liver" in lines and "Hippocampus" in lines
    assert "1,6,20-22" in refused("simulate_study.py", "--out", tmp_path / "x", "--seed", 1, "--chromosomes", "one")
    assert not (tmp_path / "x").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for out, why in ((tmp_path / "full", "not an empty folder"), (tmp_path / "no" / "x", "does not exist")):
        with pytest.raises(InputError, match=why):
            simulate_study(Study(**SMALL), out)
    with pytest.raises(InputError, match="Mb"):
        place_genes(Study(seed=1, genes=9000, chromosomes=(21,)))
    with pytest.raises(InputError, match="each once"):
        Study(seed=1, chromosomes=(0, 23))


# The demo ----------------------------------------------------------------------------------------------------------


def demo_study() -> Study:
    parameters = json.loads((DEMO / "truth.json").read_text())["parameters"]
    return Study(**{key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()})


def test_demo_is_whole_and_small():
    assert sum(len(data) for data in files_of(DEMO).values()) < 10_000_000
    asked = demo_study()
    for sheet, column in (("slices.csv", "h5ad"), ("traits.csv", "sumstats")):
        for row in csv.DictReader((DEMO / sheet).open()):
            assert (DEMO / row[column]).is_file()
    for chromosome in asked.chromosomes:
        assert (DEMO / "panel" / f"panel.{chromosome}.bed").is_file()
    for name in ("causal_trait", "null_trait"):
        with gzip.open(DEMO / f"{name}.sumstats.gz", "rb") as text:
            assert len(text.read().splitlines()) > 0.95 * asked.snps


def test_demo_is_what_its_parameters_make(tmp_path):
    """The smallest chromosome's panel, to the byte; what passes through exp or BLAS, to its last digits."""
    asked = demo_study()
    chromosome = max(asked.chromosomes)
    blocks = list(simulate_blocks(asked, chromosome))
    snps = pd.concat([block.snps for block in blocks], ignore_index=True)
    write_panel(asked, snps, np.concatenate([block.panel for block in blocks]), tmp_path / "panel")
    for suffix in ("bed", "bim", "fam"):
        made, stored = tmp_path / f"panel.{suffix}", DEMO / "panel" / f"panel.{chromosome}.{suffix}"
        assert made.read_bytes() == stored.read_bytes(), stored
    tissue = plan_tissue(asked, place_genes(asked))
    factors, _, coordinates, depth = spot_factors(asked, tissue, 1)
    counts = sparse.vstack(list(count_blocks(asked, tissue, 1, factors, depth)))
    stored = read_slice(DEMO / "slice_1.h5ad", Ledger("test", "demo"), annotation="annotation")
    np.testing.assert_allclose(stored.obsm["spatial"], coordinates, atol=0.011)
    different = (stored.X != counts).nnz
    assert different <= 5, "rounding may move a count, not more"


def test_study_needs_no_numpy_to_start():
    """The threads of BLAS can be set only before numpy is loaded."""
    import subprocess
    import sys

    code = "import sys; sys.path.insert(0, 'bin'); import simulate_study; sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, env={**os.environ})
    assert done.returncode == 0
