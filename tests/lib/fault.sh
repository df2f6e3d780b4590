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
  words=(-hide_banner -y -filter_threads 1 -i "$clip" "$@" -an -sn -dn -c:v ffv1 -run-dir "$run" "$out")
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
