# shellcheck shell=bash
# namespace.sh: the test again, in namespaces of its own for mounts, processes
# and shared memory: what it mounts and starts ends with it, also when it is
# killed. Sourced before test.sh by tests that mount; they are skipped, with
# the reason, where that is not allowed.

if [ -z "${VIDMPI_TEST_INSIDE:-}" ]; then
  own_namespaces=(unshare --mount --propagation private --pid --fork --kill-child --mount-proc)
  if ! said=$("${own_namespaces[@]}" mount -t tmpfs none /dev/shm 2>&1); then
    echo "1..0 # SKIP no namespaces and mounts here: $said"
    exit 77
  fi
  # A signal goes to the test, which is process 1 in there: unshare ignores it.
  VIDMPI_TEST_INSIDE=1 setpriv --pdeathsig KILL "${own_namespaces[@]}" "$0" "$@" &
  trap 'ps -o pid= --ppid $! | xargs -r kill -TERM' TERM INT
  while :; do
    wait $!
    status=$?
    kill -0 $! 2>/dev/null || exit $status
  done
fi
unset VIDMPI_TEST_INSIDE
mount -t tmpfs none /dev/shm || exit
