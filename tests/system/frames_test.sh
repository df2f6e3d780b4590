#!/usr/bin/env bash
# The same pictures and times as ffmpeg on every clip. frames_test.sh GROUP:
# time, shape, pixels or damage. A chain of three filters that each read more than
# their own pixel, so that a wrong row, field or timestamp shows.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"

# shellcheck disable=SC2034
case $1 in
samples) set -- short.mp4 cockatoo.mp4 hello.mp4 phone.mp4 cap12.mp4 ;;
time) set -- bframes.mp4 vfr.mkv vfr.mp4 late.mkv late.ts negative.mkv edited.mp4 gap.mkv slow.mkv mpeg4.avi mpeg2.ts \
  mpeg1.mpg vp9.webm theora.ogv wmv2.asf flv1.flv anim.gif raw.y4m one.png hevc.mp4 ;;
shape) set -- odd.mkv odd420.mkv narrow.mkv anamorphic.mp4 sar.mkv rotated.mp4 upside.mov tilted.mp4 interlaced.ts \
  interlaced.mkv fields.mkv resize.ts reformat.ts two.mkv cover.mp4 ;;
pixels) set -- tenbit.mp4 tenbit422.mkv twelve444.mkv alpha.mkv alpha.mov alpha.webm pal8.mov gray.mkv gray16.mkv \
  rgb48.mov gbrp.mkv bgr24.avi yuyv.avi yuv411.mkv full.mp4 hdr.mkv mjpeg.mov ;;
damage) set -- damaged.ts lossy.mkv truncated.mkv truncated.mp4 truncated.ts damaged.mkv ;;
esac

ranks="1 3"
[ -z "$VIDMPI_TEST_QUICK" ] || ranks=1
for clip in "$@"; do
  if [ ! -e "$clips/$clip" ]; then
    skip "$clip cannot be had on this machine"
    continue
  fi
  case $clip in
  # How a decoder of several threads conceals errors differs from run to run, in ffmpeg too.
  damaged.* | lossy.* | truncated.*) before=(-threads 1) ;;
  *) before=() ;;
  esac
  same_frames "$clips/$clip" -vf 'hflip,gblur=sigma=1.5,unsharp'
done
finish
