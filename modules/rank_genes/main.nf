// The genes whose specificity follows the trait's map, the regions they mark, and how the first are expressed.
include { sliceOptions ; speciesOptions } from '../../functions/options'

process RANK_GENES {
    tag "${meta.id} x ${meta.trait}"
    label 'process_low'

    input:
    tuple val(meta), path(specificity), path(spots), path(h5ad, stageAs: 'slice/*'), path(homologs, stageAs: 'homologs/*')

    output:
    tuple val(meta), path('genes.tsv'), emit: genes, optional: true
    tuple val(meta), path('expression.parquet'), emit: expression, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('rank_genes.py'), eval('rank_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    rank_genes.py --specificity ${specificity} --spots ${spots} --slice ${h5ad} ${sliceOptions(meta)} \\
        ${speciesOptions(meta, homologs)} ${args} --expression expression.parquet --out genes.tsv
    """

    stub:
    """
    printf 'gene\\tpcc\\tregion\\tmedian_gss\\tshare_expressed\\tdrives\\n' > genes.tsv
    touch expression.parquet
    """
}
