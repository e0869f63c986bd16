// Some slices or traits failed: a task that fails for them, and is ignored, so that the run's exit code tells it.
process TELL_FAILURES {
    tag 'failures'
    label 'process_single'

    input:
    path failures

    script:
    """
    # library: ${task.ext.library}
    tell_failures.py --failures ${failures}
    """

    stub:
    """
    exit 3
    """
}
