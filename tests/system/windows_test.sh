#!/usr/bin/env bash
# Graphs whose filters look at neighbouring frames: tasks get the frames around
# them, and the output is ffmpeg's at every number of ranks. windows_test.sh even|vfr|interlaced|around
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
# shellcheck source=../lib/graphs.sh
. "$lib/graphs.sh"

graphs=(tmix=frames=5 atadenoise tblend=all_mode=average deflicker yadif bwdif fps=11 framestep=3
  tile=3x1 tinterlace=interleave_top "minterpolate=fps=40:mi_mode=blend" "atadenoise,hflip,tmix=frames=3"
  "split[a][b];[b]tblend=all_mode=average[c];[a][c]overlay")

ranks="1 3"
case $1 in
even) same_on "$clips/short.mp4" "${graphs[@]}" ;;
vfr) same_on "$clips/vfr.mkv" "${graphs[@]}" ;;
interlaced) same_on "$clips/interlaced.mkv" "${graphs[@]}" ;;
around)
  ranks="1 2 3 8"
  same_frames "$clips/short.mp4" -vf atadenoise,bwdif
  ranks=3
  # What is cut off at either end, and sound beside it.
  before=(-ss 0.3 -t 0.5)
  same_frames "$clips/short.mp4" -vf tmix=frames=4
  before=()
  same_frames "$clips/short.mp4" -vf bwdif -frames:v 25
  same_packets "$clips/short.mp4" -vf yadif -c:v mpeg4 -threads 1 -c:a copy -part 0
  # A window smaller than the tasks would like, and ranks on other nodes.
  same_in_small_and_on_nodes "$clips/short.mp4" atadenoise
  ;;
esac
finish
