"""Scientific traps: each is caught and said; good data, real and simulated, gives no false alarm."""

from __future__ import annotations

import itertools

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from conftest import REAL, ROOT, needs_real, refused
from corpus import gwas, slice_files
from regression_study import make_reference, make_trait
from sumstats_fixture import VOCABULARY, reference_file
from test_panel import write_panel
from traitmap import report_traps, slice_checks
from traitmap.embedding_graph import spatial_graph
from traitmap.errors import InputError
from traitmap.gene_windows import read_genes
from traitmap.genome_builds import BUILDS, build_problem, count_builds, landmarks
from traitmap.ledger import Ledger
from traitmap.link_snps_to_genes import Settings, link_panel
from traitmap.regression import prepare
from traitmap.slices import read_slice
from traitmap.sumstats import harmonize
from traitmap.sumstats_qc import FrequencyFit

DEMO = ROOT / "assets" / "demo"


def ledger() -> Ledger:
    return Ledger("test", "subject")


# --- genome builds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "kind"), itertools.product(BUILDS, ("SNP", "gene")))
def test_landmarks_tell_their_build(build, kind):
    known = landmarks(kind)
    other = next(name for name in BUILDS if name != build)
    found = count_builds(kind, known.index, known["chr"], known[build])
    assert found == {build: len(known), other: 0}
    assert build_problem("file", kind, known.index, known["chr"], known[build], build) is None
    said = build_problem("file", kind, known.index, known["chr"], known[build], other)
    assert said.startswith(f"file: is of genome build {build} ({len(known)} of {len(known)}")
    assert build_problem("file", kind, known.index[:4], known["chr"][:4], known[build][:4], other) is None


def landmark_files(folder, panel: str, genes: str) -> None:
    """A panel of chromosome 1's landmark SNPs, and its landmark genes, by the named builds."""
    snps, places = (landmarks(kind).query("chr == 1") for kind in ("SNP", "gene"))
    snps = snps.sort_values(panel)
    counts = np.random.default_rng(0).binomial(2, 0.4, (len(snps), 20))
    cm = np.arange(1.0, len(snps) + 1)
    write_panel(folder, counts, "p.1", sid=snps.index.tolist(), bp_position=snps[panel].to_numpy(), cm_position=cm)
    rows = [f"{name} 1 {start} {start + 9000} + {name}\n" for name, start in places[genes].items()]
    (folder / "genes.loc").write_text("".join(rows))
    (folder / "snps.txt").write_text("\n".join(snps.index))


@pytest.mark.parametrize(
    ("panel", "genes", "named"),
    [
        ("GRCh38", "GRCh37", "p.1.bed: is of genome build GRCh38"),
        ("GRCh37", "hg38", "genes.loc: is of genome build GRCh38"),
    ],
)
def test_panel_and_genes_of_another_build_are_refused(tmp_path, panel, genes, named):
    landmark_files(tmp_path, panel, "GRCh38" if genes == "hg38" else genes)
    text = refused(
        "link_snps_to_genes.py", "--panel", tmp_path / "p.{chr}", "--genes", tmp_path / "genes.loc",
        "--snps", tmp_path / "snps.txt", "--chromosomes", 1, "--out", tmp_path / "out.h5ad",
    )  # fmt: skip
    assert named in text
    assert not (tmp_path / "out.h5ad").exists()


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_panel_and_genes_of_the_declared_build_are_taken(tmp_path, build):
    landmark_files(tmp_path, build, build)
    files = (str(tmp_path / "p.{chr}"), tmp_path / "genes.loc", str(tmp_path / "snps.txt"), [1])
    ((_, reference),) = link_panel(*files, Settings(genome_build=build))
    assert reference.weights.shape[0] > 40


# --- summary statistics -------------------------------------------------------------------------------------------


def harmonized(tmp_path, data: pd.DataFrame, **reference) -> Ledger:
    """The account of a GWAS against a reference of its SNPs."""
    gwas.write(tmp_path, data)
    truth = gwas.table().rename(columns={"CHR": "chr", "BP": "bp", "A1": "a1", "A2": "a2"}).set_index("SNP")
    path = reference_file(tmp_path / "reference.h5ad", truth)
    if reference:
        held = anndata.read_h5ad(path)
        held.obs["MAF"] = pd.Series(reference["maf"], index=truth.index).reindex(held.obs_names).to_numpy()
        held.uns["panel_people"] = reference["people"]
        held.write_h5ad(path)
    return harmonize(tmp_path / "gwas.tsv", "trait", VOCABULARY, path)[1]


def warned(account: Ledger, words: str) -> bool:
    return any(words in text for text in account.warnings)


@pytest.mark.parametrize(("apart", "says"), [(0.0, False), (0.02, False), (0.1, True)])
def test_another_ancestry_shows_in_allele_frequencies(tmp_path, apart, says):
    rng = np.random.default_rng(0)
    data = gwas.table()
    frequency = data["FRQ"].to_numpy(float)
    maf = np.clip(np.minimum(frequency, 1 - frequency) + rng.choice([-1, 1], len(data)) * apart, 0.0, 0.5)
    account = harmonized(tmp_path, data, maf=maf, people=500)
    assert warned(account, "allele frequencies differ from the reference's panel") is says
    assert account.facts["mean_frequency_difference"] == pytest.approx(apart, abs=0.03)


def test_frequencies_of_a_small_panel_may_differ_by_chance():
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.05, 0.5, 5000)
    of_few = rng.binomial(2 * 8, truth) / 16
    fit = FrequencyFit()
    fit.add(truth, np.minimum(of_few, 1 - of_few))
    assert fit.warning(people=8) is None
    assert "ancestry" in fit.warning(people=20_000)


def test_other_alleles_than_the_reference_are_told(tmp_path):
    data = gwas.table()
    transition = np.array([{a, b} in ({"A", "G"}, {"C", "T"}) for a, b in zip(data["A1"], data["A2"], strict=True)])
    wrong = transition & (np.arange(len(data)) % 8 == 0)
    data.loc[wrong, ["A1", "A2"]] = ["A", "C"]
    assert warned(harmonized(tmp_path, data), "have other alleles there")
    data.loc[transition, ["A1", "A2"]] = ["A", "C"]
    data.loc[~transition, ["A1", "A2"]] = ["A", "G"]
    data.loc[:9, ["A1", "A2"]] = gwas.table().loc[:9, ["A1", "A2"]]
    with pytest.raises(InputError, match="has other alleles than the reference in 390 of 400 SNPs"):
        harmonized(tmp_path, data)


def test_effects_of_the_other_allele_are_told(tmp_path):
    data = gwas.table()
    z = data["BETA"].astype(float) / 0.02
    assert not warned(harmonized(tmp_path, data.assign(Z=z)), "opposite")
    some = z.where(np.arange(len(z)) % 10 > 0, -z)
    assert warned(harmonized(tmp_path, data.assign(Z=some)), "Z and BETA point in opposite directions in")
    with pytest.raises(InputError, match="Z and BETA point in opposite directions in"):
        harmonized(tmp_path, data.assign(Z=-z))
    odds = np.exp(-data["BETA"].astype(float))
    with pytest.raises(InputError, match="BETA and OR point in opposite directions"):
        harmonized(tmp_path, data.assign(OR=odds))


def test_sample_sizes_that_vary_are_told(tmp_path):
    data = gwas.table()
    assert not warned(harmonized(tmp_path, data), "sample sizes vary")
    data.loc[data.index[::4], "N"] = 20_000
    account = harmonized(tmp_path, data)
    assert warned(account, "sample sizes vary (20000 to 100000): 100 of 400 SNPs have fewer than 66667")


def test_what_is_no_z_is_refused(tmp_path):
    many = pd.concat([gwas.table().assign(SNP=[f"rs{k}{i}" for i in range(gwas.SNPS)]) for k in (5, 6, 7)])
    many["BETA"] = many["BETA"].astype(float) / 50
    gwas.write(tmp_path, many)
    with pytest.raises(InputError, match="mean chi-square of 1200 SNPs is"):
        harmonize(tmp_path / "gwas.tsv", "trait", VOCABULARY)


def test_an_intercept_that_takes_the_inflation_is_told():
    reference = make_reference(snps=4800)
    trait = make_trait(reference)
    genes = reference.genes.index[:-1]
    account = ledger()
    prepare(reference, genes, trait, account)
    assert not warned(account, "intercept is")
    inflated = ledger()
    rng = np.random.default_rng(5)
    z = rng.normal(size=len(trait)) * 1.5  # inflated alike at every LD score
    prepare(reference, genes, trait.assign(Z=z), inflated)
    assert warned(inflated, "the reference's LD explains little of the inflation")
    assert warned(inflated, "SNPs in the regression (LDSC")  # too few SNPs, too


@needs_real
def test_a_real_gwas_with_its_own_panel_raises_no_alarm(tmp_path):
    real = REAL / "panel_1000G_EUR_22x1Mb"
    bim = pd.read_csv(real / "1000G.subset.22.bim", sep=r"\s+", header=None)
    (tmp_path / "snps.txt").write_text("\n".join(bim[1]))
    genes = REAL / "genes" / "NCBI37.3.gene.loc"
    files = (str(real / "1000G.subset.{chr}"), genes, str(tmp_path / "snps.txt"), [22])
    ((_, reference),) = link_panel(*files, Settings())
    from traitmap.reference import write_reference

    write_reference(reference, tmp_path / "reference.h5ad")
    bolt = REAL / "traits" / "bolt_lmm_22x1Mb.txt.gz"
    _, account = harmonize(bolt, "bolt", VOCABULARY, tmp_path / "reference.h5ad", n=300_000)
    assert account.facts["mean_frequency_difference"] < 0.02
    for words in ("allele frequencies", "other alleles", "opposite", "sample sizes vary"):
        assert not warned(account, words), account.warnings


# --- traits against each other ------------------------------------------------------------------------------------


def trait_files(folder, overlap: float, flip: bool = False) -> dict:
    """Two traits without effects whose Z correlate by ``overlap``; the second one's alleles swapped, if ``flip``."""
    rng = np.random.default_rng(7)
    one = rng.normal(size=20_000)
    two = overlap * one + np.sqrt(1 - overlap**2) * rng.normal(size=20_000)
    paths = {}
    for name, z, swap in (("one", one, False), ("two", two, flip)):
        table = pd.DataFrame({"SNP": [f"rs{i}" for i in range(20_000)], "A1": "A", "A2": "C", "Z": z})
        if swap:
            table = table.assign(A1="C", A2="A", Z=-z)
        paths[name] = folder / f"{name}.parquet"
        table.to_parquet(paths[name])
    return paths


@pytest.mark.parametrize(("overlap", "says"), [(0.0, 0), (0.05, 0), (0.4, 1), (-0.4, 1), (1.0, 1)])
def test_overlapping_samples_are_told(tmp_path, overlap, says):
    account = ledger()
    report_traps.check_traits(trait_files(tmp_path, overlap), account)
    assert len(account.warnings) == says
    assert [count["n"] for count in account.counts] == [1, says]


def test_alleles_are_aligned_before_traits_are_compared(tmp_path):
    plain = report_traps.aligned_z(trait_files(tmp_path, 0.4))
    flipped = report_traps.aligned_z(trait_files(tmp_path, 0.4, flip=True))
    pd.testing.assert_frame_equal(plain, flipped)


# --- slices -------------------------------------------------------------------------------------------------------


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


# --- good data ----------------------------------------------------------------------------------------------------

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


@needs_real
def test_real_genes_are_of_their_build():
    genes = read_genes(REAL / "genes" / "NCBI37.3.gene.loc", ledger())
    assert count_builds("gene", genes.index, genes["chr"], genes["start"]) == {"GRCh37": 210, "GRCh38": 0}
