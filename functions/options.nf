// What modules share when they write command lines.

// One word for the shell, whatever it holds.
def quoted(text) {
    return "'" + text.toString().replace("'", "'\\''") + "'"
}

// What a `path` input holds: one file is no list.
def listed(files) {
    return (files instanceof List) ? files : [files]
}

// How a slice is to be read: the options of traitmap.slices.read_slice. An empty layer is told too: where a step takes
// several slices, each has its own.
def sliceOptions(meta) {
    return "--spatial-key ${quoted(meta.spatial_key)} --layer ${quoted(meta.layer)}"
}

// Its genes in human symbols.
def speciesOptions(meta, homologs) {
    return homologs ? "--species ${quoted(meta.species)} --homologs ${homologs}" : ''
}

// Shell lines that lay files out as they are published: `targets` name them, in the order of `files`.
def layOut(targets, files, folder) {
    def pairs = [targets, listed(files)].transpose()
    def folders = targets.collect { target -> "${folder}/${target}".tokenize('/').dropRight(1).join('/') }.unique()
    def links = pairs.collect { target, path -> "ln -s \"\$PWD\"/${path} ${folder}/${target}" }
    return (folders.collect { path -> "mkdir -p ${path}" } + links).join('\n')
}
