#!/usr/bin/env bash
# `clsnn replay` of the reference's recordings: every work-group gives the same output file.
# tests/device/test_replay.c checks its contents.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

replay_oracle() {
    run 0 replay "$oracle/$1.npz" out.npz
    prints "excitatory and"
    prints "in out.npz"
    for array in exc_step exc_neuron inh_step inh_neuron v_exc ge_exc gi_exc v_inh w_end theta_end_mv; do
        grep -qF "$array.npy" out.npz || wrong "out.npz lacks $array"
    done
    run 0 replay "$oracle/$1.npz" again.npz --work-group 64 --json --quiet
    no_words
    for key in neurons steps exc_spikes inh_spikes; do prints "\"$key\":"; done
    is_json "$work/out"
    same out.npz again.npz
}
replay_to() { refuses 8 "$1" replay "$oracle/learn_12.npz" "$1"; }
replay_model() { refuses 3 "array 'steps_on' is missing" replay "$work/base/model.npz" out.npz; }
replay_cut() {
    head -c 1000 "$oracle/learn_12.npz" >in.npz
    refuses 3 "in.npz" replay in.npz out.npz
}
replay_onto_itself() {
    cp "$oracle/learn_12.npz" in.npz && ln -s in.npz other.npz
    refuses 2 "in.npz: is the file to replay, and would be lost" replay in.npz in.npz
    refuses 2 "./in.npz: is the file to replay, and would be lost" replay other.npz ./in.npz
}

for name in "$oracle"/*.npz; do
    name=${name##*/}
    on "replay $name" replay_oracle "${name%.npz}"
done
on "--quiet: replay" quiet replay "$oracle/learn_12.npz" out.npz
on "replay to a directory that does not exist" replay_to nowhere/out.npz
on "replay to a device" replay_to /dev/null
on "replay of a model" replay_model
on "replay of half a file" replay_cut
on "replay: onto its own file" replay_onto_itself

run_cases small base
