/* SPDX-License-Identifier: BSD-2-Clause
 *
 * order_test.c - what a UDP socket does not take leaves by the raw one without losing its place.
 *
 * Receivers keep small windows: a packet that leaves late is lost. The UDP socket here cannot send to where
 * it should, so everything ends up at the raw one; the test looks at what waits. Nothing runs beside it.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "lib/msg/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* It knows no IPv4 addresses. */
static int
other_socket(void)
{
	static const int on = 1;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
	return fd;
}

static void
lab_make(struct lab *l)
{
	static const char *const ports[] = { "local-port", "4500", "remote-port", "4500", NULL };
	static const char *const leaves[] = { "kind", "natt", "address", "192.0.2.1", "family", "4",
		"queue", "0", NULL };
	lab_init(l, "udp");
	gw_give(&l->a, MSG_SOCKET, other_socket(), leaves);
	gw_sync(&l->a);
	lab_must_add(&l->a, true, "2001", false, ports);
	struct worker *w = l->a.p.workers[0];
	w->snap = atomic_load(&w->published);
	w->now_ms = test_now_ms;
}

static const struct path *
path_of(struct lab *l)
{
	return &l->a.p.snap->paths[lab_tunnel(&l->a)->slot];
}

/* Seals a packet. */
static void
one(struct lab *l)
{
	struct worker *w = l->a.p.workers[0];
	struct pkt *p = pkt_get(w->pool);
	p->len = (uint32_t)udp4(pkt_data(p), "10.1.0.1", "10.2.0.1", 100, 0, 9);
	p->user = (void *)(uintptr_t)path_of(l);
	p->sa = path_out(path_of(l));
	seal_take(w, p);
	seal_flush(w);
}

/* How many packets the raw socket has sent. */
static unsigned
raw_count(struct lab *l)
{
	uint8_t octets[2000];
	unsigned n = 0;
	int fd = gw_port(&l->b, PORT_RAW)->fd;
	while (recv(fd, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void
refused_train_leaves_at_once(void **state)
{
	struct lab l;
	(void)state;
	lab_make(&l);
	struct worker *w = l.a.p.workers[0];
	for (unsigned i = 0; i < 3; i++)
		one(&l);
	assert_int_equal(w->udp.n_pkts, 3);
	send_udp_flush(w);
	assert_int_equal(raw_count(&l), 3);
	w->snap = NULL;
	lab_done(&l);
}

static void
fragment_keeps_its_place(void **state)
{
	struct lab l;
	(void)state;
	lab_make(&l);
	struct worker *w = l.a.p.workers[0];
	one(&l);
	struct pkt *p = pkt_get(w->pool);
	p->len = (uint32_t)udp4(pkt_data(p), "192.0.2.1", "192.0.2.2", 100, 0, 9);
	p->family = ADDR_V4;
	p->user = (void *)(uintptr_t)path_of(&l);
	assert_int_equal(w->udp.n_pkts, 1);
	send_chain(w, p);
	assert_int_equal(w->udp.n_pkts, 0); /* the one before */
	(void)raw_count(&l);
	one(&l);
	assert_int_equal(w->udp.n_pkts, 1);
	assert_int_equal(raw_count(&l), 1); /* before that */
	send_flush(w);
	assert_int_equal(raw_count(&l), 1);
	w->snap = NULL;
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_train_leaves_at_once),
		cmocka_unit_test(fragment_keeps_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
