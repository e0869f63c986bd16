// Genes' association with a trait: from its summary statistics and a panel's LD, or from MAGMA's own results.
include { quoted } from '../../functions/options'

process ASSOCIATE_GENES {
    tag "${meta.id}"
    label 'process_low'

    input:
    tuple val(meta), path(sumstats), path(magma, stageAs: 'magma/*')
    path reference
    val prefix
    path panel, stageAs: 'panel/*'
    path genes, stageAs: 'positions/*'

    output:
    tuple val(meta), path("genes/${meta.id}.tsv"), emit: genes, optional: true
    tuple val(meta), path("genes/${meta.id}.qc.json"), emit: qc, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('associate_genes.py'), eval('associate_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def genotypes = panel ? "--panel ${quoted('panel/' + prefix)}" : ''
    def symbols = genes && genes.name.endsWith('.loc') ? "--genes ${genes}" : ''
    def source = magma
        ? "--magma ${magma} ${symbols}"
        : "--sumstats ${sumstats} --reference ${reference} ${genotypes} --threads ${task.cpus}"
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    mkdir -p genes
    associate_genes.py --trait ${meta.id} ${source} ${args} \\
        --out genes/${meta.id}.tsv --qc genes/${meta.id}.qc.json
    """

    stub:
    """
    mkdir -p genes
    printf 'gene\\tchr\\tstart\\tend\\tn_snps\\tn_independent\\tmean_chi2\\tz\\tp\\n' > genes/${meta.id}.tsv
    echo '{"step": "associate_genes", "subject": "${meta.id}", "counts": [], "facts": {}, "warnings": []}' \\
        > genes/${meta.id}.qc.json
    """
}
