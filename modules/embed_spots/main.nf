// Each spot's embedding from its expression and its neighbours' (graph attention autoencoder).
include { quoted ; sliceOptions } from '../../functions/options'

process EMBED_SPOTS {
    tag "${meta.id}"
    label 'process_medium'
    label 'process_gpu'

    input:
    tuple val(meta), path(h5ad, stageAs: 'slice/*')

    output:
    tuple val(meta), path('embedding.h5ad'), emit: embedding, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('embed_spots.py'), eval('embed_spots.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def annotation = task.ext.use_labels && meta.annotation ? "--annotation ${quoted(meta.annotation)}" : ''
    def device = task.accelerator ? 'cuda' : 'cpu'
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    embed_spots.py --slice ${h5ad} ${sliceOptions(meta)} --species ${quoted(meta.species)} ${annotation} \\
        --device ${device} ${args} --out embedding.h5ad
    """

    stub:
    """
    touch embedding.h5ad
    """
}
