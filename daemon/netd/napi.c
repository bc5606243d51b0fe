/* SPDX-License-Identifier: BSD-2-Clause
 *
 * napi.c - how soon the kernel looks at what has arrived on a device.
 *
 * By the generic netlink family "netdev", whose settings belong to the polling of a queue: on a veth, which polls because of a program
 * that is on it, they are gone with that program, however it goes. Numbers are the kernel's: headers of the
 * distribution may be older than it. Called by outside.c on netd's one thread.
 */
#include "daemon/netd/napi.h"

#include "lib/os/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

enum {
	FAMILY_VERSION = 1,
	NAPI_GET = 11,
	NAPI_SET = 14,
	A_IFINDEX = 1,
	A_ID = 2,
	A_TIMES = 5,
	A_NS = 6,
	QUEUES_MAX = 64,
};

/* Starts a message with COMMAND to FAMILY. */
static void
start(struct nl_req *q, uint16_t family, uint8_t command)
{
	struct genlmsghdr *g = nl_start(q, family, 0, sizeof(*g));
	g->cmd = command;
	g->version = FAMILY_VERSION;
}

static int
on_family_attr(const struct nlattr *a, void *arg)
{
	uint16_t *family = arg;
	if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID &&
	    mnl_attr_get_payload_len(a) >= sizeof(*family))
		*family = mnl_attr_get_u16(a);
	return MNL_CB_OK;
}

static void
on_family(const struct nlmsghdr *h, void *arg)
{
	mnl_attr_parse(h, sizeof(struct genlmsghdr), on_family_attr, arg);
}

static int
family_find(struct nl *nl, uint16_t *out)
{
	struct nl_req q;
	uint16_t family = 0;
	start(&q, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(&q.head, CTRL_ATTR_FAMILY_NAME, "netdev");
	int rc = nl_get(nl, &q, on_family, &family);
	if (rc == 0 && family == 0)
		rc = -ENOENT;
	if (rc == 0)
		*out = family;
	return rc;
}

struct queues {
	uint32_t ids[QUEUES_MAX];
	unsigned n;
};

static int
on_queue_attr(const struct nlattr *a, void *arg)
{
	struct queues *s = arg;
	if (mnl_attr_get_type(a) == A_ID && mnl_attr_get_payload_len(a) >= sizeof(uint32_t) &&
	    s->n < QUEUES_MAX)
		s->ids[s->n++] = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static void
on_queue(const struct nlmsghdr *h, void *arg)
{
	mnl_attr_parse(h, sizeof(struct genlmsghdr), on_queue_attr, arg);
}

static int
queues_find(struct nl *nl, uint16_t family, unsigned ifindex, struct queues *out)
{
	struct nl_req q;
	start(&q, family, NAPI_GET);
	mnl_attr_put_u32(&q.head, A_IFINDEX, ifindex);
	return nl_dump(nl, &q, on_queue, out);
}

static int
queue_set(struct nl *nl, uint16_t family, uint32_t id, uint32_t times, uint32_t ns)
{
	struct nl_req q;
	start(&q, family, NAPI_SET);
	mnl_attr_put_u32(&q.head, A_ID, id);
	mnl_attr_put_u32(&q.head, A_TIMES, times);
	mnl_attr_put_u32(&q.head, A_NS, ns);
	return nl_do(nl, &q);
}

int
napi_defer(unsigned ifindex, uint32_t times, uint32_t ns)
{
	struct nl nl;
	struct queues queues = { .n = 0 };
	uint16_t family = 0;
	int rc = nl_open(&nl, NETLINK_GENERIC);
	if (rc < 0)
		return rc;
	rc = family_find(&nl, &family);
	if (rc == 0)
		rc = queues_find(&nl, family, ifindex, &queues);
	for (unsigned i = 0; i < queues.n && rc == 0; i++)
		rc = queue_set(&nl, family, queues.ids[i], times, ns);
	nl_close(&nl);
	return rc < 0 ? rc : (int)queues.n;
}
