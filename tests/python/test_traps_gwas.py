"""Traps of one GWAS: ancestry, alleles, signs, sample sizes, what is no Z; good data gives no false alarm."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from conftest import REAL, needs_real
from corpus import gwas
from regression_study import make_reference, make_trait
from sumstats_fixture import VOCABULARY, reference_file
from traitmap.errors import InputError
from traitmap.ledger import Ledger
from traitmap.link_snps_to_genes import Settings, link_panel
from traitmap.reference import write_reference
from traitmap.regression import prepare
from traitmap.sumstats import harmonize
from traitmap.sumstats_qc import FrequencyFit

PAIRS = {"A": "T", "C": "G", "G": "C", "T": "A"}


def ledger() -> Ledger:
    return Ledger("test", "subject")


def harmonized(tmp_path, data: pd.DataFrame, **frequencies: np.ndarray) -> Ledger:
    """The account of a GWAS against a reference of its SNPs; ``frequencies`` of a panel of 500, by column."""
    gwas.write(tmp_path, data)
    truth = gwas.table().rename(columns={"CHR": "chr", "BP": "bp", "A1": "a1", "A2": "a2"}).set_index("SNP")
    path = reference_file(tmp_path / "reference.h5ad", truth)
    held = anndata.read_h5ad(path)
    for column, values in frequencies.items():
        held.obs[column] = pd.Series(values, index=truth.index).reindex(held.obs_names).to_numpy()
        held.uns["panel_people"] = 500
    if "A1_FREQ" in frequencies:  # given for the GWAS's A1; half of the reference's alleles are swapped
        own = truth["a1"].reindex(held.obs_names)
        swapped = (own != held.obs["A1"]) & (own.map(PAIRS) != held.obs["A1"])
        held.obs["A1_FREQ"] = np.where(swapped, 1 - held.obs["A1_FREQ"], held.obs["A1_FREQ"])
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
    account = harmonized(tmp_path, data, MAF=maf)
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


def swap_alleles(data: pd.DataFrame, some: np.ndarray) -> pd.DataFrame:
    """Effect and other allele swapped in some rows, effect and frequency as they were: signs are inverted there."""
    return data.assign(A1=data["A1"].where(~some, data["A2"]), A2=data["A2"].where(~some, data["A1"]))


@pytest.mark.parametrize(("share", "says"), [(0.0, False), (0.05, False), (0.5, True), (1.0, True)])
def test_inverted_signs_show_in_the_frequencies_of_the_effect_allele(tmp_path, share, says):
    data = gwas.table()
    panel = np.clip(data["FRQ"].to_numpy(float) + np.random.default_rng(2).normal(0, 0.03, len(data)), 0.01, 0.99)
    data = swap_alleles(data, np.arange(len(data)) % 20 < 20 * share)
    account = harmonized(tmp_path, data, A1_FREQ=panel)
    assert account.facts["frequencies_of_the_other_allele"] == pytest.approx(share, abs=0.05)
    assert warned(account, "is the frequency of the other allele in") is says
    assert warned(account, "FRQ tell the other allele's?") is says


def test_frequencies_of_the_minor_allele_say_nothing_of_signs(tmp_path):
    data = gwas.table()
    frequency = data["FRQ"].to_numpy(float)
    account = harmonized(tmp_path, data.assign(FRQ=np.minimum(frequency, 1 - frequency)), A1_FREQ=frequency)
    assert account.facts["frequencies_of_the_other_allele"] > 0.3
    assert not warned(account, "other allele")
    older = harmonized(tmp_path, swap_alleles(data, np.full(len(data), True)))  # a reference that tells none
    assert "frequencies_of_the_other_allele" not in older.facts and not warned(older, "other allele")


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
    write_reference(reference, tmp_path / "reference.h5ad")
    bolt = REAL / "traits" / "bolt_lmm_22x1Mb.txt.gz"
    _, account = harmonize(bolt, "bolt", VOCABULARY, tmp_path / "reference.h5ad", n=300_000)
    assert account.facts["mean_frequency_difference"] < 0.02
    assert account.facts["frequencies_of_the_other_allele"] == 0
    for words in ("allele frequencies", "other allele", "opposite", "sample sizes vary"):
        assert not warned(account, words), account.warnings
