// What the run is made of and what it leaves: for the report, the manifest and the last words on the terminal.

include { baselineFiles ; chromosomeFiles ; chromosomeNumbers ; covariateLists ; homologsOf ; isGsmapResource ; referenceFile } from './inputs'
include { genePanelFiles ; methodsOf } from './inputs'
include { failureLines ; readFailures } from './failures'

// [role, file] of every input, as the sheets and the parameters name them.
def inputFiles(options, sheets) {
    def slices = sheets.slices.collect { row -> ["slice ${row.slice}".toString(), row.h5ad] }
    def traits = sheets.traits.collect { row -> ["trait ${row.trait}".toString(), row.sumstats] }
    def homologs = sheets.slices.collect { row -> homologsOf(row.species, options) }.unique().findAll { path -> path }
    def single = ['input', 'traits', 'genes', 'comparisons', 'covariates', 'gene_sets', 'spot_sets'].findAll { name -> options[name] }
    def others = methodsOf(options) != ['ldsc']
    def magma = others ? sheets.traits.findAll { row -> row.magma_genes } : []
    def genotypes = others && options.gene_panel ? genePanelFiles(options) : []
    return slices + traits +
        magma.collect { row -> ["MAGMA genes ${row.trait}".toString(), row.magma_genes] } +
        genotypes.collect { path -> ['gene_panel', path] } +
        homologs.collect { path -> ['homologs', path] } +
        baselineFiles(options).collect { path -> ['baseline', path] } +
        covariateLists(options).collect { row -> ["covariate ${row.covariate}".toString(), row.genes] } +
        single.collect { name -> [name, file(options[name])] } +
        referenceFiles(options)
}

// Of a gsMap resource folder the reference that is made of it keeps the digests.
def referenceFiles(options) {
    if (options.reference) {
        return isGsmapResource(options.reference) ? [] : [['reference', referenceFile(options)]]
    }
    return chromosomeNumbers(options.chromosomes).collectMany { number -> chromosomeFiles(options, number) }.unique()
}

// [target below --outdir, file] of every file in a folder of results.
def filesBelow(folder) {
    return files("${folder}/**").collect { path -> ["${folder.name}/${folder.relativize(path)}".toString(), path] }
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
    def done = "${sheets.slices.size()} slices x ${sheets.traits.size()} traits done in ${workflow.duration}"
    if (workflow.success && options.validate_only) {
        return 'traitmap: the inputs look well; nothing was run (--validate_only)'
    }
    if (workflow.success && !workflow.stats.ignoredCount) {
        return "traitmap: ${done}; open ${options.outdir}/report.html"
    }
    if (workflow.success) {
        def report = file("${options.outdir}/report.html")
        def where = report.exists() ? "open ${options.outdir}/report.html" : 'too few are left for a report'
        def table = "${options.outdir}/summary/failures.tsv"
        return "traitmap: ${done} but for those in ${table}; ${where}\n${failureLines(readFailures(file(table)))}"
    }
    def lines = (workflow.errorReport ?: '').readLines().collect { line -> line.trim() }
    if (lines && lines.first().startsWith('error: ')) {
        return 'traitmap stopped: mend what is said above; the same command with -resume goes on from here'
    }
    def mistakes = lines.findAll { line -> line.startsWith('error: ') }.unique()
    return mistakes
        ? "traitmap stopped:\n${mistakes.join('\n')}"
        : 'traitmap stopped: see the message above; the same command with -resume goes on from here'
}
