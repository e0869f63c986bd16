"""Does heritability concentrate where a spot's specific genes lie? Stratified LD score regression, spot by spot."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import log_ndtr, ndtr

from traitmap import heritability
from traitmap.errors import InputError
from traitmap.files import writing
from traitmap.formats import ESTIMATES, REGION, SMALLEST_P, SPOTS
from traitmap.jackknife import jackknife
from traitmap.ledger import Ledger
from traitmap.reference import Reference, panel_snps
from traitmap.regression_design import Design, Observations, make_design, observe, total_ld_scores
from traitmap.regression_exact import ExactRegression
from traitmap.regression_fits import ILL_CONDITIONED, Fits, Regression
from traitmap.regression_inputs import SpotScores
from traitmap.regression_shared import SharedRegression
from traitmap.regression_wide import MANY_COLUMNS, WideRegression
from traitmap.sumstats_qc import not_z
from traitmap.threads import in_order


def _spot_weights(design: Design) -> Regression:
    many = design.columns.shape[1] > MANY_COLUMNS
    return WideRegression(design) if many else ExactRegression(design)


WEIGHTS: dict[str, Callable[[Design], Regression]] = {"spot": _spot_weights, "shared": SharedRegression}
TILES_IN_BATCH = 4  # tiles read at once: what is read is still in the processor's cache when it is used
NAMED = 5  # spots that a warning names
# LDSC's ratio is 0.05 to 0.15 in whole GWAS with a panel of their ancestry; below this mean chi-square it is noise.
MOST_RATIO, INFLATED = 0.2, 1.05


@dataclass(frozen=True)
class TraitRegression:
    """One trait, ready to be regressed on any spot: design, regression and the trait's account."""

    design: Design
    regression: Regression
    ledger: Ledger


def prepare(
    reference: Reference,
    genes: pd.Index,
    trait: pd.DataFrame,
    ledger: Ledger,
    *,
    weights: str = "spot",
    further: pd.DataFrame | None = None,
    blocks: int = 200,
    keep_mhc: bool = False,
    max_chi2: float | None = None,
) -> TraitRegression:
    """Align, filter, account for the trait's own heritability, and set up its regressions.

    Parameters
    ----------
    genes
        Gene symbols of the slice, the columns of what ``TraitRegression.regression.fit`` will get.
    trait
        Index SNP, columns Z and N (``regression_inputs.read_trait``).
    weights
        ``spot``: regression weights of each spot, as S-LDSC has them; ``shared``: one vector, from the baseline.
    further
        Further baseline LD scores, SNPs x columns (``regression_inputs.read_baselines``).
    keep_mhc, max_chi2
        Keep the MHC's SNPs; leave out SNPs with chi-square not below ``max_chi2`` (default max(0.001 max N, 80)).

    Raises
    ------
    InputError
        No gene or SNP in common, too few SNPs, unknown weights.
    """
    if weights not in WEIGHTS:
        raise InputError(f"--weights {weights}: unknown; choose {' or '.join(WEIGHTS)}")
    if blocks < 2:
        raise InputError(f"--blocks {blocks}: the jackknife needs 2 blocks or more")
    seen = observe(reference, trait, further, keep_mhc=keep_mhc, ledger=ledger)
    if problem := not_z(float(seen.chi2.mean()), len(seen.chi2)):
        raise InputError(f"{ledger.subject}: {problem}")
    design = make_design(reference, genes, seen, blocks=blocks, max_chi2=max_chi2, ledger=ledger)
    for name, value in {"weights": weights, "blocks": blocks, "n_snps": design.n_snps, "mean_n": design.mean_n}.items():
        ledger.fact(name, value)
    ledger.fact("mhc_kept", keep_mhc)
    ledger.fact("smallest_attainable_p", SMALLEST_P)
    ledger.fact("reference", _reference_facts(reference))
    _account_heritability(reference, seen, blocks, ledger)
    return TraitRegression(design, WEIGHTS[weights](design), ledger)


def _reference_facts(reference: Reference) -> dict[str, object]:
    names = ("genome_build", "approximate", "panel_people", "ld_window", "window_kb", "version")
    facts = {name: _plain(reference.facts[name]) for name in names if name in reference.facts}
    return facts | {"panel_snps": panel_snps(reference.facts)}


def _plain(value: object) -> object:
    return value.item() if hasattr(value, "item") else value


def _account_heritability(reference: Reference, seen: Observations, blocks: int, ledger: Ledger) -> None:
    """LDSC's univariate estimates as facts, on the SNPs before the filter on chi-square, as LDSC has it."""
    ledger.fact("mean_chi2", float(seen.chi2.mean()))
    ledger.fact("lambda_gc", heritability.lambda_gc(seen.chi2))
    known = panel_snps(reference.facts)
    ld = total_ld_scores(reference, seen.rows)
    # M only scales h2 (and clips it in the weights); the intercept hardly depends on it.
    m = float(known or len(ld))
    for name, two_step in (("single_step", None), ("two_step", heritability.TWO_STEP)):
        if two_step is not None and (seen.chi2 < two_step).sum() < 2 * blocks:
            continue
        found = heritability.estimate(seen.chi2, ld, seen.w_ld, seen.n, m, blocks, two_step)
        facts = {"intercept": found.intercept, "intercept_se": found.intercept_se}
        facts |= {"ratio": found.ratio, "ratio_se": found.ratio_se}
        if known:
            facts |= {"h2": found.h2, "h2_se": found.h2_se, "h2_z": found.h2 / found.h2_se}
        ledger.fact(f"ldsc_{name}", {key: value if math.isfinite(value) else None for key, value in facts.items()})
    for key, value in ledger.facts.get("ldsc_two_step", ledger.facts["ldsc_single_step"]).items():
        ledger.fact(key, value)
    _warn_of_intercept(ledger)
    if not known:
        ledger.warn(
            "the reference does not say how many SNPs its panel has: the trait's heritability (h2) is not given"
        )
    if seen.chi2.mean() < 1.02:
        ledger.warn(
            f"mean chi-square is {seen.chi2.mean():.3f}: little signal for LD score regression (LDSC warns below 1.02)"
        )


def _warn_of_intercept(ledger: Ledger) -> None:
    """Where much of the inflation is in the intercept, LD does not explain the GWAS: the ancestries differ, say."""
    ratio, se, mean_chi2 = (ledger.facts.get(name) for name in ("ratio", "ratio_se", "mean_chi2"))
    if ratio is None or se is None or mean_chi2 < INFLATED or ratio - 2 * se <= MOST_RATIO:
        return
    ledger.warn(
        f"LD score regression's intercept is {ledger.facts['intercept']:.3f} (ratio {ratio:.2f}, SE {se:.2f}): the "
        "reference's LD explains little of the inflation; is its panel of the GWAS's ancestry, is the GWAS stratified?"
    )


def regress_spots(scores: SpotScores, traits: list[TraitRegression], threads: int = 1) -> list[pd.DataFrame]:
    """Regress every spot on every trait: per trait a table of ``formats.SPOTS``, told of in the trait's ledger."""
    estimates = estimate_spots(scores, traits, threads)
    return [spots_table(table, trait.ledger) for table, trait in zip(estimates, traits, strict=True)]


def estimate_spots(
    scores: SpotScores, traits: list[TraitRegression], threads: int = 1, span: range | None = None
) -> list[pd.DataFrame]:
    """Regress the spots of ``span`` (default: all) on every trait; the scores are read once.

    Returns, per trait, a table of ``formats.ESTIMATES`` in the slice's order. Tiles begin where they would without a
    span, so that a spot's numbers are the same to the last bit whatever the span.
    """
    tile = min(trait.regression.tile for trait in traits)
    span = range(len(scores)) if span is None else span
    first, last = span.start // tile * tile, min(-(-span.stop // tile) * tile, len(scores))

    def fit(rows: sparse.csr_matrix) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        return [_estimate(trait.regression.fit(rows), trait.design.mean_n) for trait in traits]

    done = list(in_order(fit, _tiles(scores, tile, first, last), threads))
    at = slice(span.start, span.stop)
    region = scores.region[at] if scores.region is not None else np.full(len(span), None, dtype=object)
    tables = []
    for parts in zip(*done, strict=True):
        found = (np.concatenate(values)[span.start - first : span.stop - first] for values in zip(*parts, strict=True))
        columns = (np.arange(span.start, span.stop), scores.spots[at], *found, pd.array(region, dtype="string"))
        tables.append(pd.DataFrame(dict(zip(ESTIMATES, columns, strict=True))))
    return tables


def _tiles(scores: SpotScores, tile: int, first: int, last: int) -> Iterator[sparse.csr_matrix]:
    for _, rows in scores.batches(tile * TILES_IN_BATCH, first, last):
        for at in range(0, rows.shape[0], tile):
            yield rows[at : at + tile]


def _estimate(fits: Fits, mean_n: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    estimate, se = jackknife(fits.full, fits.delete)
    return estimate / mean_n, se / mean_n, fits.tolerance


def one_sided(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P that the standard normal exceeds z, held above ``SMALLEST_P``, and its exact -log10; NaN where z is."""
    return np.maximum(ndtr(-z), SMALLEST_P), np.abs(log_ndtr(-z)) / math.log(10)


def spots_table(estimates: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """A slice's table of ``formats.SPOTS`` from its ``formats.ESTIMATES``.

    A spot whose regression is singular has NaN; such spots and ill-conditioned ones are counted in the ledger.
    """
    spots = estimates["spot"].to_numpy(object)
    beta, se, tolerance = (estimates[name].to_numpy(np.float64) for name in ("beta", "se", "tolerance"))
    regular = np.isfinite(beta) & np.isfinite(se) & (se > 0)
    beta, se = np.where(regular, beta, np.nan), np.where(regular, se, np.nan)
    z = beta / se
    p, neg_log10_p = one_sided(z)
    ledger.read("spots", len(spots))
    _account_spots(spots[~regular], "singular regression: no result (NaN)", ledger)
    ill = regular & ~(tolerance > ILL_CONDITIONED)
    _account_spots(
        spots[ill], "ill-conditioned regression: the baseline all but determines the spot's LD scores", ledger
    )
    ledger.kept("spots", regular.sum(), "with a result")
    if regular.any():
        # The share 1 - R2 of a spot's LD scores that the baseline leaves; its inverse is the variance inflation.
        ledger.fact("median_variance_inflation", float(np.median(1.0 / tolerance[regular])))
        ledger.fact("largest_variance_inflation", float(np.max(1.0 / tolerance[regular])))
        ledger.fact("smallest_p", float(p[regular].min()))
    values = (spots, beta, se, z, p, neg_log10_p, pd.array(estimates[REGION], dtype="string"))
    return pd.DataFrame(dict(zip(SPOTS, values, strict=True)))


def _account_spots(spots: np.ndarray, what: str, ledger: Ledger) -> None:
    ledger.noted("spots", what, len(spots))
    if len(spots):
        names = ", ".join(spots[:NAMED]) + (", ..." if len(spots) > NAMED else "")
        ledger.warn(f"{len(spots)} spots: {what} ({names})")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write parquet, beside and then renamed."""
    with writing(path) as beside:
        table.to_parquet(beside, index=False)
