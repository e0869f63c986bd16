// What the run is about, read from the sheets and checked together with the files that they and the parameters name.

include { readSheet } from './sheets'

// [slices: rows, traits: rows]; ends the run with every mistake of both sheets and the reference at once.
def checkedInputs(options, assets) {
    def (slices, wrongSlices) = readSheet(options.input, file("${assets}/slices.schema.json"))
    def (traits, wrongTraits) = readSheet(options.traits, file("${assets}/traits.schema.json"))
    def problems = wrongSlices + wrongTraits + wrongGroups(slices, options) + wrongHomologs(slices, options) + wrongReference(options)
    if (problems) {
        error(problems.collect { problem -> "error: ${problem}" }.join('\n'))
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

def homologsOf(species, options) {
    return species.toLowerCase() == 'human' || !options.homologs ? [] : file(options.homologs.replace('{species}', species), glob: false)
}

def isGsmapResource(path) {
    return file("${path}/quick_mode/snp_gene_weight_matrix.h5ad").exists()
}

def wrongGroups(slices, options) {
    return slices.findAll { row -> row.group }.groupBy { row -> row.group }.findAll { _group, rows -> rows*.species.unique().size() > 1 }.collect { group, rows ->
        "${options.input}: group ${group} holds slices of several species (${rows*.species.unique().join(', ')}); a background can be shared within one only"
    }
}

def wrongHomologs(slices, options) {
    def others = slices.collect { row -> row.species }.unique().findAll { species -> species && species.toLowerCase() != 'human' }
    if (others && !options.homologs) {
        return ["--homologs is missing: ${options.input} holds slices of ${others.join(', ')}, whose gene symbols must be told in human ones"]
    }
    def missing = others.collect { species -> homologsOf(species, options) }.unique().findAll { path -> !path.exists() }
    return missing.collect { path -> "--homologs: ${path} does not exist" }
}

def wrongReference(options) {
    def given = ['reference', 'panel', 'ld_scores'].findAll { name -> options[name] }
    if (given.size() != 1) {
        def how = given ? "only one of ${given.collect { name -> "--${name}" }.join(', ')} may be given" : '--reference, --panel or --ld_scores is missing'
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
    if (!options[source].contains('{chr}')) {
        problems += ["--${source}: ${options[source]} lacks {chr}, the place of the chromosome's number"]
    }
    def endings = source == 'panel' ? ['.bed', '.bim', '.fam'] : ['.l2.ldscore.gz']
    def patterns = endings.collect { ending -> [source, options[source] + ending] }
    patterns += ['snps', 'genetic_map'].findAll { name -> options[name] && source == 'panel' }.collect { name -> [name, options[name]] }
    def absent = patterns.collectMany { name, pattern ->
        chromosomeNumbers(options.chromosomes).collect { chromosome -> [name, ofChromosome(pattern, chromosome), chromosome, pattern.contains('{chr}')] }
    }.findAll { _name, path, _chromosome, _perChromosome -> !path.exists() }.unique { entry -> entry[1] }
    return problems + absent.collect { name, path, chromosome, perChromosome ->
        perChromosome ? "--${name}: ${path} does not exist; chromosome ${chromosome} is missing (--chromosomes ${options.chromosomes})" : "--${name}: ${path} does not exist"
    }
}
