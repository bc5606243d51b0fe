/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seen.c - since when the routes of others have been there, as far as we have seen them come.
 *
 * A hash table of hashes: two routes with the same 64 bits would share an age, which nobody will ever see. Called by main.c
 * and routes.c.
 */
#include "daemon/netd/seen.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/routes.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READS_MAX = 16 /* in one turn of the loop */ };

static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
key_of(const struct seen_route *r)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	h = mix(h, &r->dst.addr.family, sizeof(r->dst.addr.family));
	h = mix(h, r->dst.addr.b, sizeof(r->dst.addr.b));
	h = mix(h, &r->dst.len, sizeof(r->dst.len));
	h = mix(h, &r->table, sizeof(r->table));
	h = mix(h, &r->metric, sizeof(r->metric));
	h = mix(h, &r->protocol, sizeof(r->protocol));
	h ^= h >> 32;
	return h != 0 ? h : 1;
}

/* Returns the slot of KEY, or the free one where it belongs. */
static struct seen_slot *
slot_of(const struct seen *s, uint64_t key)
{
	size_t i = (size_t)key & (s->cap - 1);
	while (s->slots[i].key != 0 && s->slots[i].key != key)
		i = (i + 1) & (s->cap - 1);
	return &s->slots[i];
}

/* Makes room, and forgets what is gone. */
static void
grow(struct seen *s)
{
	struct seen old = *s;
	size_t n = 0;
	for (size_t i = 0; i < old.cap; i++)
		n += old.slots[i].since_s != 0;
	s->cap = 1024;
	while (s->cap < n * 4)
		s->cap *= 2;
	s->slots = calloc(s->cap, sizeof(*s->slots));
	if (s->slots == NULL)
		abort();
	s->n = n;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].since_s != 0)
			*slot_of(s, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

void
seen_note(struct seen *s, const struct seen_route *r, uint32_t since_s)
{
	uint64_t key = key_of(r);
	if (s->n * 2 >= s->cap)
		grow(s);
	struct seen_slot *slot = slot_of(s, key);
	if (slot->key == 0) {
		if (since_s == 0 || s->n >= SEEN_MAX)
			return;
		s->n++;
	}
	*slot = (struct seen_slot){ .key = key, .since_s = since_s };
}

uint32_t
seen_since(const struct seen *s, const struct seen_route *r)
{
	return s->cap > 0 ? slot_of(s, key_of(r))->since_s : 0;
}

/* --- what the kernel tells --- */

static int
on_attr(const struct nlattr *a, void *arg)
{
	struct seen_route *r = arg;
	uint16_t type = mnl_attr_get_type(a);
	uint16_t n = mnl_attr_get_payload_len(a);
	if (type == RTA_DST && n == 4)
		r->dst.addr = addr_v4(mnl_attr_get_payload(a));
	else if (type == RTA_DST && n == 16)
		r->dst.addr = addr_v6(mnl_attr_get_payload(a));
	else if (type == RTA_TABLE && n == 4)
		r->table = mnl_attr_get_u32(a);
	else if (type == RTA_PRIORITY && n == 4)
		r->metric = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int
on_message(const struct nlmsghdr *h, void *arg)
{
	struct seen *s = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	bool is_new = h->nlmsg_type == RTM_NEWROUTE;
	if ((!is_new && h->nlmsg_type != RTM_DELROUTE) || (m->rtm_flags & RTM_F_CLONED) != 0)
		return MNL_CB_OK;
	/* the ages of these are known better */
	if (m->rtm_protocol == RTPROT_KERNEL || m->rtm_protocol == PROTO_SALLYPORT)
		return MNL_CB_OK;
	struct seen_route r = {
		.dst = { .addr.family = m->rtm_family == AF_INET ? ADDR_V4 : ADDR_V6,
		    .len = m->rtm_dst_len },
		.table = m->rtm_table,
		.protocol = m->rtm_protocol,
	};
	mnl_attr_parse(h, sizeof(*m), on_attr, &r);
	seen_note(s, &r, is_new ? routes_now() : 0);
	return MNL_CB_OK;
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct seen *s = p->data;
	char buf[16384];
	(void)status;
	(void)events;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			return; /* nothing more, or too much came: what was lost has no age */
		(void)!mnl_cb_run(buf, (size_t)n, 0, 0, on_message, s);
	}
}

int
seen_init(struct seen *s, uv_loop_t *loop)
{
	struct sockaddr_nl at = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};
	*s = (struct seen){ .fd = -1 };
	s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	uv_poll_init(loop, &s->poll, s->fd);
	s->poll.data = s;
	return uv_poll_start(&s->poll, UV_READABLE, on_readable);
}

void
seen_close(struct seen *s)
{
	uv_close((uv_handle_t *)&s->poll, NULL);
}

void
seen_done(struct seen *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->slots);
	*s = (struct seen){ .fd = -1 };
}
