#include "tasks/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define ADDRESSES_MAX 22 /* and two of loopback */

enum kind { KIND_NETWORK, KIND_BRIDGE, KIND_NONE };

static enum kind kind_of(const struct ifaddrs *one)
{
    char path[64 + IF_NAMESIZE];
    if (!one->ifa_addr || !(one->ifa_flags & IFF_UP) || (one->ifa_flags & IFF_LOOPBACK))
        return KIND_NONE;
    if (one->ifa_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)one->ifa_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
            return KIND_NONE;
    } else if (one->ifa_addr->sa_family != AF_INET) {
        return KIND_NONE;
    }
    (void)snprintf(path, sizeof(path), "/sys/class/net/%.*s/bridge", IF_NAMESIZE, one->ifa_name);
    return access(path, F_OK) == 0 ? KIND_BRIDGE : KIND_NETWORK;
}

static void write_one(FILE *out, const struct sockaddr *name, int port)
{
    char text[INET6_ADDRSTRLEN] = "";
    bool v6 = name->sa_family == AF_INET6;
    const void *number = v6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)name)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)(const void *)name)->sin_addr;
    if (inet_ntop(name->sa_family, number, text, sizeof(text)))
        (void)fprintf(out, v6 ? "[%s]:%d," : "%s:%d,", text, port);
}

void addresses_write(FILE *out, int port)
{
    struct ifaddrs *all = NULL;
    int count = 0;
    if (getifaddrs(&all) < 0)
        all = NULL;
    for (enum kind kind = KIND_NETWORK; kind < KIND_NONE; kind++) {
        for (const struct ifaddrs *one = all; one && count < ADDRESSES_MAX; one = one->ifa_next) {
            if (kind_of(one) != kind)
                continue;
            write_one(out, one->ifa_addr, port);
            count++;
        }
    }
    freeifaddrs(all);
    (void)fprintf(out, "127.0.0.1:%d,[::1]:%d", port, port);
}
