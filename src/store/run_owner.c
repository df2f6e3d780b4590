#include "store/run_owner.h"

#include "base/io.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first word of the file into `word`, or "-". */
static void read_word(const char *path, char *word, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file || !fgets(word, (int)size, file))
        snprintf(word, size, "-");
    if (file)
        fclose(file);
    word[strcspn(word, " \t\n")] = '\0';
    if (!*word)
        snprintf(word, size, "-");
}

/* The next word of the text, which is cut up; NULL at its end. */
static char *next_word(char **text)
{
    char *word;
    do
        word = strsep(text, " \n");
    while (word && !*word);
    return word;
}

static bool next_number(char **text, uint64_t most, uint64_t *value)
{
    char *word = next_word(text), *end;
    if (!word || !isdigit((unsigned char)*word))
        return false;
    errno = 0;
    *value = strtoull(word, &end, 10);
    return errno == 0 && *end == '\0' && *value <= most;
}

static bool next_copy(char **text, char *to, size_t size)
{
    const char *word = next_word(text);
    if (!word || strlen(word) >= size)
        return false;
    memcpy(to, word, strlen(word) + 1);
    return true;
}

/* State and start time of the process from /proc/PID/stat: fields 3 and 22. Its
 * name, field 2, may hold blanks and parentheses. */
static bool read_stat(int pid, char *state, uint64_t *started)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    char *text = NULL;
    if (io_read_file(path, 8192, &text, NULL, NULL) < 0)
        return false;
    char *rest = strrchr(text, ')');
    if (rest)
        rest++;
    const char *third = next_word(&rest);
    *state = 'X';
    if (third)
        *state = *third;
    for (int field = 4; field < 22; field++)
        next_word(&rest);
    bool ok = next_number(&rest, UINT64_MAX, started);
    free(text);
    return ok;
}

void run_owner_self(struct run_owner *owner)
{
    *owner = (struct run_owner){.pid = (int)getpid()};
    read_word("/proc/sys/kernel/hostname", owner->host, sizeof owner->host);
    read_word("/proc/sys/kernel/random/boot_id", owner->boot, sizeof owner->boot);
    struct stat st;
    if (stat("/proc/self/ns/pid", &st) == 0)
        owner->pid_ns = st.st_ino;
    char state;
    read_stat(owner->pid, &state, &owner->started);
}

void run_owner_format(const struct run_owner *o, char line[RUN_OWNER_BYTES + 1])
{
    snprintf(line, RUN_OWNER_BYTES + 1,
             "vidmpi-owner 1 %-64s %-36s %20" PRIu64 " %10d %20" PRIu64 " %20" PRIu64 " %10u\n", o->host,
             o->boot, o->pid_ns, o->pid, o->started, o->counter, o->made);
}

bool run_owner_parse(const char *line, size_t size, struct run_owner *owner)
{
    static const char magic[] = "vidmpi-owner 1 ";
    char text[RUN_OWNER_BYTES + 1];
    if (size != RUN_OWNER_BYTES || line[size - 1] != '\n' || memcmp(line, magic, sizeof magic - 1) != 0)
        return false;
    memcpy(text, line, size);
    text[size] = '\0';
    char *rest = text + sizeof magic - 1;
    uint64_t pid, made;
    struct run_owner o = {0};
    if (!next_copy(&rest, o.host, sizeof o.host) || !next_copy(&rest, o.boot, sizeof o.boot) ||
        !next_number(&rest, UINT64_MAX, &o.pid_ns) || !next_number(&rest, INT_MAX, &pid) ||
        !next_number(&rest, UINT64_MAX, &o.started) || !next_number(&rest, UINT64_MAX, &o.counter) ||
        !next_number(&rest, UINT_MAX, &made) || next_word(&rest))
        return false;
    o.pid = (int)pid;
    o.made = (unsigned)made;
    *owner = o;
    return o.pid > 0;
}

static bool same_machine(const struct run_owner *a, const struct run_owner *b)
{
    return strcmp(a->host, b->host) == 0 && strcmp(a->boot, b->boot) == 0 && a->pid_ns == b->pid_ns;
}

bool run_owner_same(const struct run_owner *a, const struct run_owner *b)
{
    return same_machine(a, b) && a->pid == b->pid && a->started == b->started;
}

enum owner_state run_owner_state(const struct run_owner *owner)
{
    struct run_owner self;
    run_owner_self(&self);
    if (strcmp(self.boot, "-") == 0 || !same_machine(&self, owner))
        return OWNER_AWAY;
    char state;
    uint64_t started;
    bool lives =
        read_stat(owner->pid, &state, &started) && started == owner->started && state != 'Z' && state != 'X';
    return lives ? OWNER_LIVES : OWNER_DEAD;
}
