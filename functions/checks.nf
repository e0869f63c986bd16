// What is looked into before anything is computed: CHECK_INPUTS gets a list of all inputs, and those worth a look.

include { baselineFiles ; chromosomeFiles ; chromosomeNumbers ; covariateLists ; homologsOf ; isGsmapResource ; referenceFile } from './inputs'
include { withoutSecrets } from './provenance'
include { unsafeName } from './sheets'

// On object stores a look means a download: of files there, the smallest are fetched, so many bytes in all.
def mostFetched() {
    return 2_000_000_000
}

// [list: JSON of what each input is (bin/traitmap/check_inputs.py says how), files: those to look into].
def inputsToCheck(options, sheets) {
    def items = sliceItems(sheets, options) + traitItems(sheets) + referenceItems(options) + baselineItems(options)
    items += geneItems(options)
    items += sheetItems(options) // after the slices, whose regions and spots they name
    def paths = items.collectMany { item -> item.files.values() }.unique()
    def unsafe = paths.collectMany { path -> unsafeName(path) }
    if (unsafe) {
        error(withoutSecrets(unsafe.collect { problem -> "error: ${problem}" }.join('\n')))
    }
    def fetched = worthALook(paths)
    def numbered = fetched + (paths - fetched)
    def number = { path -> numbered.indexOf(path) + 1 }
    def list = [
        items: items.collect { item -> item + [files: item.files.collectEntries { name, path -> [name, number.call(path)] }] },
        shown: numbered.collect { path -> withoutSecrets(path.toUriString()) },
        bytes: numbered.collect { path -> path.isDirectory() ? 0 : path.size() },
        settings: options.subMap([
            'embedding', 'epochs', 'weights', 'ld_window_cm', 'traits_per_task', 'spots_per_task', 'figures', 'conditional_on',
            'methods', 'scdrs_controls', 'gene_set_size', 'trait_correlations',
        ]) + [
            embedding_key: options.embedding == 'given' ? options.embedding_key : '',
            metacells: options.neighborhood == 'given' ? options.metacells : '',
            gene_panel: options.gene_panel ? true : false,
        ],
    ]
    return [list: groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(list)), files: fetched]
}

def isLocal(path) {
    return path.toUri().scheme == 'file'
}

def worthALook(paths) {
    def remote = paths.findAll { path -> !isLocal(path) && !path.name.endsWith('.bed') && !path.isDirectory() }
    def sizes = remote.collect { path -> [path, path.size()] }.toSorted { a, b -> a[1] <=> b[1] }
    def small = sizes.withIndex().findAll { _entry, i -> sizes.take(i + 1).sum { _path, size -> size } <= mostFetched() }
    return paths.findAll { path -> isLocal(path) } + small.collect { entry, _i -> entry[0] }
}

def sliceItems(sheets, options) {
    return sheets.slices.collect { row ->
        def homologs = homologsOf(row.species, options)
        def said = row.subMap(['slice', 'annotation', 'layer', 'spatial_key', 'species', 'group'])
        [role: 'slice', files: [h5ad: row.h5ad] + (homologs ? [homologs: homologs] : [:])] + said
    }
}

def traitItems(sheets) {
    return sheets.traits.collect { row ->
        def magma = row.magma_genes ? [magma_genes: row.magma_genes] : [:]
        [role: 'trait', files: [sumstats: row.sumstats] + magma, trait: row.trait, n: row.n]
    }
}

def baselineItems(options) {
    return baselineFiles(options).collect { path -> [role: 'baseline', files: [baseline: path]] }
}

// Lists and sets of genes.
def geneItems(options) {
    def sets = options.gene_sets ? [[role: 'gene_sets', files: [gene_sets: file(options.gene_sets, glob: false)]]] : []
    return sets + covariateLists(options).collect { row -> [role: 'covariate', files: [covariate: row.genes]] }
}

// What names spots and regions of the slices; a comparison may name a set of spots as a region.
def sheetItems(options) {
    return ['spot_sets', 'comparisons'].findAll { name -> options[name] }.collect { name ->
        [role: name, files: [(name): file(options[name], glob: false)]]
    }
}

def referenceItems(options) {
    if (options.reference) {
        def role = isGsmapResource(options.reference) ? 'gsmap_resource' : 'reference'
        return [[role: role, files: [(role): role == 'reference' ? referenceFile(options) : file(options.reference)]]]
    }
    def ofChromosomes = chromosomeNumbers(options.chromosomes).collectMany { number ->
        def files = chromosomeFiles(options, number)
        def genotypes = files.findAll { name, _path -> name == 'panel' }.collect { _name, path -> path }
        def named = genotypes.collectEntries { path -> [path.extension, path] }
        def panel = genotypes ? [[role: 'panel', chromosome: number, files: named]] : []
        panel + files.findAll { name, _path -> name != 'panel' }.collect { name, path ->
            [role: name, chromosome: options[name].contains('{chr}') ? number : null, files: [(name): path]]
        }
    }
    return ofChromosomes.unique() + [[role: 'genes', files: [genes: file(options.genes)]]]
}
