#!/usr/bin/env bash
# Shell scripts, by name or by first line, are clean under shellcheck.
. "$(dirname "$0")/common.sh"

need shellcheck
mapfile -t files < <({
  sources '*.sh'
  find . \( -path ./build -o -path ./.git -o -path ./.cache \) -prune -o -type f -perm -u+x ! -name '*.*' -print |
    sed 's,^\./,,' | while read -r file; do
      head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b' && echo "$file"
    done
} | sort -u)
((${#files[@]})) || fail "no scripts below $root"
shellcheck "${files[@]}" || fail "shellcheck has findings"

finish
