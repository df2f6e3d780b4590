#!/usr/bin/env bash
# The harness itself: it finds ffmpeg equal to ffmpeg, and each kind of
# difference in a broken one.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
VIDMPI=$lib/standin
VIDMPI_TIME_LIMIT=10
ranks="1 3"

# finds NAME MODE COMMAND...: the comparison fails in a shell of its own.
finds() {
  local name=$1 failures
  export VIDMPI_STANDIN=$2
  shift 2
  failures=$(
    test_failed=0
    "$@" >/dev/null
    echo $test_failed
  )
  is "$name is found" "$failures" 1
  unset VIDMPI_STANDIN
}

same_frames "$clips/vfr.mkv" -vf null
same_packets "$clips/bframes.mp4" -c:v libx264
ext=mkv
same_streams "$clips/rich.mkv" -map 0 -c:v mpeg4 -c:a copy -c:s copy
same_details "$clips/hdr.mkv" -c:v ffv1
same_frames "$clips/words.mp4"

ranks=1
ext=nut
finds "a wrong pixel" pixels same_frames "$clips/short.mp4" -vf null
finds "a lost frame" drop same_frames "$clips/short.mp4" -vf null
finds "a late frame" late same_frames "$clips/short.mp4" -vf null
finds "a failing program" fail same_frames "$clips/short.mp4" -vf null
finds "a wrong packet" pixels same_packets "$clips/short.mp4" -c:v mpeg4
finds "a wrong title" title same_streams "$clips/short.mp4" -c:v mpeg4
VIDMPI_TIME_LIMIT=1
finds "a hanging program" hang compare look_frames hang "$clips/words.mp4" -c:v ffv1
finish
