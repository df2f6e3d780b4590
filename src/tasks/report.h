/* report: a struct task_report as one entry of :done, "outcome rank id frame
 * attempt length text". Internal to the room. */
#ifndef VID_TASKS_REPORT_H
#define VID_TASKS_REPORT_H

#include "tasks/task_list.h"

#define REPORT_TEXT_MAX (TASK_REPORT_TEXT + 120)

/* The length; `text` has room for REPORT_TEXT_MAX. */
int report_encode(const struct task_report *report, char *text);

/* 0, or -EBADMSG for anything that report_encode does not make. */
int report_decode(const char *text, size_t length, struct task_report *report);

#endif
