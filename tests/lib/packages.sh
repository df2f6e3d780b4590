# shellcheck shell=bash disable=SC2034
# packages.sh: the one list of Debian packages that this project needs, and
# how they are installed. Sourced; needs bash.

# What compiles and runs the program.
packages_build=(
  gcc libc6-dev cmake ninja-build pkg-config
  libavformat-dev libavcodec-dev libavfilter-dev libswscale-dev libswresample-dev libavutil-dev
  libpng-dev libhiredis-dev libjansson-dev libopenmpi-dev
  openmpi-bin redis-server
)

# What the tests, the demo and the benchmarks use beside it. The fonts are for
# filters that write.
packages_test=(
  ffmpeg libcmocka-dev redis-tools procps jq strace time bc xxd
  fonts-dejavu-core
)

# What `tests/run.sh --label lint` and the fuzzers use.
packages_lint=(
  clang clang-format clang-tidy cppcheck shellcheck libclang-rt-14-dev python3-minimal
)

# What `tests/run.sh --label fault` mounts. No test fails without it: those that want it are skipped.
packages_fault=(
  moosefs-master moosefs-chunkserver moosefs-client bindfs fuse3 iproute2
)

# What the OpenCV plugin and its tests use. Nothing fails without it: the plugin is left out, its tests are skipped.
# Not libopencv-dev, which brings ten modules more.
packages_opencv=(
  g++ libopencv-core-dev libopencv-imgproc-dev libopencv-objdetect-dev libopencv-photo-dev libopencv-video-dev
  opencv-data python3-opencv python3-numpy
)

# as_root COMMAND...: runs it as root, with sudo when we are somebody else.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "packages: neither root nor sudo: cannot run $*" >&2
    return 1
  fi
}

package_is_there() {
  [ "$(dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | sort -u | head -n 1)" = installed ]
}

# packages_install GROUP...: installs what is missing of build, test, lint, fault, opencv.
# Asks the package servers only when something is.
packages_install() {
  local group name missing=()
  command -v apt-get >/dev/null || {
    echo "packages: no apt-get: install by hand what tests/lib/packages.sh lists" >&2
    return 0
  }
  for group in "$@"; do
    local -n list="packages_$group"
    for name in "${list[@]}"; do
      package_is_there "$name" || missing+=("$name")
    done
    unset -n list
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "packages: installing ${missing[*]}"
  packages_update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y \
      --no-install-recommends "${missing[@]}" </dev/null
}

# packages_update: reads the lists anew, once a process.
packages_update() {
  [ -z "${packages_updated:-}" ] || return 0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq update </dev/null || return
  packages_updated=1
}
