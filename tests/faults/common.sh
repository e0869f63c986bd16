# What the fault scripts share; each sources it with the folder of all runs as its argument.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(cd "$1" && pwd)
fault=$(basename "$0" .sh)
export PATH="$root/.venv/bin:$PATH:$root/.engine" NXF_ANSI_LOG=false PYTHONDONTWRITEBYTECODE=1

# A clone: what the working tree holds now, and nobody edits it while the runs last.
pipeline="$folder/pipeline"
if [[ ! -d $pipeline ]]; then
    mkdir "$pipeline"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp -a --parents -t "$pipeline")
fi

say() { echo "-- $*"; }
fail() { echo "error: $*" >&2; exit 1; }

# An empty folder to run in. Its nextflow.config, which Nextflow reads by itself, is where a fault is asked for: so the
# command, and what the report tells of it, is the same in every run.
enter() {
    rm -rf "${folder:?}/$1"
    mkdir "$folder/$1"
    cd "$folder/$1"
    printf 'slice,h5ad,annotation,group\nslice_1,%s/assets/demo/slice_1.h5ad,annotation,\n' "$pipeline" > slices.csv
    cat > nextflow.config
}

run() {
    nextflow run "$pipeline" -profile test --input slices.csv --chromosomes 1-2 --embedding pca --blocks 20 --figures none \
        --outdir results "$@" > run.log 2>&1
}

# The log must hold a line that matches.
told() { grep -Eq -- "$1" run.log || { cat run.log >&2; fail "the run does not say: $1"; }; }

same_as_undisturbed() {
    python "$root/tests/platforms/compare_results.py" --all "$folder/undisturbed/results" results || fail 'results differ'
    "$root/bin/verify_run.py" results
}

# Process id of a running executable of the pipeline below this folder, once there is one.
process_of() {
    local entry
    for _ in $(seq 1200); do
        for entry in /proc/[0-9]*; do
            if [[ $(readlink "$entry/cwd" 2> /dev/null) == "$PWD"/work/* ]] &&
                tr '\0' ' ' 2> /dev/null < "$entry/cmdline" | grep -q "^[^ ]*python[^ ]* [^ ]*/$1 "; then
                echo "${entry#/proc/}"
                return
            fi
        done
        sleep 0.05
    done
    fail "no $1 was started"
}
