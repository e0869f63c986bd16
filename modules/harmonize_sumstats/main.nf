// Any GWAS file to one plain table of SNP, alleles, Z and N, with an account of every row.
process HARMONIZE_SUMSTATS {
    tag "${meta.id}"
    label 'process_low'

    input:
    tuple val(meta), path(sumstats, stageAs: 'sumstats/*')
    path reference
    path vocabulary

    output:
    tuple val(meta), path("${meta.id}.parquet"), emit: sumstats, optional: true
    tuple val(meta), path("${meta.id}.qc.json"), emit: qc, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('harmonize_sumstats.py'), eval('harmonize_sumstats.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def n = meta.n ? "--n ${meta.n}" : ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    harmonize_sumstats.py --sumstats ${sumstats} --trait ${meta.id} --reference ${reference} \\
        --vocabulary ${vocabulary} ${n} ${args} --out ${meta.id}.parquet --qc ${meta.id}.qc.json
    """

    stub:
    """
    touch ${meta.id}.parquet
    echo '{"step": "harmonize_sumstats", "subject": "${meta.id}", "counts": [], "facts": {}, "warnings": []}' \\
        > ${meta.id}.qc.json
    """
}
