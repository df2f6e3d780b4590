#!/usr/bin/env bash
# Cutting and retiming on both sides of -i, as ffmpeg does it.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks=3

case $1 in
cut)
  for cut in "-ss 0.3" "-t 0.5" "-to 0.7" "-ss 0.25 -t 0.4" "-ss 0.2 -to 0.6" "-sseof -0.5" "-ss 0.3 -noaccurate_seek" \
    "-itsoffset 2" "-r 10" "-ss 0.2 -copyts" "-stream_loop 1"; do
    read -ra before <<<"$cut"
    same_frames "$clips/bframes.mp4" -vf negate
  done
  before=(-ss 0.2)
  same_frames "$clips/vfr.mkv" -vf negate -t 0.5
  before=(-ss 0.4)
  same_frames "$clips/late.mkv" -vf negate
  before=()
  for cut in "-ss 0.3" "-t 0.5" "-to 0.7" "-ss 0.25 -t 0.4" "-ss 0.2 -to 0.6" "-frames:v 5" "-vframes 1"; do
    read -ra after <<<"$cut"
    same_frames "$clips/bframes.mp4" -vf "hue=h=n*5" "${after[@]}"
  done
  # shellcheck disable=SC2034
  empty_is_fine=1
  same_frames "$clips/bframes.mp4" -vf negate -t 0
  same_frames "$clips/bframes.mp4" -vf negate -ss 5
  ;;
rate)
  for rate in "-r 10" "-r 60" "-r 30000/1001" "-fps_mode passthrough" "-fps_mode cfr" "-fps_mode vfr" "-vsync 0" \
    "-fps_mode drop" "-enc_time_base -1" "-enc_time_base 1/1000" "-r 12 -frames:v 6" "-r 50 -t 0.4"; do
    read -ra after <<<"$rate"
    same_frames "$clips/vfr.mkv" -vf negate "${after[@]}"
    [ "${after[1]}" != cfr ] || same_frames "$clips/gap.mkv" -vf negate "${after[@]}"
  done
  ext=mp4
  same_streams "$clips/vfr.mkv" -vf negate -c:v mpeg4 -c:a copy
  same_streams "$clips/gap.mkv" -vf negate -c:v mpeg4 -r 25
  same_streams "$clips/mpeg4.avi" -vf negate -c:v mpeg4
  ext=mkv
  same_streams "$clips/short.mp4" -vf negate -c:v mpeg4 -t 0.6
  same_streams "$clips/short.mp4" -vf negate -c:v mpeg4 -frames:v 10 -shortest
  before=(-ss 0.3)
  same_streams "$clips/short.mp4" -vf negate -c:v mpeg4 -c:a copy -t 0.6
  same_streams "$clips/short.mp4" -vf negate -c:v mpeg4 -t 0.6
  before=(-copyts)
  same_streams "$clips/late.mkv" -vf negate -c:v mpeg4 -c:a copy
  ;;
esac
finish
