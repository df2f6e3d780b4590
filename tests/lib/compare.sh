# shellcheck shell=bash
# compare.sh: ffmpeg is the oracle. Each function runs ffmpeg once and vidmpi
# with several numbers of ranks, with the same options, and compares what came
# out. Sourced after test.sh.
#
#   ranks="1 3"        the numbers of ranks to try
#   before=(-ss 0.3)   options that stand before -i
#   ext=nut            the kind of output
#   empty_is_fine=1    an output that nothing can be read from counts as equal
#
# Where ffmpeg fails, vidmpi must fail too.

ranks="1 2 3 8"
before=()
ext=nut
empty_is_fine= # set where ffmpeg, too, gives a file without a picture
: "${work:?}"

# Both do the same decoding and filtering whatever the machine: one thread of
# each filter. Its own arguments follow.
run_ffmpeg() { # OUTPUT CLIP ARGS...
  local out=$1 clip=$2
  shift 2
  timeout -k 5 "$VIDMPI_TIME_LIMIT" ffmpeg -nostdin -hide_banner -loglevel warning -y -filter_threads 1 \
    "${before[@]}" -i "$clip" "$@" "$out" </dev/null
}

run_vidmpi() { # RANKS OUTPUT CLIP ARGS...
  local np=$1 out=$2 clip=$3
  shift 3
  vidmpi_np "$np" -hide_banner -loglevel warning -y -filter_threads 1 "${before[@]}" -i "$clip" "$@" "$out"
}

# What two outputs are compared by. Each writes text to stdout.
look_frames() { # decoded pictures with exact timestamps
  ffmpeg -nostdin -v error -copyts -i "$1" -map 0:v -fps_mode passthrough -enc_time_base -1 -f framemd5 - </dev/null
}
look_packets() { # the bytes of each stream
  ffmpeg -nostdin -v error -i "$1" -map 0 -c copy -f streamhash - </dev/null
}
look_streams() { # all that the container tells, and each packet's times
  ffprobe -v error -show_streams -show_format -show_chapters -show_programs -show_data_hash md5 -of json "$1" |
    jq -S 'del(.format.filename, .format.size, .format.bit_rate)' &&
    ffprobe -v error -show_packets -show_entries packet=stream_index,pts,dts,duration,flags:packet_side_data \
      -of compact "$1" | sort -t '|' -k 2,2 -s
}
look_details() { # what is told with each picture
  ffprobe -v error -select_streams v -show_frames -of compact "$1" | sed -E 's/\|pkt_(pos|size)=[^|]*//g'
}
look_nothing() { cat "$1"; } # text outputs

# compare LOOK NAME CLIP ARGS...
compare() {
  local look=$1 name=$2 clip=$3 np theirs=$work/theirs.$ext rc ours
  shift 3
  rm -f "$theirs"
  run_ffmpeg "$theirs" "$clip" "$@" >"$work/ffmpeg.log" 2>&1
  rc=$?
  if [ $rc -eq 0 ] && ! look_at "$look" "$theirs" "$work/theirs.txt"; then
    flunk "$name: ffmpeg gave something to compare" "$work/look.log"
    return
  fi
  for np in $ranks; do
    ours=$work/ours.$ext
    rm -rf "$ours" "$ours".*
    run_vidmpi "$np" "$ours" "$clip" "$@" >"$work/vidmpi.log" 2>&1
    compare_one "$look" "$name, np $np" $rc $? "$ours"
  done
}

# What LOOK sees in FILE, into TEXT. Fails when that is nothing.
look_at() { # LOOK FILE TEXT
  "$1" "$2" >"$3" 2>"$work/look.log" && [ -s "$3" ] && return 0
  echo "(nothing can be read)" >"$3"
  [ -n "$empty_is_fine" ]
}

compare_one() { # LOOK NAME RC_FFMPEG RC_VIDMPI OURS
  if [ "$3" -ne 0 ]; then
    if [ "$4" -ne 0 ] && [ "$4" -lt 124 ]; then
      pass "$2 (both refuse)"
    else
      flunk "$2: ffmpeg exits $3, vidmpi $4" "$work/ffmpeg.log"
    fi
  elif [ "$4" -ne 0 ]; then
    flunk "$2: vidmpi exits $4" "$work/vidmpi.log"
  elif ! look_at "$1" "$5" "$work/ours.txt"; then
    flunk "$2: output cannot be read" "$work/look.log"
  elif cmp -s "$work/theirs.txt" "$work/ours.txt"; then
    pass "$2"
  else
    diff "$work/theirs.txt" "$work/ours.txt" | head -n 12 >"$work/diff.txt"
    flunk "$2: differs from ffmpeg (< ffmpeg, > vidmpi)" "$work/diff.txt"
  fi
}

# same_frames CLIP ARGS...: the pictures and their times, by way of FFV1.
same_frames() {
  local clip=$1
  shift
  compare look_frames "${clip##*/} ${before[*]} $*" "$clip" "$@" -an -sn -dn -c:v ffv1
}

# same_packets CLIP ARGS...: the encoded bytes. Needs a fixed thread count.
same_packets() {
  local clip=$1
  shift
  compare look_packets "packets: ${clip##*/} ${before[*]} $*" "$clip" "$@" -threads 1
}

# same_streams CLIP ARGS...: everything that the container tells.
same_streams() {
  local clip=$1
  shift
  compare look_streams "streams: ${clip##*/} ${before[*]} $*" "$clip" "$@" -threads 1
}

# same_details CLIP ARGS...: colour, fields, side data of each picture.
same_details() {
  local clip=$1
  shift
  compare look_details "details: ${clip##*/} ${before[*]} $*" "$clip" "$@" -threads 1
}
