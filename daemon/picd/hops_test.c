/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops_test.c - next hops of plain ESP: asked for, told, and given up when no packet has used them for long.
 *
 * The test is netd, on a socket of its own.
 */
#include "daemon/picd/hops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/picd/test_lab.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

enum { HOPS_LIMIT = 1 << 14 };

struct host {
	struct lab l;
	struct arena *a;
	int netd;
};

static const char *const told_leaves[] = { "local", "192.0.2.1", "remote", "192.0.2.2", "device",
	"wan", "from", "020000000001", "to", "020000000002", "mtu", "1500", NULL };

static void
host_init(struct host *h)
{
	int sv[2];
	lab_init(&h->l, "esp");
	lab_pair_add(&h->l, "1000", "2000", lab_plain);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	control_link(&h->l.a.p, "netd", sv[0]);
	h->netd = sv[1];
	h->a = arena_new();
}

static void
host_done(struct host *h)
{
	lab_done(&h->l);
	close(h->netd);
	arena_free(h->a);
}

/* The type of the next message to netd, 0 if there is none; it is about these two gateways. */
static unsigned
heard(struct host *h)
{
	struct ipc_msg m = { .fd = -1 };
	struct pollfd p = { .fd = h->netd, .events = POLLIN };
	for (int i = 0; i < 3 && poll(&p, 1, 0) == 0; i++)
		uv_run(&h->l.a.p.daemon.loop, UV_RUN_NOWAIT);
	if (poll(&p, 1, 0) != 1)
		return 0;
	assert_int_equal(ipc_recv_blocking(h->netd, h->a, &m), 0);
	assert_string_equal(elem_value(m.body, "local"), "192.0.2.1");
	assert_string_equal(elem_value(m.body, "remote"), "192.0.2.2");
	return m.type;
}

static void
packet_passes(struct host *h)
{
	size_t n = lab_pass(&h->l.a, h->l.in_a, &h->l.b, h->l.in_b, "10.1.0.1", "10.2.0.1");
	assert_int_equal(n, 128);
}

static void
pass_s(struct host *h, unsigned s)
{
	test_now_ms += s * UINT64_C(1000);
	hops_age(&h->l.a.p);
	gw_turns(&h->l.a);
}

static unsigned
hops_count(const struct hops *h)
{
	unsigned n = 0;
	for (size_t at = 0; hops_next(h, &at) != NULL;)
		n++;
	return n;
}

static void
what_no_packet_uses_is_given_up(void **state)
{
	struct host h;
	const struct hops *hops;
	(void)state;
	host_init(&h);
	hops = h.l.a.p.hops;
	packet_passes(&h);
	assert_int_equal(heard(&h), MSG_HOP_ASK);
	gw_take(&h.l.a, MSG_HOP, told_leaves);
	assert_int_equal(hops_count(hops), 1);
	pass_s(&h, HOP_IDLE_S - 1);
	assert_int_equal(hops_count(hops), 1);
	packet_passes(&h);
	pass_s(&h, HOP_IDLE_S - 1);
	assert_int_equal(hops_count(hops), 1);
	assert_int_equal(heard(&h), 0);
	pass_s(&h, 1);
	assert_int_equal(hops_count(hops), 0);
	assert_int_equal(heard(&h), MSG_HOP_GONE);
	assert_int_equal(heard(&h), 0);
	/* nor is the worker left with what it found: the next packet asks anew */
	packet_passes(&h);
	assert_int_equal(heard(&h), MSG_HOP_ASK);
	assert_int_equal(hops_count(hops), 1);
	host_done(&h);
}

/* A way to be used or not, packets count. */
static void
what_goes_by_the_raw_socket_is_used_too(void **state)
{
	static const char *const no[] = { "local", "192.0.2.1", "remote", "192.0.2.2", "device", "",
		"reason", "raw sockets are configured", NULL };
	struct host h;
	(void)state;
	host_init(&h);
	packet_passes(&h);
	assert_int_equal(heard(&h), MSG_HOP_ASK);
	gw_take(&h.l.a, MSG_HOP, no);
	for (unsigned i = 0; i < 5; i++) {
		pass_s(&h, HOP_IDLE_S / 2);
		packet_passes(&h);
	}
	assert_int_equal(heard(&h), 0);
	assert_int_equal(hops_count(h.l.a.p.hops), 1);
	host_done(&h);
}

static void
what_has_no_answer_is_asked_for_again(void **state)
{
	struct host h;
	(void)state;
	host_init(&h);
	packet_passes(&h);
	assert_int_equal(heard(&h), MSG_HOP_ASK);
	pass_s(&h, 5);
	assert_int_equal(heard(&h), MSG_HOP_ASK);
	gw_take(&h.l.a, MSG_HOP, told_leaves);
	pass_s(&h, 5);
	assert_int_equal(heard(&h), 0);
	host_done(&h);
}

static struct addr
addr_number(unsigned i)
{
	const uint8_t b[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
	return addr_v4(b);
}

static void
a_full_table_has_room_again(void **state)
{
	struct gw g;
	struct addr local = addr_number(0);
	struct addr more = addr_number(HOPS_LIMIT + 1);
	(void)state;
	gw_init(&g, "sp-1/2/0");
	for (unsigned i = 1; i <= HOPS_LIMIT + 1; i++) {
		struct addr remote = addr_number(i);
		hops_want(&g.p, &local, &remote);
	}
	assert_int_equal(hops_count(g.p.hops), HOPS_LIMIT);
	assert_null(hops_find(g.p.hops, &local, &more));
	/* every other one is used */
	test_now_ms += HOP_IDLE_S * 1000;
	for (unsigned i = 1; i <= HOPS_LIMIT; i += 2) {
		struct addr remote = addr_number(i);
		struct hop *hop = hops_find(g.p.hops, &local, &remote);
		atomic_store(&hop->used_s, (uint32_t)(test_now_ms / 1000) + 1);
	}
	hops_age(&g.p);
	hops_reclaim(g.p.hops, g.p.epoch);
	assert_int_equal(hops_count(g.p.hops), HOPS_LIMIT / 2);
	for (unsigned i = 1; i <= HOPS_LIMIT; i++) {
		struct addr remote = addr_number(i);
		assert_int_equal(hops_find(g.p.hops, &local, &remote) != NULL, i % 2);
	}
	hops_want(&g.p, &local, &more);
	assert_non_null(hops_find(g.p.hops, &local, &more));
	for (unsigned i = 1; i <= HOPS_LIMIT; i++) {
		struct addr remote = addr_number(i);
		hops_want(&g.p, &local, &remote);
	}
	assert_int_equal(hops_count(g.p.hops), HOPS_LIMIT);
	gw_done(&g);
}

/* --- a thread that looks while entries come and go --- */

enum { PEERS = 64, ROUNDS = 3000 };

struct looker {
	const struct hops *hops;
	_Atomic uint64_t epoch;
	_Atomic uint64_t seen;
	_Atomic bool is_stopping;
	unsigned n_wrong;
};

static void *
look(void *arg)
{
	struct looker *k = arg;
	struct addr local = addr_number(0);
	while (!atomic_load(&k->is_stopping)) {
		const struct hop *found[PEERS];
		uint64_t epoch = atomic_load(&k->epoch);
		for (unsigned i = 0; i < PEERS; i++) {
			struct addr remote = addr_number(i + 1);
			found[i] = hops_find(k->hops, &local, &remote);
		}
		for (unsigned i = 0; i < PEERS; i++)
			k->n_wrong +=
			    found[i] != NULL && !addr_eq(found[i]->remote, addr_number(i + 1));
		atomic_store(&k->seen, epoch);
	}
	return NULL;
}

static void
a_worker_may_look_meanwhile(void **state)
{
	struct gw g;
	pthread_t thread;
	struct addr local = addr_number(0);
	(void)state;
	gw_init(&g, "sp-1/2/0");
	struct looker k = { .hops = g.p.hops };
	assert_int_equal(pthread_create(&thread, NULL, look, &k), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned n = 0; n < 8; n++) {
			struct addr remote = addr_number((i * 7 + n * 5) % PEERS + 1);
			hops_want(&g.p, &local, &remote);
		}
		test_now_ms += HOP_IDLE_S * 1000 / 4;
		hops_age(&g.p);
		atomic_store(&k.epoch, g.p.epoch);
		hops_reclaim(g.p.hops, atomic_load(&k.seen));
	}
	atomic_store(&k.is_stopping, true);
	pthread_join(thread, NULL);
	assert_int_equal(k.n_wrong, 0);
	assert_true(g.p.epoch > 100);
	gw_done(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_packet_uses_is_given_up),
		cmocka_unit_test(what_goes_by_the_raw_socket_is_used_too),
		cmocka_unit_test(what_has_no_answer_is_asked_for_again),
		cmocka_unit_test(a_full_table_has_room_again),
		cmocka_unit_test(a_worker_may_look_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
