// The genes whose specificity follows each trait's map, the regions they mark, and how the first are expressed.
include { listed ; sliceOptions ; speciesOptions } from '../../functions/options'

process RANK_GENES {
    tag "${meta.id} x ${meta.traits.join(', ')}"
    label 'process_low'

    input:
    // meta.traits in the order of spots
    tuple val(meta), path(specificity), path(spots, stageAs: 'spots?/*'), path(h5ad, stageAs: 'slice/*'), path(homologs, stageAs: 'homologs/*')

    output:
    tuple val(meta), path('traits/*/genes.tsv'), emit: genes, optional: true
    tuple val(meta), path('traits/*/expression.parquet'), emit: expression, optional: true
    tuple val(meta), val("${task.process}"), path('{failure.txt,traits/*/failure.txt}'), emit: failure, optional: true
    tuple val("${task.process}"), val('rank_genes.py'), eval('rank_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def files = [meta.traits, listed(spots)].transpose().collect { trait, path ->
        def folder = "traits/${trait}"
        "--spots ${path} --expression ${folder}/expression.parquet --out ${folder}/genes.tsv --failure ${folder}/failure.txt"
    }
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    mkdir -p ${meta.traits.collect { trait -> "traits/${trait}" }.join(' ')}
    rank_genes.py --specificity ${specificity} --slice ${h5ad} ${sliceOptions(meta)} ${speciesOptions(meta, homologs)} \\
        ${files.join(' \\\n        ')} ${args}
    """

    stub:
    """
    for trait in ${meta.traits.join(' ')}; do
        mkdir -p traits/\$trait
        printf 'gene\\tpcc\\tregion\\tmedian_gss\\tshare_expressed\\tdrives\\n' > traits/\$trait/genes.tsv
        touch traits/\$trait/expression.parquet
    done
    """
}
