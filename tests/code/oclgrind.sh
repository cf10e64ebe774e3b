#!/bin/sh
# Runs the smallest launch of each kernel under oclgrind: no data race, no use of uninitialised memory, no access out of
# bounds, and the bits of the device that is here otherwise, in a work-group of one. oclgrind exits 0 whatever it finds, so its log
# is read; a kernel with planted faults shows first that this works.
# One size of network in three sizes of work-group; with --full eight sizes (below, at and above a row's padding, and several
# rows) in four, some minutes.
# Usage: oclgrind.sh OCLGRIND_CASE [--full | WORK_GROUP...]
case=$1
shift
sizes=default
[ "$1" = --full ] && set -- 1 16 32 64 && sizes='1 15 16 17 33 48 64 100'
[ $# -gt 0 ] || set -- 1 16 64
if ! command -v oclgrind >/dev/null; then
    echo "1..0 # SKIP oclgrind is not installed (Debian and Ubuntu: apt install oclgrind): kernels are not checked for races"
    exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
echo 1..$((1 + 3 * $# * $(echo $sizes | wc -w)))
n=0 failed=0

# check NAME STATUS: one line of TAP
check() {
    n=$((n + 1))
    if [ "$2" = 0 ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        failed=1
    fi
}

# under MODE WORK_GROUP [NEURONS]: the launch, its log in $dir/log
under() {
    : >"$dir/log"
    oclgrind --data-races --uninitialized --max-errors 100000 --log "$dir/log" "$case" "$@" >"$dir/said" 2>&1
    status=$?
    sed 's/^/# /' "$dir/said"
    return $status
}

under planted 16 && grep -q 'data race' "$dir/log" && grep -q 'ninitialized' "$dir/log" && grep -q 'Invalid read' "$dir/log"
check "planted faults are found" $?

for mode in replay train evaluate; do
    for size in $sizes; do
        name=$mode
        [ "$size" = default ] && size= || name="$mode, $size neurons"
        wanted=$("$case" $mode 1 $size 2>"$dir/why") || {
            echo "# bits are not compared, for elsewhere: $(tail -n 1 "$dir/why")"
            wanted=
        }
        for work_group; do
            under $mode "$work_group" $size
            status=$?
            if [ -n "$wanted" ] && [ "$(grep ', .* neurons: ' "$dir/said")" != "$wanted" ]; then
                status=1
                echo "# elsewhere: $wanted"
            fi
            # every finding begins at the first column; what follows is indented
            findings=$(grep -c '^[^[:space:]]' "$dir/log")
            if [ "$findings" != 0 ]; then
                status=1
                echo "# $findings findings, by kind and place:"
                sed -n 's/ at [a-z]* memory address.*//; /^[^[:space:]]/p; /At line/p' "$dir/log" | sort | uniq -c | sort -rn | head -n 20 | sed 's/^/# /'
                sed 's/^/# /' "$dir/log" | head -n 40
            fi
            check "$name, work-group $work_group" $status
        done
    done
done
exit $failed
