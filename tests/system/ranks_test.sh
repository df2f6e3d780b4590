#!/usr/bin/env bash
# The number of ranks does not change the output: 1, 2, 3 and 8 give ffmpeg's
# pictures and times, with a filter that looks at the picture's number and time too.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks="1 2 3 8"
[ -z "$VIDMPI_TEST_QUICK" ] || ranks="1 4"
same_frames "$clips/short.mp4" -vf edgedetect
same_frames "$clips/vfr.mkv" -vf "rotate=n*0.1+t"
same_frames "$clips/late.ts" -vf "hue=h=n*7:s=1+t/10"
same_frames "$clips/alpha.mkv" -vf "split[a][b];[b]negate[c];[a][c]blend=all_expr='if(mod(X+N,2),A,B)'"
same_frames "$clips/tenbit.mp4" -vf "drawbox=x=mod(t*100\,100):w=20:h=20,eq=brightness='sin(n)/8'"
finish
