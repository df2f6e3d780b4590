#!/usr/bin/env bash
# -verify runs the job and then a serial run, compares every frame, and tells by the exit status.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"

# verifies NAME RANKS STATUS PATTERN ARGS...
verifies() {
  local name=$1 np=$2 status=$3 pattern=$4
  shift 4
  rm -rf "$work"/out.*
  vidmpi_np "$np" -hide_banner -y "$@" -verify "$work/out.mkv" >"$work/log" 2>&1
  is "$name: exit status" $? "$status"
  like "$name: says so" "$work/log" "$pattern"
}
manifest() { is "$1: manifest" "$(jq -c '[.exact, .verified]' "$work/out.mkv.vidmpi/manifest.json")" "$2"; }

short=$clips/short.mp4
for np in 1 3; do
  verifies "a graph in pieces, np $np" $np 0 'verified: 36 frames' -i "$short" -vf gblur,hqdn3d -c:a copy
  manifest "a graph in pieces, np $np" '[true,true]'
done
verifies "more pictures than frames" 3 0 'verified: 72 frames' -i "$short" -vf bwdif -an
verifies "the output wants no more" 3 0 'verified: 5 frames' -i "$short" -vf gblur -frames:v 5
# Without a seed no two runs are the same.
verifies "every run differs" 3 3 'frame 0 of the output is not that of a serial run: its pixels' -i "$short" -vf shufflepixels -an
manifest "every run differs" '[false,false]'
check "the output is there all the same" test -s "$work/out.mkv"
mkfifo "$work/pipe"
cat "$clips/mpeg2.ts" >"$work/pipe" &
verifies "a pipe" 1 1 'is no file' -f mpegts -i "$work/pipe" -vf null -an
no_leftovers verify
finish
