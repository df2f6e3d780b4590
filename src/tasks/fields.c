#include "tasks/fields.h"

static bool at_digit(const struct fields *in)
{
    return in->at < in->end && *in->at >= '0' && *in->at <= '9';
}

static bool pass_separator(struct fields *in, char separator)
{
    if (separator == FIELD_LAST)
        return in->at == in->end;
    return in->at < in->end && *in->at++ == separator;
}

static uint64_t fail(struct fields *in)
{
    in->bad = true;
    in->at = in->end;
    return 0;
}

uint64_t field_u64(struct fields *in, char separator)
{
    if (in->bad || !at_digit(in))
        return fail(in);
    bool zero = *in->at == '0';
    uint64_t value = (uint64_t)(*in->at++ - '0');
    if (zero && at_digit(in))
        return fail(in);
    for (; at_digit(in); in->at++) {
        uint64_t digit = (uint64_t)(*in->at - '0');
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return fail(in);
    }
    return pass_separator(in, separator) ? value : fail(in);
}

uint32_t field_u32(struct fields *in, char separator)
{
    uint64_t value = field_u64(in, separator);
    return value <= UINT32_MAX ? (uint32_t)value : (uint32_t)fail(in);
}
