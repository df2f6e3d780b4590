#!/usr/bin/env bash
# Pixel formats: no conversion that ffmpeg would not do, and those that it does.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks=3
case $1 in
out) # what the encoder is asked for
  formats="yuv420p yuv422p yuv444p yuv410p yuv440p yuvj420p nv12 yuv420p10le yuv422p12le yuv444p16le gray gray10le gray16le
    rgb24 bgr0 gbrp gbrp10le gbrp14le rgb48le rgba64le yuva420p yuva444p10le bgra ya8 monob pal8"
  for format in $formats; do
    same_frames "$clips/short.mp4" -vf scale=80:60 -frames:v 4 -pix_fmt "$format"
  done
  ;;
in) # what the filter is given: any format that a raw video can have
  formats="yuv420p yuv411p yuv440p10le yuv444p9le yuva422p12le nv12 nv21 nv16 nv24 p010le p016le uyvy422 yuyv422 y210le
    gray gray9le gray12le grayf32le monow monob rgb565le bgr444le rgb24 bgr48le argb 0rgb rgba64be gbrap gbrapf32le
    gbrp16be ya16le xyz12le x2rgb10le bgr8 rgb4_byte ayuv64le"
  for format in $formats; do
    ffmpeg -nostdin -v error -y -i "$clips/short.mp4" -vf "scale=80:60,format=$format" -frames:v 4 -c:v rawvideo \
      "$work/$format.nut" || continue
    same_frames "$work/$format.nut" -vf hflip
    rm "$work/$format.nut"
  done
  ext=mkv
  same_details "$clips/alpha.mov" -vf hflip -c:v png
  same_details "$clips/pal8.mov" -vf null -c:v png
  same_details "$clips/short.mp4" -vf format=yuv422p -c:v libx264
  same_details "$clips/short.mp4" -vf scale=100:80:flags=lanczos -sws_flags bilinear -c:v ffv1 -pix_fmt yuv444p
  same_details "$clips/short.mp4" -s 96x64 -vf hflip -c:v ffv1
  ;;
esac
finish
