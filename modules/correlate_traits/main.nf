// How alike the maps of a slice's traits are, with an error that knows how alike its spots are.
include { listed } from '../../functions/options'

process CORRELATE_TRAITS {
    tag "${meta.id}"
    label 'process_low'

    input:
    tuple val(meta), path(specificity), val(traits), path(spots, stageAs: 'spots/?/*') // spots in the order of traits
    path reference

    output:
    tuple val(meta), path('trait_correlations.tsv'), emit: correlations
    tuple val("${task.process}"), val('correlate_traits.py'), eval('correlate_traits.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def maps = [traits, listed(spots)].transpose().collect { trait, path -> "--trait ${trait} --spots ${path}" }
    """
    # library: ${task.ext.library}
    correlate_traits.py --specificity ${specificity} --reference ${reference} --slice-name ${meta.id} \\
        ${maps.join(' \\\n        ')} \\
        ${args} --out trait_correlations.tsv
    """

    stub:
    """
    echo slice trait_a trait_b n_spots effective_spots r se p q | tr ' ' '\\t' > trait_correlations.tsv
    """
}
