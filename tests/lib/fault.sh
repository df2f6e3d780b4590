# shellcheck shell=bash
# fault.sh: what the fault tests share. Sourced after test.sh.
#
#   VIDMPI_FAULT_BUILD  the folder of libfault.so (default: build/release/tests/fault)
# shellcheck source=tests/lib/compare.sh
. "${lib:?}/compare.sh"
: "${VIDMPI_FAULT_BUILD:=$samples_root/build/release/tests/fault}"
sound=$VIDMPI       # the program as it is
faults=$work/faults # what libfault.so has to tell
run=$work/run       # run directory and output of the jobs
out=$work/out.nut
oracle_of= # the job that $work/theirs.txt is of
own=()     # options of the jobs that ffmpeg does not have

# break_it RULES [PATH [SEED]]: from now on $VIDMPI is a program that these
# faults hit (tests/fault/fault.h has the rules), those of the store below PATH.
break_it() {
  rm -rf "$faults" && mkdir "$faults" || return
  {
    echo '#!/usr/bin/env bash'
    printf 'export LD_PRELOAD=%q VIDMPI_FAULT=%q VIDMPI_FAULT_DIR=%q VIDMPI_FAULT_PATH=%q VIDMPI_FAULT_SEED=%q\n' \
      "$VIDMPI_FAULT_BUILD/libfault.so" "$1" "$faults" "${2:-/none}" "${3:-1}"
    printf 'exec %q "$@"\n' "$sound"
  } >"$work/broken"
  chmod +x "$work/broken"
  VIDMPI=$work/broken
}

mend() { VIDMPI=$sound; }

# fired WHAT: how often, over all processes.
fired() { { grep "^$1:" "$faults/log" 2>/dev/null || true; } | wc -l; }

# small_clip NAME SECONDS: NAME.nut in the work folder, 160x120, 30 frames a second.
small_clip() {
  samples_fetch realshort.mp4 >/dev/null && ffmpeg -nostdin -v error -y -stream_loop -1 -i "$VIDMPI_SAMPLES/realshort.mp4" \
    -an -vf "scale=160:120:flags=bicubic,hue=h=n*3" -r 30 -t "$2" -c:v ffv1 "$work/$1.nut"
}

# job CLIP ARGS...: the words of one job into `words`; its frames by ffmpeg into
# $work/theirs.txt. Output to $out, run directory in $run: both are cleared.
job() {
  local clip=$1
  shift
  rm -rf "$run" "$out"*
  words=(-hide_banner -y -filter_threads 1 -i "$clip" "$@" -an -sn -dn -c:v ffv1 "${own[@]}" -run-dir "$run" "$out")
  [ "$oracle_of" != "$clip $*" ] || return 0
  oracle_of="$clip $*"
  ffmpeg -nostdin -v error -y -filter_threads 1 -i "$clip" "$@" -an -sn -dn -c:v ffv1 "$work/theirs.nut" &&
    look_frames "$work/theirs.nut" >"$work/theirs.txt"
}

# runs NAME RANKS [STATUS]: the job, to its end; its words in $work/job.log.
runs() {
  vidmpi_np "$2" "${words[@]}" >"$work/job.log" 2>&1
  local status=$?
  if [ "$status" -eq "${3:-0}" ]; then
    pass "$1: exit status $status"
  else
    flunk "$1: exit status $status, not ${3:-0}" "$work/job.log"
  fi
}

# right NAME: the frames of the output and their times are ffmpeg's.
right() {
  look_frames "$out" >"$work/ours.txt" 2>&1
  if cmp -s "$work/theirs.txt" "$work/ours.txt"; then
    pass "$1: frames and times are ffmpeg's"
  else
    diff "$work/theirs.txt" "$work/ours.txt" | head -n 12 >"$work/diff.txt"
    flunk "$1: frames and times are ffmpeg's (< ffmpeg, > vidmpi)" "$work/diff.txt"
  fi
}

# told WHAT: of the manifest, by jq.
told() { jq -c "$1" "$run/manifest.json" 2>&1; }

# seed: a number that the test prints, to be given again by VIDMPI_TEST_SEED.
new_seed() {
  seed=${VIDMPI_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
  echo "# seed $seed: VIDMPI_TEST_SEED=$seed ${0##*/} repeats it"
}

# slow_filter MS [RULES]: each frame takes so long the first time that it is
# filtered, and is counted: filtered.
slow_filter() { break_it "filter:any:sleep=$1${2:+;$2}" "$run"; }

# How many frames have begun to be filtered since slow_filter.
filtered() { fired sleep; }

# has_filtered N: that many or more.
# shellcheck disable=SC2317 # called by wait_for
has_filtered() { [ "$(filtered)" -ge "$1" ]; }

# more_filtered N SECONDS: waits until the job has gone on by so many frames.
more_filtered() { wait_for "$2" has_filtered $(($(filtered) + $1)); }

# begins RANKS: the job in the background, its words in $work/job.log; `started` is its pid.
begins() {
  launcher "$1"
  start job "${launch[@]:?}" "${words[@]}"
}

# shellcheck disable=SC2317 # called by wait_for
has_ended() { ! kill -0 "$1" 2>/dev/null; }

# ends NAME SECONDS [STATUS]: the job that began, within that time; any status without one.
ends() {
  local status
  wait_for "$2" has_ended "${started:?}" || kill -9 -- "-$started"
  wait "$started" 2>/dev/null
  status=$?
  if [ "$status" -eq 137 ] || [ "$status" -ne "${3:-$status}" ]; then
    flunk "$1: exit status $status, not ${3:-that of an end within $2 s}" "$work/job.log"
  else
    pass "$1: ends, exit status $status"
  fi
}

# tells NAME JQ WANTED: of the manifest.
tells() { is "$1: $2" "$(told "$2")" "$3"; }

# holds NAME JQ: a condition on the manifest. A field that is missing would be
# less than any number: (.field | numbers).
holds() {
  if jq -e "$2" "$run/manifest.json" >/dev/null 2>&1; then
    pass "$1: $2"
  else
    flunk "$1: $2" "$run/manifest.json"
  fi
}

# Process ids of the workers.
workers() { find_ours | awk '/vidmpi-worker/ { print $1 }'; }

# The process id of the job's own server; its guard has the server's words on its command line, too.
redis_server() {
  local pid
  for pid in $(find_ours | cut -d ' ' -f 1); do
    [[ $(readlink "/proc/$pid/exe") != */redis-* ]] || echo "$pid"
  done | head -n 1
}
