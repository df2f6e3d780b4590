#!/usr/bin/env bash
# Run directory and output on a folder that is mounted twice, each mount
# taking names and sizes for true for 3 s; ranks on either mount.
# shellcheck source=../lib/namespace.sh
. "$(dirname "$0")/../lib/namespace.sh"
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"
# shellcheck source=../lib/mounts.sh
. "$lib/mounts.sh"

check "two mounts" bindfs_start
# shellcheck source=mounts_battery.sh
. "${here:?}/mounts_battery.sh"
finish
