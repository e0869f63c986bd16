#!/usr/bin/env bash
# A task that exceeds its time is stopped and tried again with more; where more does not help, the run says what was short.
source "$(dirname "$0")/common.sh"

enter $fault << 'END'
process {
    withName: REGRESS_SPOTS {
        time         = { task.attempt == 1 ? 3.s : 1.h }
        beforeScript = { task.attempt == 1 ? 'sleep 20' : '' }
    }
}
END
run || { cat run.log >&2; fail 'the run did not end well'; }
told 'REGRESS_SPOTS .*failed -- Execution is retried \(1\)'
same_as_undisturbed

cat > nextflow.config << 'END'
process {
    withName: RANK_GENES {
        time         = 3.s
        beforeScript = 'sleep 20'
    }
}
END
run && fail 'the run ended well without time for RANK_GENES'
told 'Process exceeded running time limit \(3s\)'
