// Gene sets over-represented among the genes that drive the traits' regions, over the whole run.
include { listed } from '../../functions/options'

process ENRICH_PATHWAYS {
    tag 'all'
    label 'process_single'

    input:
    val metas
    path genes, stageAs: 'genes/?/*' // genes.tsv, in the order of metas
    path gene_sets, stageAs: 'gene_sets/*'

    output:
    path 'pathways.tsv', emit: pathways
    tuple val("${task.process}"), val('enrich_pathways.py'), eval('enrich_pathways.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def rows = [metas, listed(genes)].transpose().collect { meta, path -> [meta.id, meta.trait, path].join('\t') }
    """
    # library: ${task.ext.library}
    cat > sheet.tsv <<'END'
slice\ttrait\tgenes
${rows.join('\n')}
END
    enrich_pathways.py --sheet sheet.tsv --gene-sets ${gene_sets} ${args} --out pathways.tsv
    """

    stub:
    """
    echo slice trait region pathway n_genes n_drivers overlap expected p q genes | tr ' ' '\\t' > pathways.tsv
    """
}
