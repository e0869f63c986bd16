"""From slices and ways to raw results, each kept in a file of its own: what is there is not done again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import anndata
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


def run_all(
    whole: Simulated, slices: list[Slice], wanted: list[Way], base: str, gsmap: Path, folder: Path
) -> Iterator[str]:
    """Run what ``folder`` lacks; yield a line for each slice and way that was run."""
    for each in slices:
        for way in wanted:
            done = folder / f"{each.name.replace(' ', '_')}.{way.name}.json"
            embedding = way.embedding or base
            if done.exists() and json.loads(done.read_text())["embedding"] == embedding:
                continue
            result = _run(whole, each, way, embedding, gsmap, folder)
            done.write_text(json.dumps(result, indent=1) + "\n")
            yield f"{each.name}, {way.name}: {result.get('failed') or 'done'}"


def _run(whole: Simulated, each: Slice, way: Way, embedding: str, gsmap: Path, folder: Path) -> dict[str, object]:
    about = {"slice": each.name, "way": way.name, "of": way.of, "embedding": embedding}
    try:
        path, usage = embed(each, embedding, gsmap, folder / "embeddings")
    except CommandError as error:
        return about | {"failed": str(error).strip().splitlines()[-1]}
    data = read_slice(each.path, Ledger("", each.path.name), layer=each.layer, annotation=ANNOTATION)
    known = data.obs_names.isin(anndata.read_h5ad(path, backed="r").obs_names)  # gsMap drops spots without a label
    data = data[known].copy()
    values = read_embedding(path, data.obs_names)
    scores = score_specificity(data, values, Ledger("", each.name), way.settings)
    scored = folder / "scores.h5ad"
    write_h5ad(scores, scored, compress=False)
    result = about | asdict(usage) | {"dropped": int((~known).sum())}
    result["purity"] = float(scores.obs["microdomain_purity"].mean())
    result["neighbors"] = json.loads(scores.uns["parameters"])["neighbors"]
    if way.of == "embedding":
        result["ari"], result["resolution"] = clusters_agree(values, data.obs[REGION])
    if each.truth is not None:
        result |= recovery(scores, each.truth)
        tests = region_tests(scored, *_prepared(whole))
        tests.assign(slice=each.name, way=way.name, of=way.of).to_parquet(
            folder / f"{each.name.replace(' ', '_')}.{way.name}.parquet"
        )
    return result


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
            command = step("embed_spots", "--slice", each.path, "--layer", each.layer, "--model", model, "--out", path)
            usage = measure([*command, "--device", "cpu"], log, 1)
        told.write_text(json.dumps(asdict(usage)))
    return path, Usage(**json.loads(told.read_text()))


def _embed_as_gsmap(each: Slice, labels: bool, gsmap: Path, path: Path, log: Path) -> Usage:
    workdir, sample = path.with_suffix(".gsmap"), "sample"
    command = [gsmap, "run_find_latent_representations", "--workdir", workdir, "--sample_name", sample]
    given = ["--input_hdf5_path", each.path, "--data_layer", each.layer]
    usage = measure([*command, *given, *(["--annotation", ANNOTATION] if labels else [])], log, 1)
    latent = anndata.read_h5ad(workdir / sample / "find_latent_representations" / f"{sample}_add_latent.h5ad")
    found = anndata.AnnData(obs=pd.DataFrame(index=latent.obs_names))
    found.obsm["embedding"] = np.asarray(latent.obsm["latent_GVAE"], dtype=np.float32)
    write_h5ad(found, path)
    shutil.rmtree(workdir)
    return usage


_DESIGNS: dict[Path, tuple] = {}


def _prepared(whole: Simulated) -> tuple[pd.Index, list]:
    """Genes and the regressions of all traits: prepared once."""
    if whole.folder not in _DESIGNS:
        genes = whole.reference.genes.index[:-1]
        _DESIGNS[whole.folder] = genes, _designs(whole, whole.traits, genes)
    return _DESIGNS[whole.folder]
