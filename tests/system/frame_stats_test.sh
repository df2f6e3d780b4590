#!/usr/bin/env bash
# -frame-stats: what filters find out about each picture is what ffmpeg's `metadata=print` prints.
. "$(dirname "$0")/../lib/test.sh"
# shellcheck source=../lib/frame_stats.sh
. "${lib:?}/frame_stats.sh"

short=$clips/short.mp4
for graph in "signalstats,blackframe=amount=0:threshold=200,blurdetect,bbox=min_val=100,entropy" "yadif=1,entropy" "framestep=5,blurdetect" "entropy,cropdetect,scdet" "gblur=sigma=3,scdet"; do
  for np in 1 3; do
    name="$graph, np $np"
    rm -rf "$stats"* "$work/out.mkv"*
    check "$name" vidmpi_np $np -hide_banner -y -filter_threads 1 -i "$short" -vf "$graph" -an -c:v mpeg4 -r 10 -frame-stats "$stats" "$work/out.mkv"
    equal "$name" "$short" "$graph"
    way='.timing.filter_ms >= 0 and .timing.publish_ms >= 0 and .attempt == 1 and (.rank | type) == "number"'
    [[ $graph != *scdet ]] || way='.rank == 0 and (has("timing") | not)' # made by rank 0 itself
    is "$name: times and ranks are told" "$(jq -s "all(.[]; $way and (.type | test(\"^[IPB]$\")))" "$stats")" true
    is "$name: nothing else is left" "$(find "$work" -name '*frame-stats*' -o -name '*.jsonl.part')" ''
    no_leftovers "$name"
  done
done
# A job that fails leaves none.
rm -f "$stats"
vidmpi_np 1 -hide_banner -y -i "$short" -vf "scale=w='if(gt(n,5),100,200)':h=50:eval=frame" -c:v ffv1 -frame-stats "$stats" "$work/out.mkv" >"$work/log" 2>&1
is "a job that fails: exit status" $? 1
is "a job that fails: no file" "$(find "$work" -name 'stats*')" ''
vidmpi_np 1 -hide_banner -y -i "$short" -vf null -frame-stats "$work/no/where" "$work/out.mkv" >"$work/log" 2>&1
is "no such folder: exit status" $? 1
like "no such folder: says so" "$work/log" '^vidmpi: .*no/where'
vidmpi_np 1 -hide_banner -y -i "$short" -vf null -frame-stats "$work/out.mkv" "$work/out.mkv" >"$work/log" 2>&1
is "the output's name: exit status" $? 2
finish
