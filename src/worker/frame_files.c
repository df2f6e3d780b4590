#include "worker/frame_files.h"

#include "base/io.h"
#include "base/json.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

static int write_json(const struct worker_config *config, uint64_t frame, const struct payload_times *times,
                      const struct picture *picture, const char *path, struct vid_error *err)
{
    struct json json = {0};
    double seconds = picture_seconds(picture);
    int ret;

    json_object(&json, NULL);
    json_uint(&json, "frame", frame);
    json_double(&json, "pts", seconds);
    json_string(&json, "filter", config->filter);
    json_double(&json, "processing_time_ms", (double)(times->filtered - times->fetched) / 1e6);
    json_double(&json, "memory_mb", (double)times->memory_kb / 1024);
    json_int(&json, "rank", config->rank);
    json_string(&json, "host", config->host);
    json_int(&json, "width", picture_width(picture));
    json_int(&json, "height", picture_height(picture));
    json_string(&json, "pixel_format", picture_format_name(picture));
    json_end(&json);
    ret = json.failed ? vid_fail(err, json.failed, "no memory for %s", path)
                      : io_write_file(path, json.text, json.size, false, err);
    json_free(&json);
    return ret;
}

int frame_files_write(const struct worker_config *config, uint64_t frame, const struct payload_times *times,
                      struct picture *const *pictures, int count, struct vid_error *err)
{
    char stem[PATH_MAX - 8], path[PATH_MAX], more[16] = "";
    int ret = 0;

    for (int i = 0; i < count && ret == 0; i++) {
        if (i > 0)
            snprintf(more, sizeof(more), ".%d", i);
        snprintf(stem, sizeof(stem), "%s/results/png/frame_%06" PRIu64 "%s", config->run_dir, frame, more);
        snprintf(path, sizeof(path), "%s.png", stem);
        ret = picture_write_png(pictures[i], 0, path, err);
        snprintf(path, sizeof(path), "%s.json", stem);
        if (ret == 0)
            ret = write_json(config, frame, times, pictures[i], path, err);
    }
    return ret;
}
