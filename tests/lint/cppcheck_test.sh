#!/usr/bin/env bash
# cppcheck_test.sh ROOT BUILD: cppcheck has nothing to say about what BUILD compiles.
# It does not read the libraries' headers, so what is #error without their
# version numbers is not one.
. "$(dirname "$0")/common.sh"

build=$2
need cppcheck
mkdir -p "$build/cppcheck"
cppcheck --project="$build/compile_commands.json" --cppcheck-build-dir="$build/cppcheck" -j "$(nproc)" --quiet \
  --enable=warning,performance,portability --inline-suppr --suppress=preprocessorErrorDirective --error-exitcode=1 ||
  fail "cppcheck has findings"

finish
