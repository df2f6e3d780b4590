#!/usr/bin/env bash
# -results png: a picture and a note of each frame, for a person or another tool.
. "$(dirname "$0")/../lib/test.sh"
check "the job" vidmpi_np 3 -hide_banner -y -results png -run-dir "$work/run" -i "$clips/short.mp4" -vf edgedetect \
  -an -c:v ffv1 "$work/out.nut"
png=$work/run/results/png
is "a PNG for each frame" "$(find "$png" -name 'frame_[0-9][0-9][0-9][0-9][0-9][0-9].png' | wc -l)" 36
is "a JSON for each frame" "$(find "$png" -name 'frame_[0-9][0-9][0-9][0-9][0-9][0-9].json' | wc -l)" 36
for note in "$png"/*.json; do
  jq -e '(.processing_time_ms > 0) and (.memory_mb > 0) and (.filter == "edgedetect") and (.rank | type == "number")
    and (.host | length > 0) and has("pts")' "$note" >/dev/null || echo "$note"
done >"$work/bad" 2>&1
is "each note is whole" "$(cat "$work/bad")" ""
ffmpeg -nostdin -v error -y -i "$work/out.nut" -f framemd5 -pix_fmt gray "$work/video.md5"
cat "$png"/*.png | ffmpeg -nostdin -v error -y -f image2pipe -c:v png -i - -f framemd5 -pix_fmt gray "$work/png.md5" 2>"$work/log"
is "as many pictures can be read" "$(grep -vc '^#' "$work/png.md5")" 36
is "pictures differ" "$(($(grep -v '^#' "$work/png.md5" | awk '{print $NF}' | sort -u | wc -l) > 6))" 1
is "their size" "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$(find "$png" -name '*.png' | head -n 1)")" 320,240
check "an output that ends early" vidmpi_np 3 -hide_banner -y -results png -run-dir "$work/run12" -i "$clips/short.mp4" \
  -vf edgedetect -frames:v 12 -an -c:v ffv1 "$work/out12.nut"
is "only the pictures that are in it" "$(find "$work/run12/results/png" -name '*.png' | wc -l)" 12
check "ten bits become eight" vidmpi_np 2 -hide_banner -y -results png -run-dir "$work/run10" -i "$clips/tenbit.mp4" -vf hflip \
  -c:v mpeg4 "$work/out.mkv"
finish
