/* The command line: words separated by zeros. */
#include "fuzz.h"

#include "media/options.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char name[] = "vidmpi", *words[WORDS_MAX + 1] = {name};
    int count = 1;
    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t at = 0; at < size && count < WORDS_MAX; at += strlen(text + at) + 1)
        words[count++] = text + at;
    struct media_options *options = NULL;
    struct vid_error err = {0};
    int ret = media_options_parse(count, words, &options, &err);
    MUST(ret == 0 || err.text[0]);
    media_options_free(&options);
    free(text);
    return 0;
}
