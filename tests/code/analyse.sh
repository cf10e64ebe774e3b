#!/bin/sh
# Static analysis of host/, bench/ and tests/: gcc's analyzer, clang-tidy with the checks of .clang-tidy, and
# cppcheck, over the compile commands of a build. Any finding fails. A false finding is suppressed in the
# source, with the reason: NOLINT for clang-tidy, cppcheck-suppress for cppcheck, a pragma for gcc.
# Usage: analyse.sh BUILD_FOLDER [gcc|clang-tidy|cppcheck]...
# Speaks TAP. A tool that is not installed is skipped.
build=${1:?usage: analyse.sh BUILD_FOLDER [gcc|clang-tidy|cppcheck]...}
shift
[ $# -gt 0 ] || set -- gcc clang-tidy cppcheck
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Lists the project's own sources, each with the first command that compiles it: compile_commands.json for
# clang-tidy and cppcheck, a file of commands, one a line, for gcc. The gcc commands switch optimisation off:
# gcc's analyzer runs after inlining and vectorising, and finds faults in loops which these have made.
python3 - "$build" "$work" <<'END' || exit 1
import json, os, shlex, sys
build, work = sys.argv[1:]
kept, lines = {}, []
for entry in json.load(open(os.path.join(build, "compile_commands.json"))):
    path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
    if path in kept or "subprojects" in path or path.endswith("kernel_source.c") or not path.endswith(".c"):
        continue
    words, own = iter(shlex.split(entry["command"])), []
    for word in words:
        if word in ("-o", "-MF", "-MQ"):
            next(words)
        elif word != "-MD" and not word.startswith(("-O", "-march=", "-fsanitize", "-fdiagnostics-color")):
            own.append(word)
    kept[path] = {"directory": entry["directory"], "file": path, "arguments": own}
    if any(os.path.basename(word) in ("clang", "ccache") for word in own[:1]):
        own[0] = "gcc"
    own = [word for word in own if word != "-Werror"]
    # gcc 12 takes a scalar for unset once memcpy has had its address. clang-tidy and cppcheck look for unset
    # scalars too.
    own.append("-Wno-analyzer-use-of-uninitialized-value")
    # gcc 12 takes memory for leaked once an index or an offset leads to its pointer, as in
    # `array[k]->text = malloc()`. clang-tidy looks for leaks, and sanitize.sh and faults.sh see every leak
    # that happens.
    own.append("-Wno-analyzer-malloc-leak")
    if os.sep + "tests" + os.sep in path:
        # cmocka's assert_non_null() ends a test by longjmp, but its header does not say so.
        own += [f"-Wno-analyzer-{kind}" for kind in ("null-dereference", "null-argument",
                                                     "possible-null-dereference", "possible-null-argument")]
    lines.append(f"cd {shlex.quote(entry['directory'])} && {shlex.join(own)} -O0 -S -fanalyzer -o /dev/null")
if not kept:
    sys.exit("analyse.sh: no source of the project in compile_commands.json")
json.dump(list(kept.values()), open(os.path.join(work, "compile_commands.json"), "w"))
# cppcheck does not read the compiler's own headers, but libpng needs <limits.h> of them.
limits = ["-DCHAR_BIT=8", "-DUCHAR_MAX=255", "-DSHRT_MIN=-32768", "-DSHRT_MAX=32767", "-DUSHRT_MAX=65535",
          "-DINT_MIN=-2147483648", "-DINT_MAX=2147483647", "-DUINT_MAX=4294967295"]
# cppcheck understands no quotes but \" (no argument here has a space).
json.dump([{"directory": e["directory"], "file": e["file"],
            "command": " ".join(word.replace('"', '\\"') for word in e["arguments"] + limits)}
           for e in kept.values()],
          open(os.path.join(work, "cppcheck.json"), "w"))
open(os.path.join(work, "gcc"), "w").write("\n".join(lines) + "\n")
open(os.path.join(work, "files"), "w").write("\n".join(kept) + "\n")
END

run_gcc() {
    bad=0
    while read -r command; do
        sh -c "$command" >>"$work/log" 2>&1 || bad=1
    done <"$work/gcc"
    [ $bad = 0 ] && ! grep -q 'warning:' "$work/log"
}

run_clang_tidy() {
    # One run a file: clang-tidy 14 knows a va_list only in its first file and takes every later one for
    # unset.
    bad=0
    while read -r file; do
        clang-tidy --quiet -p "$work" --extra-arg=-Wno-unknown-warning-option "$file" \
            >>"$work/log" 2>"$work/err" || {
            cat "$work/err" >>"$work/log"
            bad=1
        }
    done <"$work/files"
    return $bad
}

run_cppcheck() {
    # varFuncNullUB is suppressed: C allows NULL to be a plain 0, which does not end a list of pointers. POSIX
    # demands a pointer.
    cppcheck --project="$work/cppcheck.json" --enable=warning,performance,portability --inline-suppr \
        --std=c11 --quiet --suppress=varFuncNullUB --error-exitcode=1 \
        --template='{file}:{line}: {severity}: {message} [{id}]' >"$work/log" 2>&1
}

echo "1..$#"
n=0 failed=0 ran=0
for tool; do
    n=$((n + 1))
    if ! command -v "$tool" >/dev/null; then
        echo "ok $n - $tool # SKIP not installed"
        continue
    fi
    ran=1
    : >"$work/log"
    if "run_$(echo "$tool" | tr - _)"; then
        echo "ok $n - $tool, $(wc -l <"$work/files") files"
    else
        echo "not ok $n - $tool"
        sed 's/^/# /' "$work/log"
        failed=1
    fi
done
[ $ran = 1 ] || exit 77
exit $failed
