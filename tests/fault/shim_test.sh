#!/usr/bin/env bash
# libfault.so does what fault.h says, each of its faults fires, and without its
# environment it is not to be noticed.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "$lib/fault.sh"

# filter FRAMES RULES: pushes pictures as vidmpi-worker does; its words and status.
# shellcheck disable=SC2030,SC2016 # for the probe only; expanded by the bash that is started
filter() {
  {
    (
      export LD_PRELOAD=$VIDMPI_FAULT_BUILD/libfault.so VIDMPI_FAULT=$2 VIDMPI_FAULT_DIR=$faults
      ulimit -c 0
      exec timeout --foreground -s KILL "${patience:-20}" bash -c 'exec -a vidmpi-worker "$@"' - \
        "$VIDMPI_FAULT_BUILD/vidmpi-filter-probe" "$1"
    ) 2>&1
    echo "status $?"
  } 2>/dev/null # where bash tells of signals
}

# filters NAME RULES WANTED: of 12 frames these go wrong, and the status.
filters() {
  rm -rf "$faults" && mkdir "$faults"
  is "filter, $1" "$(filter 12 "$2" | sed -E '/ ok /d' | paste -sd ' ')" "$3"
}

last_ok() { filter 12 "$1" | sed -nE 's/^([0-9]+) ok.*/\1/p' | tail -n 1; }

filters "nothing to do" '' 'status 0'
filters "crash at a pts" 'filter:pts=3584:crash' 'status 139'
is "filter, once is enough" "$(last_ok 'filter:pts=3584:crash')" 11
filters "kill" 'filter:frame=3:kill' 'status 137'
filters "kill on every 5th frame" 'filter:every=5:kill' 'status 137'
is "filter, the next one of these" "$(last_ok 'filter:every=5:kill')" 8
is "filter, and no more" "$(last_ok 'filter:every=5:kill')" 11
filters "exit" 'filter:any:exit:times=1' 'status 3'
filters "an error" 'filter:frame=7:error:times=always' '7 error status 0'
is "filter, a poison frame stays one" "$(filter 12 'filter:frame=7:error:times=always' | head -n 8 | tail -n 1)" '7 error'
filters "several rules" 'filter:frame=2:error;filter:every=6:error' '2 error 5 error 11 error status 0'
is "they are logged" "$(fired error)" 3
filters "twice a frame" 'filter:frame=2:error:times=2' '2 error status 0'
filter 12 'filter:frame=2:error:times=2' >/dev/null
filter 12 'filter:frame=2:error:times=2' >/dev/null
is "they are counted over all processes" "$(fired error)" 2
patience=2 filters "a hang" 'filter:frame=7:hang' 'status 137'
is "it is logged" "$(fired hang)" 1
since=$EPOCHREALTIME
filters "a slow one" 'filter:any:sleep=20' 'status 0'
is "it takes its time" "$(($(elapsed_ms "$since") >= 240))" 1
rm -rf "$faults" && mkdir "$faults"
peak=$(filter 12 'filter:frame=7:hog=300' | sed -nE 's/^8 ok //p')
is "a hog keeps 300 MiB (peak $peak)" "$((peak >= 300))" 1
filters "nonsense" 'filter:frame=7:explode' 'libfault: no word of a rule: explode status 99'
filters "nonsense of the other room" 'store:crash' 'libfault: a word of the other room: crash status 99'

# store TRIES RULES WORDS...: calls on a file, as rank 0 or $rank.
# shellcheck disable=SC2031
store() {
  local tries=$1 rules=$2
  shift 2
  LD_PRELOAD=$VIDMPI_FAULT_BUILD/libfault.so VIDMPI_FAULT=$rules VIDMPI_FAULT_DIR=$faults VIDMPI_FAULT_SEED=${seed:-1} \
    VIDMPI_FAULT_PATH=$work/disk OMPI_COMM_WORLD_RANK=${rank:-0} "$VIDMPI_FAULT_BUILD/vidmpi-store-probe" \
    "${file:-$work/disk/file}" "$tries" "$@"
}

# hits NAME WORD TRIES RULES REGEX: what comes of so many calls.
hits() {
  rm -rf "$faults" "$work/disk" && mkdir "$faults" "$work/disk"
  store "$3" '' pwrite >/dev/null
  store "$3" "$4" "$2" >"$work/probe.log" 2>&1
  like "store, $2: $1" "$work/probe.log" "^$2 $5\$"
}

for word in write pwrite pwritev pread read size sync; do
  hits "nothing to do" $word 100 '' 'whole 100 short 0 zeros 0 failed 0'
done
for word in write pwrite pwritev pread read; do
  hits "some are short" $word 200 'store:short=0.5' 'whole [78901][0-9]+ short [78901][0-9]+ zeros 0 failed 0'
  hits "all are short" $word 100 'store:short=1' 'whole 0 short 100 zeros 0 failed 0'
  hits "interrupted" $word 200 'store:eintr=0.2' 'whole 1[0-9]+ short 0 zeros 0 failed [2-6][0-9] EINTR'
  hits "broken" $word 200 'store:eio=0.2' 'whole 1[0-9]+ short 0 zeros 0 failed [2-6][0-9] EIO'
done
for word in write pwrite pwritev sync; do
  hits "full" $word 50 'store:enospc=1' 'whole 0 short 0 zeros 0 failed 50 ENOSPC'
done
hits "reads of a full disk" pread 50 'store:enospc=1' 'whole 50 .*'
hits "broken" sync 50 'store:eio=1' 'whole 0 short 0 zeros 0 failed 50 EIO'
hits "stale" pread 50 'store:estale=1' 'whole 0 short 0 zeros 0 failed 50 ESTALE'
hits "only so often" pwrite 50 'store:eio=1:times=3' 'whole 47 short 0 zeros 0 failed 3 EIO'
is "they are logged" "$(fired eio)" 3
file=$work/elsewhere hits "not elsewhere" pwrite 50 'store:eio=1' 'whole 50 short 0 zeros 0 failed 0'

seeded() {
  rm -rf "$faults" "$work/disk" && mkdir "$faults" "$work/disk"
  seed=$1 store 100 'store:short=0.3;store:eintr=0.2' pwrite pread >/dev/null
  cat "$faults/log"
}
is "the same seed does the same" "$(seeded 7 | md5sum)" "$(seeded 7 | md5sum)"
is "another one does not" "$([ "$(seeded 7)" = "$(seeded 8)" ] || echo differs)" differs

# What rank 1 writes comes into sight of rank 0 late, of itself at once.
rm -rf "$faults" "$work/disk" && mkdir "$faults" "$work/disk"
late=store:late=1:ms=3000
rank=1 store 100 $late pwrite >"$work/probe.log"
like "late: written" "$work/probe.log" 'pwrite whole 100 '
rank=1 store 100 $late pread size >"$work/probe.log"
like "late: the writer sees it" "$work/probe.log" '^pread whole 100 short 0 zeros 0'
like "late: and its size" "$work/probe.log" '^size whole 100 '
store 100 $late pread size >"$work/probe.log"
like "late: another rank sees zeros and less" "$work/probe.log" '^pread whole [0-9]+ short [1-9][0-9]* zeros [0-9]+ failed 0'
like "late: and a shorter file" "$work/probe.log" '^size whole [0-9]+ short [1-9][0-9]* '
# shellcheck disable=SC2317 # called by wait_for
seen() { store 100 "$late" pread size | grep -c 'whole 100 short 0 zeros 0' | grep -qx 2; }
check "late: all is there in the end" wait_for 10 seen
rank=1 store 100 $late pwrite >/dev/null # again, over what is there: zeros only
store 100 $late pread >"$work/probe.log"
like "late: new bytes in an old place are zeros at first" "$work/probe.log" '^pread whole [0-9]+ short 0 zeros [1-9][0-9]* failed 0'

# The real programs: a job that meets nothing, with the library loaded, and one that does.
small_clip clip 1
job "$work/clip.nut" -vf hflip
break_it ''
runs "the library without a rule" 3
right "the library without a rule"
is "it says nothing" "$(cd "$faults" && echo ./*)" './*'
job "$work/clip.nut" -vf hflip
break_it 'filter:every=10:sleep=5;store:eintr=0.2' "$work/run" 3
runs "slow and interrupted" 3
right "slow and interrupted"
is "every 10th frame of 30 is slow" "$(fired sleep)" 3
like "the workers' writes are interrupted" "$faults/log" '^eintr: results/r0001/'
like "rank 0's reads, too" "$faults/log" '^eintr: .*rank 0'
mend
no_leftovers "with the library"
finish
