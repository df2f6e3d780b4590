#!/usr/bin/env bash
# The lint tests find what they are for: each is run on a small tree of its
# own, once clean and once for each planted violation.
# shellcheck disable=SC2016 # what is planted shall not expand here
. "$(dirname "$0")/common.sh"

lint=$root/tests/lint
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

new_tree() {
  rm -rf "${tree:?}"
  mkdir -p "$tree"/src/{base,media,vidmpi} "$tree/client" "$tree/build"
  cp "$root"/.clang-format "$root"/.clang-tidy "$root"/.shellcheckrc "$tree"
  printf '#ifndef A_H\n#define A_H\n\nint a(int b);\n\n#endif\n' >"$tree/src/base/a.h"
  printf '#include "base/a.h"\n\nint a(int b)\n{\n    return b + 1;\n}\n' >"$tree/src/base/a.c"
  printf '#include "base/a.h"\n\n#include <libavutil/frame.h>\n#include <stdio.h>\n' >"$tree/src/media/m.c"
  printf '#include "media/m.h"\n\n#include <mpi.h>\n' >"$tree/src/vidmpi/v.c"
  printf '#ifndef M_H\n#define M_H\n\n#endif\n' >"$tree/src/media/m.h"
  printf '#!/bin/sh\necho "$1"\n' >"$tree/client/tool.sh"
}

commands_json() {
  printf '[{"directory": "%s", "file": "%s/src/base/a.c", "command": "cc -I%s/src -c %s/src/base/a.c"}]\n' \
    "$tree" "$tree" "$tree" "$tree" >"$tree/build/compile_commands.json"
}

# run TEST: 0, or 1 with its words in $said; ends this test when TEST cannot run.
run() {
  local code=0
  commands_json
  said=$("$lint/$1_test.sh" "$tree" "$tree/build" 2>&1) || code=$?
  ((code != 77)) || echo "$1: $said"
  return "$code"
}

# clean TEST...: the tree as it is passes.
clean() {
  local test code
  new_tree
  for test in "$@"; do
    code=0
    run "$test" || code=$?
    ((code == 0 || code == 77)) || fail "$test fails on a clean tree: $said"
  done
}

# planted TEST WORDS FILE TEXT: with TEXT appended to FILE the test fails and says WORDS.
planted() {
  local code=0
  new_tree
  mkdir -p "$tree/$(dirname "$3")"
  printf '%b' "$4" >>"$tree/$3"
  run "$1" || code=$?
  if ((code == 0)); then
    fail "$1 does not see: $3: $4"
  elif ((code != 77)) && [[ $said != *"$2"* ]]; then
    fail "$1 does not say '$2' of $3, but: $said"
  fi
}

lines() { yes "$1" | head -n "$2" | tr '\n' '~' | sed 's/~/\\n/g'; }

clean includes headers format size shellcheck tidy cppcheck

planted includes 'base must not include media/m.h' src/base/a.c '#include "media/m.h"\n'
planted includes 'media must not include vidmpi/v.h' src/media/m.h '#  include "vidmpi/v.h" // no\n'
planted includes 'vidmpi must not include gateway/g.h' src/vidmpi/v.c '#include "gateway/g.h"\n'
planted includes 'gateway must not include media/m.h' src/gateway/g.c '#include "media/m.h"\n'
planted includes 'client must not include store/s.h' client/c.c '#include "store/s.h"\n'
planted includes 'media/filter.h' src/plugins/p.c '#include "media/m.h"\n'
planted includes 'media/filter.h' src/plugins/opencv/p.cpp '#include "media/m.h"\n'
planted includes 'belongs to the room plugins' src/media/m.c '#include <opencv2/core.hpp>\n'
planted includes 'name the room' src/plugins/opencv/p.cpp '#include "planes.hpp"\n'
planted includes 'name the room' src/media/m.c '#include "m.h"\n'
planted includes 'name the room' src/media/m.c '#include "../vidmpi/v.h"\n'
planted includes 'attic is not a room' src/attic/x.c '#include <stdio.h>\n'
planted includes 'belongs to the room media' src/vidmpi/v.c '#include <libavcodec/avcodec.h>\n'
planted includes 'belongs to the room media' src/base/a.c '#include <png.h>\n'
planted includes 'belongs to the room tasks' src/vidmpi/v.c '#include <hiredis/hiredis.h>\n'
planted includes 'belongs to the room wire' src/vidmpi/v.c '#include <jansson.h>\n'
planted includes 'belongs to the room vidmpi' src/media/m.c '#include <mpi.h>\n'
planted includes 'neither a system header' src/base/a.c '#include <zlib.h>\n'
planted includes 'private to media' src/media/m.h '#include <libavutil/frame.h>\n'
planted headers 'src/media/m.h does not compile alone' src/media/m.h 'size_t m(void);\n'
planted headers 'src/base/b.h does not compile alone' src/base/b.h 'struct b { int b; };\n'
planted format 'not formatted' src/base/a.c 'int  c;\n'
planted format 'not formatted' src/plugins/opencv/p.cpp 'int  c;\n'
planted format 'not formatted' src/plugins/opencv/p.hpp 'int  c;\n'
planted size 'long.c: 501 lines' src/base/long.c "$(lines 'int x;' 501)"
planted size 'a function of 81 lines' src/base/long.c "void f(void)\n{\n$(lines '    f();' 79)}\n"
planted shellcheck 'shellcheck has findings' client/tool.sh 'echo $1\n'
planted tidy 'clang-analyzer' src/base/a.c 'int z(void);\nint z(void)\n{\n    int *p = 0;\n    return *p;\n}\n'
planted cppcheck 'arrayIndexOutOfBounds' src/base/a.c 'int z(void)\n{\n    int p[2] = {0};\n    return p[2];\n}\n'

finish
