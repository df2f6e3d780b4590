#!/usr/bin/env bash
# Source, chain and sink in one process against ffmpeg: with the same options the whole file is the same, byte
# for byte. Clips are made here, so nothing is fetched. transcode_test.sh PROGRAM [threads]
# threads: the source runs in a thread of its own, ahead of the sink.
set -u
program=$1
[ "${2:-}" != threads ] || export TRANSCODE_THREADS=1
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
    [ -z "${3:-}" ] || sed 's/^/#   /' "$3" | tail -n 5
  fi
}

ff() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }

make_clips() {
  local video='testsrc=size=160x120:rate=25:duration=1.2' sound='sine=frequency=440:sample_rate=32000:duration=1.3'
  local fast=(-c:v libx264 -preset ultrafast -bf 2 -g 10)
  printf '1\n00:00:00,200 --> 00:00:00,700\n<i>first</i>\n\n2\n00:00:00,800 --> 00:00:01,100\nsecond\n' >text.srt
  printf ';FFMETADATA1\ntitle=Whole\nartist=Somebody\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=one\n' >chapters.txt
  printf '[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1200\ntitle=two\n' >>chapters.txt
  head -c 1000 /dev/zero >font.ttf
  ff -f lavfi -i "$video" -f lavfi -i "$sound" "${fast[@]}" -c:a aac plain.mp4 &&
    ff -i plain.mp4 -f lavfi -i "$sound" -i text.srt -i chapters.txt -map 0:v -map 0:a -map 1:a -map 2 -map_metadata 3 \
      -c:v copy -c:a:0 copy -c:a:1 libmp3lame -c:s srt -metadata:s:a:0 language=deu -metadata:s:a:1 language=fra \
      -attach font.ttf -metadata:s:t mimetype=font/ttf rich.mkv &&
    ff -f lavfi -i "$video" -vf "setpts='PTS+if(gt(N,10),0.07/TB,0)+if(mod(N,3),0.013/TB,0)'" -fps_mode passthrough \
      -video_track_timescale 90000 "${fast[@]}" vfr.mp4 &&
    ff -i plain.mp4 -c copy -metadata:s:v rotate=90 rotated.mp4 &&
    ff -f lavfi -i "$video" -vf crop=131:91 -pix_fmt yuv444p -c:v ffv1 odd.mkv &&
    ff -f lavfi -i "$video" -pix_fmt yuv420p10le -c:v ffv1 tenbit.mkv &&
    ff -f lavfi -i "$video" -pix_fmt yuva420p -c:v ffv1 alpha.mkv &&
    ff -f lavfi -i "$video" -vf setfield=tff -flags +ildct+ilme -c:v mpeg2video -top 1 interlaced.ts &&
    ff -i plain.mp4 -map 0:v -frames:v 1 cover.png && ff -i plain.mp4 -i cover.png -map 0 -map 1 -c copy \
      -disposition:v:1 attached_pic cover.mp4 && ff -i rich.mkv -map 0:v -map 0:a:0 -c copy -output_ts_offset 5 late.ts
}

# same EXT [BEFORE... --] CLIP ARGS...
same() {
  local ext=$1 before=() args=() part=()
  shift
  for word in "$@"; do
    if [ "$word" = -- ]; then before=("${part[@]}"); part=(); else part+=("$word"); fi
  done
  args=("${part[@]:1}")
  rm -f theirs.* ours.*
  timeout 60 ffmpeg -nostdin -v error -y -threads 2 "${before[@]}" -i "${part[0]}" -filter_threads 1 -threads 2 -bitexact \
    "${args[@]}" "theirs.$ext" >theirs.log 2>&1 || { result 1 "ffmpeg: $*" theirs.log; return; }
  timeout 60 "$program" -v error -y -threads 2 "${before[@]}" -i "${part[0]}" -filter_threads 1 -threads 2 -bitexact \
    "${args[@]}" "ours.$ext" >ours.log 2>&1 || { result 1 "$ext: $*" ours.log; return; }
  cmp "theirs.$ext" "ours.$ext" >ours.log 2>&1
  result $? "$ext: $*" ours.log
  [ ! -e "ours.$ext.part" ] || result 1 "$ext: $*: .part is left"
}

# refused NAME REGEX ARGS...: exit status 1, the sentence, nothing written.
refused() {
  local name=$1 want=$2 bad=0
  shift 2
  rm -f ours.*
  timeout 60 "$program" -v error "$@" >ours.log 2>&1
  [ $? -eq 1 ] && grep -Eq "$want" ours.log && [ -z "$(find . -name 'ours.*' ! -name ours.log)" ] || bad=1
  result $bad "$name" ours.log
}

all_kinds() {
  local x264=(-c:v libx264 -preset ultrafast) clip mode
  for clip in plain.mp4 rich.mkv vfr.mp4 rotated.mp4 odd.mkv tenbit.mkv alpha.mkv interlaced.ts cover.mp4 late.ts; do
    same mkv $clip -vf hflip -c:v ffv1
    same mkv $clip -c:v ffv1
    same mp4 $clip -vf negate -c:v mpeg4
  done
  for mode in cfr vfr passthrough drop; do
    same mkv vfr.mp4 -c:v ffv1 -fps_mode $mode
    same mkv vfr.mp4 -c:v ffv1 -fps_mode $mode -r 12
  done
  same avi vfr.mp4 -c:v mpeg4 -fps_mode cfr -r 50 -vf null
  same avi vfr.mp4 -c:v mpeg4 -r 50
  same mkv rich.mkv "${x264[@]}" -map 0 -c:a copy -c:s copy
  same mkv rich.mkv "${x264[@]}" -map 0 -c:a:0 flac -c:a:1 copy -c:s ass
  same mp4 rich.mkv "${x264[@]}" -map 0:v -map 0:a -map 0:s -c:s mov_text -movflags +faststart
  same mkv rich.mkv "${x264[@]}" -map 0 -map -0:a:0 -map -0:t -c:s srt -af volume=0.5 -c:a pcm_s16le
  same mp4 rich.mkv "${x264[@]}" -map 0:v -map 0:a:0 -map 0:a:0 -c:a:1 copy
  same mp4 cover.mp4 "${x264[@]}" -map 0 -c:v:1 copy -c:a copy
  same mov plain.mp4 "${x264[@]}" -c:a pcm_s24le -ar 44100 -ac 2
  same ts rich.mkv -c:v mpeg2video -c:a mp2 -sn
  same mp4 rich.mkv "${x264[@]}" -force_key_frames 0.3,chapters+0.1 -enc_time_base 1/1000
  same mp4 rich.mkv "${x264[@]}" -force_key_frames 'expr:gte(t,n_forced*0.3)' -aspect 16:9
  same mkv rich.mkv "${x264[@]}" -map_metadata -1 -map_chapters -1 -metadata:s:v title=x -disposition:a 0
  same mkv rich.mkv "${x264[@]}" -metadata artist= -metadata:c:1 title=y -metadata:s:a:0 language=eng
  same mkv rich.mkv -c:v mpeg4 -q:v 3 -g 4 -bsf:v mpeg4_unpack_bframes -c:a libmp3lame -b:a 64k
}

all_times() {
  local x264=(-c:v libx264 -preset ultrafast) clip sound
  for clip in rich.mkv vfr.mp4 late.ts; do
    for sound in copy aac; do
      same mp4 $clip "${x264[@]}" -c:a $sound -ss 0.3 -t 0.5
      same mkv $clip "${x264[@]}" -c:a $sound -to 0.7
      same mkv $clip "${x264[@]}" -c:a $sound -frames:v 9
      same mkv $clip "${x264[@]}" -c:a $sound -frames:v 9 -r 40
      same mkv $clip "${x264[@]}" -c:a $sound -fs 9000
      same mkv -t 0.6 -- $clip "${x264[@]}" -c:a $sound
      same mkv -itsoffset 0.5 -- $clip "${x264[@]}" -c:a $sound -copyts
    done
  done
  same mkv plain.mp4 "${x264[@]}" -an -ss 100
  same mkv rich.mkv -c:v mpeg4 -c:a flac -shortest
  same mkv plain.mp4 -c:v mpeg4 -c:a flac -shortest -apad pad_len=1000
  same mkv plain.mp4 -c:v mpeg4 -af apad -t 2
  same mp4 -ss 0.45 -- rich.mkv "${x264[@]}" -c:a copy
  same mp4 -ss 0.45 -noaccurate_seek -to 0.9 -- rich.mkv "${x264[@]}" -sn
}

two_passes() {
  local codec both
  for codec in mpeg4 libx264; do
    both=(-y -v error -i plain.mp4 -threads 1 -an -c:v "$codec" -b:v 100k -bitexact)
    ffmpeg -nostdin "${both[@]}" -pass 1 -passlogfile theirs -f null - && ffmpeg -nostdin "${both[@]}" -pass 2 \
      -passlogfile theirs theirs.mp4 && "$program" "${both[@]}" -pass 1 -passlogfile ours -f null - &&
      "$program" "${both[@]}" -pass 2 -passlogfile ours ours.mp4 && cmp theirs.mp4 ours.mp4
    result $? "two passes: $codec"
  done
}

all_refused() {
  refused 'unknown encoder' "unknown encoder 'nosuch'" -y -i plain.mp4 -c:v nosuch ours.mkv
  refused 'encoder of another type' "not one for video" -y -i plain.mp4 -c:v aac ours.mkv
  refused 'unknown format by name' 'no output format' -y -i plain.mp4 ours.nosuch
  refused 'unknown format' 'no such output format' -y -i plain.mp4 -f nosuch ours.mp4
  refused 'nothing matches -map' 'matches no streams' -y -i plain.mp4 -map 0:5 ours.mp4
  refused 'no stream left' 'no stream' -y -i plain.mp4 -map 0:a -an ours.mp4
  refused 'no video' 'nothing to filter' -y -i plain.mp4 -vn ours.mp4
  refused 'video copied' 'nothing to filter' -y -i plain.mp4 -c copy ours.mp4
  refused 'filter on a copy' 'which is copied' -y -i plain.mp4 -c copy -vf hflip ours.mp4
  refused 'two videos to encode' 'copy the other one with -c:2 copy or drop it with -map -0:2' -y -i cover.mp4 -map 0 ours.mkv
  refused 'wrong value' 'libx264' -y -i plain.mp4 -c:v libx264 -preset nosuch ours.mkv
  refused 'container without the codec' 'ours.mp4' -y -i plain.mp4 -c:v huffyuv -c:a copy ours.mp4
  refused 'no such folder' 'cannot write nowhere/ours.mp4: folder nowhere: No such file' -y -i plain.mp4 nowhere/ours.mp4
  refused 'disk full' '/dev/full: No space left' -y -i plain.mp4 -c:v ffv1 -f matroska /dev/full
  refused 'input is output' 'is the input' -y -i plain.mp4 plain.mp4
  refused 'subtitles cannot be drawn' 'text to text' -y -i rich.mkv -c:s dvdsub ours.mkv
  refused 'bad audio filter' 'nosuch' -y -i plain.mp4 -af nosuch ours.mp4
  echo keep >kept.mp4
  refused '-n' 'exists and -n was given' -n -i plain.mp4 kept.mp4
  [ "$(cat kept.mp4)" = keep ]
  result $? 'and the old file is as it was'
}

whole_or_not() {
  local bad=0
  echo old >link-target.mkv
  chmod 640 link-target.mkv
  ln -s link-target.mkv link.mkv
  "$program" -v error -y -i plain.mp4 -c:v ffv1 link.mkv && [ -L link.mkv ] && [ "$(stat -c %a link-target.mkv)" = 640 ] &&
    ffprobe -v error link-target.mkv || bad=1
  result $bad 'a link stays, the file behind it is replaced and keeps its mode'
  "$program" -v error -i plain.mp4 -c:v mpeg4 -f matroska - >pipe.mkv && ffprobe -v error pipe.mkv
  result $? 'a pipe is written directly'
  "$program" -v error -y -i plain.mp4 -frames:v 3 'image%02d.png' && [ -s image03.png ] && [ ! -e image04.png ]
  result $? 'a series of images'
  (trap '' XFSZ; ulimit -f 40; "$program" -v error -y -i plain.mp4 -c:v ffv1 cut.mkv) >ours.log 2>&1
  grep -q 'cannot write cut.mkv: File too large' ours.log && [ ! -e cut.mkv ] && [ ! -e cut.mkv.part ]
  result $? 'a file that cannot be whole is not there' ours.log
}

make_clips >clips.log 2>&1 || { echo "Bail out! cannot make the clips"; cat clips.log; exit 1; }
all_kinds
all_times
two_passes
all_refused
whole_or_not
echo "1..$count"
[ $failed -eq 0 ]
