#!/usr/bin/env bash
# Two runs of one study give the same results, byte by byte; so do a run and its -resume.
source "$(dirname "$0")/common.sh"

enter undisturbed < /dev/null
run || { cat run.log >&2; fail 'the run failed'; }
"$root/bin/verify_run.py" results
enter undisturbed_again < /dev/null
run || { cat run.log >&2; fail 'the second run failed'; }
same_as_undisturbed
run -resume
! grep -q Submitted run.log || fail '-resume ran something again'
same_as_undisturbed
