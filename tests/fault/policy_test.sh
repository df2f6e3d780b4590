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
finish
