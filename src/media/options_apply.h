/* options_apply: the options that do more than fill a field. Private to the room. */
#ifndef VID_MEDIA_OPTIONS_APPLY_H
#define VID_MEDIA_OPTIONS_APPLY_H

#include "media/options_parse.h"

int apply_bitrate(struct parse *parse, const struct option_use *use);
int apply_profile(struct parse *parse, const struct option_use *use);
int apply_qscale(struct parse *parse, const struct option_use *use);
int apply_map(struct parse *parse, const struct option_use *use);
int apply_map_chapters(struct parse *parse, const struct option_use *use);
int apply_map_metadata(struct parse *parse, const struct option_use *use);
int apply_metadata(struct parse *parse, const struct option_use *use);
int apply_timecode(struct parse *parse, const struct option_use *use);
int apply_fps_mode(struct parse *parse, const struct option_use *use);
int apply_vsync(struct parse *parse, const struct option_use *use);
int apply_level(struct parse *parse, const struct option_use *use);
int apply_yes(struct parse *parse, const struct option_use *use);
int apply_no(struct parse *parse, const struct option_use *use);
int apply_stats(struct parse *parse, const struct option_use *use);
int apply_stats_period(struct parse *parse, const struct option_use *use);
int apply_filter_threads(struct parse *parse, const struct option_use *use);
int apply_help(struct parse *parse, const struct option_use *use);
int apply_filters(struct parse *parse, const struct option_use *use);
int apply_version(struct parse *parse, const struct option_use *use);

/* An integer field that must not be below `least`. */
int option_set_count(struct parse *parse, const struct option_use *use, int least, int *field);

/* options_own.c: those that ffmpeg does not have. */
int apply_window(struct parse *parse, const struct option_use *use);
int apply_results(struct parse *parse, const struct option_use *use);
int apply_part(struct parse *parse, const struct option_use *use);
int apply_retries(struct parse *parse, const struct option_use *use);
int apply_retry_delay(struct parse *parse, const struct option_use *use);
int apply_on_error(struct parse *parse, const struct option_use *use);
int apply_task_timeout(struct parse *parse, const struct option_use *use);
int apply_filter_memory(struct parse *parse, const struct option_use *use);
int apply_safe_allow(struct parse *parse, const struct option_use *use);
int apply_redis_timeout(struct parse *parse, const struct option_use *use);

#endif
