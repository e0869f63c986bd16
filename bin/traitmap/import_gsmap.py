"""The reference in a gsMap resource folder, as its users already have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap import __version__
from traitmap.chromosomes import AUTOSOMES, PLACE, find_files
from traitmap.errors import InputError
from traitmap.files import file_problems, sha256
from traitmap.formats import REFERENCE_GENES, REFERENCE_SNPS, UNMAPPED
from traitmap.genome_builds import build_problem
from traitmap.h5ad import read_h5ad
from traitmap.ldsc_files import find_ld_scores, read_ld_scores
from traitmap.ledger import Ledger
from traitmap.reference import Reference
from traitmap.reference_parts import STEP, SharedFile, sum_counts, with_unmapped

if TYPE_CHECKING:
    from anndata import AnnData

MATRIX = Path("quick_mode", "snp_gene_weight_matrix.h5ad")
BASELINE = Path("quick_mode", "baseline", f"baseline.{PLACE}")
WEIGHTS = Path("LDSC_resource", "weights_hm3_no_hla", f"weights.{PLACE}")
ANNOTATION = Path("genome_annotation", "gtf")


def import_gsmap(folder: Path, genes: Path | None, genome_build: str) -> Reference:
    """SNP x gene LD of a gsMap resource folder with its regression weights beside it.

    Read are quick_mode/snp_gene_weight_matrix.h5ad and LDSC_resource/weights_hm3_no_hla/weights.{chr}.l2.ldscore.gz,
    which also tell positions; where the matrix has no column for unmapped SNPs, it is base - all_gene of
    quick_mode/baseline/baseline.{chr}.l2.ldscore.feather. Positions of genes come from ``genes``, else from a GTF in
    the folder's genome_annotation/gtf; without either only the chromosome is known, by the SNPs. SNPs without a
    regression weight (gsMap's leave out the MHC) are left out, as gsMap does, and counted.

    Raises InputError for files that are missing or do not fit each other.
    """
    ledger = Ledger(STEP, "reference")
    files = find_resource(folder)
    inputs = [folder / MATRIX, *files.values()]
    data = read_h5ad(folder / MATRIX, "gsMap's SNP x gene matrix")
    if data.X is None:
        raise InputError(f"{folder / MATRIX}: holds nothing in X (gsMap's SNP x gene matrix); copy it again")
    ledger.read("regression SNPs", data.n_obs)
    weights = _read_weights(files, ledger)

    known = np.flatnonzero(data.obs_names.isin(weights.index))
    ledger.removed("regression SNPs", "without a regression weight", data.n_obs - len(known))
    _check(folder / MATRIX, data, weights, known)
    snps = weights.loc[data.obs_names[known]]
    if problem := build_problem(str(folder / WEIGHTS), "SNP", snps.index, snps["CHR"], snps["BP"], genome_build):
        raise InputError(problem)
    order = np.lexsort((snps["BP"], snps["CHR"]))
    ledger.noted("regression SNPs", "out of genomic order in the matrix (sorted)", (np.diff(order) < 0).sum())
    rows, snps = known[order], snps.iloc[order]

    matrix = sparse.csr_matrix(data.X)[rows].astype(np.float32)
    names = data.var_names.astype(str)
    is_unmapped = names.str.lower() == UNMAPPED
    if is_unmapped.any():
        unmapped = matrix[:, np.flatnonzero(is_unmapped)[:1]]
    else:
        score, used = _unmapped_by_baseline(folder, snps.index)
        unmapped, inputs = sparse.csr_matrix(score[:, None], dtype=np.float32), inputs + used
    matrix = matrix[:, np.flatnonzero(~is_unmapped)]
    positions = _gene_positions(
        names[~is_unmapped], matrix, snps, genes or _own_annotation(folder), genome_build, ledger
    )
    by_place = np.lexsort((positions["start"], positions["chr"]))
    matrix = sparse.hstack([matrix[:, by_place], unmapped], format="csr")
    matrix.sort_indices()
    ledger.kept("regression SNPs", len(snps))
    ledger.kept("genes", len(positions))
    facts = {
        "genome_build": genome_build,
        "approximate": False,
        "panel_people": 0,
        "ld_window": "1 cM, rounded to 100 SNPs as in LDSC (gsMap's resource)",
        "window_kb": 50.0,
        "version": __version__,
        "inputs": json.dumps({path.name: sha256(path) for path in [*inputs, *([genes] if genes else [])]}),
        "ledger": ledger.to_json(),
    }
    return Reference(matrix, snps[list(REFERENCE_SNPS)], with_unmapped(positions.iloc[by_place]), facts)


def find_resource(folder: Path) -> dict[int, Path]:
    """The regression weights of each chromosome; InputError, a line a file, where one or the matrix is missing."""
    files, problems = find_ld_scores(
        str(folder / WEIGHTS), list(AUTOSOMES), "gsMap's regression weights", mend="copy the folder again"
    )
    problems += file_problems(folder / MATRIX, "gsMap's SNP x gene matrix")
    if problems:
        raise InputError(*problems)
    return files


def _read_weights(files: dict[int, Path], ledger: Ledger) -> pd.DataFrame:
    """Index SNP, columns ``formats.REFERENCE_SNPS``; the account of the 22 files goes to ``ledger`` in one."""
    ledgers, tables = [], []
    for chromosome, path in files.items():
        ledgers.append(Ledger(STEP, path.name))
        tables.append(read_ld_scores(path, chromosome, "regression weights", ledgers[-1]).assign(CHR=chromosome))
    ledger.counts += sum_counts(each.to_dict() for each in ledgers)
    weights = pd.concat(tables).rename(columns={"L2": "w_ld"}).assign(A1="", A2="")
    ledger.removed("regression weights", "SNP id on two chromosomes", weights.index.duplicated().sum())
    return weights[~weights.index.duplicated()]


def _check(path: Path, data: AnnData, weights: pd.DataFrame, known: np.ndarray) -> None:
    """One matrix of one build: no SNP or gene twice, SNPs and positions as in the weights."""
    problems = [
        f"{path}: {what} {names[names.duplicated()][0]} occurs more than once; copy the folder again"
        for what, names in (("SNP", data.obs_names), ("gene", data.var_names))
        if names.has_duplicates
    ]
    if not len(known):
        problems.append(f"{path}: none of its SNPs is in {WEIGHTS}; do the files belong together?")
    elif "BP" in data.obs:
        there = pd.to_numeric(data.obs["BP"], errors="coerce").to_numpy(np.float64)[known]
        # gsMap3D counts some positions from 0: one base is no other build.
        away = ~(np.abs(there - weights.loc[data.obs_names[known], "BP"].to_numpy()) <= 1)
        if away.mean() > 0.01:
            snp = data.obs_names[known][np.argmax(away)]
            problems.append(f"{path}: positions differ from {WEIGHTS} (SNP {snp}, say); are they of one genome build?")
    if problems:
        raise InputError(*problems)


def _unmapped_by_baseline(folder: Path, snps: pd.Index) -> tuple[np.ndarray, list[Path]]:
    """LD score of the SNPs of no gene, base - all_gene, of ``snps``; and the files that told it."""
    chromosomes = list(AUTOSOMES)
    files, problems = find_files(
        str(folder / BASELINE), chromosomes, [".l2.ldscore.feather"], "unmapped SNPs", "copy the folder again"
    )
    if problems:
        raise InputError(
            f"{folder / MATRIX}: has no column {UNMAPPED!r}, and its substitute is missing; copy the folder again",
            *problems,
        )
    tables = []
    for path in files.values():
        try:
            table = pd.read_feather(path)
        except (OSError, ValueError) as error:  # pyarrow's errors are both
            raise InputError(f"{path}: cannot be read as feather ({error}); copy it again") from error
        absent = {"SNP", "all_gene", "base"} - set(table.columns)
        if absent:
            raise InputError(f"{path}: lacks column {', '.join(sorted(absent))}; copy the folder again")
        tables.append(table.set_index("SNP")[["all_gene", "base"]].astype(np.float64))
    baseline = pd.concat(tables)
    absent = snps[~snps.isin(baseline.index)]
    if len(absent):
        raise InputError(
            f"{folder / BASELINE}: lacks {len(absent)} SNPs of the matrix, {absent[0]} for one; copy the folder again"
        )
    score = baseline[~baseline.index.duplicated()].loc[snps]
    return (score["base"] - score["all_gene"]).to_numpy(), list(files.values())


def _own_annotation(folder: Path) -> Path | None:
    """The folder's only GTF, if it has one."""
    found = sorted((folder / ANNOTATION).glob("*.gtf*"))
    return found[0] if len(found) == 1 else None


def _gene_positions(
    names: pd.Index,
    matrix: sparse.csr_matrix,
    snps: pd.DataFrame,
    genes: Path | None,
    genome_build: str,
    ledger: Ledger,
) -> pd.DataFrame:
    """Positions of the matrix's genes, in its order; where no file tells, chr by the SNPs in LD, start and end 0."""
    ledger.read("genes", len(names))
    chromosomes = snps["CHR"].to_numpy()
    entries = matrix.tocsc()
    first = np.diff(entries.indptr) > 0
    chr_by_snps = np.zeros(len(names), dtype=np.int64)
    chr_by_snps[first] = chromosomes[entries.indices[entries.indptr[:-1][first]]]
    ledger.noted("genes", "without LD to any SNP", (~first).sum())
    positions = pd.DataFrame({"chr": chr_by_snps, "start": 0, "end": 0, "strand": "."}, index=names)
    if genes is not None:
        told = SharedFile.genes(genes, genome_build).content.reindex(names).dropna()
        told = told.astype({"chr": np.int64, "start": np.int64, "end": np.int64})
        told = told[(told["chr"] == positions.loc[told.index, "chr"]) | (positions.loc[told.index, "chr"] == 0)]
        positions.loc[told.index] = told
    unknown = int((positions["end"] == 0).sum())
    ledger.noted("genes", "of unknown position", unknown)
    if unknown:
        ledger.warn(f"Positions of {unknown} of {len(names)} genes are unknown: give gsMap's gene file by --genes.")
    return positions[list(REFERENCE_GENES)]
