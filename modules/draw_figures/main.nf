// The figures of one slice and trait as files, for papers: map, regions, genes, Manhattan plot, QQ plot.
include { layOut } from '../../functions/options'

process DRAW_FIGURES {
    tag "${meta.id} x ${meta.trait}"
    label 'process_low'

    input:
    tuple val(meta), val(targets), path(files, stageAs: 'files/?/*')
    path reference

    output:
    tuple val(meta), path("associations/${meta.id}/${meta.trait}/figures/*"), emit: figures, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('draw_figures.py'), eval('draw_figures.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    ${layOut(targets, files, 'results').replace('\n', '\n    ')}
    draw_figures.py --results results --reference ${reference} ${args} --out .
    """

    stub:
    """
    mkdir -p associations/${meta.id}/${meta.trait}/figures
    touch associations/${meta.id}/${meta.trait}/figures/map.png
    """
}
