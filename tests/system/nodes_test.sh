#!/usr/bin/env bash
# Ranks on another node get their pixels by messages: here ranks pretend to be
# on other nodes (VIDMPI_NODE), with equal frames.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
real=$VIDMPI
export real

# pretend NAME EXPRESSION: a program that names its node by its rank.
pretend() {
  # shellcheck disable=SC2016 # expanded by the program that is made
  printf '#!/usr/bin/env bash\nrank=${OMPI_COMM_WORLD_RANK:-0}\nexport VIDMPI_NODE=node$((%s))\nexec "$real" "$@"\n' \
    "$2" >"$work/$1"
  chmod +x "$work/$1"
  VIDMPI=$work/$1
}

# shellcheck disable=SC2034
ranks=4
pretend two 'rank / 2'
same_frames "$clips/short.mp4" -vf gblur
same_frames "$clips/vfr.mkv" -vf "hue=h=n*9"
same_frames "$clips/alpha.mkv" -vf negate
same_frames "$clips/rotated.mp4" -vf negate
pretend each rank
same_frames "$clips/short.mp4" -vf edgedetect
same_frames "$clips/tenbit422.mkv" -vf gblur
pretend remote 'rank > 0' # all but rank 0 are elsewhere
same_frames "$clips/hello.mp4" -vf hflip
same_frames "$clips/interlaced.ts" -vf gblur

check "a longer job" vidmpi_np 3 -y -i "$clips/tiny1000.nut" -vf gblur -c:v mpeg4 -run-dir "$work/run" "$work/out.mkv"
is "ranks on other nodes worked" \
  "$(jq '[.ranks_detail[] | select(.rank > 0) | .frames] | add > 0' "$work/run/manifest.json" 2>&1)" true
no_leftovers "several nodes" 5
finish
