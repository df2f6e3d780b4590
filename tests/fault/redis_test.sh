#!/usr/bin/env bash
# The job's own redis-server is killed three times, and stands still once: the
# job goes on from rank 0's table.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/fault.sh
. "${lib:?}/fault.sh"

small_clip clip 4
job "$work/clip.nut" -vf "hue=h=n*5"
slow_filter 150
begins 4
# shellcheck disable=SC2317 # called by wait_for
another_server() { [ -n "$(redis_server)" ] && [ "$(redis_server)" != "$1" ]; }
for time in 1 2 3; do
  check "time $time: the job goes on" more_filtered 5 30
  server=$(redis_server)
  check "time $time: the server is there" kill -9 "$server"
  check "time $time: it is started again" wait_for 20 another_server "$server"
done
check "the job goes on" more_filtered 5 30
server=$(redis_server)
check "the server stands still" kill -STOP "$server"
if more_filtered 40 2; then flunk "a server that stands still stops the job"; else pass "the job waits for a server that stands still"; fi
check "and goes on" kill -CONT "$server"
ends "a server that dies" 50 0
right "a server that dies"
tells "a server that dies" '[.frames_substituted, .ranks_lost, .state]' '[0,0,"done"]'
mend
no_leftovers "a server that dies" 5

# One that never comes back: the job stops and can be resumed.
start server redis-server --port 0 --unixsocket "$work/r.sock" --save '' --daemonize no
server=$started
wait_for 10 test -S "$work/r.sock"
own=(-redis "unix://$work/r.sock" -redis-timeout 2)
job "$work/clip.nut" -vf "hue=h=n*5"
slow_filter 40
begins 3
check "the job runs" more_filtered 5 30
# Somebody empties it, and its memory runs out for a while.
# shellcheck disable=SC2317 # called by check
ask() { redis-cli -s "$work/r.sock" "$@" >/dev/null; }
check "somebody removes all keys" ask flushall
check "the job goes on without them" more_filtered 30 30
check "its memory is full" ask config set maxmemory 1
wait_for 1 false
check "its memory is not full any more" ask config set maxmemory 0
check "the job goes on after that" more_filtered 10 30
kill -9 "$server"
ends "a server that stays away" 20 75
like "it is told" "$work/job.log" '[Rr]edis'
is "no output" "$(find "$work" -maxdepth 1 -name out.nut)" ''
start server redis-server --port 0 --unixsocket "$work/r2.sock" --save '' --daemonize no
server=$started
wait_for 10 test -S "$work/r2.sock"
words=("${words[@]/r.sock/r2.sock}")
runs "with another server it is resumed" 3
right "with another server"
tells "with another server" .resumed 1
mend
kill "$server"
rm -f "$work"/r*.sock
no_leftovers "a server that stays away" 5
finish
