"""From slices and ways to raw results, each kept in a file of its own: what is there is not done again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from bench_measure import CommandError, Usage, measure, step
from calibrate_runs import _designs
from calibrate_study import Simulated
from compare_measures import clusters_agree, recovery, region_tests
from compare_study import Slice
from compare_ways import GSMAP, GSMAP_LABELS, Way

from traitmap.h5ad import write_h5ad
from traitmap.ledger import Ledger
from traitmap.slices import REGION, read_slice
from traitmap.specificity import read_embedding, score_specificity

ANNOTATION = "annotation"


def _for_gsmap(each: Slice, path: Path) -> Path:
    """The slice with counts in X too, where gsMap filters genes, and without what its older anndata cannot read."""
    data = anndata.read_h5ad(each.path)
    data.X = data.layers[each.layer].copy()
    data.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        file.pop("raw", None)
    return path


def stem(each: Slice, way: Way, base: str) -> str:
    """What the files of a slice and way begin with."""
    return f"{each.name.replace(' ', '_')}.{way.name}.{way.embedding or base}"


def run_all(slices: list[Slice], wanted: list[Way], base: str, gsmap: Path, folder: Path) -> Iterator[str]:
    """Embed, score and measure what ``folder`` lacks; yield a line for each slice and way that was run."""
    for each in slices:
        for way in wanted:
            path = folder / f"{stem(each, way, base)}.json"
            if not path.exists():
                result = _measured(each, way, way.embedding or base, gsmap, folder)
                path.write_text(json.dumps(result, indent=1) + "\n")
                yield f"{each.name}, {way.name}: {result.get('failed') or 'done'}"


def test_regions(
    whole: Simulated, slices: list[Slice], wanted: list[Way], base: str, gsmap: Path, folder: Path
) -> Iterator[str]:
    """Test the regions of simulated slices with every GWAS, where ``folder`` lacks it; yield a line each."""
    genes = whole.reference.genes.index[:-1]
    designs = []
    for each in slices:
        for way in wanted:
            path = folder / f"{stem(each, way, base)}.parquet"
            if each.truth is None or path.exists():
                continue
            designs = designs or _designs(whole, whole.traits, genes)
            scored = folder / f"{path.stem}.h5ad"
            write_h5ad(_scored(each, way, way.embedding or base, gsmap, folder)[0], scored, compress=False)
            region_tests(scored, genes, designs).assign(slice=each.name, way=way.name, of=way.of).to_parquet(path)
            scored.unlink()
            yield f"{each.name}, {way.name}: regions tested"


def _scored(
    each: Slice, way: Way, model: str, gsmap: Path, folder: Path
) -> tuple[anndata.AnnData, np.ndarray, Usage, int]:
    """Scores, the embedding behind them, what it cost, and how many spots it lacks: gsMap drops some."""
    path, usage = embed(each, model, gsmap, folder / "embeddings")
    about = {"layer": each.layer, "annotation": ANNOTATION, "species": each.species, "translate": False}
    data = read_slice(each.path, Ledger("", each.path.name), **about)
    known = data.obs_names.isin(anndata.read_h5ad(path).obs_names)
    data = data[known].copy()
    embedding = read_embedding(path, data.obs_names)
    return (
        score_specificity(data, embedding, Ledger("", each.name), way.settings),
        embedding,
        usage,
        int((~known).sum()),
    )


def _measured(each: Slice, way: Way, model: str, gsmap: Path, folder: Path) -> dict[str, object]:
    result: dict[str, object] = {"slice": each.name, "way": way.name, "of": way.of, "embedding": model}
    try:
        scores, embedding, usage, dropped = _scored(each, way, model, gsmap, folder)
    except CommandError as error:
        return result | {"failed": str(error).strip().splitlines()[-1]}
    result |= asdict(usage) | {"dropped": dropped, "purity": float(scores.obs["microdomain_purity"].mean())}
    result["neighbors"] = json.loads(scores.uns["parameters"])["neighbors"]
    if way.of == "embedding":
        result["ari"], result["resolution"] = clusters_agree(embedding, scores.obs[REGION])
    return result if each.truth is None else result | recovery(scores, each.truth)


def embed(each: Slice, model: str, gsmap: Path, folder: Path) -> tuple[Path, Usage]:
    """The slice's embedding by ``model``, measured; raises CommandError where the program fails on the slice."""
    name = f"{each.name.replace(' ', '_')}.{model}"
    path, told = folder / f"{name}.h5ad", folder / f"{name}.json"
    if not told.exists():
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{name}.log"
        if model in (GSMAP, GSMAP_LABELS):
            usage = _embed_as_gsmap(each, model == GSMAP_LABELS, gsmap, path, log)
        else:
            given = ("--slice", each.path, "--layer", each.layer, "--species", each.species)
            alike = ("--device", "cpu", "--no-umap")  # gsMap draws none either
            usage = measure(step("embed_spots", *given, "--model", model, "--out", path, *alike), log, 1)
        told.write_text(json.dumps(asdict(usage)))
    return path, Usage(**json.loads(told.read_text()))


def _embed_as_gsmap(each: Slice, labels: bool, gsmap: Path, path: Path, log: Path) -> Usage:
    workdir, sample = path.with_suffix(".gsmap"), "sample"
    command = [gsmap, "run_find_latent_representations", "--workdir", workdir, "--sample_name", sample]
    given = ["--input_hdf5_path", _for_gsmap(each, path.with_suffix(".input.h5ad")), "--data_layer", each.layer]
    usage = measure([*command, *given, *(["--annotation", ANNOTATION] if labels else [])], log, 1)
    latent = anndata.read_h5ad(workdir / sample / "find_latent_representations" / f"{sample}_add_latent.h5ad")
    found = anndata.AnnData(obs=pd.DataFrame(index=latent.obs_names))
    found.obsm["embedding"] = np.asarray(latent.obsm["latent_GVAE"], dtype=np.float32)
    write_h5ad(found, path)
    shutil.rmtree(workdir)
    return usage
