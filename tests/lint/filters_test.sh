#!/usr/bin/env bash
# docs/filters.md is what docs/filters.sh prints. filters_test.sh ROOT BUILD
. "$(dirname "$0")/common.sh"
vidmpi=${2:-$root/build/release}/bin/vidmpi
if [ ! -x "$vidmpi" ]; then
  echo "skipped: $vidmpi is not built"
  exit 77
fi
version=$("$vidmpi" -version | sed -n 's/^libavfilter *//p')
if ! grep -qF "libavfilter $version," docs/filters.md; then
  echo "skipped: docs/filters.md is of another libavfilter than $version"
  exit 77
fi
diff docs/filters.md <(docs/filters.sh "$vidmpi") || fail "docs/filters.md is not up to date: docs/filters.sh $vidmpi >docs/filters.md"
finish
