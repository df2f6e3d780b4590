#!/usr/bin/env bash
# The video in parts against one session, and a run that was stopped and goes on against one that was not.
# parts_test.sh PROGRAM
set -u
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

result() { # OK(0)|1 NAME [LOG]
  count=$((count + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $count - $2"
  else
    failed=$((failed + 1))
    echo "not ok $count - $2"
    [ -z "${3:-}" ] || sed 's/^/#   /' "$3" | tail -n 8
  fi
}

ff() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }

make_clips() {
  local video='testsrc=size=160x120:rate=25:duration=2.4' sound='sine=frequency=440:sample_rate=32000:duration=2.5'
  local fast=(-c:v libx264 -preset ultrafast -bf 2 -g 10)
  ff -f lavfi -i "$video" -f lavfi -i "$sound" "${fast[@]}" -c:a aac plain.mp4 &&
    ff -f lavfi -i "$video" -f lavfi -i "$sound" -vf "setpts='PTS+if(gt(N,20),0.23/TB,0)+if(mod(N,3),0.013/TB,0)'" \
      -fps_mode passthrough -video_track_timescale 90000 "${fast[@]}" -c:a aac vfr.mp4
}

# ours OUTPUT ARGS...: with parts in ./parts, whose files of an earlier run are found there.
ours() {
  local out=$1
  shift
  TRANSCODE_PARTS=parts timeout 60 "$program" -v warning -y -threads 2 "$@" -filter_threads 1 -threads 2 -bitexact "$out"
}

afresh() { rm -rf parts; mkdir parts; }
sealed() { wc -l <parts/ledger; }

times() { # pts with their durations, and dts: encoders choose other B-frames around a cut, so each is sorted.
  ffprobe -v error -show_entries packet=stream_index,pts,duration -of csv "$1" | sort -s -t, -k2,2n -k3,3n
  ffprobe -v error -show_entries packet=stream_index,dts -of csv "$1" | sort -s -t, -k2,2n
}

frames() { ffmpeg -nostdin -v error -i "$1" -map 0 -fps_mode passthrough -c:a copy -f framemd5 - | grep -v '^#'; }

# like_one WHAT EXT CLIP ARGS...: as one session. WHAT: pixels (to the last bit, and ffmpeg's) or times.
like_one() {
  local what=$1 ext=$2 clip=$3 part
  shift 3
  rm -f one.* theirs.*
  timeout 60 "$program" -v error -y -threads 2 -i "$clip" -threads 2 -bitexact -part 0 "$@" "one.$ext" >ours.log 2>&1 ||
    { result 1 "$ext $clip: $*" ours.log; return; }
  for part in 0.5 0.7; do
    afresh
    ours "parts.$ext" -i "$clip" -part $part "$@" >ours.log 2>&1 || { result 1 "$part $ext $clip: $*" ours.log; return; }
    [ "$(sealed)" -ge "${LEAST:-2}" ] || { result 1 "$part $ext $clip: $*: not cut" ours.log; return; }
    diff <(times "one.$ext") <(times "parts.$ext") >ours.log
    result $? "$part $ext $clip: $*: times" ours.log
    [ "$what" = pixels ] || continue
    diff <(frames "one.$ext") <(frames "parts.$ext") >ours.log
    result $? "$part $ext $clip: $*: frames" ours.log
  done
  [ "$what" = pixels ] || return
  ffmpeg -nostdin -v error -y -threads 2 -i "$clip" -threads 2 -bitexact "$@" "theirs.$ext" && cmp "theirs.$ext" "one.$ext" >ours.log
  result $? "$ext $clip: $*: one session is ffmpeg's" ours.log
}

all_like_one() {
  local mode
  like_one pixels mkv plain.mp4 -c:v ffv1 -c:a copy
  like_one pixels nut plain.mp4 -c:v ffv1 -c:a flac -g 5
  for mode in cfr vfr passthrough; do
    like_one pixels nut vfr.mp4 -c:v ffv1 -fps_mode $mode
    like_one pixels nut vfr.mp4 -c:v ffv1 -fps_mode $mode -r 50
    like_one pixels nut vfr.mp4 -c:v ffv1 -fps_mode $mode -r 12
  done
  like_one pixels mkv plain.mp4 -c:v ffv1 -ss 0.3 -t 1.7
  like_one pixels mkv plain.mp4 -c:v ffv1 -frames:v 41
  like_one pixels mkv plain.mp4 -c:v ffv1 -frames:v 71 -r 50
  like_one pixels mkv plain.mp4 -c:v ffv1 -vf null -c:a pcm_s16le -shortest
  like_one pixels mkv plain.mp4 -c:v huffyuv
  like_one times mp4 plain.mp4 -c:v libx264 -preset veryfast
  like_one times mkv plain.mp4 -c:v libx264 -preset veryfast -an
  like_one times mp4 vfr.mp4 -c:v libx264 -preset veryfast -fps_mode vfr
  like_one times mkv vfr.mp4 -c:v libx264 -bf 5 -x264-params b-pyramid=strict:open-gop=1 -fps_mode passthrough
  like_one times mp4 vfr.mp4 -c:v libx264 -preset veryfast -g 1
  like_one times mp4 plain.mp4 -c:v mpeg4 -bf 2
  like_one times mkv vfr.mp4 -c:v mpeg2video -bf 2 -fps_mode cfr -r 25
  like_one times mp4 vfr.mp4 -c:v libx265 -preset ultrafast -x265-params log-level=error -fps_mode vfr
  like_one times webm plain.mp4 -c:v libvpx -b:v 100k -auto-alt-ref 1 -an
}

# goes_on EXT CLIP STOPS ARGS...: stopped before each of these pictures in turn, the output is that of a run that was not.
# PART: seconds of a part.
goes_on() {
  local ext=$1 clip=$2 stop before bad=0 stops
  read -ra stops <<<"$3"
  shift 3
  set -- -i "$clip" -part "${PART:-0.5}" "$@"
  afresh
  rm -rf again.* whole*
  TRANSCODE_STATS=1 ours "whole.$ext" "$@" >whole.stats 2>ours.log || { result 1 "$ext $*" ours.log; return; }
  mv parts whole
  afresh
  for stop in "${stops[@]}"; do
    TRANSCODE_STOP=$stop ours "again.$ext" "$@" >ours.log 2>&1 && bad=1
    grep -q 'stopped (-4)' ours.log && [ ! -e "again.$ext" ] || bad=1
  done
  before=$(sealed)
  TRANSCODE_STATS=1 ours "again.$ext" "$@" >again.stats 2>ours.log && [ "$before" -gt 0 ] && {
    cmp "whole.$ext" "again.$ext" && diff whole.stats again.stats && cmp whole/ledger parts/ledger
  } >>ours.log || bad=1
  result $bad "stopped before ${stops[*]}, $before parts kept: $ext $*" ours.log
}

all_go_on() {
  # With its macroblock tree Debian's libx264 reads memory that it has not written: two runs may differ by some bits.
  local stop sound ext x264=(-c:v libx264 -preset veryfast -x264-params mbtree=0)
  for stop in 14 15 20 25 26 27 39 52 59; do
    goes_on mkv plain.mp4 "$stop" "${x264[@]}" -c:a copy
    goes_on mkv vfr.mp4 "$stop" -c:v ffv1 -fps_mode cfr -r 60 -c:a flac
  done
  for ext in mkv mp4; do
    for sound in copy aac; do
      goes_on $ext plain.mp4 '14 30 45' "${x264[@]}" -c:a $sound
      goes_on $ext vfr.mp4 '17 18 40' -c:v mpeg4 -bf 2 -r 20 -fps_mode cfr -c:a $sound
    done
  done
  goes_on mkv plain.mp4 '40' "${x264[@]}" -ss 0.3 -t 1.7 -c:a flac
  goes_on mkv plain.mp4 '30' "${x264[@]}" -frames:v 91 -r 50 -c:a flac
  goes_on mkv plain.mp4 '30' -c:v ffv1 -shortest -c:a flac
  goes_on mkv vfr.mp4 '30' "${x264[@]}" -force_key_frames 0.2,0.9,1.6,2.1
  goes_on mkv vfr.mp4 '30' "${x264[@]}" -force_key_frames source -fps_mode cfr
  goes_on mkv vfr.mp4 '30' "${x264[@]}" -force_key_frames 'expr:gte(t,n_forced*0.17)'
  goes_on mkv vfr.mp4 '30' "${x264[@]}" -force_key_frames 'expr:st(1,ld(1)+1);gt(random(0),0.8)+not(mod(ld(1),17))'
  goes_on mkv plain.mp4 '30' -c:v ffv1 -fps_mode cfr -r 11 # the last picture may or may not be encoded yet
  goes_on mkv plain.mp4 '31' -c:v ffv1 -fps_mode cfr -r 12
  PART=0.58 goes_on mkv plain.mp4 '59' -c:v ffv1 -fps_mode cfr -r 60 # how often it is repeated at the end
  goes_on mkv plain.mp4 '50' -c:v libx265 -preset ultrafast -x265-params log-level=error:pools=1
}

# broken NAME REGEX COMMAND: a run that goes on after two parts, one of them changed by the command, is refused.
broken() {
  local name=$1 want=$2 bad=0
  shift 2
  afresh
  TRANSCODE_STOP=35 ours out.mkv -i plain.mp4 -part 0.5 -c:v ffv1 >ours.log 2>&1
  [ "$(sealed)" = 2 ] || bad=1
  eval "$*"
  ours out.mkv -i plain.mp4 -part 0.5 -c:v "${CODEC:-ffv1}" >ours.log 2>&1 && bad=1
  grep -Eq "$want" ours.log && [ ! -e out.mkv ] && [ ! -e out.mkv.part ] || bad=1
  result $bad "$name" ours.log
}

all_broken() {
  broken 'a changed byte' 'parts/part-000002 is damaged: its CRC is wrong \(-74\)' \
    'printf x | dd of=parts/part-000002 bs=1 seek=5000 conv=notrunc 2>/dev/null'
  broken 'a part that is too short' 'parts/part-000001 is damaged: it has not the length' 'truncate -s -1 parts/part-000001'
  broken 'a part that is too long' 'parts/part-000001 is damaged: it has not the length' 'echo >>parts/part-000001'
  broken 'a part that is gone' 'cannot read parts/part-000002: No such file' 'rm parts/part-000002'
  broken 'a gap in the list' 'part 2 of the earlier run does not follow' 'sed -i 1d parts/ledger'
  CODEC=mpeg4 broken 'another encoder' 'other headers than the first one' true
  CODEC=wrapped_avframe broken 'an encoder without parts' 'start again with -restart' true
}

one_session() {
  local args
  for args in '-part 0 out.mkv' '-f matroska pipe:' '-pass 1 out.mkv' '-flags +pass1 out.mkv' 'out%03d.png' '-c:v gif out.gif'; do
    afresh
    # shellcheck disable=SC2086
    TRANSCODE_PARTS=parts "$program" -v error -y -i plain.mp4 -an -c:v mpeg4 -part 0.5 $args >out.log 2>ours.log && [ -z "$(ls parts)" ]
    result $? "one session: $args" ours.log
  done
}

make_clips >clips.log 2>&1 || { echo "Bail out! cannot make the clips"; cat clips.log; exit 1; }
all_like_one
all_go_on
all_broken
one_session
echo "1..$count"
[ $failed -eq 0 ]
