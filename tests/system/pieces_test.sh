#!/usr/bin/env bash
# Graphs of which parts must see every frame in order: these run on rank 0, between parts that run on all ranks, and
# the output is ffmpeg's at every number of ranks. pieces_test.sh even|vfr|interlaced|around
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
# shellcheck source=../lib/graphs.sh
. "$lib/graphs.sh"

graphs=(hqdn3d "hqdn3d,gblur" "edgedetect,deshake" "gblur,lagfun,edgedetect,hqdn3d,atadenoise"
  "tile=2x2,gblur" "gblur,reverse" "edgedetect,fps=11,tmix=frames=3" "setpts=2*PTS,minterpolate=fps=20:mi_mode=blend"
  "split[a][b];[b]lagfun[c];[a][c]blend=all_mode=average,gblur" "gblur,tpad=start=2:stop=3:color=red,edgedetect"
  "gblur,loop=2:4:3,atadenoise" "gblur,trim=start_frame=3:end_frame=17,gblur,hqdn3d" "yadif,hqdn3d,bwdif"
  "gblur,scale=w=80:h=60,zoompan=z=1.3:d=2:s=64x48,gblur")

ranks="1 3"
case $1 in
even) same_on "$clips/short.mp4" "${graphs[@]}" ;;
vfr) same_on "$clips/vfr.mkv" "${graphs[@]}" ;;
interlaced) same_on "$clips/interlaced.mkv" "${graphs[@]}" ;;
around)
  ranks="1 2 3 8"
  same_frames "$clips/short.mp4" -vf "gblur,hqdn3d,edgedetect"
  ranks=3
  # Pixel formats that change on the way, and those that only the encoder wants.
  same_frames "$clips/tenbit.mp4" -vf "gblur,hqdn3d,edgedetect,lagfun"
  same_frames "$clips/short.mp4" -vf "hqdn3d,edgedetect=mode=colormix,deshake" -pix_fmt yuv444p
  # What is cut off at either end, sound beside it, and an output that wants no more.
  before=(-ss 0.3 -t 0.5)
  same_frames "$clips/short.mp4" -vf gblur,hqdn3d,gblur
  before=()
  same_frames "$clips/short.mp4" -vf gblur,lagfun,gblur -frames:v 9
  same_packets "$clips/short.mp4" -vf gblur,hqdn3d -c:v mpeg4 -threads 1 -c:a copy -part 0
  # The size changes on the way.
  same_frames "$clips/resize.ts" -vf gblur,hqdn3d,gblur
  # A turned video is turned once.
  same_frames "$clips/rotated.mp4" -vf gblur,hqdn3d,gblur
  # A small window, and ranks on other nodes.
  same_in_small_and_on_nodes "$clips/short.mp4" gblur,hqdn3d,atadenoise
  ;;
esac
finish
