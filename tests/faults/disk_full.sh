#!/usr/bin/env bash
# A full disk below the work folder: the run says so, and -resume goes on once there is room.
# The disk is a small file system in memory, mounted here; without the right to mount, in a user namespace.
if [[ $(id -u) != 0 && -z ${IN_NAMESPACE:-} ]]; then
    unshare --user --map-root-user --mount true || { echo 'skipped: no right to mount a file system' >&2; exit 0; }
    IN_NAMESPACE=1 exec unshare --user --map-root-user --mount bash "$0" "$@"
fi
source "$(dirname "$0")/common.sh"

if mountpoint -q "$folder/$fault/work" 2> /dev/null; then umount "$folder/$fault/work"; fi
enter $fault < /dev/null
mkdir work
mount -t tmpfs -o size=64m tmpfs work
trap 'cd /; umount "$folder/$fault/work"' EXIT
run &
engine=$!
process_of embed_spots.py > /dev/null
say 'the disk fills up'
dd if=/dev/zero of=work/ballast bs=64k 2> /dev/null || true
wait $engine && fail 'the run was not disturbed'
told '[Nn]o space left on'
[[ ! -e results/report.html ]] || fail 'there is a report'
say 'there is room again'
rm work/ballast
run -resume || { cat run.log >&2; fail '-resume did not end well'; }
told 'Cached process'
same_as_undisturbed
