#!/usr/bin/env bash
# The process that filters dies, hangs, or eats memory: it is replaced, the frame
# is tried again, and the output is right. One that is slow gets help at the end.
# children_test.sh killed|hangs|grows|slow
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

small_clip clip 2
own=(-retry-delay 0.1)
case $1 in
killed)
  for np in 1 3; do
    job "$work/clip.nut" -vf "hue=h=n*5"
    break_it 'filter:every=10:kill'
    runs "killed on every 10th frame, np $np" $np
    right "killed on every 10th frame, np $np"
    is "it was killed so often" "$(fired kill)" 6
    tells "killed on every 10th frame" '[.retries >= 6, .ranks_lost, .frames_substituted, .state]' '[true,0,0,"done"]'
  done
  job "$work/clip.nut" -vf "hue=h=n*5"
  break_it 'filter:frame=3:crash;filter:frame=20:exit;filter:frame=30:error'
  runs "a crash, an exit and an error" 3
  right "a crash, an exit and an error"
  holds "a crash, an exit and an error" '(.retries | numbers) >= 3'
  ;;
hangs)
  own+=(-task-timeout 2)
  job "$work/clip.nut" -vf "hue=h=n*5"
  break_it 'filter:frame=7:hang'
  runs "a hang on frame 7" 3
  right "a hang on frame 7"
  is "it hung once" "$(fired hang)" 1
  tells "a hang on frame 7" '[.retries >= 1, .frames_substituted]' '[true,0]'
  ;;
grows)
  own+=(-filter-memory 300M)
  job "$work/clip.nut" -vf "hue=h=n*5"
  break_it 'filter:frame=7:hog=600;filter:any:sleep=20'
  runs "too much memory" 3
  right "too much memory"
  is "it took it once" "$(fired hog)" 1
  like "it is told" "$work/job.log" 'memory'
  ;;
slow)
  # The last frame takes 20 s the first time; an idle rank gets a second copy of it.
  job "$work/clip.nut" -vf "hue=h=n*5"
  break_it 'filter:frame=59:sleep=20000'
  since=$EPOCHREALTIME
  runs "a slow last frame" 3
  is "a slow last frame: it is not waited for" "$(($(elapsed_ms "$since") < 18000))" 1
  right "a slow last frame"
  tells "a slow last frame" '[.second_copies, .frames_substituted, .state]' '[1,0,"done"]'
  ;;
esac
mend
no_leftovers "$1" 5
finish
