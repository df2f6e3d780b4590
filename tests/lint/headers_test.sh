#!/usr/bin/env bash
# Every header compiles alone, and twice in one file.
. "$(dirname "$0")/common.sh"

cc=${CC:-cc}
need "$cc"
flags=(-std=c17 -D_GNU_SOURCE '-DVID_VERSION="0"' -Isrc -Wall -Wextra -Wno-unused-parameter -Wno-unused-function -Werror)
if command -v pkg-config >/dev/null; then
  read -ra found < <(pkg-config --silence-errors --cflags libavfilter libavformat libpng hiredis jansson && echo || echo)
  flags+=("${found[@]}")
fi
if command -v mpicc >/dev/null; then
  read -ra found < <(mpicc --showme:compile 2>/dev/null || echo)
  flags+=("${found[@]}")
fi

while read -r header; do
  name=${header#src/}
  printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
    "$cc" "${flags[@]}" -I. -fsyntax-only -x c - || fail "$header does not compile alone"
done < <(sources '*.h' | grep -E '^(src|client)/')

finish
