#!/usr/bin/env bash
# kill -9 of Nextflow in the middle, its tasks left alone: -resume goes on, and does not do again what was done.
source "$(dirname "$0")/common.sh"

enter $fault < /dev/null
run &
engine=$!
process_of score_specificity.py > /dev/null
java=$(pgrep -P $engine java || echo $engine)
say "kill -9 $java, Nextflow"
kill -9 "$java"
wait $engine && fail 'the run was not disturbed'
[[ ! -e results/report.html ]] || fail 'the run had ended before'
run -resume || { cat run.log >&2; fail '-resume did not end well'; }
told 'Cached process > .*EMBED_SPOTS'
same_as_undisturbed
