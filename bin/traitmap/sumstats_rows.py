"""A piece of a GWAS file, from texts to SNPs with Z: rows identified, compared with the reference, filtered."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from traitmap import sumstats_matching as matching
from traitmap import sumstats_qc as qc
from traitmap import sumstats_statistics as statistics
from traitmap.sumstats_header import Layout, Vocabulary
from traitmap.sumstats_matching import Evidence, ReferenceSnps
from traitmap.sumstats_qc import EffectAlleleFit, Filters, FrequencyFit, Suspicions, Tally

NUMERIC = ("z", "beta", "se", "odds_ratio", "chi2", "n", "n_effective", "n_effective_half", "n_cases", "n_controls")
# Arrays of a piece that hold sample sizes are named by this and their source.
N_FROM = "n: "
MOST_BP = 1e9


@dataclass
class Job:
    """All that one file's pieces share."""

    layout: Layout
    vocabulary: Vocabulary
    filters: Filters
    reference: ReferenceSnps | None
    tally: Tally = field(default_factory=Tally)
    evidence: Evidence = field(default_factory=Evidence)
    suspicions: Suspicions = field(default_factory=Suspicions)
    frequencies: FrequencyFit = field(default_factory=FrequencyFit)
    effect_alleles: EffectAlleleFit = field(default_factory=EffectAlleleFit)


@dataclass
class Rows:
    """Rows that are still in: their texts, and what was made of them, by name (M,)."""

    texts: pa.Table
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return self.texts.num_rows

    def drop(self, bad: np.ndarray, reason: str, tally: Tally) -> None:
        """Leave out the rows where ``bad`` (M,), and count them."""
        n = int(bad.sum())
        tally.removed[reason] += n
        if n:
            self.texts = self.texts.filter(pa.array(~bad))
            self.values = {name: values[~bad] for name, values in self.values.items()}

    def text(self, role: str) -> pa.Array:
        """The texts of a column, all null where the file has none."""
        if role in self.texts.column_names:
            return self.texts.column(role).combine_chunks()
        return pa.nulls(len(self), pa.string())


def harmonize_piece(rows: Rows, job: Job) -> dict[str, np.ndarray]:
    """Filter and match some rows; returns what is kept of each by name, among it one array for each source of N."""
    tally, filters = job.tally, job.filters
    tally.total += len(rows)
    if "test" in job.layout:
        wanted = pc.is_in(pc.utf8_upper(rows.text("test")), value_set=pa.array(job.vocabulary.tests))
        rows.drop(~wanted.to_numpy(zero_copy_only=False), qc.OTHER_TEST, tally)
    _identify(rows, job)
    if not filters.no_alleles:
        a1, a2 = rows.values["a1"], rows.values["a2"]
        rows.drop((a1 < 0) | (a2 < 0) | (a1 == a2), qc.NO_SNP_ALLELES, tally)
        if not filters.keep_ambiguous:
            rows.drop(matching.is_ambiguous(rows.values["a1"], rows.values["a2"]), qc.AMBIGUOUS, tally)
    if job.reference is not None:
        _match(rows, job.reference, job)
    _compute(rows, job)
    if job.reference is None:
        rows.values["snp"] = _names(rows)
    return rows.values


def _names(rows: Rows) -> np.ndarray:
    """What to call the SNPs where no reference tells: the rsID, the name as it stands, or ``chr:pos:A2:A1``."""
    names = matching.rsids(rows.text("snp")).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(pd.isna(names)):
        alleles = "".join(
            f":{matching.BASES[code]}" for code in (rows.values[a][row] for a in ("a2", "a1")) if code >= 0
        )
        names[row] = f"{rows.values['chr'][row]}:{rows.values['bp'][row]}{alleles}"
    return names


def _identify(rows: Rows, job: Job) -> None:
    """Chromosome, position and alleles of each row, from their columns or else from its name."""
    names = rows.text("snp")
    chromosome = matching.chromosome_codes(rows.text("chr"))
    bp = statistics.numbers(rows.text("bp"))
    bp = np.where((bp > 0) & (bp < MOST_BP), bp, 0).astype(np.int64)
    a1 = matching.allele_codes(rows.text("effect_allele"))
    a2 = matching.allele_codes(rows.text("other_allele"))
    if job.layout.other_of is not None:
        one, two = (matching.allele_codes(rows.text(role)) for role in ("other_1", "other_2"))
        a2 = np.where(a1 == one, two, np.where(a1 == two, one, matching.NO_BASE)).astype(np.int8)
    use_alleles = not (job.layout.has_alleles or job.filters.no_alleles)
    ask = (chromosome == matching.UNKNOWN_CHR) | (bp <= 0) | use_alleles
    ask = np.flatnonzero(ask & ~pc.is_null(names).to_numpy(zero_copy_only=False))
    told = matching.parse_variant_names(names.take(pa.array(ask)))
    place = (told.bp > 0) & ((chromosome[ask] == matching.UNKNOWN_CHR) | (bp[ask] <= 0))
    chromosome[ask[place]], bp[ask[place]] = told.chromosome[place], told.bp[place]
    if use_alleles:
        a1[ask], a2[ask] = told.second, told.first
    rows.values = {"chr": chromosome, "bp": bp, "a1": a1, "a2": a2}
    unnamed = pc.is_null(names).to_numpy(zero_copy_only=False)
    rows.drop(unnamed & ((chromosome == matching.UNKNOWN_CHR) | (bp <= 0)), qc.UNIDENTIFIED, job.tally)
    rows.drop(rows.values["chr"] == matching.NOT_AUTOSOME, qc.NOT_AUTOSOMAL, job.tally)


def _match(rows: Rows, reference: ReferenceSnps, job: Job) -> None:
    """Find each row in the reference, by name or else by position, and compare alleles and positions."""
    names, values = rows.text("snp"), rows.values
    found = matching.match_names(names, reference)
    matching.compare_positions(found, names, values["chr"], values["bp"], reference, job.evidence)
    rest = np.flatnonzero((found < 0) & (values["bp"] > 0))
    has_rsid = pc.match_substring_regex(names.take(pa.array(rest)), r"(?i)^rs\d").fill_null(False)
    has_rsid = has_rsid.to_numpy(zero_copy_only=False)
    here = {name: values[name][rest] for name in ("chr", "bp", "a1", "a2")}
    found[rest], at = matching.match_positions(*here.values(), has_rsid, reference)
    other_alleles = np.zeros(len(rows), dtype=bool)
    other_alleles[rest] = at & (found[rest] < 0) & ~has_rsid
    job.evidence.at_position += int((at & ~has_rsid).sum())
    job.evidence.alleles_agree += int((found[rest] >= 0)[~has_rsid].sum())
    job.evidence.tried += len(rows)
    job.evidence.matched += int((found >= 0).sum())
    if len(rows) and not job.evidence.first_row:
        job.evidence.first_row = f"{names[0].as_py() or 'a SNP'} at {values['chr'][0]}:{values['bp'][0]}"
    values["row"] = found
    rows.drop((found < 0) & ~other_alleles, qc.NOT_IN_REFERENCE, job.tally)
    found, a1, a2 = (rows.values[name] for name in ("row", "a1", "a2"))
    same, other = matching.alleles_agree(a1, a2, reference.a1[found], reference.a2[found])
    known = reference.has_alleles[found] & (a1 != matching.NO_BASE)
    job.tally.noted["alleles of the other strand"] += int((known & other & ~same & (found >= 0)).sum())
    job.tally.noted["alleles not compared, the reference has none"] += int((~known & (found >= 0)).sum())
    rows.drop((found < 0) | (known & ~same & ~other), qc.ALLELES_DIFFER, job.tally)


def _compute(rows: Rows, job: Job) -> None:
    """Z and the sample sizes of each row, after the filters on P, INFO and allele frequency."""
    tally, filters = job.tally, job.filters
    _read_p(rows, job)
    rows.drop(rows.values["neg_log10_p"] < 0, qc.P_RANGE, tally)
    info = statistics.numbers(rows.text("info"))
    rows.drop(qc.low_info(info, filters.info_min), qc.LOW_INFO, tally)
    frequency = statistics.numbers(rows.text("frq"))
    rows.drop(qc.low_maf(frequency, filters.maf_min), qc.LOW_MAF, tally)
    columns = {role: statistics.numbers(rows.text(role)) for role in NUMERIC if role in job.layout}
    columns = {role: np.where(np.isfinite(values), values, np.nan) for role, values in columns.items()}
    if {"p", "neg_log10_p"} & set(job.layout.columns):
        columns["neg_log10_p"] = rows.values["neg_log10_p"]
    job.suspicions.look(columns.get("beta", np.empty(0)), columns.get("odds_ratio", np.empty(0)))
    job.suspicions.compare_signs(columns)
    if job.reference is not None:
        frequency, at = statistics.numbers(rows.text("frq")), rows.values["row"]
        job.frequencies.add(frequency, job.reference.maf[at])
        job.effect_alleles.add(frequency, job.reference.frequency(at, rows.values["a1"]))
    order = job.layout.statistic
    rows.values["z"], rows.values["way"] = statistics.z_scores(columns, order, len(rows), filters.a1_inc)
    for name, values in statistics.sample_sizes(columns, job.layout.numbers, len(rows)).items():
        rows.values[N_FROM + name] = values
    rows.drop(np.isnan(rows.values["z"]), qc.NO_Z, tally)
    by_p = rows.values["way"] == order.index("p")
    zero = rows.values.pop("p_zero")
    tally.noted[qc.ZERO_P] += int((by_p & zero).sum())
    of_p = statistics.two_sided_z(rows.values.pop("neg_log10_p"))
    job.suspicions.compare(rows.values["z"], np.where(by_p | zero, np.nan, of_p))
    for role, name in (("info", "INFO missing, kept"), ("frq", "allele frequency missing, kept")):
        if role in job.layout:
            tally.noted[name] += int(np.isnan(statistics.numbers(rows.text(role))).sum())


def _read_p(rows: Rows, job: Job) -> None:
    """-log10 P of each row (negative where P is out of range), from whichever column tells it, and where P is 0."""
    result = statistics.numbers(rows.text("neg_log10_p"))
    zero = np.isposinf(result)
    result[zero] = statistics.NEG_LOG10_SMALLEST
    if "p" in job.layout:
        of_p, p_zero = statistics.neg_log10_p(rows.text("p"))
        fill = np.isnan(result)
        result[fill], zero[fill] = of_p[fill], p_zero[fill]
    rows.values["neg_log10_p"], rows.values["p_zero"] = result, zero
