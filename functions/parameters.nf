// Parameters: nextflow_schema.json is the one truth. No plugin, so that it runs offline and on every engine.

include { withoutSecrets } from './provenance'

// The parameters as the schema types them. Under the strict parser the command line gives strings, and 'false' is true:
// nothing else may read `params`. Ends the run with every mistake at once.
def typedParams(given, schemaFile) {
    def specs = parameterSpecs(schemaFile)
    def known = given.findAll { name, _value -> specs.containsKey(name) }
    // Nextflow stores --some-name also as someName: one complaint is enough.
    def doubled = given.keySet().findAll { name -> name.contains('-') }.collect { name -> camelCase(name) }
    def unknown = (given.keySet() - specs.keySet() - doubled).sort()
    def problems = unknown.collect { name -> "--${name}: unknown parameter${didYouMean(name, specs.keySet())}" }
    problems += missingParameters(schemaFile, known)
    def present = known.findAll { _name, value -> !isEmpty(value) }
    problems += present.collectMany { name, value -> complaints("--${name}", value, specs[name]) }
    if (problems) {
        error(withoutSecrets(problems.collect { problem -> "error: ${problem}" }.join('\n')) + '\nSee --help for all parameters.')
    }
    return specs.collectEntries { name, spec ->
        [name, isEmpty(known[name]) ? spec['default'] : typed(known[name], spec)]
    }
}

// What --help prints.
def helpText(schemaFile) {
    def groups = parseJson(schemaFile)['$defs'].values().collect { group ->
        def lines = group['properties'].collect { name, spec ->
            def limits = spec['enum'] ? " (${spec['enum'].join(' | ')})" : ''
            def byDefault = spec['default'] != null && spec['type'] != 'boolean' ? " [${spec['default']}]" : ''
            "  --${name.padRight(18)} ${spec['description']}${limits}${byDefault}"
        }
        "${group['title']}\n${lines.join('\n')}"
    }
    return """
traitmap: which spots, regions and genes of a tissue carry the heritability of a trait

  nextflow run . --input slices.csv --traits traits.csv --reference REF --outdir results -profile docker

${groups.join('\n\n')}

docs/usage.md explains the sheets and the references; docs/output.md the results.
"""
}

// Everything wrong with one value: shared by parameters and by the cells of sheets.
def complaints(where, value, spec) {
    def text = value.toString()
    if (spec['type'] == 'integer' && !(text ==~ '-?[0-9]+')) {
        return ["${where}: ${text} is not a whole number"]
    }
    if (spec['type'] == 'number' && !text.isNumber()) {
        return ["${where}: ${text} is not a number"]
    }
    if (spec['type'] == 'boolean' && !(text in ['true', 'false'])) {
        return ["${where}: ${text} is neither true nor false"]
    }
    if (spec['type'] == 'string' && value instanceof Boolean) {
        return ["${where}: a value is missing after it"]
    }
    if (spec['enum'] && !(text in spec['enum'])) {
        return ["${where}: ${text} is none of ${spec['enum'].join(', ')}"]
    }
    if (spec['pattern'] && !(text ==~ spec['pattern'])) {
        return ["${where}: '${text}' ${spec['errorMessage'] ?: 'does not look right'}"]
    }
    if (spec['minimum'] != null && text.toBigDecimal() < spec['minimum']) {
        return ["${where}: ${text} is less than ${spec['minimum']}"]
    }
    if (spec['maximum'] != null && text.toBigDecimal() > spec['maximum']) {
        return ["${where}: ${text} is more than ${spec['maximum']}"]
    }
    return []
}

def parseJson(path) {
    return new groovy.json.JsonSlurper().parseText(path.text)
}

def isEmpty(value) {
    return value == null || value.toString() == ''
}

def parameterSpecs(schemaFile) {
    return parseJson(schemaFile)['$defs'].values().collectEntries { group -> group['properties'] }
}

def missingParameters(schemaFile, given) {
    def required = parseJson(schemaFile)['$defs'].values().collectMany { group -> group['required'] ?: [] }
    def specs = parameterSpecs(schemaFile)
    def mustExist = specs.findAll { name, spec -> spec['exists'] && !isEmpty(given[name]) }
    def absent = mustExist.findAll { name, _spec -> !file(given[name].toString(), glob: false).exists() }
    def missing = required.findAll { name -> isEmpty(given[name]) }.collect { name ->
        "--${name} is missing: ${specs[name]['description']}"
    }
    return missing + absent.collect { name, _spec -> "--${name}: ${given[name]} does not exist" }
}

def typed(value, spec) {
    def text = value.toString()
    if (spec['type'] == 'integer') {
        return text.toLong()
    }
    if (spec['type'] == 'number') {
        return text.toBigDecimal()
    }
    return spec['type'] == 'boolean' ? text.toBoolean() : text
}

// Without case and punctuation.
def plain(text) {
    return text.toLowerCase().replaceAll('[^a-z0-9]', '')
}

def didYouMean(name, known) {
    def near = known.findAll { other -> plain(other).startsWith(plain(name)) || plain(name).startsWith(plain(other)) }
    return near ? "; did you mean --${near.first()}?" : ''
}

def camelCase(name) {
    def parts = name.tokenize('-')
    return parts.first() + parts.drop(1).collect { part -> part.capitalize() }.join('')
}
