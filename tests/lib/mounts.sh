# shellcheck shell=bash
# mounts.sh: filesystems that several nodes see, on this machine: each is
# mounted twice, at $mount_a and $mount_b, and the two stand for two nodes.
# Sourced after namespace.sh and test.sh. Everything is stopped and unmounted at
# the test's end.
mount_a=${work:?}/a mount_b=$work/b
mounts_data=$work/data # on a tmpfs of its own: what the mounts are of
mounts_pids=()         # what serves them, in the order of starting

# serve COMMAND...: in the background, in the foreground's words in $work/serve.log.
serve() {
  "$@" </dev/null >>"$work/serve.log" 2>&1 &
  mounts_pids+=($!)
}

mounts_stop() {
  local i
  umount -l "$mount_a" "$mount_b" 2>/dev/null
  for ((i = ${#mounts_pids[@]} - 1; i >= 0; i--)); do
    kill "${mounts_pids[i]}" 2>/dev/null
    wait_for 5 serve_is_gone "${mounts_pids[i]}" || kill -9 "${mounts_pids[i]}"
  done
  mounts_pids=()
  umount -l "$mounts_data" 2>/dev/null
}

# shellcheck disable=SC2317 # called by wait_for
serve_is_gone() { ! kill -0 "$1" 2>/dev/null; }

mounts_begin() {
  mkdir -p "$mount_a" "$mount_b" "$mounts_data" && mount -t tmpfs -o size="${1:-1g}" none "$mounts_data" &&
    test_at_end+=(mounts_stop)
}

# need_mounts PROGRAM...: skips the test where a program or FUSE is not to be had.
need_mounts() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null && continue
    skip "$program is not installed"
    finish
  done
  [ -c /dev/fuse ] && : 2>/dev/null </dev/fuse && return
  skip "no FUSE here: /dev/fuse cannot be opened"
  finish
}

both_are_mounted() { mountpoint -q "$mount_a" && mountpoint -q "$mount_b"; }

# bindfs_start: two mounts that take what they know of names, sizes and
# missing names for true for 3 s, as clients of NFS do.
bindfs_start() {
  local at cache=attr_timeout=3,entry_timeout=3,negative_timeout=3
  need_mounts bindfs fusermount3
  mounts_begin || return
  for at in "$mount_a" "$mount_b"; do serve bindfs -f -o "$cache" "$mounts_data" "$at"; done
  wait_for 10 both_are_mounted
}

# ---- MooseFS: master, two chunk servers and two clients, in a network of their
# own, because the servers refuse 127.0.0.1. Only the servers and clients are in
# it: a mount works from everywhere.
moosefs_address=10.77.0.1 moosefs_port=9419 # and the 4 behind it

moosefs_network() {
  serve unshare --net sleep infinity
  moosefs_net=/proc/${mounts_pids[-1]}/ns/net
  wait_for 5 moosefs_net_is_new &&
    nsenter --net="$moosefs_net" sh -c "ip link set lo up && ip addr add $moosefs_address/24 dev lo"
}

# shellcheck disable=SC2317
moosefs_net_is_new() { [ "$(readlink "$moosefs_net")" != "$(readlink /proc/self/ns/net)" ]; }

moosefs_serve() { serve nsenter --net="$moosefs_net" "$@"; }

# Of NAME = VALUE lines, what both kinds of servers are told.
moosefs_common() { # FOLDER
  printf '%s\n' "WORKING_USER = root" "WORKING_GROUP = root" "LOCK_MEMORY = 0" "DATA_PATH = $1"
}

moosefs_master() {
  local dir=$mounts_data/master to=$moosefs_port side
  mkdir "$dir" && cp /var/lib/mfs/metadata.mfs.empty "$dir/metadata.mfs" || return
  echo "${moosefs_address%.*}.0/24 / rw,alldirs,admin,maproot=0:0" >"$dir/exports"
  {
    moosefs_common "$dir"
    echo "EXPORTS_FILENAME = $dir/exports"
    for side in ML CS CL; do
      printf 'MATO%s_LISTEN_HOST = %s\nMATO%s_LISTEN_PORT = %d\n' $side $moosefs_address $side $((to++))
    done
  } >"$dir/config"
  moosefs_serve mfsmaster -f -c "$dir/config" start
}

moosefs_chunks() { # NUMBER, 1 or 2
  local dir=$mounts_data/chunks$1
  mkdir "$dir" "$dir/disk" || return
  echo "$dir/disk" >"$dir/disks"
  {
    moosefs_common "$dir"
    printf '%s\n' "HDD_CONF_FILENAME = $dir/disks" "HDD_LEAVE_SPACE_DEFAULT = 64MiB" "HDD_FSYNC_BEFORE_CLOSE = 0" \
      "MASTER_HOST = $moosefs_address" "MASTER_PORT = $((moosefs_port + 1))" "BIND_HOST = $moosefs_address" \
      "CSSERV_LISTEN_HOST = $moosefs_address" "CSSERV_LISTEN_PORT = $((moosefs_port + 2 + $1))"
  } >"$dir/config"
  moosefs_serve mfschunkserver -f -c "$dir/config" start
}

# shellcheck disable=SC2317
moosefs_answers() { nsenter --net="$moosefs_net" bash -c ": </dev/tcp/$moosefs_address/$((moosefs_port + 2))"; }

# The first chunk server takes a second to be known.
# shellcheck disable=SC2317
moosefs_writes() { dd if=/dev/zero of="$mount_a/.probe" bs=4k count=1 conv=fsync && rm "$mount_a/.probe"; }

# moosefs_start [OPTION,...]: options of mfsmount, as mfscachemode=DIRECT.
moosefs_start() {
  local at number
  need_mounts mfsmaster mfschunkserver mfsmount ip nsenter
  mounts_begin 2g && moosefs_network && moosefs_master || return
  for number in 1 2; do moosefs_chunks $number || return; done
  wait_for 10 moosefs_answers || return
  for at in "$mount_a" "$mount_b"; do
    moosefs_serve mfsmount -f "$at" -H $moosefs_address -P $((moosefs_port + 2)) -o "mfsioretries=30${1:+,$1}"
  done
  wait_for 10 both_are_mounted && nsenter --net="$moosefs_net" mfssetgoal -r 1 "$mount_a" >/dev/null &&
    wait_for 20 moosefs_writes
}

# spread_ranks [nodes]: from now on $VIDMPI is a program whose odd ranks run on
# mount B, under the path of mount A. nodes: they also pretend to be on another node.
spread_ranks() {
  # shellcheck disable=SC2016 # expanded by the program that is made
  {
    printf '#!/usr/bin/env bash\nside=$((${OMPI_COMM_WORLD_RANK:-0} %% 2))\nprogram=(%q)\n' "$VIDMPI"
    printf '[ $side = 0 ] || program=(%q %q %q "${program[@]}")\n' "${lib:?}/on_mount" "$mount_a" "$mount_b"
    [ -z "${1:-}" ] || echo 'export VIDMPI_NODE=node$side'
    echo 'exec "${program[@]}" "$@"'
  } >"$work/spread"
  chmod +x "$work/spread"
  VIDMPI=$work/spread
}
