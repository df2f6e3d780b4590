#!/usr/bin/env bash
# The run directory's filesystem fills up, and the output's.
# shellcheck source=../lib/namespace.sh
. "$(dirname "$0")/../lib/namespace.sh"
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=40m none "$disk" || { skip "cannot mount a small tmpfs" && finish; }
test_at_end+=("umount '$disk'")
small_clip clip 3

# fill_up: all that is left of the disk.
fill_up() { dd if=/dev/zero of="$disk/filler" bs=4k >/dev/null 2>&1 || true; }

# resumes NAME RANKS WORDS: a job that has stopped said WORDS; with room it is resumed.
resumes() {
  like "$1: what and where" "$work/job.log" "^vidmpi: .*$3.*No space left"
  is "$1: one sentence" "$(grep -ac '^vidmpi: .*No space' "$work/job.log")" 1
  is "$1: no output" "$(find "$out" 2>/dev/null)" ''
  mend
  no_leftovers "$1"
  rm -f "$disk/filler"
  runs "$1, resumed" "$2"
  right "$1, resumed"
  tells "$1" .resumed 1
  rm -rf "${disk:?}"/*
}

out=$work/out.nut
for np in 1 4; do
  run=$disk/run
  job "$work/clip.nut" -vf hflip
  slow_filter 40
  begins $np
  check "run directory, np $np: the job runs" more_filtered 10 30
  fill_up
  ends "run directory, np $np" 30 75
  resumes "run directory, np $np" $np "[0-9]+ bytes.*$disk/run/"
done

# Too little from the start.
run=$disk/run
job "$work/clip.nut" -vf hflip
fill_up
rm -f "$run"
dd if=/dev/zero of="$disk/filler" bs=4k count=9900 >/dev/null 2>&1
runs "no room from the start" 3 75
like "no room from the start: how much, and the way out" "$work/job.log" "^vidmpi: .*$run.*bytes.*are free; make room"
is "no room from the start: no output" "$(find "$out" 2>/dev/null)" ''
no_leftovers "no room from the start"
rm -f "$disk/filler"
runs "no room from the start, resumed" 3
right "no room from the start, resumed"
rm -rf "${disk:?}"/*

run=$work/run out=$disk/out.nut
job "$work/clip.nut" -vf hflip
slow_filter 40
begins 3
check "output: the job runs" more_filtered 10 30
fill_up
ends "output" 30 75
resumes "output" 3 "$disk/out\.nut"
finish
