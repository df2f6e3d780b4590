#!/usr/bin/env bash
# A server that is there already, by -redis and by VIDMPI_REDIS: two jobs at
# once on it do not touch each other, other keys stay, ours are gone at the end.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/compare.sh
. "$lib/compare.sh"
ranks=3

port=
for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000))
  start server redis-server --port $port --bind 127.0.0.1 --unixsocket "$work/r.sock" --requirepass 'open sesame@' \
    --save '' --daemonize no
  wait_for 5 redis-cli -s "$work/r.sock" ping && break
done
server=$started
test_at_end+=("kill $server")
cli() { REDISCLI_AUTH='open sesame@' redis-cli -s "$work/r.sock" "$@"; }
cli set precious 1 >/dev/null

url="redis://default:open%20sesame%40@127.0.0.1:$port/0"
tcp() { vidmpi_np 3 -hide_banner -y -redis "$url" -i "$clips/short.mp4" -vf "hue=h=n*5" -an -c:v ffv1 "$work/a.nut"; }
# Its own place for temporary files: two mpirun that begin at the same moment in one can fail over their folder.
mkdir "$work/tmp2"
unix() { TMPDIR=$work/tmp2 vidmpi_np 2 -hide_banner -y -redis "unix://:open%20sesame%40@$work/r.sock?db=0" -i "$clips/short.mp4" -vf negate -an -c:v ffv1 "$work/b.nut"; }
tcp >"$work/a.log" 2>&1 &
first=$!
unix >"$work/b.log" 2>&1 &
second=$!
wait $first
is "job by TCP: exit status" $? 0
wait $second
is "job by Unix socket: exit status" $? 0
for job in "a hue=h=n*5" "b negate"; do
  ffmpeg -nostdin -v error -y -filter_threads 1 -i "$clips/short.mp4" -vf "${job#* }" -an -c:v ffv1 "$work/theirs.nut"
  look_frames "$work/theirs.nut" >"$work/theirs.txt"
  look_frames "$work/${job%% *}.nut" >"$work/ours.txt" 2>&1
  check "two jobs at once: ${job#* } is right" diff "$work/theirs.txt" "$work/ours.txt"
done
is "only the key of somebody else is left" "$(cli keys '*')" precious
export VIDMPI_REDIS=$url
same_frames "$clips/vfr.mkv" -vf hflip
is "the server saw the job" "$(($(cli info commandstats | sed -n 's/^cmdstat_blmove:calls=\([0-9]*\),.*/\1/p') > 0))" 1
is "only the key of somebody else is left" "$(cli keys '*')" precious
unset VIDMPI_REDIS
is "the password is in no process list" "$(grep -c 'sesame' "$work/a.log" "$work/b.log" | cut -d : -f 2 | paste -sd ' ')" "0 0"
kill -0 "$server" && pass "the server goes on"
rm -f "$work/r.sock"
finish
