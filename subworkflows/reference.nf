// What links SNPs to genes: reused, imported, or built from a panel or from LD scores.

include { IMPORT_REFERENCE } from '../modules/import_reference/main'
include { LINK_LD_SCORES } from '../modules/link_ld_scores/main'
include { LINK_SNPS_TO_GENES } from '../modules/link_snps_to_genes/main'
include { MERGE_REFERENCE } from '../modules/merge_reference/main'
include { chromosomeFiles ; chromosomeNumbers ; isGsmapResource ; ldScoresOf ; referenceFile } from '../functions/inputs'

workflow REFERENCE {
    take:
    options // the typed parameters
    checked // one value, once all inputs are known to be well

    main:
    chromosomes = chromosomeNumbers(options.chromosomes)
    versions = channel.empty()
    if (options.panel) {
        // [meta, bed, bim, fam, snps, genetic map], one a chromosome
        panel = checked.flatMap { _checked -> chromosomes.collect { number -> panelOf(number, options) } }
        LINK_SNPS_TO_GENES(panel, file(options.genes))
        // In genomic order, so that -resume sees the same list every time.
        parts = LINK_SNPS_TO_GENES.out.reference
            .toSortedList { a, b -> a[0].chromosome <=> b[0].chromosome }
            .map { all -> all.collect { _meta, path -> path } }
        MERGE_REFERENCE(parts)
        reference = MERGE_REFERENCE.out.reference
        versions = LINK_SNPS_TO_GENES.out.versions.mix(MERGE_REFERENCE.out.versions)
    }
    else if (options.ld_scores) {
        scores = checked.map { _checked -> chromosomes.collect { number -> ldScoresOf(options.ld_scores, number) } }
        LINK_LD_SCORES(scores, options.ld_scores.tokenize('/').last(), file(options.genes))
        reference = LINK_LD_SCORES.out.reference
        versions = LINK_LD_SCORES.out.versions
    }
    else if (isGsmapResource(options.reference)) {
        IMPORT_REFERENCE(checked.map { _checked -> file(options.reference) }, options.genes ? file(options.genes) : [])
        reference = IMPORT_REFERENCE.out.reference
        versions = IMPORT_REFERENCE.out.versions
    }
    else {
        reference = checked.map { _checked -> referenceFile(options) }
    }
    made = isReused(options) ? channel.empty() : reference.map { path -> ['reference/reference.h5ad', path] }

    emit:
    reference = reference // one path, for every task
    results = made // [target below --outdir, file]
    versions = versions
}

def panelOf(number, options) {
    def files = chromosomeFiles(options, number).collect { _name, path -> path }
    return [[id: "chr${number}", chromosome: number]] + files + (options.genetic_map ? [] : [[]])
}

// An input as it is, not a result of this run.
def isReused(options) {
    return options.reference && !isGsmapResource(options.reference)
}
