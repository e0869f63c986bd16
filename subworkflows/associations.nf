// Every slice x trait: spots, regions, genes; then all of them together.

include { COMBINE_REGIONS } from '../modules/combine_regions/main'
include { HARMONIZE_SUMSTATS } from '../modules/harmonize_sumstats/main'
include { RANK_GENES } from '../modules/rank_genes/main'
include { REGRESS_SPOTS } from '../modules/regress_spots/main'
include { SUMMARIZE_REGIONS } from '../modules/summarize_regions/main'

workflow ASSOCIATIONS {
    take:
    rows // of the sheet of traits
    slices // [meta, h5ad]
    specificity // [meta, specificity.h5ad]
    reference // one path
    vocabulary // headers of summary statistics
    options // the typed parameters

    main:
    HARMONIZE_SUMSTATS(channel.fromList(rows.collect { row -> [[id: row.trait, n: row.n], row.sumstats] }), reference, vocabulary)

    // [meta + trait, specificity, sumstats], one a slice x trait
    pairs = specificity.combine(HARMONIZE_SUMSTATS.out.sumstats).map { meta, scores, trait, sumstats -> [meta + [trait: trait.id], scores, sumstats] }
    baseline = options.baseline ? options.baseline.tokenize(',').collect { path -> file(path) } : []
    REGRESS_SPOTS(pairs, reference, baseline)
    RANK_GENES(pairs.map { meta, scores, _sumstats -> [meta, scores] }.join(REGRESS_SPOTS.out.spots, failOnDuplicate: true))

    tested = REGRESS_SPOTS.out.spots.join(REGRESS_SPOTS.out.region_tests, failOnDuplicate: true) // [meta, spots, region tests]
    COMBINE_REGIONS(tested.map { meta, spots, tests -> [meta.id, meta, spots, tests] }.combine(slices.map { meta, h5ad -> [meta.id, h5ad] }, by: 0).map { _id, meta, spots, tests, h5ad -> [meta, spots, tests, h5ad] })

    // [meta, regions, spots, region tests] of all, sorted so that -resume sees the same list every time
    all = COMBINE_REGIONS.out.regions.join(tested, failOnDuplicate: true).toSortedList { a, b -> [a[0].id, a[0].trait].toString() <=> [b[0].id, b[0].trait].toString() }
    SUMMARIZE_REGIONS(all.map { rows_ -> rows_.collect { row -> row[0] } }, all.map { rows_ -> rows_.collect { row -> row[1] } }, all.map { rows_ -> rows_.collect { row -> row[2] } }, all.map { rows_ -> rows_.collect { row -> row[3] } })

    // [target below --outdir, file]
    of_traits = HARMONIZE_SUMSTATS.out.sumstats.mix(HARMONIZE_SUMSTATS.out.qc).map { _meta, path -> ["traits/${path.name}".toString(), path] }
    of_pairs = REGRESS_SPOTS.out.spots
        .mix(REGRESS_SPOTS.out.region_tests, REGRESS_SPOTS.out.qc, RANK_GENES.out.genes)
        .map { meta, path -> ["associations/${meta.id}/${meta.trait}/${path.name}".toString(), path] }
    of_regions = SUMMARIZE_REGIONS.out.regions
        .flatten()
        .map { path -> ["associations/${path.parent.parent.name}/${path.parent.name}/${path.name}".toString(), path] }

    emit:
    results = of_traits.mix(of_pairs, of_regions, SUMMARIZE_REGIONS.out.summary.map { path -> ["summary/${path.name}".toString(), path] })
    versions = HARMONIZE_SUMSTATS.out.versions.mix(REGRESS_SPOTS.out.versions, COMBINE_REGIONS.out.versions, SUMMARIZE_REGIONS.out.versions, RANK_GENES.out.versions)
}
