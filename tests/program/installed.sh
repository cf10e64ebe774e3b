#!/bin/sh
# The installed library, outside the tree and through pkg-config alone. The example of clsnn.h and user.c
# train a small network, each as C and as C++, and both languages give one result. Each header compiles alone.
# The shared library exports exactly what the headers declare.
# Usage: installed.sh BUILD ROOT
# Speaks TAP. Exits 77 where a tool is missing.
build=$1 root=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
CC=${CC:-cc} CXX=${CXX:-c++}
for tool in "$CC" "$CXX" pkg-config nm; do
    command -v "$tool" >/dev/null || {
        echo "1..0 # SKIP $tool is not installed: the installed library is not tried"
        exit 77
    }
done
DESTDIR=$work/dest meson install -C "$build" --no-rebuild --quiet >"$work/log" 2>&1 || {
    sed 's/^/# /' "$work/log"
    exit 1
}
pc=$(find "$work/dest" -name clsnn.pc)
system=$(pkg-config --variable pc_path pkg-config)
export PKG_CONFIG_PATH="${pc%/*}:$system" PKG_CONFIG_SYSROOT_DIR="$work/dest" PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
# flags OPTION: prints pkg-config's flags. pkg-config puts the sysroot before every path; a path that is not
# in the sysroot is the system's and loses it again.
flags() {
    pkg-config "$@" clsnn | tr ' ' '\n' | while read -r flag; do
        path=${flag#-[IL]}
        case $flag in
        -[IL]"$work"/*) [ -e "$path" ] && echo "$flag" || echo "${flag%"$path"}${path#"$work/dest"}" ;;
        *) echo "$flag" ;;
        esac
    done
}
cflags=$(flags --cflags) libs=$(flags --libs)
LD_LIBRARY_PATH=$(dirname "$(find "$work/dest" -name libclsnn.so)")
export LD_LIBRARY_PATH
unset CLSNN_DATA

n=0 failed=0
# check NAME COMMAND...: prints one line of TAP, after the command's words if it failed; 77 is a skip
check() {
    name=$1
    shift
    n=$((n + 1))
    "$@" >"$work/said" 2>&1
    case $? in
    0) echo "ok $n - $name" ;;
    77) echo "ok $n - $name # SKIP no OpenCL device" ;;
    *)
        sed 's/^/# /' "$work/said" | head -n 30
        echo "not ok $n - $name"
        failed=1
        ;;
    esac
}
c() { "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror $cflags "$@" $libs; }
cxx() { "$CXX" -std=c++11 -Wall -Wextra -Wpedantic -Werror -x c++ $cflags "$1" -x none -o "$3" $libs; }

headers() { # each header compiles alone in both languages
    for header in "$work"/dest/usr/local/include/clsnn/*.h; do
        printf '#include <clsnn/%s>\nint main(void) { return 0; }\n' "${header##*/}" >"$work/h.c"
        c -o "$work/h" "$work/h.c" && cxx "$work/h.c" -o "$work/h" || return 1
    done
}
few_headers() {
    count=$(find "$work/dest" -path '*include/clsnn/*' | wc -l)
    echo "$count files in include/clsnn"
    [ "$count" -le 16 ]
}
symbols() { # compares exported and declared names; sed and tr drop comments and line ends from declarations
    nm -D --defined-only "$LD_LIBRARY_PATH/libclsnn.so" | awk '{print $3}' | sort >"$work/exported"
    cat "$root"/include/clsnn/*.h | tr '\n' ' ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' | tr ';' '\n' |
        sed -n 's/.*CLSNN_API [^(]*\b\(clsnn_[a-z0-9_]*\) *\((.*\|\[\]\)\?$/\1/p' | sort >"$work/declared"
    [ -s "$work/declared" ] && diff "$work/declared" "$work/exported"
}
example() { # the example in clsnn.h, with fewer neurons and images
    sed -n '/^ \*     #include <clsnn/,/^ \*     }/s/^ \*     \?//p' "$root/include/clsnn/clsnn.h" |
        sed 's/"auto"/"digits"/; s/neurons = 100/neurons = 16/; s/2000/40/; s/1000/30/g' >"$work/example.c"
    c -o "$work/example-c" "$work/example.c" && cxx "$work/example.c" -o "$work/example-cxx" || return 1
    for language in c cxx; do
        "$work/example-$language" >"$work/result-$language" 2>"$work/error"
        code=$?
        cat "$work/error"
        [ $code = 4 ] && return 77
        [ $code = 0 ] && grep -q '^digits: [0-9.]* % right$' "$work/result-$language" || return 1
    done
    cmp "$work/result-c" "$work/result-cxx"
}
user() {
    c -o "$work/user-c" "$root/tests/program/user.c" || return 1
    cxx "$root/tests/program/user.c" -o "$work/user-cxx" || return 1
    for language in c cxx; do
        mkdir -p "$work/dir-$language"
        "$work/user-$language" "$work/dir-$language" >"$work/result-$language" || return
    done
    cat "$work/result-c"
    cmp "$work/result-c" "$work/result-cxx"
}

examples() { # the Python examples are there; examples.sh runs them
    for script in network figures; do
        test -x "$work/dest/usr/local/share/doc/clsnn/examples/$script.py" || return 1
    done
}

echo 1..7
check "each header compiles alone, as C11 and as C++11" headers
check "at most 16 headers" few_headers
check "exported: the API's symbols and no others" symbols
check "the example of clsnn.h, as C and as C++" example
check "user.c, as C and as C++" user
check "the Python examples" examples
check "the program" "$work/dest/usr/local/bin/clsnn" --version
exit $failed
