#!/usr/bin/env bash
# jobs/run.sh: ranks may die, and its exit status is that of the job's manifest.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

script=$samples_root/jobs/run.sh
small_clip clip 2

# by_script NAME STATUS RANKS: the job, started by the script.
by_script() {
  VIDMPI=$VIDMPI timeout -k 5 "$VIDMPI_TIME_LIMIT" "$script" -np "$3" "${words[@]}" </dev/null >"$work/job.log" 2>&1
  local status=$?
  if [ "$status" -eq "$2" ]; then pass "$1: exit status $2"; else flunk "$1: exit status $status, not $2" "$work/job.log"; fi
}

export VIDMPI
job "$work/clip.nut" -vf negate
by_script "a job" 0 3
right "a job"

# The manifest of the job before does not count.
words=("${words[@]/-vf/-vff}")
by_script "a wrong option" 2 3
check "no arguments are a wrong command line" test "$("$script" >/dev/null 2>&1; echo $?)" -eq 2
check "its help says what its statuses mean" grep -q 'Exit status' <("$script" --help)

own=(-retries 0 -on-error black)
job "$work/clip.nut" -vf negate
break_it 'filter:frame=7:error:times=always'
by_script "a frame that cannot be filtered" 4 3
mend

own=()
job "$work/clip.nut" -vf negate
slow_filter 60
start job "$script" -np 3 "${words[@]}"
check "a job runs" more_filtered 10 30
kill -9 "$(pid_of_rank 1)"
ends "a rank that dies" 40 0
right "a rank that dies"

job "$work/clip.nut" -vf negate
slow_filter 60
start job "$script" -np 3 "${words[@]}"
check "a job runs" more_filtered 10 30
kill -9 "$(pid_of_rank 0)"
ends "rank 0 dies" 60 75
mend
no_leftovers "rank 0 dies" 20
by_script "the same command again" 0 3
right "the same command again"
tells "the same command again" .resumed 1

job "$work/clip.nut" -vf negate
slow_filter 60
start job "$script" -np 3 "${words[@]}"
check "a job runs" more_filtered 10 30
kill -TERM "$started"
ends "a signal to the script reaches the job" 20 75
mend
no_leftovers "the script" 5
finish
