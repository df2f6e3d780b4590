#!/usr/bin/env bash
# The same command again takes up an unfinished job where it was.
# resume_test.sh killed|drained|other|twice|uneven|serial|straight
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

part_frames=30 # in each part of -part 1
own=(-part 1)
small_clip clip 6

# again NAME RANKS TIMES: the job is started once more, to its end, after so many unfinished starts.
again() {
  runs "$1: resumed, np $2" "$2"
  right "$1"
  tells "$1" '[.state, .frames_substituted]' '["done",0]'
  tells "$1" .resumed "$3"
  holds "$1" "(.frames_filtered_again | numbers) <= $3 * .window"
  holds "$1" "(.frames_encoded_again | numbers) <= $3 * $part_frames"
}

# Whether a start has left something to resume.
# shellcheck disable=SC2317 # called by wait_for
has_ledger() { [ -s "$run/ledger" ]; }

# Whether a part is sealed.
# shellcheck disable=SC2317 # called by wait_for
has_part() { grep -aq ' part number=1 ' "$run/ledger" 2>/dev/null; }

# kill_at N RANKS: a start whose rank 0 is killed when N more frames are filtered. 1: it ended before.
kill_at() {
  local at=$(($(filtered) + $1))
  begins "$2"
  until has_filtered "$at" && has_ledger; do
    has_ended "$started" && return 1
    sleep 0.02
  done
  kill -9 "$(pid_of_rank 0)" 2>/dev/null || kill -9 "$started"
  wait_for 15 has_ended "$started" || kill -9 -- "-$started"
  wait "$started" 2>/dev/null
  check "killed at $at frames: nothing stays but the run directory" wait_for 5 nothing_left
}

case $1 in
killed)
  for np in 1 3; do
    new_seed
    RANDOM=$((seed % 32768))
    job "$work/clip.nut" -vf "hue=h=n*5"
    slow_filter 40
    kills=0
    while [ $kills -lt 5 ] && kill_at $((1 + RANDOM % 15)) $np; do kills=$((kills + 1)); done
    is "np $np: it was killed, $kills times" "$((kills > 1))" 1
    is "np $np: no output before the end" "$(find "$work" -maxdepth 1 -name out.nut)" ''
    again "$kills kills of rank 0, np $np, seed $seed" $np $kills
    mend
    no_leftovers "killed, np $np" 5
  done
  ;;
drained)
  # Of vidmpi alone and of rank 0; mpirun hands SIGUSR1 on to all ranks.
  for how in "1 TERM" "1 USR1" "3 TERM" "3 USR1"; do
    np=${how% *} signal=${how#* }
    job "$work/clip.nut" -vf "hue=h=n*5"
    slow_filter 30
    begins "$np"
    check "$how: the job runs" more_filtered 40 30
    target=$started
    [ "$np $signal" != "3 TERM" ] || target=$(pid_of_rank 0)
    kill -"$signal" "$target"
    ends "$how: drained" 20 75
    like "$how: says how to go on" "$work/job.log" 'same command|resume|again'
    check "$how: nothing stays but the run directory" wait_for 5 nothing_left
    is "$how: no output yet" "$(find "$work" -maxdepth 1 -name out.nut)" ''
    again "$how" "$np" 1
    mend
    no_leftovers "$how" 5
  done
  ;;
other)
  job "$work/clip.nut" -vf "hue=h=n*5"
  slow_filter 30
  kill_at 50 1 || flunk "a job is killed" "$work/job.log"
  mend
  same=("${words[@]}")
  words=("${words[@]/hue=h=n\*5/negate}")
  runs "another command is refused" 1 1
  like "it says how" "$work/job.log" '^vidmpi: .*-restart'
  words=("${same[@]}")
  again "it has done no harm" 1 1

  job "$work/clip.nut" -vf "hue=h=n*5"
  slow_filter 30
  kill_at 50 1 || flunk "a job is killed" "$work/job.log"
  mend
  mv "$run" "$work/unfinished"
  own=(-part 1 -restart)
  job "$work/clip.nut" -vf negate
  mv "$work/unfinished" "$run"
  runs "-restart begins anew" 1
  right "-restart begins anew"
  tells "-restart begins anew" '[.resumed, .frames_in]' '[0,180]'

  own=(-part 1)
  job "$work/clip.nut" -vf "hue=h=n*5"
  slow_filter 30
  begins 1
  check "a job runs" more_filtered 10 30
  first=$started
  VIDMPI_TIME_LIMIT=20 vidmpi_np 1 "${words[@]}" >"$work/second.log" 2>&1
  is "a second one beside it is refused" $? 1
  like "it says by whom the run directory is used" "$work/second.log" "$first|in use"
  started=$first
  ends "the first is not disturbed" 30 0
  right "the first is not disturbed"
  mend
  ;;
twice)
  # What two starts have filtered of one part is there for the third, whatever became of their workers.
  own=() part_frames=300
  job "$work/clip.nut" -vf "hue=h=n*5"
  slow_filter 15
  kill_at 50 1 || flunk "a job is killed" "$work/job.log"
  kill_at 20 1 || flunk "a job is killed again" "$work/job.log"
  mend
  own=(-retries 0)
  again "two kills within one part" 1 2
  holds "two kills within one part" ".frames_kept >= 70 - .window"
  # The same on a filesystem where segments are closed and removed: ranks pretend to be on two nodes.
  own=()
  job "$work/clip.nut" -vf "hue=h=n*5"
  slow_filter 40
  start job "${mpirun[@]}" -np 1 -x VIDMPI_NODE=a "$VIDMPI" "${words[@]}" : -np 1 -x VIDMPI_NODE=b "$VIDMPI" "${words[@]}"
  check "two nodes: the job runs" more_filtered 60 30
  kill -9 "$(pid_of_rank 0)"
  wait_for 15 has_ended "$started" || kill -9 -- "-$started"
  wait "$started" 2>/dev/null
  wait_for 5 nothing_left
  mend
  again "two nodes, one kill" 1 1
  holds "two nodes, one kill" ".frames_kept >= 60 - .window"
  ;;
uneven)
  # Filters that make two pictures of a frame, or one of several, and look at those around it.
  for graph in bwdif "tmix=frames=3,fps=7"; do
    job "$work/clip.nut" -vf "$graph"
    slow_filter 150
    kill_at 3 3 || flunk "$graph: a job is killed" "$work/job.log"
    kill_at 2 3 || flunk "$graph: a job is killed again" "$work/job.log"
    mend
    runs "$graph: resumed" 3
    right "$graph: resumed"
    no_leftovers "$graph" 5
  done
  ;;
serial)
  # What must see every frame sees them again, before, between and behind what runs on all ranks.
  for graph in "hqdn3d,hue=h=n*5,gblur" "edgedetect,lagfun,gblur,deshake"; do
    job "$work/clip.nut" -vf "$graph"
    slow_filter 40
    kill_at 50 3 || flunk "$graph: a job is killed" "$work/job.log"
    kill_at 90 1 || flunk "$graph: a job is killed again" "$work/job.log"
    mend
    runs "$graph: resumed" 3
    right "$graph: resumed"
    tells "$graph: resumed" '[.state, .resumed]' '["done",2]'
    no_leftovers "$graph" 5
  done
  # What stands in a sealed part for a frame that was lost stays told, though the frame is filtered again.
  own=(-part 1 -on-error original -retries 0)
  job "$work/clip.nut" -vf "gblur,hqdn3d"
  break_it 'filter:frame=7:crash;filter:any:sleep=40' "$run"
  begins 1
  check "a frame is lost, and a part sealed" wait_for 30 has_part
  kill -9 "$started"
  wait "$started" 2>/dev/null
  mend
  runs "a lost frame, resumed" 1 4
  tells "a lost frame, resumed" '[.state, .frames_substituted]' '["degraded",1]'
  ;;
straight)
  # Nothing runs on all ranks: what is sealed is not encoded again.
  job "$work/clip.nut" -vf "hqdn3d,scale=1280:960,deshake"
  begins 1
  check "a serial job runs" wait_for 30 has_part
  kill -9 "$started"
  wait "$started" 2>/dev/null
  check "nothing stays but the run directory" wait_for 5 nothing_left
  runs "a serial job, resumed" 1
  right "a serial job, resumed"
  tells "a serial job, resumed" '[.state, .resumed, (.frames_sealed_before >= 30)]' '["done",1,true]'
  ;;
esac
no_leftovers "$1" 5
finish
