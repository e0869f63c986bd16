// Several traits of a slice share a task: how they are dealt to tasks, and whose a task's files are.

// [meta of slice x trait, file] of each of a task's files traits/<trait>/...; of a file of the task itself the slice's meta.
def byTrait(meta, files) {
    def slice = meta - meta.subMap(['rows', 'parts', 'traits'])
    return [files].flatten().collect { path ->
        [path.parent.parent.name == 'traits' ? slice + [trait: path.parent.name] : slice, path]
    }
}

// [meta (+ trait), step, file of messages] of what went wrong in a task.
def failuresOf(meta, step, files) {
    return byTrait(meta, files).collect { about, path -> [about, step, path] }
}

// The key by which the traits of a slice come together that share a task: as many as may, in the order of `names`.
def taskOf(meta, names, traits_per_task) {
    def first = names.indexOf(meta.trait).intdiv(traits_per_task) * traits_per_task
    return groupKey([meta.id, first], [traits_per_task, names.size() - first].min().toInteger())
}

// [meta of slice x trait, ...] of a task, in the order of `names`.
def inOrder(entries, names) {
    return entries.toSorted { a, b -> names.indexOf(a[0].trait) <=> names.indexOf(b[0].trait) }
}

// meta of a task from those of its traits.
def ofTraits(metas) {
    return metas[0] - metas[0].subMap(['trait']) + [traits: metas.collect { meta -> meta.trait }]
}

// What slices x traits are sorted by.
def pairName(meta) {
    return [meta.id, meta.trait].toString()
}
