#!/usr/bin/env bash
# The demo inside containers against the demo outside: makes the images with podman, runs both, compares every result.
#
#   tests/platforms/podman.sh [--debootstrap] FOLDER
#
# FOLDER (new or empty) gets the runs. Needs podman and what `make install` makes. --debootstrap makes the base image
# debian:bookworm-slim from Debian's packages (as root, with debootstrap), where no image registry can be reached.
# Where podman itself needs settings, CONTAINERS_CONF names them: see containers.conf beside this script.
# About 7 GB of disk; on two cores 20 minutes, most of them for the images' packages.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

debootstrap=false
if [[ ${1:-} == --debootstrap ]]; then debootstrap=true; shift; fi
if [[ $# != 1 ]]; then sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
folder=$(mkdir -p "$1" && cd "$1" && pwd)
if [[ -n $(ls -A "$folder") ]]; then echo "error: $folder is not empty" >&2; exit 1; fi
export PATH="$root/.venv/bin:$PATH:$root/.engine" NXF_ANSI_LOG=false PYTHONDONTWRITEBYTECODE=1
for needed in podman nextflow; do
    command -v $needed > /dev/null || { echo "error: $needed is not on the PATH" >&2; exit 1; }
done

if $debootstrap; then
    command debootstrap --variant=minbase --include=ca-certificates,procps bookworm "$folder/base"
    tar -C "$folder/base" -c . | podman import - debian:bookworm-slim
    rm -r "$folder/base"
fi
make -C "$root" images
podman images --filter reference='traitmap/*'

# No container sees them; with other loops of BLAS last bits differ, and then all that follows from an embedding.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

# A clone: what is committed, and nobody edits it while the two runs last.
git clone --quiet "$root" "$folder/clone"
for where in outside inside; do
    profile='test'
    if [[ $where == inside ]]; then profile='test,podman'; fi
    mkdir "$folder/$where"
    (cd "$folder/$where" && time nextflow run "$folder/clone" -profile $profile --outdir results)
done
python "$root/tests/platforms/compare_results.py" "$folder/outside/results" "$folder/inside/results"
