// What the run is made of and what it leaves: for the report, the manifest and the last words on the terminal.

include { chromosomeNumbers ; homologsOf ; ofChromosome } from './inputs'

// [role, file] of every input, as the sheets and the parameters name them.
def inputFiles(options, sheets) {
    def named = sheets.slices.collect { row -> ["slice ${row.slice}".toString(), row.h5ad] } + sheets.traits.collect { row -> ["trait ${row.trait}".toString(), row.sumstats] }
    def homologs = sheets.slices.collect { row -> homologsOf(row.species, options) }.unique().findAll { path -> path }.collect { path -> ['homologs', path] }
    def single = ['input', 'traits', 'genes'].findAll { name -> options[name] }.collect { name -> [name, file(options[name])] }
    return named + homologs + single + referenceFiles(options)
}

def referenceFiles(options) {
    def patterns = []
    if (options.reference) {
        def given = file(options.reference)
        return given.isDirectory() ? [] : [['reference', given]]
    }
    if (options.panel) {
        patterns = ['bed', 'bim', 'fam'].collect { ending -> ['panel', "${options.panel}.${ending}"] } + [['snps', options.snps]]
        patterns += options.genetic_map ? [['genetic_map', options.genetic_map]] : []
    }
    else {
        patterns = [['ld_scores', "${options.ld_scores}.l2.ldscore.gz"]]
    }
    return patterns.collectMany { role, pattern -> chromosomeNumbers(options.chromosomes).collect { number -> [role, ofChromosome(pattern, number)] }.unique() }
}

// What the report says of the run: nothing that differs between a run and its -resume.
def runInfo() {
    return [
        pipeline: workflow.manifest.name,
        version: workflow.manifest.version,
        revision: workflow.commitId ?: '',
        nextflow: nextflow.version.toString(),
        container_engine: workflow.containerEngine ?: '',
        profile: workflow.profile,
        command_line: workflow.commandLine.replaceAll(' -resume( [0-9a-f-]{36})?| -(name|w|work-dir|ansi-log) [^ ]+', ''),
    ]
}

def versionsYaml(versions) {
    return versions
        .collect { name, tool, version -> "${name.tokenize(':').last()}:\n  ${tool}: \"${version}\"\n" }
        .unique()
        .sort()
        .join('')
}

// The last words: where to look, or what to mend.
def summaryLines(options, sheets) {
    if (workflow.success) {
        return "traitmap: ${sheets.slices.size()} slices x ${sheets.traits.size()} traits done in ${workflow.duration}; open ${options.outdir}/report.html"
    }
    def mistakes = (workflow.errorReport ?: '').readLines().collect { line -> line.trim() }.findAll { line -> line.startsWith('error: ') }.unique()
    return mistakes ? "traitmap stopped:\n${mistakes.join('\n')}" : 'traitmap stopped: see the message above; the same command with -resume goes on from here'
}
