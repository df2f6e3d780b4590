#!/usr/bin/env bash
# Every C and C++ file is as clang-format would write it: clang-format -i FILE.
. "$(dirname "$0")/common.sh"

need clang-format
mapfile -t files < <(sources '*.c' '*.h' '*.cpp' '*.hpp')
((${#files[@]})) || fail "no C files below $root"
clang-format --dry-run -Werror "${files[@]}" || fail "not formatted"

finish
