#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define NAME_MAX_LENGTH 64

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap of neighbours.
 * `name` has at most NAME_MAX_LENGTH letters. */
static int edit_distance(const char *word, const char *name)
{
    int rows[3][NAME_MAX_LENGTH + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    int nw = (int)strlen(word), nn = (int)strlen(name);

    for (int j = 0; j <= nn; j++)
        above[j] = j;
    for (int i = 1; i <= nw; i++) {
        int *spare = before;
        row[0] = i;
        for (int j = 1; j <= nn; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (word[i - 1] != name[j - 1]));
            if (i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[nn];
}

/* Two slips in a word of six letters are still that word, in one of three not. */
static int slips_allowed(size_t length)
{
    return length < 2 ? 0 : length < 6 ? 1 : length < 10 ? 2 : 3;
}

const char *text_nearest(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    int best = slips_allowed(strlen(word)) + 1;

    for (; *names; names++) {
        int distance;
        if (strlen(*names) > NAME_MAX_LENGTH)
            continue;
        distance = edit_distance(word, *names);
        if (distance < best) {
            best = distance;
            nearest = *names;
        }
    }
    return nearest;
}

int text_random_hex(char *out, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte;

    for (size_t i = 0; i < bytes; i++) {
        if (getrandom(&byte, 1, 0) != 1)
            return errno ? -errno : -EIO;
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    out[2 * bytes] = '\0';
    return 0;
}

const char *text_size(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    int unit = 0;

    while (value >= 1023.5 && unit < 6) {
        value /= 1024;
        unit++;
    }
    snprintf(buf, size, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return buf;
}

const char *text_duration(double seconds, char *buf, size_t size)
{
    long long s;

    if (!(seconds >= 0) || seconds > 1e15) {
        snprintf(buf, size, "?");
        return buf;
    }
    s = (long long)floor(seconds);
    if (s < 3600)
        snprintf(buf, size, "%lld:%02lld", s / 60, s % 60);
    else
        snprintf(buf, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    return buf;
}
