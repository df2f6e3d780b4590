#!/usr/bin/env bash
# With a fixed thread count the encoded packets are ffmpeg's, byte for byte.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks="1 3"
[ -z "$VIDMPI_TEST_QUICK" ] || ranks=3
ext=mp4
same_packets "$clips/short.mp4" -vf edgedetect -c:v libx264 -preset veryfast -crf 20
same_packets "$clips/short.mp4" -vf gblur -c:v libx264 -b:v 300k -g 20 -bf 2 -pix_fmt yuv420p
same_packets "$clips/bframes.mp4" -vf gblur -c:v mpeg4 -q:v 5
same_packets "$clips/vfr.mp4" -vf hflip -c:v libx264 -x264-params keyint=10:scenecut=0
same_packets "$clips/tenbit.mp4" -vf hflip -c:v libx264
same_packets "$clips/short.mp4" -vf hflip -c:v mpeg4 -b:v 400k -flags +qpel -c:a aac -b:a 64k
ext=mkv
same_packets "$clips/alpha.mkv" -vf hflip -c:v ffv1 -level 3 -g 5 -slices 4 -slicecrc 1
same_packets "$clips/interlaced.mkv" -vf gblur -c:v libx264 -flags +ilme+ildct
same_packets "$clips/rich.mkv" -map 0 -vf gblur -c:v mpeg4 -c:a copy -c:s copy
same_packets "$clips/short.mp4" -vf gblur
ext=webm
same_packets "$clips/short.mp4" -vf scale=80:60 -c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus
ext=avi
same_packets "$clips/short.mp4" -vf gblur -c:a mp3
finish
