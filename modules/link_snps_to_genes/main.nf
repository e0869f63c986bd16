// LD between the regression SNPs of one chromosome and the SNPs of each gene, from the genotypes of a panel.
include { quoted } from '../../functions/options'

process LINK_SNPS_TO_GENES {
    tag "chr${meta.chromosome}"
    label 'process_medium'

    input:
    tuple val(meta), path(bed), path(bim), path(fam), path(snps, stageAs: 'snps/*'), path(genetic_map, stageAs: 'map/*')
    path genes, stageAs: 'genes/*'

    output:
    tuple val(meta), path("reference.${meta.chromosome}.h5ad"), emit: reference
    tuple val("${task.process}"), val('link_snps_to_genes.py'), eval('link_snps_to_genes.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def map = genetic_map ? "--genetic-map ${genetic_map}" : ''
    """
    # library: ${task.ext.library}
    link_snps_to_genes.py --panel ${quoted(bed.baseName)} --genes ${genes} --snps ${snps} ${map} --chromosome ${meta.chromosome} \\
        --threads ${task.cpus} ${args} --out reference.${meta.chromosome}.h5ad
    """

    stub:
    """
    touch reference.${meta.chromosome}.h5ad
    """
}
