// The chromosomes' references as one.
process MERGE_REFERENCE {
    tag 'reference'
    label 'process_low'

    input:
    path chromosomes

    output:
    path 'reference.h5ad', emit: reference
    tuple val("${task.process}"), val('link_snps_to_genes.py'), eval('link_snps_to_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    link_snps_to_genes.py --merge ${chromosomes} ${args} --out reference.h5ad
    """

    stub:
    """
    touch reference.h5ad
    """
}
