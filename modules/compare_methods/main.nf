// All methods side by side: tables of spots and regions, the consensus of ldsc and scDRS, and how well methods agree.
include { listed } from '../../functions/options'

process COMPARE_METHODS {
    tag 'all'
    label 'process_low'

    input:
    val metas
    path regions, stageAs: 'regions/?/*'
    path spots, stageAs: 'spots/?/*'
    path scores, stageAs: 'scores/?/*'
    val counts

    output:
    path 'summary/methods.tsv', emit: summary
    path 'summary/method_agreement.tsv', emit: agreement
    path 'associations/*/*/methods.parquet', emit: spots
    tuple val("${task.process}"), val('compare_methods.py'), eval('compare_methods.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    // `counts` tells how many of the scores belong to each slice x trait.
    def starts = counts.indices.collect { i -> counts.take(i).sum(0) }
    def entries = [metas, listed(regions), listed(spots), starts, counts].transpose()
    def rows = entries.collect { meta, region, spot, start, count ->
        def own = listed(scores).drop(start.toInteger()).take(count.toInteger())
        // By their last part: a staged file is called by its whole place.
        def named = ['scdrs.parquet', 'scdrs_regions.tsv', 'signatures.parquet'].collect { name ->
            own.find { path -> path.toString().tokenize('/').last() == name } ?: ''
        }
        ([meta.id, meta.trait, region, spot] + named).join('\t')
    }
    """
    # library: ${task.ext.library}
    cat > sheet.tsv <<'END'
slice\ttrait\tregions\tspots\tscdrs\tscdrs_regions\tsignatures
${rows.join('\n')}
END
    compare_methods.py --sheet sheet.tsv ${args} --out .
    """

    stub:
    """
    mkdir -p summary ${metas.collect { meta -> "associations/${meta.id}/${meta.trait}" }.join(' ')}
    echo slice trait region method n_spots score auc z p q flags | tr ' ' '\\t' > summary/methods.tsv
    echo slice trait method_a method_b n_spots spearman top_overlap | tr ' ' '\\t' > summary/method_agreement.tsv
    for folder in associations/*/*; do touch \$folder/methods.parquet; done
    """
}
