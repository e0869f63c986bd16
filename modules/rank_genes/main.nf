// The genes whose specificity follows the trait's map, and the regions they mark.
process RANK_GENES {
    tag "${meta.id} x ${meta.trait}"
    label 'process_single'

    input:
    tuple val(meta), path(specificity), path(spots)

    output:
    tuple val(meta), path('genes.tsv'), emit: genes
    tuple val("${task.process}"), val('rank_genes.py'), eval('rank_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    rank_genes.py --specificity ${specificity} --spots ${spots} ${args} --out genes.tsv
    """

    stub:
    """
    printf 'gene\\tpcc\\tregion\\tmedian_gss\\tshare_expressed\\tdrives\\n' > genes.tsv
    """
}
