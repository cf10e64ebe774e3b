#!/usr/bin/env bash
# `clsnn data`, and unusable data sets. tests/host/test_idx.c tests damaged files byte by byte.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# Unusable data sets.

make_packed() { # makes $work/packed, the small set in gzip, and two gzip files that are no data set
    mkdir packed
    for name in small/*; do gzip -c "$name" >"packed/${name##*/}.gz"; done
    echo "nothing that anybody took for images" | gzip >something.gz
    gzip </dev/null >nothing.gz
}

data_absent() { refuses 3 "$1" train --neurons 20 --data "$2"; }
data_is_file() { echo 1 >file && refuses 3 "is a file" train --data file; }
data_empty() { mkdir empty && refuses 3 "none of the files is in it" train --data empty; }
data_lacks() {
    cp -r "$work/small" set && rm "set/$1"
    refuses 3 "$1[.gz] is missing: the directory must hold all four IDX files" train --data set
}
data_variable() { CLSNN_DATA=nowhere refuses 3 "CLSNN_DATA = nowhere: no such directory" train --data auto; }

# packed TEXT FILE SCRIPT...: SCRIPT damages FILE of a packed set; train must refuse the set with TEXT
packed() {
    local text=$1 file=set/$2.gz
    shift 2
    cp -r "$work/packed" set
    "$@" "$file"
    refuses 3 "$text" train --data set
    tail -n 1 "$work/err" | grep -q '^clsnn train: set' ||
        wrong "the message does not name the set: $(tail -n 1 "$work/err")"
}
cut_to() { truncate -s "$1" "$2"; }
cut_half() { truncate -s $(($(size "$1") / 2)) "$1"; }
flip_at() { flip "$2" "$1"; }
flip_half() { flip "$1" $(($(size "$1") / 2)); }
follow() { echo "$1" >>"$2"; }
become() { cp "$1" "$2"; }

# plain TEXT FILE SCRIPT...: the same with a set that is not packed
plain() {
    local text=$1 file=set/$2
    shift 2
    cp -r "$work/small" set
    "$@" "$file"
    refuses 3 "$text" train --data set
}
put() { # put OFFSET BYTE... FILE
    local at=$1 file=${*: -1}
    shift
    bytes "${@:1:$#-1}" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
}
side_27() { { be32 0x803 && be32 600 && be32 27 && be32 27 && zeros $((600 * 27 * 27)); } >"$1"; }
labels_for() { { be32 0x801 && be32 "$1" && zeros "$1"; } >"$2"; }

# Other classes than ten digits.

few=(--neurons 30 --train-images 200 --label-images 200 --test-images 100)
# classes LABEL N LEAST: the label of a digit p becomes the expression LABEL. Arrays then have N classes, and
# the accuracy is at least LEAST.
classes() {
    idx other p "$1"
    trains other "$@"
}
letters() { # labels that go round 1 to 26, as EMNIST's letters do
    local file
    cp -r "$work/small" other
    for file in other/*labels*; do
        python3 -c "
data = open('$file', 'rb').read()
open('$file', 'wb').write(data[:8] + bytes(1 + k % 26 for k in range(len(data) - 8)))"
    done
    trains other "p + 1" 27 0
}
trains() { # trains DATA LABEL N LEAST
    local data=$1
    shift
    run 0 train --data "$data" "${few[@]}" --out out
    with_numpy - "$@" 2>"$work/why.py" <<'END' || wrong "the model or run.json: $(tail -n 1 "$work/why.py")"
import json, sys, numpy
label, n, least = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
m, run = numpy.load("out/model.npz"), json.load(open("out/run.json"))
allowed = {eval(label) for p in range(26 if n == 27 else 10)} | {-1}
assert m["proportions"].shape == (30, n), m["proportions"].shape
assert set(m["labels"]) <= allowed, m["labels"]
assert numpy.shape(run["result"]["confusion"]) == (n, n)
rows = numpy.array(run["result"]["confusion"]).sum(1)
assert set(numpy.nonzero(rows)[0]) <= allowed and rows.sum() == 100
assert run["result"]["accuracy_all"] >= least, run["result"]["accuracy_all"]
END
    run 0 verify out
    run 0 eval out/model.npz --data other --test-images 100 --json
    is_json "$work/out"
}
odd_test_class() { # a test image of a class that no neuron can have counts as wrong, and clsnn warns
    cp -r "$work/small" set
    put 8 77 set/t10k-labels-idx1-ubyte
    run 0 train --data set "${few[@]}" --out out
    says "the 200 labelling images have none of class 77"
    run 0 eval out/model.npz --data set --test-images 100 --json
    run 0 eval out/model.npz --data "$work/small" --test-images 100 --json
}
classes_go_on() { # the same bits after a stop
    idx other p "(3 * p + 40) % 256"
    run 0 train --data other "${few[@]}" --epochs 2 --out whole
    run 0 train --data other "${few[@]}" --epochs 1 --out out
    run 0 train --data other "${few[@]}" --epochs 2 --out out --resume
    [ "$(json final_sha256 out/run.json)" = "$(json final_sha256 whole/run.json)" ] ||
        wrong "another network after --resume"
    run 0 eval out/checkpoint/*400.npz --data other --test-images 100
}

# Sets in an .npz file, parts of sets, names.

# to_npz FILE NAME...: the small set, or those of its arrays, as Keras has them, in floats
to_npz() {
    with_numpy - "$work/small" "$@" <<'END' || wrong "no $1"
import sys, numpy as n
source, target, *names = sys.argv[1:]
arrays = {}
for name, file in (("train", "train"), ("test", "t10k")):
    pixels = open(f"{source}/{file}-images-idx3-ubyte", "rb").read()[16:]
    labels = open(f"{source}/{file}-labels-idx1-ubyte", "rb").read()[8:]
    arrays["x_" + name] = n.frombuffer(pixels, "u1").reshape(-1, 28, 28, 1) / n.float32(255)
    arrays["y_" + name] = n.frombuffer(labels, "u1").astype("i8")[:, None]
n.savez_compressed(target, **{name: a for name, a in arrays.items() if not names or name in names})
END
}
tiny=(--neurons 5 --train-images 9 --label-images 9 --test-images 9)
npz_set() { # the same result as from the IDX files; resumed and verified without naming the data again
    to_npz set.npz
    run 0 train --data "$work/small" "${tiny[@]}" --epochs 2 --json --out idx
    local wanted
    wanted=$(sha)
    run 0 train --data set.npz "${tiny[@]}" --data-name my-digits --json --out out
    [ "$(json data)" = my-digits ] || wrong "data is $(json data)"
    run 0 train "${tiny[@]}" --epochs 2 --json --out out --resume
    [ "$(sha)" = "$wanted" ] || wrong "another result"
    [ "$(json data)" = my-digits ] || wrong "after --resume data is $(json data)"
    run 0 verify out
    prints "my-digits"
    run 0 eval out/model.npz --data set.npz --data-name other-name --test-images 9 --json
    ! grep -q "other data" "$work/err" || wrong "the same data under another name are other data"
}
npz_bad() { # npz_bad TEXT PYTHON: a set after the lines of PYTHON is refused
    with_numpy - "$2" <<'END' || wrong "no set.npz"
import sys, numpy as n
a = {"x_train": n.zeros((9, 28, 28), "u1"), "y_train": n.arange(9), "x_test": n.zeros((3, 28, 28), "u1"),
     "y_test": n.arange(3)}
exec(sys.argv[1])
n.savez("set.npz", **a)
END
    refuses 3 "set.npz: array $1" train --data set.npz "${tiny[@]}"
}
npz_shapes() { # labels in floats, flat images and a single one are the same data
    to_npz set.npz
    with_numpy - <<'END' || wrong "no set.npz"
import numpy as n
a = dict(n.load("set.npz"))
x, y = a["x_test"], a["y_test"]
flat = {k: v.reshape(len(v), -1) if k[0] == "x" else n.float32(v) for k, v in a.items()}
n.savez("flat.npz", **flat)
n.savez("one.npz", x_test=x[7, :, :, 0])
n.savez("first.npz", x_test=x[7:8])
n.savez("either.npz", x_test=x[:16, :4, :4].reshape(16, 16))
n.savez("odd.npz", x_test=x.reshape(len(x), -1)[:, :783])
flat["y_test"][3] = 2.5
n.savez("half.npz", **flat)
END
    run 0 train --data set.npz "${tiny[@]}" --json
    local wanted
    wanted=$(sha)$(grep -o '"sha256": "[^"]*' run-custom-*/run.json | head -n 1)
    run 0 train --data flat.npz "${tiny[@]}" --json
    local found
    found=$(sha)$(grep -o '"sha256": "[^"]*' run-custom-*/run.json | head -n 1)
    [ "$found" = "$wanted" ] || wrong "other data"
    run 0 predict "$work/base/model.npz" --data one.npz --out one
    run 0 predict "$work/base/model.npz" --data first.npz --out first
    same one/predictions.npz first/predictions.npz
    refuses 3 "f4 [16, 16]: must be [images, height, width]: this may be one image, or flat ones" \
        predict "$work/base/model.npz" --data either.npz
    refuses 3 "flat images are no squares" predict "$work/base/model.npz" --data odd.npz
    refuses 3 "'y_test': label [3] = 2.5: must be a whole number in [0, 255]" \
        train --data half.npz "${tiny[@]}"
}
npz_empty() {
    : >empty.npz
    refuses 3 "empty.npz: is empty, no zip archive of arrays" train --data empty.npz
}
npz_test_only() {
    to_npz some.npz x_test y_test
    run 0 eval "$work/base/model.npz" --data some.npz --json
    [ "$(json accuracy_all)" = "$(json accuracy_all "$work/base.json")" ] || wrong "another accuracy"
    refuses 3 "some.npz: holds a test set only" train --data some.npz
    to_npz bare.npz x_test
    refuses 3 "bare.npz: has no labels of the test images" eval "$work/base/model.npz" --data bare.npz
}
bad_name() {
    for name in a/b .hidden -x mnist digits "a b" "$(printf 'x%.0s' {1..32})"; do
        usage "--data-name = " train --data "$work/small" "--data-name=$name"
    done
}
# blank FROM TO: copies the small set to $PWD/blank with black training images FROM to TO - 1
blank() {
    rm -rf blank && cp -r "$work/small" blank
    zeros $((($2 - $1) * 784)) |
        dd of=blank/train-images-idx3-ubyte bs=16 seek=$((1 + $1 * 49)) conv=notrunc status=none
}
ranges_of_training() { # images outside the ranges do not matter; those inside do
    local some=(--neurons 5 --train-images 100..130 --label-images 130..150 --test-images 9 --json) wanted
    run 0 train --data "$work/small" "${some[@]}" --out out
    wanted=$(sha)
    prints '"train_images":30'
    prints '"label_images":20'
    for part in "0 100" "150 600"; do
        blank $part
        run 0 train --data blank "${some[@]}" --quiet --out again
        [ "$(sha)" = "$wanted" ] || wrong "images $part matter"
    done
    for part in "100 101" "129 130" "130 150"; do
        blank $part
        run 0 train --data blank "${some[@]}" --quiet --out again
        [ "$(sha)" != "$wanted" ] || wrong "images $part do not matter"
    done
    run 0 verify out
    run 0 train --data "$work/small" "${some[@]}" --shuffle --epochs 2 --checkpoint-every 20 --out whole
    wanted=$(sha)
    run 0 train --data "$work/small" "${some[@]}" --shuffle --out part
    run 0 train --epochs 2 --json --out part --resume
    [ "$(sha)" = "$wanted" ] || wrong "another network after --resume"
    run 9 train --epochs 2 --train-images 30 --out part --resume
    says "train_first: 100 in the checkpoint, 0 asked"
}
right() { # the number of right answers of the last result
    python3 -c 'import json, sys; c = json.load(open(sys.argv[1]))["confusion"]
print(sum(c[k][k] for k in range(len(c))), sum(map(sum, c)))' "$work/out"
}
ranges_of_testing() { # an image's answer does not depend on the range that it is in
    local a b c
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 0..40 --json
    read -r a _ <<<"$(right)"
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 40..400 --json
    says "--test-images = 40..400: custom has 300 test images: those that are there are taken (fewer_images)"
    read -r b n <<<"$(right)"
    [ "$n" = 260 ] || wrong "$n images, must be 260"
    run 0 eval "$work/base/model.npz" --data "$work/small" --json
    read -r c _ <<<"$(right)"
    [ $((a + b)) = "$c" ] || wrong "$a + $b right in two parts, $c in one"
}
ranges_bad() {
    usage "--train-images = 600..700: custom has 600 training images, so A must be below 600" \
        train --data "$work/small" --train-images 600..700
    usage "--test-images = 300..301: custom has 300 test images" \
        eval "$work/base/model.npz" --data "$work/small" --test-images 300..301
    usage "A in A..B must be below B" train --data "$work/small" --label-images 5..5
}

# `clsnn data`.

data_list() {
    run 0 data list
    for name in mnist fashion-mnist kmnist; do
        prints "not found   to get it: clsnn data fetch $name"
        prints "searched    /usr/share/clsnn/$name (system): no such directory"
    done
    prints "60000 training, 10000 test, 28 x 28"
    run 0 data list --json
    is_json "$work/out"
    prints '"name": "digits"'
    prints '"searched"'
    [ -z "$(ls -A)" ] || wrong "data list has made files"
}
data_list_found() { # test_download.c tests how data list knows MNIST
    export CLSNN_DATA=$work/small
    run 3 data list
    prints "searched    $work/small (\$CLSNN_DATA): has MNIST's file names"
    prints "unusable    $work/small: sha256 of the images and labels is "
    says "MNIST's is"
    mkdir empty damaged
    head -c 100 "$work/small/train-images-idx3-ubyte" >damaged/train-images-idx3-ubyte
    CLSNN_DATA=$PWD/empty run 0 data list
    prints "no MNIST files in it"
    export CLSNN_DATA=$PWD/damaged
    mkdir -p "$PWD/xdg/clsnn/kmnist" # a second damaged set has an error of its own
    cp "$work/small"/t10k* "$PWD/xdg/clsnn/kmnist"
    export XDG_DATA_HOME=$PWD/xdg
    run 3 data list
    prints "unusable    $PWD/damaged: train-labels-idx1-ubyte"
    prints "unusable    $PWD/xdg/clsnn/kmnist: does not hold the four archives of KMNIST"
    says "damaged: train-labels-idx1-ubyte"
    run 3 data list --json
    is_json "$work/out"
    prints '"found": false'
    prints "\"error\": \"$PWD/damaged: train-labels-idx1-ubyte"
    prints "\"error\": \"$PWD/xdg/clsnn/kmnist: does not hold the four archives of KMNIST"
    prints '"name": "digits"'
    says "damaged: train-labels-idx1-ubyte"
    export CLSNN_DATA=$PWD/gone
    run 3 data list
    says "gone"
}
data_export() {
    run 0 data export digits "$PWD/x y" --json --quiet
    no_words
    is_json "$work/out"
    prints '"train": 60000'
    [ "$(find "x y" -type f -name '*-ubyte.gz' | wc -l)" = 4 ] || wrong "not the four files: $(ls -A "x y")"
    gzip -t "x y"/*.gz || wrong "not gzip"
    for name in "x y"/*.gz; do same "$name" "$work/digits/${name##*/}"; done
}
data_export_hidden() {
    refuses 8 "is there already and would be read instead" data export digits "$work/small"
}
data_export_to() { refuses 8 "${1%/*}: is a device: must be a folder" data export digits "$1"; }

# A proxy where nobody listens is as good as no network.
nobody=http://127.0.0.1:9
offline=(no_proxy= NO_PROXY=)
for name in http_proxy https_proxy HTTPS_PROXY ALL_PROXY; do offline+=("$name=$nobody"); done
mnist_sha=440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
data_fetch_offline() {
    export "${offline[@]}"
    run 8 data fetch mnist --out mnist
    says "MNIST could not be fetched into mnist"
    says "curl -fLO"
    says "sha256sum -c"
    says "$mnist_sha  train-images-idx3-ubyte.gz"
    [ ! -s "$work/out" ] || wrong "something was printed on stdout"
    [ -z "$(ls -A mnist)" ] || wrong "files were left: $(ls -A mnist)"
}
data_fetch_others() {
    export "${offline[@]}"
    run 8 data fetch fashion-mnist --out fashion
    says "Fashion-MNIST could not be fetched into fashion"
    says "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5  t10k-labels-idx1-ubyte.gz"
    run 8 data fetch kmnist --out kmnist
    says "KMNIST could not be fetched into kmnist"
    says "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c  t10k-labels-idx1-ubyte.gz"
    refuses 3 "kmnist: found in none of: " train --data kmnist
    refuses 3 "data = kmnits: no such directory: must be auto, mnist, fashion-mnist, kmnist, digits, FILE" \
        train --data kmnits
    usage "--data-name = kmnist: must be" train --data "$work/small" --data-name kmnist
}
data_fetch_wrong() { # the mirror has other files under MNIST's names
    "$clsnn" data fetch mnist --out probe 2>&1 | grep -q "built without libcurl" &&
        skip "built without libcurl"
    rm -rf probe
    export "${offline[@]}" CLSNN_MNIST_MIRROR="file://$work/digits"
    run 8 data fetch mnist --out mnist
    says "must be $mnist_sha"
    [ -z "$(ls -A mnist)" ] || wrong "files were left: $(ls -A mnist)"
}
data_fetch_to_file() {
    echo hello >hello.txt
    export "${offline[@]}"
    refuses 8 "--out = hello.txt: is a file: must be a folder" data fetch mnist --out hello.txt --quiet
}

# Other names and places of the four files.
named() { # named SED_EXPRESSION FOLDER: the small set, named otherwise, in data/FOLDER, gives the same result
    local path name
    mkdir -p "data/$2"
    for path in "$work/small"/*; do
        name=$(basename "$path" | sed -E "$1")
        case $name in */*) mkdir -p "data/$2/${name%/*}" ;; esac
        cp "$path" "data/$2/$name"
    done
    run 0 train --data data --neurons 5 --train-images 9 --label-images 9 --test-images 9 --json --out out
    [ "$(sha)" = "$("$clsnn" train --data "$work/small" --neurons 5 --train-images 9 --label-images 9 \
        --test-images 9 --json --quiet --out again | sed -E 's/.*"final_sha256":"([0-9a-f]+)".*/\1/')" ] ||
        wrong "another result"
}
two_sets() {
    local set
    mkdir two
    for set in letters digits; do
        for path in "$work/small"/*; do cp "$path" "two/emnist-$set-$(basename "$path")"; done
    done
    refuses 3 "put each data set into a directory of its own" train --data two
}
test_set_only() {
    mkdir some
    cp "$work/small"/t10k* some
    run 0 eval "$work/base/model.npz" --data some --json
    says "(other_data)"
    refuses 3 "holds a test set only" train --data some
    rm some/*labels*
    refuses 3 "some: has no labels of the test images" eval "$work/base/model.npz" --data some
}
is_instead() { # is_instead TEXT BYTES: what stands in the place of the images is named
    mkdir data
    cp "$work/small"/* data
    rm data/train-images*
    printf "$2" >data/train-images-idx3-ubyte
    refuses 3 "$1" train --data data
    gzip data/train-images-idx3-ubyte
    refuses 3 "$1" train --data data
}

# The list of cases.

on "data mnist is nowhere" data_absent "mnist: found in none of" mnist
on "data mnist is nowhere: how to get it" data_absent "clsnn data fetch mnist" mnist
on "data DIR does not exist" \
    data_absent "data = nowhere: no such directory: must be auto, mnist, fashion-mnist, kmnist, digits" \
        nowhere
on "data DIR is a file" data_is_file
on "data DIR is empty" data_empty
on "CLSNN_DATA does not exist" data_variable
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
    on "data DIR lacks $name" data_lacks $name
done
images=train-images-idx3-ubyte labels=t10k-labels-idx1-ubyte train_labels=train-labels-idx1-ubyte
for n in 0 1 2 3 9 10 11 18 100; do on "gzip truncated to $n bytes" packed "trunca" $images cut_to $n; done
on "gzip truncated to half, images" packed "truncated gzip data: ends after" $images cut_half
on "gzip truncated to half, labels" packed "truncated gzip data: ends after" $labels cut_half
on "gzip lacks its last byte" packed "truncated gzip data" $images cut_to -1
on "gzip lacks its trailer" packed "truncated gzip data" $labels cut_to -8
on "gzip: method damaged" packed "corrupt gzip data" $images flip_at 2
on "gzip: middle damaged, images" packed "$images" $images flip_half
on "gzip: middle damaged, labels" packed "$labels" $labels flip_half
on "gzip: checksum damaged" packed "corrupt gzip data" $images flip_at -8
on "gzip: length damaged" packed "corrupt gzip data" $labels flip_at -1
on "gzip: magic damaged" packed "" $images flip_at 0
on "gzip: something follows" packed "something follows the gzip data" $images follow rubbish
on "gzip of something else" packed "must be an IDX file of images" $images become "$work/something.gz"
on "gzip of nothing" packed "trunca" $images become "$work/nothing.gz"
on "plain images truncated" plain "the file is truncated" $images cut_to 10000
on "plain images truncated in the header" plain "the file is truncated" $images cut_to 15
on "plain images empty" plain "the file is truncated" $images cut_to 0
on "plain labels: something follows" \
    plain "$labels: holds more than 308 bytes, which is what its header claims" $labels follow rubbish
on "images: wrong magic" plain "magic number of the images 0xff000803: must be 0x00000803" $images put 0 255
on "images: four dimensions" plain "images must be unsigned bytes in 3" $images put 3 4
on "images: labels in their place" plain "images and labels are swapped" $images become "$work/small/$labels"
on "labels: wrong magic" plain "magic number of the labels 0xff000801: must be 0x00000801" $labels put 0 255
on "images of two sizes" \
    plain "training images of 27 x 27 pixels, test images of 28 x 28: must be of one size" $images side_27
on "fewer labels than images" plain "600 images but 599 labels: must be as many" $train_labels labels_for 599
on "more labels than images" plain "300 images but 301 labels: must be as many" $labels labels_for 301
on "26 classes, from 1" letters
on "classes 1 to 10" classes "(p + 1) % 256" 11 0.25
on "ten classes up to 255" classes "(p * 25 + 30) % 256" 256 0.25
on "a test class that training lacks" odd_test_class
on "resume and verify with 26 classes" classes_go_on
on "no images at all" plain "header claims 0" $images put 4 0 0 0 0
on "4294967295 images claimed" plain "header claims 4294967295" $images put 4 255 255 255 255
on "names with a dot" named 's/-idx/.idx/' .
on "names with a prefix, and test for t10k" named 's/^/emnist-letters-/; s/t10k/test/' .
on "a folder for each file" named 's/^([^.]*)(.*)/\1\2\/\1\2/' .
on "the files in MNIST/raw" named '' MNIST/raw
on "two sets in one directory" two_sets
on "a test set only" test_set_only
on "npz: the small set" npz_set
on "npz: a test set only" npz_test_only
on "npz: labels in floats, flat images, one image" npz_shapes
on "npz: no such file" data_absent "data = nowhere.npz: no such file: must be auto" nowhere.npz
on "npz: an empty file" npz_empty
on "npz: pixels beyond 1" npz_bad "'x_train': pixel [0, 0, 0] = 255: must be in [0, 1]" \
    'a["x_train"] = a["x_train"] + 255.0'
on "npz: images of other types" npz_bad "'x_train': i8 [9, 28, 28]: must be u1, f4 or f8" \
    'a["x_train"] = a["x_train"].astype("i8")'
on "npz: half precision" npz_bad "'x_test': .npy type '<f2': must be one of" \
    'a["x_test"] = a["x_test"].astype("f2")'
on "npz: ragged images" npz_bad "'x_train': .npy type '|O' (pickled objects)" \
    'a["x_train"] = n.array([[[1]], [[1], [2]]], object)'
on "npz: images in columns" npz_bad "'x_train': .npy in Fortran order" \
    'a["x_train"] = n.asfortranarray(a["x_train"])'
on "npz: labels below 0" npz_bad "'y_train': label [2] = -1: must be a whole number in" 'a["y_train"][2] = -1'
on "npz: labels one-hot" npz_bad "'y_train': f8 [9, 10]: must be whole numbers" 'a["y_train"] = n.eye(9, 10)'
on "npz: no images" npz_bad "'x_test': 0 images: must be in [1, 1000000]" \
    'a["x_test"], a["y_test"] = a["x_test"][:0], a["y_test"][:0]'
on "--data-name: no name" bad_name
on "ranges of training and labelling images" ranges_of_training
on "ranges of test images" ranges_of_testing
on "ranges without an image" ranges_bad
on "a web page for the images" is_instead "is a web page or XML: fetch the file itself" '<!DOCTYPE html>\n<p>'
on "an XML error for the images" is_instead "is a web page or XML" '\xef\xbb\xbf<?xml version="1.0"?>'
on "a Git LFS pointer for the images" is_instead "'git lfs pull' fetches" 'version https://git-lfs.org/'
on "a zip archive for the images" is_instead "is a zip archive: unpack it" 'PK\3\4 and more and more'
on "a packed file, packed again" is_instead "is packed by" 'BZh91AY&SY and more'
on "a numpy array for the images" is_instead "is a numpy array (.npy)" '\x93NUMPY\1\0v\0{}'
on "a pickle for the images" is_instead "is a Python pickle" '\x80\4\x95 and more and more'
on "text for the images" is_instead "is text: fetch the file itself" 'Sorry, this file has moved.'
any "data list" data_list
any "data list of what is another set, empty, damaged and gone" data_list_found
any "data export digits" data_export
any "data export: plain files in the way" data_export_hidden
any "data export below a device" data_export_to /dev/null/x
any "data fetch mnist without network: what to run elsewhere" data_fetch_offline
any "data fetch fashion-mnist, kmnist" data_fetch_others
any "data fetch to a file" data_fetch_to_file
any "data fetch mnist from a wrong mirror" data_fetch_wrong

run_cases small packed base
