#!/usr/bin/env bash
# Bad input gets one sentence that names the thing, exit status 1 (2 for a
# wrong command line), no output under the final name and no leftovers.
. "$(dirname "$0")/../lib/test.sh"
out=$work/out.mkv
plain=1 # also run without mpirun
mpi=3

# nothing_made NAME: neither an output nor what leads to one.
nothing_made() {
  local found
  found=$(find "$work" -maxdepth 1 -name 'out.mkv*')
  is "$1: no output" "$found" ""
  rm -rf "$out"*
}

# Lines of ours: not those that a library of FFmpeg's says before, nor mpirun's.
our_lines() { grep -a '^vidmpi' "$1" | grep -av '^vidmpi: \[[^]]* @ 0x'; }

one_sentence() { # NAME FILE: at log level error one line, of ours
  local lines
  lines=$(our_lines "$2" | wc -l)
  if [ "$lines" -eq 1 ]; then pass "$1: says it in a sentence"; else flunk "$1: $lines lines" "$2"; fi
}

# refuses NAME STATUS REGEX ARGS...
refuses() {
  local name=$1 status=$2 regex=$3 log=$work/refused.log np
  shift 3
  for np in ${plain:+1} ${mpi:+$mpi}; do
    vidmpi_np "$np" -hide_banner -loglevel error "$@" >"$log" 2>&1
    is "$name, np $np: exit status" $? "$status"
    like "$name, np $np: says what" "$log" "$regex"
    one_sentence "$name, np $np" "$log"
    [ -n "${output_is_elsewhere:-}" ] || nothing_made "$name, np $np"
    no_leftovers "$name, np $np"
  done
}

short=$clips/short.mp4
case $1 in
input)
  refuses "missing file" 1 'no-such\.mp4.*(No such file|not exist)' -i "$work/no-such.mp4" -vf null "$out"
  refuses "empty file" 1 'empty\.mp4' -i "$clips/empty.mp4" -vf null "$out"
  refuses "not a video" 1 'words\.mp4' -i "$clips/words.mp4" -vf null "$out"
  refuses "audio only" 1 'audio\.m4a.*video|no video' -i "$clips/audio.m4a" -vf null "$out"
  refuses "a folder" 1 "$work" -i "$work" -vf null "$out"
  refuses "unmatched map" 1 '0:9|matches no streams' -i "$short" -map 0:9 -vf null "$out"
  # Damage is no error: ffmpeg goes on, and so do we, and say how much it was.
  vidmpi_np 1 -hide_banner -y -i "$clips/damaged.ts" -vf null -c:v mpeg4 "$out" >"$work/damage.log" 2>&1
  is "damaged packets: exit status" $? 0
  like "damaged packets: says how many" "$work/damage.log" '[0-9]+ (damaged|corrupt|packets? .*decod|frames? .*damaged|pictures? .*damaged)'
  rm -rf "$out"*
  ;;
options)
  mpi=
  refuses "unknown option" 2 'preseet.*preset' -i "$short" -c:v libx264 -preseet fast "$out"
  refuses "unsupported option" 2 'filter_complex' -i "$short" -filter_complex null "$out"
  refuses "two inputs" 2 'one input|second input|inputs?' -i "$short" -i "$short" -vf null "$out"
  refuses "no input" 2 'input|-i' -vf null "$out"
  refuses "no output" 2 'output' -i "$short" -vf null
  refuses "a missing value" 2 'vf' -i "$short" "$out" -vf
  refuses "a wrong time" 2 'ss.*abc|abc' -ss abc -i "$short" "$out"
  refuses "a wrong window" 2 'window' -window nine -i "$short" "$out"
  refuses "a wrong kind of results" 2 'results' -results gif -i "$short" "$out"
  refuses "an exception from nothing" 2 'safe-allow.*-safe' -safe-allow /tmp -i "$short" -vf null "$out"
  refuses "-safe, a file of the sound's filters" 1 'safe.*"filename".*"amovie".*safe-allow' -safe -i "$short" -vf null -af "amovie=/etc/passwd[a];[in][a]amix" "$out"
  mkdir "$work/lib" && echo words >"$work/lib/words.txt"
  check "-safe, a file that is allowed" vidmpi_np 1 -hide_banner -safe -safe-allow "$work/lib" -i "$short" -vf "drawtext=textfile=$work/lib/words.txt" -c:v mpeg4 "$out"
  rm -rf "$out"*
  refuses "unknown encoder" 1 'libx999' -i "$short" -c:v libx999 "$out"
  refuses "unknown muxer" 1 'nonsense' -i "$short" -f nonsense "$out"
  refuses "a wrong value of the encoder" 1 'preset|slowest' -i "$short" -c:v libx264 -preset slowest "$out"
  mpi=3
  refuses "unknown filter" 1 'sharpenx' -i "$short" -vf sharpenx "$out"
  refuses "-safe, a file to read" 1 'safe.*"file".*"lut3d".*/etc/passwd.*-safe-allow' -safe -safe-allow /usr -i "$short" -vf negate,lut3d=/etc/passwd "$out"
  refuses "-safe, a file to write" 1 'safe.*"plot".*"curves".*writes a file' -safe -safe-allow "$work" -i "$short" -vf "curves=vintage:plot=$work/out.mkv.plot" "$out"
  refuses "-safe, code" 1 'safe.*"frei0r".*runs code' -safe -i "$short" -vf frei0r=cartoon "$out"
  refuses "wrong option of a filter" 1 'sigmaa|gblur' -i "$short" -vf gblur=sigmaa=3 "$out"
  refuses "no filter's name" 1 'names no filter' -i "$short" -vf "" "$out"
  refuses "wrong value of a filter" 1 'crop|size|9999' -i "$short" -vf crop=9999:9999 "$out"
  refuses "a size that changes in the filter graph" 1 'frame 3 .*100x50.*200x50' -i "$short" -vf "scale=w='if(gt(n,2),100,200)':h=50:eval=frame" -c:v ffv1 "$out"
  printf '0,0 -\n1,1 +\n2,2 =\n' >"$work/hints"
  for graph in HINTS gblur,hqdn3d,HINTS HINTS,gblur,hqdn3d,gblur; do
    refuses "a serial filter that fails on its way, $graph" 1 'filtering with .*fieldhint' -i "$short" \
      -vf "${graph/HINTS/fieldhint=hint=$work/hints}" "$out"
  done
  refuses "a whole video that does not fit into memory" 1 'reverse.*memory.*-ss' -stream_loop 900000 -i "$short" -an -vf gblur,reverse "$out"
  refuses "a whole video of unknown length" 1 'reverse.*not known' -stream_loop -1 -i "$short" -an -vf reverse "$out"
  refuses "a size that changes behind the encoder" 1 'frame 6' -i "$short" -vf "scale=w='if(gt(n,5),100,200)':h=50:eval=frame" "$out"
  ;;
output)
  output_is_elsewhere=1
  printf 'old' >"$out"
  refuses "output exists" 1 'out\.mkv.*(exist|there already)' -i "$short" -vf null "$out"
  refuses "output exists, -n" 1 'out\.mkv.*(exist|there already)' -n -i "$short" -vf null "$out"
  is "the old output is untouched" "$(head -c 9 "$out" | tr -cd '[:lower:]')" old
  script -qec "'$VIDMPI' -hide_banner -i '$short' -vf null -c:v mpeg4 '$out'" /dev/null <<<n >"$work/asked.log" 2>&1
  like "asked on a terminal" "$work/asked.log" 'out\.mkv.*(exist|there already)'
  is "no means no" "$(head -c 9 "$out" | tr -cd '[:lower:]')" old
  script -qec "'$VIDMPI' -hide_banner -i '$short' -vf null -c:v mpeg4 '$out'" /dev/null <<<y >"$work/asked.log" 2>&1
  check "yes means yes" ffprobe -v error "$out"
  rm -rf "$out"*
  refuses "no such folder" 1 'nowhere' -i "$short" -vf null "$work/nowhere/out.mkv"
  refuses "a file where a folder should be" 1 "short.mp4" -i "$short" -vf null "$short/out.mkv"
  refuses "output is a folder" 1 'tmp' -y -i "$short" -vf null -f matroska "$work/tmp"
  refuses "the input is the output" 1 'short\.mp4' -y -i "$short" -vf null "$short"
  check "the input is untouched" cmp "$short" "$VIDMPI_SAMPLES/realshort.mp4"
  full=$work/full
  mkdir "$full"
  if mount -t tmpfs -o size=200k none "$full" 2>/dev/null; then
    test_at_end+=("umount '$full'")
    # It can go on when there is room: exit status 75, and the run directory stays.
    refuses "disk full, the output" 75 'full.*([Nn]o space|full)|[Nn]o space.*full' -i "$short" -vf null -c:v ffv1 -run-dir "$work/run" "$full/out.mkv"
    is "disk full: no output" "$(find "$full" -name 'out*')" ""
    rm -rf "$work/run"
    refuses "disk full, the results" 75 'full/run.*bytes.*make room' -i "$short" -vf null -c:v ffv1 -run-dir "$full/run" "$out"
    rm -rf "${full:?}/run"
  else
    skip "disk full: cannot mount a small filesystem here"
  fi
  ;;
redis)
  refuses "Redis unreachable" 1 '127\.0\.0\.1.*:1\b|127\.0\.0\.1' -redis redis://127.0.0.1:1 -i "$short" -vf null "$out"
  refuses "no such socket" 1 'none\.sock' -redis "unix://$work/none.sock" -i "$short" -vf null "$out"
  refuses "TLS" 2 'rediss.*(tunnel|TLS)' -redis rediss://127.0.0.1 -i "$short" -vf null "$out"
  refuses "a wrong URL" 2 'redis' -redis http://127.0.0.1 -i "$short" -vf null "$out"
  start server redis-server --port 0 --unixsocket "$work/r.sock" --requirepass sesame --save '' --daemonize no
  test_at_end+=("kill $started")
  wait_for 10 test -S "$work/r.sock"
  refuses "no password" 1 'password|NOAUTH|[Aa]uthentication' -redis "unix://$work/r.sock" -i "$short" -vf null "$out"
  refuses "a wrong password" 1 'password|WRONGPASS' -redis "unix://:guess@$work/r.sock" -i "$short" -vf null "$out"
  is "the password is not shown" "$(grep -c guess "$work/refused.log")" 0
  mpi=
  here_path=$PATH
  mkdir "$work/bin"
  for tool in timeout tail sed grep find tr readlink rm cat wc; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done
  PATH=$work/bin
  refuses "no redis-server" 1 'redis-server.*PATH' -i "$short" -vf null "$out"
  PATH=$here_path
  ;;
rundir)
  mkdir "$work/mine" && echo precious >"$work/mine/file"
  refuses "a folder of somebody else" 1 'mine' -run-dir "$work/mine" -i "$short" -vf null "$out"
  is "it is untouched" "$(cat "$work/mine/file")" precious
  refuses "no right place" 1 'short\.mp4' -run-dir "$short/run" -i "$short" -vf null "$out"
  mkfifo "$work/slow.y4m"
  start holder "$VIDMPI" -y -i "$work/slow.y4m" -vf null -c:v mpeg4 -run-dir "$work/run" "$work/first.mkv"
  holder=$started
  exec 8<>"$work/slow.y4m"
  timeout 10 cat "$clips/raw.y4m" >&8
  check "a job holds the run directory" wait_for 20 test -e "$work/run/owner"
  vidmpi_np 1 -hide_banner -loglevel error -i "$short" -vf null -run-dir "$work/run" "$out" >"$work/busy.log" 2>&1
  is "run directory in use: exit status" $? 1
  like "run directory in use: says by whom" "$work/busy.log" "$holder|in use"
  nothing_made "run directory in use"
  exec 8>&-
  wait "$holder"
  is "the holder is not disturbed" $? 0
  ;;
esac
finish
