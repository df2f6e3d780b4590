#!/usr/bin/env bash
# Rooms include each other only in the directions of docs/architecture.md, and
# a third party's headers stay in the one room that they belong to.
. "$(dirname "$0")/common.sh"

# Which rooms a room may include, beside itself and base.
declare -A may_include=(
  [base]='' [wire]='' [media]='' [tasks]='' [store]='' [guard]=''
  [batch]='wire'
  [worker]='media tasks store wire'
  [vidmpi]='media tasks store wire worker' # worker: a rank speaks its child's protocol
  [gateway]='batch store wire'
  [plugins]='media' # media/filter.h alone, see below
  [client]='wire'
)

# Sets `owner` to the room of a third party, told by the header's name.
find_owner() {
  case $1 in
  libav*/* | libsw*/* | libpostproc/* | png.h) owner=media ;;
  hiredis/*) owner=tasks ;;
  jansson.h) owner=wire ;;
  mpi.h) owner=vidmpi ;;
  event2/* | openssl/* | munge.h) owner=gateway ;;
  opencv2/*) owner=plugins ;;
  *) owner='' ;;
  esac
}

# Headers of C, POSIX and Linux that anybody may include. C++ ones have no
# dot and no slash and occur in plugins only.
is_system() {
  case $1 in
  sys/*.h | linux/*.h | net/*.h | netinet/*.h | arpa/*.h) return 0 ;;
  aio.h | assert.h | complex.h | ctype.h | dirent.h | dlfcn.h | endian.h | errno.h | error.h | execinfo.h | fcntl.h | \
    fenv.h | float.h | fnmatch.h | ftw.h | getopt.h | glob.h | grp.h | ifaddrs.h | immintrin.h | inttypes.h | langinfo.h | \
    libgen.h | limits.h | link.h | locale.h | malloc.h | math.h | netdb.h | nmmintrin.h | poll.h | pthread.h | pty.h | \
    pwd.h | regex.h | sched.h | search.h | semaphore.h | setjmp.h | signal.h | spawn.h | stdalign.h | stdarg.h | \
    stdatomic.h | stdbool.h | stddef.h | stdint.h | stdio.h | stdlib.h | stdnoreturn.h | string.h | strings.h | \
    syslog.h | tgmath.h | termios.h | threads.h | time.h | uchar.h | ucontext.h | unistd.h | utime.h | wchar.h | \
    wctype.h) return 0 ;;
  *.* | */*) return 1 ;;
  esac
}

# Sets `room` to that of a file: src/ROOM/..., or client.
find_room() {
  room=${1#src/}
  room=${room%%/*}
}

check_own() { # FILE LINE ROOM HEADER
  local to=${4%%/*}
  if [[ $4 != */* || $to == . || $to == .. ]]; then
    fail "$1:$2: \"$4\": name the room, as in \"$3/${4##*/}\""
  elif [[ $to != "$3" && $to != base && " ${may_include[$3]} " != *" $to "* ]]; then
    fail "$1:$2: $3 must not include $4"
  elif [[ $3 == plugins && $to == media && $4 != media/filter.h ]]; then
    fail "$1:$2: a plugin includes nothing of media but media/filter.h, not $4"
  fi
}

check_foreign() { # FILE LINE ROOM HEADER
  find_owner "$4"
  if [[ $owner && $owner != "$3" ]]; then
    fail "$1:$2: <$4> belongs to the room $owner, not to $3"
  elif [[ ! $owner ]] && ! is_system "$4"; then
    fail "$1:$2: <$4> is neither a system header nor a third party's that has a room"
  elif [[ $owner && $1 == *.h?(pp) ]]; then
    foreign_headers+=("${1#src/}")
  fi
}

foreign_headers=() # headers of ours that include a third party's
includes=$(find src client -type f \( -name '*.[ch]' -o -name '*.cpp' -o -name '*.hpp' \) -exec \
  grep -nHE '^[[:space:]]*#[[:space:]]*include' {} + 2>/dev/null |
  sed -nE 's/^([^:]*):([0-9]+):[^<"]*([<"])([^>"]*)[>"].*/\1 \2 \3 \4/p' | sort || true)
[[ $includes ]] || fail "no #include found below $root/src: is this the tree?"

while read -r file line kind header; do
  [[ $file ]] || continue
  find_room "$file"
  if [[ ! ${may_include[$room]+known} ]]; then
    fail "$file: $room is not a room of the design"
  elif [[ $kind == '"' ]]; then
    check_own "$file" "$line" "$room" "$header"
  else
    check_foreign "$file" "$line" "$room" "$header"
  fi
done <<<"$includes"

# A header that shows a third party's types is private: nobody outside its room includes it.
for header in "${foreign_headers[@]}"; do
  while read -r file line _; do
    find_room "$file"
    [[ $room == "${header%%/*}" ]] ||
      fail "$file:$line: $header includes a third party's header, so it is private to ${header%%/*}"
  done < <(awk -v header="$header" '$3 == "\"" && $4 == header' <<<"$includes")
done

finish
