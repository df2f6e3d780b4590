#!/usr/bin/env bash
# What a person and a program can see of a job: the progress line, -progress,
# progress.json, the preview, the summary and the manifest.
. "$(dirname "$0")/../lib/test.sh"
out=$work/out.mkv run=$work/out.mkv.vidmpi
frames=36

vidmpi_np 3 -hide_banner -y -progress "$work/ours.progress" -i "$clips/short.mp4" -vf gblur -c:v mpeg4 "$out" >"$work/log" 2>&1
is "exit status" $? 0
ffmpeg -nostdin -v error -y -progress "$work/theirs.progress" -i "$clips/short.mp4" -vf gblur -c:v mpeg4 "$work/theirs.mkv"
keys() { tac "$1" | awk -F= '/^progress=/ && n++ { exit } { print $1 }' | sort; }
is "-progress has ffmpeg's keys" "$(keys "$work/ours.progress")" "$(keys "$work/theirs.progress")"
last() { sed -n "s/^$2=//p" "$1" | tail -n 1 | tr -d ' '; }
for key in frame out_time_us out_time progress dup_frames drop_frames total_size; do
  is "-progress ends with ffmpeg's $key" "$(last "$work/ours.progress" $key)" "$(last "$work/theirs.progress" $key)"
done

like "the summary tells fps" "$work/log" 'fps'
like "the summary tells p50, p95 and p99" "$work/log" 'p50.*p95.*p99'
for stage in decode wait fetch filter publish visible encode; do
  like "the summary tells $stage" "$work/log" "$stage"
done

m=$run/manifest.json
check "manifest.json is JSON" jq -e . "$m"
has() { check "manifest: $1" jq -e "$1" "$m"; }
has '.version == 1 and .state == "done"'
has ".frames_in == $frames and .frames_out == $frames and .frames_filtered == $frames"
has '.frames_substituted == 0 and .retries == 0 and .ranks_lost == 0'
has '.ranks == 3 and (.ranks_detail | length) >= 1'
has "([.ranks_detail[].frames] | add) == $frames"
has '.wall_seconds > 0 and .fps > 0 and .redis_round_trips > 0'
has '(.job | type) == "string" and (.filter == "gblur")'
has '(.input | endswith("short.mp4")) and (.output | endswith("out.mkv"))'
for stage in decode wait fetch filter publish visible encode whole; do
  has ".stages.$stage | .count == $frames and .p50_ms <= .p95_ms and .p95_ms <= .p99_ms and .p99_ms <= .max_ms"
done
p=$run/progress.json
check "progress.json ends as done" jq -e \
  ".version == 1 and .state == \"done\" and .percent == 100 and .frames_decoded == $frames and .frames_filtered == $frames and .frames_encoded == $frames" "$p"
check "progress.json has its fields" jq -e \
  'has("frames_total") and has("fps") and has("eta_seconds") and has("ranks_working") and has("retries") and has("elapsed_seconds")' "$p"
is "the preview is a picture" "$(ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "$run/preview/latest.png" 2>&1)" png,320,240
is "nothing else stays in the run directory" "$(cd "$run" 2>/dev/null && find . -type f | sort | paste -sd ' ')" \
  "./manifest.json ./preview/latest.png ./progress.json"
is "the output ends under its name" "$(cd "$work" && echo out.mkv*)" "out.mkv out.mkv.vidmpi"

rm -rf "$work"/out*
vidmpi_np 1 -hide_banner -y -nostats -i "$clips/short.mp4" -vf gblur -c:v mpeg4 -f matroska - >"$work/piped.mkv" 2>"$work/log"
is "output to a pipe: exit status" $? 0
check "output to a pipe is whole" ffprobe -v error "$work/piped.mkv"
is "output to a pipe: all frames" "$(ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 "$work/piped.mkv")" $frames
timeout 60 "$VIDMPI" -hide_banner -y -f mpegts -i - -vf gblur -c:v mpeg4 "$out" <"$clips/mpeg2.ts" >"$work/log" 2>&1
is "input from a pipe: exit status" $? 0
check "input from a pipe: the output is whole" ffprobe -v error "$out"
timeout 60 "${mpirun[@]}" -np 2 "$VIDMPI" -hide_banner -y -f mpegts -i - -vf gblur -c:v mpeg4 "$out" <"$clips/mpeg2.ts" >"$work/log" 2>&1
is "input from a pipe through mpirun: exit status" $? 0

script -qec "timeout 60 '$VIDMPI' -hide_banner -y -i '$clips/tiny1000.nut' -vf gblur -c:v mpeg4 '$out'" /dev/null >"$work/tty" 2>&1 </dev/null
tr '\r' '\n' <"$work/tty" >"$work/tty.lines"
like "on a terminal: a bar with percent, fps and ETA" "$work/tty.lines" '[0-9]+ ?%.*fps'
like "on a terminal: ETA" "$work/tty.lines" 'ETA|eta'
vidmpi_np 1 -loglevel quiet -nostats -y -i "$clips/short.mp4" -vf gblur -c:v mpeg4 "$out" >"$work/quiet" 2>&1
is "quiet is quiet" "$(wc -c <"$work/quiet")" 0
"$VIDMPI" -h >"$work/help" 2>&1
is "-h: exit status" $? 0
is "-h fits two screens" "$(($(wc -l <"$work/help") <= 100))" 1
like "-h tells the own options" "$work/help" '-run-dir'
"$VIDMPI" -version >"$work/version" 2>&1
like "-version" "$work/version" 'vidmpi [0-9]+\.[0-9]+'
cores=$(nproc)
vidmpi_np $((cores + 2)) -hide_banner -y -i "$clips/short.mp4" -vf gblur -c:v mpeg4 "$out" >"$work/log" 2>&1
like "more ranks than cores: a warning" "$work/log" "ranks .*$cores cores"
no_leftovers "progress"
finish
