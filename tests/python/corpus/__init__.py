"""Every wrong or odd input that is known, by reader: the table that test_corpus.py runs and docs/errors.md shows."""

from __future__ import annotations

from corpus.registry import Case, Reader


def readers() -> list[Reader]:
    """All readers with their cases, in the order of the page."""
    from corpus import (
        baselines_and_sets,
        covariate_lists,
        embeddings,
        gene_associations,
        gene_lists,
        gsmap_resource,
        gwas,
        gwas_files,
        gwas_odd,
        gwas_values,
        header_vocabulary,
        homologs,
        ld_score_files,
        map_files,
        maps_and_lists,
        method_files,
        panels,
        pathway_files,
        references,
        regression_files,
        run_files,
        slice_files,
        slice_files_odd,
        spot_files,
    )

    files = (
        gwas,
        gwas_files,
        gwas_values,
        header_vocabulary,
        gwas_odd,
        panels,
        gene_lists,
        maps_and_lists,
        ld_score_files,
        references,
        gsmap_resource,
        slice_files,
        slice_files_odd,
        homologs,
        embeddings,
        regression_files,
        baselines_and_sets,
        covariate_lists,
        spot_files,
        run_files,
        gene_associations,
        method_files,
        map_files,
        pathway_files,
    )
    return list({reader.key: reader for file in files for reader in file.READERS}.values())


def cases() -> list[Case]:
    """All cases."""
    return [case for reader in readers() for case in reader.cases]
