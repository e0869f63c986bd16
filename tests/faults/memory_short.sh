#!/usr/bin/env bash
# Too little memory, enforced: the task says so and is tried again with more.
source "$(dirname "$0")/common.sh"

enter $fault << 'END'
process {
    withName: SCORE_SPECIFICITY {
        memory       = { task.attempt == 1 ? 150.MB : 6.GB }
        beforeScript = { "ulimit -v ${task.memory.toKilo()}" }
    }
}
END
run || { cat run.log >&2; fail 'the run did not end well'; }
told 'SCORE_SPECIFICITY .*terminated with an error exit status \(1[0-9]+\) -- Execution is retried \(1\)'
same_as_undisturbed
