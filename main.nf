#!/usr/bin/env nextflow
// traitmap: which spots, regions and genes of a tissue carry the heritability of a trait.
// parameters -> sheets -> headers -> reference, slices, associations -> report

include { helpText ; typedParams } from './functions/parameters'
include { checkedInputs } from './functions/inputs'
include { inputsToCheck } from './functions/checks'
include { containers ; runInfo ; withoutSecrets } from './functions/provenance'
include { filesBelow ; inputFiles ; summaryLines ; versionsYaml } from './functions/results'
include { failureLines ; failureRows ; failureTable } from './functions/failures'
include { REFERENCE } from './subworkflows/reference'
include { SLICES } from './subworkflows/slices'
include { ASSOCIATIONS } from './subworkflows/associations'
include { CHECK_INPUTS } from './modules/check_inputs/main'
include { TELL_FAILURES } from './modules/tell_failures/main'
include { WRITE_REPORT } from './modules/write_report/main'
include { WRITE_MANIFEST } from './modules/write_manifest/main'

workflow {
    schema = file("${projectDir}/nextflow_schema.json")
    if (params.help.toString() == 'true') {
        log.info(helpText(schema))
    }
    else {
        typed = typedParams(params, schema)
        sheets = checkedInputs(typed, "${projectDir}/assets")
        size = "${sheets.slices.size()} slices x ${sheets.traits.size()} traits"
        log.info("traitmap ${workflow.manifest.version}: ${size} -> ${typed.outdir}")
        vocabulary = file("${projectDir}/assets/sumstats_headers.json")
        inputs = inputsToCheck(typed, sheets)
        CHECK_INPUTS(inputs.list, inputs.files, vocabulary)
        // true, once headers are known to tell no mistake: what all else waits for
        checked = CHECK_INPUTS.out.problems.map { path -> path.size() ? error(path.text.trim()) : true }
        if (typed.validate_only) {
            CHECK_INPUTS.out.plan.combine(checked).view { plan, _checked -> plan.text }
        }
        else {
            TRAITMAP(typed, sheets, vocabulary, checked)
        }
        workflow.onComplete = { log.info(summaryLines(typed, sheets)) }
    }
}

workflow TRAITMAP {
    take:
    options // the typed parameters, by name
    sheets // [slices: rows, traits: rows], each row a map by column
    vocabulary // headers of summary statistics
    checked // one value, once all inputs are known to be well

    main:
    REFERENCE(options, checked)
    SLICES(sheets.slices, options, checked)
    ASSOCIATIONS(
        sheets.traits,
        SLICES.out.slices,
        SLICES.out.specificity,
        SLICES.out.spot_counts,
        REFERENCE.out.reference,
        vocabulary,
        options,
        checked,
    )

    // One bad slice or trait does not stop the others (unless --strict); [subject, step, message] of all that failed
    failed = SLICES.out.failures
        .mix(ASSOCIATIONS.out.failures)
        .map { meta, step, messages -> failureRows(meta, step, messages) }
        .map { rows -> options.strict ? error(failureLines(rows)) : rows }
        .flatMap { rows -> rows }
        .unique()
        .toSortedList { a, b -> a.join(' ') <=> b.join(' ') }
    failures = failed
        .map { rows -> [rows: rows] }
        .combine(checked) // no file where the run stops before any task
        .map { all, _checked -> failureTable(all.rows) }
        .collectFile(name: 'failures.tsv', storeDir: "${options.outdir}/summary")
        .first()
    TELL_FAILURES(failures.combine(failed.filter { rows -> rows }).map { all -> all[0] })

    info = "${options.outdir}/pipeline_info"
    parameters = channel.of(groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(options)))
        .map { text -> withoutSecrets(text) }
        .collectFile(name: 'params.json', storeDir: info, newLine: true)
        .first()
    versions = REFERENCE.out.versions
        .mix(SLICES.out.versions, ASSOCIATIONS.out.versions)
        .unique()
        .toList()
        .filter { all -> all } // no file where the run stops before any task
        .map { all -> versionsYaml(all) }
        .collectFile(name: 'software_versions.yml', storeDir: info)
        .first()

    // [target below --outdir, file] of every result
    results = REFERENCE.out.results
        .mix(SLICES.out.results, ASSOCIATIONS.out.results, failures.map { path -> ['summary/failures.tsv', path] })
    reference = REFERENCE.out.reference.map { path -> ['reference/reference.h5ad', path] }
    described = parameters
        .map { path -> ['pipeline_info/params.json', path] }
        .mix(versions.map { path -> ['pipeline_info/software_versions.yml', path] })
    // Sorted so that -resume sees the same list every time; no report where nothing could be mapped.
    shown = results
        .mix(described, reference)
        .unique { target, _path -> target }
        .toSortedList { a, b -> a[0] <=> b[0] }
        .filter { all -> all.any { target, _path -> target == 'summary/regions.tsv' } }
    WRITE_REPORT(
        shown.map { all -> all.collect { target, _path -> target } },
        shown.map { all -> all.collect { _target, path -> path } },
        file("${projectDir}/assets/report"),
        runInfo(),
    )

    // [role, file] of every input
    inputs = inputFiles(options, sheets)
    everything = results
        .mix(
            ASSOCIATIONS.out.figures,
            WRITE_REPORT.out.report.map { path -> ['report.html', path] },
            WRITE_REPORT.out.data.flatMap { folder -> filesBelow(folder) },
        )
        .toSortedList { a, b -> a[0] <=> b[0] }
    WRITE_MANIFEST(
        everything.map { all -> all.collect { target, _path -> target } },
        everything.map { all -> all.collect { _target, path -> path } },
        inputs.collect { role, _path -> role },
        inputs.collect { _role, path -> path },
        parameters,
        versions,
        versions.map { _versions -> runInfo().subMap(['revision', 'nextflow']) + [containers: containers()] },
    )
}
