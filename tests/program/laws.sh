#!/usr/bin/env bash
# --rule, --pairing, --inhibition, --delays: what a run chose goes with its files; mistakes have their words.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

chosen=(--rule pair --pairing all --inhibition direct)

laws_in_files() {
    run 0 train "${two[@]}" "${chosen[@]}" --out out --json
    grep -q '"rule": "pair"' out/run.json || wrong "run.json's plan lacks the rule"
    grep -q '"inhibition": "direct"' out/run.json || wrong "run.json's plan lacks the inhibition"
    for word in '"rule":"pair"' '"pairing":"all"' '"inhibition":"direct"' '"dt_ms":0.5'; do
        grep -qaF "$word" out/model.npz || wrong "model.npz lacks $word"
    done
    run 0 verify out
    run 0 eval out/model.npz --data "$work/small" --json --test-images 50
    ! grep -q "given parameters" "$work/err" || wrong "eval's own default replaced the model's law"
    run 0 eval out/model.npz --data "$work/small" --json --test-images 50 --inhibition layer
    says "given parameters replace those of out/model.npz: inhibition = layer, direct in the file"
}
laws_resumed() {
    run 0 train "${two[@]}" "${chosen[@]}" --epochs 2 --out whole --json
    local wanted
    wanted=$(sha)
    run 0 train "${two[@]}" "${chosen[@]}" --epochs 1 --out out --json
    [ "$(sha)" != "$wanted" ] || wrong "one epoch gives the result of two"
    run 0 train --resume --epochs 2 --out out --json
    [ "$(sha)" = "$wanted" ] || wrong "another result"
    run 9 train --resume --rule triplet --out out
    says 'rule: "pair" in the checkpoint, "triplet" asked'
    rm out/run.json # the checkpoint's plan still guards the run
    run 9 train --resume "${two[@]}" --pairing all --inhibition direct --epochs 2 --out out
    says 'rule: "pair" in the checkpoint, "triplet" asked'
}
laws_swept() { # networks of one size and different laws need different kernels
    printf 'rule = triplet, pair\ninhibition = layer, direct\n' >s.ini
    run 0 sweep s.ini "${small[@]}" --epochs 1 --out out
    local n
    n=$(cut -d, -f 1- out/results.csv | grep -c finished)
    [ "$n" = 4 ] || wrong "$n finished runs, must be 4"
    for rule in triplet pair; do
        run 0 train "${small[@]}" --rule $rule --inhibition direct --out $rule --json
        grep -rqF "$(sha)" out/runs/*/run.json || wrong "rule $rule: no run of the sweep has this result"
    done
}

laws_in_names() { # a run's default directory names the laws that are not the default
    run 0 train "${brief[@]}" --neurons 20 "${chosen[@]}"
    exist run-custom-n20-e1-s1-pair-all-direct/model.npz
    run 0 train "${brief[@]}" --neurons 20 --rule pair --runs 2
    exist runs-n20-e1-s1-r2-pair/runs/seed-2/model.npz
}
ignored() { # a parameter that the laws do not read has no effect, and this is said
    run 0 train "${brief[@]}" --neurons 20 --set beta=5 --set mu=2 --set eta_post=0.02 --out out
    says "WARNING: mu = 2: only rule powerlaw|symmetric reads it; beta = 5: only rule exponential reads it: "
    ! grep '(ignored)' "$work/err" | grep -q eta_post || wrong "eta_post is read"
    grep -q '"name": "ignored"' out/run.json || wrong "run.json lacks the warning"
    refuses 3 "--strict makes this warning an error" train "${brief[@]}" --set beta=5 --strict
    run 0 train "${brief[@]}" --neurons 20 --rule exponential --set beta=5 --out read
    ! grep -q '(ignored)' "$work/err" || wrong "beta is read by exponential"
    run 8 replay none.npz out.npz --set beta=5
    says "WARNING: beta = 5: only rule exponential reads it"
    # every default that a file of --print-config has
    run 0 train --print-config
    cp "$work/out" all.ini
    run 0 train "${brief[@]}" --neurons 20 --config all.ini --out config
    ! grep -q '(ignored)' "$work/err" || wrong "defaults are no choice"
    printf 'neurons = 20\nbeta = 2, 3\n' >s.ini
    refuses 2 "s.ini:2: beta: is swept, but no run reads it: only rule exponential reads it" \
        sweep s.ini "${brief[@]}"
    printf 'neurons = 20\nrule = pair, exponential\nbeta = 2, 4\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --out s
    says "WARNING: run rule-pair_beta-2: beta = 2: only rule exponential reads it"
    grep -q '^rule-pair_beta-4,.*ignored' s/results.csv || wrong "results.csv lacks the warning"
    ! grep -q '^rule-exponential.*ignored' s/results.csv || wrong "exponential reads beta"
}

delays_in_files() {
    run 0 train "${two[@]}" --delays 0:10 --epochs 2 --out whole --json
    local wanted accuracy
    wanted=$(sha)
    accuracy=$(grep -o '"accuracy_all":[0-9.]*' "$work/out")
    grep -q '"delays": "0:10"' whole/run.json || wrong "run.json's plan lacks the delays"
    grep -qaF '"delays":"0:10"' whole/model.npz || wrong "the about of model.npz lacks the delays"
    grep -qaF delay_steps.npy whole/model.npz || wrong "model.npz lacks delay_steps"
    run 0 verify whole
    run 0 train "${two[@]}" --delays 0:10 --epochs 1 --out out --json
    run 0 train --resume --epochs 2 --out out --json
    [ "$(sha)" = "$wanted" ] || wrong "another result after --resume"
    run 9 train --resume --delays 0:5 --epochs 3 --out out
    says 'delays: "0:10" in the checkpoint, "0:5" asked'
    run 0 train "${two[@]}" --delays 0:10 --epochs 2 --out grouped --json --work-group 16
    [ "$(sha)" = "$wanted" ] || wrong "another result in work-groups of 16"
    run 0 train "${two[@]}" --delays 0:10 --epochs 2 --out profiled --json --profile
    [ "$(sha)" = "$wanted" ] || wrong "another result with --profile"
    run 0 eval whole/model.npz --data "$work/small" --json
    grep -qF "$accuracy" "$work/out" || wrong "eval finds another accuracy than train: not $accuracy"
}
presets_choose() {
    run 0 train "${two[@]}" --delays 0:10 --out delayed --json
    local delayed
    delayed=$(sha)
    run 0 train "${two[@]}" --preset diehl-cook-2015 --out out --json
    [ "$(sha)" = "$delayed" ] || wrong "the preset differs from --delays 0:10"
    run 0 train "${two[@]}" --preset diehl-cook-2015 --delays none --out plain --json
    local plain
    plain=$(sha)
    run 0 train "${two[@]}" --out same --json
    [ "$(sha)" = "$plain" ] || wrong "--delays none does not take the preset's delays back"
    run 0 train "${brief[@]}" --neurons 20 --delays 0:10
    exist run-custom-n20-e1-s1-delays0-10/model.npz
    run 0 train "${two[@]}" --preset brian2-port --out port --json
    [ "$(sha)" != "$plain" ] || wrong "brian2-port is kim-2020"
    grep -q '"hold_exc_ms": 5' port/run.json || wrong "run.json's plan lacks hold_exc_ms"
    run 0 verify port
}
delays_from() { # a run with delays takes them from the file, a run without leaves them out
    run 0 train "${small[@]}" --delays 0:10 --out first
    run 0 train "${small[@]}" --delays 0:10 --from first/model.npz --seed 9 --out second --json
    local with
    with=$(sha)
    ! grep -q 'other settings' "$work/err" || wrong "equal settings are called others"
    run 0 train "${small[@]}" --delays 0:15 --from first/model.npz --seed 9 --out third --json
    [ "$(sha)" = "$with" ] || wrong "the delays are not those of the file"
    says 'delays = 0:15, 0:10 in the file'
    run 0 train "${small[@]}" --from first/model.npz --seed 9 --out fourth --json
    [ "$(sha)" != "$with" ] || wrong "a run without --delays has delays"
    refuses 2 "has delays of up to 10 ms, the run of up to 5" \
        train "${small[@]}" --delays 0:5 --from first/model.npz
}
delays_swept() {
    printf 'delays = none, 0:10, 5:10\n' >s.ini
    run 0 sweep s.ini "${small[@]}" --epochs 1 --out out
    [ "$(grep -c finished out/results.csv)" = 3 ] || wrong "not 3 finished runs"
    run 0 train "${small[@]}" --delays 5:10 --out alone --json
    grep -rqF "$(sha)" out/runs/*/run.json || wrong "no run of the sweep has the result of --delays 5:10"
}
bad_delays() { # bad_delays VALUE
    usage "--delays = $1: must be none, or LO:HI with 0 <= LO <= HI <= 31.5 ms, both multiples of 0.5 ms" \
        train --delays "$1"
}
delays_help() {
    run 0 train --help
    tr -s ' \n' ' ' <"$work/out" >help
    grep -qF "from LO to HI, in ms: 0 to 31.5, in steps of 0.5 (default none)" help || wrong "no limits"
    grep -qF "images [n, height, width] of 1 x 1 to 64 x 64 pixels" help || wrong "--data: no sizes"
}

for delays in 10 10:5 0: :5 0:0.3 0:32 0:10:20 -1:5 a:b ""; do
    any "--delays $delays" bad_delays "$delays"
done
any "--delays in the help, and sizes of images" delays_help
any "--delays longer than the rest" usage "time_off_ms = 5: must be at least 10, the longest of --delays" \
    train --delays 0:10 --set time_off_ms=5
any "--rule hebb" usage "--rule = hebb: must be one of triplet|pair|powerlaw" train --rule hebb
any "--pairing some" usage "--pairing = some: must be one of nearest|all" train --pairing some
any "--inhibition none" usage "--inhibition = none: must be one of layer|direct" train --inhibition none
any "--set w_norm=1e-4" usage "w_norm = 0.0001: must be 0 (no rescaling) or at least 0.001" \
    train --set w_norm=1e-4
on "files name the laws, eval takes them over" laws_in_files
on "--resume takes the laws over" laws_resumed
on "a sweep over laws" laws_swept
on "names of directories" laws_in_names
on "parameters that no law reads" ignored
on "files hold the delays" delays_in_files
on "a sweep over delays" delays_swept
on "--from with delays" delays_from
on "presets" presets_choose
any "--set hold_exc_ms=6" usage "hold_exc_ms = 6 must be at most refrac_exc_ms = 5" train --set hold_exc_ms=6
on "--split 2 with another law" refuses 2 "--split = 2: with --profile, --delays, or another --rule" \
    train "${small[@]}" --rule pair --split 2
on "--split 2 with --profile" refuses 2 "--split = 2: with --profile" train "${small[@]}" --profile --split 2

run_cases small
