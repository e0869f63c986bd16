// Every slice x trait regressed: several traits of a slice share a task, and the spots of a large slice are dealt to several.

include { MERGE_SPOTS } from '../modules/merge_spots/main'
include { REGRESS_SPOTS } from '../modules/regress_spots/main'
include { baselineFiles ; covariateLists } from '../functions/inputs'
include { byTrait ; failuresOf } from '../functions/traits'

workflow REGRESSIONS {
    take:
    names // of all traits, in the sheet's order
    specificity // [meta, specificity.h5ad]
    spot_counts // [meta, file with the number of spots]
    sumstats // [meta of the trait, harmonised]
    reference // one path
    options // the typed parameters

    main:
    // [traits, files] of a task; by their place in the sheet, so that a trait that failed before does not move the others
    batches = sumstats
        .map { trait, path -> [trait.id, path] }
        .toSortedList { a, b -> names.indexOf(a[0]) <=> names.indexOf(b[0]) }
        .flatMap { all -> all.groupBy { name, _path -> names.indexOf(name).intdiv(options.traits_per_task) }.values() }
        .map { batch -> [batch.collect { name, _path -> name }, batch.collect { _name, path -> path }] }
    // [meta + rows ('A-B', '' for all), specificity], one a part of a slice
    parts = options.spots_per_task
        ? specificity.join(spot_counts).flatMap { meta, scores, size ->
            rowsOf(size.text.trim().toInteger(), options.spots_per_task).collect { rows -> [meta + rows, scores] }
        }
        : specificity.map { meta, scores -> [meta + [rows: '', parts: 1], scores] }
    // [meta + rows + traits, specificity, sumstats]
    tasks = parts.combine(batches).map { meta, scores, traits, files -> [meta + [traits: traits], scores, files] }
    lists = covariateLists(options)
    covariates = [lists.collect { row -> row.covariate }, lists.collect { row -> row.genes }]
    REGRESS_SPOTS(tasks, reference, baselineFiles(options), options.spot_sets ? file(options.spot_sets) : [], covariates)

    spots = REGRESS_SPOTS.out.spots.flatMap { meta, files -> byTrait(meta, files) }
    qc = REGRESS_SPOTS.out.qc.flatMap { meta, files -> byTrait(meta, files) }
    versions = REGRESS_SPOTS.out.versions
    if (options.spots_per_task) {
        // [meta, parts of the spots in their order, account]
        dealt = REGRESS_SPOTS.out.spots
            .flatMap { meta, files -> byTrait(meta, files).collect { pair, path -> [pair, meta, path] } }
            .map { pair, meta, path -> [groupKey([pair.id, pair.trait], meta.parts), [firstRow(meta), pair, path]] }
            .groupTuple()
            .map { _key, entries -> entries.toSorted { a, b -> a[0] <=> b[0] } }
            .map { entries -> [entries[0][1], entries.collect { _row, _pair, path -> path }] }
            .join(qc, failOnDuplicate: true)
        MERGE_SPOTS(dealt)
        spots = MERGE_SPOTS.out.spots
        qc = MERGE_SPOTS.out.qc
        versions = versions.mix(MERGE_SPOTS.out.versions)
    }

    emit:
    spots = spots // [meta + trait, spots.parquet]
    region_tests = REGRESS_SPOTS.out.region_tests.flatMap { meta, files -> byTrait(meta, files) }
    qc = qc // [meta + trait, regression.qc.json]
    failure = REGRESS_SPOTS.out.failure.flatMap { meta, step, files -> failuresOf(meta, step, files) }
    versions = versions
}

// [rows: 'A-B', parts: number of parts] of each part of a slice.
def rowsOf(n_spots, most) {
    def parts = (n_spots + most - 1).intdiv(most).toInteger()
    return (0..<parts).collect { part -> [rows: "${part * most}-${(part + 1) * most}".toString(), parts: parts] }
}

def firstRow(meta) {
    return meta.rows.tokenize('-').first().toInteger()
}
