"""The plan of a run: every task that the pipeline starts, and numbers that grow as the work does."""

from __future__ import annotations

import pytest

from traitmap.check_inputs import Inputs
from traitmap.plan import WAY, amount, duration, least_seconds, plan_tasks, plan_text, regression_snps

SETTINGS = {"embedding": "gat_ae", "epochs": 300, "weights": "shared", "ld_window_cm": 1}
SETTINGS |= {"traits_per_task": 2, "spots_per_task": 0, "figures": "png", "methods": "ldsc", "scdrs_controls": 1000}


def study(slices=2, traits=3, chromosomes=4, spots=1000, group="donor", looked=True, **settings) -> Inputs:
    """A study with a panel; file 1 is a slice, 2 a trait, 3 to 5 genotypes, 6 a list of SNPs."""
    items, sizes = [], []
    for number in range(slices):
        items.append({"role": "slice", "slice": f"s{number}", "group": group, "files": {"h5ad": 1}})
        sizes.append({"spots": spots, "genes": 2000, "stored": 200 * spots} if looked else {})
    for number in range(traits):
        items.append({"role": "trait", "trait": f"t{number}", "files": {"sumstats": 2}})
        sizes.append({})
    for number in range(chromosomes):
        items.append({"role": "panel", "chromosome": number + 1, "files": {"bed": 3, "bim": 4, "fam": 5}})
        sizes.append({"people": 500, "panel_snps": 20_000} if looked else {})
        items.append({"role": "snps", "chromosome": number + 1, "files": {"snps": 6}})
        sizes.append({"snps": 10_000} if looked else {})
    return Inputs(items, SETTINGS | settings, [spots * 4000, 10**7, 2_500_000, 500_000, 10_000, 90_000], sizes)


def count(inputs: Inputs) -> dict[str, int]:
    tasks = [task.step for task in plan_tasks(inputs)]
    return {step: tasks.count(step) for step in tasks}


def test_tasks_are_those_of_the_pipeline():
    assert count(study()) == {
        "CHECK_INPUTS": 1,
        "LINK_SNPS_TO_GENES": 4,
        "MERGE_REFERENCE": 1,
        "HARMONIZE_SUMSTATS": 3,
        "EMBED_SPOTS": 1,
        "AVERAGE_RANKS": 1,
        "SCORE_SPECIFICITY": 2,
        "REGRESS_SPOTS": 4,
        "COMBINE_REGIONS": 6,
        "RANK_GENES": 4,
        "DRAW_FIGURES": 6,
        "SUMMARIZE_REGIONS": 1,
        "WRITE_REPORT": 1,
        "WRITE_MANIFEST": 1,
    }


def test_methods_beside_ldsc_are_counted():
    steps = count(study(methods="ldsc,scdrs,aucell"))
    added = {"ASSOCIATE_GENES": 3, "SCORE_SCDRS": 6, "SCORE_SIGNATURES": 6, "COMPARE_METHODS": 1}
    assert steps == count(study()) | added
    assert "SCORE_SCDRS" not in count(study(methods="ldsc,module_score"))


def test_genes_without_genotypes_take_less():
    def seconds(**settings) -> float:
        inputs = study(chromosomes=0, methods="ldsc,scdrs", **settings)
        return sum(task.seconds for task in plan_tasks(inputs) if task.step == "ASSOCIATE_GENES")

    assert seconds(gene_panel=True) > 10 * seconds(gene_panel=False)


def test_tables_that_are_asked_for_are_counted():
    steps = count(study(trait_correlations=True))
    assert steps == count(study()) | {"CORRELATE_TRAITS": 2}  # one a slice
    assert count(study(traits=1, trait_correlations=True)) == count(study(traits=1))
    inputs = study()
    inputs.items.append({"role": "gene_sets", "files": {"gene_sets": 6}})
    inputs.sizes.append({"sets": 50})
    assert count(inputs) == count(study()) | {"ENRICH_PATHWAYS": 1}


def test_parts_of_slices_and_figures_are_counted():
    steps = count(study(group="", spots_per_task=300, figures="none"))
    assert (steps["EMBED_SPOTS"], steps["REGRESS_SPOTS"], steps["MERGE_SPOTS"]) == (2, 2 * 2 * 4, 6)
    assert "DRAW_FIGURES" not in steps


@pytest.mark.parametrize(
    ("role", "step"),
    [("ld_scores", "LINK_LD_SCORES"), ("gsmap_resource", "IMPORT_REFERENCE"), ("reference", None)],
)
def test_the_other_ways_to_a_reference(role, step):
    inputs = study(chromosomes=0)
    inputs.items.append({"role": role, "chromosome": 1, "files": {role: 2}})
    inputs.sizes.append({} if role == "gsmap_resource" else {"snps": 5000})
    made = {name for name in count(inputs) if name in ("LINK_SNPS_TO_GENES", "LINK_LD_SCORES", "IMPORT_REFERENCE")}
    assert made == ({step} if step else set())
    assert regression_snps(inputs) == (1_200_000 if role == "gsmap_resource" else 5000)


def test_slices_alone_share_no_background():
    assert "AVERAGE_RANKS" not in count(study(group=""))
    assert "AVERAGE_RANKS" not in count(study(slices=1))


@pytest.mark.parametrize("change", [{"spots": 2000}, {"slices": 4}, {"traits": 6}, {"chromosomes": 8}, {"epochs": 600}])
def test_more_work_takes_more(change):
    less, more = plan_tasks(study()), plan_tasks(study(**change))
    assert sum(task.seconds for task in more) > sum(task.seconds for task in less)
    assert sum(task.disk for task in more) >= sum(task.disk for task in less)
    assert max(task.memory for task in more) >= max(task.memory for task in less)


# docs/benchmarks.md, 18,000 genes: step, weights, spots, SNPs, traits of a task; CPU seconds and GB as measured.
MEASURED = [
    ("SCORE_SPECIFICITY", "shared", 2_000, 50_000, 1, 1.7, 0.42),
    ("SCORE_SPECIFICITY", "shared", 10_000, 50_000, 1, 4.3, 0.72),
    ("SCORE_SPECIFICITY", "shared", 120_000, 50_000, 1, 46.2, 5.01),
    ("REGRESS_SPOTS", "shared", 10_000, 50_000, 1, 2.2, 0.57),
    ("REGRESS_SPOTS", "shared", 2_000, 1_100_000, 1, 3.4, 1.81),
    ("REGRESS_SPOTS", "shared", 120_000, 1_100_000, 1, 18.4, 1.49),
    ("REGRESS_SPOTS", "shared", 10_000, 1_100_000, 20, 63.7, 5.65),
    ("REGRESS_SPOTS", "spot", 10_000, 50_000, 1, 2.7, 0.56),
    ("REGRESS_SPOTS", "spot", 10_000, 1_100_000, 1, 13.6, 1.81),
    ("REGRESS_SPOTS", "spot", 2_000, 1_100_000, 20, 77.6, 8.84),
]


@pytest.mark.parametrize(("step", "weights", "spots", "snps", "traits", "seconds", "memory"), MEASURED)
def test_costs_are_those_that_were_measured(step, weights, spots, snps, traits, seconds, memory):
    items = [{"role": "slice", "group": "", "files": {"h5ad": 1}}, {"role": "reference", "files": {"reference": 1}}]
    items += [{"role": "trait", "files": {"sumstats": 1}}] * traits
    sizes = [{"spots": spots, "genes": 18_000, "stored": 18_000 * spots // 10}, {"snps": snps}, *({},) * traits]
    planned = SETTINGS | {"weights": weights, "traits_per_task": traits}
    (task,) = [task for task in plan_tasks(Inputs(items, planned, [10**8], sizes)) if task.step == step]
    assert task.seconds == pytest.approx(seconds, rel=1 / 3)
    assert task.memory == pytest.approx(memory, rel=1 / 3)


# Measured: step, spots, genes, regression SNPs, whether there is a panel, control sets; CPU seconds.
OF_METHODS = [
    ("ASSOCIATE_GENES", 2_000, 4_000, 32_000, True, 1000, 3.3),
    ("ASSOCIATE_GENES", 2_000, 4_000, 32_000, False, 1000, 1.6),
    ("ASSOCIATE_GENES", 262, 13_059, 1_290_000, False, 1000, 2.9),
    ("SCORE_SCDRS", 2_000, 4_000, 32_000, True, 1000, 10.8),
    ("SCORE_SCDRS", 2_000, 4_000, 32_000, True, 100, 7.6),
    ("SCORE_SCDRS", 262, 13_059, 1_290_000, False, 1000, 14.0),
    ("SCORE_SCDRS", 10_000, 12_000, 212_000, False, 100, 15.7),
    ("SCORE_SCDRS", 10_000, 12_000, 212_000, False, 300, 19.2),
    ("SCORE_SIGNATURES", 10_000, 12_000, 212_000, False, 1000, 9.4),
    ("SCORE_SIGNATURES", 2_000, 4_000, 32_000, False, 1000, 3.6),
    ("CORRELATE_TRAITS", 262, 13_059, 1_290_000, False, 1000, 7.0),
    ("CORRELATE_TRAITS", 2_000, 4_000, 32_000, False, 1000, 1.5),
]


@pytest.mark.parametrize(("step", "spots", "genes", "snps", "panel", "controls", "seconds"), OF_METHODS)
def test_costs_of_methods_are_those_that_were_measured(step, spots, genes, snps, panel, controls, seconds):
    items = [{"role": "slice", "group": "", "files": {"h5ad": 1}}, {"role": "reference", "files": {"reference": 1}}]
    items += [{"role": "trait", "files": {"sumstats": 1}}] * 2
    sizes = [{"spots": spots, "genes": genes, "stored": genes * spots // 10}, {"snps": snps}, {}, {}]
    asked = {
        "methods": "ldsc,scdrs,aucell",
        "scdrs_controls": controls,
        "gene_panel": panel,
        "trait_correlations": True,
    }
    tasks = [task for task in plan_tasks(Inputs(items, SETTINGS | asked, [10**8], sizes)) if task.step == step]
    assert seconds / 2 < tasks[0].seconds < 2 * seconds


def test_choices_change_the_time():
    def seconds(step: str, **settings) -> float:
        return max(task.seconds for task in plan_tasks(study(**settings)) if task.step == step)

    assert seconds("EMBED_SPOTS", embedding="pca") < seconds("EMBED_SPOTS")
    assert seconds("REGRESS_SPOTS", weights="spot") > seconds("REGRESS_SPOTS")
    assert seconds("LINK_SNPS_TO_GENES", ld_window_cm=5) > seconds("LINK_SNPS_TO_GENES")


def test_what_was_not_looked_into_is_told_by_its_bytes():
    guessed = plan_tasks(study(looked=False, spots=1000))
    assert sum(task.seconds for task in guessed) > 0
    assert "EMBED_SPOTS" in plan_text(study(looked=False))


def test_no_number_of_cores_makes_a_run_shorter_than_its_longest_way():
    tasks = plan_tasks(study())
    assert least_seconds(tasks) < sum(task.seconds for task in tasks)
    stages = {step for stage in WAY for step in stage}
    assert {task.step for task in tasks} - stages == {"HARMONIZE_SUMSTATS"}  # beside the embedding, and shorter


def test_times_and_sizes_as_people_read_them():
    assert [duration(seconds) for seconds in (12, 600, 16200)] == ["12 s", "10 min", "4.5 h"]
    assert [amount(size) for size in (1e-6, 0.34, 1.23)] == ["-", "340 MB", "1.2 GB"]
