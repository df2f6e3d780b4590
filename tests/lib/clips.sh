#!/usr/bin/env bash
# clips.sh: makes the test clips from the samples, once, into
# $VIDMPI_SAMPLES/clips. As a program: clips.sh [NAME...] (all without a name).
#
# One function a clip: make_NAME_EXT writes the file that it is given. A clip
# is made again when its function has changed. Small and short: a test runs a
# whole matrix of them.
set -u
# shellcheck source=tests/lib/samples.sh
. "$(dirname "${BASH_SOURCE[0]}")/samples.sh"
clips_dir=$VIDMPI_SAMPLES/clips

ff() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }

short=$VIDMPI_SAMPLES/realshort.mp4
cockatoo=$VIDMPI_SAMPLES/cockatoo.mp4
hello=$VIDMPI_SAMPLES/movie-hello.mp4
phone=$VIDMPI_SAMPLES/phone.mp4
cap12=$VIDMPI_SAMPLES/cap12.mp4
small='scale=160:120:flags=bicubic'

# ---- the samples, cut short without re-encoding
make_short_mp4() { cp "$short" "$1"; }
make_cockatoo_mp4() { ff -i "$cockatoo" -map 0 -c copy -t 0.8 "$1"; }
make_hello_mp4() { ff -i "$hello" -map 0 -c copy -copyts -t 0.6 "$1"; }
make_phone_mp4() { ff -i "$phone" -map 0:v -map 0:a -c copy -t 0.5 "$1"; }
make_cap12_mp4() { [ -s "$cap12" ] || return 77 && ff -i "$cap12" -map 0 -c copy -t 2 "$1"; }

# ---- containers and codecs that time their frames differently
make_bframes_mp4() { ff -i "$short" -an -vf $small -c:v libx264 -bf 3 -g 12 -x264-params b-pyramid=normal:open-gop=1 "$1"; }
make_mpeg4_avi() { ff -i "$short" -vf $small -c:v mpeg4 -bf 2 -q:v 4 -c:a mp3 "$1"; }
make_mpeg2_ts() { ff -i "$short" -vf $small -r 25 -c:v mpeg2video -bf 2 -q:v 4 -c:a mp2 "$1"; }
make_mpeg1_mpg() { ff -i "$short" -vf $small -r 25 -c:v mpeg1video -q:v 4 -c:a mp2 "$1"; }
make_vp9_webm() { ff -i "$short" -vf $small -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus "$1"; }
make_theora_ogv() { ff -i "$short" -vf $small -c:v libtheora -q:v 6 -c:a libvorbis "$1"; }
make_wmv2_asf() { ff -i "$short" -vf $small -c:v wmv2 -q:v 4 -an "$1"; }
make_flv1_flv() { ff -i "$short" -vf $small -c:v flv -q:v 4 -an "$1"; }
make_mjpeg_mov() { ff -i "$short" -vf "$small,format=yuvj420p" -c:v mjpeg -q:v 3 -an "$1"; }
make_anim_gif() { ff -i "$short" -vf "fps=12.5,scale=120:90,split[a][b];[a]palettegen[p];[b][p]paletteuse" -t 1 "$1"; }
make_raw_y4m() { ff -i "$short" -vf $small -an -frames:v 12 "$1"; }
make_one_png() { ff -i "$short" -vf $small -frames:v 1 -update 1 "$1"; }
make_hevc_mp4() { ff -i "$short" -vf $small -c:v libx265 -preset ultrafast -x265-params log-level=error:bframes=4 -an "$1"; }

# ---- time
make_vfr_mkv() { ff -i "$short" -vf "$small,select='not(mod(n,5))+lt(mod(n,7),3)'" -fps_mode passthrough -c:v libx264 -c:a copy "$1"; }
make_vfr_mp4() { ff -i "$short" -vf "$small,select='not(mod(n,4))+gt(n,20)',setpts='PTS+0.013*gt(N,5)/TB'" -fps_mode passthrough -c:v libx264 -bf 2 -an "$1"; }
make_late_mkv() { ff -i "$short" -map 0 -vf $small -c:v libx264 -c:a copy -output_ts_offset 5.5 "$1"; }
make_late_ts() { ff -i "$short" -vf $small -c:v libx264 -c:a mp2 -output_ts_offset 3600 "$1"; }
make_negative_mkv() { ff -i "$short" -vf $small -c:v mpeg4 -q:v 3 -c:a copy -output_ts_offset -0.4 -avoid_negative_ts disabled "$1"; }
make_edited_mp4() { ff -ss 0.4 -i "$short" -map 0 -c copy "$1"; }
make_gap_mkv() { ff -i "$short" -vf "$small,setpts='PTS+gt(N,11)*3/TB'" -fps_mode passthrough -c:v libx264 -an "$1"; }
make_slow_mkv() { ff -i "$short" -vf "$small,setpts=20*PTS" -fps_mode passthrough -frames:v 8 -c:v ffv1 -an "$1"; }

# ---- geometry
make_odd_mkv() { ff -i "$short" -vf scale=321:241:flags=bicubic,format=yuv444p -c:v libx264 -profile:v high444 -qp 18 -frames:v 16 -an "$1"; }
make_odd420_mkv() { ff -i "$short" -vf scale=161:121:flags=bicubic,format=yuv420p -c:v ffv1 -frames:v 16 -an "$1"; }
make_narrow_mkv() { ff -i "$short" -vf scale=34:122:flags=bicubic,format=yuv420p -c:v ffv1 -frames:v 16 -an "$1"; }
make_anamorphic_mp4() { ff -i "$short" -vf "$small,setsar=16/11" -c:v libx264 -an "$1"; }
make_sar_mkv() { ff -i "$short" -vf $small -c:v libx264 -an -bsf:v h264_metadata=sample_aspect_ratio=10/11 -aspect 16:9 "$1"; }
make_rotated_mp4() { ff -i "$short" -map 0 -c copy -metadata:s:v rotate=90 "$1"; }
make_upside_mov() { ff -i "$short" -map 0 -c copy -metadata:s:v rotate=180 "$1"; }
make_tilted_mp4() { ff -i "$short" -map 0:v -c copy -metadata:s:v rotate=-90 "$1"; }
make_resize_ts() {
  ff -i "$short" -vf $small -r 25 -frames:v 14 -c:v libx264 -an -f mpegts "$1.a" &&
    ff -i "$short" -vf scale=200:100 -r 25 -frames:v 14 -c:v libx264 -an -output_ts_offset 0.6 -f mpegts "$1.b" &&
    cat "$1.a" "$1.b" >"$1" && rm -f "$1.a" "$1.b"
}
make_reformat_ts() {
  ff -i "$short" -vf $small -r 25 -frames:v 14 -c:v libx264 -an -f mpegts "$1.a" &&
    ff -i "$short" -vf $small,format=yuv422p -r 25 -frames:v 14 -c:v libx264 -an -output_ts_offset 0.6 -f mpegts "$1.b" &&
    cat "$1.a" "$1.b" >"$1" && rm -f "$1.a" "$1.b"
}

# ---- fields
make_interlaced_ts() { ff -i "$short" -vf "$small,tinterlace=interleave_top,fieldorder=tff" -r 25 -c:v mpeg2video -flags +ilme+ildct -q:v 4 -an "$1"; }
make_interlaced_mkv() { ff -i "$short" -vf "$small,tinterlace=interleave_bottom,setfield=bff" -c:v libx264 -x264-params bff=1 -flags +ilme+ildct -an "$1"; }
make_fields_mkv() { ff -i "$short" -vf "$small,setfield=tff" -c:v ffv1 -field_order tt -an "$1"; }

# ---- pixels
make_tenbit_mp4() { ff -i "$short" -vf $small,format=yuv420p10le -c:v libx264 -an "$1"; }
make_tenbit422_mkv() { ff -i "$short" -vf $small,format=yuv422p10le -c:v ffv1 -frames:v 16 -an "$1"; }
make_twelve444_mkv() { ff -i "$short" -vf $small,format=yuv444p12le -c:v ffv1 -frames:v 12 -an "$1"; }
make_alpha_mkv() { ff -i "$short" -vf "$small,format=yuva420p,geq=lum='p(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='mod(X*3+Y+N*9,256)'" -c:v ffv1 -frames:v 16 -an "$1"; }
make_alpha_mov() { ff -i "$short" -vf "$small,format=rgba,colorchannelmixer=aa=0.5" -c:v png -frames:v 16 -an "$1"; }
make_alpha_webm() { ff -i "$short" -vf "$small,format=yuva420p,colorchannelmixer=aa=0.7" -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -frames:v 12 -an "$1"; }
make_pal8_mov() { ff -i "$short" -vf "$small,split[a][b];[a]palettegen[p];[b][p]paletteuse" -c:v png -pix_fmt pal8 -frames:v 12 -an "$1"; }
make_gray_mkv() { ff -i "$short" -vf $small,format=gray -c:v ffv1 -frames:v 12 -an "$1"; }
make_gray16_mkv() { ff -i "$short" -vf $small,format=gray16le -c:v ffv1 -frames:v 12 -an "$1"; }
make_rgb48_mov() { ff -i "$short" -vf $small,format=rgb48be -c:v png -frames:v 12 -an "$1"; }
make_gbrp_mkv() { ff -i "$short" -vf $small,format=gbrp10le -c:v ffv1 -frames:v 12 -an "$1"; }
make_bgr24_avi() { ff -i "$short" -vf $small,format=bgr24 -c:v rawvideo -frames:v 12 -an "$1"; }
make_yuyv_avi() { ff -i "$short" -vf $small,format=yuyv422 -c:v rawvideo -frames:v 12 -an "$1"; }
make_yuv411_mkv() { ff -i "$short" -vf $small,format=yuv411p -c:v ffv1 -frames:v 12 -an "$1"; }
make_full_mp4() { ff -i "$short" -vf "$small,scale=in_range=tv:out_range=pc" -color_range pc -colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:v libx264 -an "$1"; }
make_hdr_mkv() {
  ff -i "$short" -vf $small,format=yuv420p10le -frames:v 24 -an -c:v libx265 -preset ultrafast \
    -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv -x265-params \
    "log-level=error:hdr10=1:repeat-headers=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400" "$1"
}

# ---- damage
make_damaged_mkv() { ff -i "$short" -map 0:v -c copy -bsf:v "noise=amount=if(mod(n\\,9)-7\\,0\\,200)" "$1"; }
make_damaged_ts() { ff -i "$clips_dir/mpeg2.ts" -map 0:v -c copy -bsf:v "noise=amount=if(mod(n\\,8)-5\\,0\\,150)" "$1"; }
make_lossy_mkv() { ff -i "$short" -map 0:v -c copy -bsf:v "noise=drop=eq(mod(n\\,11)\\,10)" "$1"; }
make_truncated_mkv() { ff -i "$short" -map 0 -c copy -f matroska "$1.whole" && head -c 60000 "$1.whole" >"$1" && rm -f "$1.whole"; }
make_truncated_mp4() { ff -i "$short" -map 0 -c copy -movflags +faststart "$1.whole.mp4" && head -c 60000 "$1.whole.mp4" >"$1" && rm -f "$1.whole.mp4"; }
make_truncated_ts() { head -c 20001 "$clips_dir/mpeg2.ts" >"$1"; }

# ---- more than one video stream
make_rich_mkv() {
  local d=$1.d
  mkdir -p "$d" && printf 'a note for the reader\n' >"$d/note.txt" &&
    printf '1\n00:00:00,100 --> 00:00:00,600\nHello\n\n2\n00:00:00,700 --> 00:00:01,100\n<i>there</i>\n' >"$d/s.srt" &&
    ff -i "$d/s.srt" "$d/s.ass" &&
    printf ';FFMETADATA1\ntitle=A rich file\nartist=Nobody\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1200\ntitle=Two\n' >"$d/meta" &&
    ff -i "$short" -i "$d/s.srt" -i "$d/s.ass" -i "$d/meta" -map 0:v -map 0:a -map 0:a -map 1 -map 2 \
      -map_metadata 3 -map_chapters 3 -vf $small -c:v libx264 -c:a:0 copy -c:a:1 libvorbis -ac:a:1 2 -c:s:0 srt -c:s:1 ass \
      -metadata:s:v:0 title='The picture' -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra \
      -metadata:s:s:0 language=eng -metadata:s:s:1 language=deu -disposition:a:1 comment \
      -disposition:s:1 forced -attach "$d/note.txt" -metadata:s:t mimetype=text/plain "$1" && rm -r "$d"
}
make_cover_mp4() {
  ff -i "$short" -frames:v 1 -vf scale=64:48 -f image2 -c:v mjpeg "$1.jpg" &&
    ff -i "$short" -i "$1.jpg" -map 0 -map 1 -c copy -disposition:v:1 attached_pic -metadata title='With a cover' "$1" &&
    rm -f "$1.jpg"
}
make_two_mkv() { ff -i "$short" -map 0:v -map 0:v -map 0:a -filter:v:0 scale=80:60 -filter:v:1 $small -c:v libx264 -c:a copy "$1"; }
make_text_mp4() { ff -i "$clips_dir/rich.mkv" -map 0:v -map 0:a:0 -map 0:s:0 -c copy -c:s mov_text "$1"; }
make_data_ts() { ff -i "$short" -map 0 -vf $small -c:v libx264 -c:a aac -metadata service_name=Test "$1"; }

# ---- not a video
make_audio_m4a() { ff -i "$short" -vn -c:a copy "$1"; }
make_empty_mp4() { : >"$1"; }
make_words_mp4() { printf 'these words are not a video\n' >"$1"; }

# ---- long, for memory and operation counts
make_tiny1000_nut() { ff -stream_loop 27 -i "$short" -vf scale=64:48 -frames:v 1000 -c:v mpeg4 -q:v 5 -g 50 -an "$1"; }
make_tiny10000_nut() { ff -stream_loop 277 -i "$short" -vf scale=64:48 -frames:v 10000 -c:v mpeg4 -q:v 5 -g 50 -an "$1"; }

clip_names() { # in the order of the functions above
  sed -n 's/^make_\([a-z0-9]*\)_\([a-z0-9]*\)().*/\1.\2/p' "${BASH_SOURCE[0]}"
}

# 0 made or there, 77 cannot be had here, 1 failed.
clip_make() {
  local name=$1 maker=make_${1%.*}_${1##*.} stamp rc
  stamp=$(declare -f "$maker" | md5sum)
  [ "$(cat "$clips_dir/.$name.made" 2>/dev/null)" = "$stamp" ] && [ -e "$clips_dir/$name" ] && return 0
  local work=$clips_dir/.work.$$
  mkdir -p "$work"
  "$maker" "$work/$name"
  rc=$?
  if [ $rc -eq 0 ]; then
    mv -f "$work/$name" "$clips_dir/$name" && printf '%s\n' "$stamp" >"$clips_dir/.$name.made"
  elif [ $rc -ne 77 ]; then
    echo "clips: could not make $name" >&2
  fi
  rm -rf "$work"
  return $rc
}

clips_make() {
  local name failed=0 names
  mapfile -t names < <(clip_names)
  [ $# -gt 0 ] || set -- "${names[@]}"
  mkdir -p "$clips_dir"
  for name in "$@"; do
    clip_make "$name"
    case $? in
    0 | 77) ;;
    *) failed=1 ;;
    esac
  done
  return $failed
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  (
    mkdir -p "$VIDMPI_SAMPLES" && exec 9>"$VIDMPI_SAMPLES/.lock" && flock -w 900 9 && samples_fetch && clips_make "$@"
  )
fi
