#include "tasks/list.h"

#include <string.h>

/* KEYS: todo, retry, ranks. ARGV: prefix, how many at most. Gives place, id
 * and attempt of each. */
static const struct script places_script = {
    SCRIPT_PLACES, "local found, room = {}, 3 * tonumber(ARGV[2])\n"
                   "local pattern = '^(%d+) ' .. string.rep('%d+ ', 4) .. '(%d+) '\n"
                   "local function note(entries, place)\n"
                   "  for _, entry in ipairs(entries) do\n"
                   "    local id, attempt = entry:match(pattern)\n"
                   "    if id and #found < room then\n"
                   "      table.insert(found, place)\n"
                   "      table.insert(found, id)\n"
                   "      table.insert(found, attempt)\n"
                   "    end\n"
                   "  end\n"
                   "end\n"
                   "for _, rank in ipairs(redis.call('SMEMBERS', KEYS[3])) do\n"
                   "  note(redis.call('LRANGE', ARGV[1] .. 'doing:' .. rank, 0, -1), rank)\n"
                   "end\n"
                   "note(redis.call('LRANGE', KEYS[1], 0, -1), 'todo')\n"
                   "note(redis.call('ZRANGE', KEYS[2], 0, -1), 'retry')\n"
                   "return found\n"};

static int run_places(struct task_list *list, int max, redisReply **found, struct vid_error *err)
{
    struct words w = {0};
    int rc = script_words(&w, 5, NUMBER_MAX, err);
    if (rc == 0) {
        words_add_text(&w, list->todo);
        words_add_text(&w, list->retry);
        words_add_text(&w, list->ranks);
        words_add_text(&w, list->prefix);
        words_addf(&w, "%d", max);
        rc = list_run(list, &places_script, &w, 3, found, err);
    }
    words_free(&w);
    return rc;
}

static int read_place(const redisReply *place)
{
    if (strcmp(place->str, "todo") == 0)
        return PLACE_TODO;
    return strcmp(place->str, "retry") == 0 ? PLACE_RETRY : (int)reply_number(place);
}

int task_list_places(struct task_list *list, struct task_place *places, int max, struct vid_error *err)
{
    redisReply *found = NULL;
    int got = 0;
    int rc = run_places(list, max, &found, err);
    for (size_t i = 0; rc == 0 && i + 2 < found->elements && got < max; i += 3)
        places[got++] = (struct task_place){.rank = read_place(found->element[i]),
                                            .id = reply_number(found->element[i + 1]),
                                            .attempt = (uint32_t)reply_number(found->element[i + 2])};
    reply_free(&found);
    return rc < 0 ? rc : got;
}
