#!/usr/bin/env bash
# Job after job, in each of which something random is killed, stopped or cut until
# it is done, for VIDMPI_TEST_SOAK seconds. VIDMPI_TEST_SEED repeats one.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

[ -n "${VIDMPI_TEST_SOAK:-}" ] || { skip "VIDMPI_TEST_SOAK=SECONDS runs it" && finish; }
mpirun+=(--enable-recovery)
small_clip clip 6
new_seed
RANDOM=$((seed % 32768))
own=(-part 1 -retries 10 -retry-delay 0.1)
end=$((SECONDS + VIDMPI_TEST_SOAK))
jobs=0

pick() { shuf -n 1 --random-source=<(yes $RANDOM) 2>/dev/null; } # one of the lines

# strike: something of the job that runs.
strike() {
  local victim
  case $((RANDOM % 6)) in
  0) victim=$(workers | pick) && kill -9 "$victim" ;;
  1) victim=$(pid_of_rank $((1 + RANDOM % 3))) && kill -9 "$victim" ;;
  2) victim=$(redis_server) && kill -9 "$victim" ;;
  3) victim=$(pid_of_rank 0) && kill -9 "$victim" ;;
  4) victim=$(pid_of_rank 0) && kill -TERM "$victim" ;;
  5)
    victim=$(workers | pick) && kill -STOP "$victim"
    wait_for 2 false
    kill -CONT "$victim"
    ;;
  esac 2>/dev/null
}

while [ $SECONDS -lt $end ]; do
  jobs=$((jobs + 1))
  job "$work/clip.nut" -vf "hue=h=n*5"
  slow_filter $((20 + RANDOM % 60))
  for ((start_no = 0; start_no < 20; start_no++)); do
    begins 4
    for ((blow = 0; blow < 4; blow++)); do
      more_filtered $((1 + RANDOM % 20)) 10
      has_ended "$started" && break
      strike
    done
    wait_for 60 has_ended "$started" || kill -9 -- "-$started"
    wait "$started" 2>/dev/null
    [ ! -s "$run/manifest.json" ] || break
    wait_for 20 nothing_left
  done
  mend
  if [ -s "$run/manifest.json" ]; then right "job $jobs, after $start_no unfinished starts"; else flunk "job $jobs is never done" "$work/job.log"; fi
  no_leftovers "job $jobs" 20
done
finish
