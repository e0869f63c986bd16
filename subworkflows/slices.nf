// Each slice's embedding and gene specificity; slices of one group share the model and the background of ranks.

include { AVERAGE_RANKS } from '../modules/average_ranks/main'
include { EMBED_SPOTS } from '../modules/embed_spots/main'
include { SCORE_SPECIFICITY } from '../modules/score_specificity/main'
include { homologsOf } from '../functions/inputs'
include { listed } from '../functions/options'

workflow SLICES {
    take:
    rows // of the sheet of slices
    options // the typed parameters
    checked // one value, once all inputs are known to be well

    main:
    // [meta, h5ad]
    slices = checked.flatMap { _checked -> rows.collect { row -> [metaOf(row), row.h5ad] } }
    sizes = rows.countBy { row -> row.group }.findAll { group, size -> group && size > 1 }
    together = rows.groupBy { row -> sizes.containsKey(row.group) ? [group: row.group] : [slice: row.slice] }

    // [group or slice, metas, h5ads]
    EMBED_SPOTS(checked.flatMap { _checked ->
        together.collect { key, members ->
            def name = key.values().first()
            [name, members.collect { row -> metaOf(row) }, members.collect { row -> row.h5ad }]
        }
    })
    // By slice again: [meta, embedding.h5ad] and [meta, step, file of messages]
    embeddings = EMBED_SPOTS.out.embedding.flatMap { metas, paths -> bySlice(metas, paths) }
    not_embedded = EMBED_SPOTS.out.failure.flatMap { metas, step, files -> failedSlices(metas, step, files) }
    embedded = slices.join(embeddings, failOnDuplicate: true) // [meta, h5ad, embedding]

    // [group, metas, h5ads, homologs], of the slices of a group that could be embedded
    order = rows.collect { row -> row.slice }
    shared = embedded
        .map { meta, h5ad, _embedding -> [meta, h5ad] }
        .mix(not_embedded.map { meta, _process, _why -> [meta, []] })
        .filter { meta, _h5ad -> sizes.containsKey(meta.group) }
        .map { meta, h5ad -> [groupKey(meta.group, sizes[meta.group]), [meta, h5ad]] }
        .groupTuple()
        .map { group, members ->
            def left = members
                .findAll { _meta, h5ad -> h5ad }
                .toSorted { a, b -> order.indexOf(a[0].id) <=> order.indexOf(b[0].id) }
            [group.toString(), left.collect { meta, _h5ad -> meta }, left.collect { _meta, h5ad -> h5ad }]
        }
        .filter { _group, metas, _h5ads -> metas }
        .map { group, metas, h5ads -> [group, metas, h5ads, homologsOf(metas.first().species, options)] }
    AVERAGE_RANKS(shared)

    // [group, background]; slices on their own have the key '' and no background but their own
    backgrounds = AVERAGE_RANKS.out.background.mix(channel.of(['', []]))
    whole = embedded
        .map { meta, h5ad, embedding -> [sizes.containsKey(meta.group) ? meta.group : '', meta, h5ad, embedding] }
        .combine(backgrounds, by: 0)
        .map { _group, meta, h5ad, embedding, background ->
            [meta, h5ad, embedding, background, homologsOf(meta.species, options)]
        }
    SCORE_SPECIFICITY(whole)

    // [target below --outdir, file]
    made = embeddings
        .mix(SCORE_SPECIFICITY.out.specificity)
        .map { meta, path -> ["slices/${meta.id}/${path.name}".toString(), path] }

    of_groups = AVERAGE_RANKS.out.failure.map { group, step, why -> [[id: "group ${group}"], step, why] }

    emit:
    slices = slices // [meta, h5ad]
    specificity = SCORE_SPECIFICITY.out.specificity // [meta, specificity.h5ad]
    spot_counts = SCORE_SPECIFICITY.out.size // [meta, file with the number of spots]
    results = made
    failures = not_embedded.mix(of_groups, SCORE_SPECIFICITY.out.failure) // [meta, step, file of messages]
    versions = EMBED_SPOTS.out.versions.mix(AVERAGE_RANKS.out.versions, SCORE_SPECIFICITY.out.versions)
}

// [meta, path] of every file in a folder named after its slice.
def bySlice(metas, paths) {
    return listed(paths).collect { path ->
        [metas.find { meta -> meta.id == path.parent.name }, path]
    }
}

// [meta, step, file of messages] of each slice that could not be embedded: of the one whose folder holds the file, or of all.
def failedSlices(metas, step, files) {
    return listed(files).collectMany { path ->
        def own = metas.findAll { meta -> path.parent.parent.name == 'embeddings' && meta.id == path.parent.name }
        (own ?: metas).collect { meta -> [meta, step, path] }
    }
}

// A row without its file.
def metaOf(row) {
    return row.findAll { name, _value -> name != 'h5ad' } + [id: row.slice]
}
