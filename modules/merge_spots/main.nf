// The parts of a large slice's spots, regressed apart, to one table: the same bytes as from one task.
include { listed } from '../../functions/options'

process MERGE_SPOTS {
    tag "${meta.id} x ${meta.trait}"
    label 'process_low'

    input:
    tuple val(meta), path(parts, stageAs: 'parts/?/*'), path(account, stageAs: 'account/*')

    output:
    tuple val(meta), path('spots.parquet'), emit: spots
    tuple val(meta), path('regression.qc.json'), emit: qc
    tuple val("${task.process}"), val('merge_spots.py'), eval('merge_spots.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def given = listed(parts).collect { part -> "--part ${part}" }.join(' ')
    """
    # library: ${task.ext.library}
    merge_spots.py ${given} --account ${account} ${args} --out spots.parquet --qc regression.qc.json
    """

    stub:
    """
    touch spots.parquet
    echo '{"step": "regress_spots", "subject": "${meta.id}", "counts": [], "facts": {}, "warnings": []}' > regression.qc.json
    """
}
