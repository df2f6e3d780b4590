#!/usr/bin/env bash
# demo.sh: the main job on a real clip, from a fresh Debian 12 to the result:
# installs what is missing, builds, fetches the clip, filters it with 4 ranks
# and shows that the pictures are ffmpeg's. Works as root and as a user with sudo.
#
#   jobs/demo.sh [FILTER]     default: edgedetect
set -eu
cd "$(dirname "$0")/.."
root=$PWD
filter=${1:-edgedetect}
# shellcheck source=tests/lib/packages.sh
. tests/lib/packages.sh
# shellcheck source=tests/lib/mpi.sh
. tests/lib/mpi.sh
export VIDMPI_SAMPLES=${VIDMPI_SAMPLES:-$root/build/samples}
ranks=4
out=$root/build/demo

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }; }

say "1. Packages, build, clip"
packages_install build
command -v ffmpeg >/dev/null || packages_install test
cmake --preset release -DVID_TESTS=OFF -DVID_WERROR=OFF >/dev/null
cmake --build build/release -- --quiet 2>/dev/null || cmake --build build/release
tests/lib/samples.sh cockatoo.mp4
mkdir -p "$out"
vidmpi=$root/build/release/bin/vidmpi
clip=$VIDMPI_SAMPLES/cockatoo.mp4

job=(-y -i "$clip" -vf "$filter" -c:v libx264 -preset veryfast -crf 20 -c:a copy "$out/cockatoo.mkv")
say "2. mpirun -np $ranks vidmpi ${job[*]}"
mpirun -np $ranks "$vidmpi" -hide_banner "${job[@]}" </dev/null

say "3. Are the pictures ffmpeg's? (losslessly encoded by both)"
lossless=(-filter_threads 1 -t 4 -i "$clip" -vf "$filter" -an -c:v ffv1)
mpirun -np $ranks "$vidmpi" -hide_banner -loglevel error -y "${lossless[@]}" "$out/ours.nut" </dev/null
ffmpeg -nostdin -hide_banner -loglevel error -y "${lossless[@]}" "$out/theirs.nut"
sums() { ffmpeg -nostdin -loglevel error -i "$1" -f framemd5 - | grep -v '^#' | tee "$1.md5" | md5sum | cut -d ' ' -f 1; }
ours=$(sums "$out/ours.nut")
theirs=$(sums "$out/theirs.nut")
frames=$(wc -l <"$out/ours.nut.md5")
rm -rf "$out"/ours.nut* "$out"/theirs.nut*
if [ "$ours" != "$theirs" ]; then
  echo "NO: vidmpi $ours, ffmpeg $theirs"
  exit 1
fi
echo "yes: $frames frames with their times, md5 of all frame sums $ours for both"

say "4. What was made"
frames=$(ffprobe -v error -select_streams v -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$clip")
echo "Rank 0 decoded the clip's $frames frames, '$filter' ran on the other $((ranks - 1)) ranks, rank 0 put the frames in order"
echo "and encoded them; the sound was copied."
echo "video     $out/cockatoo.mkv ($(stat -c %s "$out/cockatoo.mkv") bytes)"
echo "manifest  $out/cockatoo.mkv.vidmpi/manifest.json"
echo "preview   $out/cockatoo.mkv.vidmpi/preview/latest.png"
