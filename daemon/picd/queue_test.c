/* SPDX-License-Identifier: BSD-2-Clause
 *
 * queue_test.c - each queue of a device belongs to one worker, which reads it and writes to it, in whatever order they come.
 *
 * The kernel gives the answers of a flow to the queue that the flow was written to: if another worker reads that, every
 * packet has to be handed over. Without threads; each worker takes a turn when it is told.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
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
	uint64_t n = wstat_get(worker_stat(g->p.workers[i]), WSTAT_READS) - before[i];
	before[i] += n;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_are_read_by_who_writes_to_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
