/* Leases, and tasks that come back from a rank that has died. */
#include "tasks/list.h"

#include "base/clock.h"
#include "tasks/fields.h"

#include <errno.h>
#include <string.h>

/* PEXPIRE first: it works in a full memory too, where SET is refused. */
int task_list_beat(struct task_list *list, unsigned rank, int ttl_ms, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *renewed = NULL;
    pipeline_add(&pipeline, "PEXPIRE %slease:%u %d", list->prefix, rank, ttl_ms);
    int rc = list_ask(list, &pipeline, &renewed, err);
    bool is_new = rc == 0 && renewed->integer == 0;
    reply_free(&renewed);
    if (!is_new)
        return rc;
    pipeline_add(&pipeline, "SET %slease:%u 1 PX %d", list->prefix, rank, ttl_ms);
    pipeline_add(&pipeline, "SADD %s %u", list->ranks, rank);
    pipeline_add(&pipeline, "EXPIRE %s " KEY_LIFE, list->ranks);
    return list_call(list, &pipeline, err);
}

int task_list_alive(struct task_list *list, bool *alive, unsigned ranks, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    struct words w = {0};
    redisReply *leases = NULL;
    if (ranks == 0)
        return 0;
    int rc = words_alloc(&w, (int)ranks + 1, (size_t)ranks * KEY_MAX, err);
    if (rc == 0) {
        words_add_text(&w, "MGET");
        for (unsigned rank = 0; rank < ranks; rank++)
            words_addf(&w, "%slease:%u", list->prefix, rank);
        pipeline_add_words(&pipeline, w.count, w.words, w.lengths);
        rc = list_ask(list, &pipeline, &leases, err);
    }
    words_free(&w);
    for (unsigned rank = 0; rc == 0 && rank < ranks; rank++)
        alive[rank] = rank < leases->elements && leases->element[rank]->type == REDIS_REPLY_STRING;
    reply_free(&leases);
    return rc;
}

/* Last to first, so that todo has them in their order. KEYS: todo, doing.
 * ARGV: life, then the entries. */
static const struct script hand_back_script = {SCRIPT_HAND_BACK,
                                               "for i = #ARGV, 2, -1 do\n"
                                               "  if redis.call('LREM', KEYS[2], 1, ARGV[i]) > 0 then\n"
                                               "    redis.call('LPUSH', KEYS[1], ARGV[i])\n"
                                               "  end\n"
                                               "end\n"
                                               "return redis.call('EXPIRE', KEYS[1], ARGV[1])\n"};

int task_list_hand_back(struct task_list *list, unsigned rank, const struct task *tasks, int count,
                        struct vid_error *err)
{
    struct words w = {0};
    if (count <= 0)
        return 0;
    int rc = script_words(&w, count + 3, KEY_MAX + (size_t)count * TASK_TEXT_MAX, err);
    if (rc == 0) {
        words_add_text(&w, list->todo);
        words_addf(&w, "%sdoing:%u", list->prefix, rank);
        words_add_text(&w, KEY_LIFE);
    }
    for (int i = 0; i < count && rc == 0; i++)
        rc = words_add_task(&w, &tasks[i], err);
    if (rc == 0)
        rc = list_run(list, &hand_back_script, &w, 2, NULL, err);
    for (int i = 0; i < count && rc == 0; i++)
        held_remove(&list->held, tasks[i].id);
    words_free(&w);
    return rc;
}

/* Each entry is taken before any is put back: a full memory refuses LPUSH as
 * the first write of a script, not as a later one. Tasks of several ranks are
 * put in order, for the encoder waits for the first. What is no task goes.
 * KEYS: todo, ranks. ARGV: prefix, now, life, how many at most. Gives rank, id
 * and new attempt of each. */
static const struct script expire_script = {
    SCRIPT_EXPIRE, "local found, lost, room = {}, {}, tonumber(ARGV[4])\n"
                   "local pattern = '^(%d+)(' .. string.rep(' %d+', 4) .. ' )(%d+) %d+( .*)$'\n"
                   "local function take(rank)\n"
                   "  local entry = redis.call('RPOP', ARGV[1] .. 'doing:' .. rank)\n"
                   "  if not entry then return false end\n"
                   "  local id, frames, attempt, rest = entry:match(pattern)\n"
                   "  if id then\n"
                   "    attempt = string.format('%.0f', attempt + 1)\n"
                   "    table.insert(found, {rank = rank, id = id, attempt = attempt,\n"
                   "      text = id .. frames .. attempt .. ' ' .. ARGV[2] .. rest})\n"
                   "  end\n"
                   "  return true\n"
                   "end\n"
                   "for _, rank in ipairs(redis.call('SMEMBERS', KEYS[2])) do\n"
                   "  if redis.call('EXISTS', ARGV[1] .. 'lease:' .. rank) == 0 then\n"
                   "    while #found < room and take(rank) do end\n"
                   "  end\n"
                   "end\n"
                   "table.sort(found, function(a, b) return tonumber(a.id) > tonumber(b.id) end)\n"
                   "for _, task in ipairs(found) do\n"
                   "  redis.call('LPUSH', KEYS[1], task.text)\n"
                   "  table.insert(lost, task.rank)\n"
                   "  table.insert(lost, task.id)\n"
                   "  table.insert(lost, task.attempt)\n"
                   "end\n"
                   "redis.call('EXPIRE', KEYS[1], ARGV[3])\n"
                   "return lost\n"};

static int run_expire(struct task_list *list, int max, redisReply **lost, struct vid_error *err)
{
    struct words w = {0};
    int rc = script_words(&w, 6, 2 * NUMBER_MAX, err);
    if (rc == 0) {
        words_add_text(&w, list->todo);
        words_add_text(&w, list->ranks);
        words_add_text(&w, list->prefix);
        words_addf(&w, "%lld", (long long)clock_wall());
        words_add_text(&w, KEY_LIFE);
        words_addf(&w, "%d", max);
        rc = list_run(list, &expire_script, &w, 2, lost, err);
    }
    words_free(&w);
    return rc;
}

int task_list_expire(struct task_list *list, struct task_lost *lost, int max, struct vid_error *err)
{
    redisReply *reply = NULL;
    int got = 0;
    int rc = run_expire(list, max, &reply, err);
    for (size_t i = 0; rc == 0 && i + 2 < reply->elements && got < max; i += 3)
        lost[got++] = (struct task_lost){.rank = (unsigned)reply_number(reply->element[i]),
                                         .id = reply_number(reply->element[i + 1]),
                                         .attempt = (uint32_t)reply_number(reply->element[i + 2])};
    reply_free(&reply);
    return rc < 0 ? rc : got;
}
