#include "vidmpi/last_words.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_BYTES (256 * 1024) /* room for a talkative filter between two looks */
#define PASS_MAX (1024 * 1024)  /* bytes passed on at one look: it has more to look at */

struct last_words {
    int fd;
    char line[LAST_WORDS_MAX]; /* read and not passed on yet: the begin of a line */
    size_t line_size;
    char kept[LAST_WORDS_MAX + 1]; /* the newest bytes, oldest first */
    size_t kept_size;
};

int last_words_open(struct last_words **out, int *write_fd, struct vid_error *err)
{
    struct last_words *words = calloc(1, sizeof(*words));
    int pair[2];

    if (!words)
        return vid_fail(err, -ENOMEM, "no memory for the worker's last words");
    if (pipe2(pair, O_CLOEXEC) < 0) {
        free(words);
        return vid_fail(err, -errno, "cannot make a pipe for the worker: %s", strerror(errno));
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(pair[0], F_SETPIPE_SZ, PIPE_BYTES); /* refused where the user has many: then it is smaller */
    words->fd = pair[0];
    *write_fd = pair[1];
    *out = words;
    return 0;
}

int last_words_fd(const struct last_words *words)
{
    return words->fd;
}

static void keep(struct last_words *words, const char *bytes, size_t size)
{
    size_t stay = LAST_WORDS_MAX - size;

    if (words->kept_size > stay) {
        memmove(words->kept, words->kept + words->kept_size - stay, stay);
        words->kept_size = stay;
    }
    memcpy(words->kept + words->kept_size, bytes, size);
    words->kept_size += size;
}

/* The first `size` bytes of `line`. Nothing is to be done where stderr takes nothing. */
static void pass_line(struct last_words *words, size_t size)
{
    (void)io_write(STDERR_FILENO, words->line, size);
    words->line_size -= size;
    memmove(words->line, words->line + size, words->line_size);
}

static void pass_lines(struct last_words *words)
{
    const char *end = memrchr(words->line, '\n', words->line_size);

    if (end)
        pass_line(words, (size_t)(end + 1 - words->line));
    if (words->line_size == sizeof(words->line))
        pass_line(words, words->line_size);
}

/* One read. False when there is nothing more now. */
static bool pass_some(struct last_words *words, size_t *passed)
{
    char *to = words->line + words->line_size;
    ssize_t got = read(words->fd, to, sizeof(words->line) - words->line_size);

    if (got < 0 && errno == EINTR)
        return true;
    if (got < 0)
        return false;
    if (got == 0) {
        close(words->fd);
        words->fd = -1;
        return false;
    }
    *passed += (size_t)got;
    keep(words, to, (size_t)got);
    words->line_size += (size_t)got;
    pass_lines(words);
    return true;
}

void last_words_pass(struct last_words *words)
{
    size_t passed = 0;

    while (words->fd >= 0 && passed < PASS_MAX && pass_some(words, &passed))
        ;
}

const char *last_words_take(struct last_words *words)
{
    last_words_pass(words);
    pass_line(words, words->line_size);
    for (size_t i = 0; i < words->kept_size; i++) {
        if (words->kept[i] == '\0')
            words->kept[i] = '?';
    }
    words->kept[words->kept_size] = '\0';
    return words->kept;
}

void last_words_close(struct last_words **pwords)
{
    struct last_words *words = *pwords;

    *pwords = NULL;
    if (!words)
        return;
    (void)last_words_take(words);
    if (words->fd >= 0)
        close(words->fd);
    free(words);
}
