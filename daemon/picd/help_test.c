/* SPDX-License-Identifier: BSD-2-Clause
 *
 * help_test.c - a helper that stops in the middle takes nothing away and gives nothing back too soon.
 *
 * The test is the thread that owns the SA, and by setting the state of a task also the helper. Nothing runs beside it.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "lib/esp/cut.h"
#include "lib/esp/job.h"
#include "lib/esp/sa.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/super.h"
#include "lib/msg/msg.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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
	static const struct seg_spec spec = {
		.family = 4,
		.proto = 6,
		.host = 1,
		.flags = 0x10,
		.ttl = 64,
		.payload_len = PAYLOAD_LEN,
	};
	uint8_t vnet[VNET];
	struct pkt *p = pkt_get(w->pool);
	assert_non_null(p);
	p->len = (uint32_t)seg_super(&spec, GSO_SIZE, pkt_data(p), vnet);
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

/* While sockets come and go a guest may have one for trains that the owner does not have, and the owner lets them go all the
 * same. */
static void
owner_without_a_socket(void **state)
{
	static const char *const ports[] = { "local-port", "4500", "remote-port", "4500", NULL };
	static const char *const leaves[] = { "kind", "natt", "address", "192.0.2.1", "family", "4",
		"queue", "0", NULL };
	struct lab l;
	uint8_t octets[2000];
	unsigned n = 0;
	(void)state;
	test_n_workers = 2;
	lab_init(&l, "udp");
	gw_give(&l.a, MSG_SOCKET, socket(AF_INET, SOCK_DGRAM, 0), leaves);
	gw_sync(&l.a);
	lab_must_add(&l.a, true, "2001", false, ports);
	struct worker *guest = l.a.p.workers[0];
	struct worker *owner = l.a.p.workers[1];
	turn_begin(guest);
	turn_begin(owner);
	size_t left = pkt_pool_left(guest->pool);
	guest->host = owner;
	guest->shares = true;
	seal_take(guest, super_make(&l.a, guest));
	seal_flush(guest);
	help_own(guest);
	guest->host = guest;
	guest->shares = false;
	finish_tasks(owner, owner, true);
	while (recv(gw_port(&l.b, PORT_RAW)->fd, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		n++;
	assert_int_equal(n, PAYLOAD_LEN / GSO_SIZE);
	assert_true(help_is_none(owner));
	assert_int_equal(pkt_pool_left(guest->pool), left);
	guest->snap = NULL;
	owner->snap = NULL;
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
	assert_int_equal(wstat_get(&w->stat, WSTAT_OUT_PACKETS) - before, PAYLOAD_LEN / GSO_SIZE);
	assert_int_equal(gw_drops(&l.a, NULL, DROP_LATE), PAYLOAD_LEN / GSO_SIZE / 2);
	atomic_store(&stall.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	help_work(w);
	send_flush(w);
	assert_int_equal(pkt_pool_left(w->pool), left);
	w->snap = NULL;
	lab_done(&l);
}

/* All that waits is with helpers: what other workers have read stays in their rings, as what devices have stays there. */
static void
handed_packets_wait_for_helpers(void **state)
{
	struct lab l;
	char spi[16];
	uint8_t octets[300];
	unsigned number = 1001;
	(void)state;
	while (owner_of(number, 2) != 1)
		number++;
	snprintf(spi, sizeof(spi), "%u", number);
	test_n_workers = 2;
	lab_init(&l, "esp");
	lab_pair_add(&l, spi, "2001", lab_plain);
	struct worker *w = l.a.p.workers[1];
	size_t n = udp4(octets, "10.1.0.1", "10.2.0.1", 100, 0, 9);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(write(l.in_a, octets, n), (ssize_t)n);
	worker_turn(l.a.p.workers[0], 0);
	assert_true(hand_waits(w));
	turn_begin(w);
	for (unsigned i = 0; i < TASKS_MAX; i += 2)
		assert_int_equal(tasks_make(&l.a, w), 2);
	for (unsigned i = 0; i < TASKS_MAX; i++)
		atomic_store(&w->tasks.ring[i].state, TASK_CLAIMED);
	hand_take(w);
	seal_flush(w);
	assert_int_equal(wstat_get(&w->stat, WSTAT_TAKEN_OVER), 0);
	for (unsigned i = 0; i < TASKS_MAX; i++)
		atomic_store(&w->tasks.ring[i].state, TASK_DONE);
	help_work(w);
	assert_true(help_is_none(w));
	hand_take(w);
	seal_flush(w);
	assert_false(hand_waits(w));
	assert_int_equal(wstat_get(&w->stat, WSTAT_TAKEN_OVER), MANY);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_LATE), 0);
	send_flush(w);
	hand_taken(w);
	w->snap = NULL;
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

/* --- who finishes --- */

enum { HDR_SEQ = 24 };

/* What B's raw socket got: sequence numbers, in the order in which the packets left. Returns how many. */
static unsigned
left_in_order(struct lab *l, uint32_t *last)
{
	uint8_t octets[2000];
	unsigned n = 0;
	int fd = gw_port(&l->b, PORT_RAW)->fd;
	while (recv(fd, octets, sizeof(octets), MSG_DONTWAIT) > 0) {
		uint32_t seq;
		memcpy(&seq, octets + HDR_SEQ, sizeof(seq));
		assert_true(ntohl(seq) > *last);
		*last = ntohl(seq);
		n++;
	}
	return n;
}

/* A task of N small packets on the dynamic SA of G. */
static void
burst_make(struct gw *g, struct worker *w, unsigned n)
{
	struct pkt *pkts[BURST_MAX];
	const struct path *path = &w->snap->paths[lab_tunnel(g)->slot];
	for (unsigned i = 0; i < n; i++) {
		pkts[i] = pkt_get(w->pool);
		pkts[i]->len = (uint32_t)udp4(pkt_data(pkts[i]), "10.1.0.1", "10.2.0.1", 100, 0, 9);
		pkts[i]->user = (void *)(uintptr_t)path;
		pkts[i]->sa = path_out(path);
	}
	help_out(w, pkts, n);
}

/* Two workers of A, the first of which owns the outbound SA. */
static void
two_make(struct lab *l, struct worker **owner, struct worker **other)
{
	test_n_workers = 2;
	lab_init(l, "esp");
	lab_pair_add(l, "1000", "2000", lab_plain);
	turn_begin(l->a.p.workers[0]);
	turn_begin(l->a.p.workers[1]);
	const struct path *path = &l->a.p.workers[0]->snap->paths[lab_tunnel(&l->a)->slot];
	*owner = l->a.p.workers[owner_of(sa_home(path_out(path)), 2)];
	*other = l->a.p.workers[1 - (*owner)->p.index];
}

static void
two_done(struct lab *l)
{
	for (unsigned i = 0; i < 2; i++)
		l->a.p.workers[i]->snap = NULL;
	test_n_workers = 1;
	lab_done(l);
}

/* Who computes the head finishes, also what the owner has computed behind it; what a stranger may not finish waits for the
 * owner, and nothing overtakes it. */
static void
anybody_finishes_in_order(void **state)
{
	struct lab l;
	struct worker *owner;
	struct worker *other;
	uint32_t last = 0;
	(void)state;
	two_make(&l, &owner, &other);
	size_t left = pkt_pool_left(owner->pool);
	for (unsigned i = 0; i < 3; i++)
		burst_make(&l.a, owner, 5);
	struct task *head = &owner->tasks.ring[owner->tasks.head % TASKS_MAX];
	atomic_store(&head->state, TASK_CLAIMED);
	help_work(owner);
	assert_int_equal(left_in_order(&l, &last), 0);
	atomic_store(&head->state, TASK_OPEN); /* the helper begins only now */
	assert_true(help_others(other));
	assert_int_equal(left_in_order(&l, &last), 15);
	assert_true(help_is_none(owner));
	assert_int_equal(pkt_pool_left(owner->pool), left);

	burst_make(&l.a, owner, 5);
	head = &owner->tasks.ring[owner->tasks.head % TASKS_MAX];
	unsigned n_trains = tasks_make(&l.a, owner); /* of whole packets: views are the owner's */
	burst_make(&l.a, owner, 5);
	for (unsigned i = 0; i < n_trains + 2; i++)
		assert_true(help_others(other));
	assert_false(help_others(other));
	assert_int_equal(left_in_order(&l, &last), 5);
	assert_true(finish_is_due(owner, owner, true));
	help_work(owner);
	send_flush(owner);
	assert_int_equal(left_in_order(&l, &last), PAYLOAD_LEN / GSO_SIZE + 5);
	assert_int_equal(pkt_pool_left(owner->pool), left);
	assert_int_equal(wstat_get(&owner->stat, WSTAT_HELPS_TAKEN), n_trains + 3);
	assert_int_equal(wstat_get(&other->stat, WSTAT_HELPS_GIVEN), n_trains + 3);
	two_done(&l);
}

/* While packets leave, a finisher is waited for LATE_MS, then the owner goes on; what has not left is counted, nothing
 * is late on the wire, and the memory comes back. */
static void
stopped_finisher_is_left_behind(void **state)
{
	struct lab l;
	struct worker *owner;
	struct worker *other;
	uint32_t last = 0;
	(void)state;
	two_make(&l, &owner, &other);
	size_t left = pkt_pool_left(owner->pool);
	for (unsigned i = 0; i < 2; i++)
		burst_make(&l.a, owner, 5);
	struct task *head = &owner->tasks.ring[owner->tasks.head % TASKS_MAX];
	job_crypt(other->esp, head->job);
	atomic_store(&head->state, TASK_DONE);
	struct finishing f;
	assert_true(finish_try(owner, other->p.index));
	assert_true(finish_begin(other, owner, true, &f));
	assert_int_equal(f.n, 1);
	help_work(owner); /* computes the other one, and does not overtake */
	assert_int_equal(left_in_order(&l, &last), 0);
	assert_false(finish_is_due(owner, owner, true));
	test_now_ms += LATE_MS;
	owner->now_ms = test_now_ms;
	help_work(owner);
	assert_false(help_is_none(owner)); /* not yet too late */
	test_now_ms += LATE_MS;
	owner->now_ms = test_now_ms;
	help_work(owner);
	assert_true(help_is_none(owner));
	assert_int_equal(left_in_order(&l, &last), 5);
	assert_int_equal(last, 10);
	assert_false(worker_is_idle(owner));
	assert_int_equal(pkt_pool_left(owner->pool), left - 5);
	uint64_t generation = UINT64_MAX;
	uint64_t epoch = UINT64_MAX;
	help_oldest(owner, &generation, &epoch);
	assert_int_equal(generation, owner->snap->generation); /* he still uses it */
	finish_end(other, owner, &f);
	assert_int_equal(left_in_order(&l, &last), 0);
	assert_int_equal(gw_drops(&l.a, NULL, DROP_LATE), 5);
	burst_make(&l.a, owner, 5); /* nobody has the token */
	help_work(owner);
	assert_true(worker_is_idle(owner));
	assert_int_equal(left_in_order(&l, &last), 5);
	assert_int_equal(pkt_pool_left(owner->pool), left);
	two_done(&l);
}

/* Nobody may touch the SAs while somebody settles: the owner goes on making tasks until there is no room, and no longer. */
static void
settling_is_waited_for(void **state)
{
	struct lab l;
	struct worker *owner;
	struct worker *other;
	uint32_t last = 0;
	(void)state;
	two_make(&l, &owner, &other);
	burst_make(&l.a, owner, 5);
	struct task *head = &owner->tasks.ring[owner->tasks.head % TASKS_MAX];
	job_crypt(other->esp, head->job);
	atomic_store(&head->state, TASK_DONE);
	uint32_t token = atomic_load(&owner->tasks.token);
	assert_true(finish_try(owner, other->p.index)); /* and is stopped */
	for (unsigned i = 0; i < 4; i++) {
		test_now_ms += 2 * LATE_MS;
		owner->now_ms = test_now_ms;
		help_work(owner);
		assert_false(help_is_none(owner));
	}
	while (help_has_room(owner, 1))
		burst_make(&l.a, owner, 1);
	assert_true(help_is_full(owner));
	assert_int_equal(left_in_order(&l, &last), 0);
	atomic_store(&owner->tasks.token, token);
	help_work(owner);
	assert_true(help_is_none(owner));
	assert_int_equal(left_in_order(&l, &last), 5 + TASKS_MAX - 1);
	two_done(&l);
}

/* Packets leave in the picture that they were prepared in, whatever the finisher has seen by then; it stays as long. */
static void
finisher_may_be_behind_a_commit(void **state)
{
	struct lab l;
	struct worker *owner;
	struct worker *other;
	uint32_t last = 0;
	(void)state;
	two_make(&l, &owner, &other);
	const struct snap *old = owner->snap;
	burst_make(&l.a, owner, 5);
	assert_null(gw_commit(&l.a, lab_conf(1, 2, "")));
	const struct snap *fresh = atomic_load(&other->published);
	assert_ptr_not_equal(fresh, old);
	other->snap = fresh;
	owner->snap = fresh;
	burst_make(&l.a, owner, 5);
	uint64_t generation = fresh->generation;
	uint64_t epoch = UINT64_MAX;
	help_oldest(owner, &generation, &epoch);
	assert_int_equal(generation, old->generation);
	assert_true(help_others(other));
	assert_ptr_equal(other->snap, fresh);
	assert_int_equal(left_in_order(&l, &last), 5);
	assert_true(help_others(other));
	assert_int_equal(left_in_order(&l, &last), 5);
	generation = fresh->generation;
	help_oldest(owner, &generation, &epoch);
	assert_int_equal(generation, fresh->generation);
	two_done(&l);
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
		cmocka_unit_test(owner_without_a_socket),
		cmocka_unit_test(stalled_helper_holds_nobody),
		cmocka_unit_test(handed_packets_wait_for_helpers),
		cmocka_unit_test(numbers_are_inherited_once),
		cmocka_unit_test(anybody_finishes_in_order),
		cmocka_unit_test(stopped_finisher_is_left_behind),
		cmocka_unit_test(settling_is_waited_for),
		cmocka_unit_test(finisher_may_be_behind_a_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
