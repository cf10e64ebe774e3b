#!/usr/bin/env bash
# A sweep as a job array of a real Slurm. The script starts munged, slurmctld and two slurmd on this machine,
# without systemd. It kills and requeues tasks, and a node dies and comes back. In the end --collect must make
# the tables of one process, byte for byte.
# Usage: slurm.sh CLSNN SOURCE_ROOT
# Speaks TAP. Exits 77 without Slurm, munge or an OpenCL device, and without root, which slurmd needs.
set -u
clsnn=$(realpath "${1:?usage: slurm.sh CLSNN SOURCE_ROOT}") || exit 1
script=$(realpath "${2:?usage: slurm.sh CLSNN SOURCE_ROOT}")/bench/sweep.sbatch || exit 1
export PATH=$PATH:/usr/sbin:/sbin
for tool in munged mungekey slurmctld slurmd sbatch squeue scontrol scancel sinfo; do
    if ! command -v $tool >/dev/null; then
        echo "1..0 # SKIP SLURM IS NOT TESTED: $tool is missing" \
            "(Debian and Ubuntu: apt install slurm-wlm munge)"
        exit 77
    fi
done
if [ "$(id -u)" != 0 ]; then
    echo "1..0 # SKIP SLURM IS NOT TESTED: its daemons need root here"
    exit 77
fi
for name in ${!CLSNN_*} ${!SLURM_*} ${!SBATCH_*}; do [ "$name" = CLSNN_DEVICE ] || unset "$name"; done
code=0
"$clsnn" devices >/dev/null 2>&1 || code=$?
if [ $code = 4 ]; then
    echo "1..0 # SKIP no OpenCL device"
    exit 77
fi

work=$(mktemp -d /tmp/clsnn-slurm.XXXXXX) || exit 1 # short: a socket's name has at most 108 bytes
daemons=()
# programs: prints the array's clsnn processes; no other command line has this directory. A process's parent
# is the batch script, and the script's parent is Slurm's step.
programs() { pgrep -f "^$clsnn sweep sweep.ini --out $work/out"; }
kill_step() { # kill_step PROGRAM: kills the process, its script and its step
    local script step
    script=$(ps -o ppid= -p "$1" | tr -d ' ')
    step=$(ps -o ppid= -p "${script:-0}" 2>/dev/null | tr -d ' ')
    case $(ps -o args= -p "${step:-0}" 2>/dev/null) in
    slurmstepd*) kill -KILL "$step" "$script" 2>/dev/null ;;
    esac
    kill -KILL "$1" 2>/dev/null
}
clean_up() {
    local pid
    scancel --full --signal=KILL --user=root >/dev/null 2>&1
    for pid in $(programs); do kill_step "$pid"; done
    kill -KILL "${daemons[@]}" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
export LC_ALL=C XDG_CONFIG_HOME=$work/config TMPDIR=$work CLSNN=$clsnn SLURM_CONF=$work/slurm.conf
cd "$work" || exit 1
echo 1..6
n=0 failed=0
check() { # check NAME STATUS: prints a line of TAP; after a failure the daemons' logs too
    n=$((n + 1))
    if [ "$2" = 0 ]; then
        echo "ok $n - $1"
        return
    fi
    echo "not ok $n - $1"
    failed=1
    squeue -o '%i %T %r %N' 2>&1 | sed 's/^/#   squeue: /'
    for log in said *.log; do [ -s "$log" ] && tail -n 12 "$log" | sed "s/^/#   $log: /"; done
}
give_up() {
    check "$1" 1
    exit 1
}
until_true() { # until_true SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

# A cluster.

free_port() { # prints a port on which nobody listens
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null || { echo $port && return; }
    done
}
mkdir -m 700 munge state config spool-n1 spool-n2
mungekey --create --keyfile="$work/munge/key"
munged --foreground --key-file="$work/munge/key" --socket="$work/munge/socket" \
    --pid-file="$work/munge/pid" --log-file="$work/munge/log" --seed-file="$work/munge/seed" \
    --num-threads=2 --force >munged.log 2>&1 &
daemons+=($!)
chmod 755 munge .
until_true 20 test -S munge/socket || give_up "munged starts"
ctld=$(free_port) one=$(free_port) two=$(free_port)
cat >slurm.conf <<END
ClusterName=clsnn
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$ctld
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/munge/socket,cred_expire=3
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
SlurmdTimeout=10
KillWait=2
MinJobAge=600
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$one CPUs=2 RealMemory=256 State=UNKNOWN
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$two CPUs=2 RealMemory=256 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
slurmctld -D >slurmctld.log 2>&1 &
daemons+=($!)
until_true 20 scontrol ping
slurmd -D -N n1 >slurmd-n1.log 2>&1 &
daemons+=($!)
slurmd -D -N n2 >slurmd-n2.log 2>&1 &
node=$!
daemons+=($node)
both_idle() { [ "$(sinfo -h -N -t idle -o %N | sort -u | wc -l)" = 2 ]; }
until_true 40 both_idle || give_up "munged, slurmctld and two slurmd start"
check "$(sinfo --version): a controller and two nodes" 0

# The sweep by one process.

printf 'neurons = 60, 100\nseed = 1..8\n' >sweep.ini
brief=(--data digits --train-images 6000 --label-images 50 --test-images 50)
"$clsnn" sweep sweep.ini --out straight "${brief[@]}" >said 2>&1
check "16 runs by one process" $?

# The sweep as an array, which is disturbed.

job=$(sbatch --parsable --array=1-4 --time=0 "$script" sweep.ini "$work/out" "${brief[@]}" 2>said)
check "sbatch --array=1-4: job $job" $?
state_of() { squeue -h -j "$1" -o %T; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
four_at_work() { [ "$(programs | wc -l)" -ge 4 ] && ls out/runs/*/run.json; }
until_true 120 four_at_work || give_up "four tasks are at work"
task_pid() { # task_pid TASK: prints the task's clsnn process, which has the task's number in its environment
    local pid
    for pid in $(programs); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "SLURM_ARRAY_TASK_ID=$1" &&
            echo "$pid" && return
    done
    return 1
}
node_of() { squeue -h -j "${job}_$1" -o %N; }
disturbed=()
scontrol requeue "${job}_1" >said 2>&1 && disturbed+=("task 1 requeued")
pid=$(task_pid 2) && kill -KILL "$pid" && disturbed+=("task 2's program killed")
# Node n2 dies with its steps and their programs, and comes back.
lost=() other=
for task in 3 4; do [ "$(node_of $task)" = n2 ] && lost+=($task) || other=$task; done
kill -KILL "$node"
wait "$node" 2>/dev/null
for task in 1 2 "${lost[@]}"; do
    [ "$(node_of "$task")" = n2 ] && pid=$(task_pid "$task") && kill_step "$pid"
done
sleep 1
slurmd -D -N n2 >>slurmd-n2.log 2>&1 &
daemons+=($!)
disturbed+=("node n2 lost with ${#lost[@]} of tasks 3 and 4")
[ -n "$other" ] && scancel --signal=KILL --batch "${job}_$other" >said 2>&1 &&
    disturbed+=("task $other killed by scancel")
gone() {
    [ -z "$(squeue -h -j "$1" -t PENDING,RUNNING,COMPLETING,CONFIGURING,SUSPENDED -o %T 2>/dev/null)" ]
}
until_true 240 gone "$job"
check "$(printf '%s; ' "${disturbed[@]}")the array ends" $?
restarts=$(scontrol show job "$job" 2>/dev/null |
    grep -oE 'ArrayTaskId=[0-9]+|Restarts=[0-9]+|JobState=[A-Z_]+|ExitCode=[0-9:]+' | tr '\n' ' ')
echo "# $restarts"
echo "# $(grep -l '"state": "finished"' out/runs/*/run.json | wc -l) of 16 runs are finished;" \
    "$(find out -name 'previous-*' | wc -l) were begun again"
for log in clsnn-*.log; do
    grep -E 'of them finished before|Slurm array task' "$log" | sed "s/^/# ${log%.log}: /"
done

# The same sbatch line again, and the tables.

again=$(sbatch --parsable --array=1-4 --time=0 "$script" sweep.ini "$work/out" "${brief[@]}" 2>said)
until_true 240 gone "$again"
bad=$(scontrol show job "$again" | grep -oE 'JobState=[A-Z_]+' | grep -vc COMPLETED)
check "the same line again, job $again, does the rest" "$bad"
"$clsnn" sweep sweep.ini --out out "${brief[@]}" --collect >said 2>&1
status=$?
for name in results.csv results.jsonl summary.csv accuracy-neurons.png; do
    cmp straight/$name out/$name >>said 2>&1 || status=1
done
for dir in out/runs/*/; do # every run finished once
    [ "$(grep -l '"state": "finished"' "$dir"run.json "$dir"previous-*/run.json 2>/dev/null | wc -l)" = 1 ] ||
        { echo "$dir finished not once" >>said && status=1; }
done
[ -z "$(find . -maxdepth 1 -name 'clsnn-pocl-*')" ] ||
    echo "# kernel caches of killed tasks are left: $(find . -maxdepth 1 -name 'clsnn-pocl-*' | wc -l)"
check "the collected tables and picture are those of one process, byte for byte" $status
exit $failed
