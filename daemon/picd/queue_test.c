/* SPDX-License-Identifier: BSD-2-Clause
 *
 * queue_test.c - each queue of a device belongs to one worker, which reads it and writes to it, in whatever order they come.
 *
 * The kernel gives the answers of a flow to the queue that the flow was written to: if another worker reads that, every
 * packet has to be handed over. Without threads; each worker takes a turn when it is told.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "lib/esp/sa.h"
#include "lib/msg/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { QUEUES = 3 };

static int
queue_give(struct gw *g, const char *queue)
{
	const char *leaves[] = { "unit", "sp-1/2/0.1", "role", "unit", "queue", queue, NULL };
	int fd = gw_give_pair(g, MSG_DEVICE, leaves);
	gw_sync(g);
	return fd;
}

/* How many packets worker I has read from devices since it was asked before. */
static uint64_t
reads(struct gw *g, unsigned i)
{
	static uint64_t before[QUEUES];
	uint64_t now = wstat_get(worker_stat(g->p.workers[i]), WSTAT_READS);
	uint64_t n = now - before[i];
	before[i] = now;
	return n;
}

static void
queues_are_read_by_who_writes_to_them(void **state)
{
	static const char *const numbers[QUEUES] = { "0", "1", "2" };
	struct gw g;
	int fds[QUEUES];
	uint8_t p[300];
	(void)state;
	test_n_workers = QUEUES;
	gw_init(&g, "sp-1/2/0");
	assert_null(gw_commit(&g, lab_conf(1, 2, "")));
	/* one before the others, which are published each by itself; what came first has another place in the table */
	close(gw_give_pair(&g, MSG_SOCKET,
	    (const char *[]){ "kind", "send", "protocol", "50", "family", "4", NULL }));
	for (unsigned i = 0; i < QUEUES; i++)
		fds[i] = queue_give(&g, numbers[i]);
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 100, 0, 9);
	for (unsigned k = 0; k < QUEUES; k++)
		(void)reads(&g, k);
	for (unsigned i = 0; i < QUEUES; i++) {
		const struct port *port = port_find_unit(&g.p.ports, "sp-1/2/0.1", i);
		assert_ptr_equal(g.p.snap->paths[0].deliver[i], port);
		assert_int_equal(write(fds[i], p, n), (ssize_t)n);
		gw_turns(&g);
		for (unsigned k = 0; k < QUEUES; k++)
			assert_int_equal(reads(&g, k), k == i);
	}
	for (unsigned i = 0; i < QUEUES; i++)
		close(fds[i]);
	gw_done(&g);
}

static void
swallow(int fd)
{
	uint8_t p[300];
	while (recv(fd, p, sizeof(p), MSG_DONTWAIT) > 0)
		;
}

/* What was handed over before a device is waited for, but not when that is so long ago that the places have gone round. */
static void
device_waits_for_what_comes_first(void **state)
{
	struct lab l;
	(void)state;
	test_n_workers = 2;
	lab_init(&l, "esp");
	const struct worker *w = l.a.p.workers[1];
	const struct port *port = port_find_unit(&l.a.p.ports, "sp-1/2/0.1", 0);
	uint32_t out = w->crew->rings[1].out_next; /* from 0 to 1 */
	atomic_store(&port->own->giver, 0);
	port->own->behind = out + 1;
	assert_false(hand_is_past(w, port));
	port->own->behind = out + RING_LEN;
	assert_false(hand_is_past(w, port));
	port->own->behind = out;
	assert_true(hand_is_past(w, port));
	atomic_store(&port->own->giver, 0);
	port->own->behind = out - INT32_MAX - 2U;
	assert_true(hand_is_past(w, port));
	assert_int_equal(atomic_load(&port->own->giver), PORT_NOBODY);
	lab_done(&l);
}

/* All belongs to one worker: at last that one reads it. */
static void
queue_goes_to_whose_packets_it_brings(void **state)
{
	struct lab l;
	uint8_t p[300];
	(void)state;
	test_n_workers = QUEUES;
	lab_init(&l, "esp");
	int fds[QUEUES] = { l.in_a, queue_give(&l.a, "1"), queue_give(&l.a, "2") };
	lab_must_add(&l.a, true, "2001", false, lab_plain);
	struct sa *out = path_out(&l.a.p.snap->paths[lab_tunnel(&l.a)->slot]);
	unsigned owner = owner_of(sa_home(out), QUEUES);
	unsigned other = (owner + 1) % QUEUES;
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 100, 0, 9);
	for (unsigned i = 0; i <= STRANGE_MAX + 2; i++) {
		assert_int_equal(write(fds[other], p, n), (ssize_t)n);
		gw_turns(&l.a);
		gw_turns(&l.b);
		swallow(l.in_b);
	}
	for (unsigned k = 0; k < QUEUES; k++)
		(void)reads(&l.a, k);
	for (unsigned i = 0; i < QUEUES; i++)
		assert_int_equal(write(fds[i], p, n), (ssize_t)n);
	gw_turns(&l.a);
	for (unsigned k = 0; k < QUEUES; k++)
		assert_int_equal(reads(&l.a, k), k == owner ? 2 : k == other ? 0 : 1);
	/* another number of workers: all begin again */
	publish_workers(&l.a.p, 1);
	publish_now(&l.a.p, (struct assoc_retired){ 0 });
	for (unsigned i = 0; i < 4; i++)
		gw_turns(&l.a);
	assert_int_equal(write(fds[other], p, n), (ssize_t)n);
	gw_turns(&l.a);
	assert_int_equal(reads(&l.a, 0), 1);
	close(fds[1]);
	close(fds[2]);
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_are_read_by_who_writes_to_them),
		cmocka_unit_test(device_waits_for_what_comes_first),
		cmocka_unit_test(queue_goes_to_whose_packets_it_brings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
