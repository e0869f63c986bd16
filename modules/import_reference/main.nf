// A gsMap resource folder (quick_mode and LDSC_resource) as a reference.
process IMPORT_REFERENCE {
    tag 'reference'
    label 'process_medium'

    input:
    path resource
    path genes, stageAs: 'genes/*'

    output:
    path 'reference.h5ad', emit: reference
    tuple val("${task.process}"), val('link_snps_to_genes.py'), eval('link_snps_to_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def positions = genes ? "--genes ${genes}" : ''
    """
    # library: ${task.ext.library}
    link_snps_to_genes.py --gsmap-resource ${resource} ${positions} ${args} --out reference.h5ad
    """

    stub:
    """
    touch reference.h5ad
    """
}
