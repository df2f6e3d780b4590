#!/usr/bin/env bash
# -frame-stats has each picture once, also of a job that is killed and goes on, and of a frame that is lost.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"
# shellcheck source=../lib/frame_stats.sh
. "${lib:?}/frame_stats.sh"

own=(-loglevel error -part 1 -frame-stats "$stats")
small_clip clip 6
# shellcheck disable=SC2317 # called by wait_for
has_sealed() { grep -qw part "$run/ledger"; }

# killed_and_resumed GRAPH RANKS PICTURES: as soon as a part is sealed.
killed_and_resumed() {
  local name="$1, np $2" same
  rm -f "$stats"*
  job "$work/clip.nut" -vf "$1"
  slow_filter 30
  begins "$2"
  check "$name: a part gets sealed" wait_for 30 has_sealed
  kill -9 "$(pid_of_rank 0)" 2>/dev/null || kill -9 "$started"
  wait_for 15 has_ended "$started" || kill -9 -- "-$started"
  wait "$started" 2>/dev/null
  check "$name: nothing stays but the run directory" wait_for 5 nothing_left
  is "$name: no file before the end" "$(find "$work" -maxdepth 1 -name 'stats*')" ''
  mend
  same=("${words[@]}")
  words=("${words[@]/$stats/$work/other.jsonl}")
  runs "$name: another file is refused" 1 1
  words=("${same[@]}")
  runs "$name: resumed" "$2"
  right "$name: resumed"
  holds "$name: it has gone on behind sealed parts" '.resumed == 1 and (.frames_filtered | numbers) < 180'
  in_order "$name" "$3"
  equal "$name" "$work/clip.nut" "$1"
}

# Short lines, which stay in a buffer unless a part that is sealed sends them out.
killed_and_resumed "yadif=1,blackframe=amount=0" 1 360
killed_and_resumed "hue=h=n*5,entropy" 3 180
killed_and_resumed "gblur=sigma=2,signalstats" 3 180 # it makes all pictures again, to tell of each by the one before

# A frame that cannot be filtered has a line that says so.
rm -f "$stats"*
own=(-frame-stats "$stats" -retries 0 -on-error original)
job "$work/clip.nut" -vf negate
break_it 'filter:frame=7:crash:times=always'
runs "a frame that crashes" 3 4
mend
in_order "a frame that crashes" 180
is "a frame that crashes: its line" "$(jq -c 'select(.substituted) | .frame' "$stats")" 7
no_leftovers "-frame-stats" 5
finish
