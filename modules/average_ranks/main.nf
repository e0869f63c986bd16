// The background that the slices of a group share: each gene's mean log rank and expressed fraction over all their spots.
include { listed ; sliceOptions ; speciesOptions } from '../../functions/options'

process AVERAGE_RANKS {
    tag "${group}"
    label 'process_low'

    input:
    tuple val(group), val(metas), path(h5ads, stageAs: 'slices/?/*'), path(homologs, stageAs: 'homologs/*')

    output:
    tuple val(group), path('background.parquet'), emit: background, optional: true
    tuple val(group), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('average_ranks.py'), eval('average_ranks.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def pairs = [metas, listed(h5ads)].transpose()
    def slices = pairs.collect { meta, h5ad -> "--slice ${h5ad} ${sliceOptions(meta)}" }.join(' \\\n        ')
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    average_ranks.py ${slices} \\
        ${speciesOptions(metas.first(), homologs)} ${args} --out background.parquet
    """

    stub:
    """
    touch background.parquet
    """
}
