// Each spot's gene specificity scores, from the ranks in its microdomain against the background.
include { quoted ; sliceOptions ; speciesOptions } from '../../functions/options'

process SCORE_SPECIFICITY {
    tag "${meta.id}"
    label 'process_medium'

    input:
    tuple val(meta), path(h5ad, stageAs: 'slice/*'), path(embedding), path(background), path(homologs, stageAs: 'homologs/*')

    output:
    tuple val(meta), path('specificity.h5ad'), emit: specificity, optional: true
    tuple val(meta), path('n_spots.txt'), emit: size, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('score_specificity.py'), eval('score_specificity.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def guide = task.ext.use_labels ? '--use-labels' : '--no-use-labels'
    def annotation = meta.annotation ? "--annotation ${quoted(meta.annotation)} ${guide}" : ''
    def shared = background ? "--background ${background}" : ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    score_specificity.py --slice ${h5ad} ${sliceOptions(meta)} ${annotation} --embedding ${embedding} ${shared} \\
        ${speciesOptions(meta, homologs)} --threads ${task.cpus} ${args} --out specificity.h5ad --size n_spots.txt
    """

    stub:
    """
    touch specificity.h5ad
    echo 1 > n_spots.txt
    """
}
