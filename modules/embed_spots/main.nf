// Each spot's embedding from its expression and its neighbours'; the slices of a group by one model.
include { listed ; quoted ; sliceOptions } from '../../functions/options'

process EMBED_SPOTS {
    tag "${group}"
    label 'process_medium'
    label 'process_gpu'

    input:
    tuple val(group), val(metas), path(h5ads, stageAs: 'slices/?/*')

    output:
    tuple val(metas), path('embeddings/*/embedding.h5ad'), emit: embedding, optional: true
    tuple val(metas), val("${task.process}"), path('{failure.txt,embeddings/*/failure.txt}'), emit: failure, optional: true
    tuple val("${task.process}"), val('embed_spots.py'), eval('embed_spots.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def device = task.accelerator ? 'cuda' : 'cpu'
    def stacked = metas.every { meta -> meta.z }
    def pairs = [metas, listed(h5ads)].transpose()
    def slices = pairs.collect { meta, h5ad ->
        def annotation = task.ext.use_labels ? " --annotation ${quoted(meta.annotation)}" : ''
        def height = stacked ? " --z ${quoted(meta.z)}" : ''
        def folder = "embeddings/${meta.id}"
        // A bad slice of several is told in its own folder, and the others go on.
        def apart = metas.size() > 1 ? " --failure ${folder}/failure.txt" : ''
        "--slice ${h5ad} ${sliceOptions(meta)}${annotation}${height} --out ${folder}/embedding.h5ad${apart}"
    }.join(' \\\n        ')
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    mkdir -p ${metas.collect { meta -> "embeddings/${meta.id}" }.join(' ')}
    embed_spots.py ${slices} \\
        --species ${quoted(metas.first().species)} --device ${device} ${args}
    """

    stub:
    """
    mkdir -p ${metas.collect { meta -> "embeddings/${meta.id}" }.join(' ')}
    touch ${metas.collect { meta -> "embeddings/${meta.id}/embedding.h5ad" }.join(' ')}
    """
}
