// Beside ldsc, where they are asked for: association of genes, scDRS, AUCell and module score of the first genes, and all
// methods compared.

include { ASSOCIATE_GENES } from '../modules/associate_genes/main'
include { COMPARE_METHODS } from '../modules/compare_methods/main'
include { SCORE_SCDRS } from '../modules/score_scdrs/main'
include { SCORE_SIGNATURES } from '../modules/score_signatures/main'
include { genePanelFiles ; genePanelOf ; homologsOf ; methodsOf } from '../functions/inputs'
include { pairName } from '../functions/traits'

workflow METHODS {
    take:
    rows // of the sheet of traits
    slices // [meta, h5ad]
    specificity // [meta, specificity.h5ad]
    sumstats // [meta of the trait, harmonised]
    spots // [meta + trait, spots.parquet] of ldsc
    regions // [[slice, trait], regions.tsv] of ldsc
    reference // one path
    options // the typed parameters

    main:
    methods = methodsOf(options)
    others = methods - 'ldsc'
    signatures = methods.findAll { name -> name in ['aucell', 'module_score'] }
    magma = rows.collectEntries { row -> [row.trait, row.magma_genes] }
    panel = others ? genePanelFiles(options) : []

    // [meta of the trait, harmonised, MAGMA's genes or none]
    traits = sumstats.filter { others }.map { trait, path -> [trait, path, magma[trait.id] ?: []] }
    prefix = (genePanelOf(options) ?: '').tokenize('/')
    ASSOCIATE_GENES(traits, reference, prefix ? prefix.last() : '', panel, options.genes ? file(options.genes) : [])

    // [meta + trait, h5ad, specificity, genes, homologs]
    sets = slices
        .join(specificity, failOnDuplicate: true)
        .combine(ASSOCIATE_GENES.out.genes)
        .map { meta, h5ad, scores, trait, genes ->
            [meta + [trait: trait.id], h5ad, scores, genes, homologsOf(meta.species, options)]
        }
    SCORE_SCDRS(sets.filter { 'scdrs' in methods })
    SCORE_SIGNATURES(sets.filter { signatures }, signatures.join(','))

    // [[slice, trait], scores] of each file of a method; a pair whose methods all failed is not compared
    scored = SCORE_SCDRS.out.scores
        .flatMap { meta, of_spots, of_regions -> [[[meta.id, meta.trait], of_spots], [[meta.id, meta.trait], of_regions]] }
        .mix(SCORE_SIGNATURES.out.scores.map { meta, path -> [[meta.id, meta.trait], path] })
        .groupTuple()
        .map { pair, paths -> [pair, paths.toSorted { a, b -> a.name <=> b.name }] }
    // [meta, regions, spots, scores] of all, sorted so that -resume sees the same list every time
    all = spots
        .map { meta, path -> [[meta.id, meta.trait], meta, path] }
        .join(regions, failOnDuplicate: true)
        .join(scored, failOnDuplicate: true)
        .toSortedList { a, b -> pairName(a[1]) <=> pairName(b[1]) }
        .filter { entries -> entries }
    COMPARE_METHODS(
        all.map { entries -> entries.collect { _pair, meta, _spots, _regions, _scores -> meta } },
        all.map { entries -> entries.collect { _pair, _meta, _spots, of_regions, _scores -> of_regions } },
        all.map { entries -> entries.collect { _pair, _meta, of_spots, _regions, _scores -> of_spots } },
        all.map { entries -> entries.collectMany { _pair, _meta, _spots, _regions, scores -> scores } },
        all.map { entries -> entries.collect { _pair, _meta, _spots, _regions, scores -> scores.size() } },
    )

    // [target below --outdir, file]
    of_traits = ASSOCIATE_GENES.out.genes
        .mix(ASSOCIATE_GENES.out.qc)
        .map { _meta, path -> ["traits/genes/${path.name}".toString(), path] }
    of_pairs = SCORE_SCDRS.out.scores
        .flatMap { meta, of_spots, of_regions -> [[meta, of_spots], [meta, of_regions]] }
        .mix(SCORE_SCDRS.out.qc, SCORE_SIGNATURES.out.scores, SCORE_SIGNATURES.out.qc)
        .map { meta, path -> ["associations/${meta.id}/${meta.trait}/${path.name}".toString(), path] }
    compared = COMPARE_METHODS.out.spots
        .flatten()
        .map { path -> ["associations/${path.parent.parent.name}/${path.parent.name}/${path.name}".toString(), path] }
    of_run = COMPARE_METHODS.out.summary
        .mix(COMPARE_METHODS.out.agreement)
        .map { path -> ["summary/${path.name}".toString(), path] }

    emit:
    results = of_traits.mix(of_pairs, compared, of_run)
    failures = ASSOCIATE_GENES.out.failure.mix(SCORE_SCDRS.out.failure, SCORE_SIGNATURES.out.failure)
    versions = ASSOCIATE_GENES.out.versions.mix(
        SCORE_SCDRS.out.versions,
        SCORE_SIGNATURES.out.versions,
        COMPARE_METHODS.out.versions,
    )
}
