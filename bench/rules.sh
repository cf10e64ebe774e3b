#!/bin/sh
# Measures how long a presentation takes with each rule and option at N = 400, beside the rule triplet.
# The networks train in turns, so that a busy machine slows all alike. Each has the preset tuned for its rule.
# Prints a table: median of the rounds in us, and the median of its ratios to triplet of the same round.
# Usage: rules.sh CLSNN [ROUNDS [IMAGES]]    (default: 5 rounds of 3000 images; data as of --data auto)
set -u
clsnn=${1:?usage: rules.sh CLSNN [ROUNDS [IMAGES]]} rounds=${2:-5} images=${3:-3000}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
variants='triplet
triplet --pairing all
triplet --inhibition direct
triplet --delays 0:10
triplet --set w_norm=0
pair
pair --pairing all
powerlaw
symmetric
exponential'
"$clsnn" --version
"$clsnn" devices | head -n 2
# Round 0 compiles the kernels and is not counted.
round=0
while [ "$round" -le "$rounds" ]; do
    echo "$variants" | while read -r variant; do
        # shellcheck disable=SC2086 # a variant is words
        "$clsnn" train --preset tuned --rule $variant --split 1 --train-images "$images" --label-images 1 \
            --test-images 1 --json -q --out "$work/run" >"$work/json" 2>"$work/err" ||
            { cat "$work/err" >&2 && exit 1; }
        rm -rf "$work/run"
        tr ',' '\n' <"$work/json" | awk -F : -v name="$variant" -v round="$round" -v OFS='\t' '
            { gsub(/[{}"]/, ""); value[$1] = $2 }
            END { if (round) print name, round, value["train_seconds"] / (value["presentations"] - 2) * 1e6 }'
    done >>"$work/times" || exit 1
    round=$((round + 1))
done
echo '| rule, options | us a presentation | times triplet |'
echo '|---|---|---|'
echo "$variants" | while read -r variant; do
    awk -F '\t' -v name="$variant" '
        $1 == "triplet" { base[$2] = $3 }
        $1 == name { n++; us[n] = $3; ratio[n] = $3 / base[$2] }
        function median(list, n,    i, k, swap) {
            for (i = 2; i <= n; i++)
                for (k = i; k > 1 && list[k - 1] > list[k]; k--) {
                    swap = list[k]; list[k] = list[k - 1]; list[k - 1] = swap
                }
            return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
        }
        END { printf "| %s | %.0f | %.2f |\n", name, median(us, n), median(ratio, n) }' "$work/times"
done
