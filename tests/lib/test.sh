# shellcheck shell=bash
# test.sh: what every system test starts with. Sourced; gives `work` (a folder
# that goes at the end), `clips`, run/ranks helpers and TAP lines.
#
#   VIDMPI          the program under test (default: build/release/bin/vidmpi)
#   VIDMPI_SAMPLES  the cache of sample clips
#   VIDMPI_TEST_KEEP=1 keeps the work folder for a look
#   VIDMPI_TEST_QUICK=1 the reduced matrix (sanitizer builds)
set -u
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034
here=$(cd "$(dirname "$0")" && pwd) # the folder of the test
# shellcheck source=tests/lib/samples.sh
. "$lib/samples.sh"
# shellcheck source=tests/lib/mpi.sh
. "$lib/mpi.sh"
: "${VIDMPI:=$samples_root/build/release/bin/vidmpi}"
: "${VIDMPI_TEST_QUICK:=}"
: "${VIDMPI_TIME_LIMIT:=60}" # seconds that one run may take
# shellcheck disable=SC2034
clips=$VIDMPI_SAMPLES/clips
unset VIDMPI_REDIS VIDMPI_NODE XDG_RUNTIME_DIR

# Open MPI leaks by the dozen, from modules that are unloaded when the leak
# checker names them, so that nothing can be suppressed by name: leaks are looked
# for without it. Everything else is checked on all ranks.
mpirun=(mpirun)
[ -z "$VIDMPI_TEST_QUICK" ] || mpirun=(env "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" mpirun)

work=$(mktemp -d "${TMPDIR:-/tmp}/vid.XXXXXX")
mkdir -p "$work/tmp"
export TMPDIR=$work/tmp
export VIDMPI_TEST_ID=$$.$RANDOM # marks our processes: find_ours
test_at_end=()                   # commands, last first, before the folder goes

test_cleanup() {
  local i
  for ((i = ${#test_at_end[@]} - 1; i >= 0; i--)); do
    eval "${test_at_end[i]}" || true
  done
  find_ours | cut -d ' ' -f 1 | xargs -r kill -9 2>/dev/null # what a failed test left
  if [ -n "${VIDMPI_TEST_KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap test_cleanup EXIT
trap 'exit 143' TERM INT

test_count=0
test_failed=0
test_skipped=0

pass() {
  test_count=$((test_count + 1))
  echo "ok $test_count - $*"
}

# flunk NAME [FILE]: and the end of the file that explains it.
flunk() {
  test_count=$((test_count + 1))
  test_failed=$((test_failed + 1))
  echo "not ok $test_count - $1"
  [ -z "${2:-}" ] || tail -n 25 "$2" 2>/dev/null | sed 's/^/#   /'
}

skip() {
  test_skipped=$((test_skipped + 1))
  test_count=$((test_count + 1))
  echo "ok $test_count # SKIP $*"
}

# check NAME COMMAND...: passes when the command does.
check() {
  local name=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then pass "$name"; else flunk "$name" "$work/check.log"; fi
}

# is NAME GOT WANTED
is() {
  if [ "$2" = "$3" ]; then
    pass "$1"
  else
    flunk "$1"
    printf '#   got    %s\n#   wanted %s\n' "$2" "$3"
  fi
}

# like NAME FILE REGEX: the file has a line that matches.
like() {
  if grep -Eq -- "$3" "$2"; then
    pass "$1"
  else
    flunk "$1" "$2"
    printf '#   wanted a line like %s\n' "$3"
  fi
}

finish() {
  echo "1..$test_count"
  echo "# $((test_count - test_failed - test_skipped)) passed, $test_failed failed, $test_skipped skipped"
  [ "$test_failed" -eq 0 ] || exit 1
  [ "$test_count" -gt "$test_skipped" ] || exit 77
  exit 0
}

# wait_for SECONDS COMMAND...: tries until it succeeds or the time is over.
wait_for() {
  local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  while ! "$@" >/dev/null 2>&1; do
    [ "${EPOCHREALTIME/./}" -lt "$until" ] || return 1
    sleep 0.02
  done
}

# vidmpi_np N ARGS...: one run, plain when N is 1. Nothing on its stdin.
vidmpi_np() {
  local np=$1
  shift
  if [ "$np" -eq 1 ]; then
    timeout -k 5 "$VIDMPI_TIME_LIMIT" "$VIDMPI" "$@" </dev/null
  else
    timeout -k 5 "$VIDMPI_TIME_LIMIT" "${mpirun[@]}" -np "$np" "$VIDMPI" "$@" </dev/null
  fi
}

# find_ours: pid and command of every process that this test started and that
# is still there: by the mark in its environment, or by our folder as its
# working directory, since redis-server writes over its environment.
find_ours() {
  local dir pid
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    [ -n "$(exe_of "$pid")" ] || continue
    if grep -qsz "^VIDMPI_TEST_ID=$VIDMPI_TEST_ID\$" "$dir/environ" || [[ $(readlink "$dir/cwd") == "$work"/* ]]; then
      printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"$dir/cmdline")"
    fi
  done 2>/dev/null
}

# Name of the program, when it is one of the job's (not a helper of the shell).
exe_of() {
  case $(readlink "/proc/$1/exe" 2>/dev/null) in
  */vidmpi* | */redis-* | */mpirun* | */orte* | */prte* | */ffmpeg*) echo yes ;;
  esac
}

ours_are_gone() { [ -z "$(find_ours)" ]; }

# Shared memory objects of vidmpi that no process maps.
orphan_shm() {
  local file
  for file in /dev/shm/*vidmpi*; do
    [ -e "$file" ] && [ "$file" -nt "$work/tmp" ] && ! grep -qsF "$file" /proc/[0-9]*/maps && echo "$file"
  done
  return 0
}

# What a run left in our temporary folder, Open MPI's own folders aside.
stray_files() { find "$work/tmp" -mindepth 1 -not -path "$work/tmp/ompi.*" -not -path "$work/tmp/*openmpi*"; }

nothing_left() { [ -z "$(find_ours)$(orphan_shm)$(stray_files)" ]; }

# no_leftovers NAME [SECONDS]: no process, shared memory or socket stays.
no_leftovers() {
  if wait_for "${2:-2}" nothing_left; then
    pass "$1: nothing is left behind"
  else
    { find_ours && orphan_shm && stray_files; } >"$work/left.log"
    flunk "$1: nothing is left behind" "$work/left.log"
  fi
}

# start NAME COMMAND...: in the background, with default signals and a process
# group of its own. Gives `started` (its pid); its output is in $work/NAME.log.
# shellcheck disable=SC2034
start() {
  local name=$1
  shift
  set -m
  "$@" </dev/null >"$work/$name.log" 2>&1 &
  started=$!
  set +m
}

# launcher N: the words that start N ranks, into `launch`.
# shellcheck disable=SC2034
launcher() {
  launch=("$VIDMPI")
  [ "$1" -eq 1 ] || launch=("${mpirun[@]}" -np "$1" "$VIDMPI")
}

# pid_of_rank N: of the job that this test has running.
pid_of_rank() {
  local dir
  for dir in /proc/[0-9]*; do
    if [[ $(readlink "$dir/exe") == */vidmpi ]] && grep -qsz "^VIDMPI_TEST_ID=$VIDMPI_TEST_ID\$" "$dir/environ" &&
      grep -qsz "^OMPI_COMM_WORLD_RANK=$1\$" "$dir/environ"; then
      echo "${dir#/proc/}"
    fi
  done 2>/dev/null
}

# frames_done DIR N: the job in the run directory has encoded N frames or more.
frames_done() {
  [ "$(jq -r '.frames_encoded // 0' "$1/progress.json" 2>/dev/null || echo 0)" -ge "$2" ]
}

elapsed_ms() { # SINCE, a former $EPOCHREALTIME
  echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}
