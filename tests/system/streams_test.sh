#!/usr/bin/env bash
# Everything arrives that would with ffmpeg: streams, sound, subtitles,
# chapters, attachments, metadata, side data, and each packet's times.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks=3
v=(-vf hflip -c:v mpeg4)

case $1 in
mkv)
  ext=mkv
  same_streams "$clips/rich.mkv" "${v[@]}"
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0 -c:a copy -c:s copy
  same_packets "$clips/rich.mkv" "${v[@]}" -map 0 -c:a copy -c:s copy
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0 -c:a:0 copy -c:a:1 aac -c:s:0 ass -c:s:1 srt
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0:v -map 0:a:1 -map 0:s:m:language:deu -c:a copy
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0 -map -0:s -map -0:t
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0:v -map '0:a:5?' -map 0:a
  same_streams "$clips/rich.mkv" "${v[@]}" -an -sn -metadata title=Other -metadata:s:v language=nld -metadata artist=
  same_streams "$clips/rich.mkv" "${v[@]}" -map_metadata -1 -map_chapters -1
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0 -c:a copy -disposition:a:1 default -disposition:s 0
  same_streams "$clips/short.mp4" "${v[@]}" -c:a libvorbis -ac 2 -ar 22050 -b:a 64k
  same_streams "$clips/short.mp4" "${v[@]}" -af volume=0.5,aecho -c:a flac
  same_streams "$clips/hdr.mkv" -vf hflip -c:v libx265 -preset ultrafast -x265-params log-level=error
  same_details "$clips/hdr.mkv" -vf hflip -c:v ffv1
  same_streams "$clips/two.mkv" "${v[@]}"
  ;;
mp4)
  ext=mp4
  same_streams "$clips/rich.mkv" "${v[@]}"
  same_streams "$clips/rich.mkv" "${v[@]}" -map 0:v -map 0:a -map 0:s:0 -c:s mov_text -c:a copy
  same_streams "$clips/short.mp4" "${v[@]}" -c:a copy -movflags +faststart
  same_streams "$clips/short.mp4" -vf hflip -c:v libx264 -preset ultrafast
  same_streams "$clips/cover.mp4" "${v[@]}"
  same_streams "$clips/cover.mp4" -map 0 -filter:v:0 hflip -c:v:0 mpeg4 -c:v:1 copy
  same_streams "$clips/text.mp4" "${v[@]}" -c:s mov_text
  same_streams "$clips/rotated.mp4" "${v[@]}"
  same_streams "$clips/anamorphic.mp4" "${v[@]}"
  same_streams "$clips/anamorphic.mp4" "${v[@]}" -aspect 4:3
  same_streams "$clips/full.mp4" -vf hflip -c:v libx264 -preset ultrafast
  same_streams "$clips/late.mkv" "${v[@]}" -c:a copy
  same_streams "$clips/negative.mkv" "${v[@]}" -c:a copy
  same_streams "$clips/edited.mp4" "${v[@]}" -c:a copy
  same_streams "$clips/vfr.mp4" -vf hflip -c:v libx264 -preset ultrafast -video_track_timescale 30000
  ;;
others)
  for ext in mov avi ts nut flv ogv gif webm y4m h264 mpg; do
    same_streams "$clips/short.mp4" -vf scale=160:120
  done
  ext=mkv
  same_details "$clips/interlaced.ts" -vf hflip -c:v ffv1
  same_details "$clips/interlaced.mkv" -vf hflip -c:v libx264 -flags +ilme+ildct
  same_details "$clips/full.mp4" -vf hflip -c:v ffv1
  same_details "$clips/sar.mkv" -vf hflip -c:v ffv1
  same_streams "$clips/phone.mp4" -vf scale=320:180 -c:v mpeg4 -c:a copy
  ext=bin # the container by -f, not by the name
  same_streams "$clips/short.mp4" -vf hflip -c:v mpeg4 -f matroska
  ;;
esac
finish
