#!/usr/bin/env bash
# `--from MODEL.npz`: training starts with given weights and theta, alone, in a sweep, and resumed.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

model=$work/base/model.npz
from() { train --from "$model" "$@"; }
from_sha() { json from_sha256 "$1/run.json"; } # of the plan

weights() { # the weights of the first image are the file's: without learning they stay, rescaling aside
    local still=(--train-images 1 --set eta_pre=0 --set eta_post=0 --set theta_plus_mv=0 --set w_norm=0)
    from "${still[@]}" --set tau_theta_ms=1e8 --out a
    [ "$(from_sha a)" = "$(sha256sum "$model" | cut -d ' ' -f 1)" ] || wrong "from_sha256: $(from_sha a)"
    grep -qF "\"value\": \"$model\"" a/run.json || wrong "run.json does not name the file"
    with_numpy - "$model" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import sys, json, numpy as n
old, new = n.load(sys.argv[1]), n.load("a/model.npz")
assert n.array_equal(old["w"], new["w"])
assert n.abs(old["theta_mv"] - new["theta_mv"]).max() < 0.001
about = json.loads(bytes(new["about"]))
assert len(about["from_sha256"]) == 64
END
}
learns_on() { # what was learnt shows, and the same command gives the same result
    from --seed 2 --out a
    local first
    first=$(sha)
    from --seed 2 --out b
    [ "$(sha)" = "$first" ] || wrong "another result"
    train --seed 2 --out c
    [ "$(sha)" != "$first" ] || wrong "--from changed nothing"
    run 0 verify a
    prints "EQUAL"
}
resumed() { # with the bits of a run that nobody disturbed; a checkpoint needs the file no more
    cp "$model" start.npz
    make_two --from start.npz
    local want
    want=$(sha)
    cp -r out part
    rm start.npz part/checkpoint/ckpt-000000000400.npz part/checkpoint/ckpt-000000000350.npz
    run 0 train --resume --json --out part
    [ "$(sha)" = "$want" ] || wrong "another result"
    says "going on from part/checkpoint/ckpt-000000000300.npz"
    [ "$(from_sha part)" = "$(from_sha out)" ] || wrong "from_sha256 is lost"
    refuses 8 "--from FILE says where it is now" verify part
    run 0 verify part --from "$model"
    prints "EQUAL"
    run 9 train "${two[@]}" --resume --from "$work/base/checkpoint/ckpt-000000000200.npz" --out part
    says "  from_sha256:"
    refuses 3 "was planned" verify part --from "$work/base/checkpoint/ckpt-000000000200.npz"
}
swept() { # a list of files, a file for all runs, and --runs
    cp "$model" a.npz
    mkdir b && cp "$model" b/a.npz
    printf 'neurons = 20\nfrom = a.npz, ./b/a.npz\nseed = 1, 2\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --out s
    local names="from-.+b+a.npz_seed-1 from-.+b+a.npz_seed-2 from-a.npz_seed-1 from-a.npz_seed-2"
    [ "$(cd s/runs && echo *)" = "$names" ] || wrong "runs: $(ls s/runs)"
    [ "$(json final_sha256 s/runs/from-a.npz_seed-1/run.json)" = \
        "$(json final_sha256 s/runs/from-.+b+a.npz_seed-1/run.json)" ] || wrong "equal files, other results"
    run 0 train "${brief[@]}" --neurons 20 --seed 2 --from a.npz --json --out one
    [ "$(sha)" = "$(json final_sha256 s/runs/from-a.npz_seed-2/run.json)" ] ||
        wrong "train has another result"
    run 0 train "${brief[@]}" --neurons 20 --from a.npz --runs 2 --out many
    [ "$(json final_sha256 many/runs/seed-2/run.json)" = "$(json final_sha256 one/run.json)" ] ||
        wrong "--runs has another result"
    printf 'neurons = 20\nfrom = ../case/a.npz\nseed = 1, 2\n' >one.ini
    run 0 sweep one.ini "${brief[@]}" --out o
    [ "$(from_sha o/runs/seed-1)" = "$(from_sha one)" ] || wrong "from_sha256: $(from_sha o/runs/seed-1)"
    # the weights are part of a run's plan
    with_numpy - <<'END' || wrong "no model"
import numpy as n
m = n.load("a.npz")
n.savez("a.npz", w=m["w"] * n.float32(0.5), theta_mv=m["theta_mv"])
END
    refuses 2 "o/runs/seed-1: is none of these 2 runs: its from_sha256 is " \
        sweep one.ini "${brief[@]}" --out o
}
settings() { # those of the command line hold; a difference is a warning
    from --set theta_plus_mv=0.1 --rule pair --set w_init_max=0.2 --set beta=5
    says "was trained with other settings: rule = pair, triplet in the file; theta_plus_mv = 0.1, 0.05 in "
    ! grep other_settings "$work/err" | grep -qE "w_init_max|beta" || wrong "a difference that nobody reads"
    from
    ! grep -q other_settings "$work/err" || wrong "a difference where there is none"
    refuses 3 "--strict makes this warning an error" train "${small[@]}" --from "$model" --rule pair --strict
}
delayed() { # a run without delays drops the model's, one with delays keeps them, or draws them
    train --delays 0:5 --out d
    train --from d/model.npz --out none
    says "delays = none, 0:5 in the file"
    train --from d/model.npz --delays 0:5 --seed 2 --out kept
    train --from "$model" --delays 0:5 --seed 2 --out drawn
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
steps = lambda d: n.load(d + "/model.npz")["delay_steps"]
assert "delay_steps" not in n.load("none/model.npz").files
assert n.array_equal(steps("kept"), steps("d"))
assert not n.array_equal(steps("drawn"), steps("d")) and steps("drawn").max() == 10
END
    run 0 verify kept
    prints "EQUAL"
    run 0 verify drawn
    refuses 2 "has delays of up to 5 ms, the run of up to 1: must not be longer: give --delays 0:5" \
        train "${small[@]}" --from d/model.npz --delays 0:1
}
misfits() {
    refuses 2 "has 20 neurons, the run 30: must be equal: give --neurons 20" \
        train "${brief[@]}" --neurons 30 --from "$model"
    printf 'neurons = 20, 30\n' >s.ini
    refuses 2 "has 20 neurons, the run 30" sweep s.ini "${brief[@]}" --from "$model"
    refuses 8 "did you mean $work/base/model.npz?" train "${small[@]}" --from "$work/base"
    refuses 8 "no.npz: cannot be opened" train "${small[@]}" --from no.npz
    refuses 3 "must be the model.npz or a checkpoint of clsnn train" \
        train "${small[@]}" --from "$work/base/run.json"
    with_numpy - "$model" <<'END' || wrong "no model"
import sys, numpy as n
m = n.load(sys.argv[1])
n.savez("small.npz", w=m["w"][:196], theta_mv=m["theta_mv"])
END
    refuses 2 "has 196 inputs, but images of 28 x 28 pixels" train "${small[@]}" --from small.npz
    printf 'neurons = 20\nfrom = a.npz, b c.npz\n' >s.ini
    refuses 2 "a path in a list may have letters" sweep s.ini "${brief[@]}"
    refuses 2 "began without --from" verify "$work/base" --from "$model"
}

on "weights and theta are the file's" weights
on "the result, repeated and verified" learns_on
on "stopped and resumed" resumed
on "in a sweep" swept
on "other settings" settings
on "delays" delayed
on "files that do not fit" misfits

run_cases small base
