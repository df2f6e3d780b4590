/* account: runs a command and writes what it cost: "wall user system" in
 * seconds and the exit status, of the command and of every process that came of
 * it, also those that outlived their parent (redis-server under its guard):
 * they are inherited and waited for here.
 *
 *   account FILE COMMAND [ARGS...] */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The wall time ends with the command; the cost with the last of its kin. */
static int wait_all(pid_t command, double *ended)
{
    int status = 0;
    int first = 0;
    pid_t pid;
    while ((pid = wait(&status)) > 0) {
        if (pid != command)
            continue;
        *ended = now();
        first = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return first;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return fputs("usage: account FILE COMMAND [ARGS...]\n", stderr), 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    double began = now();
    double ended = began;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status = pid < 0 ? 126 : wait_all(pid, &ended);
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    FILE *file = fopen(argv[1], "w");
    if (!file)
        return perror(argv[1]), 126;
    fprintf(file, "%.3f %.3f %.3f\n", ended - began, seconds(usage.ru_utime), seconds(usage.ru_stime));
    return fclose(file) == 0 ? status : 126;
}
