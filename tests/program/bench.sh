#!/usr/bin/env bash
# `clsnn bench`: its rows, which are checked, and its files.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# bench prints three checked rows and writes the same rows to its files.
bench_quick() {
    run 0 bench --data "$work/small" --quick --sizes 20 --networks 2 --json --quiet --out bench
    no_words
    is_json "$work/out"
    for key in path device neurons networks images_per_second network_steps_per_second \
        synaptic_events_per_second realtime_factor seconds bare_share checked; do
        [ "$(grep -cF "\"$key\":" "$work/out")" = 3 ] ||
            wrong "$key does not stand in three rows: $(cat "$work/out")"
    done
    [ "$(grep -c '"checked": true' "$work/out")" = 3 ] || wrong "a row is not checked: $(cat "$work/out")"
    # plain C has no bare steps; a device has
    [ "$(grep -c '"bare_share": null' "$work/out")" = 1 ] &&
        [ "$(grep -c '"bare_share": [01]\.' "$work/out")" = 2 ] ||
        wrong "bare_share is not a share: $(cat "$work/out")"
    exist bench/bench.json bench/bench.csv bench/bench.png
    same "$work/out" <(cat bench/bench.json && echo)
    [ "$(wc -l <bench/bench.csv)" = 4 ] || wrong "bench.csv: $(cat bench/bench.csv)"
}
bench_table() {
    run 0 bench --data "$work/small" --quick --sizes 7,20 --networks 1
    prints "images/s"
    says "20 neurons, 1 network on"
}

on "bench: rows are checked, JSON, CSV and picture" bench_quick
on "bench: table" bench_table
on "bench: --sizes 20,x" usage "--sizes" bench --sizes 20,x
on "bench: --sizes with an end missing" usage "--sizes" bench --sizes 20,

run_cases small
