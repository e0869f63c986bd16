"""Real and simulated GWAS files against a plain reading of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from conftest import GSMAP, REAL, needs_gsmap, needs_real
from sumstats_fixture import VOCABULARY, check_account
from traitmap.errors import InputError
from traitmap.sumstats import harmonize


@needs_real
def test_schizophrenia_as_it_was_published() -> None:
    path = REAL / "traits" / "schizophrenia_PGC3_100k.tsv.gz"
    table, ledger = harmonize(path, "scz", VOCABULARY)
    check_account(table, ledger)
    raw = pd.read_csv(path, sep="\t").drop_duplicates("RSID").set_index("RSID").loc[table["SNP"]]
    np.testing.assert_allclose(table["Z"], raw["B"] / raw["SE"], rtol=1e-9)
    np.testing.assert_allclose(table["N"], 4 / (1 / raw["CaseN"] + 1 / raw["ControlN"]))
    assert ledger.facts["mean_chi2"] > 1.5
    assert not ledger.warnings


@needs_real
def test_bolt_lmm_as_it_was_published() -> None:
    path = REAL / "traits" / "bolt_lmm_22x1Mb.txt.gz"
    with pytest.raises(InputError, match="no column of the sample size N"):
        harmonize(path, "trait", VOCABULARY)
    table, ledger = harmonize(path, "trait", VOCABULARY, n=337_000)
    check_account(table, ledger)
    raw = pd.read_csv(path, sep="\t").drop_duplicates("SNP").set_index("SNP").loc[table["SNP"]]
    np.testing.assert_allclose(table["Z"] ** 2, raw["CHISQ_BOLT_LMM"], rtol=1e-9, atol=1e-12)
    assert (np.sign(table["Z"].to_numpy()) * np.sign(raw["BETA"].to_numpy()) >= 0).all()


@needs_gsmap
@pytest.mark.parametrize("trait", ["causal", "null"])
def test_ldsc_files_pass_unchanged(trait: str) -> None:
    path = GSMAP / "inputs" / "gwas" / f"{trait}.sumstats.gz"
    table, ledger = harmonize(path, trait, VOCABULARY)
    check_account(table, ledger)
    raw = pd.read_csv(path, sep="\t")
    assert table[["SNP", "A1", "A2", "Z", "N"]].astype(raw.dtypes.to_dict()).equals(raw)
