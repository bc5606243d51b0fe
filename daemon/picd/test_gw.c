/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_gw.c - a whole services PIC in the test's own process; see test_gw.h.
 */
#include "daemon/picd/test_gw.h"

#include "daemon/picd/tally.h"
#include "daemon/picd/workers.h"
#include "lib/conf/conf.h"
#include "lib/conf/test_tree.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t test_now_ms = 1000;
unsigned test_n_workers = 1;
uint64_t test_help_ns = UINT64_MAX;
enum esp_engine test_engine = ESP_ENGINE_FASTEST;

static uint64_t
now_ms(void)
{
	return test_now_ms;
}

static void
rand_fill(void *arg, void *buf, size_t n)
{
	(void)arg;
	uint8_t *b = buf;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(i * 7 + 1);
}

static void
notify(void *arg)
{
	(void)arg;
}

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void
gw_init(struct gw *g, const char *instance)
{
	int sv[2];
	*g = (struct gw){ .p.instance = instance, .p.now_ms = now_ms };
	must(uv_loop_init(&g->p.daemon.loop) == 0, "loop");
	control_init(&g->p);
	g->p.tally = tally_new(test_n_workers);
	g->p.assocs.n_workers = test_n_workers;
	struct worker_params params = {
		.tally = g->p.tally,
		.notify = notify,
		.engine = test_engine,
		.now_ms = now_ms,
		.rand = rand_fill,
		.hops = g->p.hops,
	};
	must(workers_new(&params, test_n_workers, g->p.workers), "workers");
	g->p.n_workers = test_n_workers;
	g->p.help_ns = test_help_ns;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0, "socketpair");
	control_link(&g->p, "mgd", sv[0]);
	g->mgd_fd = sv[1];
	g->kmd_fd = -1;
}

void
gw_kmd(struct gw *g)
{
	int sv[2];
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0, "socketpair");
	control_link(&g->p, "kmd", sv[0]);
	if (g->kmd_fd >= 0)
		close(g->kmd_fd);
	g->kmd_fd = sv[1];
}

struct ipc_msg
gw_kmd_hear(struct gw *g, struct arena *a)
{
	struct ipc_msg m = { .fd = -1 };
	struct pollfd p = { .fd = g->kmd_fd, .events = POLLIN };
	for (int i = 0; i < 3 && poll(&p, 1, 0) == 0; i++)
		uv_run(&g->p.daemon.loop, UV_RUN_NOWAIT);
	if (poll(&p, 1, 0) == 1)
		must(ipc_recv_blocking(g->kmd_fd, a, &m) == 0, "message to kmd");
	return m;
}

void
gw_done(struct gw *g)
{
	control_stop(&g->p);
	workers_free(g->p.workers, g->p.n_workers);
	publish_done(&g->p);
	tally_free(g->p.tally);
	uv_run(&g->p.daemon.loop, UV_RUN_DEFAULT);
	must(uv_loop_close(&g->p.daemon.loop) == 0, "loop close");
	close(g->mgd_fd);
	if (g->kmd_fd >= 0)
		close(g->kmd_fd);
}

const char *
gw_commit(struct gw *g, const char *text)
{
	static char error[4096];
	struct arena *a = arena_new();
	struct ipc_msg m = { .type = MSG_CONF_APPLY, .seq = 9 };
	struct elem *body = elem_new(a, "conf");
	elem_leaf(a, body, "commit", "1");
	m.body = body;
	m.fd = memfd_from_elem(test_tree(a, text));
	must(m.fd >= 0, "memfd");
	control_mgd(&g->p, &m);
	close(m.fd);
	struct ipc_msg answer;
	uv_run(&g->p.daemon.loop, UV_RUN_NOWAIT);
	must(ipc_recv_blocking(g->mgd_fd, a, &answer) == 0, "answer");
	must(answer.type == MSG_CONF_DONE && answer.seq == 9, "conf-done");
	const char *why = elem_value(answer.body, "text");
	snprintf(error, sizeof(error), "%s", why != NULL ? why : "");
	arena_free(a);
	return *error != '\0' ? error : NULL;
}

const char *
gw_conf(const char *families, const char *address, const char *terms)
{
	static char text[8192];
	int n = snprintf(text, sizeof(text),
	    "interfaces\n"
	    "  interface sp-1/2/0\n"
	    "    unit 1\n"
	    "      family\n"
	    "%s"
	    "      service-domain inside\n"
	    "    unit 2\n"
	    "      family\n"
	    "        inet:\n"
	    "      service-domain outside\n"
	    "services\n"
	    "  service-set ss\n"
	    "    next-hop-service\n"
	    "      inside-service-interface sp-1/2/0.1\n"
	    "      outside-service-interface sp-1/2/0.2\n"
	    "    ipsec-vpn-options\n"
	    "      local-gateway:\n"
	    "        address %s\n"
	    "    ipsec-vpn-rules r\n"
	    "  ipsec-vpn\n"
	    "    ike\n"
	    "      policy p\n"
	    "        pre-shared-key\n"
	    "          ascii-text secretsecret\n"
	    "    rule r\n"
	    "%s"
	    "      match-direction input\n",
	    families != NULL ? families : "        inet:\n", address, terms);
	must(n > 0 && (size_t)n < sizeof(text), "configuration");
	return text;
}

static struct elem *
body_make(struct arena *a, const char *const *leaves)
{
	struct elem *e = elem_new(a, "body");
	for (; *leaves != NULL; leaves += 2)
		elem_leaf(a, e, leaves[0], leaves[1]);
	return e;
}

void
gw_kmd_say(struct gw *g, uint16_t type, uint32_t seq, const char *const *leaves)
{
	struct arena *a = arena_new();
	struct ipc_msg m = { .type = type, .seq = seq, .body = body_make(a, leaves), .fd = -1 };
	control_kmd(&g->p, &m);
	arena_free(a);
}

void
gw_kmd_hush(struct gw *g)
{
	struct arena *a = arena_new();
	while (gw_kmd_hear(g, a).type != 0)
		;
	arena_free(a);
}

static const char auth_key[] = "000102030405060708090a0b0c0d0e0f10111213";
static const char enc_key[] = "202122232425262728292a2b2c2d2e2f";

void
gw_sa_leaves(const char **out, bool is_out, const char *spi, bool is_b, const char *const *changes)
{
	const char *usual[] = { "tunnel", "ss/r/d", "direction", is_out ? "out" : "in", "spi", spi,
		"protocol", "esp", "authentication", "hmac-sha1-96", "encryption", "aes-128-cbc",
		"authentication-key", auth_key, "encryption-key", enc_key, "local",
		is_b ? "192.0.2.2" : "192.0.2.1", "remote", is_b ? "192.0.2.1" : "192.0.2.2",
		"window", "64", "local-selector", is_b ? "10.2.0.0/16" : "10.1.0.0/16",
		"remote-selector", is_b ? "10.1.0.0/16" : "10.2.0.0/16", "role", "initiator",
		"soft", "90", "hard", "100", "tag", "t1" };
	size_t n = 0;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i += 2) {
		const char *value = usual[i + 1];
		for (const char *const *c = changes; *c != NULL; c += 2)
			if (strcmp(c[0], usual[i]) == 0)
				value = c[1];
		if (*value == '\0')
			continue;
		out[n++] = usual[i];
		out[n++] = value;
	}
	for (const char *const *c = changes; *c != NULL; c += 2) {
		bool is_new = true;
		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i += 2)
			is_new = is_new && strcmp(c[0], usual[i]) != 0;
		if (is_new) {
			out[n++] = c[0];
			out[n++] = c[1];
		}
	}
	out[n] = NULL;
}

void
gw_give(struct gw *g, uint16_t type, int fd, const char *const *leaves)
{
	struct arena *a = arena_new();
	struct ipc_msg m = { .type = type, .body = body_make(a, leaves), .fd = fd };
	control_netd(&g->p, &m);
	must(m.fd == -1, "descriptor taken");
	arena_free(a);
}

void
gw_take(struct gw *g, uint16_t type, const char *const *leaves)
{
	struct arena *a = arena_new();
	struct ipc_msg m = { .type = type, .body = body_make(a, leaves), .fd = -1 };
	control_netd(&g->p, &m);
	arena_free(a);
}

static void
pair(int sv[2])
{
	static const int room = 4 << 20;
	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sv) == 0, "socketpair");
	for (int i = 0; i < 2; i++)
		must(setsockopt(sv[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0, "buffer");
}

int
gw_give_pair(struct gw *g, uint16_t type, const char *const *leaves)
{
	int sv[2];
	pair(sv);
	gw_give(g, type, sv[0], leaves);
	return sv[1];
}

int
gw_unit(struct gw *g, const char *unit)
{
	const char *leaves[] = { "unit", unit, "role", "unit", NULL };
	return gw_give_pair(g, MSG_DEVICE, leaves);
}

int
gw_capture(struct gw *g, const char *role, const char *set)
{
	const char *leaves[] = { "unit", "ge-0/0/0.0", "role", role, "service-set", set,
		"link-header", "14", NULL };
	return gw_give_pair(g, MSG_DEVICE, leaves);
}

const struct port *
gw_port(const struct gw *g, enum port_kind kind)
{
	for (size_t i = 0; i < g->p.ports.n; i++)
		if (g->p.ports.by_index[i]->kind == kind)
			return g->p.ports.by_index[i];
	must(false, "port");
	return NULL;
}

void
gw_join(struct gw *a, struct gw *b, const char *kind)
{
	struct gw *const ends[] = { a, b };
	const char *send[] = { "kind", "send4", NULL };
	const char *receive[] = { "kind", kind, "family", "4", NULL };
	for (int i = 0; i < 2; i++) {
		int sv[2];
		pair(sv);
		gw_give(ends[i], MSG_SOCKET, sv[0], send);
		gw_give(ends[1 - i], MSG_SOCKET, sv[1], receive);
	}
}

void
gw_turns(struct gw *g)
{
	for (int i = 0; i < 4; i++)
		for (unsigned w = 0; w < g->p.n_workers; w++)
			worker_turn(g->p.workers[w], 0);
	publish_reclaim(&g->p);
	kmd_notified(&g->p);
}

void
gw_sync(struct gw *g)
{
	const char *leaves[] = { "commit", "1", NULL };
	gw_take(g, MSG_NET_SYNC, leaves);
	gw_turns(g);
}

uint64_t
gw_drops(struct gw *g, const char *set, enum drop reason)
{
	uint64_t drops[DROP_MAX] = { 0 };
	const struct conf_service_set *s = set ? conf_service_set(g->p.conf, set) : NULL;
	must(set == NULL || s != NULL, "service set");
	tally_sum(s != NULL ? assoc_set_state(&g->p.assocs, s)->tally : g->p.tally, drops);
	return drops[reason];
}

/* --- packets --- */

static void
put16(uint8_t *b, size_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static void
udp_put(uint8_t *b, size_t len)
{
	put16(b, 5000);
	put16(b + 2, 6000);
	put16(b + 4, 8 + len);
	put16(b + 6, 0);
	for (size_t i = 0; i < len; i++)
		b[8 + i] = (uint8_t)i;
}

void
ip4_seal(uint8_t *p)
{
	uint32_t sum = 0;
	put16(p + 10, 0);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(p + 10, ~sum & 0xffff);
}

size_t
udp4(uint8_t *out, const char *src, const char *dst, size_t len, uint16_t frag, uint8_t ttl)
{
	struct addr s;
	struct addr d;
	must(addr_parse(src, &s) && addr_parse(dst, &d), "address");
	memset(out, 0, 20);
	out[0] = 0x45;
	put16(out + 2, 28 + len);
	put16(out + 4, 4711);
	put16(out + 6, frag);
	out[8] = ttl;
	out[9] = 17;
	memcpy(out + 12, s.b, 4);
	memcpy(out + 16, d.b, 4);
	ip4_seal(out);
	udp_put(out + 20, len);
	return 28 + len;
}

size_t
udp6(uint8_t *out, const char *src, const char *dst, size_t len)
{
	struct addr s;
	struct addr d;
	must(addr_parse(src, &s) && addr_parse(dst, &d), "address");
	memset(out, 0, 40);
	out[0] = 0x60;
	put16(out + 4, 8 + len);
	out[6] = 17;
	out[7] = 64;
	memcpy(out + 8, s.b, 16);
	memcpy(out + 24, d.b, 16);
	udp_put(out + 40, len);
	return 48 + len;
}
