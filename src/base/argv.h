/* argv: a command line as a vector, never a shell string. */
#ifndef VID_BASE_ARGV_H
#define VID_BASE_ARGV_H

struct argv {
    char **words; /* NULL-terminated */
    int count;
    int failed; /* set when memory ran out; spawn_start then returns -ENOMEM */
};

void argv_add(struct argv *argv, const char *word);
void argv_addf(struct argv *argv, const char *format, ...) __attribute__((format(printf, 2, 3)));
void argv_free(struct argv *argv);

#endif
