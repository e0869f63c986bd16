"""Inputs of any size, drawn directly: what the steps cost depends on sizes and sparsity alone.

Genes cluster on a genome of 22 chromosomes; a regression SNP is in LD with the genes within 1 cM, most with those near
it. A third of the gene specificity scores are above 0, as in simulated and real slices.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.formats import UNMAPPED
from traitmap.reference import Reference, write_reference
from traitmap.simulation import AUTOSOME_MB

GENES = 18_000
SCORED = 0.35  # share of the gene specificity scores above 0
EXPRESSED = 0.2  # share of the counts above 0
REACH = 1.0  # cM, that is Mb here, to either side of a SNP
BLOCK = 1000  # spots drawn at once
LABELS = 12
DIMENSIONS = 30
DRAWN = "drawn.json"  # written last: says what a folder of inputs holds


def gene_names(genes: int) -> list[str]:
    """Symbols, in genomic order."""
    return [f"GENE{number:05d}" for number in range(1, genes + 1)]


def draw_reference(snps: int, genes: int, seed: int) -> Reference:
    """A reference of ``snps`` SNPs evenly on the genome, and genes in clusters."""
    rng = np.random.default_rng([seed, snps, genes])
    share = np.array(list(AUTOSOME_MB.values())) / sum(AUTOSOME_MB.values())
    rows, tables, places = [], [], []
    first = 0
    for chromosome, n_snps, n_genes in zip(AUTOSOME_MB, _parts(snps, share), _parts(genes, share), strict=True):
        length = float(AUTOSOME_MB[chromosome])
        gaps = np.cumsum(rng.gamma(0.4, 1.0, n_genes + 1))
        centre = gaps[:-1] / gaps[-1] * length
        position = np.sort(rng.uniform(0, length, n_snps))
        rows.append(_linked(position, centre, first, genes, rng))
        start = (centre * 1e6).astype(np.int64) + 1
        places.append(pd.DataFrame({"chr": chromosome, "start": start, "end": start + 20_000, "strand": "+"}))
        tables.append(pd.DataFrame({"CHR": chromosome, "BP": (position * 1e6).astype(np.int64) + 1, "CM": position}))
        first += n_genes
    weights = sparse.vstack(rows, format="csr")
    table = pd.concat(tables, ignore_index=True).assign(A1="A", A2="G", MAF=0.3)
    total = np.asarray(weights.sum(axis=1, dtype=np.float64)).ravel()
    table["w_ld"] = 1.0 + total * rng.uniform(0.3, 0.5, snps)
    table.index = pd.Index([f"rs{number}" for number in range(1, snps + 1)], name="SNP")
    unmapped = pd.DataFrame({"chr": [0], "start": [0], "end": [0], "strand": ["+"]})
    placed = pd.concat([*places, unmapped])
    placed.index = pd.Index([*gene_names(genes), UNMAPPED])
    facts = {"genome_build": "GRCh37", "approximate": False, "panel_snps": 10 * snps}
    return Reference(weights, table, placed, facts)


def _parts(total: int, share: np.ndarray) -> np.ndarray:
    return np.diff(np.round(total * np.concatenate([[0.0], np.cumsum(share)])).astype(int))


def _linked(
    position: np.ndarray, centre: np.ndarray, first: int, genes: int, rng: np.random.Generator
) -> sparse.csr_matrix:
    """LD of a chromosome's SNPs with genes and, in the last column, with the SNPs of no gene."""
    low = np.searchsorted(centre, position - REACH)
    count = np.searchsorted(centre, position + REACH) - low
    ends = np.concatenate([[0], np.cumsum(count)])
    columns = np.arange(ends[-1]) - np.repeat(ends[:-1] - low, count)
    distance = np.abs(centre[columns] - np.repeat(position, count))
    values = rng.gamma(0.7, 12.0, len(columns)) * np.exp(-distance / 0.05) + rng.normal(0, 0.2, len(columns))
    near = sparse.csr_matrix((values.astype(np.float32), columns + first, ends), shape=(len(position), genes))
    unmapped = sparse.csr_matrix(rng.gamma(2.0, 10.0, (len(position), 1)).astype(np.float32))
    return sparse.hstack([near, unmapped], format="csr")


def draw_trait(reference: Reference, seed: int) -> pd.DataFrame:
    """Harmonised summary statistics of a polygenic trait."""
    rng = np.random.default_rng([seed, len(reference.snps)])
    total = np.asarray(reference.weights.sum(axis=1, dtype=np.float64)).ravel()
    n = rng.uniform(80_000, 120_000, len(total)).round()
    slope = 0.3 / (np.maximum(total, 1).mean() * n.mean())
    z = rng.normal(size=len(total)) * np.sqrt(1.0 + slope * n * np.maximum(total, 0))
    table = reference.snps[["CHR", "BP", "A1", "A2"]].assign(Z=z, N=n).reset_index()
    return table.astype({"CHR": np.int8, "BP": np.int32})


def write_genome(folder: Path, snps: int, traits: int, genes: int = GENES, seed: int = 1) -> None:
    """Write ``folder``/reference.h5ad and trait_<number>.parquet."""
    reference = draw_reference(snps, genes, seed)
    for number in range(1, traits + 1):
        draw_trait(reference, seed + number).to_parquet(folder / f"trait_{number}.parquet", index=False)
    write_reference(reference, folder / "reference.h5ad")


def sparse_blocks(spots: int, genes: int, share: float, least: float, seed: int) -> Iterator[sparse.csr_matrix]:
    """Blocks of spots x genes, CSR float32, ``share`` of the entries ``least`` or more; genes differ in their share."""
    spread = np.random.default_rng([seed, genes]).beta(1.0, (1 - share) / share, genes).astype(np.float32)
    for start in range(0, spots, BLOCK):
        rng = np.random.default_rng([seed, genes, start])
        found = rng.random((min(BLOCK, spots - start), genes), dtype=np.float32) < spread
        block = sparse.csr_matrix(found, dtype=np.float32)
        block.data = np.float32(least) + rng.standard_exponential(block.nnz, dtype=np.float32)
        yield block


def write_scores(path: Path, spots: int, genes: int = GENES, seed: int = 1) -> None:
    """Write a specificity.h5ad of ``spots`` spots, block by block."""
    obs, var = pd.DataFrame(index=_spot_names(spots)), pd.DataFrame(index=gene_names(genes))
    _write(path, obs, var, {}, "X", sparse_blocks(spots, genes, SCORED, np.e - 1, seed))


def write_slice(folder: Path, spots: int, genes: int = GENES, seed: int = 1) -> None:
    """Write ``folder``/slice.h5ad (layers['counts'], labels, coordinates) and embedding.h5ad."""
    import anndata

    rng = np.random.default_rng([seed, spots])
    side = int(np.ceil(np.sqrt(spots)))
    where = np.column_stack(np.divmod(np.arange(spots), side)).astype(np.float64)
    label = pd.Categorical.from_codes((where[:, 0] * LABELS // side).astype(int), [f"r{i}" for i in range(LABELS)])
    obs = pd.DataFrame({"annotation": label.remove_unused_categories()}, index=_spot_names(spots))
    waves = np.sin(where @ rng.normal(0, 6 / side, (2, DIMENSIONS)) + rng.uniform(0, 6, DIMENSIONS))
    embedding = (waves + rng.normal(0, 0.3, waves.shape)).astype(np.float32)
    anndata.AnnData(obs=obs[[]], obsm={"embedding": embedding}).write_h5ad(folder / "embedding.h5ad")
    counts = sparse_blocks(spots, genes, EXPRESSED, 1.0, seed + 1)
    whole = ((np.floor(block.data, out=block.data), block)[1] for block in counts)
    var = pd.DataFrame(index=gene_names(genes))
    _write(folder / "slice.h5ad", obs, var, {"spatial": where}, "layers/counts", whole)


def _spot_names(spots: int) -> list[str]:
    return [f"spot_{number}" for number in range(1, spots + 1)]


def _write(
    path: Path,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    obsm: dict[str, np.ndarray],
    key: str,
    blocks: Iterable[sparse.csr_matrix],
) -> None:
    import anndata
    import h5py

    with h5py.File(path, "w") as file:
        anndata.io.write_elem(file, "/", anndata.AnnData(obs=obs, var=var, obsm=obsm))
        if key in file:
            del file[key]
        stored: Any = None
        for block in blocks:
            if stored is None:
                anndata.io.write_elem(file, key, block)
                stored = anndata.io.sparse_dataset(file[key])
            else:
                stored.append(block)


def cached(folder: Path, facts: dict[str, Any]) -> bool:
    """Whether ``folder`` holds inputs drawn for these facts; if not, it is made anew, empty."""
    drawn = folder / DRAWN
    if drawn.exists() and json.loads(drawn.read_text()) == facts:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return False


def mark(folder: Path, facts: dict[str, Any]) -> None:
    """Say that the inputs in ``folder`` are whole."""
    (folder / DRAWN).write_text(json.dumps(facts))
