#include "media/catalog_safe.h"

#include <string.h>

#define SHADER "it runs a program of its own on the graphics processor"
#define MODEL "it runs a model, which can be a program"
#define COMMANDS "its commands change the options of other filters while the job runs"
#define OPENS "it opens more than the file that it is given"

/* By FFmpeg 5.1's sources, with some of later versions. Sorted by name. An option stands here once: its
 * aliases are found by libavfilter's own table. */
const struct safe_rule catalog_safe_rules[] = {
    {"ametadata", "file", SAFE_WRITE, NULL},
    {"amovie", "filename", SAFE_READ, NULL},
    {"amovie", "format_name", SAFE_READ | SAFE_NETWORK | SAFE_CODE, OPENS},
    {"amovie", "format_opts", SAFE_READ | SAFE_NETWORK | SAFE_CODE, OPENS},
    {"arnndn", "model", SAFE_READ, NULL},
    {"asendcmd", NULL, SAFE_READ | SAFE_CODE, COMMANDS},
    {"asr", NULL, SAFE_READ | SAFE_WRITE, NULL},
    {"ass", "filename", SAFE_READ, NULL},
    {"ass", "fontsdir", SAFE_READ, NULL},
    {"azmq", NULL, SAFE_NETWORK | SAFE_CODE, NULL},
    {"cellauto", "filename", SAFE_READ, NULL},
    {"coreimage", NULL, SAFE_WRITE, NULL},
    {"coreimagesrc", NULL, SAFE_WRITE, NULL},
    {"cover_rect", "cover", SAFE_READ, NULL},
    {"curves", "plot", SAFE_WRITE, NULL},
    {"curves", "psfile", SAFE_READ, NULL},
    {"derain", "model", SAFE_CODE, MODEL},
    {"deshake", "filename", SAFE_WRITE, NULL},
    {"dnn_classify", NULL, SAFE_CODE, MODEL},
    {"dnn_detect", NULL, SAFE_CODE, MODEL},
    {"dnn_processing", NULL, SAFE_CODE, MODEL},
    {"drawtext", "fontfile", SAFE_READ, NULL},
    {"drawtext", "textfile", SAFE_READ, NULL},
    {"drawvg", "file", SAFE_READ, NULL},
    {"fieldhint", "hint", SAFE_READ, NULL},
    {"find_rect", "object", SAFE_READ, NULL},
    {"firequalizer", "dumpfile", SAFE_WRITE, NULL},
    {"flite", "textfile", SAFE_READ, NULL},
    {"frei0r", NULL, SAFE_CODE, NULL},
    {"frei0r_src", NULL, SAFE_CODE, NULL},
    {"ladspa", NULL, SAFE_CODE, NULL},
    {"lensfun", "db_path", SAFE_READ, NULL},
    {"libplacebo", "custom_shader_bin", SAFE_CODE, SHADER},
    {"libplacebo", "custom_shader_path", SAFE_READ | SAFE_CODE, SHADER},
    {"libplacebo", "extra_opts", SAFE_CODE, NULL},
    {"libplacebo", "lut", SAFE_READ, NULL},
    {"libplacebo", "shader_cache", SAFE_WRITE, NULL},
    {"libvmaf", NULL, SAFE_READ | SAFE_WRITE, NULL},
    {"libvmaf_cuda", NULL, SAFE_READ | SAFE_WRITE, NULL},
    {"life", "filename", SAFE_READ, NULL},
    {"loudnorm", "stats_file", SAFE_WRITE, NULL},
    {"lut1d", "file", SAFE_READ, NULL},
    {"lut3d", "file", SAFE_READ, NULL},
    {"lv2", NULL, SAFE_CODE, NULL},
    {"metadata", "file", SAFE_WRITE, NULL},
    {"movie", "filename", SAFE_READ, NULL},
    {"movie", "format_name", SAFE_READ | SAFE_NETWORK | SAFE_CODE, OPENS},
    {"movie", "format_opts", SAFE_READ | SAFE_NETWORK | SAFE_CODE, OPENS},
    {"nnedi", "weights", SAFE_READ, NULL},
    {"ocr", NULL, SAFE_READ, NULL},
    {"ocv", NULL, SAFE_READ, NULL},
    {"openclsrc", NULL, SAFE_CODE, SHADER},
    {"paletteuse", "debug_kdtree", SAFE_WRITE, NULL},
    {"program_opencl", NULL, SAFE_CODE, SHADER},
    {"psnr", "stats_file", SAFE_WRITE, NULL},
    {"qrencode", "textfile", SAFE_READ, NULL},
    {"qrencodesrc", "textfile", SAFE_READ, NULL},
    {"removelogo", "filename", SAFE_READ, NULL},
    {"selectivecolor", "psfile", SAFE_READ, NULL},
    {"sendcmd", NULL, SAFE_READ | SAFE_CODE, COMMANDS},
    {"showcqt", "axisfile", SAFE_READ, NULL},
    {"showcqt", "fontfile", SAFE_READ, NULL},
    {"signature", "filename", SAFE_WRITE, NULL},
    {"sofalizer", "sofa", SAFE_READ, NULL},
    {"sr", "model", SAFE_CODE, MODEL},
    {"ssim", "stats_file", SAFE_WRITE, NULL},
    {"ssim360", "stats_file", SAFE_WRITE, NULL},
    {"subtitles", "filename", SAFE_READ, NULL},
    {"subtitles", "fontsdir", SAFE_READ, NULL},
    {"vidstabdetect", "result", SAFE_WRITE, NULL},
    {"vidstabtransform", "input", SAFE_READ, NULL},
    {"vmafmotion", "stats_file", SAFE_WRITE, NULL},
    {"whisper", NULL, SAFE_READ | SAFE_WRITE | SAFE_NETWORK, NULL},
    {"xfade_opencl", "kernel", SAFE_CODE, SHADER},
    {"xfade_opencl", "source", SAFE_READ | SAFE_CODE, SHADER},
    {"xpsnr", "stats_file", SAFE_WRITE, NULL},
    {"zmq", NULL, SAFE_NETWORK | SAFE_CODE, NULL},
    {NULL, NULL, 0, NULL},
};

_Static_assert(sizeof(catalog_safe_rules) / sizeof(catalog_safe_rules[0]) <= SAFE_RULES_MAX,
               "too many rules");

unsigned catalog_access(const char *filter)
{
    unsigned access = 0;

    for (const struct safe_rule *rule = catalog_safe_rules; rule->filter; rule++)
        if (!strcmp(rule->filter, filter))
            access |= rule->access;
    return access;
}
