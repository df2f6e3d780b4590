/* result_path: the names of a rank's files in the run directory. Private to
 * the room. The strings are malloc'ed and the caller's; NULL: no memory. */
#ifndef VID_STORE_RESULT_PATH_H
#define VID_STORE_RESULT_PATH_H

#include <stdbool.h>
#include <stdint.h>

char *result_path_folder(const char *run_dir, unsigned rank);     /* RUN_DIR/results/r0003 */
char *result_path_index(const char *folder);                      /* FOLDER/index */
char *result_path_segment(const char *folder, uint32_t segment);  /* FOLDER/seg-000001 */
bool result_path_is_segment(const char *name, uint32_t *segment); /* "seg-000001"; false for all else */

#endif
