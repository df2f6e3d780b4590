#!/usr/bin/env bash
# Ctrl-C and SIGTERM: everything stops within 2 s and is cleaned up; after SIGTERM
# the work stays where the same command can go on with it (tests/fault/resume_test.sh). After
# kill -9 of rank 0 no process, shared memory or socket stays.
. "$(dirname "$0")/../lib/test.sh"
limit=2000
[ -z "$VIDMPI_TEST_QUICK" ] || limit=8000

# A job that reads the beginning of its input, one that waits for more of it,
# and one that is busy.
begin() { # RANKS probing|waiting|busy
  launcher "$1"
  rm -rf "$work/run" "$work/out.mkv"* "$work/in"
  mkfifo "$work/in"
  local words=(-y -i "$work/in" -vf hflip -c:v mpeg4 -run-dir "$work/run" "$work/out.mkv")
  case $2 in
  probing)
    start job "${launch[@]}" "${words[@]}"
    exec 8<>"$work/in"
    check "$1 ranks, $2: the job runs" wait_for 30 input_is_open
    ;;
  waiting)
    start job "${launch[@]}" "${words[@]}"
    exec 8<>"$work/in"
    timeout 10 cat "$clips/raw.y4m" >&8
    check "$1 ranks, $2: the job runs" wait_for 30 test -e "$work/run/owner"
    ;;
  busy)
    start job "${launch[@]}" -y -i "$VIDMPI_SAMPLES/cockatoo.mp4" -vf nlmeans -c:v mpeg4 -run-dir "$work/run" "$work/out.mkv"
    check "$1 ranks, $2: the job runs" wait_for 30 frames_done "$work/run" 1
    ;;
  esac
}

# shellcheck disable=SC2317 # called by wait_for
input_is_open() {
  local pid
  for pid in $(find_ours | cut -d ' ' -f 1); do
    find "/proc/$pid/fd" -lname "$work/in" | grep -q . && return 0
  done
  return 1
}

# shellcheck disable=SC2317
gone() { ! kill -0 "$1" 2>/dev/null; }

# stops RANKS KIND SIGNAL group|one [stays [STATUS]]: whether the run directory does.
stops() {
  local name="$1 ranks, $2, SIG$3 to $4" since target status stays=
  begin "$1" "$2"
  target=$started
  [ "$4" = one ] || target=-$started
  since=$EPOCHREALTIME
  kill -"$3" -- "$target"
  wait_for 15 gone "$started" || kill -9 -- -"$started"
  wait "$started"
  status=$?
  [ -z "${5:-}" ] || stays=$work/run
  is "$name: exit status says it failed" "$((status != 0))" 1
  [ -z "${6:-}" ] || is "$name: exit status" "$status" "$6"
  wait_for 10 nothing_left
  since=$(elapsed_ms "$since")
  is "$name: over within $limit ms (took $since)" "$((since <= limit))" 1
  no_leftovers "$name"
  is "$name: no output" "$(find "$work" -maxdepth 1 -name 'out.mkv*')" ""
  is "$name: the run directory" "$(find "$work" -maxdepth 1 -name run)" "$stays"
  exec 8>&-
}

case $1 in
plain)
  stops 1 probing INT group
  stops 1 waiting INT group
  stops 1 busy INT group
  stops 1 probing TERM one
  stops 1 waiting TERM one
  stops 1 busy TERM one stays 75
  ;;
mpirun)
  stops 3 probing TERM one
  stops 3 waiting INT group
  stops 3 busy INT one stays # the ranks get SIGTERM from mpirun, also by Ctrl-C
  stops 3 waiting TERM one
  stops 3 busy TERM one stays
  ;;
killed)
  begin 3 busy
  rank0=$(pid_of_rank 0)
  check "rank 0 is there" test -n "$rank0"
  kill -9 "$rank0"
  wait_for 15 gone "$started" || kill -9 -- -"$started"
  wait "$started"
  no_leftovers "kill -9 of rank 0" 5
  is "kill -9 of rank 0: no output" "$(find "$work" -maxdepth 1 -name out.mkv)" ""

  begin 1 busy
  kill -9 "$started"
  wait "$started" 2>/dev/null
  no_leftovers "kill -9 of the only rank" 5

  begin 3 busy
  kill -9 "$started"
  wait "$started" 2>/dev/null
  no_leftovers "kill -9 of mpirun" 5

  begin 3 busy
  worker=$(find_ours | awk '/vidmpi-worker/ { print $1; exit }')
  check "a worker is there" test -n "$worker"
  kill -9 "$worker"
  check "kill -9 of a worker: the frame is tried again" \
    wait_for 30 grep -Eq "frame [0-9]+ failed on rank [12].*signal 9.*tried again" "$work/job.log"
  like "kill -9 of a worker: it is replaced" "$work/job.log" "rank [12]: .*signal 9 .*another one takes its place"
  kill -INT -- -"$started"
  wait_for 15 gone "$started" || kill -9 -- -"$started"
  wait "$started"
  no_leftovers "kill -9 of a worker" 5
  is "kill -9 of a worker: no output" "$(find "$work" -maxdepth 1 -name 'out.mkv*')" ""

  check "the same place serves the next job" \
    vidmpi_np 3 -y -restart -i "$clips/short.mp4" -vf hflip -c:v mpeg4 -run-dir "$work/run" "$work/out.mkv"
  check "its output is whole" ffprobe -v error "$work/out.mkv"
  ;;
esac
finish
