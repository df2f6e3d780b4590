#!/usr/bin/env bash
# A frame that can never be filtered, under each policy: what the output has in
# its place, and that it is told.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

small_clip clip 1

# poisoned POLICY WHAT STATUS: a job whose frame 7 meets it always.
poisoned() {
  own=(-retries 1 -retry-delay 0.1 -on-error "$1")
  job "$work/clip.nut" -vf negate
  break_it "filter:frame=7:$2:times=always"
  runs "$1, $2" 3 "$3"
  is "$1, $2: it is tried twice" "$(fired "$2")" 2
  mend
  no_leftovers "$1, $2" 5
}

# substituted POLICY WHAT: as told, and the output as $work/theirs.txt.
substituted() {
  poisoned "$1" "$2" 4
  right "$1, $2"
  tells "$1, $2" '[.state, .frames_substituted]' '["degraded",1]'
  tells "$1, $2" '.substituted | map({frame, policy})' "[{\"frame\":7,\"policy\":\"$1\"}]"
  holds "$1, $2" '.substituted[0].why | length > 0'
  like "$1, $2: the summary tells" "$work/job.log" "frame 7"
}

# expect GRAPH: what ffmpeg makes of this one is the oracle from now on.
expect() {
  ffmpeg -nostdin -v error -y -i "$work/clip.nut" -vf "$1" -an -c:v ffv1 "$work/theirs.nut" &&
    look_frames "$work/theirs.nut" >"$work/theirs.txt"
}

poisoned fail error 1
like "fail: names the frame and why" "$work/job.log" '^vidmpi: .*frame 7\b'
is "fail: no output" "$(find "$work" -maxdepth 1 -name 'out.nut*')" ''
ffmpeg -nostdin -v error -i "$work/clip.nut" -vf "select=eq(n\,7)" -an -f rawvideo - | md5sum >"$work/frame7"
ffmpeg -nostdin -v error -i "$run/faults/frame_000007.nut" -f rawvideo - | md5sum >"$work/kept"
check "fail: the run directory keeps the frame" cmp "$work/frame7" "$work/kept"
# The same command with another policy goes on.
own=(-retries 1 -retry-delay 0.1 -on-error original)
words=("${words[@]/fail/original}")
runs "fail, then original" 3
tells "fail, then original" '[.resumed, .frames_substituted]' '[1,0]'

poisoned fail crash 1
like "fail, crash: the last words of the process" "$(find "$run/faults" -name 'frame_000007.rank*.attempt*.txt' | head -n 1)" 'signal 11'

expect "negate=enable='not(eq(n,7))'"
substituted original error
substituted original crash
substituted original kill
expect "negate,drawbox=c=black:t=fill:enable='eq(n,7)'"
substituted black error
expect negate
awk '/^[0-9]/ && n++ == 7 { sub(/[^ ]*$/, last) } { last = $NF; print }' "$work/theirs.txt" >"$work/previous.txt"
cp "$work/previous.txt" "$work/theirs.txt"
substituted previous error

# Neighbours: tmix shows frame 7 in 7, 8 and 9, and no task with it can be filtered; the others are right.
own=(-retries 1 -retry-delay 0.1 -on-error black)
job "$work/clip.nut" -vf tmix=frames=3
break_it 'filter:frame=7:error:times=always'
runs "a frame among neighbours" 3 4
mend
tells "a frame among neighbours" '.substituted | map(.frame) | sort' '[7,8,9]'
look_frames "$out" >"$work/ours.txt"
awk '/^[0-9]/ && n++ >= 7 && n <= 10 { next } { print }' "$work/theirs.txt" >"$work/others.txt"
awk '/^[0-9]/ && n++ >= 7 && n <= 10 { next } { print }' "$work/ours.txt" >"$work/ours_others.txt"
check "a frame among neighbours: the others are ffmpeg's" cmp "$work/others.txt" "$work/ours_others.txt"
no_leftovers "a frame among neighbours" 5
finish
