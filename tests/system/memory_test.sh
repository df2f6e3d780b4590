#!/usr/bin/env bash
# Rank 0's memory does not grow with the length of the video (1,000 and 10,000
# frames within 10 %), and the run directory's disk is bounded by the window.
. "$(dirname "$0")/../lib/test.sh"
if [ -n "$VIDMPI_TEST_QUICK" ]; then
  skip "a sanitizer keeps freed memory"
  finish
fi
export VIDMPI_TIME_LIMIT=100

# Ranks of which rank 0 runs under time, which tells the most that it had.
program=$VIDMPI
export program work
# shellcheck disable=SC2016 # expanded by the program that is made
printf '#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" != 0 ] || exec /usr/bin/time -q -o "$work/peak" -f %%M "$program" "$@"\nexec "$program" "$@"\n' \
  >"$work/timed"
chmod +x "$work/timed"

# Peak memory of rank 0 in kB.
peak_kb() { # CLIP ARGS...
  local clip=$1
  shift
  rm -f "$work/peak"
  VIDMPI=$work/timed vidmpi_np 3 -hide_banner -loglevel error -nostats -y -run-dir "$work/run" -i "$clip" "$@" \
    "$work/out.mkv" >"$work/log" 2>&1 && cat "$work/peak"
}
short=$(peak_kb "$clips/tiny1000.nut" -vf gblur -c:v mpeg4)
long=$(peak_kb "$clips/tiny10000.nut" -vf gblur -c:v mpeg4)
echo "# rank 0: $short kB with 1000 frames, $long kB with 10000"
is "both jobs ran" "$((short > 0 && long > 0))" 1
is "within 10 %" "$((long * 10 <= short * 11))" 1

# 2,500 results of 640x480 are 1.1 GB; a segment is 64 MiB.
vidmpi_np 3 -hide_banner -loglevel error -nostats -y -run-dir "$work/run" -i "$clips/tiny10000.nut" -frames:v 2500 \
  -vf scale=640:480 -c:v mpeg4 -q:v 8 "$work/out.mkv" >"$work/log" 2>&1 &
job=$!
peak=0
while kill -0 $job 2>/dev/null; do
  now=$(du -sk "$work/run" 2>/dev/null | cut -f 1)
  [ "${now:-0}" -le "$peak" ] || peak=$now
  sleep 0.05
done
wait $job
is "the big job's exit status" $? 0
echo "# run directory: at most $peak kB"
is "its disk is bounded" "$((peak <= 6 * 65536 + 40000 && peak > 0))" 1
finish
