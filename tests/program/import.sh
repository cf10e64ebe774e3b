#!/usr/bin/env bash
# `clsnn import` and `clsnn export`: Diehl & Cook's files and plain arrays become models and come back; every
# bad file has its message.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# numpy CODE: runs it, with n for numpy, m for the base model, w and theta (V) of a network of 784 x 4
numpy() {
    with_numpy - "$work/base/model.npz" <<END || wrong "numpy: $1"
import os, sys, numpy as n
m = n.load(sys.argv[1]) if os.path.exists(sys.argv[1]) else None
w = ((n.arange(784 * 4) % 97 + 1) / 500).reshape(784, 4)
theta = n.array([0.02, 0.03, 0.0401, 0.05])
rows = n.array([(i, j, w[i, j]) for i in range(784) for j in range(4)])
$1
END
}
# holds FILE W THETA_MV: the model's arrays are these
holds() {
    numpy "k = n.load('$1')
assert k['w'].dtype == n.float32 and n.array_equal(k['w'], n.float32($2)), 'w'
assert n.array_equal(k['theta_mv'], n.float32($3)), 'theta'
assert 'labels' not in k.files"
}

diehl_cook() { # rows in any order; a directory, or two files
    numpy "os.mkdir('d'); n.save('d/XeAe.npy', rows); n.save('d/theta_A.npy', theta)
n.save('mixed.npy', n.float32(rows[::-1]))"
    run 0 import d a.npz
    prints "network       784 inputs, 4 neurons"
    prints "theta         20 to 50 mV (read as volts)"
    holds a.npz w "theta * 1000"
    run 0 import mixed.npy d/theta_A.npy b.npz --json
    [ "$(json neurons)/$(json inputs)/$(json unlisted_pairs)" = 4/784/0 ] || wrong "$(cat "$work/out")"
    holds b.npz "n.float32(w)" "theta * 1000"
    numpy "import json, hashlib
about = json.loads(bytes(n.load('a.npz')['about']))['imported_from']
assert [s['file'] for s in about] == ['d/XeAe.npy', 'd/theta_A.npy'], about
assert about[0]['sha256'] == hashlib.sha256(open('d/XeAe.npy', 'rb').read()).hexdigest()"
}
sparse() { # pairs that are not listed have no weight
    numpy "n.save('s.npy', rows[:2001]); n.save('t.npy', theta)"
    run 0 import s.npy t.npy a.npz
    prints "1135 pairs are not listed: 0"
    holds a.npz "n.where(n.arange(3136).reshape(784, 4) < 2001, w, 0)" "theta * 1000"
}
plain() {
    numpy "n.save('w.npy', w); n.save('t.npy', n.float32(theta))
n.savez('v.npz', w=n.float32(w), theta=theta)
n.savez('mv.npz', w=w[:196], theta_mv=theta * 1000, labels=n.arange(4), note=n.array('x'))"
    run 0 import w.npy t.npy a.npz
    holds a.npz w "n.float32(theta).astype(float) * 1000"
    run 0 import v.npz b.npz
    holds b.npz w "theta * 1000"
    run 0 import mv.npz c.npz
    prints "196 inputs, 4 neurons"
    prints "(read as millivolts)"
    says "mv.npz: its arrays labels, note are not taken over"
    holds c.npz "w[:196]" "theta * 1000"
    run 0 import w.npy d.npz
    says "w.npy: without theta, every neuron gets 20 mV"
    holds d.npz w "n.full(4, 20)"
    refuses 3 "--strict makes this warning an error" import w.npy e.npz --strict
    run 0 import v.npz f.npz --quiet
    no_words
}
round_trip() { # no bit is lost
    run 0 export "$work/base/model.npz" d
    prints "weights     d/XeAe.npy"
    prints "labels      not written"
    run 0 import d a.npz
    run 0 export "$work/base/model.npz" w.npy t.npy --json
    [ "$(json weights)/$(json theta)" = w.npy/t.npy ] || wrong "$(cat "$work/out")"
    run 0 import w.npy t.npy b.npz
    holds a.npz "m['w']" "m['theta_mv']"
    holds b.npz "m['w']" "m['theta_mv']"
    numpy "r, t = n.load('d/XeAe.npy'), n.load('d/theta_A.npy')
assert r.dtype == t.dtype == float and r.shape == (784 * 20, 3) and t.shape == (20,)
back = n.zeros((784, 20)); back[n.int32(r[:, 0]), n.int32(r[:, 1])] = r[:, 2] # get_matrix_from_file
assert n.array_equal(n.float32(back), m['w'])
assert n.load('w.npy').dtype == n.float32 and n.array_equal(n.load('w.npy'), m['w'])"
    run 0 export a.npz again
    same d/XeAe.npy again/XeAe.npy
    same d/theta_A.npy again/theta_A.npy
    run 0 export a.npz only.npy
    prints "theta       not written"
}
used() { # an imported network is labelled, tested, kept with its labels, and trained on
    run 0 export "$work/base/model.npz" d
    run 0 import d a.npz
    run 0 eval a.npz --data "$work/small" --label-images 300 --json --out e
    says "no labels yet"
    says "e/model.npz is a.npz with the labels"
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] || wrong "the labelled network is not the trained one"
    run 0 eval e/model.npz --data "$work/small" --json
    says "labels from the file"
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] || wrong "the kept network is not the trained one"
    run 0 predict a.npz --data "$work/small" --label-images 300 --out p
    same e/model.npz p/model.npz
    train --from a.npz --out t
    [ "$(sha)" != "$(cat "$work/final_sha256")" ] || wrong "nothing was learnt"
}
# bad TEXT CODE: import refuses w.npy and t.npy, which CODE makes
bad() {
    rm -f w.npy t.npy
    numpy "n.save('t.npy', theta); n.save('w.npy', rows)
$2"
    refuses 3 "$1" import w.npy t.npy a.npz
}
bad_files() {
    bad "w.npy: row 5: weight -0.5: must be finite and at least 0" "rows[5, 2] = -0.5; n.save('w.npy', rows)"
    bad "w.npy: row 5: weight nan" "rows[5, 2] = n.nan; n.save('w.npy', rows)"
    bad "w.npy: row 5: weight 1e+39" "rows[5, 2] = 1e39; n.save('w.npy', rows)"
    bad "w.npy: row 7: input 4096: must be a whole number in [0, 4095]" \
        "rows[7, 0] = 4096; n.save('w.npy', rows)"
    bad "w.npy: row 7: input -1: must be a whole number" "rows[7, 0] = -1; n.save('w.npy', rows)"
    bad "w.npy: row 7: input 0.5: must be a whole number" "rows[7, 0] = 0.5; n.save('w.npy', rows)"
    bad "w.npy: row 7: neuron 4: must be a whole number in [0, 3], as theta has neurons" \
        "rows[7, 1] = 4; n.save('w.npy', rows)"
    bad "w.npy: row 9: input 800: must be in [0, 783] in a list that leaves out pairs" \
        "rows[9, 0] = 800; n.save('w.npy', rows)"
    bad "w.npy: rows 3 and 8 both connect input 0 to neuron 3" \
        "rows[8, :2] = rows[3, :2]; n.save('w.npy', rows)"
    bad "w.npy: lists every pair of 4 neurons, theta has 5" "n.save('t.npy', n.full(5, 0.02))"
    bad "w.npy: has 4 neurons, theta 3: must be as many" "n.save('w.npy', w); n.save('t.npy', theta[:3])"
    bad "w.npy: w[3, 2] = -1: must be finite and at least 0" "w[3, 2] = -1; n.save('w.npy', w)"
    bad "t.npy: theta[1] = nan V: must be at least 0 and below 1" "theta[1] = n.nan; n.save('t.npy', theta)"
    bad "t.npy: theta[0] = -0.01 V" "theta[0] = -0.01; n.save('t.npy', theta)"
    bad "t.npy: theta[0] = 20 V: must be at least 0 and below 1; millivolts belong into an .npz as theta_mv" \
        "n.save('t.npy', theta * 1000)"
    bad "t.npy: f8 [4, 1]: must be f4 or f8 [neurons]" "n.save('t.npy', theta.reshape(4, 1))"
    bad "t.npy: i8 [4]: must be f4 or f8 [neurons]" "n.save('t.npy', n.arange(4))"
    bad "w.npy: f8 [3136]: must be f4 or f8: [connections, 3]" "n.save('w.npy', w.ravel())"
    bad "w.npy: f8 [0, 3]: must be f4 or f8" "n.save('w.npy', rows[:0])"
    bad "w.npy: f8 [4, 784]: must be [inputs, neurons]: save numpy.ascontiguousarray(w.T)" \
        "n.save('w.npy', n.ascontiguousarray(w.T))"
    bad "w.npy: i8 [784, 4]: must be f4 or f8" "n.save('w.npy', n.int64(w))"
    bad "w.npy: .npy type '|O' (pickled objects)" "n.save('w.npy', w.astype(object))"
    bad "w.npy: .npy type '>f8' (big-endian)" "n.save('w.npy', w.astype('>f8'))"
    bad "w.npy: .npy in Fortran order: save numpy.ascontiguousarray()" "n.save('w.npy', n.asfortranarray(w))"
    bad "w.npy: 5000 inputs and 4 neurons: must be in [1, 4096]" "n.save('w.npy', n.ones((5000, 4)))"
    bad "w.npy: is no .npy array: it is a Git LFS pointer" \
        "open('w.npy', 'w').write('version https://git-lfs')"
    bad "w.npy: is no .npy array: it is a Python pickle" \
        "import pickle; pickle.dump(w, open('w.npy', 'wb'), 2)"
    bad "w.npy: f8 [3136, 3] with" "os.truncate('w.npy', 70000)"
    numpy "n.savez('x.npz', theta=theta); n.savez('y.npz', w=w, theta=theta, theta_mv=theta)
n.savez('z.npz', w=w.astype(object), theta=theta); n.save('t.npy', theta)"
    refuses 3 "x.npz: array 'w' is missing: must hold w [inputs, neurons]" import x.npz a.npz
    refuses 2 "y.npz: has theta_mv and theta: give theta once" import y.npz a.npz
    refuses 3 "(pickled objects)" import z.npz a.npz
    numpy "n.savez('y.npz', w=w, theta=theta)"
    refuses 2 "y.npz: has theta itself: give theta once" import y.npz t.npy a.npz
}
bad_calls() {
    usage "WEIGHTS is missing" import
    usage "MODEL.npz is missing" import x.npy
    usage "OUT is missing" export x.npz
    refuses 8 "no.npy: cannot be opened" import no.npy a.npz
    usage "t.npy: the last file is the result and ends in .npz" import w.npy t.npy
    echo x >a.npz
    usage "a.npz: is there already: choose another name, or remove it" import w.npy a.npz
    refuses 8 "no.npz: cannot be opened" export no.npz d
    usage "b.npz: an .npz is what clsnn writes itself" export "$work/base/model.npz" b.npz
    usage "d: must end in .npy, since a file for theta follows" export "$work/base/model.npz" d t.npy
    usage "w.npy: is named twice" export "$work/base/model.npz" w.npy w.npy
    echo x >w.npy
    usage "w.npy: is there already" export "$work/base/model.npz" w.npy
    refuses 8 "did you mean $work/base/model.npz?" export "$work/base" d
}

any "Diehl & Cook's files" diehl_cook
any "a list that leaves out pairs" sparse
any "plain arrays and .npz" plain
on "a round trip" round_trip
on "an imported network in use" used
any "bad files" bad_files
on "mistakes in the call" bad_calls

run_cases small base
