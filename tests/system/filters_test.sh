#!/usr/bin/env bash
# Every filter gives the same pictures on three ranks as in ffmpeg: those that work frame by frame, and all others.
# filters_test.sh PART OF: every OF-th line of filters.txt; filters_test.sh serial: serial.txt.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks=3

make_aux() {
  local aux=$work/aux
  mkdir -p "$aux" "$TMPDIR"
  printf '1\n00:00:00,050 --> 00:00:00,200\nHello\n' >"$aux/s.srt"
  ffmpeg -nostdin -v error -i "$aux/s.srt" "$aux/s.ass"
  printf '0,0 -\n1,1 +\n2,2 =\n3,3 -\n4,4 +\n5,5 =\n6,6 -\n7,7 +\n' >"$aux/hints.txt"
  awk 'BEGIN { print "LUT_1D_SIZE 32"; for (i = 0; i < 32; i++) { v = i / 31; print v * v, v, sqrt(v) } }' >"$aux/l1.cube"
  awk 'BEGIN { print "LUT_3D_SIZE 5"; for (b = 0; b < 5; b++) for (g = 0; g < 5; g++) for (r = 0; r < 5; r++)
    print g / 4, r / 4, (b / 4) * (b / 4) }' >"$aux/l3.cube"
  ffmpeg -nostdin -v error -i "$clips/odd420.mkv" -frames:v 1 \
    -vf 'scale=320:240,geq=lum=if(lt(X\,60)*lt(Y\,40)\,255\,0):cb=128:cr=128,format=gray' "$aux/logo.png"
}

make_aux
cd "$work" || exit 1
clip=$work/clip.mkv
ffmpeg -nostdin -v error -i "$clips/short.mp4" -frames:v 6 -an -c:v ffv1 "$clip"

# The graphs of a list, with a relative path to the files: no escapes needed.
graphs() { grep -v -e '^#' -e '^$' "$here/$1" | sed 's#AUX#aux#g'; }

n=0
case $1 in
serial)
  while IFS= read -r graph; do
    n=$((n + 1))
    [ -z "$VIDMPI_TEST_QUICK" ] || [ $((n % 8)) -eq 0 ] || continue
    same_frames "$clip" -vf "$graph"
  done < <(graphs serial.txt)
  ;;
*)
  while IFS= read -r graph; do
    n=$((n + 1))
    [ $((n % $2)) -eq "$1" ] || continue
    [ -z "$VIDMPI_TEST_QUICK" ] || [ $((n / $2 % 5)) -eq 0 ] || continue
    same_frames "$clip" -vf "$graph"
  done < <(graphs filters.txt)
  ;;
esac
finish
