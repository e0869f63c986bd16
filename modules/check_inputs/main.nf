// Every mistake that headers tell, and a plan of the run, before anything is computed.
process CHECK_INPUTS {
    tag 'all'
    label 'process_single'

    input:
    val list
    path files, stageAs: 'inputs/?/*'
    path vocabulary

    output:
    path 'problems.txt', emit: problems
    path 'plan.txt', emit: plan

    script:
    """
    # library: ${task.ext.library}
    cat > inputs.json <<'END'
${list}
END
    check_inputs.py --inputs inputs.json --folder inputs --vocabulary ${vocabulary} --problems problems.txt --plan plan.txt
    """

    stub:
    """
    touch problems.txt plan.txt
    """
}
