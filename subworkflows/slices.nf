// Each slice's embedding and gene specificity; slices of one group share the background of ranks.

include { AVERAGE_RANKS } from '../modules/average_ranks/main'
include { EMBED_SPOTS } from '../modules/embed_spots/main'
include { SCORE_SPECIFICITY } from '../modules/score_specificity/main'
include { homologsOf } from '../functions/inputs'

workflow SLICES {
    take:
    rows // of the sheet of slices
    options // the typed parameters

    main:
    // [meta, h5ad]
    slices = channel.fromList(rows.collect { row -> [metaOf(row), row.h5ad] })
    named = rows.findAll { row -> row.group }.groupBy { row -> row.group }
    groups = named.findAll { _name, members -> members.size() > 1 }

    EMBED_SPOTS(slices)
    // [group, metas, h5ads, homologs]
    shared = channel.fromList(groups.collect { name, members ->
        def homologs = homologsOf(members.first().species, options)
        [name, members.collect { row -> metaOf(row) }, members.collect { row -> row.h5ad }, homologs]
    })
    AVERAGE_RANKS(shared)

    // [group, background]; slices on their own have the key '' and no background but their own
    backgrounds = AVERAGE_RANKS.out.background.mix(channel.of(['', []]))
    embedded = slices
        .join(EMBED_SPOTS.out.embedding, failOnDuplicate: true, failOnMismatch: true)
        .map { meta, h5ad, embedding -> [groups.containsKey(meta.group) ? meta.group : '', meta, h5ad, embedding] }
    whole = embedded
        .combine(backgrounds, by: 0)
        .map { _group, meta, h5ad, embedding, background ->
            [meta, h5ad, embedding, background, homologsOf(meta.species, options)]
        }
    SCORE_SPECIFICITY(whole)

    // [target below --outdir, file]
    made = EMBED_SPOTS.out.embedding
        .mix(SCORE_SPECIFICITY.out.specificity)
        .map { meta, path -> ["slices/${meta.id}/${path.name}".toString(), path] }

    emit:
    slices = slices // [meta, h5ad]
    specificity = SCORE_SPECIFICITY.out.specificity // [meta, specificity.h5ad]
    results = made
    versions = EMBED_SPOTS.out.versions.mix(AVERAGE_RANKS.out.versions, SCORE_SPECIFICITY.out.versions)
}

// A row without its file.
def metaOf(row) {
    return row.findAll { name, _value -> name != 'h5ad' } + [id: row.slice]
}
