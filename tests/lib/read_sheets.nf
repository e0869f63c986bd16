// Reads many sheets in one start of the engine, for tests/python/test_sheets.py: each as the pipeline would, its rows and
// problems to a file of JSON beside it.

include { readSheet } from '../../functions/sheets'

workflow {
    file("${params.sheets}/*.csv").toSorted().each { sheet ->
        def kind = sheet.name.tokenize('_').first()
        def (rows, problems) = readSheet(sheet, file("${projectDir}/../../assets/${kind}.schema.json"))
        def told = [
            rows: rows.collect { row -> row.collectEntries { name, value -> [name, value.toString()] } },
            problems: problems.collect { problem -> problem.toString() },
        ]
        file("${sheet}.json").text = groovy.json.JsonOutput.toJson(told)
    }
}
