/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guest_test.c - whoever reads a port: nothing is lost, nothing comes twice, and numbers leave in their order.
 *
 * The test is all workers, and stops each of them wherever it likes. Nothing runs beside it. What leaves gateway A is looked
 * at where B would receive it, or B is the gateway in question and what A has sealed is its traffic.
 */
#include "daemon/picd/test_lab.h"
#include "daemon/picd/worker_priv.h"
#include "lib/esp/sa.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { HDR_SEQ = 24, FRAG_MORE = 0x2000 };

/* N workers; the owner of the outbound SA of A shares the port of its unit, the others are guests. */
struct crew_lab {
	struct lab l;
	struct worker *owner;
	struct worker *guests[2];
	const struct port *port;
	uint32_t last; /* number of those that have left */
	size_t left[3];
};

static void
turn_begin(struct worker *w)
{
	w->snap = atomic_load(&w->published);
	w->now_ms = test_now_ms;
}

/* W shares PORT, as if it had much to do. */
static void
share(struct worker *w, const struct port *port)
{
	w->ns_per_kib = 1 << 20;
	w->turn_octets = 1 << 10;
	guest_open(w, port);
	assert_true(w->shares);
}

static void
setup(struct crew_lab *c, unsigned n)
{
	*c = (struct crew_lab){ 0 };
	test_n_workers = n;
	test_help_ns = 1;
	lab_init(&c->l, "esp");
	lab_pair_add(&c->l, "1000", "2000", lab_plain);
	struct worker **all = c->l.a.p.workers;
	for (unsigned i = 0; i < n; i++)
		turn_begin(all[i]);
	const struct path *path = &all[0]->snap->paths[lab_tunnel(&c->l.a)->slot];
	unsigned owner = owner_of(sa_home(path_out(path)), n);
	c->owner = all[owner];
	for (unsigned i = 1; i < n; i++) {
		c->guests[i - 1] = all[(owner + i) % n];
		atomic_store(&c->guests[i - 1]->is_asleep, true);
	}
	for (unsigned i = 0; i < n; i++)
		c->left[i] = pkt_pool_left(all[i]->pool);
	c->port = gw_port(&c->l.a, PORT_UNIT);
	share(c->owner, c->port);
	for (unsigned i = 1; i < n; i++)
		atomic_store(&c->guests[i - 1]->is_asleep, false);
}

/* Ends sharing; everything has come back. */
static void
teardown(struct crew_lab *c)
{
	if (c->owner->shares)
		guest_close(c->owner);
	help_work(c->owner);
	assert_true(worker_is_idle(c->owner));
	for (unsigned i = 0; i < test_n_workers; i++) {
		struct worker *w = c->l.a.p.workers[i];
		assert_int_equal(pkt_pool_left(w->pool), c->left[i]);
		assert_true(help_is_home(w));
		assert_ptr_equal(w->host, w);
		w->snap = NULL;
	}
	lab_done(&c->l);
}

static void
clear_send(struct crew_lab *c, unsigned n)
{
	uint8_t octets[300];
	size_t len = udp4(octets, "10.1.0.1", "10.2.0.1", 100, 0, 9);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(write(c->l.in_a, octets, len), (ssize_t)len);
}

/* How many have left; in order, and none is missing between. */
static unsigned
sealed(struct crew_lab *c)
{
	uint8_t octets[2000];
	unsigned n = 0;
	int fd = gw_port(&c->l.b, PORT_RAW)->fd;
	while (recv(fd, octets, sizeof(octets), MSG_DONTWAIT) > 0) {
		uint32_t seq;
		memcpy(&seq, octets + HDR_SEQ, sizeof(seq));
		assert_int_equal(ntohl(seq), ++c->last);
		n++;
	}
	return n;
}

/* G has read all that there is, and made tasks of it. */
static void
guest_batch(struct worker *g, struct worker *host)
{
	uint32_t held;
	assert_true(guest_take(g, host, &held));
	bool has_more = guest_read(g, host);
	assert_true(guest_make(g, host, held, has_more));
}

/* The owner reads a batch; it has the token then. */
static void
owner_batch(struct crew_lab *c)
{
	guest_back(c->owner);
	(void)rx_device_batch(c->owner, c->port, worker_lane(c->owner, c->port->tag));
	seal_flush(c->owner);
}

static void
pass_on(struct worker *w)
{
	token_give(&w->tasks.making);
}

/* A guest that is stopped before it computes keeps nobody from working, and nothing overtakes it. */
static void
batches_leave_in_their_order(void **state)
{
	struct crew_lab c;
	uint32_t held;
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	assert_false(guest_take(g, c.owner, &held)); /* it is the owner's */
	pass_on(c.owner);
	clear_send(&c, 5);
	guest_batch(g, c.owner);
	assert_true(atomic_load(&c.owner->tasks.is_over)); /* it has found the end */
	clear_send(&c, 7);
	owner_batch(&c);
	pass_on(c.owner);
	help_own(c.owner);
	finish_tasks(c.owner, c.owner, true);
	assert_int_equal(sealed(&c), 0);
	guest_leave(g); /* it is there again */
	assert_int_equal(sealed(&c), 5);
	assert_false(finish_is_due(g, c.owner, false)); /* the rest is the owner's, */
	assert_true(finish_is_due(g, c.owner, true));   /* but not for ever */
	finish_tasks(g, c.owner, true);
	assert_int_equal(sealed(&c), 7);
	assert_int_equal(wstat_get(&c.owner->stat, WSTAT_HELPS_TAKEN), 1);
	assert_int_equal(wstat_get(&g->stat, WSTAT_HELPS_GIVEN), 1);
	guest_back(c.owner);
	teardown(&c);
}

/* What a guest has computed but not let go is finished by who has nothing better to do. */
static void
stopped_before_finishing(void **state)
{
	struct crew_lab c;
	(void)state;
	setup(&c, 2);
	pass_on(c.owner);
	clear_send(&c, 5);
	guest_batch(c.guests[0], c.owner);
	help_own(c.guests[0]);
	assert_false(finish_is_due(c.owner, c.owner, false));
	finish_tasks(c.owner, c.owner, false);
	assert_int_equal(sealed(&c), 0);
	assert_false(help_is_home(c.guests[0]));
	finish_tasks(c.owner, c.owner, true);
	assert_int_equal(sealed(&c), 5);
	assert_true(help_is_home(c.guests[0]));
	guest_leave(c.guests[0]);
	guest_back(c.owner);
	teardown(&c);
}

/* One that is stopped while its packets leave is waited for LATE_MS; it lets go of what it uses when it is there again. */
static void
stopped_while_packets_leave(void **state)
{
	struct crew_lab c;
	struct finishing f;
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	pass_on(c.owner);
	clear_send(&c, 5);
	guest_batch(g, c.owner);
	help_own(g);
	assert_true(finish_try(c.owner, g->p.index));
	assert_true(finish_begin(g, c.owner, false, &f));
	clear_send(&c, 3);
	owner_batch(&c);
	help_work(c.owner);
	assert_int_equal(sealed(&c), 0);
	test_now_ms += 2 * LATE_MS;
	c.owner->now_ms = test_now_ms;
	c.last = 5;
	help_work(c.owner);
	assert_int_equal(sealed(&c), 3);
	assert_false(help_is_home(g));
	finish_end(g, c.owner, &f);
	assert_int_equal(sealed(&c), 0);
	assert_int_equal(gw_drops(&c.l.a, "ss", DROP_LATE), 5);
	help_work(c.owner);
	assert_true(help_is_home(g));
	guest_leave(g);
	teardown(&c);
}

/* One that is stopped while it reads loses the token; what it has read comes to the owner, once. */
static void
stopped_while_it_reads(void **state)
{
	struct crew_lab c;
	uint32_t held;
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	pass_on(c.owner);
	clear_send(&c, 5);
	assert_true(guest_take(g, c.owner, &held));
	assert_false(guest_read(g, c.owner));
	clear_send(&c, 7);
	owner_batch(&c); /* after a while */
	assert_false(guest_make(g, c.owner, held, true));
	guest_leave(g);
	assert_false(guest_take(g, c.owner, &held));
	assert_true(help_is_home(g));
	help_own(c.owner);
	finish_tasks(c.owner, c.owner, false);
	assert_int_equal(sealed(&c), 7);
	guest_close(c.owner);
	assert_true(hand_waits(c.owner));
	hand_take(c.owner);
	hand_taken(c.owner);
	seal_flush(c.owner);
	help_work(c.owner);
	send_flush(c.owner);
	assert_int_equal(sealed(&c), 5);
	teardown(&c);
}

/* A guest in another picture of the world stays away. */
static void
other_snapshots_are_no_guests(void **state)
{
	struct crew_lab c;
	uint32_t held;
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	pass_on(c.owner);
	assert_null(gw_commit(&c.l.a, lab_conf(1, 2, "")));
	const struct snap *old = g->snap;
	turn_begin(g);
	assert_ptr_not_equal(g->snap, old);
	uint32_t before = atomic_load(&c.owner->tasks.making);
	assert_false(guest_take(g, c.owner, &held));
	assert_int_equal(atomic_load(&c.owner->tasks.making) & TOKEN_HOLDER, 0);
	assert_int_not_equal(atomic_load(&c.owner->tasks.making), before);
	guest_back(c.owner);
	guest_close(c.owner);
	assert_false(guest_others(g));
	teardown(&c);
}

/* A guest that has the token for a moment only, since it is not welcome, wakes the owner that has begun to wait for it. */
static void
who_stays_away_wakes_the_owner(void **state)
{
	struct crew_lab c;
	uint32_t held;
	(void)state;
	setup(&c, 2);
	pass_on(c.owner);
	atomic_store(&c.owner->tasks.is_over, true); /* just before it had the token */
	atomic_store(&c.owner->tasks.is_missed, true);
	atomic_store(&c.owner->is_asleep, true);
	assert_false(guest_take(c.guests[0], c.owner, &held));
	assert_false(atomic_load(&c.owner->is_asleep));
	atomic_store(&c.owner->tasks.is_missed, false);
	guest_back(c.owner);
	teardown(&c);
}

/* Who waits for a guest may hear of a snapshot, but takes it up in his next turn: he does not go to sleep before. */
static void
snapshots_are_not_slept_over(void **state)
{
	struct crew_lab c;
	uint32_t held;
	(void)state;
	setup(&c, 2);
	struct pollfd wake = { .fd = c.owner->wake_fd, .events = POLLIN };
	pass_on(c.owner);
	assert_true(guest_take(c.guests[0], c.owner, &held)); /* and is stopped */
	assert_null(gw_commit(&c.l.a, lab_conf(1, 2, "")));
	assert_int_equal(poll(&wake, 1, 0), 1);
	guest_back(c.owner);
	assert_int_equal(poll(&wake, 1, 0), 0);
	guest_share(c.owner, c.port, worker_lane(c.owner, c.port->tag));
	assert_int_equal(poll(&wake, 1, 0), 1);
	assert_false(guest_make(c.guests[0], c.owner, held, true));
	guest_leave(c.guests[0]);
	teardown(&c);
}

/* Numbers that a guest has given are inherited, and what its tasks use is not freed before they have left. */
static void
commit_comes_between(void **state)
{
	struct crew_lab c;
	struct sa_counts counts;
	uint8_t octets[300];
	(void)state;
	setup(&c, 2);
	struct assoc *m = smap_find(&c.l.a.p.assocs.by_name, "ss/r/m");
	const struct sa *old = m->out.sa;
	struct worker *owner = c.l.a.p.workers[owner_of(sa_home(old), 2)];
	struct worker *g = c.l.a.p.workers[1 - owner->p.index];
	if (owner != c.owner) {
		guest_close(c.owner);
		c.guests[0] = c.owner;
		c.owner = owner;
		atomic_store(&g->is_asleep, true);
		share(owner, c.port);
		atomic_store(&g->is_asleep, false);
	}
	pass_on(owner);
	size_t n = udp4(octets, "172.16.1.1", "10.9.9.9", 100, 0, 9);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(write(c.l.in_a, octets, n), (ssize_t)n);
	guest_batch(g, owner);
	help_own(g);
	g->host = g;
	g->shares = false;
	guest_back(owner);
	guest_close(owner);
	uint64_t generation = owner->snap->generation;
	assert_null(gw_commit(&c.l.a, lab_conf(1, 3, "")));
	assert_ptr_not_equal(m->out.sa, old);
	worker_turn(
	    g, 0); /* nothing of it is at the head for others; it finishes what is its own */
	assert_true(help_is_home(g));
	assert_true(worker_seen(g) > generation);
	worker_turn(owner, 0);
	sa_count(m->out.sa, &counts);
	assert_int_equal(counts.seq, 4);
	gw_turns(&c.l.a);
	turn_begin(owner);
	turn_begin(g);
	teardown(&c);
}

/* As long as a guest's tasks are in the ring it holds on to what they use, also when its turn has ended. */
static void
guest_keeps_what_it_uses(void **state)
{
	struct crew_lab c;
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	pass_on(c.owner);
	clear_send(&c, 2);
	uint64_t generation = g->snap->generation;
	owner_batch(&c); /* ahead of it, and not computed */
	pass_on(c.owner);
	clear_send(&c, 2);
	guest_batch(g, c.owner);
	guest_leave(g);
	guest_back(c.owner);
	guest_close(c.owner);
	assert_null(gw_commit(&c.l.a, lab_conf(1, 2, "")));
	for (unsigned i = 0; i < 3; i++)
		worker_turn(g, 0);
	assert_true(g->is_out && g->holds_back);
	assert_int_equal(worker_seen(g), generation);
	help_work(c.owner);
	assert_int_equal(sealed(&c), 4);
	worker_turn(g, 0);
	assert_true(worker_seen(g) > generation);
	turn_begin(g);
	teardown(&c);
}

/* Fragments meet at the owner's, and what comes behind them does not overtake them. */
static void
fragments_meet_at_the_owners(void **state)
{
	struct crew_lab c;
	uint8_t octets[300];
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	pass_on(c.owner);
	clear_send(&c, 1);
	size_t n = udp4(octets, "10.1.0.1", "10.2.0.1", 96, FRAG_MORE, 9);
	assert_int_equal(write(c.l.in_a, octets, n), (ssize_t)n);
	n = udp4(octets, "10.1.0.1", "10.2.0.1", 96, (uint16_t)((n - 20) / 8), 9);
	assert_int_equal(write(c.l.in_a, octets, n), (ssize_t)n);
	clear_send(&c, 2);
	guest_batch(g, c.owner);
	guest_leave(g);
	assert_int_equal(sealed(&c), 1);
	assert_true(atomic_load(&c.owner->tasks.is_over));
	guest_back(c.owner);
	guest_close(c.owner);
	assert_false(hand_is_past(c.owner, c.port)); /* nobody reads on before */
	hand_take(c.owner);
	hand_taken(c.owner);
	assert_true(hand_is_past(c.owner, c.port));
	seal_flush(c.owner);
	help_work(c.owner);
	send_flush(c.owner);
	assert_int_equal(sealed(&c), 3);
	assert_int_equal(gw_drops(&c.l.a, NULL, DROP_FRAG_TIMEOUT), 0);
	teardown(&c);
}

/* One that says that it is whole loses its header at the owner's, like any that the owner has read. */
static void
lonely_fragments_lose_their_header(void **state)
{
	/* to the documentation prefix, which no rule knows; a fragment header around no next header */
	static const uint8_t lonely[48] = { 0x60, [5] = 8, 44, 64, 0x20, 1, 0xd, 0xb8, [23] = 1,
		0x20, 1, 0xd, 0xb8, [39] = 2, 59 };
	struct crew_lab c;
	(void)state;
	setup(&c, 2);
	pass_on(c.owner);
	assert_int_equal(write(c.l.in_a, lonely, sizeof(lonely)), sizeof(lonely));
	guest_batch(c.guests[0], c.owner);
	guest_leave(c.guests[0]);
	assert_true(hand_waits(c.owner));
	guest_back(c.owner);
	guest_close(c.owner);
	hand_take(c.owner);
	hand_taken(c.owner);
	assert_int_equal(gw_drops(&c.l.a, "ss", DROP_NO_RULE), 1);
	teardown(&c);
}

/* No room in the owner's ring: what does not fit comes to the owner by hand, and in its order. */
static void
no_room_loses_nothing(void **state)
{
	struct crew_lab c;
	uint32_t held;
	(void)state;
	setup(&c, 2);
	struct worker *g = c.guests[0];
	clear_send(&c, 10);
	pass_on(c.owner);
	assert_true(guest_take(g, c.owner, &held));
	bool has_more = guest_read(g, c.owner);
	struct task *t = &c.owner->tasks.ring[c.owner->tasks.tail % TASKS_MAX];
	atomic_store(&t->is_lost, true); /* somebody is still there */
	assert_true(guest_make(g, c.owner, held, has_more));
	atomic_store(&t->is_lost, false);
	guest_leave(g);
	assert_int_equal(sealed(&c), 0);
	assert_true(help_is_home(g));
	guest_back(c.owner);
	guest_close(c.owner);
	assert_false(hand_is_past(c.owner, c.port));
	hand_take(c.owner);
	hand_taken(c.owner);
	seal_flush(c.owner);
	help_work(c.owner);
	send_flush(c.owner);
	assert_int_equal(sealed(&c), 10);
	teardown(&c);
}

static void
two_guests(void **state)
{
	struct crew_lab c;
	(void)state;
	setup(&c, 3);
	pass_on(c.owner);
	clear_send(&c, 3);
	guest_batch(c.guests[0], c.owner);
	atomic_store(&c.owner->tasks.is_over, false); /* more has come */
	clear_send(&c, 4);
	guest_batch(c.guests[1], c.owner);
	clear_send(&c, 5);
	owner_batch(&c);
	pass_on(c.owner);
	help_own(c.owner);
	finish_tasks(c.owner, c.owner, false);
	guest_leave(c.guests[1]);
	assert_int_equal(sealed(&c), 0);
	guest_leave(c.guests[0]);
	assert_int_equal(sealed(&c), 3);
	finish_tasks(c.guests[1], c.owner, false);
	assert_int_equal(sealed(&c), 4);
	finish_tasks(c.owner, c.owner, false);
	assert_int_equal(sealed(&c), 5);
	guest_back(c.owner);
	teardown(&c);
}

/* How many have come out of B. */
static unsigned
opened(struct crew_lab *c)
{
	uint8_t octets[2000];
	unsigned n = 0;
	while (recv(c->l.in_b, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

/* Protected packets: a guest opens those of the owner, and gives it those of others, its own among them. */
static void
guests_open_what_is_the_owners(void **state)
{
	struct crew_lab c;
	(void)state;
	setup(&c, 2);
	clear_send(&c, 30);
	guest_close(c.owner);
	rx_device(c.owner, c.port, worker_lane(c.owner, c.port->tag));
	seal_flush(c.owner);
	help_work(c.owner);
	send_flush(c.owner);
	struct worker **all = c.l.b.p.workers;
	const struct port *raw = gw_port(&c.l.b, PORT_RAW);
	turn_begin(all[0]);
	turn_begin(all[1]);
	struct worker *owner = all[owner_of(2000, 2)];
	struct worker *other = all[1 - owner->p.index];
	size_t left = pkt_pool_left(other->pool);
	atomic_store(&other->is_asleep, true);
	share(owner, raw);
	atomic_store(&other->is_asleep, false);
	pass_on(owner);
	guest_batch(other, owner);
	assert_int_equal(opened(&c), 0);
	guest_leave(other);
	assert_int_equal(opened(&c), 30);
	guest_back(owner);
	guest_close(owner);
	assert_int_equal(pkt_pool_left(other->pool), left);

	clear_send(&c, 30);
	rx_device(c.owner, c.port, worker_lane(c.owner, c.port->tag));
	seal_flush(c.owner);
	help_work(c.owner);
	send_flush(c.owner);
	left = pkt_pool_left(owner->pool);
	atomic_store(&owner->is_asleep, true);
	share(other, raw); /* now that one is the guest whose SA it is */
	atomic_store(&owner->is_asleep, false);
	pass_on(other);
	guest_batch(owner, other);
	guest_leave(owner);
	assert_int_equal(opened(&c), 0);
	guest_back(other);
	guest_close(other);
	hand_take(other);
	hand_taken(other);
	hand_flush(other);
	assert_int_equal(opened(&c), 0);
	hand_take(owner);
	hand_taken(owner);
	inbound_flush(owner);
	help_work(owner);
	deliver_flush(owner);
	assert_int_equal(opened(&c), 30);
	assert_int_equal(pkt_pool_left(owner->pool), left);
	all[0]->snap = NULL;
	all[1]->snap = NULL;
	teardown(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_leave_in_their_order),
		cmocka_unit_test(stopped_before_finishing),
		cmocka_unit_test(stopped_while_packets_leave),
		cmocka_unit_test(stopped_while_it_reads),
		cmocka_unit_test(other_snapshots_are_no_guests),
		cmocka_unit_test(who_stays_away_wakes_the_owner),
		cmocka_unit_test(snapshots_are_not_slept_over),
		cmocka_unit_test(commit_comes_between),
		cmocka_unit_test(guest_keeps_what_it_uses),
		cmocka_unit_test(fragments_meet_at_the_owners),
		cmocka_unit_test(lonely_fragments_lose_their_header),
		cmocka_unit_test(no_room_loses_nothing),
		cmocka_unit_test(two_guests),
		cmocka_unit_test(guests_open_what_is_the_owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
