#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct word {
    const char *name;
    bool number; /* NAME=NUMBER */
} words[FAULT_WORDS] = {
    [FAULT_ANY] = {"any", false},      [FAULT_PTS] = {"pts", true},      [FAULT_FRAME] = {"frame", true},
    [FAULT_EVERY] = {"every", true},   [FAULT_CRASH] = {"crash", false}, [FAULT_KILL] = {"kill", false},
    [FAULT_EXIT] = {"exit", false},    [FAULT_HANG] = {"hang", false},   [FAULT_ERROR] = {"error", false},
    [FAULT_HOG] = {"hog", true},       [FAULT_SLEEP] = {"sleep", true},  [FAULT_SHORT] = {"short", true},
    [FAULT_EINTR] = {"eintr", true},   [FAULT_EIO] = {"eio", true},      [FAULT_ENOSPC] = {"enospc", true},
    [FAULT_ESTALE] = {"estale", true}, [FAULT_LATE] = {"late", true},    [FAULT_TIMES] = {"times", true},
    [FAULT_MS] = {"ms", true},
};

static struct fault_rule rules[FAULT_RULES_MAX];
static int rule_count;
static uint64_t seed;
static pthread_once_t parsed = PTHREAD_ONCE_INIT;

_Noreturn static void give_up(const char *what, const char *text)
{
    fprintf(stderr, "libfault: %s: %s\n", what, text);
    _exit(99);
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    if (!value || !*value)
        give_up("not in the environment", name);
    return value;
}

static enum fault_word find_word(const char *name)
{
    int i = 0;

    while (i < FAULT_WORDS && strcmp(words[i].name, name) != 0)
        i++;
    return (enum fault_word)i;
}

/* "NAME" or "NAME=NUMBER". */
static enum fault_word parse_word(char *text, double *number)
{
    char *value = strchr(text, '='), *end = NULL;
    enum fault_word word;

    if (value)
        *value++ = '\0';
    word = find_word(text);
    if (word == FAULT_WORDS || words[word].number != (value != NULL))
        give_up("no word of a rule", text);
    *number = 0;
    if (word == FAULT_TIMES && strcmp(value, "always") == 0)
        *number = FAULT_ALWAYS;
    else if (value)
        *number = strtod(value, &end);
    if (end && *end)
        give_up("no number", value);
    return word;
}

static void add_word(struct fault_rule *rule, enum fault_word word, double number)
{
    if (word <= FAULT_EVERY) {
        rule->when = word;
        rule->at = number;
    } else if (word < FAULT_TIMES) {
        if ((word <= FAULT_SLEEP) != rule->filter)
            give_up("a word of the other room", words[word].name);
        rule->what = word;
        rule->by = number;
    } else if (word == FAULT_TIMES) {
        rule->times = (int)number;
    } else {
        rule->ms = (int)number;
    }
}

static void parse_rule(char *text)
{
    struct fault_rule *rule = &rules[rule_count];
    char *at = NULL, *word = strtok_r(text, ":", &at);

    if (rule_count == FAULT_RULES_MAX)
        give_up("too many rules", text);
    if (!word)
        word = text;
    *rule = (struct fault_rule){.number = (unsigned)rule_count++,
                                .filter = strcmp(word, "filter") == 0,
                                .what = FAULT_WORDS,
                                .ms = 200};
    if (!rule->filter && strcmp(word, "store") != 0)
        give_up("no room", word);
    rule->times = rule->filter ? 1 : FAULT_ALWAYS;
    while ((word = strtok_r(NULL, ":", &at))) {
        double number;
        enum fault_word which = parse_word(word, &number);
        add_word(rule, which, number);
    }
    if (rule->what == FAULT_WORDS)
        give_up("a rule does nothing", text);
}

static void parse(void)
{
    const char *text = getenv("VIDMPI_FAULT"), *number = getenv("VIDMPI_FAULT_SEED");
    const char *program = program_invocation_short_name;
    char *copy, *at = NULL;

    if (!text || !*text || strncmp(program, "vidmpi", 6) != 0 || strcmp(program, "vidmpi-guard") == 0)
        return;
    environment("VIDMPI_FAULT_DIR");
    seed = number ? strtoull(number, NULL, 10) : 0;
    copy = strdup(text);
    for (char *rule = copy ? strtok_r(copy, ";", &at) : NULL; rule; rule = strtok_r(NULL, ";", &at))
        parse_rule(rule);
    free(copy);
}

const struct fault_rule *fault_rules(int *count)
{
    pthread_once(&parsed, parse);
    *count = rule_count;
    return rules;
}

void fault_file(char *path, unsigned long size, const char *name)
{
    snprintf(path, size, "%s/%s", environment("VIDMPI_FAULT_DIR"), name);
}

bool fault_may(const struct fault_rule *rule, const char *key)
{
    char name[NAME_MAX], path[PATH_MAX];

    for (int i = 0; i < rule->times; i++) {
        int fd;
        snprintf(name, sizeof(name), "count.%u.%s.%d", rule->number, key, i);
        fault_file(path, sizeof(path), name);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (errno != EEXIST)
            give_up("cannot count", path);
    }
    return rule->times == FAULT_ALWAYS;
}

void fault_log(const struct fault_rule *rule, const char *format, ...)
{
    char line[512], path[PATH_MAX];
    int size = snprintf(line, sizeof(line), "%s: ", words[rule->what].name), fd;
    va_list args;

    va_start(args, format);
    size += vsnprintf(line + size, sizeof(line) - (size_t)size, format, args);
    va_end(args);
    if (size > (int)sizeof(line) - 1)
        size = (int)sizeof(line) - 1;
    line[size++] = '\n';
    fault_file(path, sizeof(path), "log");
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 || syscall(SYS_write, fd, line, (size_t)size) != size) /* write() is ours */
        give_up("cannot write", path);
    close(fd);
}

/* The finalizer of splitmix64. */
uint64_t fault_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a + UINT64_C(0x9e3779b97f4a7c15) * (b + 1);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t fault_hash(const char *text)
{
    uint64_t hash = 0;

    while (*text)
        hash = fault_mix(hash, (unsigned char)*text++);
    return hash;
}

double fault_draw(uint64_t key)
{
    return (double)(fault_mix(seed, key) >> 11) / (double)(UINT64_C(1) << 53);
}

int fault_rank(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");

    return rank ? (int)strtol(rank, NULL, 10) : 0;
}
