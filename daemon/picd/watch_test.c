/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watch_test.c - packets that somebody watches: what is shown, how a watch ends, what happens when there are too many.
 */
#include "daemon/picd/watch.h"

#include "daemon/picd/tap.h"
#include "daemon/picd/test_gw.h"
#include "daemon/picd/worker_priv.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/msg/row.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* One tunnel without a DF bit of its own, for 10.1/16 to 10.2/16. */
static const char terms[] = "      term t\n"
			    "        from\n"
			    "          source-address 10.1.0.0/16:\n"
			    "          destination-address 10.2.0.0/16:\n"
			    "        then\n"
			    "          remote-gateway 192.0.2.2\n"
			    "          manual\n"
			    "            direction bidirectional\n"
			    "              protocol esp\n"
			    "              spi 300\n"
			    "              authentication\n"
			    "                algorithm hmac-sha1-96\n"
			    "                key:\n"
			    "                  ascii-text 01234567890123456789\n";

struct lab {
	struct gw g;
	struct arena *a;
	int unit;
	int wire; /* what it sends */
};

static void
lab_init(struct lab *l)
{
	gw_init(&l->g, "sp-1/2/0");
	l->a = arena_new();
	assert_null(gw_commit(&l->g, gw_conf(NULL, "192.0.2.1", terms)));
	l->unit = gw_unit(&l->g, "sp-1/2/0.1");
	l->wire = gw_give_pair(
	    &l->g, MSG_SOCKET, (const char *[]){ "kind", "send4", "family", "4", NULL });
	gw_sync(&l->g);
}

static void
lab_done(struct lab *l)
{
	gw_done(&l->g);
	close(l->unit);
	close(l->wire);
	arena_free(l->a);
}

static void
ask(struct lab *l, uint32_t seq, const char *rpc, const char *const *leaves)
{
	struct elem *e = elem_new(l->a, rpc);
	for (; *leaves != NULL; leaves += 2)
		elem_leaf(l->a, e, leaves[0], leaves[1]);
	struct ipc_msg m = { .type = MSG_RPC, .seq = seq, .body = e, .fd = -1 };
	control_mgd(&l->g.p, &m);
}

/* The next message of the answer; type 0: there is none. */
static struct ipc_msg
hear(struct lab *l)
{
	struct ipc_msg m = { 0 };
	struct pollfd p = { .fd = l->g.mgd_fd, .events = POLLIN };
	for (int i = 0; poll(&p, 1, 0) == 0 && i < 10; i++)
		uv_run(&l->g.p.daemon.loop, UV_RUN_NOWAIT);
	if (poll(&p, 1, 0) > 0)
		assert_int_equal(ipc_recv_blocking(l->g.mgd_fd, l->a, &m), 0);
	return m;
}

/* The next row, called NAME. */
static const struct elem *
row(struct lab *l, const char *name)
{
	struct ipc_msg m = hear(l);
	assert_int_equal(m.type, MSG_ROW);
	assert_string_equal(m.body->name, name);
	return m.body;
}

static void
step(struct lab *l, const char *what, const char *reason)
{
	const struct elem *e = row(l, "packet-trace-step");
	assert_string_equal(elem_value(e, "trace-step"), what);
	if (reason != NULL)
		assert_string_equal(elem_value(e, "drop-reason"), reason);
	else
		assert_null(elem_value(e, "drop-reason"));
}

static void
packet(struct lab *l, const char *from, const char *to, size_t len, uint16_t frag)
{
	static uint8_t p[4096];
	size_t n = udp4(p, from, to, len, frag, 9);
	assert_int_equal(write(l->unit, p, n), (ssize_t)n);
	gw_turns(&l->g);
}

static const char *const trace_all[] = { "interface", "sp-1/2/0", "count", "2", NULL };
static const char *const unit1[] = { "interface", "sp-1/2/0.1", NULL };

static void
a_trace_has_every_step_and_ends(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l);
	packet(&l, "10.1.0.1", "10.2.0.1", 40, 0);
	assert_null(l.g.p.taps); /* nobody watches: nothing is there */
	ask(&l, 7, "monitor-packet-trace", trace_all);
	assert_string_equal(
	    elem_value(row(&l, "packet-trace-begin"), "interface-name"), "sp-1/2/0");
	packet(&l, "10.1.0.1", "10.2.0.1", 40, 0);
	packet(&l, "10.1.0.1", "10.9.0.1", 40, 0);
	packet(&l, "10.1.0.1", "10.2.0.1", 40, 0); /* one too many */
	watch_look(&l.g.p);
	step(&l, "arrived", NULL);
	const struct elem *e = row(&l, "packet-trace-step");
	assert_string_equal(elem_value(e, "trace-step"), "matched");
	assert_string_equal(elem_value(e, "sa-term-name"), "t");
	assert_string_equal(elem_value(e, "sa-spi"), "300");
	e = row(&l, "packet-trace-step");
	assert_string_equal(elem_value(e, "trace-step"), "sent");
	assert_string_equal(elem_value(e, "sequence-number"), "2");
	assert_string_equal(elem_value(e, "destination-address"), "192.0.2.2");
	step(&l, "arrived", NULL);
	step(&l, "dropped", "no-rule");
	assert_int_equal(hear(&l).type, 0);
	test_now_ms += 1000; /* all steps have been taken */
	watch_look(&l.g.p);
	assert_string_equal(elem_value(row(&l, "packet-trace-end"), "packets-shown"), "2");
	assert_int_equal(hear(&l).type, MSG_RPC_DONE);
	packet(&l, "10.1.0.1", "10.9.0.1", 40, 0);
	assert_int_equal(hear(&l).type, 0);
	lab_done(&l);
}

static void
drops_say_why(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l);
	ask(&l, 7, "monitor-packet-trace",
	    (const char *[]){ "interface", "sp-1/2/0", "source-prefix", "10.1.0.0/24", NULL });
	row(&l, "packet-trace-begin");
	packet(&l, "10.1.7.1", "10.2.0.1", 40, 0); /* not of the prefix */
	packet(&l, "10.1.0.1", "10.2.0.1", 1600, 0x4000);
	watch_look(&l.g.p);
	step(&l, "arrived", NULL);
	step(&l, "matched", NULL);
	const struct elem *e = row(&l, "packet-trace-step");
	assert_string_equal(elem_value(e, "drop-reason"), "exceeds-tunnel-mtu");
	assert_int_not_equal(atoi(elem_value(e, "told-mtu")), 0);
	assert_string_equal(elem_value(e, "packet-number"), "1");
	/* a fragment that overlaps another one */
	packet(&l, "10.1.0.1", "10.2.0.1", 400, 0x2000);
	packet(&l, "10.1.0.1", "10.2.0.1", 400, 0x2001);
	watch_look(&l.g.p);
	step(&l, "arrived", NULL);
	step(&l, "arrived", NULL);
	step(&l, "dropped", "fragment-overlap");
	lab_done(&l);
}

static void
too_many_packets_are_lost_and_counted(void **state)
{
	(void)state;
	enum { N = TAP_SLOTS };
	struct lab l;
	lab_init(&l);
	ask(&l, 7, "monitor-traffic",
	    (const char *[]){ "interface", "sp-1/2/0.1", "count", "512", NULL });
	row(&l, "monitor-begin");
	for (unsigned i = 0; i < N; i++) { /* two records each */
		uint8_t out[4096];
		packet(&l, "10.1.0.1", "10.2.0.1", 40, 0);
		assert_true(recv(l.wire, out, sizeof(out), MSG_DONTWAIT) > 0);
	}
	watch_look(&l.g.p);
	for (unsigned i = 0; i < N; i++) {
		const struct elem *e = row(&l, "monitored-packet");
		assert_string_equal(elem_value(e, "packet-layer"), i % 2 == 0 ? "inner" : "outer");
		assert_string_equal(elem_value(e, "interface-name"), "sp-1/2/0.1");
	}
	assert_string_equal(elem_value(row(&l, "monitor-end"), "packets-lost"), "512");
	assert_int_equal(hear(&l).type, MSG_RPC_DONE);
	lab_done(&l);
}

static void
watches_end_when_nobody_listens(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < TAP_WATCHES; i++) {
			ask(&l, 10 + i, "monitor-traffic", unit1);
			row(&l, "monitor-begin");
		}
		ask(&l, 99, "monitor-traffic", unit1);
		struct ipc_msg m = hear(&l);
		assert_int_equal(m.type, MSG_RPC_DONE);
		assert_string_equal(elem_value(m.body, "status"), "error");
		for (uint32_t i = 0; i < TAP_WATCHES; i++) {
			m = (struct ipc_msg){ .type = MSG_RPC_STOP, .seq = 10 + i, .fd = -1 };
			control_mgd(&l.g.p, &m);
			assert_int_equal(hear(&l).type, MSG_RPC_DONE);
		}
		assert_null(l.g.p.watches);
		ask(&l, 98, "monitor-traffic", unit1); /* the worker may still look */
		assert_int_equal(hear(&l).type, MSG_RPC_DONE);
		packet(&l, "10.1.0.1", "10.2.0.1", 40, 0); /* now it does not */
	}
	lab_done(&l);
}

static void
idle_workers_let_go_of_filters(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l);
	for (uint32_t i = 0; i < TAP_WATCHES; i++) {
		ask(&l, 10 + i, "monitor-traffic", unit1);
		row(&l, "monitor-begin");
	}
	gw_turns(&l.g);
	struct worker *w = l.g.p.workers[0];
	struct pollfd p = { .fd = w->wake_fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	watch_stop(&l.g.p, 10);
	assert_int_equal(hear(&l).type, MSG_RPC_DONE);
	assert_int_equal(poll(&p, 1, 0), 1); /* no packet needs to come */
	worker_turn(w, -1);
	ask(&l, 20, "monitor-traffic", unit1);
	row(&l, "monitor-begin");
	lab_done(&l);
}

static void
requests_are_judged(void **state)
{
	(void)state;
	static const struct {
		const char *leaves[5];
		const char *status;
	} rows[] = {
		{ { "count", "1" }, "error" }, /* no interface */
		{ { "interface", "sp-1/2/0", "count", "x" }, "error" },
		{ { "interface", "sp-1/2/0", "spi", "0x1ffffffff" }, "error" },
		{ { "interface", "sp-1/2/0", "source-prefix", "10.0.0.0/33" }, "error" },
		{ { "interface", "sp-1/3/0", "count", "1" }, "ok" }, /* another picd's */
		{ { "interface", "sp-1/2/00", "count", "1" }, "ok" },
	};
	struct lab l;
	lab_init(&l);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(&l, 7, "monitor-packet-trace", rows[i].leaves);
		struct ipc_msg m = hear(&l);
		assert_int_equal(m.type, MSG_RPC_DONE);
		assert_string_equal(elem_value(m.body, "status"), rows[i].status);
	}
	ask(&l, 7, "monitor-packet-trace", trace_all);
	row(&l, "packet-trace-begin");
	test_now_ms += 6000; /* mgd shall not think that we hang */
	watch_look(&l.g.p);
	row(&l, ROW_ALIVE);
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_has_every_step_and_ends),
		cmocka_unit_test(drops_say_why),
		cmocka_unit_test(too_many_packets_are_lost_and_counted),
		cmocka_unit_test(watches_end_when_nobody_listens),
		cmocka_unit_test(idle_workers_let_go_of_filters),
		cmocka_unit_test(requests_are_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
