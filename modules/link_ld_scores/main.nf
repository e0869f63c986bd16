// The approximate reference: each SNP's published LD score goes to the gene whose window holds it.
include { quoted } from '../../functions/options'

process LINK_LD_SCORES {
    tag 'reference'
    label 'process_medium'

    input:
    path ld_scores, stageAs: 'ld_scores/*'
    val prefix
    path genes, stageAs: 'genes/*'

    output:
    path 'reference.h5ad', emit: reference
    tuple val("${task.process}"), val('link_snps_to_genes.py'), eval('link_snps_to_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    link_snps_to_genes.py --ld-scores ${quoted("ld_scores/${prefix}")} --genes ${genes} ${args} --out reference.h5ad
    """

    stub:
    """
    touch reference.h5ad
    """
}
