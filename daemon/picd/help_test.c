/* SPDX-License-Identifier: BSD-2-Clause
 *
 * help_test.c - a helper that stops in the middle takes nothing away and gives nothing back too soon.
 *
 * The test is the thread that owns the SA, and by setting the state of a task also the helper. Nothing runs beside it.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "lib/esp/cut.h"
#include "lib/esp/sa.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/super.h"
#include "lib/msg/msg.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

enum { GSO_SIZE = 600, PAYLOAD_LEN = 60000, VNET = 10, MANY = 60 };

static bool is_socket_full;
static unsigned n_refused;

ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (!is_socket_full)
		return __real_sendmsg(fd, m, flags);
	n_refused++;
	errno = EAGAIN;
	return -1;
}

/* Begins a turn of W, but reads nothing. */
static void
turn_begin(struct worker *w)
{
	w->snap = atomic_load(&w->published);
	w->now_ms = test_now_ms;
}

/* A superpacket that belongs on the dynamic SA of G, to be sealed by W. */
static struct pkt *
super_make(struct gw *g, struct worker *w)
{
	static uint8_t plain[SEG_PACKET_MAX];
	static const struct seg_spec spec = {
		.family = 4,
		.proto = 6,
		.host = 1,
		.flags = 0x10,
		.ttl = 64,
		.payload_len = PAYLOAD_LEN,
	};
	uint8_t vnet[VNET];
	const uint8_t *octets = plain;
	size_t len = seg_build(&spec, plain);
	struct pkt *p = pkt_get(w->pool);
	assert_non_null(p);
	p->len = (uint32_t)seg_join(&octets, &len, 1, pkt_data(p));
	seg_vnet(pkt_data(p), GSO_SIZE, vnet);
	assert_int_equal(cut_read(p, vnet, VNET), DROP_NONE);
	const struct path *path = &w->snap->paths[lab_tunnel(g)->slot];
	p->user = (void *)(uintptr_t)path;
	p->sa = path_out(path);
	assert_non_null(p->sa);
	return p;
}

/* Makes tasks of a superpacket's trains; returns how many. */
static unsigned
tasks_make(struct gw *g, struct worker *w)
{
	struct super s;
	struct super_job job;
	struct pkt *p = super_make(g, w);
	assert_true(super_start(w->esp, &s, p, SUPER_WHOLE));
	unsigned left = s.n_jobs;
	while (super_next(w->esp, &s, &job))
		help_train(w, &job, --left == 0 ? p : NULL);
	return s.n_jobs;
}

/* The superpacket whose first train is lost is being read as long as its helper is at work. */
static void
lost_train_keeps_its_superpacket(void **state)
{
	struct lab l;
	(void)state;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1001", "2001", lab_plain);
	struct worker *w = l.a.p.workers[0];
	size_t left = pkt_pool_left(w->pool);
	for (unsigned n_lost = 1; n_lost <= 2; n_lost++) {
		turn_begin(w);
		uint32_t at = atomic_load(&w->tasks.head);
		assert_int_equal(tasks_make(&l.a, w), 2);
		for (unsigned i = 0; i < n_lost; i++)
			atomic_store(&w->tasks.ring[(at + i) % TASKS_MAX].state, TASK_CLAIMED);
		help_work(w);
		assert_false(help_is_none(w));
		for (unsigned i = 0; i < n_lost; i++) {
			test_now_ms += 2 * LATE_MS;
			w->now_ms = test_now_ms;
			help_work(w);
		}
		assert_true(help_is_none(w));
		send_flush(w);
		assert_int_equal(pkt_pool_left(w->pool), left - 1 - n_lost);
		for (unsigned i = n_lost; i-- > 0;) {
			struct task *t = &w->tasks.ring[(at + i) % TASKS_MAX];
			super_crypt(w->esp, t->train);
			atomic_store(&t->state, TASK_DONE);
			help_work(w);
			assert_int_equal(pkt_pool_left(w->pool), i > 0 ? left - 1 - i : left);
		}
	}
	w->snap = NULL;
	lab_done(&l);
}

/* More comes in a turn than there is room for, and all helpers are quick: the owner makes room. */
static void
full_ring_loses_nothing(void **state)
{
	struct lab l;
	(void)state;
	test_n_workers = 2;
	test_help_ns = 1;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1001", "2001", lab_plain);
	struct worker *w = l.a.p.workers[owner_of(1001, 2)];
	struct worker *other = l.a.p.workers[1 - w->p.index];
	turn_begin(w);
	struct pkt *p = super_make(&l.a, w);
	assert_int_equal(owner_of(sa_home(p->sa), 2), w->p.index);
	pkt_put(w->pool, p);
	atomic_store(&other->is_asleep, true);
	w->turn_octets = 0;
	w->ns_per_kib = 1000;
	uint64_t before = wstat_get(&w->stat, WSTAT_OUT_PACKETS);
	for (unsigned i = 0; i < MANY; i++)
		seal_take(w, super_make(&l.a, w));
	seal_flush(w);
	help_work(w);
	send_flush(w);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_LATE), 0);
	assert_int_equal(
	    wstat_get(&w->stat, WSTAT_OUT_PACKETS) - before, MANY * (PAYLOAD_LEN / GSO_SIZE));
	w->snap = NULL;
	test_n_workers = 1;
	test_help_ns = UINT64_MAX;
	lab_done(&l);
}

/* All that waits is with helpers who do not come back: a superpacket is lost, and counted as what it is. */
static void
late_superpacket_is_many(void **state)
{
	struct lab l;
	(void)state;
	test_n_workers = 2;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1001", "2001", lab_plain);
	struct worker *w = l.a.p.workers[owner_of(1001, 2)];
	turn_begin(w);
	for (unsigned i = 0; i < TASKS_MAX; i += 2)
		assert_int_equal(tasks_make(&l.a, w), 2);
	for (unsigned i = 0; i < TASKS_MAX; i++)
		atomic_store(&w->tasks.ring[i].state, TASK_CLAIMED);
	assert_int_equal(help_room(w), 0);
	seal_take(w, super_make(&l.a, w));
	seal_flush(w);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_LATE), PAYLOAD_LEN / GSO_SIZE);
	for (unsigned i = 0; i < TASKS_MAX; i++)
		atomic_store(&w->tasks.ring[i].state, TASK_DONE);
	help_work(w); /* nobody has computed anything: no packets */
	assert_true(help_is_none(w));
	w->snap = NULL;
	test_n_workers = 1;
	lab_done(&l);
}

/* A ring to another worker that is full loses a superpacket, which is counted as what it is. */
static void
full_ring_counts_segments(void **state)
{
	struct lab l;
	(void)state;
	test_n_workers = 2;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1001", "2001", lab_plain);
	struct worker *w = l.a.p.workers[1 - owner_of(1001, 2)];
	turn_begin(w);
	struct ring *r = &w->crew->rings[w->p.index * 2 + (1 - w->p.index)];
	r->in_next += RING_LEN;
	hand_out(w, super_make(&l.a, w), 1 - w->p.index, lab_tunnel(&l.a)->slot);
	assert_int_equal(gw_drops(&l.a, NULL, DROP_HAND_OVER), PAYLOAD_LEN / GSO_SIZE);
	r->in_next -= RING_LEN;
	w->snap = NULL;
	test_n_workers = 1;
	lab_done(&l);
}

/* The kernel's buffer is full: a train is lost and counted as what it is, and nothing goes another way. */
static void
full_socket_counts_segments(void **state)
{
	static const char *const ports[] = { "local-port", "4500", "remote-port", "4500", NULL };
	static const char *const leaves[] = { "kind", "natt", "address", "192.0.2.1", "family", "4",
		"queue", "0", NULL };
	struct lab l;
	(void)state;
	lab_init(&l, "udp");
	gw_give(&l.a, MSG_SOCKET, socket(AF_INET, SOCK_DGRAM, 0), leaves);
	gw_sync(&l.a);
	lab_must_add(&l.a, true, "2001", false, ports);
	struct worker *w = l.a.p.workers[0];
	size_t left = pkt_pool_left(w->pool);
	turn_begin(w);
	is_socket_full = true;
	seal_take(w, super_make(&l.a, w));
	seal_flush(w);
	send_flush(w);
	is_socket_full = false;
	assert_true(n_refused > 0);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_SEND_FULL), PAYLOAD_LEN / GSO_SIZE);
	assert_int_equal(pkt_pool_left(w->pool), left);
	w->snap = NULL;
	lab_done(&l);
}

/* Somebody is stopped in the middle of a packet. */
static struct stall {
	pthread_t thread; /* only this one */
	_Atomic bool is_on;
	_Atomic bool has_come;
	_Atomic bool is_over;
} stall;

int __real_EVP_CipherUpdate(
    EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in, int len);
int __wrap_EVP_CipherUpdate(
    EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in, int len);

int
__wrap_EVP_CipherUpdate(
    EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in, int len)
{
	if (atomic_load(&stall.is_on) && pthread_equal(pthread_self(), stall.thread)) {
		atomic_store(&stall.has_come, true);
		while (!atomic_load(&stall.is_over))
			sched_yield();
	}
	return __real_EVP_CipherUpdate(ctx, out, out_len, in, len);
}

static void *
stalled_helper(void *arg)
{
	stall.thread = pthread_self();
	atomic_store(&stall.is_on, true);
	assert_true(help_others(arg));
	return NULL;
}

/* A helper that is stopped inside OpenSSL holds nothing that the owner needs to seal more packets of the SA. */
static void
stalled_helper_holds_nobody(void **state)
{
	struct lab l;
	pthread_t thread;
	(void)state;
	test_n_workers = 2;
	test_engine = ESP_ENGINE_OPENSSL;
	lab_init(&l, "esp");
	static const char *const gcm[] = { "encryption", "aes-128-gcm", "encryption-key",
		"202122232425262728292a2b2c2d2e2f30313233", "authentication", "none",
		"authentication-key", "", NULL };
	lab_pair_add(&l, "1001", "2001", gcm);
	struct worker *w = l.a.p.workers[owner_of(1001, 2)];
	struct worker *other = l.a.p.workers[1 - w->p.index];
	size_t left = pkt_pool_left(w->pool);
	turn_begin(w);
	assert_int_equal(tasks_make(&l.a, w), 2);
	assert_int_equal(pthread_create(&thread, NULL, stalled_helper, other), 0);
	while (!atomic_load(&stall.has_come))
		sched_yield();
	uint64_t before = wstat_get(&w->stat, WSTAT_OUT_PACKETS);
	help_work(w); /* the other train */
	assert_false(help_is_none(w));
	test_now_ms += 2 * LATE_MS;
	w->now_ms = test_now_ms;
	help_work(w);
	assert_true(help_is_none(w));
	seal_take(w, super_make(&l.a, w));
	seal_flush(w);
	assert_int_equal(
	    wstat_get(&w->stat, WSTAT_OUT_PACKETS) - before, PAYLOAD_LEN / GSO_SIZE * 3 / 2);
	atomic_store(&stall.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	help_work(w);
	send_flush(w);
	assert_int_equal(pkt_pool_left(w->pool), left);
	w->snap = NULL;
	test_n_workers = 1;
	test_engine = ESP_ENGINE_FASTEST;
	lab_done(&l);
}

/* An SA that was made anew takes its number over once, also while the worker has not let go of the snapshot before. */
static void
numbers_are_inherited_once(void **state)
{
	struct lab l;
	struct sa_counts before;
	struct sa_counts after;
	uint8_t octets[300];
	(void)state;
	lab_init(&l, "esp");
	struct worker *w = l.a.p.workers[0];
	struct assoc *a = smap_find(&l.a.p.assocs.by_name, "ss/r/m");
	const struct sa *old = a->out.sa;
	size_t n = udp4(octets, "172.16.1.1", "10.9.9.9", 100, 0, 9);
	assert_int_equal(write(l.in_a, octets, n), (ssize_t)n);
	gw_turns(&l.a);
	struct task *t = &w->tasks.ring[TASKS_MAX - 1]; /* of a helper that has not come back */
	t->is_lost = true;
	t->kind = TASK_IN;
	t->n = 0;
	t->generation = atomic_load(&w->seen);
	atomic_store(&t->state, TASK_CLAIMED);
	atomic_store(&w->tasks.n_lost, 1);
	assert_null(gw_commit(&l.a, lab_conf(1, 3, "")));
	gw_turns(&l.a);
	assert_ptr_not_equal(a->out.sa, old);
	sa_count(a->out.sa, &before);
	assert_int_equal(before.seq, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(write(l.in_a, octets, n), (ssize_t)n);
		gw_turns(&l.a);
	}
	sa_count(a->out.sa, &after);
	assert_int_equal(after.seq, 4);
	atomic_store(&t->state, TASK_DONE);
	gw_turns(&l.a);
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_train_keeps_its_superpacket),
		cmocka_unit_test(full_ring_loses_nothing),
		cmocka_unit_test(late_superpacket_is_many),
		cmocka_unit_test(full_ring_counts_segments),
		cmocka_unit_test(full_socket_counts_segments),
		cmocka_unit_test(stalled_helper_holds_nobody),
		cmocka_unit_test(numbers_are_inherited_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
