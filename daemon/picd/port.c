/* SPDX-License-Identifier: BSD-2-Clause
 *
 * port.c - the table of descriptors, by key and by index.
 *
 * The key is the message's own words ("unit sp-1/2/0.1", "esp 192.0.2.1"), so that a netd that has
 * been restarted replaces what its predecessor handed over. Main thread.
 */
#include "daemon/picd/port.h"

#include "lib/msg/elem.h"
#include "lib/os/xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEY_MAX = 512, PROTO_NUMBER_UDP = 17, PROTO_NUMBER_ESP = 50, PROTO_NUMBER_AH = 51 };

/* --- the messages as keys --- */

/* Reads a number below MAX; one that is not there is 0. */
static bool
number_parse(const struct elem *body, const char *name, unsigned max, unsigned *out)
{
	const char *text = elem_value(body, name);
	unsigned long n = text != NULL ? strtoul(text, NULL, 10) : 0;
	*out = (unsigned)n;
	return n < max;
}

/* Reads which of several queues this is. */
static bool
queue_parse(const struct elem *body, struct port *out)
{
	unsigned queue;
	bool is_good = number_parse(body, "queue", QUEUE_MAX, &queue);
	out->queue = (uint16_t)queue;
	return is_good;
}

/* Reads what names a device. Returns false if the message does not. */
static bool
device_parse(const struct elem *body, struct port *out)
{
	static const struct {
		const char *word;
		enum port_kind kind;
	} roles[] = {
		{ "unit", PORT_UNIT },
		{ "capture-in", PORT_CAPTURE_IN },
		{ "capture-out", PORT_CAPTURE_OUT },
	};
	const char *role = elem_value(body, "role");
	const char *set = elem_value(body, "service-set");
	out->unit = elem_value(body, "unit");
	out->service_set = set != NULL ? set : "";
	if (role == NULL || out->unit == NULL || !queue_parse(body, out))
		return false;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(role, roles[i].word) == 0) {
			out->kind = roles[i].kind;
			return out->kind == PORT_UNIT || set != NULL;
		}
	return false;
}

static bool
xsk_parse(const struct elem *body, struct port *out)
{
	const char *mode = elem_value(body, "mode");
	out->kind = PORT_XSK;
	out->protocol = PROTO_NUMBER_ESP;
	out->unit = elem_value(body, "device");
	out->service_set = "";
	out->is_native = mode != NULL && strcmp(mode, "native") == 0;
	unsigned way;
	if (out->unit == NULL || !queue_parse(body, out) ||
	    !number_parse(body, "way", XSK_WAYS_MAX, &way))
		return false;
	out->way = (uint16_t)way;
	return true;
}

/* What goes with the descriptor of an AF_XDP socket. The ways of a queue come one after the other. */
static bool
xsk_take(struct port_table *t, const struct elem *body, struct port *like)
{
	unsigned ways;
	if (!number_parse(body, "ways", XSK_WAYS_MAX + 1, &ways))
		return false;
	if (like->way == 0)
		t->xdp_pool = xsk_pool_map(like->fd, t->xdp_memory - 1);
	if (t->xdp_pool == NULL)
		return false;
	like->xsk = xsk_map(t->xdp_pool, like->way, like->fd);
	if (like->xsk == NULL && like->way == 0)
		xsk_pool_unmap(t->xdp_pool);
	if (like->xsk != NULL && like->way + 1U == ways)
		xsk_pool_start(t->xdp_pool);
	if (like->xsk == NULL || like->way + 1U == ways)
		t->xdp_pool = NULL;
	return like->xsk != NULL;
}

static bool
socket_parse(const struct elem *body, struct port *out)
{
	static const struct {
		const char *word;
		enum port_kind kind;
		uint8_t protocol;
		uint8_t family; /* ADDR_NONE: the message says it */
	} kinds[] = {
		{ "esp", PORT_RAW, PROTO_NUMBER_ESP, ADDR_NONE },
		{ "ah", PORT_RAW, PROTO_NUMBER_AH, ADDR_NONE },
		{ "udp", PORT_RAW, PROTO_NUMBER_UDP, ADDR_NONE },
		{ "natt", PORT_UDP, PROTO_NUMBER_UDP, ADDR_NONE },
		{ "send4", PORT_SEND, 0, ADDR_V4 },
		{ "send6", PORT_SEND, 0, ADDR_V6 },
	};
	const char *kind = elem_value(body, "kind");
	const char *address = elem_value(body, "address");
	const char *family = elem_value(body, "family");
	if (kind != NULL && strcmp(kind, "xdp") == 0)
		return xsk_parse(body, out);
	if (!queue_parse(body, out))
		return false;
	out->unit = "";
	out->service_set = "";
	if (kind == NULL || (address != NULL && !addr_parse(address, &out->address)))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kind, kinds[i].word) != 0)
			continue;
		out->kind = kinds[i].kind;
		out->protocol = kinds[i].protocol;
		out->family = kinds[i].family;
		if (out->family == ADDR_NONE)
			out->family = out->address.family;
		if (out->family == ADDR_NONE && family != NULL)
			out->family = strcmp(family, "4") == 0   ? ADDR_V4
				      : strcmp(family, "6") == 0 ? ADDR_V6
								 : ADDR_NONE;
		return out->family != ADDR_NONE;
	}
	return false;
}

static bool
key_print(const struct port *p, char buf[KEY_MAX])
{
	static const char *const words[] = { "unit", "capture-in", "capture-out", "raw", "send",
		"udp", "xdp" };
	char address[ADDR_STRLEN];
	int n = snprintf(buf, KEY_MAX, "%s %s %s %u %u %s %u", words[p->kind], p->unit,
	    p->service_set, p->family, p->protocol, addr_print(p->address, address),
	    p->queue * XSK_WAYS_MAX + p->way);
	return n > 0 && n < KEY_MAX;
}

/* --- the table --- */

/* Finds the port of KEY; the map may still name one that has left the table. */
static struct port *
port_find(const struct port_table *t, const char *key)
{
	struct port *p = smap_find(&t->by_key, key);
	return p != NULL && t->by_index[p->index] == p ? p : NULL;
}

static struct port *
port_remove(struct port_table *t, const struct port *like)
{
	char key[KEY_MAX];
	struct port *p = key_print(like, key) ? port_find(t, key) : NULL;
	if (p != NULL) {
		t->by_index[p->index] = NULL;
		t->n_ports--;
	}
	return p;
}

static bool
index_take(struct port_table *t, uint32_t *out)
{
	if (t->n_ports < t->n)
		for (uint32_t i = 0; i < t->n; i++)
			if (t->by_index[i] == NULL) {
				*out = i;
				return true;
			}
	if (t->n == PORT_MAX)
		return false;
	if ((t->n & (t->n - 1)) == 0) { /* full at every power of two */
		size_t cap = t->n == 0 ? 1 : 2 * t->n;
		struct port **grown = realloc(t->by_index, cap * sizeof(*grown));
		if (grown == NULL)
			abort();
		t->by_index = grown;
	}
	t->by_index[t->n] = NULL;
	*out = (uint32_t)t->n++;
	return true;
}

/* Sockets of the IP families: ICMP about what we sent with a protocol arrives at all its sockets; have it queued for
 * pmtu.c, which believes it only with an SPI of ours, and keep the kernel from believing it without. */
static void
ip_socket_prepare(const struct port *p, bool is_v6)
{
	static const int on = 1;
	const int discover = is_v6 ? IPV6_PMTUDISC_INTERFACE : IP_PMTUDISC_INTERFACE;
	int level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	(void)setsockopt(p->fd, level, is_v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on));
	(void)setsockopt(
	    p->fd, level, is_v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &discover, sizeof(discover));
}

/* What the kernel says about FD: an IPv6 raw socket strips headers, a socketpair takes no address. */
static void
domain_ask(struct port *p)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);
	if (getsockopt(p->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		domain = AF_UNSPEC;
	p->is_addressed = domain == AF_INET || domain == AF_INET6;
	p->is_headless = p->kind == PORT_RAW && domain == AF_INET6;
	if (p->is_addressed && p->kind != PORT_UDP)
		ip_socket_prepare(p, domain == AF_INET6);
}

static struct port *
port_insert(struct port_table *t, const struct port *like, struct port **out_old)
{
	char key[KEY_MAX];
	uint32_t index;
	int flags = fcntl(like->fd, F_GETFL);
	if (!key_print(like, key) || flags < 0 || fcntl(like->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return NULL;
	struct port *old = port_remove(t, like);
	if (!index_take(t, &index))
		abort(); /* a million units: netd would have failed long before */
	size_t n_key = strlen(key) + 1;
	size_t n_unit = strlen(like->unit) + 1;
	struct port *p = malloc(sizeof(*p) + sizeof(*p->own));
	char *strings = malloc(n_key + n_unit + strlen(like->service_set) + 1);
	if (p == NULL || strings == NULL)
		abort();
	*p = *like;
	p->own = (struct port_own *)(p + 1); /* what is const to others ends before it */
	*p->own = (struct port_own){ .discover = -1, .watcher = PORT_NOBODY, .giver = PORT_NOBODY };
	p->key = memcpy(strings, key, n_key);
	p->unit = memcpy(strings + n_key, like->unit, n_unit);
	p->service_set = strcpy(strings + n_key + n_unit, like->service_set);
	p->index = index;
	p->tag = index | ++t->serial << PORT_INDEX_BITS;
	domain_ask(p);
	t->by_index[index] = p;
	t->n_ports++;
	struct port *named = smap_set(&t->by_key, p->key, p);
	if (named != NULL) {
		/* The map goes on borrowing the key of the port before, which says the same: swap. */
		struct port borrowed = *named;
		named->key = p->key;
		named->unit = p->unit;
		named->service_set = p->service_set;
		p->key = borrowed.key;
		p->unit = borrowed.unit;
		p->service_set = borrowed.service_set;
	}
	*out_old = old;
	return p;
}

struct port *
port_add_device(struct port_table *t, const struct elem *body, int fd, struct port **out_old)
{
	struct port like = { .fd = fd };
	unsigned link;
	unsigned vnet;
	struct port *p = NULL;
	if (device_parse(body, &like) &&
	    number_parse(body, "link-header", LINK_HEADER_MAX + 1, &link) &&
	    number_parse(body, "vnet-header", VNET_HEADER_MAX + 1, &vnet)) {
		like.link_header = (uint8_t)link;
		like.vnet_header = (uint8_t)vnet;
		p = port_insert(t, &like, out_old);
	}
	if (p == NULL)
		close(fd);
	return p;
}

struct port *
port_add_socket(struct port_table *t, const struct elem *body, int fd, struct port **out_old)
{
	struct port like = { .fd = fd };
	bool is_good = socket_parse(body, &like);
	if (is_good && like.kind == PORT_XSK)
		is_good = xsk_take(t, body, &like);
	struct port *p = is_good ? port_insert(t, &like, out_old) : NULL;
	if (p == NULL) {
		xsk_unmap(like.xsk);
		close(fd);
	}
	return p;
}

struct port *
port_del_device(struct port_table *t, const struct elem *body)
{
	struct port like = { .fd = -1 };
	return device_parse(body, &like) ? port_remove(t, &like) : NULL;
}

struct port *
port_del_socket(struct port_table *t, const struct elem *body)
{
	struct port like = { .fd = -1 };
	struct port *p = NULL;
	if (!socket_parse(body, &like))
		return NULL;
	bool is_all = like.kind == PORT_UDP && elem_value(body, "queue") == NULL;
	do
		p = port_remove(t, &like);
	while (p == NULL && is_all && ++like.queue < QUEUE_MAX);
	return p;
}

struct port *
port_del_xsk(struct port_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->by_index[i] != NULL && t->by_index[i]->kind == PORT_XSK)
			return port_remove(t, t->by_index[i]);
	return NULL;
}

void
port_memory(struct port_table *t, int fd)
{
	if (t->xdp_memory > 0)
		close(t->xdp_memory - 1);
	t->xdp_memory = fd + 1;
}

struct port *
port_find_xsk(const struct port_table *t, const char *device, unsigned queue, unsigned way)
{
	char key[KEY_MAX];
	struct port like = {
		.kind = PORT_XSK,
		.unit = device,
		.service_set = "",
		.protocol = PROTO_NUMBER_ESP,
	};
	like.queue = (uint16_t)queue;
	like.way = (uint16_t)way;
	return key_print(&like, key) ? port_find(t, key) : NULL;
}

struct port *
port_find_unit(const struct port_table *t, const char *unit, unsigned queue)
{
	char key[KEY_MAX];
	struct port like = { .kind = PORT_UNIT, .unit = unit, .service_set = "" };
	like.queue = (uint16_t)queue;
	return key_print(&like, key) ? port_find(t, key) : NULL;
}

struct port *
port_find_udp(const struct port_table *t, const struct addr *local, unsigned queue)
{
	char key[KEY_MAX];
	struct port like = {
		.kind = PORT_UDP,
		.unit = "",
		.service_set = "",
		.family = local->family,
		.protocol = PROTO_NUMBER_UDP,
		.address = *local,
	};
	like.queue = (uint16_t)queue;
	return key_print(&like, key) ? port_find(t, key) : NULL;
}

unsigned
port_worker(const struct port_table *t, const struct port *p, unsigned n)
{
	if (p->kind == PORT_XSK)
		return p->way % n;
	bool is_one_of_many = p->kind == PORT_UDP || p->queue > 0 ||
			      (p->kind == PORT_UNIT && port_find_unit(t, p->unit, 1) != NULL);
	return (is_one_of_many ? p->queue : p->index) % n;
}

struct port *
port_find_send(const struct port_table *t, uint8_t family)
{
	char key[KEY_MAX];
	struct port like = { .kind = PORT_SEND, .unit = "", .service_set = "", .family = family };
	return key_print(&like, key) ? port_find(t, key) : NULL;
}

void
port_free_list(struct port_table *t, struct port *retired)
{
	if (retired == NULL)
		return;
	struct smap fresh = { 0 }; /* without the keys that go now */
	for (size_t i = 0; i < t->n; i++)
		if (t->by_index[i] != NULL)
			smap_set(&fresh, t->by_index[i]->key, t->by_index[i]);
	smap_done(&t->by_key);
	t->by_key = fresh;
	while (retired != NULL) {
		struct port *p = retired;
		retired = p->next_retired;
		xsk_unmap(p->xsk);
		close(p->fd);
		free((void *)(uintptr_t)p->key);
		free(p);
	}
}

void
port_table_done(struct port_table *t)
{
	struct port *all = NULL;
	for (size_t i = 0; i < t->n; i++)
		if (t->by_index[i] != NULL) {
			t->by_index[i]->next_retired = all;
			all = t->by_index[i];
			t->by_index[i] = NULL;
		}
	port_free_list(t, all);
	smap_done(&t->by_key);
	free(t->by_index);
	port_memory(t, -1);
	*t = (struct port_table){ 0 };
}
