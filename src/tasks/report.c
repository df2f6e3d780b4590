#include "tasks/report.h"

#include "tasks/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int report_encode(const struct task_report *report, char *text)
{
    size_t length = strnlen(report->text, TASK_REPORT_TEXT - 1);
    int head =
        snprintf(text, REPORT_TEXT_MAX, "%u %u %" PRIu64 " %" PRIu64 " %" PRIu32 " %zu ",
                 (unsigned)report->outcome, report->rank, report->id, report->frame, report->attempt, length);
    memcpy(text + head, report->text, length);
    text[(size_t)head + length] = '\0';
    return head + (int)length;
}

int report_decode(const char *text, size_t length, struct task_report *report)
{
    struct fields in = {.at = text, .end = text + length};
    uint32_t outcome = field_u32(&in, ' ');
    report->rank = field_u32(&in, ' ');
    report->id = field_u64(&in, ' ');
    report->frame = field_u64(&in, ' ');
    report->attempt = field_u32(&in, ' ');
    size_t chars = field_u64(&in, ' ');
    if (in.bad || outcome > TASK_FAILED || chars >= TASK_REPORT_TEXT || chars != (size_t)(in.end - in.at))
        return -EBADMSG;
    if (memchr(in.at, '\0', chars))
        return -EBADMSG;
    report->outcome = (enum task_outcome)outcome;
    memcpy(report->text, in.at, chars);
    report->text[chars] = '\0';
    return 0;
}
