# shellcheck shell=bash
# graphs.sh: graphs that are compared with ffmpeg: the lists in tests/system, and the files that they name. Sourced after
# compare.sh.
: "${work:?}" "${clips:?}" "${here:?}"

# Into $work/aux; the graphs name it by a relative path, so that no escapes are needed: cd "$work".
make_aux() {
  local aux=$work/aux i
  mkdir -p "$aux" "$TMPDIR"
  printf '1\n00:00:00,050 --> 00:00:00,200\nHello\n' >"$aux/s.srt"
  ffmpeg -nostdin -v error -i "$aux/s.srt" "$aux/s.ass"
  for ((i = 0; i < 60; i++)); do printf '%d,%d %s\n' "$i" "$i" "$([ $((i % 3)) -eq 0 ] && echo - || echo +)"; done >"$aux/hints.txt"
  awk 'BEGIN { print "LUT_1D_SIZE 32"; for (i = 0; i < 32; i++) { v = i / 31; print v * v, v, sqrt(v) } }' >"$aux/l1.cube"
  awk 'BEGIN { print "LUT_3D_SIZE 5"; for (b = 0; b < 5; b++) for (g = 0; g < 5; g++) for (r = 0; r < 5; r++)
    print g / 4, r / 4, (b / 4) * (b / 4) }' >"$aux/l3.cube"
  ffmpeg -nostdin -v error -i "$clips/odd420.mkv" -frames:v 1 \
    -vf 'scale=320:240,geq=lum=if(lt(X\,60)*lt(Y\,40)\,255\,0):cb=128:cr=128,format=gray' "$aux/logo.png"
}

# graphs_of LIST...
graphs_of() {
  local list
  for list in "$@"; do grep -v -e '^#' -e '^$' "$here/$list" | sed 's#AUX#aux#g'; done
}

# same_on CLIP GRAPH...: frames and times of each are ffmpeg's; in a quick run of every fifth.
same_on() {
  local clip=$1 graph n=0
  shift
  for graph in "$@"; do
    n=$((n + 1))
    [ -z "$VIDMPI_TEST_QUICK" ] || [ $((n % 5)) -eq 4 ] || continue
    same_frames "$clip" -vf "$graph"
  done
}

# same_in_small_and_on_nodes CLIP GRAPH: with a window smaller than the tasks would like, and with ranks on other nodes.
same_in_small_and_on_nodes() {
  local words=(-hide_banner -loglevel warning -y -filter_threads 1 -i "$1" -vf "$2" -an -c:v ffv1)
  check "ffmpeg runs" ffmpeg -nostdin "${words[@]}" "$work/theirs.nut"
  check "a small window" vidmpi_np 3 "${words[@]}" -window 4 "$work/small.nut"
  is "a small window: frames" "$(look_frames "$work/small.nut" | md5sum)" "$(look_frames "$work/theirs.nut" | md5sum)"
  check "two nodes" timeout 60 "${mpirun[@]:?}" -np 1 -x VIDMPI_NODE=a "$VIDMPI" "${words[@]}" "$work/nodes.nut" : \
    -np 2 -x VIDMPI_NODE=b "$VIDMPI" "${words[@]}" "$work/nodes.nut"
  is "two nodes: frames" "$(look_frames "$work/nodes.nut" | md5sum)" "$(look_frames "$work/theirs.nut" | md5sum)"
  no_leftovers "two nodes"
}
