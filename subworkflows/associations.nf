// Every slice x trait: spots, regions, genes; then all of them together.

include { COMBINE_REGIONS } from '../modules/combine_regions/main'
include { CORRELATE_TRAITS } from '../modules/correlate_traits/main'
include { DRAW_FIGURES } from '../modules/draw_figures/main'
include { ENRICH_PATHWAYS } from '../modules/enrich_pathways/main'
include { HARMONIZE_SUMSTATS } from '../modules/harmonize_sumstats/main'
include { RANK_GENES } from '../modules/rank_genes/main'
include { SUMMARIZE_REGIONS } from '../modules/summarize_regions/main'
include { METHODS } from './methods'
include { REGRESSIONS } from './regressions'
include { homologsOf } from '../functions/inputs'
include { byTrait ; failuresOf ; inOrder ; ofTraits ; pairName ; taskOf } from '../functions/traits'

workflow ASSOCIATIONS {
    take:
    rows // of the sheet of traits
    slices // [meta, h5ad]
    specificity // [meta, specificity.h5ad]
    spot_counts // [meta, file with the number of spots]
    reference // one path
    vocabulary // headers of summary statistics
    options // the typed parameters
    checked // one value, once all inputs are known to be well

    main:
    // [meta, sumstats]
    traits = checked.flatMap { _checked -> rows.collect { row -> [[id: row.trait, n: row.n], row.sumstats] } }
    HARMONIZE_SUMSTATS(traits, reference, vocabulary)

    // [meta + trait, specificity, sumstats], one a slice x trait
    pairs = specificity
        .combine(HARMONIZE_SUMSTATS.out.sumstats)
        .map { meta, scores, trait, sumstats -> [meta + [trait: trait.id], scores, sumstats] }
    names = rows.collect { row -> row.trait }
    REGRESSIONS(names, specificity, spot_counts, HARMONIZE_SUMSTATS.out.sumstats, reference, options)
    // [meta + traits, specificity, [spots of each trait], h5ad, homologs]; a trait that failed before is waited for in vain
    scored = pairs
        .map { meta, scores, _sumstats -> [meta, scores] }
        .join(REGRESSIONS.out.spots, failOnDuplicate: true)
        .map { meta, scores, spots -> [meta.id, meta, scores, spots] }
        .combine(slices.map { meta, h5ad -> [meta.id, h5ad] }, by: 0)
        .map { _id, meta, scores, spots, h5ad -> [taskOf(meta, names, options.traits_per_task), [meta, spots, scores, h5ad]] }
        .groupTuple(remainder: true)
        .map { _key, entries -> inOrder(entries, names).transpose() }
        .map { metas, spots, scores, h5ad -> [ofTraits(metas), scores[0], spots, h5ad[0]] }
        .map { meta, scores, spots, h5ad -> [meta, scores, spots, h5ad, homologsOf(meta.species, options)] }
    RANK_GENES(scored)
    gene_tables = RANK_GENES.out.genes.flatMap { meta, files -> byTrait(meta, files) }
    expressions = RANK_GENES.out.expression.flatMap { meta, files -> byTrait(meta, files) }

    // [meta, specificity, traits, their spots] of each slice with two traits or more
    together = (options.trait_correlations ? REGRESSIONS.out.spots : channel.empty())
        .map { meta, path -> [meta.id, [meta, path]] }
        .groupTuple()
        .map { id, entries -> [id, inOrder(entries, names)] }
        .filter { _id, entries -> entries.size() > 1 }
    maps = specificity
        .map { meta, scores -> [meta.id, meta, scores] }
        .join(together)
        .map { _id, meta, scores, entries -> [meta, scores, entries.collect { e -> e[0].trait }, entries.collect { e -> e[1] }] }
    CORRELATE_TRAITS(maps, reference)
    correlations = CORRELATE_TRAITS.out.correlations
        .toSortedList { a, b -> pairName(a[0]) <=> pairName(b[0]) }
        .flatMap { all -> all.collect { _meta, path -> path } }
        .collectFile(name: 'trait_correlations.tsv', storeDir: "${options.outdir}/summary", keepHeader: true, skip: 1, sort: false)

    // [meta, genes] of all, sorted so that -resume sees the same list every time
    ranked = (options.gene_sets ? gene_tables : channel.empty())
        .toSortedList { a, b -> pairName(a[0]) <=> pairName(b[0]) }
        .filter { entries -> entries }
    ENRICH_PATHWAYS(
        ranked.map { entries -> entries.collect { meta, _genes -> meta } },
        ranked.map { entries -> entries.collect { _meta, genes -> genes } },
        options.gene_sets ? file(options.gene_sets) : [],
    )

    // [meta, spots, region tests]
    tested = REGRESSIONS.out.spots.join(REGRESSIONS.out.region_tests, failOnDuplicate: true)
    labelled = tested
        .map { meta, spots, tests -> [meta.id, meta, spots, tests] }
        .combine(slices.map { meta, h5ad -> [meta.id, h5ad] }, by: 0)
        .map { _id, meta, spots, tests, h5ad -> [meta, spots, tests, h5ad] }
    COMBINE_REGIONS(labelled)

    // [meta, regions, spots, region tests] of all, sorted so that -resume sees the same list every time
    all = COMBINE_REGIONS.out.regions
        .join(tested, failOnDuplicate: true)
        .toSortedList { a, b -> pairName(a[0]) <=> pairName(b[0]) }
        .filter { entries -> entries }
    SUMMARIZE_REGIONS(
        all.map { entries -> entries.collect { meta, _regions, _spots, _tests -> meta } },
        all.map { entries -> entries.collect { _meta, regions, _spots, _tests -> regions } },
        all.map { entries -> entries.collect { _meta, _regions, spots, _tests -> spots } },
        all.map { entries -> entries.collect { _meta, _regions, _spots, tests -> tests } },
        options.comparisons ? file(options.comparisons) : [],
    )

    // [[slice, trait], regions.tsv]
    final_regions = SUMMARIZE_REGIONS.out.regions
        .flatten()
        .map { path -> [[path.parent.parent.name, path.parent.name], path] }
    METHODS(
        rows,
        slices,
        specificity,
        HARMONIZE_SUMSTATS.out.sumstats,
        REGRESSIONS.out.spots,
        final_regions,
        reference,
        options,
    )
    // [meta, [targets], [files]] of the associations that are to be drawn
    drawn = (options.figures == 'none' ? channel.empty() : pairs)
        .join(REGRESSIONS.out.spots)
        .join(gene_tables)
        .join(expressions)
        .map { entry -> [[entry[0].id, entry[0].trait]] + entry }
        .join(final_regions)
        .map { _key, meta, scores, sumstats, spots, genes, expression, regions ->
            def folder = "associations/${meta.id}/${meta.trait}"
            def targets = ["slices/${meta.id}/specificity.h5ad", "traits/${meta.trait}.parquet"]
            targets += [spots, genes, expression, regions].collect { path -> "${folder}/${path.name}" }
            [meta, targets*.toString(), [scores, sumstats, spots, genes, expression, regions]]
        }
    DRAW_FIGURES(drawn, reference)

    // [target below --outdir, file]
    of_traits = HARMONIZE_SUMSTATS.out.sumstats
        .mix(HARMONIZE_SUMSTATS.out.qc)
        .map { _meta, path -> ["traits/${path.name}".toString(), path] }
    of_pairs = REGRESSIONS.out.spots
        .mix(REGRESSIONS.out.region_tests, REGRESSIONS.out.qc, gene_tables, expressions)
        .map { meta, path -> ["associations/${meta.id}/${meta.trait}/${path.name}".toString(), path] }
    of_regions = SUMMARIZE_REGIONS.out.regions
        .flatten()
        .map { path -> ["associations/${path.parent.parent.name}/${path.parent.name}/${path.name}".toString(), path] }
    of_run = SUMMARIZE_REGIONS.out.summary
        .mix(SUMMARIZE_REGIONS.out.comparisons, SUMMARIZE_REGIONS.out.conditional_tests, SUMMARIZE_REGIONS.out.spot_sets)
        .map { path -> ["summary/${path.name}".toString(), path] }
    of_maps = correlations
        .mix(ENRICH_PATHWAYS.out.pathways)
        .map { path -> ["summary/${path.name}".toString(), path] }
    figures_of_pairs = DRAW_FIGURES.out.figures.transpose().map { meta, path ->
        ["associations/${meta.id}/${meta.trait}/figures/${path.name}".toString(), path]
    }

    emit:
    results = of_traits.mix(of_pairs, of_regions, of_run, of_maps, METHODS.out.results)
    figures = figures_of_pairs // the same of the figures, which the report does not read
    failures = HARMONIZE_SUMSTATS.out.failure.mix( // [meta, step, file of messages]
        REGRESSIONS.out.failure,
        RANK_GENES.out.failure.flatMap { meta, step, files -> failuresOf(meta, step, files) },
        COMBINE_REGIONS.out.failure,
        DRAW_FIGURES.out.failure,
        METHODS.out.failures,
    )
    versions = HARMONIZE_SUMSTATS.out.versions.mix(
        REGRESSIONS.out.versions,
        RANK_GENES.out.versions,
        COMBINE_REGIONS.out.versions,
        SUMMARIZE_REGIONS.out.versions,
        CORRELATE_TRAITS.out.versions,
        ENRICH_PATHWAYS.out.versions,
        DRAW_FIGURES.out.versions,
        METHODS.out.versions,
    )
}
