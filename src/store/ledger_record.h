/* ledger_record: the records of the ledger as plain data and as the lines of
 * text that they are on disk. docs/result-store.md describes the line. */
#ifndef VID_STORE_LEDGER_RECORD_H
#define VID_STORE_LEDGER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_FORMAT 1       /* of the run directory; a job does not go on in one of a newer format */
#define LEDGER_LINE_MAX 16384 /* bytes of a line, with its end */
#define LEDGER_STATE_MAX 4096 /* bytes of ledger_part.state that fit into a line, whatever they are */
#define LEDGER_TIME_BYTES 21  /* "2026-11-24T05:58:00Z" */

enum ledger_type {
    LEDGER_START,
    LEDGER_PART,
    LEDGER_LOST,
    LEDGER_SUBSTITUTED,
    LEDGER_STOP,
    LEDGER_AGAIN,
    LEDGER_OTHER, /* of a type that this program does not know */
};

/* The job began, or went on after an end. */
struct ledger_start {
    const char *key; /* media_job_key; "" of a job that cannot be resumed */
    unsigned format; /* LEDGER_FORMAT of the program that wrote it */
    const char *program, *host;
    int64_t time; /* seconds since 1970 */
    unsigned ranks, window;
};

/* A part of the video is sealed: its file is whole and synced. */
struct ledger_part {
    uint64_t number;     /* of the file, from 1 */
    uint64_t first, end; /* input pictures: from the one, up to but without the other */
    uint64_t packets, bytes;
    uint32_t crc;      /* CRC32C of the file */
    const char *state; /* what the next part goes on with; means something to its maker only */
};

struct ledger_lost {
    unsigned rank;
    const char *host, *why;
};

struct ledger_substituted {
    uint64_t frame;
    const char *policy, *why;
};

struct ledger_stop {
    const char *why; /* "drained", "signal", ... */
    int64_t time;    /* seconds since 1970 */
};

/* What a job that goes on has to do again. */
struct ledger_again {
    uint64_t filtered; /* frames of which a result was there, and is not any more */
    uint64_t encoded;  /* packets behind the last sealed part */
};

/* Texts are whoever's memory they point into; any bytes but 0. NULL is written as "". */
struct ledger_record {
    enum ledger_type type;
    const char *name; /* the type's word in the line; need not be set to write */
    union {
        struct ledger_start start;
        struct ledger_part part;
        struct ledger_lost lost;
        struct ledger_substituted substituted;
        struct ledger_stop stop;
        struct ledger_again again;
    };
};

/* Writes the line, with its end and a NUL behind it, into `line` of LEDGER_LINE_MAX + 1 bytes. Its
 * length, -EMSGSIZE when it does not fit, -EINVAL for LEDGER_OTHER or a time that is none. */
int ledger_record_format(const struct ledger_record *record, char *line);

/* Reads a line of `size` bytes, its end among them, which is changed: the record's texts
 * point into it. False for anything but a whole record. */
bool ledger_record_parse(char *line, size_t size, struct ledger_record *record);

/* "2026-11-24T05:58:00Z", or "" for a time beyond the year 9999. */
void ledger_time_format(int64_t time, char text[LEDGER_TIME_BYTES]);

#endif
