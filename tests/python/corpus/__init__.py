"""Every wrong or odd input that is known, by reader: the table that test_corpus.py runs and docs/errors.md shows."""

from __future__ import annotations

from corpus.registry import Case, Reader


def readers() -> list[Reader]:
    """All readers with their cases, in the order of the page."""
    from corpus import (
        embeddings,
        gene_lists,
        gwas,
        ld_score_files,
        maps_and_lists,
        panels,
        references,
        regression_files,
        run_files,
        slice_files,
        spot_files,
    )

    files = (
        gwas,
        panels,
        gene_lists,
        maps_and_lists,
        ld_score_files,
        references,
        slice_files,
        embeddings,
        regression_files,
        spot_files,
        run_files,
    )
    return [reader for file in files for reader in file.READERS]


def cases() -> list[Case]:
    """All cases."""
    return [case for reader in readers() for case in reader.cases]
