#!/usr/bin/env bash
# The demo through a real SLURM of one node, on this machine: queue, memory limits, retry with more memory.
#
#   tests/platforms/slurm.sh FOLDER
#
# FOLDER (new or empty) gets the cluster's files and the run. As root, on Debian with slurm-wlm and munge, and with what
# `make install` makes. The cluster lives as long as this script; two tasks meet memory limits that are too small at their
# first try. About as long as the demo itself.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

if [[ $# != 1 ]]; then sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
folder=$(mkdir -p "$1" && cd "$1" && pwd)
if [[ -n $(ls -A "$folder") ]]; then echo "error: $folder is not empty" >&2; exit 1; fi
export PATH="$root/.venv/bin:$PATH:$root/.engine" NXF_ANSI_LOG=false PYTHONDONTWRITEBYTECODE=1
for needed in slurmctld slurmd sbatch munged nextflow; do
    command -v $needed > /dev/null || { echo "error: $needed is not on the PATH" >&2; exit 1; }
done

mkdir "$folder/state" "$folder/spool" "$folder/run"
export SLURM_CONF="$folder/slurm.conf"
cat > "$SLURM_CONF" <<END
ClusterName=one
SlurmctldHost=$(hostname)(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup
AccountingStorageType=accounting_storage/none
ReturnToService=2
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(free -m | awk '/^Mem/ {print int($2 * 0.8)}') State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
cat > "$folder/cgroup.conf" <<'END'
ConstrainRAMSpace=yes
AllowedSwapSpace=0
END

started=()
stop() {
    scancel --user root 2> /dev/null || true
    for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
    wait
}
trap stop EXIT
if ! munge -n > /dev/null 2>&1; then
    mkdir -p /run/munge /var/log/munge
    chown munge:munge /run/munge /var/log/munge
    # munged wants a file system on which nobody else could change its socket's folder.
    setpriv --reuid munge --regid munge --clear-groups munged --foreground --force > "$folder/munged.log" 2>&1 &
    started+=($!)
    until munge -n > /dev/null 2>&1; do sleep 0.5; done
fi
slurmctld -D -f "$SLURM_CONF" > "$folder/slurmctld.log" 2>&1 &
started+=($!)
slurmd -D -f "$SLURM_CONF" > "$folder/slurmd.log" 2>&1 &
started+=($!)
for _ in $(seq 60); do sinfo --noheader --states=idle 2> /dev/null | grep -q idle && break; sleep 1; done
sinfo
srun --mem=50 true

# Two steps that cannot do with what they are given at first: the node kills them, Nextflow asks for more.
cat > "$folder/small.config" <<'END'
process {
    withLabel: process_medium {
        cpus = 1
    }
    withName: 'HARMONIZE_SUMSTATS|COMBINE_REGIONS' {
        memory = { task.attempt == 1 ? 60.MB : 2.GB }
    }
}
executor.pollInterval = '1 sec'
END
git clone --quiet "$root" "$folder/clone"
cd "$folder/run"
time nextflow run "$folder/clone" -profile test,slurm -c "$folder/small.config" --outdir results
cut -f 4,5,6,14,16 results/pipeline_info/trace.tsv | grep -E 'status|FAILED' || true
"$folder/clone/bin/verify_run.py" results
retried=$(awk -F '\t' '$5 == "FAILED" && $6 == 137' results/pipeline_info/trace.tsv | wc -l)
echo "$retried tasks were killed for their memory (exit 137) and went well with more"
[[ $retried -gt 0 ]]
