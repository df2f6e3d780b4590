#!/usr/bin/env bash
# run.sh: the job with ranks that may die: mpirun ends all of a job when one of
# its ranks is killed, unless it is told to go on, and then its exit status says
# nothing. This tells it to go on and exits by the job's manifest.
#
#   jobs/run.sh -np 8 -i in.mkv -vf nlmeans -c:v libx264 out.mkv
#
# What comes before the first option of vidmpi's goes to mpirun: -np N, -n N, --hostfile FILE, --host LIST,
# --mca KEY VALUE, --oversubscribe. VIDMPI names another program, VIDMPI_MPIRUN another launcher.
#
# Exit status: 0 done; 1 failed; 2 wrong command line; 4 done, but frames could not be filtered and others stand in their
# place; 75 stopped before its time: the same command goes on where it was.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/mpi.sh
[ ! -f "$here/../tests/lib/mpi.sh" ] || . "$here/../tests/lib/mpi.sh"
if [ -z "${VIDMPI:-}" ]; then
  VIDMPI=vidmpi
  [ ! -x "$here/../build/release/bin/vidmpi" ] || VIDMPI=$here/../build/release/bin/vidmpi
fi

launch=()
while [ $# -gt 0 ]; do
  case $1 in
  -np | -n | --hostfile | --host) launch+=("$1" "${2:-}") && shift 2 ;;
  --mca) launch+=("$1" "${2:-}" "${3:-}") && shift 3 ;;
  --oversubscribe) launch+=("$1") && shift ;;
  -h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] || {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# Where the job writes what became of it.
run_dir=${!#}.vidmpi
for ((i = 1; i < $#; i++)); do
  next=$((i + 1))
  [ "${!i}" != -run-dir ] || run_dir=${!next}
done
manifest=$run_dir/manifest.json

# value NAME: of the manifest, which has one key a line; empty without one.
value() { sed -n 's/^ *"'"$1"'": *"\{0,1\}\([^",]*\)"\{0,1\},\{0,1\}$/\1/p' "$manifest" 2>/dev/null | head -n 1; }

before=$(value job)
VIDMPI_STATUS_FILE=$(mktemp)
export VIDMPI_STATUS_FILE
trap 'rm -f "$VIDMPI_STATUS_FILE"' EXIT
"${VIDMPI_MPIRUN:-mpirun}" --enable-recovery -x VIDMPI_STATUS_FILE "${launch[@]}" "$VIDMPI" "$@" <&0 &
mpirun=$!
for signal in INT TERM USR1; do
  # shellcheck disable=SC2064 # the pid of now
  trap "kill -$signal $mpirun 2>/dev/null" "$signal"
done
# A signal ends a wait, not what is waited for.
status=128
while [ "$status" -gt 127 ] && kill -0 "$mpirun" 2>/dev/null; do
  wait "$mpirun"
  status=$?
done
# The manifest counts; then what rank 0 said; then what it left.
if [ -n "$(value job)" ] && [ "$(value job)" != "$before" ]; then
  [ "$(value exact)" = true ] || exit 4
  exit 0
fi
said=$(cat "$VIDMPI_STATUS_FILE")
[ "${said:-0}" -eq 0 ] || exit "$said"
[ ! -s "$run_dir/ledger" ] || exit 75
[ "$status" -ne 0 ] || status=1
exit "$status"
