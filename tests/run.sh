#!/usr/bin/env bash
# run.sh: installs what is missing, builds, runs the tests, and ends with one
# line "N passed, N failed". Works as root and as a user with sudo.
#
#   tests/run.sh                    everything
#   tests/run.sh --label unit       one kind: unit, system, fault, slow, lint, fuzz (a regex)
#   tests/run.sh --without slow     all but one kind (a regex)
#   tests/run.sh -k 'frames|ranks'  tests whose names match
#   tests/run.sh --preset asan      another build: release, debug, asan, tsan, coverage
#   tests/run.sh --no-install       never calls apt-get
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
# shellcheck source=tests/lib/packages.sh
. tests/lib/packages.sh
# shellcheck source=tests/lib/mpi.sh
. tests/lib/mpi.sh
export VIDMPI_SAMPLES=${VIDMPI_SAMPLES:-$root/build/samples}

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$root/tests/run.sh"
  exit "$1"
}

preset=release
install=1
select=()
while [ $# -gt 0 ]; do
  case $1 in
  --label | --without | -k | --preset) [ $# -gt 1 ] || usage 2 ;;
  esac
  case $1 in
  --label) select+=(-L "$2") && shift ;;
  --without) select+=(-LE "$2") && shift ;;
  -k) select+=(-R "$2") && shift ;;
  --preset) preset=$2 && shift ;;
  --no-install) install= ;;
  -h | --help) usage 0 ;;
  *)
    echo "run.sh: unknown option $1" >&2
    usage 2
    ;;
  esac
  shift
done

# Ends the run before a test ran: what failed counts as one.
give_up() {
  echo "run.sh: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

# Nothing here reads from a terminal, and a test must not wait for one.
exec </dev/null
log=$(mktemp)
if [ -n "$install" ]; then
  packages_install build test lint || give_up "cannot install the packages"
  packages_install fault || echo "run.sh: no filesystems to mount: the tests that want them are skipped"
  packages_install opencv || echo "run.sh: no OpenCV: its plugin is left out, its tests are skipped"
fi
cmake --preset "$preset" -DVID_WERROR=ON -DVID_TESTS=ON >"$log" 2>&1 || { cat "$log"; give_up "cannot configure"; }
rm -f "$log"
cmake --build "build/$preset" || give_up "cannot build"
tests/lib/samples.sh || give_up "cannot fetch the sample clips"

report=$root/build/$preset/tests.xml
rm -f "$report"
ctest --test-dir "build/$preset" --output-on-failure -j "$(nproc)" --output-junit "$report" "${select[@]}"
status=$?

# The number behind NAME=" in the report's <testsuite>.
count() {
  sed -n '/<testsuite/,/>/s/.*[[:space:]]'"$1"'="\([0-9]*\)".*/\1/p' "$report" | head -n 1
}
[ -s "$report" ] || give_up "ctest made no report"
total=$(count tests) failed=$(count failures) skipped=$(count skipped)
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
echo
echo "$((total - failed - skipped)) passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ] && [ "$total" -gt 0 ]
