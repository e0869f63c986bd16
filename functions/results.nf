// What the run is made of and what it leaves: for the report, the manifest and the last words on the terminal.

include { chromosomeNumbers ; homologsOf ; ofChromosome } from './inputs'

// A channel of [target below --outdir, file].
def publishedFiles(reference, slices, associations) {
    def ofPair = { name -> { meta, path -> ["associations/${meta.id}/${meta.trait}/${name}".toString(), path] } }
    return reference.reference
        .map { path -> ['reference/reference.h5ad', path] }
        .mix(
            slices.embedding.map { meta, path -> ["slices/${meta.id}/embedding.h5ad".toString(), path] },
            slices.specificity.map { meta, path -> ["slices/${meta.id}/specificity.h5ad".toString(), path] },
            associations.sumstats.map { meta, path -> ["traits/${meta.id}.parquet".toString(), path] },
            associations.qc.map { meta, path -> ["traits/${meta.id}.qc.json".toString(), path] },
            associations.spots.map(ofPair('spots.parquet')),
            associations.region_tests.map(ofPair('region_tests.parquet')),
            associations.regression_qc.map(ofPair('regression.qc.json')),
            associations.genes.map(ofPair('genes.tsv')),
            associations.regions.flatten().map { path -> ["associations/${path.parent.parent.name}/${path.parent.name}/regions.tsv".toString(), path] },
            associations.summary.map { path -> ['summary/regions.tsv', path] },
        )
}

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
