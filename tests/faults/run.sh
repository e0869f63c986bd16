#!/usr/bin/env bash
# Every fault on purpose: what the run says, that it tries again or goes on with -resume, and that the results are then
# those of an undisturbed run, byte by byte (pipeline_info aside).
#
#   tests/faults/run.sh [FOLDER [FAULT...]]
#
# FOLDER (default: a new one in $TMPDIR) gets the runs, each in its own folder; a FAULT is the name of a script beside
# this one, without .sh; by default all of them. A small study: one slice, two traits, two
# chromosomes, principal components.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
faults=("${@:2}")
if [[ ${#faults[@]} == 0 ]]; then faults=(undisturbed task_killed engine_killed disk_full memory_short time_short); fi
for fault in "${faults[@]}"; do
    begin=$SECONDS
    if [[ ! -d $folder/undisturbed/results && $fault != undisturbed ]]; then bash "$here/undisturbed.sh" "$folder"; fi
    echo "== $fault"
    bash "$here/$fault.sh" "$folder" || { echo "FAILED: $fault (see $folder/$fault)" >&2; exit 1; }
    echo "== $fault: well, $((SECONDS - begin)) s"
done
