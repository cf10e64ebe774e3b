#!/bin/sh
# Tests kernels/embed.c on a small tree: it inlines includes under their own names and line numbers, removes
# comments, and keeps everything else.
# Usage: embed.sh EMBED
embed=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/in/laws" "$work/dir/shared"
cat >"$work/in/program.cl" <<'END'
/* the
 * whole */
#include "laws/a.cl" // one
int z = 1 /* inner */ + 2; // tail
END
cat >"$work/in/laws/a.cl" <<'END'
int a = "/* kept // */"[0]; char q = '"'; /* gone */
#include "b.cl"
#include "shared/c.h"
END
printf '#error it isn'\''t /* gone */\nint b; \t\n' >"$work/in/laws/b.cl"
printf '#include "nowhere.h"\nint c;\n' >"$work/dir/shared/c.h"
cat >"$work/wanted" <<'END'
#line 1 "program.cl"


#line 1 "laws/a.cl"
int a = "/* kept // */"[0]; char q = '"';
#line 1 "laws/b.cl"
#error it isn't /* gone */
int b;

#line 3 "laws/a.cl"
#line 1 "shared/c.h"
#include "nowhere.h"
int c;

#line 4 "laws/a.cl"

#line 4 "program.cl"
int z = 1   + 2;
END
"$embed" "$work/in/program.cl" "$work/out.c" source "$work/dir" || exit 1
echo 1..1
# Turns the array back into text. The last byte is the terminating zero.
sed -n '/{$/,/0};/p' "$work/out.c" | tr -d '\n' | sed 's/.*{//; s/0};.*//' | tr ',' '\n' |
    while read -r byte; do [ -n "$byte" ] && printf "\\$(printf %o "$byte")"; done >"$work/got"
if cmp -s "$work/wanted" "$work/got"; then
    echo "ok 1 - embed"
else
    diff "$work/wanted" "$work/got" | sed 's/^/# /'
    echo "not ok 1 - embed"
    exit 1
fi
