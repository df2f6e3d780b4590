# shellcheck shell=bash
# common: what the lint tests share. A test is called as NAME_test.sh [ROOT];
# ROOT is the tree to look at, this one when it is not named.

set -euo pipefail
export LC_ALL=C

root=$(cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" && pwd)
cd "$root"
failures=0

# fail TEXT...: one finding. The test goes on and ends with `finish`.
fail() {
  printf '%s\n' "$*"
  failures=$((failures + 1))
}

finish() {
  if ((failures)); then
    printf '%d findings\n' "$failures"
    exit 1
  fi
}

# need PROGRAM: ends the test as skipped (77) where there is no such program.
need() {
  if ! command -v "$1" >/dev/null; then
    printf 'skipped: %s is not installed\n' "$1"
    exit 77
  fi
}

# sources GLOB...: our files of these names, one a line, without build folders.
sources() {
  local names=() glob
  for glob in "$@"; do
    names+=(-o -name "$glob")
  done
  find . \( -path ./build -o -path ./.git -o -path ./.cache \) -prune -o -type f \( "${names[@]:1}" \) -print |
    sed 's,^\./,,' | sort
}
