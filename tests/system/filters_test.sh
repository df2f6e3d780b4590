#!/usr/bin/env bash
# Every filter gives the same pictures on three ranks as in ffmpeg: those that work frame by frame, and all others.
# filters_test.sh PART OF: every OF-th line of filters.txt; filters_test.sh serial: serial.txt.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
# shellcheck source=../lib/graphs.sh
. "$lib/graphs.sh"
ranks=3

make_aux
cd "$work" || exit 1
clip=$work/clip.mkv
ffmpeg -nostdin -v error -i "$clips/short.mp4" -frames:v 6 -an -c:v ffv1 "$clip"

n=0
case $1 in
serial)
  empty_is_fine=1 # of a few frames some leave nothing
  while IFS= read -r graph; do
    n=$((n + 1))
    [ -z "$VIDMPI_TEST_QUICK" ] || [ $((n % 8)) -eq 0 ] || continue
    same_frames "$clip" -vf "$graph"
  done < <(graphs_of serial.txt)
  ;;
*)
  while IFS= read -r graph; do
    n=$((n + 1))
    [ $((n % $2)) -eq "$1" ] || continue
    [ -z "$VIDMPI_TEST_QUICK" ] || [ $((n / $2 % 5)) -eq 0 ] || continue
    same_frames "$clip" -vf "$graph"
  done < <(graphs_of filters.txt)
  ;;
esac
finish
