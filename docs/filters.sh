#!/usr/bin/env bash
# Prints docs/filters.md: what `vidmpi -filters` says, and which tests have a graph with each filter.
# docs/filters.sh [VIDMPI] >docs/filters.md
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
vidmpi=${1:-$root/build/release/bin/vidmpi}
tests=$root/tests
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The names of the filters in graphs, a line each.
names() { grep -v '^#' | sed 's/\[[^]]*\]//g' | tr ',;' '\n' | sed -E 's/^ *([a-z0-9_]+).*/\1/' | sort -u; }
# Each list of graphs, and the names in it.
names <"$tests/system/filters.txt" >"$tmp/filters"
names <"$tests/system/serial.txt" >"$tmp/serial"
sed -n 's/^ *{"\([^"]*\)",.*/\1/p' "$tests/unit/media/windows_test.c" | names >"$tmp/windows"

# What is no plugin's, as "name class access source note".
"$vidmpi" -filters | awk '$4 ~ /^libavfilter-/' >"$tmp/rows"
source=$(awk 'NR == 1 { sub("-", " ", $4); print $4 }' "$tmp/rows")

count() { awk -v class="$1" '$2 == class { n++ } END { print n + 0 }' "$tmp/rows"; }

# table CLASS...: of the filters of these classes.
table() {
  awk -v classes=" $* " -v lists="filters serial windows" -v tmp="$tmp" '
    BEGIN {
      count = split(lists, list, " ")
      for (i = 1; i <= count; i++)
        while ((getline name <(tmp "/" list[i])) > 0)
          tested[list[i], name] = 1
    }
    index(classes, " " $2 " ") {
      name = $1; class = $2; access = $3 == "-" ? "" : $3; tests = ""
      for (i = 1; i <= count; i++)
        if ((list[i], name) in tested)
          tests = tests (tests ? ", " : "") list[i]
      $1 = $2 = $3 = $4 = ""
      sub(/^ +/, "")
      gsub(/\|/, "\\|")
      printf "| %s | %s | %s | %s | %s |\n", name, class, tests, access, $0
    }' "$tmp/rows"
}

cat <<END
# Filters

What \`vidmpi -filters\` says of $source, and which tests have a graph with the filter. Made by \`docs/filters.sh\`; a
lint test fails when it is not up to date.

| class | filters | how it runs |
|---|---:|---|
| frame | $(count frame) | on all ranks, each frame by itself |
| window | $(count window) | on all ranks, with some frames before and after |
| aligned | $(count aligned) | on all ranks, in groups of frames |
| serial | $(count serial) | on one rank, which sees every frame in order |
| none | $(count none) | not at all: graphics memory, or pictures of sound |
| sound | $(count sound) | in \`-af\`, on rank 0 |

Verified by: \`filters\` and \`serial\` are tests/system/filters.txt and serial.txt, whose graphs are compared with ffmpeg on three
ranks; \`windows\` is tests/unit/media/windows_test.c, where the video is cut into tasks in several ways. Access: what the
filter can do with some option, and \`-safe\` refuses.

| filter | class | verified by | access | why it is serial, or with which options |
|---|---|---|---|---|
$(table frame window aligned serial)

Not here:
$(awk '$2 == "none" { printf "%s%s", n++ ? ", " : "", $1 } END { print "." }' "$tmp/rows" | fold -s -w 120 | sed 's/ *$//')

Filters of sound that reach outside:

| filter | access |
|---|---|
$(awk '$2 == "sound" && $3 != "-" { printf "| %s | %s |\n", $1, $3 }' "$tmp/rows")
END
