// Spots' P values to regions' (Cauchy), with the regions' own tests and an effect size.
include { quoted } from '../../functions/options'

process COMBINE_REGIONS {
    tag "${meta.id} x ${meta.trait}"
    label 'process_single'

    input:
    tuple val(meta), path(spots), path(region_tests), path(h5ad, stageAs: 'slice/*')

    output:
    tuple val(meta), path('regions.tsv'), emit: regions, optional: true
    tuple val(meta), val("${task.process}"), path('failure.txt'), emit: failure, optional: true
    tuple val("${task.process}"), val('combine_regions.py'), eval('combine_regions.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def annotation = meta.annotation ? "--annotation ${quoted(meta.annotation)}" : ''
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    combine_regions.py --spots ${spots} --slice ${h5ad} ${annotation} --region-tests ${region_tests} \\
        ${args} --out regions.tsv
    """

    stub:
    """
    echo region n_spots p_cauchy p_median beta se z_mean p_mean beta_contrast se_contrast \\
        z_contrast p_contrast q n_top_spots share_top odds_ratio odds_ratio_p flags | tr ' ' '\\t' > regions.tsv
    """
}
