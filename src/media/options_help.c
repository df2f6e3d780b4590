#include "media/options.h"

#include <png.h>

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

static const char help[] =
    "usage: mpirun -np RANKS vidmpi [OPTION]... -i INPUT [OPTION]... OUTPUT\n"
    "\n"
    "Applies a filter graph to a video with all ranks of an MPI job and gives back exactly what ffmpeg\n"
    "would give. The command line is ffmpeg's, for one input and one output: options before -i belong to\n"
    "the input, those after it to the output; encoders, muxers and decoders take all their own options.\n"
    "\n"
    "  mpirun -np 8 vidmpi -i in.mkv -vf nlmeans=s=3 -c:v libx264 -crf 18 -c:a copy out.mkv\n"
    "\n"
    "Files\n"
    "  -i FILE              input; '-' is standard input\n"
    "  -f FORMAT            format of the input (before -i) or of the output\n"
    "  -ss TIME             start there          -t TIME     stop after so long\n"
    "  -to TIME             stop there           -y, -n      overwrite the output: always, never\n"
    "Filters\n"
    "  -vf GRAPH            filters of the video\n"
    "  -af GRAPH            filters of the sound, on rank 0\n"
    "  -filter_threads N    threads of one filter in each rank\n"
    "Streams\n"
    "  -map 0:STREAM        take these streams and no others; -map -0:STREAM leaves one out\n"
    "  -vn -an -sn -dn      no video, sound, subtitles, data\n"
    "  -c:v -c:a -c:s NAME  encoder of the video, sound, subtitles; 'copy' takes them as they are\n"
    "  -metadata KEY=VALUE  tag of the output\n"
    "Video and sound\n"
    "  -r RATE              frame rate           -s WxH        size\n"
    "  -pix_fmt FORMAT      pixel format         -aspect W:H   aspect ratio\n"
    "  -b:v, -b:a BITRATE   bit rate             -q:v, -q:a Q  quality\n"
    "  -frames:v N          stop after N frames  -fps_mode M   passthrough, cfr, vfr, drop or auto\n"
    "  -ar HZ, -ac N        sample rate, channels\n"
    "  -crf, -preset, ...   any option of the encoder, as 'ffmpeg -h encoder=libx264' shows them\n"
    "Program\n"
    "  -loglevel LEVEL      quiet, error, warning, info, verbose, debug\n"
    "  -hide_banner, -nostats, -progress URL\n"
    "  -filters             all filters: on all ranks or one, and what -safe refuses\n"
    "\n"
    "Only here\n"
    "  -redis URL           redis://[USER:PASSWORD@]HOST:PORT/DB or unix://PATH of a running server;\n"
    "                       otherwise VIDMPI_REDIS, otherwise rank 0 starts one of its own\n"
    "  -run-dir DIR         folder of the run, seen by all ranks (default OUTPUT.vidmpi)\n"
    "  -window FRAMES       how many frames may be on their way at once (default: from the ranks)\n"
    "  -results raw|png     with png each filtered frame is also left as a PNG file to look at\n"
    "  -part SECONDS        video in one session of the encoder (default 10; 0: one session for all)\n"
    "  -on-error POLICY     for a frame that cannot be filtered: fail, original, previous or black\n"
    "  -safe                no filter may read or write files, use the network or run code;\n"
    "                       -safe-allow DIR: but they may read files in this folder\n"
    "  -frame-stats FILE    a line of JSON for each filtered picture: metadata, times, rank\n"
    "  -verify              then run serially and compare every frame: exit status 3 if one differs\n"
    "  -restart             begin anew instead of going on where an earlier run was stopped\n"
    "  -explain             run nothing: tell how the graph is cut, what it needs, how fast it can be\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong command line, 3 -verify found a difference,\n"
    "4 done but with substituted frames, 75 stopped: the same command goes on.\n"
    "Ranks: the cores of the machine minus two, -np 3 on two cores. All options: man vidmpi\n";

void media_options_help(FILE *to)
{
    fputs(help, to);
}

static void print_library(FILE *to, const char *name, unsigned version)
{
    fprintf(to, "%-14s %u.%u.%u\n", name, AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
            AV_VERSION_MICRO(version));
}

void media_options_version(FILE *to)
{
    fprintf(to, "vidmpi %s\n", VID_VERSION);
    print_library(to, "libavutil", avutil_version());
    print_library(to, "libavcodec", avcodec_version());
    print_library(to, "libavformat", avformat_version());
    print_library(to, "libavfilter", avfilter_version());
    print_library(to, "libswscale", swscale_version());
    print_library(to, "libswresample", swresample_version());
    fprintf(to, "%-14s %s\n", "libpng", png_get_libpng_ver(NULL));
}
