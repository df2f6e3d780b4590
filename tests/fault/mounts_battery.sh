# shellcheck shell=bash
# mounts_battery.sh: what holds on every filesystem with two mounts. Sourced by
# the tests, with the mounts there.
# shellcheck disable=SC2034 # fault.sh's
run=${mount_a:?}/run out=$mount_a/out.nut

[ "${test_failed:?}" -eq 0 ] || { tail -n 20 "${work:?}/serve.log" && finish; }
is "a command on the other mount sees it at the same path" \
  "$("${lib:?}/on_mount" "$mount_a" "${mount_b:?}" stat -c %d "$mount_a")" "$(stat -c %d "${mount_b:?}")"
echo hello >"$mount_a/file"
is "they show the same files" "$("$lib/on_mount" "$mount_a" "$mount_b" cat "$mount_a/file")" hello
samples_fetch cockatoo.mp4 >/dev/null

# on_mounts NAME [nodes]: a job with two ranks on each mount.
on_mounts() {
  local name=$1
  shift
  job "$VIDMPI_SAMPLES/cockatoo.mp4" -t 2 -vf edgedetect
  spread_ranks "$@"
  runs "$name" 4
  right "$name"
  is "$name: ranks on both mounts filtered" \
    "$(told '[.ranks_detail[] | select(.frames > 0) | .rank % 2] | unique')" '[0,1]'
  is "$name: nothing is retried" "$(told '[.retries, .ranks_lost, .frames_substituted]')" '[0,0,0]'
  is "$name: no file of the job stays" "$(find "$run" -path '*/results*' -o -name owner)" ''
  mend
  no_leftovers "$name" 5
}
on_mounts "one node"
on_mounts "two nodes" nodes

# What one mount has been asked for before it was there: the same names again.
on_mounts "two nodes again" nodes
