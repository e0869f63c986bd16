"""Any GWAS file to one plain table of SNP, alleles, Z and N, with an account of every row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from traitmap import sumstats_matching as matching
from traitmap import sumstats_qc as qc
from traitmap.errors import InputError
from traitmap.files import open_binary, writing
from traitmap.formats import SUMSTATS
from traitmap.ledger import Ledger
from traitmap.reference import read_reference_snps
from traitmap.sumstats_header import Layout, lay_out, layout_problems, read_vocabulary
from traitmap.sumstats_matching import ReferenceSnps
from traitmap.sumstats_qc import Filters
from traitmap.sumstats_reading import BLOCK, WHAT, BadRows, Sheet, read_chunks, read_sheet
from traitmap.sumstats_rows import N_FROM, Job, Rows, harmonize_piece
from traitmap.sumstats_statistics import EFFECTIVE_N, chi2_facts

TYPES = (pa.string(), pa.int8(), pa.int32(), pa.string(), pa.string(), pa.float64(), pa.float64())
SCHEMA = pa.schema(list(zip(SUMSTATS, TYPES, strict=True)))
ALLELES = np.array([*matching.BASES, ""], dtype=object)  # by allele code; the last is that of no allele, -1
WAYS = {"z": "Z", "effect": "effect over its standard error", "p": "P and sign", "chi2": "chi-square and sign"}
DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", None: "blanks"}
# So many SNPs known by rsID tell a file's genome build: no need to read on if it is another.
ENOUGH_SHARED = 20_000


def harmonize(
    sumstats: Path,
    trait: str,
    vocabulary: Path,
    reference: Path | None = None,
    n: float | None = None,
    filters: Filters | None = None,
    block: int = BLOCK,
) -> tuple[pd.DataFrame, Ledger]:
    """Read, match and filter the summary statistics of one trait.

    Returns a table of ``formats.SUMSTATS`` in genomic order, A1 the effect allele of the file, and the ledger. ``n`` is
    the sample size of rows whose file tells none; ``block`` the bytes that are read at a time.
    Raises InputError, a line a mistake, for whatever is wrong with the file, the vocabulary, the reference or options.
    """
    sheet, job = _prepare(sumstats, vocabulary, reference, n, filters or Filters())
    bad = BadRows()
    pieces = []
    for table in read_chunks(sheet, _columns(job.layout), job.vocabulary.missing, bad, block):
        pieces.append(harmonize_piece(Rows(table, {}), job))
        if job.evidence.shared >= ENOUGH_SHARED:
            _refuse_hopeless(sumstats, job)
    job.tally.total += bad.n
    job.tally.removed[qc.MALFORMED] += bad.n
    _refuse_hopeless(sumstats, job)
    kept = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    ledger = Ledger("harmonize_sumstats", trait)
    size = _sample_size(sumstats, kept, n, job, ledger)
    table = _table(kept, size, job, ledger)
    if table.empty:
        raise InputError(
            f"{sumstats}: no SNP is left of {job.tally.total} rows: {job.tally.largest()}; are its columns "
            "as they are named?"
        )
    if problem := qc.not_z(float(np.square(table["Z"]).mean()), len(table)):
        raise InputError(f"{sumstats}: {problem}")
    job.tally.write(ledger, len(table), job.filters.labels(ledger.facts["n_least"]))
    _tell(ledger, table, sheet, job, bad)
    return table, ledger


def check_columns(sumstats: Path, vocabulary: Path, n: float | None = None) -> None:
    """Raise InputError, a line a mistake, for what the header and the first rows tell to be wrong."""
    _prepare(sumstats, vocabulary, None, n, Filters())


def write_sumstats(table: pd.DataFrame, path: Path) -> None:
    """Write a table of ``formats.SUMSTATS`` as parquet, beside and then renamed."""
    from pyarrow import parquet

    with writing(path) as beside:
        parquet.write_table(pa.Table.from_pandas(table, SCHEMA, preserve_index=False), beside, compression="zstd")


def _prepare(
    sumstats: Path, vocabulary: Path, reference: Path | None, n: float | None, filters: Filters
) -> tuple[Sheet, Job]:
    """Read everything but the rows; raise all that is wrong at once."""
    problems = filters.problems()
    if n is not None and not 0 < n < np.inf:
        problems.append(f"--n {n:g}: must be above 0")
    words = snps = sheet = layout = None
    try:
        words = read_vocabulary(vocabulary)
    except InputError as error:
        problems += error.problems
    try:
        if reference is not None:
            table, facts = read_reference_snps(reference)
            build, people = str(facts.get("genome_build") or "build unknown"), int(facts.get("panel_people", 0))
            snps = ReferenceSnps.of(table, build, people)
    except InputError as error:
        problems += error.problems
    try:
        sheet = read_sheet(sumstats)
    except InputError as error:
        problems += error.problems
    if words and sheet:
        try:
            layout = lay_out(sheet.header, words)
            has_n, in_ids = n is not None, _ids_hold_alleles(sheet, layout)
            found = layout_problems(layout, in_ids, has_n, filters.no_alleles, filters.a1_inc)
        except InputError as error:
            found = error.problems
        problems += [f"{sumstats}: {problem}" for problem in found]
    if problems:
        raise InputError(*problems, *(_damage(sumstats) if sheet else []))
    if filters.first:
        rest = [one for one in layout.statistic if one != filters.first]
        layout = replace(layout, statistic=(filters.first, *rest))
    return sheet, Job(layout, words, filters, snps)


def _columns(layout: Layout) -> dict[str, int]:
    """Positions of the columns to read, by role."""
    return {**layout.columns, **dict(zip(("other_1", "other_2"), layout.other_of or (), strict=False))}


def _ids_hold_alleles(sheet: Sheet, layout: Layout) -> bool:
    """Whether the first rows name SNPs as ``chr:pos:ref:alt``."""
    if "snp" not in layout:
        return False
    position = layout.columns["snp"]
    names = pa.array([row[position] for row in sheet.sample if len(row) > position], pa.string())
    return bool((matching.parse_variant_names(names).first >= 0).any())


def _damage(path: Path) -> list[str]:
    """What reading a file to its end complains of: told along with what is wrong with its header."""
    try:
        with open_binary(path, WHAT) as stream:
            while stream.read(BLOCK):
                pass
    except InputError as error:
        return error.problems
    return []


def _refuse_hopeless(path: Path, job: Job) -> None:
    """Raise where the file cannot belong to the reference, or its columns are not what they are called."""
    problems = job.suspicions.problems(job.layout.names())
    if job.reference is not None:
        differ = job.tally.removed[qc.ALLELES_DIFFER]
        problems += filter(None, [job.evidence.problem(job.reference) or job.evidence.alleles_problem(differ)])
    if problems:
        raise InputError(*(f"{path}: {problem}" for problem in problems))


def _sample_size(path: Path, kept: dict[str, np.ndarray], n: float | None, job: Job, ledger: Ledger) -> np.ndarray:
    """N of each row (M,), from the one source that tells any and is preferred; NaN where missing without ``n``."""
    sources = {name.removeprefix(N_FROM): kept[name] for name in kept if name.startswith(N_FROM)}
    told = {name: values for name, values in sources.items() if np.isfinite(values).any()}
    if not told:
        if n is None and len(kept["z"]):
            raise InputError(f"{path}: the sample size is missing in every row; give it by --n (column n of the sheet)")
        ledger.fact("n_source", "--n")
        return np.full(len(kept["z"]), np.nan if n is None else float(n))
    source, size = next(iter(told.items()))
    ledger.fact("n_source", source)
    if source == EFFECTIVE_N and (warning := qc.half_as_effective(size, list(told.values())[1:])):
        ledger.warn(warning)
    if n is None:
        return size
    missing = np.isnan(size)
    job.tally.noted["sample size missing, --n used"] += int(missing.sum())
    ledger.warn(f"the file tells sample sizes ({source}), so --n is used in {missing.sum()} rows only")
    return np.where(missing, float(n), size)


def _table(kept: dict[str, np.ndarray], size: np.ndarray, job: Job, ledger: Ledger) -> pd.DataFrame:
    """Repeated SNPs and small samples left out, the rest in genomic order, the file's order within a position."""
    tally, reference = job.tally, job.reference
    first = ~qc.repeated(kept["snp" if reference is None else "row"])
    told = first & np.isfinite(size)
    least = job.filters.n_min if job.filters.n_min is not None else qc.least_n(size[told])
    use = told & (size >= least)
    tally.removed[qc.DUPLICATE] += int((~first).sum())
    tally.removed[qc.NO_N] += int((first & ~told).sum())
    tally.removed[qc.LOW_N] += int((told & ~use).sum())
    ledger.fact("n_least", least)
    if told.any() and (warning := qc.varying_n(int((told & ~use).sum()), int(told.sum()), least, size[told])):
        ledger.warn(warning)
    rows = np.flatnonzero(use)
    if reference is None:
        rows = rows[np.lexsort((kept["bp"][rows], kept["chr"][rows]))]
        names, chromosome, bp = (kept[name][rows] for name in ("snp", "chr", "bp"))
    else:
        rows = rows[np.argsort(kept["row"][rows], kind="stable")]
        at = kept["row"][rows]
        names = reference.names.take(pa.array(at)).to_numpy(zero_copy_only=False)
        chromosome, bp = reference.chromosome[at], reference.bp[at]
    for place, name in enumerate(job.layout.statistic):
        tally.noted[f"Z by {WAYS[name]}"] += int((kept["way"][rows] == place).sum())
    a1, a2 = ALLELES[kept["a1"][rows]], ALLELES[kept["a2"][rows]]
    columns = (names, chromosome.astype(np.int8), bp.astype(np.int32), a1, a2, kept["z"][rows], size[rows])
    return pd.DataFrame(dict(zip(SUMSTATS, columns, strict=True)))


def _tell(ledger: Ledger, table: pd.DataFrame, sheet: Sheet, job: Job, bad: BadRows) -> None:
    """Facts and warnings of a finished table."""
    names = job.layout.names()
    ledger.fact("format", job.layout.format or "not recognised: columns by their names")
    ledger.fact("delimiter", DELIMITERS[sheet.delimiter])
    ledger.fact("columns", names)
    for name, value in chi2_facts(table["Z"].to_numpy()).items():
        ledger.fact(name, value)
    for name in ("median", "min", "max"):
        ledger.fact(f"n_{name}", float(getattr(table["N"], name)()))
    for note in job.layout.notes:
        ledger.warn(f"more than one column fits: {note}")
    if bad.n:
        ledger.warn(
            f"{bad.n} rows have another number of fields than the header and are left out: {'; '.join(bad.examples)}"
        )
    if job.tally.noted[qc.ZERO_P]:
        ledger.warn(
            "P is 0 in some rows; 5e-324, the smallest number there is, stands for it, so their Z are lower bounds"
        )
    for warning in filter(None, (job.suspicions.warning(names), job.suspicions.sign_warning(names))):
        ledger.warn(warning)
    if job.filters.no_alleles:
        ledger.warn("alleles are not looked at: A1 and A2 are empty, and strand-ambiguous SNPs stay in")
    if ledger.facts["mean_chi2"] < 1.02:
        ledger.warn(f"mean chi-square is only {ledger.facts['mean_chi2']:.3f}: little heritability to map")
    if job.reference is not None:
        _tell_of_reference(ledger, table, job, job.reference)


def _tell_of_reference(ledger: Ledger, table: pd.DataFrame, job: Job, reference: ReferenceSnps) -> None:
    share = len(table) / len(reference)
    ledger.fact("reference", {"genome_build": reference.build, "n_snps": len(reference)})
    ledger.fact("share_of_reference", share)
    ledger.fact("rsids_in_both_with_positions", job.evidence.shared)
    ledger.fact("rsids_at_another_position", job.evidence.moved)
    if not reference.has_alleles.any():
        ledger.warn("the reference knows no alleles, so those of the file are not compared")
    if job.frequencies.n:
        ledger.fact("mean_frequency_difference", job.frequencies.mean)
    if job.effect_alleles.compared:
        ledger.fact("frequencies_of_the_other_allele", job.effect_alleles.opposite / job.effect_alleles.compared)
    differ = job.evidence.alleles_warning(job.tally.removed[qc.ALLELES_DIFFER])
    swapped = job.effect_alleles.warning(job.layout.names().get("frq", ""))
    for warning in filter(None, (differ, job.frequencies.warning(reference.people), swapped)):
        ledger.warn(warning)
    if share < 0.5:
        ledger.warn(f"only {len(table)} of the {len(reference)} SNPs of the reference ({100 * share:.1f} %) have a Z")
    if job.evidence.moved:
        ledger.warn(
            f"{job.evidence.moved} of {job.evidence.shared} rsIDs stand at another position than in the reference, "
            f"such as {job.evidence.example}; the reference's position is used"
        )
