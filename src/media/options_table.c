#include "media/options_apply.h"

#include <stdlib.h>
#include <string.h>

#define IN(member) offsetof(struct media_options, in.member)
#define OUT(member) offsetof(struct media_options, out.member)
#define ALL(member) offsetof(struct media_options, member)

#define BOTH (OPTION_INPUT | OPTION_OUTPUT)
#define STREAM (OPTION_STREAM | OPTION_SPEC)

/* clang-format off */
static const struct option_def table[] = {
    /* global */
    {"loglevel", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_level},
    {"v", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_level},
    {"y", VALUE_FLAG, OPTION_GLOBAL, .apply = apply_yes},
    {"n", VALUE_FLAG, OPTION_GLOBAL, .apply = apply_no},
    {"hide_banner", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(hide_banner)}, NULL},
    {"stats", VALUE_FLAG, OPTION_GLOBAL, .apply = apply_stats},
    {"stats_period", VALUE_TIME, OPTION_GLOBAL, .apply = apply_stats_period},
    {"progress", VALUE_URL, OPTION_GLOBAL, NULL, {0, ALL(progress_url)}, NULL},
    {"filter_threads", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_filter_threads},
    {"copyts", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(copy_ts)}, NULL},
    {"start_at_zero", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(start_at_zero)}, NULL},
    {"max_error_rate", VALUE_DOUBLE, OPTION_GLOBAL, NULL, {0, ALL(max_error_rate)}, NULL},
    {"xerror", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(exit_on_error)}, NULL},
    {"stdin", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(interactive)}, NULL},
    {"vsync", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_vsync},
    {"h", VALUE_NONE, OPTION_GLOBAL, .apply = apply_help},
    {"?", VALUE_NONE, OPTION_GLOBAL, .apply = apply_help},
    {"help", VALUE_NONE, OPTION_GLOBAL, .apply = apply_help},
    {"-help", VALUE_NONE, OPTION_GLOBAL, .apply = apply_help},
    {"version", VALUE_NONE, OPTION_GLOBAL, .apply = apply_version},
    {"-version", VALUE_NONE, OPTION_GLOBAL, .apply = apply_version},
    {"filters", VALUE_NONE, OPTION_GLOBAL, .apply = apply_filters},

    /* our own */
    {"redis", VALUE_TEXT, OPTION_GLOBAL, NULL, {0, ALL(redis_url)}, NULL},
    {"run-dir", VALUE_TEXT, OPTION_GLOBAL, NULL, {0, ALL(run_dir)}, NULL},
    {"window", VALUE_INT, OPTION_GLOBAL, .apply = apply_window},
    {"results", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_results},
    {"part", VALUE_DOUBLE, OPTION_GLOBAL, .apply = apply_part},
    {"retries", VALUE_INT, OPTION_GLOBAL, .apply = apply_retries},
    {"retry-delay", VALUE_DOUBLE, OPTION_GLOBAL, .apply = apply_retry_delay},
    {"on-error", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_on_error},
    {"task-timeout", VALUE_DOUBLE, OPTION_GLOBAL, .apply = apply_task_timeout},
    {"filter-memory", VALUE_INT64, OPTION_GLOBAL, .apply = apply_filter_memory},
    {"redis-timeout", VALUE_DOUBLE, OPTION_GLOBAL, .apply = apply_redis_timeout},
    {"verify", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(verify)}, NULL},
    {"restart", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(restart)}, NULL},
    {"safe", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(safe)}, NULL},
    {"safe-allow", VALUE_TEXT, OPTION_GLOBAL, .apply = apply_safe_allow},
    {"frame-stats", VALUE_TEXT, OPTION_GLOBAL, NULL, {0, ALL(frame_stats)}, NULL},
    {"explain", VALUE_FLAG, OPTION_GLOBAL, NULL, {0, ALL(explain)}, NULL},

    /* files */
    {"f", VALUE_TEXT, BOTH, NULL, {IN(format), OUT(format)}, NULL},
    {"ss", VALUE_TIME, BOTH, NULL, {IN(start), OUT(start)}, NULL},
    {"t", VALUE_TIME, BOTH, NULL, {IN(duration), OUT(duration)}, NULL},
    {"to", VALUE_TIME, BOTH, NULL, {IN(stop), OUT(stop)}, NULL},
    {"bitexact", VALUE_FLAG, BOTH, NULL, {IN(bitexact), OUT(bitexact)}, NULL},
    {"sseof", VALUE_TIME, OPTION_INPUT, NULL, {IN(start_from_end), 0}, NULL},
    {"itsoffset", VALUE_TIME, OPTION_INPUT, NULL, {IN(offset), 0}, NULL},
    {"stream_loop", VALUE_INT, OPTION_INPUT, NULL, {IN(stream_loop), 0}, NULL},
    {"accurate_seek", VALUE_FLAG, OPTION_INPUT, NULL, {IN(accurate_seek), 0}, NULL},
    {"seek_timestamp", VALUE_FLAG_WORD, OPTION_INPUT, NULL, {IN(seek_timestamp), 0}, NULL},
    {"autorotate", VALUE_FLAG_WORD, OPTION_INPUT | OPTION_SPEC, NULL, {IN(autorotate), 0}, NULL},
    {"thread_queue_size", VALUE_INT, OPTION_INPUT | OPTION_IGNORED, NULL, {0, 0}, NULL},
    {"fs", VALUE_INT64, OPTION_OUTPUT, NULL, {0, OUT(limit_bytes)}, NULL},
    {"vn", VALUE_FLAG, OPTION_OUTPUT, NULL, {0, OUT(no_video)}, NULL},
    {"an", VALUE_FLAG, OPTION_OUTPUT, NULL, {0, OUT(no_audio)}, NULL},
    {"sn", VALUE_FLAG, OPTION_OUTPUT, NULL, {0, OUT(no_subtitle)}, NULL},
    {"dn", VALUE_FLAG, OPTION_OUTPUT, NULL, {0, OUT(no_data)}, NULL},
    {"map", VALUE_TEXT, OPTION_OUTPUT, .apply = apply_map},
    {"map_metadata", VALUE_TEXT, OPTION_OUTPUT | OPTION_SPEC, .apply = apply_map_metadata},
    {"map_chapters", VALUE_INT, OPTION_OUTPUT, .apply = apply_map_chapters},
    {"metadata", VALUE_TEXT, OPTION_OUTPUT | OPTION_SPEC, .apply = apply_metadata},
    {"timecode", VALUE_TEXT, OPTION_OUTPUT, .apply = apply_timecode},
    {"muxdelay", VALUE_FLOAT, OPTION_OUTPUT, NULL, {0, OUT(mux_delay)}, NULL},
    {"muxpreload", VALUE_FLOAT, OPTION_OUTPUT, NULL, {0, OUT(mux_preload)}, NULL},
    {"shortest", VALUE_FLAG, OPTION_OUTPUT, NULL, {0, OUT(shortest)}, NULL},
    {"max_muxing_queue_size", VALUE_INT, OPTION_OUTPUT | OPTION_SPEC | OPTION_IGNORED, NULL, {0, 0}, NULL},
    {"muxing_queue_data_threshold", VALUE_INT, OPTION_OUTPUT | OPTION_SPEC | OPTION_IGNORED, NULL, {0, 0}, NULL},

    /* streams */
    {"c", VALUE_TEXT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"codec", VALUE_TEXT, BOTH | STREAM, "c", {0, 0}, NULL},
    {"vcodec", VALUE_TEXT, BOTH | OPTION_STREAM, "c:v", {0, 0}, NULL},
    {"acodec", VALUE_TEXT, BOTH | OPTION_STREAM, "c:a", {0, 0}, NULL},
    {"scodec", VALUE_TEXT, BOTH | OPTION_STREAM, "c:s", {0, 0}, NULL},
    {"dcodec", VALUE_TEXT, BOTH | OPTION_STREAM, "c:d", {0, 0}, NULL},
    {"r", VALUE_RATE, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"s", VALUE_SIZE, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"pix_fmt", VALUE_TEXT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"ar", VALUE_INT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"ac", VALUE_INT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"sample_fmt", VALUE_TEXT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"channel_layout", VALUE_TEXT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"ch_layout", VALUE_TEXT, BOTH | STREAM, "channel_layout", {0, 0}, NULL},
    {"tag", VALUE_TEXT, BOTH | STREAM, NULL, {0, 0}, NULL},
    {"vtag", VALUE_TEXT, BOTH | OPTION_STREAM, "tag:v", {0, 0}, NULL},
    {"atag", VALUE_TEXT, OPTION_OUTPUT | OPTION_STREAM, "tag:a", {0, 0}, NULL},
    {"stag", VALUE_TEXT, OPTION_OUTPUT | OPTION_STREAM, "tag:s", {0, 0}, NULL},
    {"filter", VALUE_TEXT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"vf", VALUE_TEXT, OPTION_OUTPUT | OPTION_STREAM, "filter:v", {0, 0}, NULL},
    {"af", VALUE_TEXT, OPTION_OUTPUT | OPTION_STREAM, "filter:a", {0, 0}, NULL},
    {"fps_mode", VALUE_TEXT, OPTION_OUTPUT | OPTION_SPEC, .apply = apply_fps_mode},
    {"aspect", VALUE_ASPECT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"frames", VALUE_INT64, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"vframes", VALUE_INT64, OPTION_OUTPUT | OPTION_STREAM, "frames:v", {0, 0}, NULL},
    {"aframes", VALUE_INT64, OPTION_OUTPUT | OPTION_STREAM, "frames:a", {0, 0}, NULL},
    {"dframes", VALUE_INT64, OPTION_OUTPUT | OPTION_STREAM, "frames:d", {0, 0}, NULL},
    {"q", VALUE_DOUBLE, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"qscale", VALUE_DOUBLE, OPTION_OUTPUT | OPTION_SPEC, .apply = apply_qscale},
    {"aq", VALUE_DOUBLE, OPTION_OUTPUT | OPTION_STREAM, "q:a", {0, 0}, NULL},
    {"b", VALUE_TEXT, OPTION_OUTPUT | OPTION_SPEC, .apply = apply_bitrate},
    {"ab", VALUE_TEXT, OPTION_OUTPUT, .apply = apply_bitrate},
    {"profile", VALUE_TEXT, OPTION_OUTPUT | OPTION_SPEC, .apply = apply_profile},
    {"bsf", VALUE_TEXT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"vbsf", VALUE_TEXT, OPTION_OUTPUT | OPTION_STREAM, "bsf:v", {0, 0}, NULL},
    {"absf", VALUE_TEXT, OPTION_OUTPUT | OPTION_STREAM, "bsf:a", {0, 0}, NULL},
    {"disposition", VALUE_TEXT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"pass", VALUE_INT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"passlogfile", VALUE_TEXT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"force_key_frames", VALUE_TEXT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"enc_time_base", VALUE_TIME_BASE, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"autoscale", VALUE_FLAG_WORD, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
    {"apad", VALUE_TEXT, OPTION_OUTPUT | STREAM, NULL, {0, 0}, NULL},
};
/* clang-format on */

#define NOT_YET "it is not there yet"
#define ASK_FFMPEG "ffmpeg shows the same, since both use the same libraries"
#define SOFTWARE "frames are decoded and filtered by the processor's cores"
#define USE_PRESET "give the encoder its own -preset"
#define ONE_GRAPH "a graph with one video input and one output can be given to -vf"

struct refusal {
    const char *name, *reason;
};

/* ffmpeg's options that are not there, so that a person learns why and not that they are unknown. */
static const struct refusal refusals[] = {
    {"filter_complex", ONE_GRAPH},
    {"lavfi", ONE_GRAPH},
    {"filter_complex_script", ONE_GRAPH},
    {"filter_complex_threads", ONE_GRAPH},
    {"filter_script", "give the graph itself to -filter: -vf \"$(cat FILE)\""},
    {"reinit_filter", NOT_YET},
    {"auto_conversion_filters", NOT_YET},
    {"attach", NOT_YET},
    {"dump_attachment", NOT_YET},
    {"re", "it reads as fast as the ranks filter"},
    {"readrate", "it reads as fast as the ranks filter"},
    {"itsscale", NOT_YET},
    {"isync", "there is one input"},
    {"discard", "choose streams with -map after -i"},
    {"find_stream_info", NOT_YET},
    {"guess_layout_max", NOT_YET},
    {"canvas_size", NOT_YET},
    {"fix_sub_duration", NOT_YET},
    {"target", "give -f, -c:v, -c:a and their options one by one"},
    {"timestamp", "use -metadata creation_time=TIME"},
    {"program", NOT_YET},
    {"streamid", NOT_YET},
    {"map_channel", "use -af pan or -af channelmap"},
    {"vol", "use -af volume"},
    {"async", "use -af aresample=async=1"},
    {"adrift_threshold", NOT_YET},
    {"pre", USE_PRESET},
    {"vpre", USE_PRESET},
    {"apre", USE_PRESET},
    {"spre", USE_PRESET},
    {"fpre", USE_PRESET},
    {"fpsmax", "use -r"},
    {"force_fps", NOT_YET},
    {"frame_drop_threshold", NOT_YET},
    {"top", "use -field_order, or -vf setfield"},
    {"rc_override", NOT_YET},
    {"intra_matrix", NOT_YET},
    {"inter_matrix", NOT_YET},
    {"chroma_intra_matrix", NOT_YET},
    {"bits_per_raw_sample", NOT_YET},
    {"time_base", "use -enc_time_base"},
    {"copytb", NOT_YET},
    {"copyinkf", NOT_YET},
    {"copypriorss", NOT_YET},
    {"dts_delta_threshold", NOT_YET},
    {"dts_error_threshold", NOT_YET},
    {"ignore_unknown", "choose streams with -map"},
    {"copy_unknown", "choose streams with -map"},
    {"recast_media", NOT_YET},
    {"abort_on", NOT_YET},
    {"timelimit", "use the batch system's limit, or timeout(1)"},
    {"max_alloc", NOT_YET},
    {"cpuflags", NOT_YET},
    {"cpucount", "use -threads and -filter_threads"},
    {"benchmark", "times of all stages are in the summary at the end and in manifest.json"},
    {"benchmark_all", "times of all stages are in the summary at the end and in manifest.json"},
    {"report", "use -loglevel debug and send stderr to a file"},
    {"dump", NOT_YET},
    {"hex", NOT_YET},
    {"debug_ts", NOT_YET},
    {"psnr", NOT_YET},
    {"qphist", NOT_YET},
    {"vstats", NOT_YET},
    {"vstats_file", NOT_YET},
    {"vstats_version", NOT_YET},
    {"sdp_file", NOT_YET},
    {"hwaccel", SOFTWARE},
    {"hwaccel_device", SOFTWARE},
    {"hwaccel_output_format", SOFTWARE},
    {"init_hw_device", SOFTWARE},
    {"filter_hw_device", SOFTWARE},
    {"vaapi_device", SOFTWARE},
    {"qsv_device", SOFTWARE},
    {"L", "see the file LICENSE, and ffmpeg -L for the libraries"},
    {"buildconf", ASK_FFMPEG},
    {"formats", ASK_FFMPEG},
    {"muxers", ASK_FFMPEG},
    {"demuxers", ASK_FFMPEG},
    {"devices", ASK_FFMPEG},
    {"codecs", ASK_FFMPEG},
    {"decoders", ASK_FFMPEG},
    {"encoders", ASK_FFMPEG},
    {"bsfs", ASK_FFMPEG},
    {"protocols", ASK_FFMPEG},
    {"pix_fmts", ASK_FFMPEG},
    {"layouts", ASK_FFMPEG},
    {"sample_fmts", ASK_FFMPEG},
    {"dispositions", ASK_FFMPEG},
    {"colors", ASK_FFMPEG},
    {"sources", ASK_FFMPEG},
    {"sinks", ASK_FFMPEG},
    {"hwaccels", ASK_FFMPEG},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Whether `word` is `name`, or `name` with a stream specifier. */
static int is_name(const char *word, const char *name)
{
    size_t length = strlen(name);
    return !strncmp(word, name, length) && (!word[length] || word[length] == ':');
}

const struct option_def *option_find(const char *name)
{
    for (size_t i = 0; i < LENGTH(table); i++)
        if (is_name(name, table[i].name))
            return &table[i];
    return NULL;
}

const char *option_refusal(const char *name)
{
    for (size_t i = 0; i < LENGTH(refusals); i++)
        if (is_name(name, refusals[i].name))
            return refusals[i].reason;
    return NULL;
}

void option_names_add(struct option_names *names, const char *name)
{
    if (names->count + 2 > names->room) {
        size_t room = names->room ? 2 * names->room : 256;
        const char **items = realloc(names->items, room * sizeof(*items));
        if (!items)
            return;
        names->items = items;
        names->room = room;
    }
    names->items[names->count++] = name;
    names->items[names->count] = NULL;
}

void option_names_table(struct option_names *names)
{
    option_names_add(names, "i");
    for (size_t i = 0; i < LENGTH(table); i++)
        option_names_add(names, table[i].name);
}
