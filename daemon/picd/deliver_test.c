/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deliver_test.c - a kernel that knows no superpackets of UDP gets single packets, after one attempt.
 *
 * The test is that kernel: it stands where writev() is.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "lib/esp/seg_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <cmocka.h>

enum { GSO_TYPE = 1, GSO_UDP_L4 = 5, FEW = 4 };

static unsigned n_written;
static unsigned n_refused;

ssize_t __wrap_writev(int fd, const struct iovec *iov, int n);

ssize_t
__wrap_writev(int fd, const struct iovec *iov, int n)
{
	const uint8_t *vnet = iov[0].iov_base;
	(void)fd;
	assert_true(n >= 2);
	if (vnet[GSO_TYPE] == GSO_UDP_L4) {
		n_refused++;
		errno = EINVAL;
		return -1;
	}
	n_written++;
	return 1;
}

/* Packets of one flow that would be one superpacket. */
static void
some(struct lab *l, struct worker *w, const struct port *port)
{
	struct seg_spec spec = {
		.family = 4, .proto = 17, .host = 1, .ttl = 9, .frag = 0x4000, .payload_len = 100
	};
	for (unsigned i = 0; i < FEW; i++) {
		struct pkt *p = seg_pkt(w->esp, &spec);
		p->user = (void *)(uintptr_t)&w->snap->paths[lab_tunnel(&l->a)->slot];
		deliver_take(w, port, p);
	}
	deliver_flush(w);
}

static void
old_kernel_gets_single_packets(void **state)
{
	static struct port port = { .kind = PORT_UNIT, .fd = -1, .vnet_header = 10 };
	struct lab l;
	(void)state;
	lab_init(&l, "esp");
	struct worker *w = l.a.p.workers[0];
	w->snap = atomic_load(&w->published);
	some(&l, w, &port);
	assert_int_equal(n_refused, 1);
	assert_int_equal(n_written, 0);
	some(&l, w, &port);
	assert_int_equal(n_refused, 1);
	assert_int_equal(n_written, FEW);
	w->snap = NULL;
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_kernel_gets_single_packets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
