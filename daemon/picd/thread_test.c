/* SPDX-License-Identifier: BSD-2-Clause
 *
 * thread_test.c - SAs come and go while workers run in threads of their own: no packet may be lost, nothing freed too soon.
 *
 * Two gateways, a stream of packets from one to the other, and renewals of its SAs as fast as they go, each only as careful
 * as kmd is: first what receives, then what sends, then the old ones away.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "daemon/picd/workers.h"
#include "daemon/picd/wstat.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { RENEWALS = 400, PACKETS = 8, WAIT_MS = 5000 };

struct stream {
	struct lab lab;
	unsigned n_sent;
	unsigned n_taken;
};

/* What the main threads of both do when a worker has notified them. */
static void
care(struct stream *l)
{
	struct gw *ends[] = { &l->lab.a, &l->lab.b };
	for (unsigned i = 0; i < 2; i++) {
		publish_reclaim(&ends[i]->p);
		kmd_notified(&ends[i]->p);
		uv_run(&ends[i]->p.daemon.loop, UV_RUN_NOWAIT);
	}
}

static void
take_all(struct stream *l)
{
	uint8_t p[300];
	while (recv(l->lab.in_b, p, sizeof(p), MSG_DONTWAIT) > 0)
		l->n_taken++;
}

static void
send_some(struct stream *l)
{
	uint8_t p[300];
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 200, 0, 9);
	for (unsigned i = 0; i < PACKETS; i++) {
		assert_int_equal(write(l->lab.in_a, p, n), (ssize_t)n);
		l->n_sent++;
	}
}

/* Waits until all that was sent so far has arrived. */
static void
arrive(struct stream *l)
{
	struct pollfd p = { .fd = l->lab.in_b, .events = POLLIN };
	take_all(l);
	for (int waited = 0; l->n_taken < l->n_sent && waited < WAIT_MS; waited++) {
		care(l);
		(void)poll(&p, 1, 1);
		take_all(l);
	}
	assert_int_equal(l->n_taken, l->n_sent);
}

static void
add(struct stream *l, struct gw *g, bool is_out, unsigned spi, bool is_b)
{
	char text[16];
	const char *leaves[GW_LEAVES_MAX];
	snprintf(text, sizeof(text), "%u", spi);
	gw_sa_leaves(leaves, is_out, text, is_b, (const char *[]){ NULL });
	gw_kmd_say(g, MSG_SA_ADD, spi, leaves);
	for (int waited = 0; waited < WAIT_MS; waited++) {
		struct arena *a = arena_new();
		care(l);
		struct ipc_msg m = gw_kmd_hear(g, a);
		bool is_done = m.type == MSG_SA_DONE;
		if (is_done)
			assert_string_equal(elem_value(m.body, "status"), "ok");
		arena_free(a);
		if (is_done)
			return;
		usleep(1000);
	}
	fail_msg("no answer");
}

static void
renew(struct stream *l, unsigned i)
{
	struct assoc *a = assoc_of_kmd(&l->lab.a.p.assocs, l->lab.a.p.conf, "ss/r/d");
	struct assoc *b = assoc_of_kmd(&l->lab.b.p.assocs, l->lab.b.p.conf, "ss/r/d");
	send_some(l);
	add(l, &l->lab.b, false, 1000 + i, true);
	send_some(l);
	add(l, &l->lab.a, true, 1000 + i, false);
	send_some(l);
	if (i == 0)
		return;
	assert_true(dynamic_del(&l->lab.a.p, a, SA_OUT, 999 + i));
	arrive(l); /* what the old one has sealed */
	send_some(l);
	assert_true(dynamic_del(&l->lab.b.p, b, SA_IN, 999 + i));
	send_some(l);
	if (i % 37 == 0) { /* another number of workers: every SA may get another owner */
		publish_workers(&l->lab.a.p, 1 + i % l->lab.a.p.n_workers);
		publish_workers(&l->lab.b.p, 1 + i % l->lab.b.p.n_workers);
		publish_now(&l->lab.a.p, (struct assoc_retired){ 0 });
		publish_now(&l->lab.b.p, (struct assoc_retired){ 0 });
	}
	if (i % 50 == 0) { /* a commit in between builds a snapshot */
		assert_null(gw_commit(&l->lab.a, lab_conf(1, 2, "")));
		assert_null(gw_commit(&l->lab.b, lab_conf(2, 1, "")));
	}
	care(l);
}

/* Every packet is worth help. */
static void
help_always(struct gw *g)
{
	for (unsigned i = 0; i < g->p.n_workers; i++)
		g->p.workers[i]->ns_per_kib = 1 << 20;
}

static uint64_t
counted(const struct lab *l, enum wstat_id id)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < l->a.p.n_workers; i++)
		n += wstat_get(worker_stat(l->a.p.workers[i]), id) +
		     wstat_get(worker_stat(l->b.p.workers[i]), id);
	return n;
}

static void
renewals_run(unsigned n_workers, bool is_helped)
{
	static struct stream l;
	l = (struct stream){ 0 };
	test_n_workers = n_workers;
	test_help_ns = is_helped ? 0 : UINT64_MAX;
	lab_init(&l.lab, "esp");
	if (is_helped) {
		help_always(&l.lab.a);
		help_always(&l.lab.b);
	}
	for (unsigned i = 0; i < n_workers; i++) {
		assert_int_equal(worker_start(l.lab.a.p.workers[i]), 0);
		assert_int_equal(worker_start(l.lab.b.p.workers[i]), 0);
	}
	add(&l, &l.lab.b, false, 500, true);
	add(&l, &l.lab.a, true, 500, false);
	for (unsigned i = 0; i < RENEWALS; i++)
		renew(&l, i);
	arrive(&l);
	printf("%u workers: %u packets, %llu handed over, %llu times helped, %d renewals, %llu "
	       "snapshots\n",
	    n_workers, l.n_sent, (unsigned long long)counted(&l.lab, WSTAT_HANDED_OVER),
	    (unsigned long long)counted(&l.lab, WSTAT_HELPS_TAKEN), RENEWALS,
	    (unsigned long long)l.lab.a.p.generation);
	assert_int_equal(counted(&l.lab, WSTAT_HELPS_TAKEN), counted(&l.lab, WSTAT_HELPS_GIVEN));
	if (is_helped)
		assert_true(counted(&l.lab, WSTAT_HELPS_TAKEN) > 0);
	lab_done(&l.lab);
}

static void
renewals_lose_nothing_while_workers_run(void **state)
{
	(void)state;
	renewals_run(1, false);
}

/* Whoever reads a packet, each SA has one owner. */
static void
renewals_lose_nothing_between_workers(void **state)
{
	(void)state;
	renewals_run(2, false);
	renewals_run(3, false);
}

/* Whoever computes and finishes what, nothing is lost, nothing comes twice, and receivers have small windows. */
static void
renewals_lose_nothing_with_help(void **state)
{
	(void)state;
	renewals_run(2, true);
	renewals_run(3, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewals_lose_nothing_while_workers_run),
		cmocka_unit_test(renewals_lose_nothing_between_workers),
		cmocka_unit_test(renewals_lose_nothing_with_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
