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
small_clip clip 4

# Too little room from the start: refused before anything is done.
for np in 1 4; do
  run=$disk/run
  job "$work/clip.nut" -vf hflip
  runs "too small, np $np" $np 1
  like "too small, np $np: what and where" "$work/job.log" "^vidmpi: .*$run.*[0-9]+ bytes"
  is "too small, np $np: the disk is as it was" "$(find "$disk" -mindepth 1)" ''
  no_leftovers "too small, np $np"
done

# goes_on NAME RANKS WORDS: somebody fills the disk under a job; it stops, says
# WORDS, and goes on when there is room again.
goes_on() {
  mount -o remount,size=32m "$disk"
  job "$work/clip.nut" -vf hflip
  slow_filter 30
  begins "$2"
  check "$1, np $2: the job runs" more_filtered 10 30
  head -c 100M /dev/zero >"$disk/other" 2>/dev/null
  ends "$1, np $2: full" 30 75
  like "$1, np $2: what and where" "$work/job.log" "^vidmpi: .*$3.*No space left"
  is "$1, np $2: no output" "$(find "$out" 2>/dev/null)" ''
  no_leftovers "$1, np $2"
  rm "$disk/other"
  runs "$1, np $2, with room again" "$2"
  right "$1, np $2, with room again"
  tells "$1, np $2" .resumed 1
  mend
  rm -rf "${disk:?}"/*
}

run=$disk/run
goes_on "run directory" 1 "[0-9]+ bytes.*$run/"
goes_on "run directory" 4 "[0-9]+ bytes.*$run/"
run=$work/run out=$disk/out.nut
goes_on "output" 3 "$disk/out\.nut"
finish
