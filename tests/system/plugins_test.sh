#!/usr/bin/env bash
# Filters of one's own: the one of docs/writing-a-filter.md is built as the page says and gives the frames that ffmpeg's
# tblend gives, with any number of ranks, also on nodes that do not know VIDMPI_PLUGIN_PATH.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
root=$(cd "$here/../.." && pwd)
page=$root/docs/writing-a-filter.md
clip=$clips/short.mp4
real=$VIDMPI
export real

mkdir -p "$work/plugins"
awk '/^```/ { inside = $0 == "```c"; next } inside' "$page" >"$work/trails.c"
check "the page's filter compiles" \
  "${CC:-cc}" -std=c99 -O2 -Wall -Wextra -Werror -shared -fPIC -I "$root/src/media" -o "$work/plugins/trails.so" "$work/trails.c"
export VIDMPI_PLUGIN_PATH=$work/plugins

# lacks_first TEXT: frames without the first one.
lacks_first() { grep -v '^#' "$1" | tail -n +2; }

# as_ffmpegs OURS THEIRS: frames and times, but for the first frame, which tblend drops.
as_ffmpegs() {
  local np first=
  run_ffmpeg "$work/theirs.nut" "$clip" -an -vf "$2" -c:v ffv1 >"$work/ffmpeg.log" 2>&1
  look_frames "$work/theirs.nut" | grep -v '^#' >"$work/theirs.txt"
  [ -s "$work/theirs.txt" ] || flunk "$2: ffmpeg gave frames" "$work/ffmpeg.log"
  for np in 1 3; do
    rm -rf "$work"/ours.nut*
    run_vidmpi $np "$work/ours.nut" "$clip" -an -vf "$1" -c:v ffv1 >"$work/vidmpi.log" 2>&1
    look_frames "$work/ours.nut" >"$work/ours.txt" 2>>"$work/vidmpi.log"
    lacks_first "$work/ours.txt" >"$work/rest.txt"
    if cmp -s "$work/rest.txt" "$work/theirs.txt"; then
      pass "$1, np $np: ffmpeg's $2"
    else
      flunk "$1, np $np: ffmpeg's $2" "$work/vidmpi.log"
      diff "$work/rest.txt" "$work/theirs.txt" | head -n 6 | sed 's/^/#   /'
    fi
    [ -n "$first" ] || first=$(cat "$work/ours.txt")
    is "$1, np $np: the same as with one rank" "$(cat "$work/ours.txt")" "$first"
  done
}

as_ffmpegs trails tblend=all_mode=lighten
is "libavfilter is not asked for it" "$(grep -c 'No such filter' "$work/vidmpi.log")" 0
as_ffmpegs "scale=160:-2,trails=mode=darken,hue=s=0" "scale=160:-2,tblend=all_mode=darken,hue=s=0"

# In a graph of pieces: behind a filter that must see every frame, and one of a plugin that must.
as_ffmpegs "hqdn3d,trails" "hqdn3d,tblend=all_mode=lighten"
check "the unit tests' plugin compiles" \
  "${CC:-cc}" -O2 -shared -fPIC -I "$root/src" -o "$work/plugins/tests.so" "$root/tests/unit/media/plugins/good.c"
ranks="1 3"
for np in $ranks; do
  rm -rf "$work/ours$np.nut" "$work/ours$np.nut".*
  run_vidmpi "$np" "$work/ours$np.nut" "$clip" -an -vf gblur,mirror,count,mean,negate -c:v ffv1 >"$work/vidmpi.log" 2>&1
  look_frames "$work/ours$np.nut" >"$work/count$np.txt" 2>>"$work/vidmpi.log"
  [ -s "$work/count$np.txt" ] || flunk "a serial filter of a plugin, np $np" "$work/vidmpi.log"
done
check "a serial filter of a plugin: the same with three ranks" cmp "$work/count1.txt" "$work/count3.txt"
run_ffmpeg "$work/theirs.nut" "$clip" -an -vf hflip,hqdn3d,hflip,nlmeans=s=3:p=3:r=3 -c:v ffv1 >"$work/ffmpeg.log" 2>&1
run_vidmpi 3 "$work/ours.nut" "$clip" -an -vf mirror,hqdn3d,mirror,nlmeans=s=3:p=3:r=3 -c:v ffv1 >"$work/vidmpi.log" 2>&1
look_frames "$work/theirs.nut" >"$work/theirs.txt"
look_frames "$work/ours.nut" >"$work/ours.txt"
check "ffmpeg gave frames" test -s "$work/theirs.txt"
check "plugins around a serial filter: ffmpeg's frames" cmp "$work/ours.txt" "$work/theirs.txt"

vidmpi_np 1 -filters >"$work/filters.txt" 2>&1
like "-filters lists them: window" "$work/filters.txt" '^trails +window +- +/.*/trails.so +the brightest'
like "-filters lists them: serial" "$work/filters.txt" '^count +serial +- +/.*/tests.so'
vidmpi_np 1 -i "$clip" -vf gblur,count -explain "$work/no.mkv" >"$work/explain.txt" 2>&1
like "-explain knows why one is serial" "$work/explain.txt" 'count +serial +it must see every frame in order \(it says so itself\)'
vidmpi_np 1 -h filter=trails >"$work/help.txt" 2>&1
like "its options are shown" "$work/help.txt" 'frames +<int> +how many frames back \(whole numbers from 1 to 30; default 1\)'

# Ranks on other nodes, without the variable.
# shellcheck disable=SC2016 # expanded by the program that is made
printf '#!/usr/bin/env bash\nrank=${OMPI_COMM_WORLD_RANK:-0}\nexport VIDMPI_NODE=node$rank\n[ "$rank" -eq 0 ] || unset VIDMPI_PLUGIN_PATH\nexec "$real" "$@"\n' >"$work/pretend"
chmod +x "$work/pretend"
VIDMPI=$work/pretend
rm -rf "$work"/ours.nut*
run_vidmpi 1 "$work/one.nut" "$clip" -an -vf trails=frames=3 -c:v ffv1 >"$work/vidmpi.log" 2>&1
run_vidmpi 3 "$work/ours.nut" "$clip" -an -vf trails=frames=3 -c:v ffv1 >>"$work/vidmpi.log" 2>&1
look_frames "$work/one.nut" >"$work/one.txt"
look_frames "$work/ours.nut" >"$work/ours.txt"
check "ranks on other nodes: frames" test -s "$work/one.txt"
check "ranks on other nodes: the same" cmp "$work/one.txt" "$work/ours.txt"
VIDMPI=$real

# refuses NAME GRAPH REGEX
refuses() {
  vidmpi_np 1 -y -i "$clip" -vf "$2" "$work/no.mkv" >"$work/vidmpi.log" 2>&1
  is "$1: exit status" $? 1
  like "$1: why" "$work/vidmpi.log" "$3"
}
refuses "an option out of range" trails=31 'filter "trails": option frames cannot be "31"; it takes whole numbers from 1 to 30'
refuses "in a branch" 'split[a][b];[a]trails[c];[b][c]hstack' 'filter "trails" is a plugin.s and stands in a branch'
refuses "a wrong name" trials "No such filter: 'trials': did you mean 'trails'"
[ -e "$(dirname "$real")/plugins/opencv.so" ] ||
  refuses "OpenCV's without it" faces 'package vidmpi-opencv .*VID_OPENCV'
no_leftovers "plugins" 5
finish
