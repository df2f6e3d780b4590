#!/usr/bin/env bash
# -explain tells how a job would be run, once however many ranks there are, and
# leaves nothing behind.
. "$(dirname "$0")/../lib/test.sh"

clip=$clips/short.mp4
out=$work/out.mkv
said=$work/said.txt

# explains NP STATUS ARGS...: what it says goes to $said, and there is nothing else of it.
explains() {
  local np=$1 status=$2
  shift 2
  vidmpi_np "$np" -explain "$@" >"$said" 2>"$work/complaint.txt"
  is "np $np, $*: exit status" $? "$status"
  is "np $np, $*: no output" "$(find "$work" -maxdepth 1 -name 'out.*')" ""
  no_leftovers "np $np, $*"
}

says() { like "says $1" "$said" "$2"; }
says_not() { check "does not say $1" eval "! grep -Eq '$2' '$said'"; }
says_times() { is "says $1 so often" "$(grep -Ec "$2" "$said")" "$3"; }

explains 1 0 -i "$clip" -vf hqdn3d,gblur,tmix=frames=3,deshake -c:v ffv1 "$out"
says "input" '^input +.*short\.mp4 \(h264, 320x240, yuv420p, .*frames/s\), about 36 frames$'
says "output" '^output +.*out\.mkv \(ffv1, 320x240, '
says "the first part" '^part 1 +serial, on rank 0, in order: hqdn3d$'
says "its filter" '^ +hqdn3d +serial +it carries state from frame to frame$'
says "the second part" '^part 2 +parallel, tasks of [0-9]+ frames with 2 before and 0 after: gblur,tmix=frames=3$'
says "a filter of one frame" '^ +gblur +frame +looks at one frame at a time$'
says "a filter with neighbours" '^ +tmix +window\(2,0\) +looks at 2 before$'
says "the third part" '^part 3 +serial, .*: deshake$'
says "where results go" "^files +run directory .*out\.mkv\.vidmpi, on a (local|shared) filesystem\$"
says "how large they are" '^ +results of part 2: [0-9.]+ KiB a frame, [0-9.]+ [MG]iB in all, .* at once$'
says "shared memory" '^ +shared memory for part 2: .*frames of'
says "that it is an estimate" '^speed +an estimate from a probe of the first 16 frames'
says "the limit" '^ +at most [0-9.]+ times as fast as one core'
says "numbers of ranks" '^ +32 +[0-9.]+ +[0-9.]+$'
says "advice" '^advice +hqdn3d: atadenoise or nlmeans'
says "what a job that goes on does" 'part 3, the last one, is serial'
says_times "a section" '^part ' 3

explains 1 0 -i "$clip" -vf fps=60,gblur=sigma=20,vignette,negate -c:v libx264 -preset ultrafast "$out"
says "a light neighbour" '^part 2 +serial, .*: vignette,negate$'
says "why it is there" '^ +negate +frame +runs with its neighbour: it takes little time$'
says "a window" '^ +fps +window\(0,1\)'
says "dither" '^advice +vignette: vignette=dither=0 runs on all ranks'

explains 1 0 -i "$clip" -vf deshake "$out"
says "that ranks are of no use" 'no part runs on several ranks'
says_not "shared memory" 'shared memory'

explains 1 0 -i "$clips/rgb48.mov" -vf lagfun,gblur,negate,edgedetect=mode=canny,elbg -c:v ffv1 "$out"
says "that a graph is not cut" '^ +gblur +frame +the graph stays whole: '
says_times "a section" '^part ' 1
says "the filters behind, too" '^ +elbg +serial +it carries state'

explains 1 0 -i "$clip" -map 0 -c copy -c:v mpeg4 -vf nlmeans "$out"
says "a speed, with copied sound" '^speed +an estimate'
says_not "advice without need" '^advice'

explains 3 0 -i "$clip" -vf gblur "$out"
says_times "the input" '^input ' 1
says "the launch" '^ +this launch: 3 ranks '
says "its files" '^ +files: 2 segments'

explains 1 1 -i "$clip" -vf nosuchfilter "$out"
is "a wrong graph: nothing is told" "$(cat "$said")" ""
like "a wrong graph: the sentence" "$work/complaint.txt" "No such filter: 'nosuchfilter'"
explains 3 1 -i "$clip" -vf gblur=nosuch=1 "$out"
like "a wrong option: the sentence" "$work/complaint.txt" "Option 'nosuch' not found"
is "a wrong option: said once" "$(grep -c '^vidmpi' "$work/complaint.txt")" 1
explains 1 2 -i "$clip" -nosuchoption 1 "$out"

# An output that is there stays as it is, and so does a pipe that nobody reads.
printf 'precious' >"$work/there.mkv"
vidmpi_np 1 -explain -y -i "$clip" -vf gblur "$work/there.mkv" >"$said"
is "an old output" "$(cat "$work/there.mkv")" precious
mkfifo "$work/pipe.nut"
VIDMPI_TIME_LIMIT=20 vidmpi_np 1 -explain -y -i "$clip" -vf gblur "$work/pipe.nut" >"$said"
is "an output that is a pipe: exit status" $? 0

# The input's pipe can be read once, by the job: there is no probe.
timeout 60 "$VIDMPI" -explain -f mpegts -i - -vf gblur "$out" <"$clips/mpeg2.ts" >"$said" 2>/dev/null
is "an input that is a pipe: exit status" $? 0
says "that there is no estimate" '^speed +no estimate: the input can be read only once$'
finish
