// All slices x traits in one table: across slices and groups, with q values over the whole run.
include { listed } from '../../functions/options'

process SUMMARIZE_REGIONS {
    tag 'all'
    label 'process_low'

    input:
    val metas
    path regions, stageAs: 'regions/?/*'
    path spots, stageAs: 'spots/?/*'
    path region_tests, stageAs: 'region_tests/?/*'
    path comparisons, stageAs: 'comparisons/*'

    output:
    path 'summary/regions.tsv', emit: summary
    path 'summary/comparisons.tsv', optional: true, emit: comparisons
    path 'summary/spot_sets.tsv', optional: true, emit: spot_sets
    path 'summary/conditional_tests.tsv', optional: true, emit: conditional_tests
    path 'associations/*/*/regions.tsv', emit: regions
    tuple val("${task.process}"), val('summarize_regions.py'), eval('summarize_regions.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    // CHECK_INPUTS knows the names of the sheet; here a slice may be missing that failed.
    def compared = comparisons ? "--comparisons ${comparisons} --allow-missing" : ''
    def entries = [metas, listed(regions), listed(spots), listed(region_tests)].transpose()
    def rows = entries.collect { meta, region, spot, test ->
        [meta.id, meta.group, meta.trait, region, spot, test].join('\t')
    }
    """
    # library: ${task.ext.library}
    cat > sheet.tsv <<'END'
slice\tgroup\ttrait\tregions\tspots\tregion_tests
${rows.join('\n')}
END
    summarize_regions.py --sheet sheet.tsv ${compared} ${args} --out .
    """

    stub:
    """
    mkdir -p summary ${metas.collect { meta -> "associations/${meta.id}/${meta.trait}" }.join(' ')}
    columns="region n_spots p_cauchy p_median beta se z_mean p_mean beta_contrast se_contrast \\
        z_contrast p_contrast q n_top_spots share_top odds_ratio odds_ratio_p flags"
    echo scope slice trait \$columns | tr ' ' '\\t' > summary/regions.tsv
    for folder in associations/*/*; do echo \$columns | tr ' ' '\\t' > \$folder/regions.tsv; done
    """
}
