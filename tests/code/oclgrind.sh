#!/bin/sh
# Runs the smallest launch of each kernel under oclgrind. It must find no data race, no use of uninitialised
# memory and no access out of bounds. The bits must be those of this machine's own device in a work-group of
# one. oclgrind exits 0 whatever it finds, so the script reads its log. A kernel with planted faults runs
# first and shows that the log tells.
# Runs one size of network in three sizes of work-group. --full runs eight sizes (below, at and above a row's
# padding, and several rows) in four work-groups, and takes some minutes.
# Whole runs in two work-groups come last; TEST_BINARY names the program.
# Usage: oclgrind.sh OCLGRIND_CASE [--full | WORK_GROUP...]
case=$1
shift
sizes=default
[ "$1" = --full ] && set -- 1 16 32 64 && sizes='1 15 16 17 33 48 64 100'
[ $# -gt 0 ] || set -- 1 16 64
if ! command -v oclgrind >/dev/null; then
    echo "1..0 # SKIP oclgrind is not installed (Debian and Ubuntu: apt install oclgrind):" \
        "kernels are not checked for races"
    exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
echo 1..$((3 + 3 * $# * $(echo $sizes | wc -w)))
n=0 failed=0

# check NAME STATUS: prints one line of TAP
check() {
    n=$((n + 1))
    if [ "$2" = 0 ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        failed=1
    fi
}

# under MODE WORK_GROUP [NEURONS]: runs the launch under oclgrind, whose log goes to $dir/log
under() {
    : >"$dir/log"
    oclgrind --data-races --uninitialized --max-errors 100000 --log "$dir/log" "$case" "$@" >"$dir/said" 2>&1
    status=$?
    sed 's/^/# /' "$dir/said"
    return $status
}

under planted 16 && grep -q 'data race' "$dir/log" && grep -q 'ninitialized' "$dir/log" &&
    grep -q 'Invalid read' "$dir/log"
check "planted faults are found" $?

for mode in replay train evaluate; do
    for size in $sizes; do
        name=$mode
        [ "$size" = default ] && size= || name="$mode, $size neurons"
        wanted=$("$case" $mode 1 $size 2>"$dir/why") || {
            echo "# bits are not compared: the same case without oclgrind fails: $(tail -n 1 "$dir/why")"
            wanted=
        }
        for work_group; do
            under $mode "$work_group" $size
            status=$?
            if [ -n "$wanted" ] && [ "$(grep ', .* neurons: ' "$dir/said")" != "$wanted" ]; then
                status=1
                echo "# without oclgrind: $wanted"
            fi
            # A finding begins at the first column; its details are indented.
            findings=$(grep -c '^[^[:space:]]' "$dir/log")
            if [ "$findings" != 0 ]; then
                status=1
                echo "# $findings findings, by kind and place:"
                sed -n 's/ at [a-z]* memory address.*//; /^[^[:space:]]/p; /At line/p' "$dir/log" |
                    sort | uniq -c | sort -rn | head -n 20 | sed 's/^/# /'
                sed 's/^/# /' "$dir/log" | head -n 40
            fi
            check "$name, work-group $work_group" $status
        done
    done
done

for work_group in 1 16; do # each begins with the self-test
    oclgrind "$TEST_BINARY" train --data digits --neurons 16 --train-images 2 --label-images 2 \
        --test-images 2 --work-group $work_group --out "$dir/out-$work_group" >"$dir/said" 2>&1
    status=$?
    [ $status = 0 ] || tail -n 5 "$dir/said" | sed 's/^/# /'
    check "a whole run ends with 0, work-group $work_group" $status
done
exit $failed
