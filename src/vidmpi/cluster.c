#include "vidmpi/cluster.h"

#include "base/clock.h"

#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_NS NS_PER_MS

/* One message under way. */
struct transfer {
    struct transfer *next;
    MPI_Request request;
    void *copy; /* freed when it is over; NULL: the caller's memory */
    int *busy;  /* set to 0 when it is over; NULL: nobody asks */
};

struct cluster {
    int rank, size;
    bool mpi;
    MPI_Comm texts, pixels; /* apart, so that a probe for texts never meets pixels */
    char (*nodes)[NODE_NAME_MAX];
    struct transfer *transfers;
};

static int number_from(const char *const *names, int otherwise)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value)
            return (int)strtol(value, NULL, 10);
    }
    return otherwise;
}

struct launch cluster_launch(void)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", NULL};
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS", NULL};
    static const char *const locals[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", NULL};
    struct launch launch = {.rank = number_from(ranks, -1), .size = 1, .one_node = true};

    if (launch.rank < 0) {
        launch.rank = 0;
        return launch;
    }
    launch.size = number_from(sizes, 1);
    launch.one_node = number_from(locals, 0) == launch.size && !getenv("VIDMPI_NODE");
    return launch;
}

static int fail_mpi(struct vid_error *err, int code, const char *what)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;

    MPI_Error_string(code, text, &length);
    return vid_fail(err, -EIO, "MPI: %s: %.*s", what, length, text);
}

/* On one node no pixel travels by MPI: the simplest transport starts fastest
 * (half of Open MPI's start is UCX) and leaves nothing in /dev/shm. */
static void choose_transport(const struct launch *launch)
{
    if (!launch->one_node)
        return;
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "tcp,self", 0);
}

static int start_mpi(struct cluster *cluster, const struct launch *launch, struct vid_error *err)
{
    int provided = 0, ret;

    choose_transport(launch);
    ret = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    if (ret != MPI_SUCCESS)
        return fail_mpi(err, ret, "cannot start");
    cluster->mpi = true;
    if (provided < MPI_THREAD_FUNNELED)
        return vid_fail(err, -ENOTSUP, "this MPI library has no thread support; use one built with it");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &cluster->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &cluster->size);
    MPI_Comm_dup(MPI_COMM_WORLD, &cluster->texts);
    MPI_Comm_dup(MPI_COMM_WORLD, &cluster->pixels);
    return 0;
}

static void node_name(char name[NODE_NAME_MAX])
{
    const char *pretend = getenv("VIDMPI_NODE");

    memset(name, 0, NODE_NAME_MAX);
    if (pretend)
        snprintf(name, NODE_NAME_MAX, "%s", pretend);
    else
        gethostname(name, NODE_NAME_MAX - 1);
}

static int share_nodes(struct cluster *cluster, struct vid_error *err)
{
    char mine[NODE_NAME_MAX];
    int ret;

    cluster->nodes = calloc((size_t)cluster->size, sizeof(*cluster->nodes));
    if (!cluster->nodes)
        return vid_fail(err, -ENOMEM, "no memory for the names of the nodes");
    node_name(mine);
    if (!cluster->mpi) {
        memcpy(cluster->nodes[0], mine, NODE_NAME_MAX);
        return 0;
    }
    ret =
        MPI_Allgather(mine, NODE_NAME_MAX, MPI_CHAR, cluster->nodes, NODE_NAME_MAX, MPI_CHAR, cluster->texts);
    return ret == MPI_SUCCESS ? 0 : fail_mpi(err, ret, "cannot learn the names of the nodes");
}

int cluster_open(const struct launch *launch, struct cluster **out, struct vid_error *err)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    int ret = 0;

    if (!cluster)
        return vid_fail(err, -ENOMEM, "no memory for the ranks");
    cluster->size = 1;
    cluster->texts = cluster->pixels = MPI_COMM_NULL;
    if (launch->size > 1)
        ret = start_mpi(cluster, launch, err);
    if (ret == 0)
        ret = share_nodes(cluster, err);
    if (ret < 0)
        cluster_close(&cluster, true);
    *out = cluster;
    return ret;
}

int cluster_rank(const struct cluster *cluster)
{
    return cluster->rank;
}

int cluster_size(const struct cluster *cluster)
{
    return cluster->size;
}

const char *cluster_node(const struct cluster *cluster, int rank)
{
    return cluster->nodes[rank];
}

bool cluster_is_here(const struct cluster *cluster, int rank)
{
    return strcmp(cluster->nodes[rank], cluster->nodes[cluster->rank]) == 0;
}

int cluster_ranks_here(const struct cluster *cluster)
{
    int count = 0;

    for (int i = 0; i < cluster->size; i++)
        count += cluster_is_here(cluster, i);
    return count;
}

bool cluster_several_nodes(const struct cluster *cluster)
{
    return cluster_ranks_here(cluster) != cluster->size;
}

/* One broadcast, looked at now and then: MPI_Bcast would spin all that time. */
static int broadcast(struct cluster *cluster, void *mem, int size, int (*idle)(void *opaque), void *opaque,
                     struct vid_error *err)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int over = 0;
    int ret = MPI_Ibcast(mem, size, MPI_CHAR, 0, cluster->texts, &request);

    while (ret == MPI_SUCCESS) {
        ret = MPI_Test(&request, &over, MPI_STATUS_IGNORE);
        if (over)
            break;
        if (idle && idle(opaque))
            return -EINTR;
        clock_sleep_until(clock_now() + LOOK_NS);
    }
    return ret == MPI_SUCCESS ? 0 : fail_mpi(err, ret, "cannot share the job's description");
}

int cluster_share(struct cluster *cluster, const char *text, size_t size, int (*idle)(void *opaque),
                  void *opaque, char **out, size_t *out_size, struct vid_error *err)
{
    int64_t length = text ? (int64_t)size : -1;
    int ret = 0;

    *out = NULL;
    if (cluster->mpi)
        ret = broadcast(cluster, &length, sizeof(length), idle, opaque, err);
    if (ret < 0)
        return ret;
    if (length < 0)
        return -ECANCELED;
    *out = malloc((size_t)length + 1);
    if (!*out)
        return vid_fail(err, -ENOMEM, "no memory for the job's description");
    if (text)
        memcpy(*out, text, (size_t)length);
    if (cluster->mpi)
        ret = broadcast(cluster, *out, (int)length, idle, opaque, err);
    (*out)[length] = '\0';
    *out_size = (size_t)length;
    if (ret < 0) {
        free(*out);
        *out = NULL;
    }
    return ret;
}

static struct transfer *new_transfer(struct cluster *cluster, int *busy, struct vid_error *err)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));

    if (!transfer) {
        vid_fail(err, -ENOMEM, "no memory for a message");
        return NULL;
    }
    transfer->request = MPI_REQUEST_NULL;
    transfer->busy = busy;
    if (busy)
        *busy = 1;
    transfer->next = cluster->transfers;
    cluster->transfers = transfer;
    return transfer;
}

int cluster_send(struct cluster *cluster, int rank, enum cluster_tag tag, const char *text,
                 struct vid_error *err)
{
    struct transfer *transfer = new_transfer(cluster, NULL, err);
    size_t size = strlen(text);
    int ret;

    if (!transfer)
        return -ENOMEM;
    transfer->copy = strdup(text);
    if (!transfer->copy)
        return vid_fail(err, -ENOMEM, "no memory for a message");
    ret = MPI_Isend(transfer->copy, (int)size, MPI_CHAR, rank, tag, cluster->texts, &transfer->request);
    return ret == MPI_SUCCESS ? 0 : fail_mpi(err, ret, "cannot send a message");
}

int cluster_send_pixels(struct cluster *cluster, int rank, const void *mem, size_t size, int *busy,
                        struct vid_error *err)
{
    struct transfer *transfer = new_transfer(cluster, busy, err);
    int ret;

    if (!transfer)
        return -ENOMEM;
    ret = MPI_Isend(mem, (int)size, MPI_BYTE, rank, TAG_PIXELS, cluster->pixels, &transfer->request);
    return ret == MPI_SUCCESS ? 0 : fail_mpi(err, ret, "cannot send pixels");
}

int cluster_receive_pixels(struct cluster *cluster, void *mem, size_t size, int *busy, struct vid_error *err)
{
    struct transfer *transfer = new_transfer(cluster, busy, err);
    int ret;

    if (!transfer)
        return -ENOMEM;
    ret = MPI_Irecv(mem, (int)size, MPI_BYTE, 0, TAG_PIXELS, cluster->pixels, &transfer->request);
    return ret == MPI_SUCCESS ? 0 : fail_mpi(err, ret, "cannot receive pixels");
}

/* Takes the transfers that are over off the list. */
static int finish_transfers(struct cluster *cluster, struct vid_error *err)
{
    struct transfer **at = &cluster->transfers;

    while (*at) {
        struct transfer *transfer = *at;
        int over = 0;
        int ret = MPI_Test(&transfer->request, &over, MPI_STATUS_IGNORE);

        if (ret != MPI_SUCCESS)
            return fail_mpi(err, ret, "a message was lost");
        if (!over) {
            at = &transfer->next;
            continue;
        }
        if (transfer->busy)
            *transfer->busy = 0;
        *at = transfer->next;
        free(transfer->copy);
        free(transfer);
    }
    return 0;
}

static int receive_text(struct cluster *cluster, struct cluster_message *message, struct vid_error *err)
{
    MPI_Status status;
    int there = 0, size = 0;
    int ret = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, cluster->texts, &there, &status);

    if (ret != MPI_SUCCESS)
        return fail_mpi(err, ret, "cannot look for messages");
    if (!there)
        return 0;
    MPI_Get_count(&status, MPI_CHAR, &size);
    if (size >= (int)sizeof(message->text))
        return vid_fail(err, -EMSGSIZE, "a message of %d bytes from rank %d is too long", size,
                        status.MPI_SOURCE);
    ret = MPI_Recv(message->text, size, MPI_CHAR, status.MPI_SOURCE, status.MPI_TAG, cluster->texts,
                   MPI_STATUS_IGNORE);
    if (ret != MPI_SUCCESS)
        return fail_mpi(err, ret, "cannot receive a message");
    message->text[size] = '\0';
    message->rank = status.MPI_SOURCE;
    message->tag = (enum cluster_tag)status.MPI_TAG;
    return 1;
}

int cluster_poll(struct cluster *cluster, struct cluster_message *message, struct vid_error *err)
{
    int ret;

    if (!cluster->mpi)
        return 0;
    ret = finish_transfers(cluster, err);
    return ret < 0 ? ret : receive_text(cluster, message, err);
}

int cluster_busy(const struct cluster *cluster)
{
    int count = 0;

    for (const struct transfer *t = cluster->transfers; t; t = t->next)
        count++;
    return count;
}

static void drop_transfers(struct cluster *cluster)
{
    while (cluster->transfers) {
        struct transfer *transfer = cluster->transfers;
        cluster->transfers = transfer->next;
        free(transfer->copy);
        free(transfer);
    }
}

void cluster_close(struct cluster **pcluster, bool together)
{
    struct cluster *cluster = *pcluster;

    *pcluster = NULL;
    if (!cluster)
        return;
    if (cluster->mpi && together) {
        if (cluster->texts != MPI_COMM_NULL)
            MPI_Comm_free(&cluster->texts);
        if (cluster->pixels != MPI_COMM_NULL)
            MPI_Comm_free(&cluster->pixels);
        MPI_Finalize();
    }
    drop_transfers(cluster);
    free(cluster->nodes);
    free(cluster);
}
