/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dynamic_test.c - SAs that kmd negotiates, between two whole services PICs: every message, good, wrong, late and repeated.
 *
 * The test is kmd of both ends. Packets run while SAs come and go.
 */
#include "daemon/picd/test_gw.h"
#include "daemon/picd/test_lab.h"
#include "daemon/picd/workers.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
a_packet_without_sa_makes_kmd_hear_of_it_once_a_second(void **state)
{
	(void)state;
	struct lab l;
	struct arena *a = arena_new();
	lab_init(&l, "esp");
	for (int second = 0; second < 3; second++) {
		for (int i = 0; i < 5; i++)
			assert_false(lab_passes(&l));
		struct ipc_msg m = gw_kmd_hear(&l.a, a);
		assert_int_equal(m.type, MSG_ACQUIRE);
		assert_string_equal(elem_value(m.body, "tunnel"), "ss/r/d");
		assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
		test_now_ms += 1000;
	}
	assert_int_equal(gw_drops(&l.a, "ss", DROP_NO_TUNNEL), 15);
	lab_pair_add(&l, "1000", "2000", lab_plain);
	assert_true(lab_passes(&l));
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	lab_done(&l);
	arena_free(a);
}

static void
a_rekey_loses_no_packet(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	assert_true(lab_passes(&l));
	for (unsigned i = 1; i < 40; i++) {
		char a_old[16], b_old[16], a_new[16], b_new[16];
		snprintf(a_old, sizeof(a_old), "%u", 999 + i);
		snprintf(b_old, sizeof(b_old), "%u", 1999 + i);
		snprintf(a_new, sizeof(a_new), "%u", 1000 + i);
		snprintf(b_new, sizeof(b_new), "%u", 2000 + i);
		lab_must_add(&l.a, false, a_new, false, lab_plain);
		assert_true(lab_passes(&l));
		lab_must_add(&l.b, false, b_new, true, lab_plain);
		lab_must_add(&l.a, true, b_new, false, lab_plain);
		assert_true(
		    lab_passes(&l)); /* A sends with the new one, B still with the old one */
		lab_must_add(&l.b, true, a_new, true, lab_plain);
		assert_int_equal(lab_tunnel(&l.a)->n_sas, 4);
		assert_true(lab_passes(&l));
		lab_sa_del(&l.a, "in", a_old);
		lab_sa_del(&l.a, "out", b_old);
		assert_true(lab_passes(&l));
		lab_sa_del(&l.b, "in", b_old);
		lab_sa_del(&l.b, "out", a_old);
		assert_true(lab_passes(&l));
		assert_int_equal(lab_tunnel(&l.a)->n_sas, 2);
	}
	gw_turns(&l.a);
	assert_int_equal(l.a.p.n_gone, 0); /* all have been freed on the way */
	assert_int_equal(lab_tunnel(&l.a)->ended.esp_out_packets, 39 * 5 - 3);
	assert_int_equal(gw_drops(&l.a, NULL, DROP_NO_SA), 0);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_NO_TUNNEL), 0);
	lab_done(&l);
}

static void
what_ends_takes_no_more_packets(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	lab_pair_add(&l, "1001", "2001", lab_plain);
	lab_sa_del(&l.a, "out", "2001"); /* the one in use: the older one again */
	assert_true(lab_passes(&l));
	lab_sa_del(&l.a, "sideways", "2000"); /* that is lab_plain */
	assert_true(lab_passes(&l));
	lab_sa_del(&l.b, "in", "2000");
	assert_false(lab_passes(&l));
	assert_int_equal(gw_drops(&l.b, NULL, DROP_NO_SA), 1);
	lab_sa_del(&l.a, "out", "2000");
	lab_sa_del(&l.a, "out", "2000"); /* twice */
	lab_sa_del(&l.a, "out", "4711"); /* never there */
	lab_sa_del(&l.a, "in", "2000");
	assert_false(lab_passes(&l));
	assert_int_equal(gw_drops(&l.a, "ss", DROP_NO_TUNNEL), 1);
	gw_kmd_say(&l.b, MSG_SA_DEL, 0, (const char *[]){ "tunnel", "ss/r/d", NULL });
	assert_int_equal(lab_tunnel(&l.b)->n_sas, 0);
	gw_kmd_say(&l.b, MSG_SA_DEL, 0, (const char *[]){ "tunnel", "nobody", NULL });
	lab_done(&l);
}

/* Leaves that are wrong, and what picd says. */
static void
wrong_sas_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *changes[6];
		const char *why;
	} rows[] = {
		{ { "tunnel", "ss/r/x" }, "there is no such tunnel" },
		{ { "tunnel", "" }, "there is no such tunnel" },
		{ { "tunnel", "ss/r/m" }, "this tunnel has no dynamic SAs" },
		{ { "direction", "up" }, "direction, protocol or role is missing" },
		{ { "role", "" }, "direction, protocol or role is missing" },
		{ { "protocol", "tcp" }, "direction, protocol or role is missing" },
		{ { "spi", "" }, "the SPI is missing" },
		{ { "spi", "0x100" }, "the SPI is missing" },
		{ { "spi", "4294967296" }, "the SPI is missing" },
		{ { "protocol", "bundle" }, "the SPI is missing" },
		{ { "spi", "255" }, "the SPI is reserved" },
		{ { "spi", "256" }, "another SA has this SPI" }, /* the manual one */
		{ { "hard", "0" }, "window or lifetimes are missing" },
		{ { "soft", "-1" }, "window or lifetimes are missing" },
		{ { "window", "4097" }, "window or lifetimes are missing" },
		{ { "local-selector", "10.0.0.0/33" }, "a selector is missing" },
		{ { "remote-selector", "" }, "a selector is missing" },
		{ { "remote-selector", "2001:db8::/32" }, "the tunnel is for other nets" },
		{ { "remote", "192.0.2" }, "a gateway or a port is missing" },
		{ { "local", "" }, "a gateway or a port is missing" },
		{ { "local-port", "4500" }, "a gateway or a port is missing" },
		{ { "local-port", "4500", "remote-port", "0" }, "a gateway or a port is missing" },
		{ { "local-port", "4500", "remote-port", "65536" },
		    "a gateway or a port is missing" },
		{ { "local", "192.0.2.9" }, "the tunnel has another local gateway" },
		{ { "remote", "2001:db8::1" }, "the tunnel leads to another gateway" },
		/* what kmd agreed upon before a commit that was faster */
		{ { "remote", "192.0.2.9" }, "the tunnel leads to another gateway" },
		{ { "direction", "out", "remote", "192.0.2.9" },
		    "the tunnel leads to another gateway" },
		{ { "direction", "out", "remote", "192.0.2.9", "local-port", "4500" },
		    "a gateway or a port is missing" },
		{ { "remote-selector", "10.3.0.0/16" }, "the tunnel is for other nets" },
		{ { "remote-selector", "10.0.0.0/8" }, "the tunnel is for other nets" },
		{ { "local-selector", "10.1.0.0/15" }, "the tunnel is for other nets" },
		{ { "local-selector", "0.0.0.0/0" }, "the tunnel is for other nets" },
		{ { "authentication", "md5" }, "an algorithm is unknown" },
		{ { "encryption", "" }, "an algorithm is unknown" },
		{ { "authentication-key", "00" }, "a key has a wrong length" },
		{ { "encryption-key", "zz2122232425262728292a2b2c2d2e2f" },
		    "a key has a wrong length" },
		{ { "encryption", "none", "encryption-key", "", "authentication", "none" },
		    "a key has a wrong length" },
	};
	struct lab l;
	lab_init(&l, "esp");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *changes[7] = { 0 };
		memcpy(changes, rows[i].changes, sizeof(rows[i].changes));
		const char *why = lab_sa_add(&l.a, false, "1000", false, changes);
		if (why == NULL || strcmp(why, rows[i].why) != 0)
			fail_msg("row %zu: %s", i, why != NULL ? why : "taken");
	}
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 0);
	lab_must_add(&l.a, false, "1000", false, lab_plain);
	assert_string_equal(lab_sa_add(&l.a, false, "1000", false, lab_plain),
	    "the tunnel has an SA with this SPI");
	for (unsigned i = 1; i < DYNAMIC_SAS_MAX; i++) {
		char spi[16];
		snprintf(spi, sizeof(spi), "%u", 1000 + i);
		lab_must_add(&l.a, i % 2 == 0, spi, false, lab_plain);
	}
	assert_string_equal(
	    lab_sa_add(&l.a, true, "3000", false, lab_plain), "the tunnel has too many SAs");
	/* messages that are no messages */
	gw_kmd_say(&l.a, MSG_WATCH, 0, (const char *[]){ "tunnel", "ss/r/d", NULL });
	gw_kmd_say(&l.a, MSG_REDUNDANCY, 0, (const char *[]){ "tunnel", "ss/r/d", NULL });
	gw_kmd_say(&l.a, MSG_SA_DEL, 0, lab_plain);
	gw_kmd_say(&l.a, MSG_RPC, 0, lab_plain);
	struct ipc_msg empty = { .type = MSG_SA_ADD, .fd = -1 };
	control_kmd(&l.a.p, &empty);
	gw_kmd_hush(&l.a);
	lab_done(&l);
}

static void
every_protocol_passes(void **state)
{
	(void)state;
	static const char *const rows[][9] = {
		{ "esp", "protocol", "ah", "encryption", "none", "encryption-key", "", NULL },
		{ "ah", "protocol", "ah", "encryption", "none", "encryption-key", "", NULL },
		{ "ah", "protocol", "bundle", "aux-spi", "777", NULL },
		{ "esp", "authentication", "none", "authentication-key", "", NULL },
		{ "esp", "window", "0", NULL },
		{ "esp", "window", "4096", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lab l;
		lab_init(&l, rows[i][0]);
		lab_pair_add(&l, "1000", "2000", rows[i] + 1);
		if (!lab_passes(&l))
			fail_msg("row %zu", i);
		lab_done(&l);
	}
}

static void
esp_in_udp_passes_and_a_nat_may_move(void **state)
{
	(void)state;
	static const char *const behind[] = { "local-port", "4500", "remote-port", "61000", NULL };
	static const char *const server[] = { "local-port", "4500", "remote-port", "4500", NULL };
	static const char *const moved[] = { "local-port", "4500", "remote-port", "4500", "remote",
		"192.0.2.77", NULL };
	struct lab l;
	struct arena *a = arena_new();
	uint8_t p[200];
	lab_init(&l, "udp");
	lab_must_add(&l.a, false, "1000", false, behind);
	lab_must_add(&l.a, true, "2000", false, behind);
	lab_must_add(&l.b, false, "2000", true, server);
	lab_must_add(&l.b, true, "1000", true, server);
	assert_int_equal(lab_pass(&l.b, l.in_b, &l.a, l.in_a, "10.2.0.1", "10.1.0.1"), 128);
	/* what A sends goes to port 61000, and B's SA wants 4500 */
	assert_int_equal(lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1"), 0);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_ENCAPSULATION), 1);
	lab_must_add(&l.a, true, "2001", false, server);
	lab_must_add(&l.b, false, "2001", true, moved); /* it comes from somewhere else */
	assert_int_equal(lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1"), 128);
	/* a stranger's SPI in UDP is told like any other */
	gw_kmd_hush(&l.b);
	size_t n = udp4(p, "192.0.2.9", "192.0.2.2", 40, 0, 9);
	int wire = gw_give_pair(
	    &l.b, MSG_SOCKET, (const char *[]){ "kind", "udp", "address", "192.0.2.2", NULL });
	gw_sync(&l.b);
	assert_int_equal(write(wire, p, n), (ssize_t)n);
	gw_turns(&l.b);
	struct ipc_msg m = gw_kmd_hear(&l.b, a);
	assert_int_equal(m.type, MSG_BAD_SPI);
	assert_string_equal(elem_value(m.body, "protocol"), "esp");
	assert_string_equal(elem_value(m.body, "spi"), "66051");
	assert_string_equal(elem_value(m.body, "local"), "192.0.2.2");
	assert_string_equal(elem_value(m.body, "remote"), "192.0.2.9");
	close(wire);
	lab_done(&l);
	arena_free(a);
}

static void
spis_of_nobody_are_told_ten_times_a_second(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l, "esp");
	lab_must_add(&l.a, true, "2000", false, lab_plain);
	for (int second = 0; second < 2; second++) {
		struct arena *a = arena_new();
		unsigned n = 0;
		test_now_ms += 1000;
		for (int i = 0; i < 30; i++)
			(void)lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1");
		for (struct ipc_msg m = gw_kmd_hear(&l.b, a); m.type != 0;
		     m = gw_kmd_hear(&l.b, a)) {
			assert_int_equal(m.type, MSG_BAD_SPI);
			assert_string_equal(elem_value(m.body, "spi"), "2000");
			n++;
		}
		assert_int_equal(n, 10);
		arena_free(a);
	}
	lab_done(&l);
}

/* Another services interface of B's gateway negotiates, too: what has no SA here may have one there. kmd knows. */
static void
what_a_neighbour_may_have_negotiated_is_not_counted(void **state)
{
	(void)state;
	struct lab l;
	char conf[4200];
	lab_init(&l, "esp");
	lab_must_add(&l.a, true, "2000", false, lab_plain);
	snprintf(conf, sizeof(conf), "%sconf-part picd\nneighbour-dynamic 192.0.2.2\n",
	    lab_conf(2, 1, ""));
	assert_null(gw_commit(&l.b, conf));
	assert_int_equal(lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1"), 0);
	assert_int_equal(gw_drops(&l.b, NULL, DROP_NO_SA), 0);
	assert_int_equal(gw_drops(&l.b, NULL, DROP_UNCLEAR), 0);
	struct arena *a = arena_new();
	struct ipc_msg m = gw_kmd_hear(&l.b, a);
	assert_int_equal(m.type, MSG_BAD_SPI);
	arena_free(a);
	lab_must_add(&l.b, false, "2000", true, lab_plain);
	assert_int_equal(lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1"), 128);
	assert_null(gw_commit(&l.b, lab_conf(2, 1, "")));
	lab_sa_del(&l.b, "in", "2000");
	assert_int_equal(lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1"), 0);
	assert_int_equal(gw_drops(&l.b, NULL, DROP_NO_SA), 1);
	lab_done(&l);
}

static void
policy_and_window_are_checked(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[300];
	uint8_t wire[300];
	lab_init(&l, "esp");
	lab_must_add(
	    &l.b, false, "2000", true, (const char *[]){ "remote-selector", "10.1.9.0/24", NULL });
	lab_must_add(&l.a, true, "2000", false, lab_plain);
	assert_int_equal(lab_pass(&l.a, l.in_a, &l.b, l.in_b, "10.1.0.1", "10.2.0.1"), 0);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_SELECTOR), 1);
	lab_pair_add(&l, "1001", "2001", lab_plain);
	/* the same packet twice */
	int tap = gw_give_pair(&l.a, MSG_SOCKET, (const char *[]){ "kind", "send4", NULL });
	int raw = gw_give_pair(
	    &l.b, MSG_SOCKET, (const char *[]){ "kind", "esp", "address", "192.0.2.2", NULL });
	gw_sync(&l.a);
	gw_sync(&l.b);
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 100, 0, 9);
	assert_int_equal(write(l.in_a, p, n), (ssize_t)n);
	gw_turns(&l.a);
	ssize_t len = recv(tap, wire, sizeof(wire), MSG_DONTWAIT);
	assert_true(len > 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(write(raw, wire, (size_t)len), len);
	gw_turns(&l.b);
	assert_int_equal(recv(l.in_b, p, sizeof(p), MSG_DONTWAIT), (ssize_t)n);
	assert_int_equal(recv(l.in_b, p, sizeof(p), MSG_DONTWAIT), -1);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_REPLAY_SEEN), 2);
	close(tap);
	close(raw);
	lab_done(&l);
}

static void
lifetimes_end_without_kmd(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	test_now_ms += 99 * 1000;
	dynamic_tick(&l.a.p);
	assert_true(lab_passes(&l));
	close(l.a.kmd_fd); /* kmd dies */
	l.a.kmd_fd = -1;
	for (int i = 0; i < 10 && l.a.p.kmd != NULL; i++)
		uv_run(&l.a.p.daemon.loop, UV_RUN_NOWAIT);
	assert_null(l.a.p.kmd);
	assert_true(lab_passes(&l));
	test_now_ms += 1000;
	dynamic_tick(&l.a.p);
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 0);
	assert_false(lab_passes(&l));
	lab_done(&l);
}

static void
the_end_of_the_numbers_is_told_and_is_the_end(void **state)
{
	(void)state;
	struct lab l;
	struct arena *a = arena_new();
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	struct sa *out = dynamic_out(lab_tunnel(&l.a))->sa;
	sa_set_seq(out, UINT32_MAX - DYNAMIC_SEQ_LEFT - 1);
	dynamic_tick(&l.a.p);
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	sa_set_seq(out, UINT32_MAX - DYNAMIC_SEQ_LEFT);
	for (int i = 0; i < 3; i++)
		dynamic_tick(&l.a.p);
	struct ipc_msg m = gw_kmd_hear(&l.a, a);
	assert_int_equal(m.type, MSG_SA_SPENT);
	assert_string_equal(elem_value(m.body, "tunnel"), "ss/r/d");
	assert_string_equal(elem_value(m.body, "spi"), "2000");
	assert_string_equal(elem_value(m.body, "degree"), "soft");
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	sa_set_seq(out, UINT32_MAX - 1);
	assert_true(lab_passes(&l));
	assert_false(lab_passes(&l));
	assert_int_equal(gw_drops(&l.a, "ss", DROP_SEQ_EXHAUSTED), 1);
	dynamic_tick(&l.a.p);
	dynamic_tick(&l.a.p);
	m = gw_kmd_hear(&l.a, a);
	assert_string_equal(elem_value(m.body, "degree"), "hard");
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	lab_done(&l);
	arena_free(a);
}

static void
the_end_of_the_numbers_is_told_to_the_next_kmd(void **state)
{
	(void)state;
	struct lab l;
	struct arena *a = arena_new();
	static const char *const degrees[] = { "soft", "hard" };
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	struct sa *out = dynamic_out(lab_tunnel(&l.a))->sa;
	for (unsigned i = 0; i < 2; i++) {
		sa_set_seq(out, i == 0 ? UINT32_MAX - DYNAMIC_SEQ_LEFT : UINT32_MAX);
		dynamic_tick(&l.a.p); /* what this one hears dies with it */
		kmd_unlink(&l.a.p);
		dynamic_tick(&l.a.p);
		gw_kmd(&l.a);
		gw_kmd_hush(&l.a);
		dynamic_tick(&l.a.p);
		struct ipc_msg m = gw_kmd_hear(&l.a, a);
		assert_int_equal(m.type, MSG_SA_SPENT);
		assert_string_equal(elem_value(m.body, "degree"), degrees[i]);
	}
	lab_done(&l);
	arena_free(a);
}

/* Counts how often kmd hears of silence in N seconds. */
static unsigned
idle_count(struct gw *g, unsigned n)
{
	unsigned told = 0;
	for (unsigned i = 0; i < n; i++) {
		struct arena *a = arena_new();
		test_now_ms += 1000;
		dynamic_tick(&g->p);
		for (struct ipc_msg m = gw_kmd_hear(g, a); m.type != 0; m = gw_kmd_hear(g, a)) {
			assert_int_equal(m.type, MSG_IDLE);
			assert_string_equal(elem_value(m.body, "tunnel"), "ss/r/d");
			told++;
		}
		arena_free(a);
	}
	return told;
}

static void
silence_is_told_to_who_wants_to_hear_it(void **state)
{
	(void)state;
	static const char *const on[] = { "tunnel", "ss/r/d", "interval", "5", NULL };
	static const char *const off[] = { "tunnel", "ss/r/d", "interval", "0", NULL };
	struct lab l;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	assert_int_equal(idle_count(&l.a, 10), 0);
	gw_kmd_say(&l.a, MSG_WATCH, 0, on);
	assert_int_equal(idle_count(&l.a, 4), 0);
	assert_int_equal(idle_count(&l.a, 1), 1);
	assert_int_equal(idle_count(&l.a, 10), 2);
	assert_int_equal(idle_count(&l.a, 4), 0);
	assert_true(lab_passes(&l)); /* both ways: something came in */
	assert_int_equal(idle_count(&l.a, 5), 0);
	assert_int_equal(idle_count(&l.a, 1), 1);
	gw_kmd_say(&l.a, MSG_WATCH, 0, off);
	assert_int_equal(idle_count(&l.a, 20), 0);
	gw_kmd_say(&l.a, MSG_WATCH, 0, on);
	gw_kmd(&l.a); /* the next kmd has not asked */
	gw_kmd_hush(&l.a);
	assert_int_equal(idle_count(&l.a, 20), 0);
	lab_done(&l);
}

static void
a_new_kmd_hears_what_is_held(void **state)
{
	(void)state;
	static const char *const want_out[][2] = { { "tunnel", "ss/r/d" }, { "direction", "out" },
		{ "spi", "2000" }, { "protocol", "bundle" }, { "aux-spi", "900" },
		{ "authentication", "hmac-sha1-96" }, { "encryption", "aes-128-cbc" },
		{ "local", "192.0.2.1" }, { "remote", "192.0.2.2" }, { "window", "64" },
		{ "local-selector", "10.1.0.0/16" }, { "remote-selector", "10.2.0.0/16" },
		{ "role", "initiator" }, { "soft", "60" }, { "hard", "70" }, { "tag", "t1" } };
	struct lab l;
	struct arena *a = arena_new();
	lab_init(&l, "esp");
	lab_must_add(&l.a, false, "1000", false,
	    (const char *[]){ "local-port", "4500", "remote-port", "61000", "soft", "0", NULL });
	lab_must_add(&l.a, true, "2000", false,
	    (const char *[]){ "protocol", "bundle", "aux-spi", "900", NULL });
	test_now_ms += 30000;
	gw_kmd(&l.a);
	struct ipc_msg m = gw_kmd_hear(&l.a, a);
	assert_int_equal(m.type, MSG_SA_HELD);
	assert_string_equal(elem_value(m.body, "direction"), "in");
	assert_string_equal(elem_value(m.body, "remote"), "192.0.2.2");
	assert_string_equal(elem_value(m.body, "local-port"), "4500");
	assert_string_equal(elem_value(m.body, "remote-port"), "61000");
	assert_string_equal(elem_value(m.body, "soft"), "0");
	m = gw_kmd_hear(&l.a, a);
	assert_int_equal(m.type, MSG_SA_HELD);
	for (size_t i = 0; i < sizeof(want_out) / sizeof(want_out[0]); i++)
		assert_string_equal(elem_value(m.body, want_out[i][0]), want_out[i][1]);
	assert_null(elem_value(m.body, "authentication-key"));
	assert_null(elem_value(m.body, "encryption-key"));
	assert_false(elem_has(m.body, "local-port"));
	assert_int_equal(gw_kmd_hear(&l.a, a).type, MSG_SA_HELD_END);
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	assert_null(gw_commit(&l.a, lab_conf(1, 2, "")));
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	/* a picd that has just begun says so when it has its tunnels */
	struct gw fresh;
	gw_init(&fresh, "sp-1/2/0");
	gw_kmd(&fresh);
	assert_int_equal(gw_kmd_hear(&fresh, a).type, 0);
	assert_null(gw_commit(&fresh, lab_conf(1, 2, "")));
	assert_int_equal(gw_kmd_hear(&fresh, a).type, MSG_SA_HELD_END);
	gw_done(&fresh);
	lab_done(&l);
	arena_free(a);
}

static void
a_commit_keeps_what_still_fits(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	const struct sa *out = dynamic_out(lab_tunnel(&l.a))->sa;
	assert_null(gw_commit(&l.a, lab_conf(1, 2, "")));
	assert_ptr_equal(dynamic_out(lab_tunnel(&l.a))->sa, out);
	assert_true(lab_passes(&l));
	/* a size: the SA goes on with it */
	assert_null(gw_commit(&l.a, lab_conf(1, 2, "          tunnel-mtu 600\n")));
	assert_ptr_equal(dynamic_out(lab_tunnel(&l.a))->sa, out);
	assert_int_equal(sa_limit(out), 600);
	assert_true(lab_passes(&l));
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 1000, 0x4000, 9);
	assert_int_equal(write(l.in_a, p, n), (ssize_t)n);
	gw_turns(&l.a);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_TOO_BIG), 1);
	/* the gateway becomes the backup one: the SA leads there still */
	assert_null(gw_commit(&l.a, lab_conf(1, 3, "          backup-remote-gateway 192.0.2.2\n")));
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 0); /* but the nets have changed with it */
	lab_done(&l);
}

/* The lab's second configuration, but with WORD in the place of the remote gateway of the dynamic term. */
static const char *
conf_gateway(const char *word)
{
	static char text[4096];
	const char *whole = lab_conf(1, 2, "");
	const char *at = strstr(whole, "remote-gateway ");
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, word, strchr(at, '\n'));
	return text;
}

static void
a_commit_drops_what_leads_elsewhere(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	assert_null(gw_commit(&l.a,
	    conf_gateway("backup-remote-gateway 192.0.2.2\n          remote-gateway 192.0.2.3")));
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 2);
	assert_true(lab_passes(&l));
	assert_null(gw_commit(&l.a, conf_gateway("remote-gateway 192.0.2.3")));
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 0);
	assert_false(lab_passes(&l));
	/* a term that becomes manual has no dynamic SA left; one that is gone neither */
	assert_null(gw_commit(&l.a, lab_conf(1, 2, "")));
	lab_pair_add(&l, "1001", "2001", lab_plain);
	assert_null(gw_commit(&l.a, lab_conf(1, 5, "")));
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 0);
	lab_done(&l);
}

static void
a_manual_spi_ends_the_dynamic_sa_that_has_it(void **state)
{
	(void)state;
	struct lab l;
	struct arena *a = arena_new();
	lab_init(&l, "esp");
	lab_pair_add(&l, "1000", "2000", lab_plain);
	lab_pair_add(&l, "1001", "2001", lab_plain);
	char text[4096];
	const char *whole = lab_conf(1, 2, "");
	const char *at = strstr(whole, "spi 256");
	snprintf(text, sizeof(text), "%.*sspi 1001%s", (int)(at - whole), whole, at + 7);
	assert_null(gw_commit(&l.a, text));
	/* nothing can come in on it any more, so kmd must make another */
	assert_int_equal(lab_tunnel(&l.a)->n_sas, 3);
	struct ipc_msg m = gw_kmd_hear(&l.a, a);
	assert_int_equal(m.type, MSG_SA_SPENT);
	assert_string_equal(elem_value(m.body, "tunnel"), "ss/r/d");
	assert_string_equal(elem_value(m.body, "spi"), "1001");
	assert_string_equal(elem_value(m.body, "degree"), "hard");
	assert_int_equal(gw_kmd_hear(&l.a, a).type, 0);
	gw_turns(&l.a);
	assert_int_equal(l.a.p.n_gone, 0);
	lab_done(&l);
	arena_free(a);
}

static void
what_waits_for_kmd_is_bounded(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[200];
	lab_init(&l, "esp");
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 100, 0, 9);
	/* kmd reads nothing for a day */
	for (unsigned i = 0; i < 24 * 3600; i++) {
		test_now_ms += 1000;
		assert_int_equal(write(l.in_a, p, n), (ssize_t)n);
		worker_turn(l.a.p.workers[0], 0);
		kmd_notified(&l.a.p);
	}
	assert_true(ipc_queued(l.a.p.kmd) < 300 * 1024);
	gw_kmd_hush(&l.a);
	lab_must_add(&l.a, false, "1000", false, lab_plain);
	lab_done(&l);
}

static void
keys_are_wiped_whatever_becomes_of_the_message(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{ "spi", "256", NULL },
		{ "spi", "0x100", NULL },
		{ "tunnel", "nobody", NULL },
		{ "authentication", "md5", NULL },
		{ "authentication-key", "0001", NULL },
		{ "soft", "1", NULL },
	};
	struct lab l;
	lab_init(&l, "esp");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *leaves[GW_LEAVES_MAX];
		struct arena *a = arena_new();
		struct elem *e = elem_new(a, "sa");
		gw_sa_leaves(leaves, false, "1000", false, rows[i]);
		for (size_t k = 0; leaves[k] != NULL; k += 2)
			elem_leaf(a, e, leaves[k], leaves[k + 1]);
		struct ipc_msg m = { .type = MSG_SA_ADD, .body = e, .fd = -1 };
		control_kmd(&l.a.p, &m);
		assert_string_equal(elem_value(e, "authentication-key"), "");
		assert_string_equal(elem_value(e, "encryption-key"), "");
		arena_free(a);
	}
	gw_kmd_hush(&l.a);
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_without_sa_makes_kmd_hear_of_it_once_a_second),
		cmocka_unit_test(a_rekey_loses_no_packet),
		cmocka_unit_test(what_ends_takes_no_more_packets),
		cmocka_unit_test(wrong_sas_are_refused),
		cmocka_unit_test(every_protocol_passes),
		cmocka_unit_test(esp_in_udp_passes_and_a_nat_may_move),
		cmocka_unit_test(spis_of_nobody_are_told_ten_times_a_second),
		cmocka_unit_test(what_a_neighbour_may_have_negotiated_is_not_counted),
		cmocka_unit_test(policy_and_window_are_checked),
		cmocka_unit_test(lifetimes_end_without_kmd),
		cmocka_unit_test(the_end_of_the_numbers_is_told_and_is_the_end),
		cmocka_unit_test(the_end_of_the_numbers_is_told_to_the_next_kmd),
		cmocka_unit_test(silence_is_told_to_who_wants_to_hear_it),
		cmocka_unit_test(a_new_kmd_hears_what_is_held),
		cmocka_unit_test(a_commit_keeps_what_still_fits),
		cmocka_unit_test(a_commit_drops_what_leads_elsewhere),
		cmocka_unit_test(a_manual_spi_ends_the_dynamic_sa_that_has_it),
		cmocka_unit_test(what_waits_for_kmd_is_bounded),
		cmocka_unit_test(keys_are_wiped_whatever_becomes_of_the_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
