"""What LDSC and traitmap are both given: gene scores and a GWAS on assets/demo, from no random numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from conftest import ROOT

DEMO = ROOT / "assets" / "demo"
PANEL, SNPS, GENES = str(DEMO / "panel" / "panel.{chr}"), str(DEMO / "snps" / "snps.{chr}.txt"), DEMO / "genes.gtf"
CHROMOSOMES = range(1, 7)
N_SPOTS = 5
SPOTS = [f"spot{k}" for k in range(N_SPOTS)]


def gene_scores(genes: pd.Index) -> pd.DataFrame:
    """Genes x spots: specificity scores as they come, 0 for most genes and above 1.7 for the rest."""
    at = np.arange(len(genes))
    scores = {
        spot: np.where((at * (2 * k + 3) + at // 7) % 11 < 2 + k, np.e - 1 + (at * 13 + k) % 17 / 4, 0.0)
        for k, spot in enumerate(SPOTS)
    }
    return pd.DataFrame(scores, index=genes)


def sumstats() -> pd.DataFrame:
    """The demo's causal trait, columns SNP, A1, A2, N, Z; sample sizes made to vary twofold."""
    table = pd.read_csv(DEMO / "causal_trait.sumstats.gz", sep="\t")
    n = 30_000 + 1_000 * (np.arange(len(table)) * 7 % 31)
    z = table["beta"] / table["standard_error"]
    columns = {"SNP": table["rsid"], "A1": table["effect_allele"], "A2": table["other_allele"], "N": n, "Z": z.round(6)}
    return pd.DataFrame(columns)
