#!/usr/bin/env bash
# A run directory whose reads and writes stop early, are interrupted and come
# into sight late, in three mixes with random seeds: the job is done and right.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

# Ranks on two nodes: then nothing that one has written is for sure seen by another.
# shellcheck disable=SC2016 # expanded by the program that is made
two_nodes() {
  printf '#!/usr/bin/env bash\nexport VIDMPI_NODE=node$((${OMPI_COMM_WORLD_RANK:-0} / 2))\nexec %q "$@"\n' \
    "$VIDMPI" >"$work/two"
  chmod +x "$work/two"
  VIDMPI=$work/two
}

# survives NAME RULES WHAT...: and each of these has happened.
survives() {
  local name=$1 rules=$2 what
  shift 2
  new_seed
  job "$work/clip.nut" -vf "hue=h=n*5"
  break_it "$rules" "$run" "$seed"
  two_nodes
  runs "$name, seed $seed" 4
  right "$name, seed $seed"
  for what in "$@"; do
    is "$name, seed $seed: $what has happened, $(fired "$what") times" "$(($(fired "$what") > 0))" 1
  done
  mend
  no_leftovers "$name, seed $seed" 5
}

small_clip clip 2
survives "short and interrupted" 'store:short=0.3;store:eintr=0.2' short eintr
survives "late" 'store:late=0.3:ms=400' late
survives "all at once" 'store:short=0.2;store:eintr=0.1;store:late=0.1:ms=200' short eintr late

# The disk fails: the job stops, says where, and goes on when it is in order again.
new_seed
job "$work/clip.nut" -vf "hue=h=n*5"
break_it "filter:any:sleep=20;store:eio=0.02" "$run" "$seed"
runs "EIO, seed $seed" 3 75
like "EIO, seed $seed: what and where" "$work/job.log" "^vidmpi: .*$run.*Input/output error"
is "EIO, seed $seed: no output" "$(find "$work" -maxdepth 1 -name 'out.nut*')" ''
mend
no_leftovers "EIO, seed $seed" 5
runs "EIO, seed $seed: resumed" 3
right "EIO, seed $seed: resumed"
tells "EIO, seed $seed" .resumed 1

# The run directory goes.
job "$work/clip.nut" -vf "hue=h=n*5"
slow_filter 400
begins 3
check "the job runs" more_filtered 3 30
rm -rf "$run"
ends "the run directory is removed" 40 75
like "the run directory is removed: it is told" "$work/job.log" "^vidmpi: .*$run"
mend
no_leftovers "the run directory is removed" 5
finish
