#include "media/catalog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One word of an expression: a name, a number or a single character. */
struct token {
    const char *start;
    size_t length;
    bool name;
    bool call;    /* a name with "(" behind it */
    int depth;    /* of parentheses around it */
    int argument; /* of a call: the first argument when it is a small number, else -1 */
};

static const char *skip_space(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static int first_argument(const char *open)
{
    char *end;
    long value = strtol(open + 1, &end, 10);

    end += strspn(end, " \t\n");
    return end != open + 1 && (*end == ',' || *end == ')') && value >= 0 && value < 32 ? (int)value : -1;
}

/* A number with its unit ("1e3", "0x1F", "2k"), so that its letters are no names. */
static const char *skip_number(const char *at)
{
    char *end;

    (void)strtod(at, &end);
    if (end == at)
        end++;
    while (is_name_char(*end))
        end++;
    return end;
}

/* The token at *at; false at the end. `depth` is the reader's. */
static bool next_token(const char **at, int *depth, struct token *token)
{
    const char *p = skip_space(*at);

    if (!*p)
        return false;
    *token = (struct token){.start = p, .length = 1, .argument = -1};
    if (is_name_start(*p)) {
        while (is_name_char(*p))
            p++;
        token->length = (size_t)(p - token->start);
        token->name = true;
        token->depth = *depth;
        p = skip_space(p);
        token->call = *p == '(';
        if (token->call)
            token->argument = first_argument(p);
        *at = token->start + token->length;
        return true;
    }
    if (isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1]))) {
        *at = skip_number(p);
        token->length = (size_t)(*at - p);
        return true;
    }
    *depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
    token->depth = *depth;
    *at = p + 1;
    return true;
}

static bool is(const struct token *token, const char *name)
{
    return token->name && token->length == strlen(name) && !memcmp(token->start, name, token->length);
}

const char *expression_state(const char *text)
{
    struct token token;
    unsigned stored = 0, storing = 0; /* variables that this evaluation has surely written, or is about to */
    int depth = 0;

    while (next_token(&text, &depth, &token)) {
        if (*token.start == ')' && depth == 0)
            stored |= storing;
        if (!token.call)
            continue;
        if (is(&token, "random") || is(&token, "randomi") || is(&token, "rand"))
            return "its expression uses random numbers, which run on from frame to frame";
        if (is(&token, "time"))
            return "its expression looks at the clock";
        if (is(&token, "st") && token.depth == 0 && token.argument >= 0)
            storing = 1u << token.argument;
        if (is(&token, "ld") && (token.argument < 0 || !(stored & 1u << token.argument)))
            return "its expression reads with ld() what an earlier frame may have stored";
    }
    return NULL;
}

bool expression_uses(const char *text, const char *name)
{
    struct token token;
    int depth = 0;

    while (text && next_token(&text, &depth, &token))
        if (is(&token, name))
            return true;
    return false;
}

bool expression_uses_any(const char *text, const char *names)
{
    struct token token;
    int depth = 0;

    while (text && next_token(&text, &depth, &token)) {
        char name[32];

        if (!token.name || token.length >= sizeof(name))
            continue;
        memcpy(name, token.start, token.length);
        name[token.length] = 0;
        if (has_word(names, name))
            return true;
    }
    return false;
}
