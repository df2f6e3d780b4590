# shellcheck shell=bash
# frame_stats.sh: what the tests of -frame-stats share. Sourced after test.sh.
stats=${work:?}/stats.jsonl

# Of both: "frame pts time" and "key=value" lines.
theirs_of() { # INPUT GRAPH
  ffmpeg -nostdin -v error -filter_threads 1 -i "$1" -vf "$2,metadata=print:file=-" -an -f null - |
    sed -E 's/^frame:([0-9]+) *pts:([-0-9]+) *pts_time:(.*)/\1 \2 \3/'
}
ours_of() { # FILE
  jq -r '"\(.frame) \(.pts) \(.time)", (.metadata | to_entries[] | "\(.key)=\(.value)")' "$1" |
    awk '/^[0-9]+ / { $3 = sprintf("%.6g", $3) } { print }'
}

# equal NAME INPUT GRAPH: the file's metadata are ffmpeg's.
equal() {
  theirs_of "$2" "$3" >"$work/theirs.meta"
  ours_of "$stats" >"$work/ours.meta"
  if [ -s "$work/theirs.meta" ] && cmp -s "$work/theirs.meta" "$work/ours.meta"; then
    pass "$1: metadata are ffmpeg's"
  else
    diff "$work/theirs.meta" "$work/ours.meta" | head -n 12 >"$work/diff.txt"
    flunk "$1: metadata are ffmpeg's (< ffmpeg, > vidmpi)" "$work/diff.txt"
  fi
}

# in_order NAME COUNT: each picture once.
in_order() {
  is "$1: $2 pictures, each once" "$(jq -s -c "map(.frame) == [range($2)]" "$stats")" true
}
