#!/usr/bin/env bash
# kill -9 of a task: it is tried again, and the run ends well.
source "$(dirname "$0")/common.sh"

enter $fault < /dev/null
run &
engine=$!
victim=$(process_of regress_spots.py)
say "kill -9 $victim, a regression"
kill -9 "$victim"
wait $engine || { cat run.log >&2; fail 'the run did not end well'; }
told 'REGRESS_SPOTS .*terminated with an error exit status \(137\) -- Execution is retried \(1\)'
same_as_undisturbed
