#!/usr/bin/env bash
# run.sh: vidmpi and ffmpeg in turn on the same work; writes a CSV of all runs
# and a Markdown table of medians to bench/results/.
#
#   bench/run.sh                       all cases, 3 pairs each
#   bench/run.sh --quick               1 pair, a tenth of the frames: does it run?
#   bench/run.sh --pairs 5             more pairs
#   bench/run.sh --filters 'gblur|null' cases whose filter matches
#   bench/run.sh --encoders libx264    cases whose encoder matches
#   bench/run.sh --np 8                ranks (default: cores + 1, at least 3)
#
# E is the efficiency: the CPU seconds of the cheapest ffmpeg run of the same
# work, divided by (cores x our wall time). 1.00 is all that the machine can do.
# CPU is that of the whole job: ranks, their children, redis-server, mpirun.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=tests/lib/packages.sh
. tests/lib/packages.sh
# shellcheck source=tests/lib/mpi.sh
. tests/lib/mpi.sh
export VIDMPI_SAMPLES=${VIDMPI_SAMPLES:-$root/build/samples}
VIDMPI=${VIDMPI:-$root/build/release/bin/vidmpi}

pairs=3 divide=1 filters=. encoders=.
cores=$(nproc)
np=$((cores + 1 > 3 ? cores + 1 : 3))
while [ $# -gt 0 ]; do
  case $1 in
  --quick) pairs=1 divide=10 ;;
  --pairs) pairs=$2 && shift ;;
  --filters) filters=$2 && shift ;;
  --encoders) encoders=$2 && shift ;;
  --np) np=$2 && shift ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
  esac
  shift
done

# filter | encoder and its options | frames
cases() {
  cat <<'TABLE'
null|libx264 -preset veryfast|1120
gblur=sigma=5|libx264 -preset veryfast|1120
edgedetect|libx264 -preset veryfast|1120
nlmeans|libx264 -preset veryfast|112
owdenoise|libx264 -preset veryfast|224
null|mpeg4|1120
gblur=sigma=5|mpeg4|1120
edgedetect|mpeg4|1120
atadenoise,nlmeans|libx264 -preset veryfast|112
minterpolate=me=umh|libx264 -preset veryfast|672
hqdn3d,nlmeans|libx264 -preset veryfast|112
nlmeans,deshake|libx264 -preset veryfast|112
TABLE
}

results=$root/bench/results
out=$root/build/bench
mkdir -p "$results" "$out"
stamp=$(date -u +%Y%m%dT%H%M%SZ)
csv=$results/$stamp.csv
table=$results/$stamp.md
account=$out/account
cc -std=c17 -O2 -o "$account" bench/account.c

# The demo clip four times over: 1,120 frames of 720p 4:2:0 H.264.
clip=$VIDMPI_SAMPLES/bench-720p.mp4
if [ ! -s "$clip" ]; then
  tests/lib/samples.sh cockatoo.mp4
  ffmpeg -nostdin -hide_banner -loglevel error -y -stream_loop 3 -i "$VIDMPI_SAMPLES/cockatoo.mp4" -an -vf format=yuv420p \
    -c:v libx264 -preset medium -crf 18 "$clip.tmp.mp4"
  mv "$clip.tmp.mp4" "$clip"
fi

# run WHO FILTER ENCODER FRAMES PAIR: one row of the CSV.
run() {
  local who=$1 filter=$2 encoder=$3 frames=$4 pair=$5 words first='' wall user sys made
  # shellcheck disable=SC2206 # the encoder's options are words
  words=(-hide_banner -loglevel error -nostats -y -i "$clip" -vf "$filter" -frames:v "$frames" -an -c:v $encoder)
  rm -rf "$out"/out.*
  case $who in
  vidmpi) "$account" "$out/cost" mpirun -np "$np" "$VIDMPI" "${words[@]}" "$out/out.mkv" </dev/null >"$out/log" 2>&1 ;;
  ffmpeg) "$account" "$out/cost" ffmpeg -nostdin "${words[@]}" "$out/out.mkv" >"$out/log" 2>&1 ;;
  ffmpeg-1) "$account" "$out/cost" ffmpeg -nostdin -filter_threads 1 "${words[@]}" "$out/out.mkv" >"$out/log" 2>&1 ;;
  esac || {
    cat "$out/log" >&2
    echo "bench: $who failed on $filter, $encoder" >&2
    return 1
  }
  made=$(ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$out/out.mkv")
  [ "$made" -eq "$frames" ] || {
    echo "bench: $who made $made frames of $frames on $filter, $encoder" >&2
    return 1
  }
  read -r wall user sys <"$out/cost"
  if [ "$who" = vidmpi ]; then
    first=$(jq -r '.first_frame_seconds // empty' "$out/out.mkv.vidmpi/manifest.json" 2>/dev/null || true)
  fi
  awk -v OFS=, -v f="${filter//,/ + }" -v e="$encoder" -v n="$frames" -v np="$np" -v p="$pair" -v w="$who" -v wall="$wall" -v u="$user" \
    -v s="$sys" -v first="$first" 'BEGIN { print f, e, n, np, p, w, wall, u, s, u + s, first }' | tee -a "$csv"
}

echo "filter,encoder,frames,np,pair,who,wall,user,sys,cpu,first_frame" | tee "$csv"
mapfile -t table_of_cases < <(cases)
for row in "${table_of_cases[@]}"; do
  IFS='|' read -r filter encoder frames <<<"$row"
  if ! [[ $filter =~ $filters && $encoder =~ $encoders ]]; then continue; fi
  frames=$((frames / divide))
  for ((pair = 1; pair <= pairs; pair++)); do
    run vidmpi "$filter" "$encoder" "$frames" "$pair"
    run ffmpeg "$filter" "$encoder" "$frames" "$pair"
  done
  run ffmpeg-1 "$filter" "$encoder" "$frames" 0 # for E: threads of a filter may cost more than they bring
done
rm -rf "$out"/out.*

# Medians of the CSV as a table.
{
  echo "$cores cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), -np $np, $(ffmpeg -version | sed -n '1s/ Copyright.*//p'), medians of $pairs pairs, $stamp"
  echo
  awk -F, -v cores="$cores" '
    function median(list,   n, v, i, j, t) {
      n = split(list, v, " ")
      for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
      return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    }
    NR > 1 {
      key = $1 ", " $2
      if (!(key in frames)) order[++count] = key
      frames[key] = $3
      wall[key, $6] = wall[key, $6] " " $7
      cpu[key, $6] = cpu[key, $6] " " $10
      if ($6 != "vidmpi" && (!(key in least) || $10 < least[key])) least[key] = $10
      if ($11 != "") first[key] = first[key] " " $11
    }
    END {
      print "| filter, encoder | frames | ffmpeg wall (CPU) s | vidmpi wall (CPU) s | wall, of ffmpeg | CPU, of ffmpeg | E | ffmpeg E | first frame s |"
      print "|---|---|---|---|---|---|---|---|---|"
      for (i = 1; i <= count; i++) {
        k = order[i]
        w = median(wall[k, "vidmpi"]); c = median(cpu[k, "vidmpi"])
        fw = median(wall[k, "ffmpeg"]); fc = median(cpu[k, "ffmpeg"])
        printf "| %s | %d | %.2f (%.2f) | %.2f (%.2f) | %.2f | %.2f | %.2f | %.2f | %s |\n", k, frames[k], fw, fc, w, c,
          w / fw, c / fc, least[k] / (cores * w), least[k] / (cores * fw), k in first ? median(first[k]) : "-"
      }
    }' "$csv"
} | tee "$table"
echo
echo "written: $csv, $table"
