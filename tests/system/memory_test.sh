#!/usr/bin/env bash
# Rank 0's memory does not grow with the length of the video (1,000 and 10,000
# frames within 10 %), and the run directory's disk is bounded by the window.
. "$(dirname "$0")/../lib/test.sh"
if [ -n "$VIDMPI_TEST_QUICK" ]; then
  skip "a sanitizer keeps freed memory"
  finish
fi
export VIDMPI_TIME_LIMIT=100

# shellcheck disable=SC2317 # called by wait_for
rank_0_is_there() { [ -n "$(pid_of_rank 0)" ]; }

# Peak memory of rank 0 in kB, by its own high-water mark, while the job runs.
peak_kb() { # CLIP ARGS...
  local clip=$1 job pid peak=0 now
  shift
  vidmpi_np 3 -hide_banner -loglevel error -nostats -y -run-dir "$work/run" -i "$clip" "$@" "$work/out.mkv" >"$work/log" 2>&1 &
  job=$!
  wait_for 10 rank_0_is_there
  pid=$(pid_of_rank 0)
  while [ -n "$pid" ] && now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
    peak=$now
    sleep 0.02
  done
  wait $job || echo 0
  echo "$peak"
}
short=$(peak_kb "$clips/tiny1000.nut" -vf gblur -c:v mpeg4)
long=$(peak_kb "$clips/tiny10000.nut" -vf gblur -c:v mpeg4)
echo "# rank 0: $short kB with 1000 frames, $long kB with 10000"
is "both jobs ran" "$(echo "$short" | wc -w) $(echo "$long" | wc -w) $((short > 0))" "1 1 1"
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
