// What -resume must know of bin/traitmap: Nextflow hashes the executables that a script names, but not what they import,
// and of a local checkout not even the content of folders. So each script's first line carries a digest of the modules
// that its executable uses, and an edit re-runs what uses it and nothing else.

// "traitmap-<digest>" of the modules that bin/<executable>.py imports, by whatever way.
def library(executable) {
    def bin = file("${projectDir}/bin")
    def names = reachedModules(importedModules(bin.resolve("${executable}.py").text, bin) + ['__init__'], bin)
    return 'traitmap-' + names.collect { name -> bin.resolve("traitmap/${name}.py").text }.join('\0').md5()
}

def reachedModules(names, bin) {
    def further = names.collectMany { name -> importedModules(bin.resolve("traitmap/${name}.py").text, bin) }
    def all = (names + further).unique().sort()
    return all.size() == names.size() ? all : reachedModules(all, bin)
}

// Names of the library's modules in the import lines of a Python text, also where they are inside functions.
def importedModules(text, bin) {
    def lines = text.readLines().collect { line -> line.trim() }.findAll { line -> line ==~ '(from|import) traitmap.*' }
    return lines
        .collectMany { line -> line.replaceAll('[.,()]', ' ').tokenize() }
        .unique()
        .findAll { word -> bin.resolve("traitmap/${word}.py").exists() }
        .sort()
}
