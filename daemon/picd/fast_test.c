/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fast_test.c - superpackets, trains and several workers change nothing: packet for packet what one packet a call brings.
 *
 * The same traffic goes through two pairs of gateways. One is as simple as it gets: each segment by itself, one worker, raw
 * sockets. The other has superpackets at both ends, UDP sockets where the tunnel is ESP in UDP, and workers. What leaves
 * each must be the same packets, in the same order within a flow; so must the answers to what is too big.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/test_gw.h"
#include "daemon/picd/workers.h"
#include "daemon/picd/wstat.h"
#include "lib/base/arena.h"
#include "lib/esp/pkt.h"
#include "lib/esp/seg_model.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SKIP = 77, /* says meson */
	SUPERS = 60,
	OUT_MAX = 8192,
	VNET = 10,
	FLOWS = 3,
	NATT_PORT = 4500,
	REST_MS = 60,
	PATIENCE_MS = 5000, /* a thread may have to wait for a processor */
	DF = 0x4000
};

static const char *
net_of(bool is_b, bool is_v6)
{
	if (is_v6)
		return is_b ? "2001:db8:2::/48" : "2001:db8:1::/48";
	return is_b ? "10.2.0.0/16" : "10.1.0.0/16";
}

static const char *
conf_text(bool is_b, bool is_v6)
{
	char families[256];
	char address[32];
	char terms[1024];
	unsigned local = is_b ? 3 : 2;
	snprintf(families, sizeof(families),
	    "        inet\n"
	    "          address 10.%u.255.1/32:\n"
	    "        inet6\n"
	    "          address 2001:db8:ff::%u/128:\n",
	    local, local);
	snprintf(address, sizeof(address), "127.0.0.%u", local);
	snprintf(terms, sizeof(terms),
	    "      term d\n"
	    "        from\n"
	    "          source-address %s:\n"
	    "          destination-address %s:\n"
	    "        then\n"
	    "          remote-gateway 127.0.0.%u\n"
	    "          dynamic\n"
	    "            ike-policy p\n",
	    net_of(is_b, is_v6), net_of(!is_b, is_v6), 5 - local);
	return gw_conf(families, address, terms);
}

/* How a pair of gateways works. */
struct way {
	const char *name;
	const char *enc;
	bool has_supers;  /* at the units */
	bool is_udp;      /* ESP in UDP */
	bool has_sockets; /* UDP ones, of the kernel */
	unsigned n_workers;
	bool is_v6; /* the traffic */
	bool has_threads;
	bool is_small; /* nothing is too big: with threads the clock stands still */
	bool is_watched;
};

struct lab {
	const struct way *way;
	struct gw a;
	struct gw b;
	int in_a;
	int in_b;
	struct taps *taps;
};

/* Packets that came out. */
struct list {
	unsigned n;
	size_t at[OUT_MAX + 1];
	uint8_t *octets;
	size_t used;
	size_t cap;
};

static void
list_put(struct list *l, const uint8_t *p, size_t n)
{
	if (l->used + n > l->cap) {
		l->cap = 2 * (l->used + n);
		l->octets = realloc(l->octets, l->cap);
		assert_non_null(l->octets);
	}
	assert_true(l->n < OUT_MAX);
	memcpy(l->octets + l->used, p, n);
	l->at[l->n++] = l->used;
	l->used += n;
	l->at[l->n] = l->used;
}

static int
natt_socket(unsigned host)
{
	static const int on = 1;
	static const int room = 4 << 20;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(NATT_PORT) };
	a.sin_addr.s_addr = htonl(0x7f000000U | host);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
sockets_give(struct gw *g, unsigned host, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char address[32];
		char queue[16];
		snprintf(address, sizeof(address), "127.0.0.%u", host);
		snprintf(queue, sizeof(queue), "%u", i);
		const char *leaves[] = { "kind", "natt", "address", address, "family", "4", "queue",
			queue, NULL };
		gw_give(g, MSG_SOCKET, natt_socket(host), leaves);
	}
}

static int
unit_give(const struct way *w, struct gw *g)
{
	const char *leaves[] = { "unit", "sp-1/2/0.1", "role", "unit", "vnet-header",
		w->has_supers ? "10" : "0", NULL };
	return gw_give_pair(g, MSG_DEVICE, leaves);
}

static void
sa_say(struct lab *l, struct gw *g, bool is_out, const char *spi, bool is_b)
{
	const char *leaves[GW_LEAVES_MAX];
	bool is_gcm = strcmp(l->way->enc, "aes-128-gcm") == 0;
	const char *changes[] = { "local", is_b ? "127.0.0.3" : "127.0.0.2", "remote",
		is_b ? "127.0.0.2" : "127.0.0.3", "local-selector", net_of(is_b, l->way->is_v6),
		"remote-selector", net_of(!is_b, l->way->is_v6), "encryption", l->way->enc,
		"authentication", is_gcm ? "none" : "hmac-sha1-96", "authentication-key",
		is_gcm ? "" : "000102030405060708090a0b0c0d0e0f10111213", "encryption-key",
		is_gcm ? "202122232425262728292a2b2c2d2e2f30313233"
		       : "202122232425262728292a2b2c2d2e2f",
		l->way->is_udp ? "local-port" : "soft", l->way->is_udp ? "4500" : "90",
		l->way->is_udp ? "remote-port" : "hard", l->way->is_udp ? "4500" : "100", NULL };
	gw_sa_leaves(leaves, is_out, spi, is_b, changes);
	gw_kmd_say(g, MSG_SA_ADD, 7, leaves);
	gw_turns(g);
	struct arena *a = arena_new();
	struct ipc_msg m = gw_kmd_hear(g, a);
	const char *text = m.body != NULL ? elem_value(m.body, "text") : NULL;
	if (m.type != MSG_SA_DONE || text != NULL)
		fail_msg("%s: %s", l->way->name, text != NULL ? text : "no answer");
	arena_free(a);
}

/* Somebody looks at all packets of A. */
static void
watch(struct lab *l)
{
	size_t n = sizeof(struct taps) + l->way->n_workers * sizeof(struct tap_ring);
	l->taps = aligned_alloc(64, (n + 63) / 64 * 64);
	assert_non_null(l->taps);
	memset(l->taps, 0, n);
	l->taps->filters[0].has_inner = true;
	l->taps->filters[0].has_outer = true;
	for (unsigned i = 0; i < l->way->n_workers; i++)
		worker_tap(l->a.p.workers[i], l->taps, 1);
}

/* What was seen of A: superpackets that came, and each packet that left by itself. */
static void
watched_check(struct lab *l)
{
	unsigned n_sent = 0;
	unsigned n_supers = 0;
	for (unsigned i = 0; i < TAP_SLOTS; i++) {
		const struct tap_record *r = &l->taps->rings[0].slots[i];
		n_sent += r->point == TAP_SENT && r->len <= 1600 && r->captured == r->len;
		n_supers += r->point == TAP_ARRIVED && r->gso_size > 0;
	}
	assert_true(n_sent > TAP_SLOTS / 2);
	assert_true(n_supers > 0);
	free(l->taps);
}

static void
lab_init(struct lab *l, const struct way *way)
{
	*l = (struct lab){ .way = way };
	test_n_workers = way->n_workers;
	test_help_ns = way->has_threads ? 1 : UINT64_MAX;
	gw_init(&l->a, "sp-1/2/0");
	gw_init(&l->b, "sp-1/2/0");
	assert_null(gw_commit(&l->a, conf_text(false, way->is_v6)));
	assert_null(gw_commit(&l->b, conf_text(true, way->is_v6)));
	gw_join(&l->a, &l->b, way->is_udp ? "udp" : "esp");
	if (way->has_sockets) {
		sockets_give(&l->a, 2, way->n_workers);
		sockets_give(&l->b, 3, way->n_workers);
	}
	l->in_a = unit_give(way, &l->a);
	l->in_b = unit_give(way, &l->b);
	gw_kmd(&l->a);
	gw_kmd(&l->b);
	gw_sync(&l->a);
	gw_sync(&l->b);
	gw_kmd_hush(&l->a);
	gw_kmd_hush(&l->b);
	sa_say(l, &l->b, false, "1001", true);
	sa_say(l, &l->a, true, "1001", false);
	if (way->is_watched)
		watch(l);
	for (unsigned i = 0; i < way->n_workers && way->has_threads; i++) {
		assert_int_equal(worker_start(l->a.p.workers[i]), 0);
		assert_int_equal(worker_start(l->b.p.workers[i]), 0);
	}
}

static void
lab_done(struct lab *l)
{
	gw_done(&l->a);
	gw_done(&l->b);
	close(l->in_a);
	close(l->in_b);
	test_n_workers = 1;
}

/* Notes one packet or superpacket that came out of a unit. */
static void
out_note(const struct way *w, const uint8_t *octets, size_t n, struct list *out)
{
	uint8_t p[SEG_PACKET_MAX];
	uint16_t gso_size;
	if (!w->has_supers) {
		list_put(out, octets, n);
		return;
	}
	assert_true(n > VNET);
	memcpy(&gso_size, octets + 4, sizeof(gso_size));
	if (octets[1] == 0) {
		list_put(out, octets + VNET, n - VNET);
		return;
	}
	for (unsigned i = 0;; i++) {
		size_t len = seg_cut(octets + VNET, n - VNET, gso_size, i, p);
		if (len == 0)
			break;
		list_put(out, p, len);
	}
}

/* Takes all that waits at a unit. */
static void
unit_take(const struct way *w, int fd, struct list *out)
{
	static uint8_t got[SEG_PACKET_MAX + VNET];
	ssize_t n;
	while ((n = recv(fd, got, sizeof(got), MSG_DONTWAIT)) > 0)
		out_note(w, got, (size_t)n, out);
}

static void
super_send(struct lab *l, const uint8_t *super, size_t len, uint16_t gso_size)
{
	uint8_t vnet[VNET];
	uint8_t p[SEG_PACKET_MAX];
	if (l->way->has_supers) {
		seg_vnet(super, gso_size, vnet);
		struct iovec iov[] = { { vnet, VNET }, { (void *)(uintptr_t)super, len } };
		assert_int_equal(writev(l->in_a, iov, 2), (ssize_t)(len + VNET));
		return;
	}
	for (unsigned i = 0;; i++) {
		size_t n = seg_cut(super, len, gso_size, i, p);
		if (n == 0)
			break;
		assert_int_equal(write(l->in_a, p, n), (ssize_t)n);
	}
}

/* Waits until N_WANT packets have come out, or for long, and then until nothing has for a while. */
static void
rest(struct lab *l, unsigned n_want, struct list *arrived)
{
	struct pollfd p = { .fd = l->in_b, .events = POLLIN };
	while (poll(&p, 1, arrived->n < n_want ? PATIENCE_MS : REST_MS) == 1)
		unit_take(l->way, l->in_b, arrived);
}

static void
turns(struct lab *l, unsigned n_want, struct list *arrived, struct list *answers)
{
	if (l->way->has_threads) {
		rest(l, n_want, arrived);
		return;
	}
	for (unsigned i = 0; i < 6; i++) {
		gw_turns(&l->a);
		gw_turns(&l->b);
		unit_take(l->way, l->in_b, arrived);
		unit_take(l->way, l->in_a, answers);
	}
}

static uint32_t
draw(uint32_t *state, uint32_t n)
{
	*state = *state * 1664525U + 1013904223U;
	return (*state >> 8) % n;
}

/* Sends the traffic that SEED says through a lab; N_WANT packets shall arrive. Returns how often workers helped each other. */
static uint64_t
run(const struct way *way, uint32_t seed, unsigned n_want, struct list *arrived,
    struct list *answers)
{
	static const uint16_t sizes[] = { 1200, 1380, 1448, 64, 1000, 1460 };
	static uint8_t super[SEG_PACKET_MAX];
	struct lab l;
	uint64_t n_helps = 0;
	uint32_t seqs[FLOWS] = { 1, 1000000, 4000000000 };
	uint32_t state = seed;
	lab_init(&l, way);
	for (unsigned i = 0; i < SUPERS; i++) {
		unsigned flow = draw(&state, FLOWS);
		uint16_t gso_size = sizes[draw(&state, way->has_threads || way->is_small ? 2 : 6)];
		unsigned n = 2 + draw(&state, 40);
		struct seg_spec s = {
			.family = way->is_v6 ? 6 : 4,
			.proto = flow == 2 ? 17 : 6,
			.host = (uint8_t)(flow + 1),
			.sport = (uint16_t)(1000 + flow),
			.dport = 80,
			.seq = seqs[flow],
			.ack = 7,
			.flags = 0x10,
			.tos = draw(&state, 4) == 0 ? 0x28 : 0,
			.ttl = 60,
			.id = (uint16_t)draw(&state, 60000),
			.frag = draw(&state, 2) != 0 ? DF : 0,
			.payload_len = (n - 1) * gso_size + 1 + draw(&state, gso_size),
			.seed = seed + i,
		};
		size_t len = seg_build(&s, super);
		seqs[flow] += s.payload_len;
		super_send(&l, super, len, gso_size);
		bool is_pause = draw(&state, 3) == 0 || gso_size > 1400;
		if (way->has_threads ? i % 15 == 14 : is_pause)
			turns(&l, 0, arrived, answers);
		if (!way->has_threads)
			test_now_ms +=
			    5000; /* the limit of answers a second is not what this is about */
	}
	turns(&l, n_want, arrived, answers);
	if (way->has_supers) {
		uint64_t n_cut = 0;
		uint64_t n_merged = 0;
		uint64_t n_trains = 0;
		for (unsigned i = 0; i < way->n_workers; i++) {
			n_cut += wstat_get(worker_stat(l.a.p.workers[i]), WSTAT_CUT_SEGMENTS);
			n_trains += wstat_get(worker_stat(l.a.p.workers[i]), WSTAT_TRAIN_SEGMENTS);
			n_helps += wstat_get(worker_stat(l.a.p.workers[i]), WSTAT_HELPS_GIVEN);
			n_helps += wstat_get(worker_stat(l.b.p.workers[i]), WSTAT_HELPS_GIVEN);
			n_merged += wstat_get(worker_stat(l.b.p.workers[i]), WSTAT_MERGED_SEGMENTS);
		}
		printf("%s: %u arrived, %u answers, %u cut, %u in trains, %u merged, %u helps\n",
		    way->name, arrived->n, answers->n, (unsigned)n_cut, (unsigned)n_trains,
		    (unsigned)n_merged, (unsigned)n_helps);
		assert_true(n_cut > 0 && n_merged > 0);
		assert_true(n_trains > n_cut / 3 || !way->has_sockets);
	}
	lab_done(&l);
	if (way->is_watched)
		watched_check(&l);
	return n_helps;
}

/* What tells a flow, for packets without extension headers. */
static uint32_t
flow_of(const uint8_t *p)
{
	return p[0] >> 4 == 4 ? (uint32_t)p[19] << 8 | p[9]
			      : 0x10000U | (uint32_t)p[39] << 8 | p[6];
}

/* The same packets, in the same order for each flow. */
static void
compare(const char *name, const struct list *a, const struct list *b)
{
	static bool is_used[OUT_MAX];
	memset(is_used, 0, sizeof(is_used));
	if (a->n != b->n)
		fail_msg("%s: %u packets, %u the simple way", name, b->n, a->n);
	for (unsigned i = 0; i < a->n; i++) {
		const uint8_t *p = a->octets + a->at[i];
		size_t len = a->at[i + 1] - a->at[i];
		unsigned j = 0;
		while (j < b->n && (is_used[j] || flow_of(b->octets + b->at[j]) != flow_of(p)))
			j++;
		assert_true(j < b->n);
		is_used[j] = true;
		if (b->at[j + 1] - b->at[j] != len)
			fail_msg("%s: packet %u has %zu octets, not %zu", name, i,
			    b->at[j + 1] - b->at[j], len);
		assert_memory_equal(b->octets + b->at[j], p, len);
	}
}

static void
list_done(struct list *l)
{
	free(l->octets);
	*l = (struct list){ 0 };
}

/* Returns how often workers helped each other. */
static uint64_t
judge(const struct way *fast)
{
	uint64_t n_helps = 0;
	static struct list want;
	static struct list want_answers;
	static struct list got;
	static struct list got_answers;
	struct way simple = *fast;
	simple.name = "simple";
	simple.has_supers = false;
	simple.has_sockets = false;
	simple.n_workers = 1;
	simple.has_threads = false;
	simple.is_small = fast->has_threads;
	simple.is_watched = false;
	for (uint32_t seed = 1; seed <= 3; seed++) {
		(void)run(&simple, seed, 0, &want, &want_answers);
		n_helps += run(fast, seed, want.n, &got, &got_answers);
		assert_true(want.n > 200);
		compare(fast->name, &want, &got);
		compare(fast->name, &want_answers, &got_answers);
		list_done(&want);
		list_done(&want_answers);
		list_done(&got);
		list_done(&got_answers);
	}
	return n_helps;
}

static void
superpackets_are_their_segments(void **state)
{
	(void)state;
	static const struct way ways[] = {
		{ "ESP, CBC", "aes-128-cbc", true, false, false, 1, false, false, false, false },
		{ "ESP, GCM", "aes-128-gcm", true, false, false, 1, false, false, false, false },
		{ "ESP in UDP by raw sockets", "aes-128-cbc", true, true, false, 1, false, false,
		    false, false },
		{ "ESP in UDP, CBC", "aes-128-cbc", true, true, true, 1, false, false, false,
		    false },
		{ "ESP in UDP, GCM", "aes-128-gcm", true, true, true, 1, false, false, false,
		    false },
		{ "ESP in UDP, watched", "aes-128-gcm", true, true, true, 1, false, false, false,
		    true },
		{ "IPv6 in ESP in UDP", "aes-128-gcm", true, true, true, 1, true, false, false,
		    false },
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		(void)judge(&ways[i]);
}

static void
two_workers_are_one(void **state)
{
	(void)state;
	static const struct way ways[] = {
		{ "ESP, two workers", "aes-128-gcm", true, false, false, 2, false, false, false,
		    false },
		{ "ESP in UDP, two workers", "aes-128-gcm", true, true, true, 2, false, false,
		    false, false },
		{ "ESP in UDP, three workers", "aes-128-cbc", true, true, true, 3, false, false,
		    false, false },
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		(void)judge(&ways[i]);
}

static void
workers_help_each_other(void **state)
{
	(void)state;
	static const struct way ways[] = {
		{ "ESP, threads", "aes-128-cbc", true, false, false, 2, false, true, true, false },
		{ "ESP in UDP, threads", "aes-128-gcm", true, true, true, 2, false, true, true,
		    false },
		{ "ESP in UDP, four threads", "aes-128-cbc", true, true, true, 4, false, true, true,
		    false },
	};
	uint64_t n = 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		n += judge(&ways[i]);
	assert_true(n > 0);
}

/* A loopback of our own: whoever else has sockets of the same addresses and port, as a second run of this test has, would
 * be given some of our packets, and we some of theirs. */
static bool
own_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	lo.ifr_flags = IFF_UP;
	bool is_up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return is_up;
}

/* What a unit with a vnet header brings is verified like what comes packet by packet, and nothing of it leaves. */
static void
wrong_header_checksums_are_counted(void **state)
{
	static const struct way with_supers = { .name = "supers", .has_supers = true };
	static uint8_t octets[VNET + SEG_PACKET_MAX];
	const struct seg_spec spec = {
		.family = 4, .proto = 6, .host = 1, .ttl = 9, .payload_len = 5000
	};
	struct gw g;
	(void)state;
	test_n_workers = 1;
	gw_init(&g, "sp-1/2/0");
	assert_null(gw_commit(&g, conf_text(false, false)));
	int in = unit_give(&with_supers, &g);
	gw_sync(&g);
	size_t n = VNET + seg_super(&spec, 1000, octets + VNET, octets);
	for (unsigned bit = 0; bit < 8; bit++) {
		octets[VNET + 12] ^= (uint8_t)(1U << bit); /* of the source */
		assert_int_equal(write(in, octets, n), (ssize_t)n);
		gw_turns(&g);
		assert_int_equal(gw_drops(&g, "ss", DROP_INNER_CHECKSUM), bit + 1);
		octets[VNET + 12] ^= (uint8_t)(1U << bit);
	}
	assert_int_equal(write(in, octets, n), (ssize_t)n);
	gw_turns(&g);
	assert_int_equal(gw_drops(&g, "ss", DROP_INNER_CHECKSUM), 8);
	close(in);
	gw_done(&g);
}

int
main(void)
{
	if (!own_loopback())
		return SKIP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(superpackets_are_their_segments),
		cmocka_unit_test(two_workers_are_one),
		cmocka_unit_test(wrong_header_checksums_are_counted),
		cmocka_unit_test(workers_help_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
