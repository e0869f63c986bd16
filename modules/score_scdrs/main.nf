// scDRS: the trait's genes against matched control sets, in each spot and region.
include { sliceOptions ; speciesOptions } from '../../functions/options'

process SCORE_SCDRS {
    tag "${meta.id} x ${meta.trait}"
    label 'process_medium'

    input:
    tuple val(meta), path(h5ad, stageAs: 'slice/*'), path(specificity), path(genes), path(homologs, stageAs: 'homologs/*')

    output:
    tuple val(meta), path('scdrs.parquet'), path('scdrs_regions.tsv'), emit: scores, optional: true
    tuple val(meta), path('scdrs.qc.json'), emit: qc, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('score_scdrs.py'), eval('score_scdrs.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    score_scdrs.py --slice ${h5ad} --specificity ${specificity} --genes ${genes} ${sliceOptions(meta)} \\
        ${speciesOptions(meta, homologs)} --threads ${task.cpus} ${args} \\
        --out scdrs.parquet --regions scdrs_regions.tsv --qc scdrs.qc.json
    """

    stub:
    """
    touch scdrs.parquet
    printf 'region\\tn_spots\\tn_controls\\tassoc_z\\tassoc_p\\thetero_z\\thetero_p\\tn_fdr_05\\tn_fdr_20\\n' \\
        > scdrs_regions.tsv
    echo '{"step": "score_scdrs", "subject": "${meta.id}", "counts": [], "facts": {}, "warnings": []}' > scdrs.qc.json
    """
}
