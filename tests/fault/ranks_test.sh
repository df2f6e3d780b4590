#!/usr/bin/env bash
# Ranks that die, and one that stands still past its lease: the others go on.
# ranks_test.sh killed|paused
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

mpirun+=(--enable-recovery) # mpirun would end the job with the first rank that dies
small_clip clip 4

# kill_rank N: once the job has gone on a little.
kill_rank() {
  local pid
  check "rank $1: the job goes on before it" more_filtered 3 30
  pid=$(pid_of_rank "$1")
  check "rank $1: it is there" kill -9 "$pid"
}

case $1 in
killed)
  job "$work/clip.nut" -vf negate
  slow_filter 120
  begins 6
  for rank in 5 3 4 1; do kill_rank $rank; done
  like "one rank is left, and works" "$faults/log" '^sleep: .*rank 2,'
  kill_rank 2
  ends "all workers killed" 50
  right "all workers killed"
  like "rank 0 filters the rest alone" "$faults/log" '^sleep: .*rank 0,'
  tells "all workers killed" .ranks_lost 5
  tells "all workers killed" .state '"degraded"'
  tells "all workers killed" .frames_substituted 0
  holds "all workers killed" '(.frames_filtered_again | numbers) <= .window'
  ;;
paused)
  job "$work/clip.nut" -vf negate
  slow_filter 100
  begins 4
  check "the job runs" wait_for 30 grep -q 'rank 2,' "$faults/log"
  mapfile -t paused < <(pid_of_rank 2 && pgrep -P "$(pid_of_rank 2)")
  is "a rank and its worker" $((${#paused[@]} >= 2)) 1
  kill -STOP "${paused[@]}"
  # shellcheck disable=SC2317 # called by wait_for
  progress_tells() { [ "$(jq "$1" "$run/progress.json" 2>/dev/null)" = true ]; }
  check "what it held is done by others" wait_for 40 progress_tells '.retries > 0'
  kill -CONT "${paused[@]}"
  ends "a rank that stood still" 50
  right "a rank that stood still"
  tells "a rank that stood still" .frames_substituted 0
  ;;
esac
mend
no_leftovers "$1" 10
finish
