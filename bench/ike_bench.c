/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike_bench.c - what a handshake of the engine costs beside what it cannot do without.
 *
 * usage: ike_bench [quick]   For group 2 and group 14, with and without PFS: main mode and one quick mode, both sides in this process,
 * and beside it the same number of key generations, agreements, hashes, HMACs and blocks of the cipher, with nothing else. Then
 * the same with 10,000 SAs that are up, and with the policies of 10,000 peers. Then what an SA that is up keeps in memory. Then what
 * 100,000 beginnings from as many addresses cost, and a handshake of a peer that is known in the midst of them.
 */
#include "bench/ike_floor.h"
#include "lib/base/clock.h"
#include "lib/crypto/rand.h"
#include "lib/ike/ike.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_MAX = 64, PEERS = 10000, ROUNDS = 11 };

static const struct p2_proposal p2 = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_AES_128_CBC, 28800 };

struct side {
	struct ike *ike;
	struct side *peer;
	struct ike_policy *policies[PEERS];
	struct ike_tunnel *tunnel;
	struct ike_sa *sa;
	unsigned n_children;
};

struct datagram {
	struct side *to;
	struct ike_path path;
	size_t n;
	uint8_t b[4096];
};

static struct ike_policy *strangers;
static bool is_flood;
static struct datagram wire[QUEUE_MAX];
static unsigned n_wire;

static void
on_random(void *ctx, void *out, size_t n)
{
	(void)ctx;
	rand_fill(out, n);
}

static void
on_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	struct side *s = ctx;
	struct datagram *d = &wire[n_wire++];
	if (n_wire > QUEUE_MAX || len > sizeof(d->b))
		abort();
	d->to = s->peer;
	d->path = (struct ike_path){ .local = path->remote, .remote = path->local };
	d->n = len;
	memcpy(d->b, msg, len);
}

/* The number of a peer is in its address. */
static unsigned
number(struct addr a)
{
	return (unsigned)(a.b[2] << 8 | a.b[3]) % PEERS;
}

static struct ike_policy *
on_policy(void *ctx, const struct ike_path *path, const struct id *peer)
{
	struct side *s = ctx;
	(void)peer;
	return is_flood ? strangers : s->policies[number(path->remote.addr)];
}

static struct ike_tunnel *
on_tunnel(
    void *ctx, const struct ike_sa *sa, struct prefix local, struct prefix remote, struct text *why)
{
	struct side *s = ctx;
	(void)sa;
	(void)why;
	(void)local;
	(void)remote;
	return s->tunnel;
}

static uint32_t
on_spi(void *ctx, enum v1_protocol protocol, const struct ike_tunnel *tunnel)
{
	static uint32_t next = 0x1000;
	(void)ctx;
	(void)protocol;
	(void)tunnel;
	return next++;
}

static bool
on_is_first(void *ctx, const struct ike_sa *sa)
{
	(void)ctx;
	(void)sa;
	return false;
}

static void
on_sa_up(void *ctx, struct ike_sa *sa)
{
	struct side *s = ctx;
	s->sa = sa;
}

static void
on_sa_down(void *ctx, struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	(void)ctx;
	(void)sa;
	(void)reason;
	(void)why;
}

static void
on_child(void *ctx, struct ike_sa *sa, enum ike_child_event event, const struct ike_child *child)
{
	struct side *s = ctx;
	(void)sa;
	(void)child;
	s->n_children += event == IKE_CHILD_UP;
}

static void
on_word(void *ctx, struct ike_sa *sa, const struct ike_word *word)
{
	(void)ctx;
	(void)sa;
	(void)word;
}

static void
on_refused(void *ctx, const struct ike_path *path, const struct ike_sa *sa, enum ike_reason reason,
    const char *why)
{
	(void)ctx;
	(void)path;
	(void)sa;
	if (is_flood)
		return;
	fprintf(stderr, "refused: %s %s\n", reason_info(reason)->sentence, why);
	exit(1);
}

static void
side_init(struct side *s, struct side *peer, const struct p1_proposal *p1, enum dh_group pfs)
{
	const struct ike_host host = {
		.ctx = s,
		.random = on_random,
		.send = on_send,
		.policy = on_policy,
		.tunnel = on_tunnel,
		.spi = on_spi,
		.is_first = on_is_first,
		.sa_up = on_sa_up,
		.sa_down = on_sa_down,
		.child = on_child,
		.word = on_word,
		.refused = on_refused,
	};
	const struct ike_policy policy = { .proposals = p1, .n = 1, .psk = { "sesame", 6 } };
	struct ike_tunnel tunnel = { .policy = { .proposals = &p2, .n = 1, .pfs = pfs } };
	tunnel.local.addr.family = tunnel.remote.addr.family = ADDR_V4;
	s->peer = peer;
	s->sa = NULL;
	s->n_children = 0;
	s->tunnel = ike_tunnel_new(&tunnel);
	for (unsigned i = 0; i < PEERS; i++)
		s->policies[i] = ike_policy_new(&policy);
	s->ike = ike_new(&host);
}

static void
side_done(struct side *s)
{
	ike_free(s->ike);
	ike_tunnel_unref(s->tunnel);
	for (unsigned i = 0; i < PEERS; i++)
		ike_policy_unref(s->policies[i]);
}

static double
now(void)
{
	return (double)clock_process_ns() / 1e9;
}

/* --- a handshake --- */

static struct side a;
static struct side b;

static void
deliver(void)
{
	for (unsigned i = 0; i < n_wire; i++) {
		static struct datagram d;
		d = wire[i];
		if (ike_input(d.to->ike, 0, &d.path, d.b, d.n) != IKE_OK)
			exit(1);
	}
	n_wire = 0;
}

static struct ike_path
path_of(unsigned peer)
{
	struct ike_path path = { .local = { { ADDR_V4, { 10, 1 } }, 500 },
		.remote = { { ADDR_V4, { 10, 2 } }, 500 } };
	path.local.addr.b[2] = path.remote.addr.b[2] = (uint8_t)(peer >> 8);
	path.local.addr.b[3] = path.remote.addr.b[3] = (uint8_t)peer;
	return path;
}

static void
handshake(unsigned peer)
{
	const struct ike_path path = path_of(peer);
	(void)ike_start(a.ike, 0, &path, a.policies[peer]);
	deliver();
	if (a.sa == NULL || !ike_quick_start(a.ike, 0, a.sa, a.tunnel))
		exit(1);
	deliver();
}

/* Seconds of one handshake of both sides; the SAs go again if KEEPS is not set. */
static double
measure(unsigned first, unsigned n, bool keeps)
{
	double begin = now();
	for (unsigned i = 0; i < n; i++) {
		handshake(first + i);
		if (!keeps) {
			ike_drop(a.ike, a.sa);
			ike_drop(b.ike, b.sa);
		}
		a.sa = b.sa = NULL;
	}
	return (now() - begin) / n;
}

/* --- beside the floor --- */

struct cost {
	double engine; /* seconds of one handshake of both sides */
	double floor;
};

/* By turns, one after the other: the speed of a shared machine changes while we measure. */
static struct cost
compare(const struct p1_proposal *p1, enum dh_group pfs, unsigned first, unsigned n, bool keeps)
{
	struct cost c = { 0 };
	for (unsigned i = 0; i < n; i++) {
		c.engine += measure(first + i, 1, keeps) / n;
		c.floor += 2 * floor_measure(p1, pfs, 1) / n;
	}
	return c;
}

static int
cost_compare(const void *x, const void *y)
{
	const struct cost *c = x;
	const struct cost *d = y;
	double l = c->engine * d->floor;
	double r = d->engine * c->floor;
	return (l > r) - (l < r);
}

static struct cost
median(struct cost c[ROUNDS])
{
	qsort(c, ROUNDS, sizeof(*c), cost_compare);
	return c[ROUNDS / 2];
}

static size_t
heap(void)
{
	return mallinfo2().uordblks;
}

static void
row(enum dh_group group, enum dh_group pfs, unsigned n)
{
	const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, group, 3600 };
	side_init(&a, &b, &p1, pfs);
	side_init(&b, &a, &p1, pfs);
	(void)measure(0, n, false);
	struct cost c[ROUNDS];
	for (unsigned i = 0; i < ROUNDS; i++)
		c[i] = compare(&p1, pfs, 0, n, false);
	struct cost m = median(c);
	printf("%-8s pfs %-8s %8.1f us a handshake, both sides; floor %8.1f us; %.2f times\n",
	    dh_info(group)->name, dh_info(pfs)->name, m.engine * 1e6, m.floor * 1e6,
	    m.engine / m.floor);
	side_done(&a);
	side_done(&b);
}

static void
many(unsigned n)
{
	const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2, 86400 };
	side_init(&a, &b, &p1, DH_NONE);
	side_init(&b, &a, &p1, DH_NONE);
	size_t base = heap();
	struct cost first = compare(&p1, DH_NONE, 0, n / 10, true);
	(void)measure(n / 10, n - 2 * (n / 10), true);
	struct cost last = compare(&p1, DH_NONE, n - n / 10, n / 10, true);
	printf("%u SAs that are up: the first tenth %.1f us each, %.2f times the floor, the last "
	       "tenth %.1f us, %.2f times\n",
	    n, first.engine * 1e6, first.engine / first.floor, last.engine * 1e6,
	    last.engine / last.floor);
	printf("heap of an SA with its last answers: %zu octets (struct ike_sa %zu)\n",
	    (heap() - base) / n / 2, sizeof(struct ike_sa));
	ike_tick(a.ike, IKE_LINGER_MS);
	ike_tick(b.ike, IKE_LINGER_MS);
	printf("after a minute: %zu octets\n", (heap() - base) / n / 2);
	side_done(&a);
	side_done(&b);
}

/* Begins from N addresses and never goes on. */
static void
flood(bool is_aggressive, unsigned n)
{
	const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2, 86400 };
	const struct ike_policy policy = { .is_aggressive = is_aggressive,
		.is_any = true,
		.takes_any_id = true,
		.proposals = &p1,
		.n = 1,
		.psk = { "sesame", 6 } };
	side_init(&a, &b, &p1, DH_NONE);
	side_init(&b, &a, &p1, DH_NONE);
	strangers = ike_policy_new(&policy);
	double calm = measure(0, 50, true);
	struct ike_path path = path_of(0);
	struct ike_sa *sa = ike_start(a.ike, 0, &path, strangers);
	struct datagram first = wire[0];
	n_wire = 0;
	ike_drop(a.ike, sa);
	size_t base = heap();
	is_flood = true;
	double begin = now();
	for (unsigned i = 0; i < n; i++) {
		struct datagram d = first;
		rand_fill(d.b, HDR_COOKIE_LEN);
		rand_fill(&d.path.remote.addr.b[1], 3);
		/* ten thousand in a second */
		(void)ike_input(b.ike, i / 10, &d.path, d.b, d.n);
		n_wire = 0;
	}
	double each = (now() - begin) / n;
	is_flood = false;
	double busy = measure(50, 50, true);
	printf("%u beginnings in %s mode: %.2f us each, %zu half open, %zu kB; a known peer's "
	       "handshake "
	       "%.1f us, before %.1f us\n",
	    n, is_aggressive ? "aggressive" : "main", each * 1e6, ike_n_half_open(b.ike),
	    (heap() - base) / 1024, busy * 1e6, calm * 1e6);
	ike_policy_unref(strangers);
	side_done(&a);
	side_done(&b);
}

int
main(int argc, char **argv)
{
	bool is_quick = argc > 1 && strcmp(argv[1], "quick") == 0;
	unsigned n = is_quick ? 2 : 50;
	row(DH_GROUP2, DH_NONE, n);
	row(DH_GROUP2, DH_GROUP2, n);
	row(DH_GROUP14, DH_NONE, n);
	row(DH_GROUP14, DH_GROUP14, n);
	many(is_quick ? 100 : PEERS);
	flood(false, is_quick ? 1000 : 100000);
	flood(true, is_quick ? 1000 : 100000);
	return 0;
}
