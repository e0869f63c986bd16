// Sheets: a row a slice or a trait, checked whole before any task starts. assets/*.schema.json say what a row may hold.

include { complaints ; parseJson } from './parameters'

// The rows of a sheet as maps, and all its problems: [rows, problems]. Paths are relative to the sheet's folder, or
// else to the folder that the run was started in.
def readSheet(path, schemaFile) {
    def sheet = file(path)
    def items = parseJson(schemaFile)['items']
    def specs = items['properties']
    def lines = new String(sheet.bytes, 'UTF-8').replace('\uFEFF', '').readLines()
    def unreadable = wrongText(lines, sheet)
    if (unreadable) {
        return [[], unreadable]
    }
    // [cells, number of the line], the numbers as an editor shows them: splitCsv leaves out empty lines
    def split = lines ? sheet.splitCsv(sep: sheet.name.endsWith('.tsv') ? '\t' : ',', quote: '"', strip: true) : []
    def table = [split, lines.findIndexValues { line -> line }.collect { index -> index + 1 }].transpose()
    if (!table) {
        return [[], ["${sheet}: is empty; its first line must name the columns ${items['required'].join(',')}"]]
    }
    def header = table.first().first().collect { name -> name.toString().replace('\uFEFF', '').trim() }
    def problems = wrongHeader(header, items, sheet)
    if (problems) {
        return [[], problems]
    }
    def rows = table.drop(1).findAll { cells, _number -> cells.any { cell -> cell } }
    if (!rows) {
        return [[], ["${sheet}: holds no row below its header"]]
    }
    def checked = rows.collect { cells, number -> checkRow(cells, number, header, items, sheet) }
    def values = checked.collect { row, _problems -> row }
    return [values, checked.collectMany { _row, wrong -> wrong } + repeats(values, rows, specs, sheet)]
}

// What keeps a sheet from being taken apart.
def wrongText(lines, sheet) {
    if (lines.any { line -> line.contains('\uFFFD') || line.contains('\u0000') }) {
        return ["${sheet}: is no UTF-8 text; save it as CSV (UTF-8)"]
    }
    def open = lines.withIndex(1).findAll { line, _number -> line.count('"') % 2 == 1 }
    return open.collect { _line, number -> "${sheet}, row ${number}: a quotation mark is not closed; a cell must be on one line" }
}

def wrongHeader(header, items, sheet) {
    def other = [(';'): 'semicolons', ('\t'): 'tabs', (','): 'commas'].find { mark, _name -> header.size() == 1 && header[0].contains(mark) }
    if (other) {
        def wanted = sheet.name.endsWith('.tsv') ? 'tabs' : 'commas'
        return ["${sheet}: its columns stand between ${other.value}; a .${sheet.extension} wants ${wanted}"]
    }
    def known = items['properties'].keySet()
    def absent = items['required'].findAll { name -> !(name in header) }
    def unknown = header.findAll { name -> !(name in known) }
    def doubled = header.countBy { name -> name }.findAll { _name, times -> times > 1 }.keySet()
    return absent.collect { name -> "${sheet}: lacks the column '${name}' (it has: ${header.join(', ')})" } +
        unknown.collect { name -> "${sheet}: has an unknown column '${name}' (known: ${known.join(', ')})" } +
        doubled.collect { name -> "${sheet}: has the column '${name}' more than once" }
}

// One row: [values by column, problems].
def checkRow(cells, number, header, items, sheet) {
    def where = "${sheet}, row ${number}"
    if (cells.size() != header.size()) {
        return [[:], ["${where}: has ${cells.size()} fields, the header has ${header.size()}"]]
    }
    def given = [header, cells].transpose().collectEntries { name, cell -> [name, (cell ?: '').toString().trim()] }
    def specs = items['properties']
    def filled = given.findAll { _name, text -> text }
    def problems = items['required'].findAll { name -> !given[name] }.collect { name -> "${where}, column ${name}: is empty" }
    problems += filled.collectMany { name, text -> complaints("${where}, column ${name}", text, specs[name]) }
    def row = specs.collectEntries { name, spec -> [name, given[name] ?: spec['default']] }
    def paths = specs.findAll { name, spec -> spec['format'] == 'file-path' && row[name] }.keySet()
    def found = paths.collectEntries { name -> [name, locate(row[name], sheet)] }
    problems += found.collectMany { name, path -> path.exists() ? [] : ["${where}, column ${name}: ${path} does not exist"] }
    problems += found.collectMany { name, path ->
        unsafeName(path).collect { problem -> "${where}, column ${name}: ${problem}" }
    }
    problems += found.collectMany { name, path ->
        path.exists() && path.isDirectory() ? ["${where}, column ${name}: ${path} is a folder, not a file"] : []
    }
    return [row + found, problems]
}

// Where Nextflow lays files out for a task, it lets a shell read these characters of their paths (24.10.0).
def unsafeName(path) {
    def text = path.toUri().scheme == 'file' ? path.toString() : path.name
    def read = '$*?[]{}'.toList().findAll { mark -> text.contains(mark) }
    return read ? ["${path}: a shell would read the ${read.join(' ')} in it; rename it"] : []
}

def locate(text, sheet) {
    if (text.startsWith('/') || text.contains('://')) {
        return file(text, glob: false)
    }
    def beside = sheet.parent.resolve(text)
    return beside.exists() || !file(text, glob: false).exists() ? beside : file(text, glob: false)
}

def repeats(rows, numbered, specs, sheet) {
    def unique = specs.findAll { _name, spec -> spec['unique'] }.keySet()
    return unique.collectMany { name ->
        def named = [rows, numbered].transpose().findAll { row, _cells -> row[name] }
        def repeated = named.groupBy { row, _cells -> row[name].toLowerCase() }.values().findAll { same -> same.size() > 1 }
        repeated.collect { same ->
            def at = same.collect { _row, cells -> cells[1] }.join(', ')
            def first = same.first().first()
            "${sheet}, column ${name}: '${first[name]}' occurs in rows ${at}; names must differ (also in more than case)"
        }
    }
}
