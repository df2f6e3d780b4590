#!/usr/bin/env bash
# No file has more than 500 lines, no function more than 80.
. "$(dirname "$0")/common.sh"

max_file=500
max_function=80
mapfile -t files < <(sources '*.c' '*.h' '*.cpp' '*.hpp' '*.sh' '*.py')
((${#files[@]})) || fail "no files below $root"

# A function's body stands between braces in the first column.
while read -r finding; do
  fail "$finding"
done < <(awk -v max_file=$max_file -v max_function=$max_function '
  FNR == 1 { check_file(); name = FILENAME; start = 0 }
  { lines = FNR }
  /^[{]/ { start = FNR }
  /^[}]/ && start {
    if (FNR - start + 1 > max_function)
      printf "%s:%d: a function of %d lines, %d at most\n", FILENAME, start, FNR - start + 1, max_function
    start = 0
  }
  END { check_file() }
  function check_file() {
    if (lines > max_file)
      printf "%s: %d lines, %d at most\n", name, lines, max_file
  }' "${files[@]}")

finish
