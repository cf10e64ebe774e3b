#!/bin/sh
# Compiles the kernels offline, as OpenCL C 1.2, for work-groups of one and of many, to train and to record.
# Usage: kernels.sh ROOT RANDOM123_DIR [CLANG]
# Without CLANG the test is skipped.
root=$1 random123=$2 clang=$3
echo 1..26
if [ -z "$clang" ]; then
    echo "# no clang was found when the build was set up: the kernels are not compiled offline"
    exit 77
fi
n=0 failed=0
for flags in -DCLSNN_WG=1 "-DCLSNN_WG=64 -DCLSNN_BLOCKS=1" "-DCLSNN_WG=64 -DCLSNN_BLOCKS=4" \
    "-DCLSNN_WG=16 -DCLSNN_BLOCKS=32" "-DCLSNN_WG=1 -DCLSNN_RECORD" \
    "-DCLSNN_WG=64 -DCLSNN_BLOCKS=2 -DCLSNN_RECORD" "-DCLSNN_WG=1 -DCLSNN_SHARES" \
    "-DCLSNN_WG=64 -DCLSNN_BLOCKS=1 -DCLSNN_SHARES" "-DCLSNN_WG=1 -DCLSNN_RULE=1" \
    "-DCLSNN_WG=1 -DCLSNN_RULE=2" "-DCLSNN_WG=64 -DCLSNN_BLOCKS=2 -DCLSNN_RULE=3" \
    "-DCLSNN_WG=1 -DCLSNN_RULE=3 -DCLSNN_PAIRING=1" "-DCLSNN_WG=64 -DCLSNN_BLOCKS=1 -DCLSNN_RULE=4" \
    "-DCLSNN_WG=16 -DCLSNN_BLOCKS=32 -DCLSNN_PAIRING=1" \
    "-DCLSNN_WG=1 -DCLSNN_INHIBITION=1" \
    "-DCLSNN_WG=64 -DCLSNN_BLOCKS=1 -DCLSNN_INHIBITION=1 -DCLSNN_RULE=1" \
    "-DCLSNN_WG=1 -DCLSNN_N_PRE=7" "-DCLSNN_WG=16 -DCLSNN_BLOCKS=1 -DCLSNN_N_PRE=4096" \
    "-DCLSNN_WG=1 -DCLSNN_SHARES -DCLSNN_N_PRE=7" "-DCLSNN_WG=1 -DCLSNN_BARE" \
    "-DCLSNN_WG=64 -DCLSNN_BLOCKS=4 -DCLSNN_BARE" \
    "-DCLSNN_WG=64 -DCLSNN_BLOCKS=1 -DCLSNN_RULE=3 -DCLSNN_N_PRE=35" \
    "-DCLSNN_WG=1 -DCLSNN_DELAY=20" "-DCLSNN_WG=1 -DCLSNN_RECORD -DCLSNN_DELAY=63 -DCLSNN_RULE=3" \
    "-DCLSNN_WG=64 -DCLSNN_BLOCKS=1 -DCLSNN_DELAY=20 -DCLSNN_PAIRING=1" \
    "-DCLSNN_WG=16 -DCLSNN_BLOCKS=32 -DCLSNN_RECORD -DCLSNN_DELAY=1 -DCLSNN_RULE=2"; do
    n=$((n + 1))
    # shellcheck disable=SC2086 # flags are words
    if said=$("$clang" -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -D__OPENCL_VERSION__=120 $flags \
        -I"$root/include" -isystem "$random123" -fsyntax-only -Wall -Wextra -Wno-unused-parameter -Werror \
        "$root/kernels/program.cl" 2>&1); then
        echo "ok $n - $flags"
    else
        echo "not ok $n - $flags"
        echo "$said" | sed 's/^/# /'
        failed=1
    fi
done
exit $failed
