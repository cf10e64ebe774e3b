#!/bin/sh
# Line and branch coverage of host/ by the host, device and cli suites, from gcov: a table, then totals. Exits
# 1 below 95 % of lines or 85 % of branches. The device suite tries only work-groups of one, unless
# TEST_WORK_GROUP is set: the host's code is the same for all.
# Usage: coverage.sh [--scratch DIR] [--only-report] [-- MESON_SETUP_ARGUMENT...]
# DIR keeps the build. --only-report runs no tests and reports on what earlier ones left in DIR.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
scratch='' run=1
while [ $# -gt 0 ]; do
    case $1 in
    --scratch) scratch=${2:?--scratch DIR} && shift ;;
    --only-report) run=0 ;;
    --) shift && break ;;
    *) echo "coverage.sh: $1: must be --scratch DIR, --only-report or --" >&2 && exit 2 ;;
    esac
    shift
done
[ -n "$scratch" ] || {
    scratch=$(mktemp -d) || exit 1
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
}
build=$scratch/coverage
[ -e "$build/build.ninja" ] || meson setup "$build" "$root" -Db_coverage=true -Doptimization=0 "$@" || exit 1
if [ $run = 1 ]; then
    ninja -C "$build" || exit 1
    find "$build" -name '*.gcda' -delete
    TEST_WORK_GROUP=${TEST_WORK_GROUP:-1} meson test -C "$build" --no-rebuild \
        --timeout-multiplier 10 --print-errorlogs --suite host --suite device --suite cli ||
        echo "coverage.sh: some tests fail; the table shows what ran" >&2
fi

python3 - "$build" "$root" <<'END'
import json, os, re, subprocess, sys
build, root = sys.argv[1:]
LINES, BRANCHES = 95.0, 85.0
# A branch is not counted if its line matches one of these patterns; each has its reason. Lines always count.
EXCLUDED = [
    (r"\bTRY(_CL)?\(",
     "passing a failure on: the failure is tested where it arises, the way out is one macro"),
    (r"CLSNN_E_MEMORY", "no memory: malloc fails in tests/hostile/faults.sh alone"),
    (r"\bassert\(", "an assertion that fails ends the test"),
]
# An `if (!p)` is not counted either if the next line reports CLSNN_E_MEMORY.
NEXT = r"^\s*if \(!"

def objects():
    for folder, _, names in os.walk(os.path.join(build, "host")):
        for name in names:
            if name.endswith(".gcno"):
                yield os.path.join(folder, name)

files = {}
for gcno in objects():
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", gcno], cwd=build,
                          capture_output=True, text=True)
    for text in done.stdout.splitlines():
        for entry in json.loads(text)["files"]:
            path = os.path.normpath(os.path.join(build, entry["file"]))
            name = os.path.relpath(path, os.path.join(root, "host"))
            if name.startswith("..") or not path.endswith(".c"):
                continue
            lines, branches = files.setdefault(name, ({}, {}))
            source = open(path, encoding="utf-8").read().splitlines()
            for line in entry["lines"]:
                n = line["line_number"]
                lines[n] = lines.get(n, 0) + line["count"]
                own, after = source[n - 1], source[n] if n < len(source) else ""
                if (any(re.search(p, own) for p, _ in EXCLUDED)
                        or re.search(NEXT, own) and "CLSNN_E_MEMORY" in after):
                    continue
                for k, branch in enumerate(line["branches"]):
                    branches[n, k] = branches.get((n, k), 0) + branch["count"]
if not files:
    sys.exit("coverage.sh: gcov found nothing of host/")

def share(counts):
    hit = sum(1 for c in counts.values() if c)
    return hit, len(counts), 100.0 * hit / len(counts) if counts else 100.0

print(f"{'file':30} {'lines':>14} {'%':>6}   {'branches':>14} {'%':>6}   lines not run")
for name, (lines, branches) in sorted(files.items(), key=lambda item: share(item[1][0])[2]):
    (a, b, p), (c, d, q) = share(lines), share(branches)
    missed, spans = sorted(n for n, count in lines.items() if not count), []
    for n in missed:
        if spans and n - spans[-1][1] <= 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    said = " ".join(f"{x}-{y}" if y > x else str(x) for x, y in spans)
    said = said if len(said) < 90 else said[:87] + "..."
    print(f"{name:30} {a:6} of {b:5} {p:6.1f}   {c:6} of {d:5} {q:6.1f}   {said}")
a, b, p = share({(f, n): c for f, (lines, _) in files.items() for n, c in lines.items()})
c, d, q = share({(f, n): c for f, (_, branches) in files.items() for n, c in branches.items()})
print(f"{'all':30} {a:6} of {b:5} {p:6.1f}   {c:6} of {d:5} {q:6.1f}")
if p < LINES or q < BRANCHES:
    sys.exit(f"coverage.sh: {p:.1f} % of lines, must be {LINES:.0f}; "
             f"{q:.1f} % of branches, must be {BRANCHES:.0f}")
END
