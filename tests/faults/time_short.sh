#!/usr/bin/env bash
# A task that exceeds its time is stopped and tried again with more; where more does not help, the run says what was short
# and ends, and -resume goes on once there is time.
source "$(dirname "$0")/common.sh"

enter $fault << 'END'
process {
    withName: REGRESS_SPOTS {
        time         = { task.attempt == 1 ? 3.s : 1.h }
        beforeScript = { task.attempt == 1 ? 'sleep 20' : '' }
    }
    withName: RANK_GENES {
        time         = 3.s
        beforeScript = 'sleep 20'
    }
}
END
run && fail 'the run ended well without time for RANK_GENES'
told 'REGRESS_SPOTS .*failed -- Execution is retried \(1\)'
told 'Process exceeded running time limit \(3s\)'
[[ ! -e results/report.html ]] || fail 'there is a report'
say 'there is time again'
true > nextflow.config
run -resume || { cat run.log >&2; fail '-resume did not end well'; }
told 'Cached process > .*REGRESS_SPOTS'
same_as_undisturbed
