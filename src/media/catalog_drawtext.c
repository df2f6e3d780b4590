#include "media/catalog.h"

#include <libavutil/avstring.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <string.h>

/* drawtext expands its text before it measures it. */
#define MEASURES                                                                                             \
    "x y text_w tw text_h th line_h lh max_glyph_a ascent max_glyph_d descent max_glyph_h max_glyph_w"

static void use_expression(const char *text, struct text_use *use)
{
    const char *why = expression_state(text);

    if (!why && expression_uses_any(text, MEASURES))
        why = "its text follows from the size or the place of that in the frame before";
    if (why)
        use->state = why;
    use->counts |= expression_uses(text, "n");
}

static void use_function(const char *name, const char *argument, struct text_use *use)
{
    if (has_word("n frame_num", name))
        use->counts = true;
    else if (has_word("expr e eif expr_int_format", name))
        use_expression(argument, use);
    else if (!strcmp(name, "metadata"))
        use->metadata = true;
    else if (has_word("gmtime localtime", name))
        use->state = "its text shows the clock";
}

/* Behind "%{": up to behind the "}" that ends it. Arguments are separated by ":", and both may be escaped or
 * quoted; braces do not nest. NULL at the end of the text, or of the memory. */
static const char *read_function(const char *at, struct text_use *use)
{
    char *words[2] = {NULL, NULL};
    int count = 0;

    for (;; at++) {
        char *word = av_get_token(&at, ":}");

        if (word && count < 2)
            words[count++] = word;
        else
            av_free(word);
        if (!word || *at != ':')
            break;
    }
    if (*at == '}' && words[0])
        use_function(words[0], words[1] ? words[1] : "", use);
    av_free(words[0]);
    av_free(words[1]);
    return *at == '}' ? at + 1 : NULL;
}

void text_use(const char *text, struct text_use *use)
{
    while (text && *text) {
        if (*text == '\\' && text[1])
            text += 2;
        else if (*text == '%' && text[1] == '{')
            text = read_function(text + 2, use);
        else
            text++;
    }
}

static char *text_of(AVFilterContext *filter, const char *option)
{
    uint8_t *text = NULL;

    return av_opt_get(filter, option, AV_OPT_SEARCH_CHILDREN, &text) < 0 ? NULL : (char *)text;
}

void drawtext_use(AVFilterContext *filter, struct text_use *use)
{
    char *text = text_of(filter, "text"), *color = text_of(filter, "fontcolor_expr");
    char *timecode = text_of(filter, "timecode"), *size = text_of(filter, "fontsize");

    *use = (struct text_use){0};
    if (filter_is(filter, "expansion", "normal"))
        text_use(text, use);
    else if (filter_is(filter, "expansion", "strftime") && filter_number(filter, "basetime") == INT64_MIN)
        use->state = "its text shows the clock";
    text_use(color, use);
    if (size)
        use_expression(size, use);
    use->counts |= timecode && *timecode;
    av_free(text);
    av_free(color);
    av_free(timecode);
    av_free(size);
}
