"""The executable: files in, files out, the same whatever the threads; gsMap's spots from its genotypes."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest

from conftest import GSMAP, ROOT, call, needs_gsmap, refused
from regression_study import GENES, make_reference, make_scores, make_trait
from traitmap.formats import SPOTS
from traitmap.reference import write_reference
from traitmap.regression_regions import REGION_TESTS

REGIONS = ["A"] * 12 + ["B"] * 15 + [None] * 10
LINK = ROOT / "bin" / "link_snps_to_genes.py"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A small study as files: specificity with an empty spot and an unlabelled rest, reference, summary statistics."""
    folder = tmp_path_factory.mktemp("study")
    reference = make_reference()
    reference.facts["panel_snps"] = 5000
    write_reference(reference, folder / "reference.h5ad")
    trait = make_trait(reference)
    trait.assign(A1="A", A2="G").to_csv(folder / "trait.sumstats.gz", sep="\t")
    scores = make_scores().tolil()
    scores[20] = 0
    data = anndata.AnnData(scores.tocsr(), var=pd.DataFrame(index=[f"GENE{g}" for g in range(GENES)]))
    data.obs_names = [f"spot{i}" for i in range(data.n_obs)]
    data.obs["region"] = pd.Categorical(REGIONS)
    data.write_h5ad(folder / "specificity.h5ad")
    return folder


def arguments(folder, *more):
    files = {"specificity": "specificity.h5ad", "reference": "reference.h5ad", "sumstats": "trait.sumstats.gz"}
    named = [part for name, file in files.items() for part in (f"--{name}", folder / file)]
    return ["regress_spots.py", *named, "--blocks", "20", *more]


def test_files_of_a_run(inputs, tmp_path):
    spots, tests, qc = tmp_path / "spots.parquet", tmp_path / "region_tests.parquet", tmp_path / "qc.json"
    call(*arguments(inputs, "--out", spots, "--region-tests", tests, "--qc", qc, "--threads", "2"))
    table = pd.read_parquet(spots)
    assert tuple(table.columns) == SPOTS
    assert table["spot"].tolist() == [f"spot{i}" for i in range(37)]
    assert [None if pd.isna(region) else region for region in table["region"]] == REGIONS
    regular = np.arange(37) != 20
    assert table.loc[~regular, ["beta", "se", "z", "p", "neg_log10_p"]].isna().all(axis=None)
    assert np.isfinite(table.loc[regular, "z"]).all()
    assert table["z"][regular].to_numpy() == pytest.approx((table["beta"] / table["se"])[regular].to_numpy())
    assert table["neg_log10_p"][regular].to_numpy() == pytest.approx(-np.log10(table["p"][regular].to_numpy()))
    regions = pd.read_parquet(tests)
    assert tuple(regions.columns) == REGION_TESTS
    assert list(zip(regions["region"], regions["test"], regions["n_spots"], strict=True)) == [
        ("A", "mean", 12),
        ("B", "mean", 15),
        ("A", "contrast", 12),
        ("B", "contrast", 15),
    ]
    assert np.isfinite(regions["z"]).all() and all(len(values) == 20 for values in regions["delete_values"])
    account = json.loads(qc.read_text())
    assert {"n_snps", "mean_chi2", "lambda_gc", "h2", "intercept", "smallest_attainable_p"} <= set(account["facts"])
    assert account["facts"]["reference"]["genome_build"] == "GRCh37"
    singular = [c["n"] for c in account["counts"] if c["what"].startswith("singular") and c["of"] == "spots"]
    assert singular == [1] and any("spot20" in warning for warning in account["warnings"])


def test_shared_weights_without_regions_whatever_the_threads(inputs, tmp_path):
    data = anndata.read_h5ad(inputs / "specificity.h5ad")
    del data.obs["region"]
    data.write_h5ad(tmp_path / "specificity.h5ad")
    written = []
    for threads in (1, 3):
        spots, tests = tmp_path / f"spots{threads}.parquet", tmp_path / f"tests{threads}.parquet"
        more = ["--weights", "shared", "--threads", threads, "--out", spots, "--region-tests", tests]
        call(*arguments(inputs, *more, "--specificity", tmp_path / "specificity.h5ad"))
        written.append((spots.read_bytes(), tests.read_bytes()))
        regions = pd.read_parquet(tests)
        assert regions["region"].tolist() == ["all spots"] * 2 and pd.read_parquet(spots)["region"].isna().all()
        assert np.isfinite(regions["z"][0]) and np.isnan(regions["z"][1])  # there is no outside to contrast with
    assert written[0] == written[1]


@pytest.mark.parametrize("weights", ["spot", "shared"])
def test_several_traits_give_each_what_it_gives_alone(inputs, tmp_path, weights):
    """The second trait lacks SNPs of the first, so that their designs differ."""
    table = pd.read_csv(inputs / "trait.sumstats.gz", sep="\t")
    table.assign(Z=table["Z"] * 0.7)[100:].to_csv(tmp_path / "other.sumstats.gz", sep="\t", index=False)
    traits = {"trait": inputs / "trait.sumstats.gz", "other": tmp_path / "other.sumstats.gz"}

    def outputs(folder, name):
        folder.mkdir(exist_ok=True)
        files = {"out": "spots.parquet", "region-tests": "tests.parquet", "qc": "qc.json"}
        return {option: folder / f"{name}.{file}" for option, file in files.items()}

    def options(paths):
        return [part for option, path in paths.items() for part in (f"--{option}", path)]

    shared = ["regress_spots.py", "--specificity", inputs / "specificity.h5ad", "--reference"]
    shared += [inputs / "reference.h5ad", "--blocks", "20", "--weights", weights]
    both = [part for name, path in traits.items()
            for part in ("--sumstats", path, *options(outputs(tmp_path / "both", name)))]  # fmt: skip
    call(*shared, *both)
    for name, path in traits.items():
        alone = outputs(tmp_path / "alone", name)
        call(*shared, "--sumstats", path, *options(alone))
        for option, file in outputs(tmp_path / "both", name).items():
            assert file.read_bytes() == alone[option].read_bytes(), (name, option)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--sumstats", "none.gz", "--out", "none.parquet"], "none.gz: no such file"),
        (["--sumstats", "none.gz"], "--out is given 1 times, --sumstats 2"),
        (["--qc", "a.json", "--qc", "b.json"], "--qc is given 2 times, --sumstats 1"),
        (["--weights", "other"], "--weights other: unknown"),
        (["--blocks", "1000"], "1000 jackknife blocks need 2000"),
    ],
)
def test_mistakes_end_in_a_line_and_leave_nothing(inputs, tmp_path, more, message):
    out = tmp_path / "spots.parquet"
    assert message in refused(*arguments(inputs, "--out", out, *more))
    assert list(tmp_path.iterdir()) == []


@needs_gsmap
@pytest.mark.skipif(not LINK.exists(), reason="link_snps_to_genes.py is not there")
def test_gsmap_spots_from_its_genotypes(tmp_path):
    """Genotypes to z, with gsMap's settings: its genes, LD windows in chunks of 100 SNPs, the MHC kept."""
    scores = pd.read_parquet(GSMAP / "outputs" / "gss.parquet").set_index("gene").T
    data = anndata.AnnData(scores.astype(np.float32))
    data.write_h5ad(tmp_path / "specificity.h5ad")
    measured = set(scores.columns)
    lines = (GSMAP / "inputs" / "genes.gtf").read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.startswith("#") or _gene_name(line) in measured]
    (tmp_path / "genes.gtf").write_text("".join(kept))
    reference = tmp_path / "reference.h5ad"
    panel, snps = GSMAP / "inputs" / "plink" / "ref.{chr}", GSMAP / "inputs" / "hm3" / "hm.{chr}.snp"
    more = ["--snps", snps, "--ldsc-chunk", "100", "--out", reference]
    call("link_snps_to_genes.py", "--panel", panel, "--genes", tmp_path / "genes.gtf", *more)
    sumstats, out = GSMAP / "inputs" / "gwas" / "causal.sumstats.gz", tmp_path / "spots.parquet"
    files = ["--specificity", tmp_path / "specificity.h5ad", "--reference", reference, "--sumstats", sumstats]
    call("regress_spots.py", *files, "--keep-mhc", "--out", out)
    found = pd.read_parquet(out).set_index("spot")
    wanted = pd.read_csv(GSMAP / "outputs" / "spots_causal.csv").set_index("spot").reindex(found.index)
    assert np.abs(found["z"] - wanted["z"]).max() < 0.002


def _gene_name(line: str) -> str:
    return line.split('gene_name "')[1].split('"')[0]
