/* guard_owner FOLDER SHM: a process to be killed. It has a guard that runs a
 * command and knows FOLDER/kept/file, FOLDER/kept and SHM. The command writes
 * "PID PPID" into FOLDER/pids. Says "up" on stdout and waits. */
#include "base/guard.h"
#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int make_names(struct guard *guard, const char *folder, const char *shm)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/kept", folder);
    if (io_make_dirs(path, NULL) || guard_add_folder(guard, path))
        return -1;
    snprintf(path, sizeof(path), "%s/kept/file", folder);
    if (io_write_file(path, "x", 1, false, NULL) || guard_add_file(guard, path))
        return -1;
    return shm_open(shm, O_RDWR | O_CREAT | O_EXCL, 0600) < 0 || guard_add_shm(guard, shm) ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct vid_error err = {0};
    struct argv command = {0};
    struct guard *guard;

    if (argc != 3)
        return 2;
    argv_add(&command, "sh");
    argv_add(&command, "-c");
    argv_addf(&command, "echo $$ $PPID >'%s/pids.new' && mv '%s/pids.new' '%s/pids' && exec sleep 1000",
              argv[1], argv[1], argv[1]);
    if (guard_start(&command, NULL, &guard, &err) || make_names(guard, argv[1], argv[2])) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    argv_free(&command);
    io_write(STDOUT_FILENO, "up", 2);
    for (;;)
        pause();
}
