#!/usr/bin/env bash
# moosefs_test.sh CACHE: run directory and output on MooseFS, mounted twice;
# ranks on either mount. CACHE is mfsmount's mode: auto (its default), or direct.
# shellcheck source=../lib/namespace.sh
. "$(dirname "$0")/../lib/namespace.sh"
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"
# shellcheck source=../lib/mounts.sh
. "$lib/mounts.sh"

check "two mounts" moosefs_start "mfscachemode=${1^^}"
# shellcheck source=mounts_battery.sh
. "${here:?}/mounts_battery.sh"
finish
