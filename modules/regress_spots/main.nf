// The trait's heritability on each spot's specific genes: a stratified LD score regression a spot, and one a region.
process REGRESS_SPOTS {
    tag "${meta.id} x ${meta.trait}"
    label 'process_medium'

    input:
    tuple val(meta), path(specificity), path(sumstats)
    path reference
    path baseline, stageAs: 'baseline/*'

    output:
    tuple val(meta), path('spots.parquet'), emit: spots, optional: true
    tuple val(meta), path('region_tests.parquet'), emit: region_tests, optional: true
    tuple val(meta), path('regression.qc.json'), emit: qc, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('regress_spots.py'), eval('regress_spots.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def tables = baseline instanceof List ? baseline : [baseline]
    def further = tables.collect { table -> "--baseline ${table}" }.join(' ')
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    regress_spots.py --specificity ${specificity} --reference ${reference} --sumstats ${sumstats} ${further} \\
        --threads ${task.cpus} ${args} --out spots.parquet --region-tests region_tests.parquet --qc regression.qc.json
    """

    stub:
    """
    touch spots.parquet region_tests.parquet
    echo '{"step": "regress_spots", "subject": "${meta.id} x ${meta.trait}", "counts": [], "facts": {}, "warnings": []}' \\
        > regression.qc.json
    """
}
