// What the run is about, read from the sheets and checked together with the files that they and the parameters name.

include { withoutSecrets } from './provenance'
include { readSheet } from './sheets'

// [slices: rows, traits: rows]; ends the run with every mistake of both sheets and the reference at once.
def checkedInputs(options, assets) {
    def (slices, wrongSlices) = readSheet(options.input, file("${assets}/slices.schema.json"))
    def (traits, wrongTraits) = readSheet(options.traits, file("${assets}/traits.schema.json"))
    def problems = wrongSlices + wrongTraits + wrongGroups(slices, options) + wrongHomologs(slices, options)
    problems += wrongHeights(slices, options) + wrongReference(options) + wrongBaseline(options)
    problems += wrongMethods(options)
    problems += wrongGiven(options) + wrongComparisons(slices, options) + wrongSpotSets(slices, options)
    problems += wrongCovariates(options)
    if (problems) {
        error(withoutSecrets(problems.collect { problem -> "error: ${problem}" }.join('\n')))
    }
    return [slices: slices, traits: traits]
}

// '1-3,7' as [1, 2, 3, 7].
def chromosomeNumbers(text) {
    return text.tokenize(',').collectMany { part ->
        def ends = part.tokenize('-').collect { end -> end.toInteger() }
        (ends.first()..ends.last()).toList()
    }.unique()
}

// The file of one chromosome where the path holds {chr}, else the file of all.
def ofChromosome(path, chromosome) {
    return file(path.replace('{chr}', chromosome.toString()), glob: false)
}

// The LD scores of one chromosome, by LDSC's prefix, with or without its last dot, or by the whole name.
def ldScoresOf(prefix, chromosome) {
    def endings = ['.l2.ldscore.gz', 'l2.ldscore.gz', '.l2.ldscore', 'l2.ldscore', '']
    def paths = endings.collect { ending -> ofChromosome("${prefix}${ending}", chromosome) }
    def present = paths.findAll { path -> path.exists() && !path.isDirectory() }
    return present ? present.first() : paths.first()
}

// [parameter, file] of all that the reference of one chromosome is built from, but for the genes.
def chromosomeFiles(options, chromosome) {
    if (options.ld_scores) {
        return [['ld_scores', ldScoresOf(options.ld_scores, chromosome)]]
    }
    def genotypes = ['bed', 'bim', 'fam'].collect { ending -> ['panel', ofChromosome("${options.panel}.${ending}", chromosome)] }
    def lists = ['snps', 'genetic_map'].findAll { name -> options[name] }
    return genotypes + lists.collect { name -> [name, ofChromosome(options[name], chromosome)] }
}

def methodsOf(options) {
    return options.methods.tokenize(',').collect { name -> name.trim() }.unique()
}

// The genotypes that the LD within genes is taken from: the reference's own, unless others are given; null for none.
def genePanelOf(options) {
    return options.gene_panel ?: options.panel
}

// Its files of all chromosomes.
def genePanelFiles(options) {
    def prefix = genePanelOf(options)
    def numbers = prefix ? chromosomeNumbers(options.chromosomes) : []
    return numbers.collectMany { number -> ['bed', 'bim', 'fam'].collect { ending -> ofChromosome("${prefix}.${ending}", number) } }
}

def homologsOf(species, options) {
    def given = species.toLowerCase() == 'human' ? null : options.homologs
    return given ? file(given.replace('{species}', species), glob: false) : []
}

def baselineFiles(options) {
    def given = options.baseline ? options.baseline.tokenize(',').collect { path -> path.trim() } : []
    return given.collectMany { path ->
        def all = path.contains('{chr}') ? (1..22).collect { number -> ofChromosome(path, number) } : []
        def present = all.findAll { each -> each.exists() }
        present ?: [file(path, glob: false)]
    }
}

// The rows of the sheet of covariates.
def covariateLists(options) {
    return options.covariates ? covariateSheet(options).first() : []
}

def covariateSheet(options) {
    return readSheet(options.covariates, file("${projectDir}/assets/covariates.schema.json"))
}

def wrongCovariates(options) {
    return options.covariates && file(options.covariates).exists() ? covariateSheet(options).last() : []
}

def isGsmapResource(path) {
    return file("${path}/quick_mode/snp_gene_weight_matrix.h5ad").exists()
}

// The reference of an earlier run: the file, or the one in the folder.
def referenceFile(options) {
    def given = file(options.reference, glob: false)
    return given.isDirectory() ? given.resolve('reference.h5ad') : given
}

def wrongGroups(slices, options) {
    def speciesOf = slices.findAll { row -> row.group }.groupBy { row -> row.group }.collectEntries { group, rows ->
        [group, rows.collect { row -> row.species }.unique()]
    }
    return speciesOf.findAll { _group, species -> species.size() > 1 }.collect { group, species ->
        def mistake = "${options.input}: group ${group} holds slices of several species (${species.join(', ')})"
        "${mistake}; a background can be shared within one only"
    }
}

// What is asked to be of the user's own needs a place where it is.
def wrongGiven(options) {
    def places = [['embedding', 'embedding_key', 'key of obsm'], ['neighborhood', 'metacells', 'column of obs']]
    return places.findAll { choice, place, _where -> options[choice] == 'given' && !options[place] }.collect { choice, place, where ->
        "--${place} is missing: --${choice} given takes what is yours from that ${where}"
    }
}

// ldsc is what the others are compared with; the panel's files lie in one folder of the task.
def wrongMethods(options) {
    def methods = methodsOf(options)
    def problems = 'ldsc' in methods ? [] : ["--methods ${options.methods}: ldsc is missing, which the others are compared with"]
    def prefix = genePanelOf(options)
    if (methods == ['ldsc'] || !prefix) {
        return problems
    }
    def name = options.gene_panel ? 'gene_panel' : 'panel'
    if (!prefix.tokenize('/').last().contains('{chr}')) {
        return problems + ["--${name}: ${prefix} lacks {chr}, the place of the chromosome's number, in the name of the file"]
    }
    def absent = options.gene_panel ? genePanelFiles(options).findAll { path -> !path.exists() } : []
    return problems + absent.collect { path -> "--gene_panel: ${path} does not exist (--chromosomes ${options.chromosomes})" }
}

// A stack has a height for every slice; one without would not be linked with its neighbours.
def wrongHeights(slices, options) {
    def members = slices.findAll { row -> row.group }.groupBy { row -> row.group }
    def partly = members.findAll { _group, rows -> rows.any { row -> row.z } && !rows.every { row -> row.z } }
    def placeless = slices.findAll { row -> row.z && row.spatial_key == 'none' }
    return placeless.collect { row ->
        "${options.input}, column z: slice ${row.slice} has spatial_key none (single cells), so it has no place in a stack; leave z empty"
    } + partly.collect { group, rows ->
        def without = rows.findAll { row -> !row.z }.collect { row -> row.slice }.join(', ')
        "${options.input}, column z: is empty for ${without} of group ${group}; give it for all slices of a stack, or none"
    }
}

def wrongHomologs(slices, options) {
    def species = slices.collect { row -> row.species }.unique()
    def others = species.findAll { name -> name && name.toLowerCase() != 'human' }
    if (others && !options.homologs) {
        def mistake = "--homologs is missing: ${options.input} holds slices of ${others.join(', ')}"
        return ["${mistake}, whose gene symbols must be told in human ones"]
    }
    def missing = others.collect { name -> homologsOf(name, options) }.unique().findAll { path -> !path.exists() }
    return missing.collect { path -> "--homologs: ${path} does not exist" }
}

def wrongBaseline(options) {
    def missing = baselineFiles(options).findAll { path -> !path.exists() }
    return missing.collect { path -> "--baseline: ${path} does not exist" }
}

// Sides are slices, groups or 'all'; CHECK_INPUTS looks for their regions.
def wrongComparisons(slices, options) {
    if (!options.comparisons || !file(options.comparisons).exists()) {
        return []
    }
    def (rows, problems) = readSheet(options.comparisons, file("${projectDir}/assets/comparisons.schema.json"))
    def known = (slices.collectMany { row -> [row.slice, row.group] } + ['all']).findAll { name -> name }.unique()
    def sides = rows
        .collectMany { row -> [row.slices_a, row.slices_b] }
        .collectMany { side -> (side ?: '').tokenize(';').collect { name -> name.trim() } }
        .findAll { name -> name }
        .unique()
    return problems + sides.findAll { name -> !(name in known) }.collect { name ->
        "${options.comparisons}: '${name}' is no slice or group of ${options.input} (it has: ${known.join(', ')})"
    }
}

// CHECK_INPUTS looks for its spots.
def wrongSpotSets(slices, options) {
    if (!options.spot_sets || !file(options.spot_sets).exists()) {
        return []
    }
    def rows = file(options.spot_sets).readLines().collect { line -> line.split('\t', -1) as List }
    def header = rows ? rows.first() : []
    def missing = ['set', 'spot'].findAll { name -> !(name in header) }
    if (missing) {
        def columns = missing.collect { name -> "'${name}'" }.join(', ')
        return ["--spot_sets: ${options.spot_sets} has no column ${columns}; the columns are set and spot, and maybe slice"]
    }
    def place = header.indexOf('slice')
    def named = place < 0 ? [] : rows.drop(1).collect { row -> row[place] ?: '' }.unique()
    def known = slices.collect { row -> row.slice }
    return (named - known).collect { name ->
        "--spot_sets: ${options.spot_sets}: '${name}' is no slice of ${options.input} (it has: ${known.join(', ')})"
    }
}

def wrongReference(options) {
    def given = ['reference', 'panel', 'ld_scores'].findAll { name -> options[name] }
    if (given.size() != 1) {
        def names = given.collect { name -> "--${name}" }.join(', ')
        def how = given ? "only one of ${names} may be given" : '--reference, --panel or --ld_scores is missing'
        return ["${how}: what links SNPs to genes is either a reference, a genotype panel or published LD scores"]
    }
    return given == ['reference'] ? wrongReferencePath(options.reference) : wrongBuild(options, given.first())
}

def wrongReferencePath(reference) {
    def path = file(reference)
    if (path.isDirectory() && !isGsmapResource(reference) && !file("${reference}/reference.h5ad").exists()) {
        return ["--reference: ${reference} holds neither reference.h5ad nor quick_mode/snp_gene_weight_matrix.h5ad"]
    }
    return []
}

// A reference is to be built: everything for every chromosome must be there.
def wrongBuild(options, source) {
    def needed = source == 'panel' ? ['genes', 'snps'] : ['genes']
    def problems = needed.findAll { name -> !options[name] }.collect { name -> "--${name} is missing: --${source} wants it" }
    // LD scores of all chromosomes lie in one folder of the task: their names must differ.
    def place = source == 'panel' ? options.panel : options.ld_scores.tokenize('/').last()
    if (!place.contains('{chr}')) {
        def where = options[source] == place ? '' : ' in the name of the file'
        problems += ["--${source}: ${options[source]} lacks {chr}, the place of the chromosome's number${where}"]
    }
    def files = chromosomeNumbers(options.chromosomes).collectMany { chromosome ->
        chromosomeFiles(options, chromosome).collect { name, path -> [name, path, chromosome] }
    }
    def absent = files.unique { entry -> entry[1] }.findAll { _name, path, _chromosome -> !path.exists() }
    return problems + absent.collect { name, path, chromosome ->
        def which = "; chromosome ${chromosome} is missing (--chromosomes ${options.chromosomes})"
        "--${name}: ${path} does not exist${options[name].contains('{chr}') ? which : ''}"
    }
}
