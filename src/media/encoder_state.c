#include "media/encoder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define WHOLE 12
#define REAL (KF_VALUES + KEYFRAMES_MEMORY)

struct state {
    int64_t whole[WHOLE];
    double real[REAL];
};

static void collect(const struct encoder *e, struct state *state)
{
    const struct pacing *p = &e->pacing;
    const struct keyframes *kf = &e->keyframes;
    *state = (struct state){.whole = {p->next, p->encoded, p->repeats[0], p->repeats[1], p->repeats[2],
                                      p->withheld, p->duplicated, p->dropped, e->trim_first, kf->next,
                                      kf->first, kf->dropped}};
    memcpy(state->real, kf->values, sizeof(kf->values));
    for (int i = 0; i < KEYFRAMES_MEMORY; i++)
        state->real[KF_VALUES + i] = keyframes_recall(kf, i);
}

static void apply(struct encoder *e, const struct state *state)
{
    const int64_t *whole = state->whole;
    struct pacing *p = &e->pacing;
    struct keyframes *kf = &e->keyframes;
    p->next = *whole++;
    p->encoded = *whole++;
    for (int i = 0; i < 3; i++)
        p->repeats[i] = *whole++;
    p->withheld = *whole++;
    p->duplicated = *whole++;
    p->dropped = *whole++;
    e->trim_first = *whole++;
    kf->next = (int)*whole++;
    kf->first = *whole++;
    kf->dropped = *whole;
    memcpy(kf->values, state->real, sizeof(kf->values));
    for (int i = 0; i < KEYFRAMES_MEMORY; i++)
        keyframes_remember(kf, i, state->real[KF_VALUES + i]);
}

char *encoder_state_save(const struct encoder *e)
{
    struct state state;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    collect(e, &state);
    fprintf(to, "%d", VERSION);
    for (int i = 0; i < WHOLE; i++)
        fprintf(to, " %" PRId64, state.whole[i]);
    for (int i = 0; i < REAL; i++)
        fprintf(to, " %a", state.real[i]); /* exact */
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

static bool parse(const char *text, struct state *state)
{
    char *at = (char *)text;
    if (strtol(text, &at, 10) != VERSION)
        return false;
    for (int i = 0; i < WHOLE; i++) {
        const char *from = at;
        state->whole[i] = strtoll(from, &at, 10);
        if (at == from)
            return false;
    }
    for (int i = 0; i < REAL; i++) {
        const char *from = at;
        state->real[i] = strtod(from, &at);
        if (at == from)
            return false;
    }
    return *at == 0;
}

int encoder_state_load(struct encoder *e, const char *text, struct vid_error *err)
{
    struct state state;
    if (!parse(text, &state))
        return vid_fail(err, -EBADMSG, "the state at the end of a part is not understood: %.200s", text);
    apply(e, &state);
    return 0;
}
