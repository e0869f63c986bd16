// One self-contained page of the whole run, and the tables behind its plots.
include { layOut } from '../../functions/options'

process WRITE_REPORT {
    tag 'report'
    label 'process_medium'

    input:
    val targets
    path files, stageAs: 'files/?/*'
    path template
    val run_info

    output:
    path 'report.html', emit: report
    path 'report_data', emit: data
    tuple val("${task.process}"), val('write_report.py'), eval('write_report.py --version'), emit: versions

    script:
    def args = task.ext.args ?: ''
    """
    # library: ${task.ext.library}
    ${layOut(targets, files, 'results').replace('\n', '\n    ')}
    cat > run_info.json <<'END'
${groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(run_info))}
END
    write_report.py --results results --template-dir ${template} --run-info run_info.json ${args} \\
        --out report.html --data-dir report_data
    """

    stub:
    """
    mkdir report_data
    touch report.html report_data/regions.tsv
    """
}
