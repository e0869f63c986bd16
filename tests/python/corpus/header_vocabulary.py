"""Cases of the header vocabulary of GWAS (harmonize_sumstats.py --vocabulary)."""

from __future__ import annotations

import json
from pathlib import Path

from corpus.gwas import GWAS
from sumstats_fixture import VOCABULARY

READERS = [GWAS]


def vocabulary(name: str, what: str, content: str, *says: str) -> None:
    """Register a case of a header vocabulary."""

    def build(folder: Path) -> dict[str, object]:
        (folder / "headers.json").write_text(content)
        return {"--vocabulary": "headers.json"}

    GWAS.add(name, what, build, says)


KNOWN = json.loads(VOCABULARY.read_text())
vocabulary(
    "vocabulary_no_json",
    "A header vocabulary with a comma too much",
    '{"columns": {"snp": ["SNP",]}}',
    "headers.json, line 1: is not valid JSON (...); mend the vocabulary there",
)
vocabulary(
    "vocabulary_a_list",
    "A header vocabulary that is a list",
    "[]",
    ("headers.json: lacks the object 'columns' (role -> names); is it a header vocabulary?"),
)
vocabulary(
    "vocabulary_role",
    "A header vocabulary with an unknown role",
    json.dumps({"columns": {"snp": ["SNP"], "colour": ["C"]}}),
    (
        "headers.json: columns.colour is no known role; choose of snp, chr, bp, "
        "effect_allele, other_allele, z, beta, se, odds_ratio, neg_log10_p, p, chi2, n, "
        "n_effective, n_effective_half, n_cases, n_controls, n_cases_in_header, "
        "n_controls_in_header, frq, info, test"
    ),
)
vocabulary(
    "vocabulary_name_twice",
    "A header vocabulary with one name for two roles",
    json.dumps({"columns": {"snp": ["SNP"], "z": ["snp"]}}),
    "headers.json: the name 'snp' is given to both snp and z; leave it in one of them",
)
vocabulary(
    "vocabulary_text",
    "A header vocabulary with a text in place of a list",
    json.dumps({"columns": {"snp": "SNP"}}),
    'headers.json: columns.snp is no list of names; write ["name", ...]',
)
vocabulary(
    "vocabulary_formats",
    "A header vocabulary whose formats are no list of objects",
    json.dumps({"columns": {"snp": ["SNP"]}, "formats": "BOLT"}),
    ('headers.json: formats is no list of objects; write [{"name": ..., "marks": [...]}, ...]'),
)
vocabulary(
    "vocabulary_numbers",
    "A header vocabulary with numbers for names",
    json.dumps({"columns": {"snp": [1, 2]}}),
    'headers.json: columns.snp is no list of names; write ["name", ...]',
)
vocabulary(
    "vocabulary_pairs",
    "A header vocabulary with allele pairs of three",
    json.dumps({"columns": {"snp": ["SNP"]}, "allele_pairs": [["a", "b", "c"]]}),
    ('headers.json: allele_pairs is no list of pairs; write [["effect allele", "other allele"], ...]'),
)
vocabulary(
    "vocabulary_format_unnamed",
    "A header vocabulary with a format without marks",
    json.dumps({"columns": {"snp": ["SNP"]}, "formats": [{"name": "mine"}]}),
    ("headers.json: formats[0] lacks marks; write both, the format's name and the headers that tell it"),
)
