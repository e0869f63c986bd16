// SHA-256, size and role of every input and result of the run.
include { layOut ; listed ; quoted } from '../../functions/options'

process WRITE_MANIFEST {
    tag 'manifest'
    label 'process_single'

    input:
    val targets
    path files, stageAs: 'files/?/*'
    val roles
    path inputs, stageAs: 'inputs/?/*'
    path parameters
    path versions
    val run_info

    output:
    path 'manifest.json', emit: manifest

    script:
    def pairs = [roles, listed(inputs)].transpose()
    def given = pairs.collect { role, path -> "--input ${quoted(role)}=${path}" }.join(' \\\n        ')
    """
    # library: ${task.ext.library}
    ${layOut(targets, files, 'results').replace('\n', '\n    ')}
    cat > run_info.json <<'END'
${groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(run_info))}
END
    write_manifest.py --results results --parameters ${parameters} --versions ${versions} --run-info run_info.json \\
        ${given} --out manifest.json
    """

    stub:
    """
    echo '{}' > manifest.json
    """
}
