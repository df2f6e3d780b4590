#!/usr/bin/env bash
# The run directory's filesystem fills up, and the output's.
# shellcheck source=../lib/namespace.sh
. "$(dirname "$0")/../lib/namespace.sh"
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=300k none "$disk" || { skip "cannot mount a small tmpfs" && finish; }
test_at_end+=("umount '$disk'")
small_clip clip 3

# stops NAME RANKS WORDS: nothing is left of a job that had no room; it says WORDS.
# Once jobs can be resumed, this is exit status 75, and the run directory stays:
# resume_test.sh makes room then.
stops() {
  runs "$1, np $2" "$2" 1
  like "$1, np $2: what and where" "$work/job.log" "^vidmpi: .*$3.*No space left"
  is "$1, np $2: one sentence" "$(grep -ac '^vidmpi: .*No space' "$work/job.log")" 1
  is "$1, np $2: no output" "$(find "$work" -name 'out.nut*')" ''
  is "$1, np $2: the disk is as it was" "$(find "$disk" -mindepth 1)" ''
  no_leftovers "$1, np $2"
}

out=$work/out.nut
for np in 1 4; do
  run=$disk/run
  job "$work/clip.nut" -vf hflip
  stops "run directory" $np "[0-9]+ bytes.*$disk/run/results/r000[0-9]/seg-[0-9]+"
done
run=$work/run out=$disk/out.nut
job "$work/clip.nut" -vf hflip
stops "output" 3 "$disk/out\.nut"
finish
