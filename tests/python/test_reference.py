"""The reference: built from a panel, merged, imported; equal to gsMap's; what is wrong told in a line each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from conftest import GSMAP, REAL, call, needs_gsmap, needs_real, refused
from test_panel import write_panel
from traitmap.errors import InputError
from traitmap.gene_windows import gene_of_snps
from traitmap.import_gsmap import import_gsmap
from traitmap.import_ld_scores import import_ld_scores
from traitmap.link_snps_to_genes import Settings, link_panel
from traitmap.reference import read_reference, write_reference
from traitmap.reference_parts import merge, read_part

SCRIPT = "link_snps_to_genes.py"
PEOPLE = 60


def counted(reference, of: str, what: str) -> int:
    return next(c["n"] for c in json.loads(reference.facts["ledger"])["counts"] if (c["of"], c["what"]) == (of, what))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Chromosomes 1, 2 (without a gene) and 3 (without a regression SNP); 200, 60 and 40 SNPs."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(4)
    genes, listed = [], ["rs_elsewhere"]
    for chromosome, n in ((1, 200), (2, 60), (3, 40)):
        genotypes = rng.binomial(2, 0.3, (n, PEOPLE)).astype(np.int8)
        genotypes[1::2] = np.where(rng.random((n // 2, PEOPLE)) < 0.7, genotypes[::2], genotypes[1::2])
        genotypes[10] = 0
        genotypes[20, :3] = -127
        write_panel(
            folder,
            genotypes,
            f"p.{chromosome}",
            chromosome=[str(chromosome)] * n,
            sid=[f"rs{chromosome}_{i}" for i in range(n)],
            bp_position=np.arange(1, n + 1) * 10_000,
            cm_position=np.arange(1, n + 1) / 32,
        )
        if chromosome != 2:
            genes += [
                f"{chromosome}{k} {chromosome} {k * 200_000} {k * 200_000 + 40_000} {'+-'[k % 2]} G{chromosome}_{k}"
                for k in range(9)
            ]
        if chromosome != 3:
            listed += [f"rs{chromosome}_{i}" for i in range(0, n, 2)]
    (folder / "genes.loc").write_text("".join(f"{gene}\n" for gene in genes))
    (folder / "hm3.snplist").write_text("SNP A1 A2\n" + "".join(f"{snp} A G\n" for snp in listed))
    return folder


def build(study: Path, settings: Settings | None = None, chromosomes=(1, 2, 3)):
    return list(
        link_panel(
            str(study / "p.{chr}"),
            study / "genes.loc",
            str(study / "hm3.snplist"),
            list(chromosomes),
            settings or Settings(),
        )
    )


def test_built_from_a_panel_equals_the_twin(study):
    """From the .bed to the matrix by plain loops in float64."""
    from bed_reader import open_bed

    reference = merge(build(study))
    genes = reference.genes.iloc[:-1]
    for chromosome, n in ((1, 200), (2, 60)):
        with open_bed(study / f"p.{chromosome}.bed") as bed:
            x = bed.read(dtype="float64").T
        x = np.where(np.isnan(x), np.nanmean(x, axis=1, keepdims=True), x)
        varies = np.flatnonzero(x.std(axis=1) > 0)
        assert set(range(n)) - set(varies) == {10}
        r2 = np.corrcoef(x[varies]) ** 2
        unbiased = r2 - (1 - r2) / (PEOPLE - 2)
        cm, bp = (varies + 1) / 32, (varies + 1) * 10_000
        unbiased[np.abs(cm[:, None] - cm) > 1] = 0
        here = genes[genes["chr"] == chromosome]
        gene = gene_of_snps(bp, here, 50_000)
        kept = varies % 2 == 0
        expected = np.stack([unbiased[:, gene == k].sum(axis=1) for k in range(len(here) + 1)], axis=1)
        columns = [*np.flatnonzero(genes["chr"] == chromosome), len(genes)]
        rows = np.flatnonzero(reference.snps["CHR"] == chromosome)
        np.testing.assert_allclose(reference.weights[rows][:, columns].toarray(), expected[kept], atol=3e-6)
        snps = reference.snps.iloc[rows]
        assert snps.index.tolist() == [f"rs{chromosome}_{i}" for i in varies[kept]]
        np.testing.assert_allclose(snps["w_ld"], unbiased[:, kept].sum(axis=1)[kept], atol=3e-6)
        frequency = x[varies].mean(axis=1)[kept] / 2
        np.testing.assert_allclose(snps["MAF"], np.minimum(frequency, 1 - frequency))
        np.testing.assert_allclose(snps["CM"], cm[kept])
        np.testing.assert_array_equal(snps["BP"], bp[kept])


def test_nothing_vanishes_uncounted(study):
    reference = merge(build(study))
    assert counted(reference, "regression SNPs", "read") == 131
    assert counted(reference, "regression SNPs", "not on the panel's chromosomes that were read") == 1
    assert counted(reference, "regression SNPs", "same genotype in all people of the panel") == 2
    assert counted(reference, "regression SNPs", "used") == len(reference.snps) == 128
    assert counted(reference, "panel SNPs", "read") == 300
    assert counted(reference, "panel SNPs", "same genotype in all people") == 3
    assert counted(reference, "panel SNPs", "used") == 297
    assert counted(reference, "genes", "used") == len(reference.genes) - 1 == 18
    assert counted(reference, "chromosomes", "without a regression SNP") == 1
    assert counted(reference, "chromosomes", "without a gene") == 1
    warnings = json.loads(reference.facts["ledger"])["warnings"]
    assert "Chromosomes without a regression SNP: 3." in warnings
    assert "Chromosomes without a gene: 2." in warnings


def test_every_way_to_the_reference_is_the_same(study, tmp_path):
    """All at once, by chromosome and merged in any order, with threads: the same bytes in every array."""
    whole = merge(build(study, Settings(threads=2)))
    write_reference(whole, tmp_path / "all.h5ad")
    parts = [tmp_path / f"{chromosome}.h5ad" for chromosome in (1, 2, 3)]
    for (_, part), path in zip(build(study)[:2], parts[:2], strict=True):
        write_reference(part, path)
    panel = ["--panel", study / "p.{chr}", "--genes", study / "genes.loc", "--snps", study / "hm3.snplist"]
    call(SCRIPT, *panel, "--chromosome", 3, "--out", parts[2])
    call(SCRIPT, "--merge", parts[1], parts[2], parts[0], "--out", tmp_path / "merged.h5ad")
    whole, merged = read_reference(tmp_path / "all.h5ad"), read_reference(tmp_path / "merged.h5ad")
    assert (whole.weights != merged.weights).nnz == 0
    pd.testing.assert_frame_equal(whole.snps, merged.snps)
    pd.testing.assert_frame_equal(whole.genes, merged.genes)
    for key in ("ledger", "genome_build", "ld_window", "window_kb", "panel_people", "approximate", "version"):
        assert whole.facts[key] == merged.facts[key], key
    assert json.loads(whole.facts["inputs"]) == json.loads(merged.facts["inputs"])
    assert len(json.loads(whole.facts["inputs"])) == 2 + 9
    assert read_reference(parts[2]).weights.shape == (0, 10)


def test_settings_are_recorded_and_mixtures_refused(study):
    exact, rounded = build(study, chromosomes=[1]), build(study, Settings(ldsc_chunk=50, window_kb=10), [2])
    assert exact[0][1].facts["ld_window"] == "1 cM"
    assert rounded[0][1].facts["ld_window"] == "1 cM, rounded to 50 SNPs as in LDSC"
    with pytest.raises(InputError) as error:
        merge(exact + rounded)
    assert len(error.value.problems) == 2
    with pytest.raises(InputError, match="chromosome 1 is in another of the files too"):
        merge(exact + build(study, chromosomes=[1, 2]))
    with pytest.raises(InputError, match="no regression SNP"):
        merge(build(study, chromosomes=[3]))
    with pytest.raises(InputError, match="no gene lies"):
        merge(build(study, chromosomes=[2]))


def test_parts_of_several_chromosomes_interleave(study):
    apart, together = build(study), merge(build(study))
    mixed = merge([("1+3", merge([apart[0], apart[2]])), apart[1]])
    assert (mixed.weights != together.weights).nnz == 0
    pd.testing.assert_frame_equal(mixed.snps, together.snps)
    pd.testing.assert_frame_equal(mixed.genes, together.genes)


def test_a_panel_in_one_file_and_a_genetic_map(study, tmp_path):
    rng = np.random.default_rng(0)
    write_panel(
        tmp_path,
        rng.binomial(2, 0.5, (80, 30)),
        "whole",
        chromosome=["2"] * 40 + ["1"] * 40,
        cm_position=np.zeros(80),
        bp_position=np.tile(np.arange(1, 41) * 10_000, 2),
    )
    (tmp_path / "snps").write_text("".join(f"rs{i}\n" for i in range(80)))
    arguments = (str(tmp_path / "whole"), study / "genes.loc", str(tmp_path / "snps"), [1, 2], Settings())
    by_position = merge(link_panel(*arguments))
    assert by_position.snps["CHR"].tolist() == [1] * 40 + [2] * 40
    assert by_position.snps["CM"].isna().all()
    assert any("1 Mb is taken as 1 cM" in text for text in json.loads(by_position.facts["ledger"])["warnings"])
    (tmp_path / "map").write_text("1 . 0 10000\n1 . 40 400000\n2 . 0 10000\n2 . 4 400000\n")
    mapped = merge(link_panel(*arguments, genetic_map=str(tmp_path / "map")))
    assert not any("cM" in text for text in json.loads(mapped.facts["ledger"])["warnings"])
    np.testing.assert_allclose(mapped.snps["CM"].iloc[[0, 39, 40, 79]], [0, 40, 0, 4])
    assert mapped.weights[:40].sum() < by_position.weights[:40].sum()
    with pytest.raises(InputError, match="has no SNP on chromosomes 3-5; use --chromosomes"):
        list(link_panel(*arguments[:3], [1, 2, 3, 4, 5], Settings()))


def test_mistakes_are_told_in_a_line_each(study, tmp_path):
    text = refused(
        SCRIPT, "--panel", study / "p.{chr}", "--genes", tmp_path / "no.gtf", "--snps", tmp_path / "{chr}.snp",
        "--out", tmp_path / "out.h5ad",
    )  # fmt: skip
    assert "no file for chromosomes 4-22 (panel)" in text
    assert "no file for chromosomes 1-22 (regression SNPs)" in text
    assert "no.gtf: no such file" in text
    (tmp_path / "none.snps").write_text("rsX\n")
    with pytest.raises(InputError, match="no regression SNP is in the panel"):
        merge(link_panel(str(study / "p.1"), study / "genes.loc", str(tmp_path / "none.snps"), [1], Settings()))
    assert list(tmp_path.iterdir()) == [tmp_path / "none.snps"]


@pytest.mark.parametrize(
    ("arguments", "complaints"),
    [
        (["--panel", "x", "--ld-scores", "y"], ["exactly one of --panel"]),
        (["--panel", "x"], ["--genes", "--snps"]),
        (["--merge"], ["one file or more"]),
        (["--panel", "x", "--genes", "g", "--snps", "s", "part.h5ad"], ["part.h5ad: files without an option"]),
    ],
)
def test_what_an_executable_needs(tmp_path, arguments, complaints):
    text = refused(SCRIPT, *arguments, "--out", tmp_path / "out.h5ad")
    assert all(complaint in text for complaint in complaints)
    assert len(text.splitlines()) == len(complaints)


def write_ld_scores(path: Path, rows: list[tuple], columns: str = "CHR SNP BP CM MAF L2") -> None:
    text = "\n".join(["\t".join(columns.split()), *("\t".join(map(str, row)) for row in rows)]) + "\n"
    path.write_bytes(gzip.compress(text.encode()))


def test_ld_scores_go_to_the_gene_of_the_snp(study, tmp_path):
    rows = [(1, "a", 210_000, 0.1, 0.2, 5.5), (1, "b", 300_000, 0.2, 0.1, -0.5), (1, "c", 100_000, 0.0, 0.3, 0.5)]
    write_ld_scores(
        tmp_path / "s.1.l2.ldscore.gz", [*rows, (1, "d", 1, 0, 0, "NA"), (1, "a", 2, 0, 0, 1), (2, "e", 1, 0, 0, 1)]
    )
    write_ld_scores(tmp_path / "w.1.l2.ldscore.gz", [(1, "a", 210_000, 3.0), (1, "c", 100_000, 2.0)], "CHR SNP BP L2")
    reference = merge(import_ld_scores(str(tmp_path / "s.{chr}"), "", study / "genes.loc", [1], Settings()))
    assert reference.facts["approximate"] is True
    assert reference.snps.index.tolist() == ["c", "a", "b"]
    assert reference.snps["w_ld"].tolist() == [0.5, 5.5, -0.5]
    expected = np.zeros((3, 10), dtype=np.float32)
    expected[[0, 1, 2], [9, 1, 9]] = [0.5, 5.5, -0.5]
    np.testing.assert_array_equal(reference.weights.toarray(), expected)
    for what, n in (("L2 below 1", 2), ("L2 below 0", 1), ("L2 missing", 1), ("on another chromosome", 1)):
        assert counted(reference, "regression SNPs", what) == n
    assert any("approximate" in text for text in json.loads(reference.facts["ledger"])["warnings"])
    pattern = str(tmp_path / "w.{chr}")
    weighted = merge(import_ld_scores(str(tmp_path / "s.{chr}."), pattern, study / "genes.loc", [1], Settings()))
    assert weighted.snps["w_ld"].to_dict() == {"c": 2.0, "a": 3.0}
    assert counted(weighted, "regression SNPs", "without a weight") == 1
    write_ld_scores(tmp_path / "t.1.l2.ldscore.gz", [(1, "a", 5)], "CHR SNP BP")
    with pytest.raises(InputError, match="lacks column L2"):
        list(import_ld_scores(str(tmp_path / "t.{chr}"), "", study / "genes.loc", [1], Settings()))


@needs_real
def test_real_ld_scores():
    scores = str(REAL / "ld_scores_EUR" / "{chr}")
    reference = merge(import_ld_scores(scores, "", REAL / "genes" / "NCBI37.3.gene.loc", [21, 22], Settings()))
    raw = pd.concat([pd.read_csv(scores.format(chr=c) + ".l2.ldscore.gz", sep="\t") for c in (21, 22)])
    assert reference.snps.index.tolist() == raw["SNP"].tolist()
    np.testing.assert_allclose(np.asarray(reference.weights.sum(axis=1)).ravel(), raw["L2"], rtol=1e-6)
    assert counted(reference, "genes", "on chromosomes that were not read") > 17_000


def gsmap_folder(folder: Path, reference, with_unmapped: bool, with_positions: bool) -> Path:
    """A resource folder as gsMap lays it out, holding ``reference``; the SNPs in one weights file a chromosome."""
    (folder / "quick_mode" / "baseline").mkdir(parents=True)
    (folder / "LDSC_resource" / "weights_hm3_no_hla").mkdir(parents=True)
    n = None if with_unmapped else -1
    obs = reference.snps[["CHR", "BP"]] if with_positions else reference.snps[[]]
    data = anndata.AnnData(reference.weights[:, :n], obs=obs, var=pd.DataFrame(index=reference.genes.index[:n]))
    data.write_h5ad(folder / "quick_mode" / "snp_gene_weight_matrix.h5ad")
    all_gene = np.asarray(reference.weights[:, :-1].sum(axis=1)).ravel()
    base = np.asarray(reference.weights.sum(axis=1)).ravel()
    for chromosome in range(1, 23):
        here = (reference.snps["CHR"] == chromosome).to_numpy()
        snps = reference.snps[here]
        rows = zip(snps["CHR"], snps.index, snps["BP"], snps["CM"], snps["w_ld"], strict=True)
        weights = folder / "LDSC_resource" / "weights_hm3_no_hla" / f"weights.{chromosome}.l2.ldscore.gz"
        write_ld_scores(weights, list(rows)[: -1 if here.sum() else None], "CHR SNP BP CM L2")
        baseline = pd.DataFrame({"SNP": snps.index.to_numpy(), "all_gene": all_gene[here], "base": base[here]})
        baseline.to_feather(folder / "quick_mode" / "baseline" / f"baseline.{chromosome}.l2.ldscore.feather")
    return folder


@pytest.mark.parametrize("with_unmapped", [True, False])
def test_gsmap_resource_comes_back(study, tmp_path, with_unmapped):
    reference = merge(build(study))
    folder = gsmap_folder(tmp_path / "resource", reference, with_unmapped, with_positions=with_unmapped)
    read = import_gsmap(folder, study / "genes.loc", "GRCh37")
    kept = reference.snps.index.isin(read.snps.index)
    assert (~kept).sum() == 2  # the last SNP of each chromosome has no weight
    assert counted(read, "regression SNPs", "without a regression weight") == 2
    np.testing.assert_allclose(read.weights.toarray(), reference.weights[kept].toarray(), atol=2e-6)
    pd.testing.assert_frame_equal(
        read.snps[["CHR", "BP", "CM", "w_ld"]], reference.snps.loc[kept, ["CHR", "BP", "CM", "w_ld"]]
    )
    pd.testing.assert_frame_equal(read.genes, reference.genes, check_names=False)
    write_reference(read, tmp_path / "read.h5ad")
    assert read_reference(tmp_path / "read.h5ad").weights.shape == read.weights.shape
    with pytest.raises(InputError, match="not built from chromosomes"):
        read_part(tmp_path / "read.h5ad")


def test_gsmap_resource_without_gene_positions(study, tmp_path):
    folder = gsmap_folder(tmp_path / "resource", merge(build(study)), True, True)
    read = import_gsmap(folder, None, "GRCh37")
    assert set(read.genes["chr"].iloc[:-1]) <= {0, 1}
    assert any(
        "Positions of 18 of 18 genes are unknown" in text for text in json.loads(read.facts["ledger"])["warnings"]
    )


def test_gsmap_resource_that_does_not_fit_is_refused(study, tmp_path):
    folder = gsmap_folder(tmp_path / "resource", merge(build(study)), True, True)
    path = folder / "quick_mode" / "snp_gene_weight_matrix.h5ad"
    data = anndata.read_h5ad(path)
    data.obs["BP"] += 1_000_000
    data.write_h5ad(path)
    with pytest.raises(InputError, match="one genome build"):
        import_gsmap(folder, None, "GRCh37")
    path.unlink()
    (folder / "LDSC_resource" / "weights_hm3_no_hla" / "weights.9.l2.ldscore.gz").unlink()
    with pytest.raises(InputError) as error:
        import_gsmap(folder, None, "GRCh37")
    assert "no file for chromosome 9" in error.value.problems[0]
    assert "snp_gene_weight_matrix.h5ad: no such file" in error.value.problems[1]


@pytest.fixture(scope="module")
def as_gsmap(tmp_path_factory):
    """The reference of the simulated study under gsMap's settings."""
    folder = tmp_path_factory.mktemp("gsmap")
    measured = set(pd.read_parquet(GSMAP / "outputs" / "gss.parquet", columns=["gene"])["gene"])
    lines = (GSMAP / "inputs" / "genes.gtf").read_text().splitlines(keepends=True)
    rows = [line for line in lines if "\tgene\t" in line and line.split('gene_name "')[1].split('"')[0] in measured]
    (folder / "genes.gtf").write_text("".join(rows))
    panel, snps = (str(GSMAP / "inputs" / name) for name in ("plink/ref.{chr}", "hm3/hm.{chr}.snp"))
    return merge(link_panel(panel, folder / "genes.gtf", snps, list(range(1, 23)), Settings(ldsc_chunk=100)))


@needs_gsmap
def test_ld_scores_are_gsmaps(as_gsmap):
    """gsMap stores float16: half a step of it, which is 0.008 up to 32 and 0.016 above."""
    baseline = pd.read_parquet(GSMAP / "outputs" / "baseline_ldscores.parquet").set_index("SNP")
    assert as_gsmap.snps.index.tolist() == baseline.index.tolist()
    weights = as_gsmap.weights.astype(np.float64)
    all_gene, base = (np.asarray(part.sum(axis=1)).ravel() for part in (weights[:, :-1], weights))
    assert np.abs(all_gene - baseline["all_gene"].to_numpy(float)).max() < 0.008
    assert np.abs(base - baseline["base"].to_numpy(float)).max() < 0.008
    theirs = pd.read_parquet(GSMAP / "outputs" / "regression_weights.parquet").set_index("SNP")
    assert theirs.index.tolist() == as_gsmap.snps.index.tolist()
    assert np.abs(as_gsmap.snps["w_ld"] - theirs["L2"]).max() < 1e-4


@needs_gsmap
def test_spots_ld_scores_are_gsmaps(as_gsmap):
    theirs = pd.read_parquet(GSMAP / "outputs" / "spot_ldscores.parquet").set_index("SNP")
    gss = pd.read_parquet(GSMAP / "outputs" / "gss.parquet").set_index("gene")[theirs.columns]
    ours = as_gsmap.weights[:, :-1].astype(np.float64) @ gss.reindex(as_gsmap.genes.index[:-1]).to_numpy(np.float64)
    stored = theirs.to_numpy(np.float16)
    away = np.abs(ours - stored.astype(np.float64))
    assert (away <= np.spacing(stored).astype(np.float64) / 2 + 1e-4).all()
    assert away[stored < 32].max() < 0.008
