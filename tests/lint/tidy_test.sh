#!/usr/bin/env bash
# tidy_test.sh ROOT BUILD: clang-tidy has nothing to say about any file that
# BUILD compiles. One process a file: the analyzer of clang-tidy 14 takes
# things of one file for those of the next (valist.Uninitialized).
. "$(dirname "$0")/common.sh"

build=$2
need clang-tidy
need python3
mapfile -t files < <(python3 - "$build/compile_commands.json" "$root/" <<'PYTHON'
import json, sys
names = {entry["file"] for entry in json.load(open(sys.argv[1]))}
print("\n".join(sorted(name for name in names if name.startswith(sys.argv[2]))))
PYTHON
)
[[ ${files[*]} ]] || fail "$build compiles no file below $root"
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet 2>/dev/null || fail "clang-tidy has findings"

finish
