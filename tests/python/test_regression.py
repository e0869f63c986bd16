"""Spot regressions: both weights modes against the plain twin, gsMap's and LDSC's numbers, invariants, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import norm

from conftest import GSMAP, needs_gsmap
from regression_study import GENES, ldsc_study, make_reference, make_scores, make_trait, twin
from traitmap import regression_shared
from traitmap.errors import InputError
from traitmap.formats import SMALLEST_P, UNMAPPED
from traitmap.ledger import Ledger
from traitmap.reference import Reference
from traitmap.regression import TraitRegression, one_sided, panel_snps, prepare
from traitmap.regression_inputs import read_trait
from traitmap.regression_regions import RegionScores, regress_regions
from traitmap.regression_wide import WideRegression
from traitmap.threads import in_order

BLOCKS = 20
MODES = ("spot", "shared")
REFERENCE = make_reference()
TRAIT = make_trait(REFERENCE)
SCORES = make_scores()
NAMES = list(REFERENCE.genes.index[:-1])


def ready(weights: str = "spot", reference: Reference = REFERENCE, trait=TRAIT, genes=NAMES, **options):
    options = {"blocks": BLOCKS, "keep_mhc": True, **options}
    return prepare(reference, pd.Index(genes), trait, Ledger("regress_spots", "test"), weights=weights, **options)


def results(trait: TraitRegression, scores) -> pd.DataFrame:
    """Estimates of as many spots as given, in tiles, and their jackknife."""
    tile = trait.regression.tile
    rows = sparse.csr_matrix(np.asarray(scores, dtype=np.float32) if not sparse.issparse(scores) else scores)
    fits = [trait.regression.fit(rows[at : at + tile]) for at in range(0, rows.shape[0], tile)]
    full = np.concatenate([fit.full for fit in fits]) / trait.design.mean_n
    delete = np.concatenate([fit.delete for fit in fits], axis=1) / trait.design.mean_n
    pseudo = BLOCKS * full - (BLOCKS - 1) * delete
    beta, se = pseudo.mean(axis=0), np.sqrt(pseudo.var(axis=0, ddof=1) / BLOCKS)
    return pd.DataFrame({"beta": beta, "se": se, "z": beta / se, "full": full, "delete": list(delete.T)})


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame, tolerance: float) -> None:
    """Estimates differ by less than ``tolerance`` standard errors, standard errors by that share of themselves."""
    se = wanted["se"].to_numpy()
    for column in ("beta", "full", "se"):
        assert (np.abs(found[column] - wanted[column]) / se).max() <= tolerance, column
    assert (np.abs(found["z"] - wanted["z"])).max() <= 10 * tolerance
    deleted = np.stack(found["delete"]) - np.stack(wanted["delete"])
    assert (np.abs(deleted) / se[:, None]).max() <= tolerance


# float32 LD scores and weights in the fused kernel; float64 throughout in gene space, on float32 GSS and LD.
TOLERANCE = {"spot": 2e-6, "shared": 1e-10}


@pytest.mark.parametrize("weights", MODES)
def test_equals_the_plain_twin(weights):
    wanted = twin(REFERENCE, TRAIT, SCORES.toarray(), NAMES, blocks=BLOCKS, weights=weights)
    found = results(ready(weights), SCORES)
    assert_same(found, wanted, TOLERANCE[weights])
    assert found["z"].std() > 0.3  # the study has something to compare


@pytest.mark.parametrize("strip", [1, 3, GENES])
def test_forms_cut_into_strips_equal_the_plain_twin(monkeypatch, strip):
    monkeypatch.setattr(regression_shared, "STRIP", strip)
    wanted = twin(REFERENCE, TRAIT, SCORES.toarray(), NAMES, blocks=BLOCKS, weights="shared")
    assert_same(results(ready("shared"), SCORES), wanted, TOLERANCE["shared"])


@pytest.mark.parametrize("weights", MODES)
@pytest.mark.parametrize("extra", [2, 30])  # the fused kernel, BLAS
def test_further_baseline_equals_the_plain_twin(weights, extra):
    rng = np.random.default_rng(5)
    further = rng.gamma(1.0, 5.0, (len(TRAIT), extra))
    table = pd.DataFrame(further, index=TRAIT.index, columns=[f"annotation{k}" for k in range(extra)])
    trait = ready(weights, further=table)
    assert trait.design.columns.shape[1] == extra + 3
    few = SCORES[:5]
    wanted = twin(REFERENCE, TRAIT, few.toarray(), NAMES, blocks=BLOCKS, weights=weights, further=further)
    assert_same(results(trait, few), wanted, 10 * TOLERANCE[weights])


@pytest.mark.parametrize("weights", MODES)
def test_genes_of_the_slice_alone_in_any_order(weights):
    rng = np.random.default_rng(8)
    known = [NAMES[i] for i in rng.permutation(GENES)[:40]]
    genes = [*known[:20], "NOT_IN_THE_REFERENCE", UNMAPPED, *known[20:]]
    scores = make_scores(seed=3, spots=6, genes=len(genes))
    dense = np.delete(scores.toarray(), [20, 21], axis=1)
    trait = ready(weights, genes=genes)
    assert_same(
        results(trait, scores), twin(REFERENCE, TRAIT, dense, known, blocks=BLOCKS, weights=weights), TOLERANCE[weights]
    )
    gone = [
        count["n"]
        for count in trait.ledger.counts
        if count["what"] == "not in the reference" and count["of"] == "genes"
    ]
    assert gone == [2]


def test_both_ways_to_spot_weights_agree():
    trait = ready()
    fused, wide = trait.regression.fit(SCORES[:8]), WideRegression(trait.design).fit(SCORES[:8])
    accuracy = 1e-6 * np.abs(fused.full).max()
    assert wide.full == pytest.approx(fused.full, rel=0, abs=accuracy)
    assert wide.delete == pytest.approx(fused.delete, rel=0, abs=accuracy)
    assert wide.tolerance == pytest.approx(fused.tolerance, rel=1e-5)


def test_spot_weights_differ_from_shared_ones_only_by_weights():
    """Without any excess of chi-square both modes weigh alike."""
    flat = TRAIT.assign(Z=TRAIT["Z"] / np.sqrt((TRAIT["Z"] ** 2).mean()) * 0.9)
    assert_same(
        results(ready("spot", trait=flat), SCORES), results(ready("shared", trait=flat), SCORES), TOLERANCE["spot"]
    )


def test_no_result_depends_on_tile_or_neighbours():
    trait = ready()
    wanted = trait.regression.fit(SCORES)
    for order in (np.arange(SCORES.shape[0])[::-1], np.array([5])):
        alone = trait.regression.fit(SCORES[order])
        assert np.array_equal(alone.full, wanted.full[order])
        assert np.array_equal(alone.delete, wanted.delete[:, order])
    part = trait.regression.fit(SCORES[3:32])
    assert np.array_equal(part.delete, wanted.delete[:, 3:32])


def test_threads_keep_order_and_results():
    assert list(in_order(lambda x: x * x, iter(range(50)), 1)) == list(in_order(lambda x: x * x, iter(range(50)), 4))


@pytest.mark.parametrize("weights", MODES)
def test_missing_snps_filters_and_mhc(weights):
    reference = make_reference()
    trait = TRAIT.copy()
    trait.iloc[7, 0] = 20.0  # chi-square 400
    absent = np.zeros(len(trait), dtype=bool)
    absent[[3, 400, 401]] = True
    reference.snps.loc[reference.snps.index[[500, 501]], "w_ld"] = np.nan
    reference.snps.loc[reference.snps["CHR"] == 6, "BP"] += 24_000_000
    keep = ~absent & (np.arange(len(trait)) != 7) & ~np.isin(np.arange(len(trait)), [500, 501])
    mhc = ((reference.snps["CHR"] == 6) & reference.snps["BP"].between(25e6, 34e6)).to_numpy()
    assert 10 < mhc.sum() < 100
    done = ready(weights, reference, trait[~absent].sample(frac=1.0, random_state=1), keep_mhc=False)
    wanted = twin(reference, trait, SCORES.toarray()[:4], NAMES, blocks=BLOCKS, weights=weights, keep=keep & ~mhc)
    assert_same(results(done, SCORES[:4]), wanted, TOLERANCE[weights])
    removed = {c["what"]: c["n"] for c in done.ledger.counts if c["of"] == "SNPs" and c["kind"] == "removed"}
    assert removed["in the MHC"] == mhc.sum()
    assert removed["without a regression weight in the reference"] == 2
    assert removed["chi-square at or above the limit"] == 1
    assert done.ledger.facts["n_snps"] == len(trait) - absent.sum() - sum(removed.values())


def test_chi_square_limit_follows_the_largest_n():
    large = TRAIT.assign(N=200_000.0)
    assert ready(trait=large).ledger.facts["max_chi2"] == 200.0
    assert ready().ledger.facts["max_chi2"] == pytest.approx(0.001 * TRAIT["N"].max())
    assert ready(trait=TRAIT.assign(N=1000.0)).ledger.facts["max_chi2"] == 80.0


def test_coefficient_does_not_change_with_a_share_of_all_genes():
    """A constant added to every gene's score adds all_gene, a baseline column: no effect where weights are shared."""
    trait = ready("shared")
    moved = SCORES.toarray() + 3.0
    assert results(trait, moved)["beta"].to_numpy() == pytest.approx(
        results(trait, SCORES)["beta"].to_numpy(), rel=1e-6
    )
    scaled = results(trait, SCORES * 4)
    assert scaled["beta"].to_numpy() * 4 == pytest.approx(results(trait, SCORES)["beta"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("weights", MODES)
def test_exact_signal_is_recovered(weights):
    """chi2 = 1 + N (a l_spot + b base) without noise: beta is a, its standard error nothing."""
    linked = REFERENCE.weights.toarray().astype(np.float64)
    spot = SCORES.toarray()[4]
    n = TRAIT["N"].to_numpy()
    chi2 = 1.0 + n * (3e-8 * (linked[:, :-1] @ spot) + 2e-8 * linked.sum(axis=1))
    found = results(ready(weights, trait=TRAIT.assign(Z=np.sqrt(chi2))), SCORES[4])
    assert found["beta"][0] == pytest.approx(3e-8, rel=1e-4)
    assert found["se"][0] < 1e-4 * found["beta"][0]


@pytest.mark.parametrize("weights", [*MODES, "wide"])
def test_singular_spots_are_nan_and_their_neighbours_are_not(weights):
    scores = SCORES.toarray()[:4]
    scores[1] = 0.0  # no score at all
    scores[2] = 2.5  # all genes alike: all_gene itself
    trait = ready("spot" if weights == "wide" else weights)
    regression = WideRegression(trait.design) if weights == "wide" else trait.regression
    fits = regression.fit(sparse.csr_matrix(scores))
    assert np.isnan(fits.full[1]) and np.isnan(fits.delete[:, 1]).all()
    assert np.isnan(fits.full[2]) or fits.tolerance[2] < 1e-8
    assert np.isfinite(fits.full[[0, 3]]).all() and np.isfinite(fits.delete[:, [0, 3]]).all()
    assert (fits.tolerance[[0, 3]] > 1e-3).all()


def test_dependent_baseline_columns_are_left_out_and_named():
    linked = REFERENCE.weights.toarray().astype(np.float64)
    one_block = np.zeros(len(TRAIT))
    one_block[3:9] = 1.0
    table = pd.DataFrame(
        {"again": 2 * linked.sum(axis=1), "local": one_block, "own": np.arange(len(TRAIT)) % 7}, TRAIT.index
    )
    trait = ready(further=table)
    assert trait.ledger.facts["baseline_columns"] == ["intercept", "all_gene", "base", "own"]
    assert any("again, local" in warning for warning in trait.ledger.warnings)
    assert np.isfinite(trait.regression.fit(SCORES).full).all()


def test_one_sided_p_keeps_its_tails():
    z = np.array([0.0, 3.0, -3.0, 40.0, -40.0, np.nan])
    p, neg_log10 = one_sided(z)
    assert p[:3] == pytest.approx(norm.sf(z[:3]))
    assert p[3] == SMALLEST_P and neg_log10[3] == pytest.approx(349.43701, abs=1e-4)
    assert p[4] == 1.0 and neg_log10[4] == 0.0
    assert np.isnan(p[5]) and np.isnan(neg_log10[5])


def test_region_annotations_are_regressed_as_spots_are():
    trait = ready()
    dense = SCORES.toarray().astype(np.float64)
    inside, outside = dense[:9].mean(axis=0), dense[9:].mean(axis=0)
    scores = np.stack([inside, inside - outside, np.full_like(inside, np.nan)])
    table = regress_regions(RegionScores(["A", "A", "B"], ["mean", "contrast", "contrast"], [9, 9, 37], scores), trait)
    wanted = twin(REFERENCE, TRAIT, scores[:2].astype(np.float32), NAMES, blocks=BLOCKS)
    assert table["z"].to_numpy()[:2] == pytest.approx(wanted["z"].to_numpy(), rel=1e-4)
    assert table["estimate"].to_numpy()[:2] == pytest.approx(wanted["full"].to_numpy(), rel=1e-4)
    for row in (0, 1):
        deleted = table["delete_values"][row]
        assert len(deleted) == BLOCKS
        assert BLOCKS * table["estimate"][row] - (BLOCKS - 1) * deleted.mean() == pytest.approx(table["beta"][row])
    assert np.isnan(table["z"][2]) and np.isnan(table["p"][2]) and np.isnan(table["delete_values"][2]).all()


def test_partitioned_coefficient_equals_ldsc():
    """ldsc 2.0.1, class Hsq with old_weights, on [spot, gene, all] of this study: the full estimate and its SE."""
    s = ldsc_study()
    snps = [f"rs{i}" for i in range(len(s["ld"]))]
    ld, position = s["spot"][:, None], np.arange(len(snps))
    reference = pseudo_reference(s["ld"], s["gene"], ld, s["w_ld"], ["spot"], position, snps)
    trait = pd.DataFrame({"Z": np.sqrt(s["chi2"]), "N": s["n"]}, index=reference.snps.index)
    done = ready(reference=reference, trait=trait, genes=["spot"], blocks=50, max_chi2=1e9)
    fits = done.regression.fit(sparse.csr_matrix(np.ones((1, 1), dtype=np.float32)))
    se = np.sqrt((50 * fits.full - 49 * fits.delete).var(axis=0, ddof=1) / 50)
    assert fits.full[0] / done.design.mean_n == pytest.approx(5.340765119578305e-07, rel=1e-4)
    assert se[0] / done.design.mean_n == pytest.approx(9.478146735406978e-08, rel=1e-4)


def pseudo_reference(base, all_gene, ld, w_ld, names, position, snps, chromosome=1) -> Reference:
    """A reference whose genes are spots: its weights are their LD scores, so that GSS = 1 gives them back."""
    weights = np.column_stack([ld, all_gene - ld.sum(axis=1), base - all_gene])
    table = pd.DataFrame(
        {"CHR": chromosome, "BP": position, "CM": np.nan, "A1": "", "A2": "", "MAF": np.nan}, index=snps
    )
    genes = pd.DataFrame({"chr": 1, "start": 1, "end": 2, "strand": "+"}, index=[*names, "other genes", UNMAPPED])
    facts = {"genome_build": "GRCh37", "approximate": False}
    return Reference(sparse.csr_matrix(weights.astype(np.float32)), table.assign(w_ld=w_ld), genes, facts)


@needs_gsmap
@pytest.mark.parametrize("trait", ["causal", "null"])
def test_equals_gsmap_from_its_ld_scores(trait):
    outputs = GSMAP / "outputs"
    baseline = pd.read_parquet(outputs / "baseline_ldscores.parquet").set_index("SNP").astype(np.float64)
    weights = pd.read_parquet(outputs / "regression_weights.parquet").set_index("SNP").loc[baseline.index]
    spots = pd.read_parquet(outputs / "spot_ldscores.parquet").set_index("SNP").loc[baseline.index]
    reference = pseudo_reference(
        baseline["base"].to_numpy(),
        baseline["all_gene"].to_numpy(),
        spots.to_numpy(np.float64),
        weights["L2"].to_numpy(),
        spots.columns,
        weights["BP"].to_numpy(),
        baseline.index,
        weights["CHR"].to_numpy(),
    )
    table = read_trait(GSMAP / "inputs" / "gwas" / f"{trait}.sumstats.gz", Ledger("regress_spots", trait))
    done = ready(reference=reference, trait=table, genes=spots.columns, blocks=200)
    fits = done.regression.fit(sparse.csr_matrix(np.eye(spots.shape[1], dtype=np.float32)))
    pseudo = 200 * fits.full - 199 * fits.delete
    z = pseudo.mean(axis=0) / np.sqrt(pseudo.var(axis=0, ddof=1) / 200)
    wanted = pd.read_csv(outputs / f"spots_{trait}.csv").set_index("spot").loc[spots.columns]
    assert z == pytest.approx(wanted["z"].to_numpy(), abs=0.002)
    assert pseudo.mean(axis=0) / done.design.mean_n == pytest.approx(wanted["beta"].to_numpy(), rel=0.001, abs=1e-10)


def test_panel_snps_follow_the_reference_s_account():
    ledger = Ledger("link_snps_to_genes", "chr1")
    ledger.read("panel SNPs", 100)
    ledger.removed("panel SNPs", "same genotype in all people", 7)
    ledger.noted("panel SNPs", "without an id", 3)
    ledger.kept("regression SNPs", 40)
    assert panel_snps({"ledger": ledger.to_json()}) == 93
    assert panel_snps({}) is None
    assert panel_snps({"ledger": Ledger("import", "x").to_json()}) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"genes": ["A", "B"]}, "no gene in common"),
        ({"trait": TRAIT.rename(index=str.upper)}, "no SNP is left"),
        ({"trait": TRAIT[:30]}, "20 jackknife blocks need 40"),
        ({"weights": "both"}, "--weights both"),
        ({"blocks": 1}, "--blocks 1"),
    ],
)
def test_bad_input_is_told_in_a_line(change, message):
    with pytest.raises(InputError, match=message):
        ready(**change)
