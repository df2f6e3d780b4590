#!/usr/bin/env bash
# Every graph of filters.txt and serial.txt on three clips (even, varying frame rate, interlaced) with 1, 3 and 8 ranks.
# Takes the better part of an hour, so only when VIDMPI_TEST_MATRIX is set; VIDMPI_TEST_MATRIX=N/M is every M-th graph
# from the N-th on. Ends with how many graphs are the same in all nine.
. "$(dirname "$0")/../lib/test.sh"
if [ -z "${VIDMPI_TEST_MATRIX:-}" ]; then
  echo "takes the better part of an hour; VIDMPI_TEST_MATRIX=1 runs it"
  exit 77
fi
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
# shellcheck source=../lib/graphs.sh
. "$lib/graphs.sh"
ranks="1 3 8"
# shellcheck disable=SC2034 # for compare: of a few frames some leave nothing
empty_is_fine=1
make_aux
cd "$work" || exit 1
for clip in short.mp4 vfr.mkv interlaced.mkv; do
  ffmpeg -nostdin -v error -i "$clips/$clip" -frames:v 12 -an -c:v ffv1 -enc_time_base -1 -fps_mode passthrough "$work/${clip%.*}.nut"
done

part=${VIDMPI_TEST_MATRIX%/*} of=${VIDMPI_TEST_MATRIX#*/} n=0 whole=0
[ "$part/$of" = "$VIDMPI_TEST_MATRIX" ] || part=0 of=1
while IFS= read -r graph; do
  n=$((n + 1))
  [ $((n % of)) -eq $((part % of)) ] || continue
  before_it=$test_failed
  for clip in short vfr interlaced; do same_frames "$work/$clip.nut" -vf "$graph"; done
  [ "$test_failed" -ne "$before_it" ] || whole=$((whole + 1))
done < <(graphs_of filters.txt serial.txt)
echo "# $whole graphs are the same on all clips with 1, 3 and 8 ranks"
finish
