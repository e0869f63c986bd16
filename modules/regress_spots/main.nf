// The traits' heritability on each spot's specific genes: a stratified LD score regression a spot, and one a region.
include { listed } from '../../functions/options'

process REGRESS_SPOTS {
    tag "${meta.id} x ${meta.trait ?: meta.traits.join(', ')}${meta.rows ? ", spots ${meta.rows}" : ''}"
    label 'process_medium'

    input:
    // meta.traits (or meta.trait) in the order of sumstats; meta.rows 'A-B': these spots alone, a part for MERGE_SPOTS
    tuple val(meta), path(specificity), path(sumstats, stageAs: 'sumstats/*')
    path reference
    path baseline, stageAs: 'baseline/*'
    path spot_sets, stageAs: 'spot_sets/*'
    tuple val(covariates), path(gene_lists, stageAs: 'covariates/?/*') // names, in the order of the lists

    output:
    tuple val(meta), path('traits/*/spots.parquet'), emit: spots, optional: true
    tuple val(meta), path('traits/*/region_tests.parquet'), emit: region_tests, optional: true
    tuple val(meta), path('traits/*/regression.qc.json'), emit: qc, optional: true
    tuple val(meta), val("${task.process}"), path('{failure.txt,traits/*/failure.txt}'), emit: failure, optional: true
    tuple val("${task.process}"), val('regress_spots.py'), eval('regress_spots.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    def further = listed(baseline).collect { table -> "--baseline ${table}" }.join(' ')
    def lists = gene_lists ? [covariates, listed(gene_lists)].transpose() : []
    def beside = lists.collect { name, path -> "--covariate ${name}=${path}" }.join(' ')
    def traits = meta.traits ?: [meta.trait]
    // Region tests and the account do not depend on the part of the slice: they come with its first.
    def isFirst = !meta.rows || meta.rows.startsWith('0-')
    def sets = spot_sets && isFirst ? "--spot-sets ${spot_sets} --slice-name ${meta.id}" : ''
    def conditional = isFirst ? task.ext.args_region_tests ?: '' : ''
    def part = meta.rows ? "--spots ${meta.rows}" : ''
    def files = [traits, listed(sumstats)].transpose().collect { trait, path ->
        def folder = "traits/${trait}"
        def once = "--region-tests ${folder}/region_tests.parquet --qc ${folder}/regression.qc.json"
        "--sumstats ${path} --out ${folder}/spots.parquet ${isFirst ? once : ''} --failure ${folder}/failure.txt"
    }
    """
    # library: ${task.ext.library}
    export TRAITMAP_FAILURE=failure.txt
    mkdir -p ${traits.collect { trait -> "traits/${trait}" }.join(' ')}
    regress_spots.py --specificity ${specificity} --reference ${reference} ${further} ${beside} ${sets} \\
        ${conditional} ${part} \\
        ${files.join(' \\\n        ')} \\
        --threads ${task.cpus} ${args}
    """

    stub:
    def traits = meta.traits ?: [meta.trait]
    def isFirst = !meta.rows || meta.rows.startsWith('0-')
    """
    for trait in ${traits.join(' ')}; do
        mkdir -p traits/\$trait
        touch traits/\$trait/spots.parquet
        ${isFirst} || continue
        touch traits/\$trait/region_tests.parquet
        echo '{"step": "regress_spots", "subject": "${meta.id}", "counts": [], "facts": {}, "warnings": []}' \\
            > traits/\$trait/regression.qc.json
    done
    """
}
