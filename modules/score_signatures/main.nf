// AUCell and module score of the trait's genes in each spot.
include { sliceOptions ; speciesOptions } from '../../functions/options'

process SCORE_SIGNATURES {
    tag "${meta.id} x ${meta.trait}"
    label 'process_low'

    input:
    tuple val(meta), path(h5ad, stageAs: 'slice/*'), path(specificity), path(genes), path(homologs, stageAs: 'homologs/*')
    val methods

    output:
    tuple val(meta), path('signatures.parquet'), emit: scores, optional: true
    tuple val(meta), path('signatures.qc.json'), emit: qc, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('score_signatures.py'), eval('score_signatures.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    score_signatures.py --methods ${methods} --slice ${h5ad} --specificity ${specificity} --genes ${genes} \\
        ${sliceOptions(meta)} ${speciesOptions(meta, homologs)} --threads ${task.cpus} ${args} \\
        --out signatures.parquet --qc signatures.qc.json
    """

    stub:
    """
    touch signatures.parquet
    echo '{"step": "score_signatures", "subject": "${meta.id}", "counts": [], "facts": {}, "warnings": []}' > signatures.qc.json
    """
}
