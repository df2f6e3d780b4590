#!/usr/bin/env bash
# On a local filesystem a job makes at most 0.1 metadata operations (open,
# stat, create, rename, unlink) a frame on its run directory.
. "$(dirname "$0")/../lib/test.sh"
if [ -n "$VIDMPI_TEST_QUICK" ]; then
  skip "strace and the sanitizers do not go together"
  finish
fi
strace -f -qq -e trace=none true 2>"$work/log" || {
  skip "strace is not allowed here"
  finish
}
calls=open,openat,openat2,creat,stat,lstat,newfstatat,statx,access,faccessat,faccessat2,readlink,readlinkat,rename
calls+=,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,truncate,chmod,utimensat
run=$work/the-run-dir
timeout 100 strace -f --seccomp-bpf -qq -y -o "$work/trace" -e trace=$calls -- mpirun -np 3 "$VIDMPI" -hide_banner -y \
  -run-dir "$run" -i "$clips/tiny1000.nut" -vf gblur -c:v mpeg4 "$work/out.mkv" </dev/null >"$work/log" 2>&1
is "the job's exit status" $? 0
# newfstatat(3</path>, "") is an fstat of an open file: counted all the same.
grep -F the-run-dir "$work/trace" | grep -v ' resumed>' >"$work/ops"
ops=$(wc -l <"$work/ops")
sed -E 's/^[0-9]+ +([a-z0-9]+)\(.*/\1/' "$work/ops" | sort | uniq -c | sort -rn | sed 's/^/# /'
is "$ops operations for 1000 frames: at most 100" "$((ops <= 100))" 1
if [ "$ops" -gt 100 ]; then
  sed -E 's/^[0-9]+ +//; s/[0-9]+/N/g' "$work/ops" | sort | uniq -c | sort -rn | head -n 12 | sed 's/^/#   /'
fi
finish
