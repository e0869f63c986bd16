"""From raw results to the numbers of calibration and power; tables in, tables out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

TESTS = {
    "cauchy": "Cauchy",
    "cauchy_gsmap": "Cauchy, outlier rule",
    "mean": "region mean",
    "contrast": "region contrast",
}
KINDS = {"uniform": "uniform", "genes": "near all genes", "random_genes": "near random genes"}
ALL = "all"
OF = ["configuration", "weights"]
ALPHA = 0.05


def read_results(folder: Path, table: str) -> pd.DataFrame:
    """All raw results of ``spots`` or ``regions``, in order of chunk and configuration."""
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob(f"*/*.{table}.parquet"))], ignore_index=True)


def long_p(regions: pd.DataFrame) -> pd.DataFrame:
    """One row a region and test: columns test and p beside what the result is about."""
    about = [*OF, "trait", "kind", "enrichment", "region", "causal"]
    return regions.melt(about, list(TESTS), var_name="test", value_name="p")


def share_and_se(hits: pd.Series, traits: pd.Series) -> tuple[float, float]:
    """Share of hits, and its standard error with traits as the independent units: tests of one trait are not."""
    by_trait = hits.groupby(traits.to_numpy()).agg(["sum", "size"])
    share = by_trait["sum"].sum() / by_trait["size"].sum()
    n = len(by_trait)
    spread = by_trait["sum"] - share * by_trait["size"]
    se = np.sqrt(n / (n - 1) * np.sum(spread**2)) / by_trait["size"].sum() if n > 1 else np.nan
    return float(share), float(se)


def null_spots(spots: pd.DataFrame) -> pd.DataFrame:
    """Per configuration, weights and null kind (and all, ``ALL``): traits, shares of spots below P thresholds and
    genomic inflation, over traits."""
    null = spots[spots["kind"].isin(KINDS)]
    null = pd.concat([null, null.assign(kind=ALL)])
    return null.groupby([*OF, "kind"], sort=False).agg(
        traits=("trait", "nunique"),
        mean_chi2=("mean_chi2", "mean"),
        share_05=("share_05", "mean"),
        share_05_sem=("share_05", "sem"),
        share_05_min=("share_05", "min"),
        share_05_max=("share_05", "max"),
        share_001=("share_001", "mean"),
        lambda_median=("lambda_gc", "median"),
        lambda_min=("lambda_gc", "min"),
        lambda_max=("lambda_gc", "max"),
        singular=("n_singular", "sum"),
    ).reset_index()  # fmt: skip


def null_regions(regions: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Per configuration, weights, null kind (and all of them, ``ALL``) and test: shares of region P below thresholds,
    uniformity, family-wise error.

    ``ks`` is the Kolmogorov-Smirnov distance of all P from uniform; its P takes one region a trait, drawn at random,
    for regions of one trait are correlated. ``family_wise`` is the share of traits with any region below 0.05 divided
    by the regions.
    """
    table = long_p(regions[regions["kind"].isin(KINDS)])
    table = pd.concat([table, table.assign(kind=ALL)])
    rows = []
    for key, part in table.groupby([*OF, "kind", "test"], sort=False):
        share, se = share_and_se(part["p"] < ALPHA, part["trait"])
        one = part.sample(frac=1.0, random_state=seed).drop_duplicates("trait")["p"]
        smallest = part.groupby("trait")["p"].min()
        rows.append(
            dict(zip([*OF, "kind", "test"], key, strict=True))
            | {
                "traits": part["trait"].nunique(),
                "share_05": share,
                "share_05_se": se,
                "share_001": float((part["p"] < 0.001).mean()),
                "ks": float(stats.kstest(part["p"], "uniform").statistic),
                "ks_p": float(stats.kstest(one, "uniform").pvalue),
                "family_wise": float((smallest < ALPHA / part["region"].nunique()).mean()),
            }
        )
    return pd.DataFrame(rows)


def power(regions: pd.DataFrame) -> pd.DataFrame:
    """Per configuration, weights, enrichment and test, on causal traits.

    power
        Share of traits whose causal region has P below 0.05 divided by the regions.
    fair_power
        The same below the P that 5 % of the null traits, of all kinds, reach in any region: power at an equal
        family-wise error, whatever the test's calibration.
    first
        Share of traits whose causal region has the smallest P of all.
    elsewhere
        Share of the other regions with P below 0.05: what the test says of regions whose genes are not enriched, though
        some genes mark two regions.
    """
    table = long_p(regions)
    count = table["region"].nunique()
    smallest = table[table["kind"].isin(KINDS)].groupby([*OF, "test", "trait"])["p"].min()
    thresholds = smallest.groupby([*OF, "test"]).quantile(ALPHA)
    rows = []
    for key, part in table[table["kind"] == "causal"].groupby([*OF, "enrichment", "test"], sort=False):
        causal = part[part["causal"]].set_index("trait")["p"]
        threshold = thresholds.get((key[0], key[1], key[3]), np.nan)
        rows.append(
            dict(zip([*OF, "enrichment", "test"], key, strict=True))
            | {
                "traits": len(causal),
                "power": float((causal < ALPHA / count).mean()),
                "fair_power": float((causal < threshold).mean()) if np.isfinite(threshold) else np.nan,
                "first": float((causal <= part.groupby("trait")["p"].min().reindex(causal.index)).mean()),
                "elsewhere": float((part.loc[~part["causal"], "p"] < ALPHA).mean()),
                "median_z": float(np.median(stats.norm.isf(causal.clip(1e-300)))),
            }
        )
    return pd.DataFrame(rows)


def causal_spots(spots: pd.DataFrame) -> pd.DataFrame:
    """Per configuration, weights and enrichment: z inside and outside the causal region, and shares above 3.5."""
    causal = spots[spots["kind"] == "causal"]
    columns = ["mean_z_inside", "share_high_inside", "mean_z_outside", "share_high_outside"]
    return causal.groupby([*OF, "enrichment"], sort=False)[columns].mean().reset_index()


def region_z(regions: pd.DataFrame, base: str) -> pd.DataFrame:
    """Per configuration, weights and region test (mean, contrast): how wide null z are, and what the causal region's z
    gains over configuration ``base`` with the same weights.

    ``sd`` is the root mean square of z over null traits and regions, 1 where standard errors are right. ``gain`` is
    the mean difference on causal traits of 2-fold enrichment or more, with its standard error; both hold the same GWAS,
    so that their chance is not in it.
    """
    rows = []
    causal = regions[regions["causal"] & (regions["enrichment"] >= 2)].set_index("trait")
    for (name, weights), own in causal.groupby(OF, sort=False):
        same = causal[(causal["configuration"] == base) & (causal["weights"] == weights)]
        null = regions[(regions["configuration"] == name) & (regions["weights"] == weights)]
        null = null[null["kind"].isin(KINDS)]
        for test in ("mean", "contrast"):
            gain = (own[f"z_{test}"] - same[f"z_{test}"]).dropna()
            rows.append(
                {
                    **dict(zip(OF, (name, weights), strict=True)),
                    "test": test,
                    "sd": float(np.sqrt(np.mean(null[f"z_{test}"] ** 2))),
                    "gain": float(gain.mean()),
                    "gain_se": float(gain.sem()),
                }
            )
    return pd.DataFrame(rows)


def shared_over_spot(regions: pd.DataFrame, spots: pd.DataFrame, configuration: str) -> pd.DataFrame:
    """Mean difference of z, shared weights minus those of each spot, on causal traits of 2-fold enrichment or more:
    region mean and contrast of the causal region, and mean z of its spots; each with its standard error."""
    of_regions = regions[regions["causal"] & (regions["configuration"] == configuration)]
    of_spots = spots[(spots["kind"] == "causal") & (spots["configuration"] == configuration)]
    rows = []
    for what, table, column in (
        ("region mean", of_regions, "z_mean"),
        ("region contrast", of_regions, "z_contrast"),
        ("spots of the region, mean", of_spots, "mean_z_inside"),
    ):
        z = table[table["enrichment"] >= 2].pivot(index="trait", columns="weights", values=column)
        gain = (z["shared"] - z["spot"]).dropna()
        rows.append({"z of": what, "spot": z["spot"].mean(), "gain": gain.mean(), "gain_se": gain.sem()})
    return pd.DataFrame(rows)
