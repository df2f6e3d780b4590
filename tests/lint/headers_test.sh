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

# C++ headers, and the one that plugins in C++ include, where there is a compiler and OpenCV.
cxx=${CXX:-c++}
opencv=/usr/include/opencv4
if command -v "$cxx" >/dev/null && [[ -d $opencv ]]; then
  while read -r header; do
    name=${header#src/}
    printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
      "$cxx" -std=c++20 -Isrc -isystem "$opencv" -Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only -x c++ - ||
      fail "$header does not compile alone"
  done < <(sources '*.hpp' 'filter.h' | grep -E '^src/')
fi

finish
