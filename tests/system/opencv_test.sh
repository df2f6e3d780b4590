#!/usr/bin/env bash
# opencv_test.sh GROUP: the OpenCV plugin's filters in vidmpi give, with any number of ranks, the frames that the same
# plugin gives to plugin_run, which shows every frame to it in order, in one process. What those frames are worth,
# unit.plugins.opencv tells.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
build=$(cd "$(dirname "$VIDMPI")/.." && pwd)
plugin=$build/bin/plugins/opencv.so
runner=$build/tests/unit/plugins/plugin_run
[ -x "$runner" ] || {
  echo "skipped: built without OpenCV"
  exit 77
}
[ -d /usr/share/opencv4/haarcascades ] || {
  echo "skipped: no cascades: the package opencv-data has them"
  exit 77
}
np="1 3 8"
[ -z "$VIDMPI_TEST_QUICK" ] || np="1 3"

# shellcheck disable=SC2317 # called by check
differ() { ! cmp -s "$1" "$2"; }

raw() { ffmpeg -nostdin -v error -i "$1" -an -fps_mode passthrough "${@:2}" -f rawvideo - </dev/null; }

# pictures FILE: a hash of each decoded picture.
pictures() { ffmpeg -nostdin -v error -i "$1" -map 0:v -fps_mode passthrough -f framemd5 - </dev/null | grep -v '^#' | sed 's/.*, *//'; }

# as_alone NAME CLIP FORMAT WxH AHEAD FILTER OPTIONS BEHIND: the graph AHEAD,FILTER=OPTIONS,BEHIND. What the filter
# tells lands in $work/told.txt, and must be what -frame-stats has.
as_alone() {
  local name=$1 clip=$2 format=$3 size=$4 ahead=$5 filter=$6 options=$7 behind=$8 n
  local graph=$ahead,$filter${options:+=$options},$behind
  raw "$clip" -vf "$ahead" -pix_fmt "$format" |
    "$runner" "$plugin" "$filter" "$options" "$format" "$size" 2>"$work/told.txt" |
    ffmpeg -nostdin -v error -y -f rawvideo -pix_fmt "$format" -video_size "$size" -i - -vf "$behind" -c:v ffv1 "$work/theirs.nut"
  sort -o "$work/told.txt" "$work/told.txt"
  pictures "$work/theirs.nut" >"$work/theirs.txt"
  check "$name: there are frames to compare" test -s "$work/theirs.txt"
  pictures "$clip" >"$work/input.txt"
  check "$name: the filter does something" differ "$work/input.txt" "$work/theirs.txt"
  for n in $np; do
    rm -rf "$work"/ours.nut*
    run_vidmpi "$n" "$work/ours.nut" "$clip" -an -vf "$graph" -c:v ffv1 -frame-stats "$work/stats.json" \
      >"$work/vidmpi.log" 2>&1
    is "$name, np $n: exit status" $? 0
    jq -r --arg filter "vidmpi.$filter." '.frame as $frame | .metadata // {} | to_entries[] | select(.key | startswith($filter)) |
      "\($frame) \(.key | ltrimstr($filter)) \(.value)"' "$work/stats.json" | sort >"$work/stats.txt"
    check "$name, np $n: the same is told of each frame" cmp "$work/told.txt" "$work/stats.txt"
    pictures "$work/ours.nut" >"$work/ours.txt"
    check "$name, np $n: the same frames" cmp "$work/theirs.txt" "$work/ours.txt"
  done
}

# told_something KEY REGEX
told_something() { like "$1 were told" "$work/told.txt" "^[0-9]+ $1 $2"; }

case ${1:-} in
faces)
  # Without npm there is no cap12, and the face of hello is found in large pictures only.
  clip=$clips/cap12.mp4 size=400x300
  [ -s "$clip" ] || clip=$clips/hello.mp4 size=1280x720
  as_alone faces "$clip" yuv420p $size null faces "" null
  told_something boxes '\[\[[0-9]+,'
  as_alone "faces, blurred" "$clip" yuv420p $size null faces blur_instead=1:detect_eyes=1 null
  told_something eyes '\['
  ;;
motion)
  as_alone motion "$clips/short.mp4" yuv420p 320x240 null motion "" null
  told_something boxes '\[\[[0-9]+,'
  as_alone "motion, drawn" "$clips/short.mp4" yuv420p 320x240 hue=s=0 motion threshold=10:color=0xff000080 negate
  as_alone "optical flow" "$clips/short.mp4" yuv420p 320x240 null motion type=optical_flow null
  ;;
chain)
  clip=$clips/cap12.mp4 size=320x240
  [ -s "$clip" ] || clip=$clips/hello.mp4 size=320x180
  as_alone "faces among others" "$clip" yuv420p $size scale=320:-2 faces "" hue=s=0
  as_alone "edges of half of the frames" "$clips/short.mp4" yuv420p 320x240 fps=15 edges "" negate
  as_alone "median of RGB" "$clips/short.mp4" rgb24 320x240 format=rgb24 blur type=median:kernel=7 format=rgb24
  as_alone "denoise" "$clips/short.mp4" yuv420p 64x48 scale=64:48 denoise h=8 null
  vidmpi_np 1 -y -i "$clip" -vf faces=cascade=/nowhere/face.xml "$work/no.mkv" >"$work/vidmpi.log" 2>&1
  is "no such cascade: exit status" $? 1
  like "no such cascade: why" "$work/vidmpi.log" '/nowhere/face.xml cannot be read: install the package opencv-data'
  vidmpi_np 1 -y -safe -i "$clip" -vf faces -frames:v 2 "$work/safe.mkv" >"$work/vidmpi.log" 2>&1
  is "-safe allows the filter: exit status" $? 0
  vidmpi_np 1 -y -safe -i "$clip" -vf faces=cascade=/etc/passwd "$work/no.mkv" >"$work/vidmpi.log" 2>&1
  is "-safe looks at the cascade: exit status" $? 1
  like "-safe looks at the cascade: why" "$work/vidmpi.log" '-safe refuses.*/etc/passwd'
  ;;
*)
  echo "usage: opencv_test.sh faces|motion|chain" >&2
  exit 2
  ;;
esac
no_leftovers "opencv" 5
finish
