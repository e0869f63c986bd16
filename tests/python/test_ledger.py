"""The account that every step keeps."""

import json

import numpy as np
import pytest

from traitmap.ledger import Ledger


def test_counts_keep_their_order_and_kind():
    ledger = Ledger("step", "subject")
    ledger.read("SNPs", 10)
    ledger.removed("SNPs", "INFO below 0.9", 3)
    ledger.noted("SNPs", "tied", 2)
    ledger.kept("SNPs", 7)
    assert [(count["kind"], count["n"]) for count in ledger.counts] == [
        ("in", 10),
        ("removed", 3),
        ("noted", 2),
        ("out", 7),
    ]
    assert ledger.counts[1] == {"of": "SNPs", "what": "INFO below 0.9", "n": 3, "kind": "removed"}


def test_a_filter_that_removed_nothing_is_on_record():
    ledger = Ledger("step", "subject")
    ledger.removed("spots", "without a P", 0)
    assert ledger.counts == [{"of": "spots", "what": "without a P", "n": 0, "kind": "removed"}]


def test_a_warning_is_shown_once():
    ledger = Ledger("step", "subject")
    ledger.warn("few SNPs")
    ledger.warn("few SNPs")
    ledger.warn("no MHC")
    assert ledger.warnings == ["few SNPs", "no MHC"]


def test_numpy_scalars_become_plain_and_json_reads_back(tmp_path):
    ledger = Ledger("step", "subject")
    ledger.removed("genes", "unnamed", np.int64(4))
    ledger.fact("lambda_gc", np.float64(1.25))
    ledger.fact("approximate", np.bool_(True))
    ledger.fact("build", "GRCh37")
    ledger.write(tmp_path / "qc.json")
    assert json.loads((tmp_path / "qc.json").read_text()) == ledger.to_dict()
    assert ledger.facts == {"lambda_gc": 1.25, "approximate": True, "build": "GRCh37"}
    assert type(ledger.counts[0]["n"]) is int


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_browsers_cannot_read_is_refused_and_nothing_is_written(tmp_path, value):
    ledger = Ledger("step", "subject")
    ledger.fact("h2", value)
    with pytest.raises(ValueError, match="JSON"):
        ledger.write(tmp_path / "qc.json")
    assert list(tmp_path.iterdir()) == []


def test_ledgers_share_nothing():
    first, second = Ledger("a", "x"), Ledger("b", "y")
    first.warn("mine")
    first.read("spots", 1)
    assert second.warnings == [] and second.counts == []
