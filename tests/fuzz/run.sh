#!/bin/sh
# Builds the fuzzers and runs each for SECONDS: tests/fuzz/run.sh [SECONDS] [NAME...]
# Ends non-zero when one crashes, hangs or leaks; its input is then in build/fuzz/found/NAME-*.
# Seeds are read from corpus/NAME; what is new goes to build/fuzz/corpus/NAME and is used next time.
set -eu

seconds=${1:-20}
[ $# -gt 0 ] && shift
case $seconds in
'' | *[!0-9]*)
    echo "run.sh: SECONDS must be a whole number, not '$seconds'" >&2
    exit 2
    ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/build/fuzz

cd "$top"
cmake --preset fuzz >/dev/null
targets=$(cmake --build "$build" --target help | sed -n 's/^\([a-z]*\)_fuzz: phony$/\1/p')
[ $# -gt 0 ] && targets=$*
# shellcheck disable=SC2046
cmake --build "$build" -j 2 --target $(for name in $targets; do echo "${name}_fuzz"; done)

mkdir -p "$build/found"
failed=
for name in $targets; do
    mkdir -p "$build/corpus/$name"
    echo "== $name, $seconds s"
    "$build/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/found/$name-" "$build/corpus/$name" "$here/corpus/$name" \
        >"$build/found/$name.log" 2>&1 || failed="$failed $name"
    grep -E '^(SUMMARY|==[0-9]+==ERROR|stat::number_of_executed_units|Test unit written)' "$build/found/$name.log" || true
done
if [ -n "$failed" ]; then
    echo "run.sh: failed:$failed (logs and inputs in $build/found)" >&2
    exit 1
fi
